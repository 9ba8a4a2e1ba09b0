"""An nginx of the tests' own, with the configuration that people use: only addresses and the places of files are put in."""

import os
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme

SHIPPED = Path(__file__).parents[2] / "deploy" / "nginx.conf"
MISSING = "nginx is not installed, and no test is left out for that: run `sh tests/servers/set_up.sh`, which says what is needed"
AROUND = """
daemon off;
{user}
pid {place}/pid;
error_log {place}/error.log warn;
events {{}}
http {{
    log_format route '$cookie_simkeeper_route $upstream_addr $status $request_uri';
    access_log {place}/access.log route;
    client_body_temp_path {place}/body;
    proxy_temp_path {place}/proxy;
    fastcgi_temp_path {place}/fastcgi;
    uwsgi_temp_path {place}/uwsgi;
    scgi_temp_path {place}/scgi;
    include {place}/site.conf;
}}
"""


@dataclass(frozen=True)
class Proxy:
    """``url`` is answered with a certificate that ``trust`` trusts; ``plain``: the address without one."""

    url: str
    plain: str
    trust: ssl.SSLContext
    place: Path

    def routes(self) -> list[list[str]]:
        """What was asked so far and is answered: cookie, dashboard, status, path."""
        return [line.split(" ", 3) for line in (self.place / "access.log").read_text().splitlines()]


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def program() -> str:
    found = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    return found or pytest.fail(MISSING)


def write_configuration(place: Path, dashboards: Sequence[str]) -> tuple[int, int, trustme.CA]:
    """The shipped file with other addresses in it, and what stands around it. Returns the ports without and with TLS, and whom to trust."""
    plain, secure = free_port(), free_port()
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1", "localhost")
    (place / "cert.pem").write_bytes(b"".join(part.bytes() for part in certificate.cert_chain_pems))
    certificate.private_key_pem.write_to_path(place / "key.pem")
    site = SHIPPED.read_text()
    for shipped, own in (
        ("listen 80;", f"listen 127.0.0.1:{plain};"),
        ("listen 443 ssl;", f"listen 127.0.0.1:{secure} ssl;"),
        ("/etc/simkeeper/tls/fullchain.pem", f"{place}/cert.pem"),
        ("/etc/simkeeper/tls/privkey.pem", f"{place}/key.pem"),
        ("dashboard1:8501", dashboards[0]),
        ("dashboard2:8501", dashboards[1]),
    ):
        assert site.count(shipped) == 1, f"{SHIPPED} says {shipped} once"
        site = site.replace(shipped, own)
    (place / "site.conf").write_text(site)
    (place / "nginx.conf").write_text(AROUND.format(place=place, user="user root;" if os.geteuid() == 0 else ""))
    return plain, secure, authority


def check(place: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([program(), "-t", "-c", place / "nginx.conf"], capture_output=True, text=True, check=False)


@contextmanager
def nginx(place: Path, dashboards: Sequence[str]) -> Iterator[Proxy]:
    """nginx before two ``dashboards`` ("127.0.0.1:1234")."""
    plain, secure, authority = write_configuration(place, dashboards)
    checked = check(place)
    assert checked.returncode == 0, checked.stderr
    process = subprocess.Popen([program(), "-c", place / "nginx.conf"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    try:
        end = time.monotonic() + 60
        while True:
            assert process.poll() is None, (place / "error.log").read_text()
            assert time.monotonic() < end
            try:
                socket.create_connection(("127.0.0.1", secure)).close()
                break
            except OSError:
                time.sleep(0.05)
        yield Proxy(f"https://127.0.0.1:{secure}", f"http://127.0.0.1:{plain}", trust, place)
    finally:
        process.terminate()
        process.wait(60)
