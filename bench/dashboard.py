"""Dashboards in processes of their own for measuring: start, memory, and a client that speaks Streamlit's socket."""

import asyncio
import os
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import connect

from services.model.plan import Origin, Plan
from services.store.catalogue import CatalogueStore
from services.store.database import LOCAL_ACCOUNT, Database

ROOT = Path(__file__).parent.parent
PAUSE_S = 0.15
WARMING = 2


@dataclass(frozen=True)
class Running:
    """``health_s``: from the start of the process to the first health answer."""

    url: str
    process: psutil.Process
    health_s: float

    def memory_mb(self) -> float:
        return float(self.process.memory_info().rss / 1024**2)

    def cpu_s(self) -> float:
        """Seconds of processor time spent so far."""
        spent = self.process.cpu_times()
        return float(spent.user + spent.system)


@contextmanager
def dashboard(data_dir: Path, script: str = "app.py", environment: Mapping[str, str] | None = None) -> Iterator[Running]:
    """``streamlit run`` of ``script`` on a free port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", script, "--server.port", str(port)],
        cwd=ROOT,
        env={**os.environ, "SIMKEEPER_DATA_DIR": str(data_dir), **(environment or {})},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        while True:
            assert process.poll() is None, f"{script} did not start"
            try:
                if urllib.request.urlopen(f"{url}/_stcore/health", timeout=1).read() == b"ok":
                    break
            except OSError:
                time.sleep(0.005)
        yield Running(url, psutil.Process(process.pid), time.perf_counter() - began)
    finally:
        process.terminate()
        process.wait(60)


@contextmanager
def with_plans(plans: Iterable[Plan]) -> Iterator[Path]:
    """A data directory whose catalogue holds ``plans``."""
    with tempfile.TemporaryDirectory() as name:
        database = Database(f"sqlite:///{Path(name) / 'simkeeper.db'}")
        database.migrate()
        CatalogueStore(database, LOCAL_ACCOUNT).replace("bench", "Bench", Origin.IMPORTED, list(plans), datetime.now(UTC))
        database.close()
        yield Path(name)


class Session:
    """One visitor's socket. ``rerun`` asks for a run of the page and waits until the server says that it is finished."""

    def __init__(self, url: str, page: str, query: str, trust: ssl.SSLContext | None = None, cookie: str = "") -> None:
        self._address = url.replace("http", "ws", 1) + "/_stcore/stream"
        self._page, self._query = page, query
        self._trust, self._cookie = trust, cookie

    async def __aenter__(self) -> "Session":
        headers = {"Cookie": self._cookie} if self._cookie else {}
        self._socket = await connect(
            self._address,
            max_size=None,
            subprotocols=["streamlit"],  # type: ignore[list-item]
            ssl=self._trust,
            additional_headers=headers,
            open_timeout=60,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._socket.close()

    async def rerun(self) -> float:
        """Seconds from the request to ``script_finished``."""
        message = BackMsg()
        message.rerun_script.query_string = self._query
        message.rerun_script.page_name = self._page
        began = time.perf_counter()
        await self._socket.send(message.SerializeToString())
        while True:
            answer = ForwardMsg()
            raw = await self._socket.recv()
            assert isinstance(raw, bytes)
            answer.ParseFromString(raw)
            if answer.WhichOneof("type") == "script_finished":
                return time.perf_counter() - began


def reruns(url: str, page: str, query: str, count: int = 40) -> list[float]:
    """Milliseconds of ``count`` reruns with a pause between, after ``WARMING`` that warm up."""

    async def measure() -> list[float]:
        async with Session(url, page, query) as session:
            for _ in range(WARMING):
                await session.rerun()
            times = []
            for _ in range(count):
                await asyncio.sleep(PAUSE_S)
                times.append(await session.rerun() * 1000)
            return times

    # Playwright's synchronous driver keeps a loop running in this thread.
    with ThreadPoolExecutor(1) as own_thread:
        return own_thread.submit(lambda: asyncio.run(measure())).result()
