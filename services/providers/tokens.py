"""Access tokens: one per account, shared by all threads and tasks, fetched once however many ask for it at once."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from services.providers.single_flight import SingleFlight

EARLY_S = 60.0
"""A token is renewed this long before its end, so that it does not die on the way."""


@dataclass(frozen=True, slots=True)
class Token:
    """``lives_s``: seconds from now that the provider lets it live (or that we trust it, if less)."""

    text: str = field(repr=False)
    lives_s: float


class TokenCache:
    """Tokens by account. ``clock`` counts seconds and never goes back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: dict[str, tuple[str, float]] = {}
        self._flights: SingleFlight[str] = SingleFlight()

    async def get(self, account: str, fetch: Callable[[], Awaitable[Token]], *, refused: str | None = None) -> str:
        """The token of ``account``. ``refused``: the token that was just answered with 401; any other one is still good.

        Raises what ``fetch`` raises; everybody who waited for that fetch gets the same error.
        """
        kept = self._kept.get(account)
        if kept is not None and kept[0] != refused and self._clock() < kept[1]:
            return kept[0]

        async def renew() -> str:
            newest = self._kept.get(account)
            if newest is not None and newest[0] != refused and self._clock() < newest[1]:
                return newest[0]
            token = await fetch()
            self._kept[account] = token.text, self._clock() + max(0.0, token.lives_s - min(EARLY_S, token.lives_s / 10))
            return token.text

        return await self._flights.run(account, renew)

    def forget(self, account: str) -> None:
        """Drop the token of ``account``: it was disconnected."""
        self._kept.pop(account, None)


TOKENS = TokenCache()
