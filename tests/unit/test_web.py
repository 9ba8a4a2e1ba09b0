"""What the web server lets in."""

import asyncio
from typing import Any

import pytest

from ui.web import SecurityHeaders, ThisMachineOnly


async def inside(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"inside"})


def ask(app: Any, kind: str, server: tuple[str, int] | None) -> list[dict[str, Any]]:
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    async def receive() -> dict[str, Any]:
        return {"type": "http.request"}

    asyncio.run(app({"type": kind, "server": server, "headers": [], "method": "GET", "path": "/"}, receive, send))
    return sent


@pytest.mark.parametrize("server", [("127.0.0.1", 8501), ("::1", 8501), ("localhost", 8501), None])
def test_this_machine_is_let_in(server: tuple[str, int] | None) -> None:
    assert ask(ThisMachineOnly(inside), "http", server)[1]["body"] == b"inside"


@pytest.mark.parametrize("server", [("192.0.2.7", 8501), ("2001:db8::7", 80), ("dashboard.example", 443)])
def test_an_address_that_others_reach_is_refused_and_says_what_to_do(server: tuple[str, int]) -> None:
    start, body = ask(ThisMachineOnly(inside), "http", server)
    assert start["status"] == 403
    assert b"127.0.0.1" in body["body"]
    assert "请在".encode() in body["body"]
    assert ask(ThisMachineOnly(inside), "websocket", server) == [{"type": "websocket.close", "code": 1008}]


def test_headers_are_added_and_none_is_lost() -> None:
    names = {name for name, _ in ask(SecurityHeaders(inside), "http", None)[0]["headers"]}
    assert {b"content-security-policy", b"x-content-type-options", b"referrer-policy"} <= names
