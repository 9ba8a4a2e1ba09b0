"""Scripts and styles go out small, everything else as it is."""

import asyncio
import gzip
from typing import Any

import pytest

from ui.compressed import CompressedStatics

SCRIPT = b"const card = 'unknown is a value';\n" * 200


class File:
    """A server of one file, in pieces, that counts how often it was asked."""

    def __init__(self, body: bytes = SCRIPT, kind: str = "application/javascript", status: int = 200, **extra: str) -> None:
        self.body, self.kind, self.status, self.extra, self.asked = body, kind, status, extra, 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.asked += 1
        headers = {"content-type": self.kind, "content-length": str(len(self.body)), "etag": '"v1"', "accept-ranges": "bytes", **self.extra}
        raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": self.status, "headers": raw})
        await send({"type": "http.response.body", "body": self.body[:100], "more_body": True})
        await send({"type": "http.response.body", "body": self.body[100:], "more_body": False})


def ask(app: Any, path: str = "/static/js/index.x.js", method: str = "GET", **headers: str) -> tuple[dict[str, str], bytes]:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request"}

    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    asyncio.run(app({"type": "http", "method": method, "path": path, "headers": raw}, receive, send))
    got = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return got, b"".join(message.get("body", b"") for message in sent[1:])


def test_a_script_goes_out_small_and_whole() -> None:
    app = CompressedStatics(File())
    for _again in range(2):
        headers, body = ask(app, accept_encoding="gzip, deflate, br")
        assert headers["content-encoding"] == "gzip"
        assert int(headers["content-length"]) == len(body) < len(SCRIPT) // 5
        assert headers["vary"] == "accept-encoding"
        assert headers["etag"] == 'W/"v1"'
        assert gzip.decompress(body) == SCRIPT


def test_a_new_version_under_the_same_name_is_the_new_version() -> None:
    file = File()
    app = CompressedStatics(file)
    ask(app, accept_encoding="gzip")
    file.body, file.extra = SCRIPT + b"// newer", {"etag": '"v2"'}
    assert gzip.decompress(ask(app, accept_encoding="gzip")[1]) == file.body


@pytest.mark.parametrize(
    ("file", "asked"),
    [
        (File(), {}),
        (File(), {"accept_encoding": "br"}),
        (File(), {"accept_encoding": "gzip", "range": "bytes=0-99"}),
        (File(), {"accept_encoding": "gzip", "path": "/_stcore/host-config"}),
        (File(), {"accept_encoding": "gzip", "method": "HEAD"}),
        (File(kind="font/woff2"), {"accept_encoding": "gzip"}),
        (File(status=304), {"accept_encoding": "gzip"}),
        (File(b"short" * 30), {"accept_encoding": "gzip"}),
        (File(content_encoding="br"), {"accept_encoding": "gzip"}),
    ],
)
def test_all_else_passes_untouched(file: File, asked: dict[str, str]) -> None:
    headers, body = ask(CompressedStatics(file), **asked)
    assert headers.get("content-encoding") == file.extra.get("content_encoding")
    assert body == file.body
    assert headers["etag"] == '"v1"'


def test_a_websocket_passes_untouched() -> None:
    seen: list[str] = []

    async def inside(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["type"])

    asyncio.run(CompressedStatics(inside)({"type": "websocket", "path": "/static/x", "headers": []}, None, None))  # type: ignore[arg-type]
    assert seen == ["websocket"]
