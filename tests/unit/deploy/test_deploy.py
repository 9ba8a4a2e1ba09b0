"""The files in ``deploy/`` say what the program, nginx and systemd understand."""

import contextlib
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import tomllib
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.store.database import engine_url
from services.use.configuration import read_configuration
from tests.conftest import ROOT
from tests.servers.nginx import check, write_configuration

DEPLOY = ROOT / "deploy"
OFFICIAL = {"postgres", "nginx"}
OF_POSTGRES = {"POSTGRES_USER", "POSTGRES_DB", "POSTGRES_PASSWORD_FILE", "POSTGRES_INITDB_ARGS"}
"""What the official image of PostgreSQL documents."""
NAMES = re.compile(r"\bSIMKEEPER_[A-Z_]*[A-Z]\b")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return dict(yaml.safe_load((DEPLOY / "compose.yaml").read_text()))


def names_the_program_reads() -> set[str]:
    """Every name of the environment that stands in the program's own files."""
    files = [ROOT / "app.py", *(ROOT / "services").rglob("*.py"), *(ROOT / "ui").rglob("*.py")]
    return {name for file in files for name in NAMES.findall(file.read_text("utf-8"))}


def test_nginx_understands_its_configuration(tmp_path: Path) -> None:
    write_configuration(tmp_path, ["127.0.0.1:8501", "127.0.0.1:8502"])
    checked = check(tmp_path)
    assert checked.returncode == 0, checked.stderr
    assert "warn" not in checked.stderr


def test_every_service_of_compose_is_built_here_or_official(compose: dict[str, Any]) -> None:
    assert {"postgres", "dashboard1", "dashboard2", "worker", "nginx"} == set(compose["services"])
    built = {service["image"]: service["build"] for service in compose["services"].values() if "build" in service}
    assert len(built) == sum("build" in service for service in compose["services"].values()), (
        "two builds of one name get in each other's way"
    )
    for name, service in compose["services"].items():
        if service["image"] in built:
            build = built[service["image"]]
            assert (DEPLOY / build["context"] / build["dockerfile"]).is_file(), name
        else:
            assert service["image"].partition(":")[0] in OFFICIAL, "an image comes from nowhere else"


def test_compose_sets_only_what_is_read(compose: dict[str, Any]) -> None:
    known = names_the_program_reads()
    for name, service in compose["services"].items():
        for variable in service.get("environment", {}):
            assert variable in (OF_POSTGRES if name == "postgres" else known), f"{name} sets {variable}"


def test_the_worker_of_compose_is_a_program(compose: dict[str, Any]) -> None:
    python, dash_m, module = compose["services"]["worker"]["command"]
    assert (python, dash_m) == ("python", "-m")
    assert (ROOT / module.replace(".", "/")).with_suffix(".py").is_file()
    assert read_configuration({**compose["services"]["dashboard1"]["environment"], "SIMKEEPER_DATA_DIR": "/data"}).worker is False


def test_no_secret_stands_in_compose_itself(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        for variable, value in service.get("environment", {}).items():
            assert not re.search("PASSWORD$|KEYS?$|SECRET$", variable), variable
            assert isinstance(value, str), "true and off are words in an environment, not truth values"
    declared = set(compose["secrets"])
    for service in compose["services"].values():
        asked = {each if isinstance(each, str) else each["source"] for each in service.get("secrets", [])}
        assert asked <= declared
    assert {each["file"].rsplit("/", 1)[0] for each in compose["secrets"].values()} == {"./secrets"}
    assert "/deploy/secrets/" in (ROOT / ".gitignore").read_text().splitlines()


def test_every_volume_that_is_used_is_declared(compose: dict[str, Any]) -> None:
    used = {volume.partition(":")[0] for service in compose["services"].values() for volume in service.get("volumes", [])}
    assert {name for name in used if not name.startswith(".")} == set(compose["volumes"])
    dashboards = [compose["services"][name]["volumes"][0] for name in ("dashboard1", "dashboard2", "worker")]
    assert len(set(dashboards)) == 1, "who deletes everything deletes the kept backups and the key too, wherever the click came in"


def test_nginx_names_the_dashboards_of_compose(compose: dict[str, Any]) -> None:
    servers = re.findall(r"server (\w+):(\d+) ", (DEPLOY / "nginx.conf").read_text())
    assert {name for name, _port in servers} == {name for name in compose["services"] if name.startswith("dashboard")}
    image = (DEPLOY / "Dockerfile").read_text()
    assert all(f"--server.port={port}" in image for _name, port in servers)
    mounted = [volume.split(":")[1] for volume in compose["services"]["nginx"]["volumes"]]
    assert any("/etc/simkeeper/tls/fullchain.pem".startswith(place) for place in mounted)


def test_nginx_knows_where_the_dashboards_are_while_they_are_not_there(compose: dict[str, Any]) -> None:
    services = compose["services"]
    there = {f"{name}:{services[name]['networks']['default']['ipv4_address']}" for name in ("dashboard1", "dashboard2")}
    assert there == set(services["nginx"]["extra_hosts"])


def test_the_image_holds_all_the_program_imports_and_nothing_of_the_tests() -> None:
    image = (DEPLOY / "Dockerfile").read_text()
    copied = set(re.findall(r"^COPY (?:--\S+ )?(.+) \S+$", image, re.MULTILINE))
    names = {name for line in copied for name in line.split()}
    assert {"app.py", "pages", "services", "ui", "locale", "requirements.lock", ".streamlit/config.toml"} <= names
    assert all((ROOT / name).exists() for name in names)
    assert not names & {"tests", "bench", "."}
    assert "--require-hashes" in image
    assert re.search(r"^USER simkeeper$", image, re.MULTILINE)
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
    assert ignored[0] == "*"
    assert {f"!{name}" for name in names} <= set(ignored)


@pytest.mark.parametrize(
    ("status", "body", "healthy"),
    [(200, b"ok", True), (403, b"what is still to be set", True), (200, b"<!doctype html>", False), (503, b"degraded", False)],
)
def test_a_dashboard_that_says_what_is_to_be_set_is_healthy(status: int, body: bytes, healthy: bool) -> None:
    """Otherwise nginx would never start, and nobody would see that page."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    check = re.search(r"^HEALTHCHECK .* CMD (\[.*\])$", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)
    assert check is not None
    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        command = [part.replace("8501", str(server.server_port)) for part in json.loads(check[1])]
        ran = subprocess.run([sys.executable, *command[1:]], capture_output=True, check=False)
        server.shutdown()
    assert (ran.returncode == 0) is healthy, ran.stderr


def test_without_openssl_no_secrets_are_made(tmp_path: Path) -> None:
    script = shutil.copy(DEPLOY / "make_secrets.sh", tmp_path)
    bare = tmp_path / "bin"
    bare.mkdir()
    for tool in ("sh", "dirname", "mkdir", "cat", "tr", "chmod"):
        (bare / tool).symlink_to(str(shutil.which(tool)))
    ran = subprocess.run([str(bare / "sh"), script], env={"PATH": str(bare)}, capture_output=True, check=False)
    assert ran.returncode != 0
    assert not (tmp_path / "secrets").exists()


def test_a_worker_that_is_asked_to_end_ends_well(tmp_path: Path) -> None:
    """To the first process of a container the signal means nothing unless it is heeded: it would be killed ten seconds later."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SIMKEEPER_")}
    environment |= {"SIMKEEPER_DATA_DIR": str(tmp_path), "SIMKEEPER_SECRETS_FILE": str(tmp_path / "none"), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen([sys.executable, "-m", "services.use.worker"], cwd=ROOT, env=environment) as worker:
        try:
            until = time.monotonic() + 60
            while not beaten(tmp_path / "simkeeper.db"):
                assert worker.poll() is None
                assert time.monotonic() < until
                time.sleep(0.1)
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(20) == 0
        finally:
            worker.kill()


def beaten(database: Path) -> bool:
    """Whether a run has ended well."""
    with contextlib.suppress(sqlite3.OperationalError), contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as raw:
        return raw.execute("SELECT count(*) FROM worker_leases WHERE beat_at IS NOT NULL").fetchone()[0] > 0
    return False


def test_the_secrets_that_are_made_are_read_by_the_program(tmp_path: Path) -> None:
    script = tmp_path / "deploy" / "make_secrets.sh"
    script.parent.mkdir()
    shutil.copy(DEPLOY / "make_secrets.sh", script)
    subprocess.run(["sh", script], check=True, capture_output=True)
    made = tmp_path / "deploy" / "secrets"
    before = {file.name: file.read_bytes() for file in made.iterdir()}
    said = tomllib.loads((made / "secrets.toml").read_text())
    assert len(said["auth"]["cookie_secret"]) >= 32
    configuration = read_configuration({}, made / "secrets.toml")
    url = engine_url(configuration.database_url)
    assert (url.drivername, url.host, url.database) == ("postgresql+psycopg", "postgres", "simkeeper")
    assert url.password == (made / "postgres_password").read_text()
    assert made.stat().st_mode & 0o077 == 0
    assert {name.rpartition(".")[2] for name in configuration.sign_in.missing} == {"client_id", "client_secret", "server_metadata_url"}
    filled = re.sub(
        '^(client_id|client_secret|server_metadata_url) = ""$', r'\1 = "x"', (made / "secrets.toml").read_text(), flags=re.MULTILINE
    )
    (tmp_path / "filled.toml").write_text(filled)
    sign_in = read_configuration({}, tmp_path / "filled.toml").sign_in
    assert sign_in.ready, "the three empty lines are all that is left to say"
    assert sign_in.auth["redirect_uri"] == "https://cards.example.org/oauth2callback"
    subprocess.run(["sh", script], check=True, capture_output=True)
    assert {file.name: file.read_bytes() for file in made.iterdir()} == before, "a second time changes nothing"


@pytest.mark.parametrize("unit", sorted(DEPLOY.glob("*.service")), ids=lambda path: path.name)
def test_systemd_understands_the_units(unit: Path, tmp_path: Path) -> None:
    said = unit.read_text()
    for variable in re.findall(r"^Environment=(\w+)=", said, re.MULTILINE):
        assert variable in names_the_program_reads()
    (command,) = re.findall(r"^ExecStart=(\S+) ", said, re.MULTILINE)
    assert command.startswith("/opt/simkeeper/.venv/bin/")
    program = ROOT / ".venv" / "bin" / Path(command).name
    assert program.exists()
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        return
    copy = tmp_path / unit.name.replace("@.", "@8501.")
    copy.write_text(said.replace(command, "/bin/true").replace("User=simkeeper\n", "").replace("/opt/simkeeper", "/"))
    checked = subprocess.run([analyze, "verify", copy], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    assert unit.name.partition(".")[0].rstrip("@") not in checked.stderr, checked.stderr


def test_the_pages_about_it_name_files_that_are_there() -> None:
    for page in ("deploy.md", "deploy.zh-CN.md"):
        for name in re.findall(r"deploy/[\w@.-]+", (ROOT / "docs" / page).read_text("utf-8")):
            if name not in ("deploy/secrets", "deploy/tls"):
                assert (ROOT / name).exists(), f"{page} names {name}"
