"""Scripts and styles of the pages, compressed for the way. Streamlit sends them as they are and leaves compressing to a proxy; most people
here have none, and stand at a counter with a slow link.
"""

import asyncio
import gzip

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

TYPES = ("application/javascript", "text/javascript", "text/css")
LEAST_BYTES = 1000
LEVEL = 6
MOST_FILES = 400
"""More than Streamlit ships; a bound on the memory whatever comes."""


class CompressedStatics:
    """Pure ASGI. Each file is compressed once, beside the event loop, and kept: its name changes with what is in it. All other answers,
    parts of files and WebSockets pass untouched."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._kept: dict[tuple[str, str], bytes] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "GET" and "/static/" in scope["path"]:
            asked = Headers(scope=scope)
            if "gzip" in asked.get("accept-encoding", "") and "range" not in asked:
                await self.app(scope, receive, _Squeezed(scope["path"], self._kept, send))
                return
        await self.app(scope, receive, send)


class _Squeezed:
    """What the app sends for one file: held until it is whole, then sent on small."""

    def __init__(self, path: str, kept: dict[tuple[str, str], bytes], send: Send) -> None:
        self._path, self._kept, self._send = path, kept, send
        self._start: Message | None = None
        self._body = bytearray()

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _worth_it(message):
            self._start = message
        elif message["type"] == "http.response.body" and self._start is not None:
            self._body += message.get("body", b"")
            if not message.get("more_body", False):
                await self._send_small(self._start)
        else:
            await self._send(message)

    async def _send_small(self, start: Message) -> None:
        headers = MutableHeaders(raw=list(start["headers"]))
        version = (self._path, headers.get("etag", ""))
        small = self._kept.get(version)
        if small is None:
            small = await asyncio.to_thread(gzip.compress, bytes(self._body), LEVEL, mtime=0)
            if len(self._kept) < MOST_FILES and version[1]:
                self._kept[version] = small
        headers["content-encoding"] = "gzip"
        headers["content-length"] = str(len(small))
        headers.add_vary_header("accept-encoding")
        if version[1].startswith('"'):
            headers["etag"] = f"W/{version[1]}"  # the same file, in other bytes
        del headers["accept-ranges"]
        await self._send({**start, "headers": headers.raw})
        await self._send({"type": "http.response.body", "body": small})


def _worth_it(start: Message) -> bool:
    headers = Headers(raw=start["headers"])
    known = headers.get("content-type", "").split(";")[0].strip() in TYPES
    return start["status"] == 200 and known and "content-encoding" not in headers and int(headers.get("content-length", "0")) >= LEAST_BYTES
