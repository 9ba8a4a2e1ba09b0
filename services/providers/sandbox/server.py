"""An emulator on a real socket, in a thread of its own, for tests, for demonstrations and for the command line."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp


@contextmanager
def serve(app: ASGIApp, *, port: int = 0, certificate: tuple[Path, Path] | None = None) -> Iterator[str]:
    """Serve ``app`` on 127.0.0.1 while the block runs; gives the base URL. ``certificate``: (certificate, key) for TLS.

    No ``Date`` of ours is added: emulators live in a time of their own.
    """
    # Named as TCP, or asyncio leaves Nagle's algorithm on and every answer waits 40 ms for an acknowledgement.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        config = uvicorn.Config(app, log_level="critical", lifespan="off", timeout_graceful_shutdown=1, date_header=False)
        if certificate is not None:
            config.ssl_certfile, config.ssl_keyfile = str(certificate[0]), str(certificate[1])
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.005)
        try:
            yield f"{'http' if certificate is None else 'https'}://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = server.force_exit = True  # a stalled answer is not waited for
            thread.join(5)
