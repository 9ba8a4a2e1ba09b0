"""What the web server lets in."""

import ast
import asyncio
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit import config
from streamlit.testing.v1 import AppTest

from services.model.person import Role
from services.rules.people import Allowed
from services.use.configuration import ConfigurationError, SignIn
from tests.conftest import ROOT
from ui import web
from ui.web import Doorkeeper, SecurityHeaders

LOCAL = SignIn()
AUTH = {
    "redirect_uri": "https://cards.example/oauth2callback",
    "cookie_secret": "x" * 32,
    "client_id": "simkeeper",
    "client_secret": "canary",
    "server_metadata_url": "https://id.example/.well-known/openid-configuration",
}
READY = SignIn("https://cards.example", AUTH, Allowed.of(["example.org"]))
ROUTES = ["/", "/cards", "/card?id=1", "/healthz", "/_stcore/health", "/media/x.csv", "/static/x.js", "/auth/login", "/feed/secret.ics"]


async def inside(scope: Any, receive: Any, send: Any) -> None:
    cookie = (b"set-cookie", b"_streamlit_user=x; HttpOnly; Path=/; SameSite=lax")
    await send({"type": "http.response.start", "status": 200, "headers": [cookie]})
    await send({"type": "http.response.body", "body": b"inside"})


def ask(
    app: Any, kind: str = "http", server: tuple[str, int] | None = ("127.0.0.1", 8501), path: str = "/", **headers: str
) -> list[dict[str, Any]]:
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    async def receive() -> dict[str, Any]:
        return {"type": "http.request"}

    path, _, query = path.partition("?")
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": kind, "server": server, "headers": raw, "method": "GET", "path": path, "query_string": query.encode()}
    asyncio.run(app(scope, receive, send))
    return sent


def let_in(sent: list[dict[str, Any]]) -> bool:
    return sent[-1].get("body") == b"inside"


@pytest.fixture
def bound_to_everything() -> Any:
    before = st.get_option("server.address")
    config.set_option("server.address", "0.0.0.0")
    yield
    config.set_option("server.address", before)


@pytest.fixture(autouse=True)
def bound_to_loopback() -> None:
    config.set_option("server.address", "127.0.0.1")


@pytest.mark.parametrize("server", [("127.0.0.1", 8501), ("::1", 8501), ("localhost", 8501), None])
def test_this_machine_is_let_in(server: tuple[str, int] | None) -> None:
    assert let_in(ask(Doorkeeper(inside, LOCAL), server=server, host="127.0.0.1:8501"))


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "localhost:8501", "origin": "http://localhost:8501"},
        {"host": "[::1]:8501"},
        {"host": "127.0.0.1", "x_forwarded_for": "127.0.0.1", "x_real_ip": "::1"},
        {"host": "127.0.0.1", "x_forwarded_for": "127.0.0.1:4711, [::1]:80"},
        {"host": "127.0.0.1", "origin": "null"},
    ],
)
def test_names_and_proxies_of_this_machine_are_let_in(headers: dict[str, str]) -> None:
    assert let_in(ask(Doorkeeper(inside, LOCAL), **headers))


@pytest.mark.parametrize("server", [("192.0.2.7", 8501), ("2001:db8::7", 80), ("dashboard.example", 443), ("/run/simkeeper.sock", None)])
@pytest.mark.parametrize("path", ROUTES)
def test_an_address_that_others_reach_is_refused_and_says_what_to_do(server: tuple[str, int], path: str) -> None:
    start, body = ask(Doorkeeper(inside, LOCAL), server=server, path=path)
    assert start["status"] == 403
    for name in ("auth.client_id", "auth.client_secret", "auth.server_metadata_url", "auth.cookie_secret", "simkeeper.people.allow"):
        assert name.encode() in body["body"], name
    assert b"127.0.0.1" in body["body"]
    assert ask(Doorkeeper(inside, LOCAL), "websocket", server, path) == [{"type": "websocket.close", "code": 1008}]


@pytest.mark.usefixtures("bound_to_everything")
@pytest.mark.parametrize("path", ROUTES)
def test_bound_to_every_address_even_this_machine_sees_only_what_to_set(path: str) -> None:
    assert not let_in(ask(Doorkeeper(inside, LOCAL), path=path, host="127.0.0.1"))
    assert let_in(ask(Doorkeeper(inside, READY), path=path, host="cards.example"))


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "cards.example"},  # a proxy that keeps the name, or a page elsewhere whose name was made to point here
        {"host": "127.0.0.1.cards.example"},
        {"host": "127.0.0.1:8501", "origin": "https://cards.example"},
        {"host": "127.0.0.1:8501", "x_forwarded_for": "192.0.2.9"},
        {"host": "127.0.0.1:8501", "x_forwarded_for": "127.0.0.1, 192.0.2.9"},
        {"host": "127.0.0.1:8501", "x_forwarded_for": "unknown"},
        {"host": "127.0.0.1:8501", "x_forwarded_host": "cards.example"},
        {"host": "127.0.0.1:8501", "x_real_ip": "192.0.2.9"},
        {"host": "127.0.0.1:8501", "forwarded": "for=192.0.2.9"},
        {"host": "[::1"},
        {"host": ""},
    ],
)
@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_behind_a_proxy_or_under_a_foreign_name_nobody_is_local(headers: dict[str, str], kind: str) -> None:
    assert not let_in(ask(Doorkeeper(inside, LOCAL), kind, **headers))
    assert let_in(ask(Doorkeeper(inside, READY), kind, **headers))


@pytest.mark.parametrize(
    "half",
    [
        SignIn("https://cards.example"),
        SignIn(allowed=Allowed.of(["example.org"])),
        SignIn("https://cards.example", AUTH),
        SignIn("https://cards.example", {**AUTH, "cookie_secret": "short"}, Allowed.of(["example.org"])),
        SignIn("https://cards.example", {**AUTH, "client_id": ""}, Allowed.of(["example.org"])),
        SignIn(None, {"google": AUTH}, Allowed.of(["example.org"])),
        SignIn(None, AUTH, households={"home": {}}),
        ConfigurationError("people.allow", "not_addresses"),
    ],
)
def test_a_sign_in_that_is_half_set_up_lets_nobody_in(half: SignIn | ConfigurationError) -> None:
    start, body = ask(Doorkeeper(inside, half), host="127.0.0.1")
    assert start["status"] == 403
    assert b"canary" not in body["body"]


def test_accounts_at_an_identity_provider_alone_do_not_close_this_machine() -> None:
    assert let_in(ask(Doorkeeper(inside, SignIn(auth=AUTH)), host="127.0.0.1"))
    assert not let_in(ask(Doorkeeper(inside, SignIn(auth=AUTH)), host="cards.example"))


@pytest.mark.parametrize("sign_in", [READY, SignIn(None, {**AUTH}, households={"home": {"ann@example.org": Role.OWNER}})])
def test_a_sign_in_that_is_set_up_lets_everybody_to_the_pages(sign_in: SignIn) -> None:
    assert let_in(ask(Doorkeeper(inside, sign_in), server=("192.0.2.7", 80), host="cards.example"))


def test_how_many_sessions_there_are_is_for_this_machine_alone() -> None:
    assert let_in(ask(Doorkeeper(inside, READY), path="/_stcore/metrics", host="127.0.0.1"))
    assert not let_in(ask(Doorkeeper(inside, READY), path="/_stcore/metrics", host="127.0.0.1", x_forwarded_for="192.0.2.9"))


def test_the_page_speaks_the_language_of_the_browser_or_of_the_address() -> None:
    def page(path: str, spoken: str) -> str:
        return str(ask(Doorkeeper(inside, LOCAL), path=path, host="cards.example", accept_language=spoken)[1]["body"].decode())

    assert 'lang="zh-CN"' in page("/", "zh-CN,zh;q=0.9")
    assert "随机字符" in page("/", "zh-CN,zh;q=0.9")
    assert "random characters" in page("/", "fr-FR")
    assert "random characters" in page("/?lang=en", "zh-CN")
    assert "<script" not in page("/?lang=<script>", "en")


def test_cookies_are_secure_where_people_come_by_https() -> None:
    cookies = dict(ask(Doorkeeper(inside, READY), host="cards.example")[0]["headers"])[b"set-cookie"]
    assert cookies.endswith(b"; Secure")
    plain = SignIn("http://cards.example", AUTH, Allowed.of(["example.org"]))
    assert b"Secure" not in dict(ask(Doorkeeper(inside, plain), host="cards.example")[0]["headers"])[b"set-cookie"]


def test_headers_are_added_and_none_is_lost() -> None:
    names = {name for name, _ in ask(SecurityHeaders(inside))[0]["headers"]}
    assert {b"content-security-policy", b"x-content-type-options", b"referrer-policy", b"set-cookie"} <= names


def test_what_a_page_imports_is_there_before_any_page_runs() -> None:
    """Of two threads that import parts of one package at once, one may be given a part that is half made."""
    told = subprocess.run(
        [sys.executable, "-c", "import sys; from ui.web import _import_all; _import_all(); print('\\n'.join(sys.modules))"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    there = set(told.stdout.split())
    wanted: set[str] = set()
    for file in [*ROOT.glob("pages/*.py"), *ROOT.glob("ui/**/*.py")]:
        for node in ast.parse(file.read_text("utf-8")).body:
            if isinstance(node, ast.ImportFrom):
                wanted.add(str(node.module))
            elif isinstance(node, ast.Import):
                wanted |= {name.name for name in node.names}
    assert len(wanted) > 100
    assert wanted - there == set()


def test_no_page_runs_while_modules_are_imported(own_house: Path) -> None:
    with web.IMPORTS:
        waiting = threading.Thread(target=lambda: AppTest.from_file(str(ROOT / "ui/main.py"), default_timeout=60).run(), daemon=True)
        waiting.start()
        waiting.join(1)
        assert waiting.is_alive()
    waiting.join(60)
    assert not waiting.is_alive()
