"""One provider and its emulator, joined inside the process, in a time of their own."""

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from services.providers.base import Provider
from services.providers.http import Endpoint
from services.providers.rate_limits import RateLimits
from services.providers.registry import PROVIDERS
from services.providers.sandbox.faults import Fault
from services.providers.sandbox.registry import SANDBOXES
from services.providers.tokens import TokenCache

START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
TICK = timedelta(milliseconds=150)
REFERENCE = "ren-2026-000017"


def without_limits(endpoint: Endpoint) -> Endpoint:
    """Our own limits off and nothing waited for; the emulator keeps its own, by the lab's clock."""
    return replace(endpoint, limits=(), attempts=1)


class Lab:
    """Time moves by ``TICK`` each time somebody looks at the clock, and by hand with :meth:`later`."""

    def __init__(self, provider: str, *, credentials: dict[str, str] | None = None, adjust: Any = without_limits) -> None:
        self.moment = START
        self.sandbox = SANDBOXES[provider](now=self.now)
        self.provider = self.another(provider, credentials=credentials, adjust=adjust)
        self._runner = asyncio.Runner()

    def another(self, provider: str, *, credentials: dict[str, str] | None = None, adjust: Any = without_limits) -> Provider:
        """A second connection to the same emulator."""
        made = PROVIDERS[provider](
            app=self.sandbox,
            credentials=self.sandbox.credentials if credentials is None else credentials,
            now=self.now,
            adjust=adjust,
            rate_limits=RateLimits(),
            tokens=TokenCache(),
        )
        made.look_again_s = (0.0,)
        return made

    def now(self) -> datetime:
        self.moment += TICK
        return self.moment

    def later(self, **span: float) -> None:
        self.moment += timedelta(**span)

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self._runner.run(work)

    def fault(self, kind: str, path: str = "/", times: int = -1, **more: Any) -> None:
        self.sandbox.faults.append(Fault(kind, path, times, **more))

    def asked(self, path: str) -> list[Any]:
        """The requests the emulator got for ``path`` (its end)."""
        return [asked for asked in self.sandbox.log if asked.path.endswith(path)]

    def close(self) -> None:
        self._runner.run(self.provider.aclose())
        self._runner.close()
