"""Placing an order exactly once, on providers that replay, that refuse, and that know nothing of repeated orders.

The rules, for every provider alike:
- an order is sent with our reference, and sent once; only a provider that promises to replay a known reference may get it again;
- where nothing protects from doubles, the reference is looked up before the first sending;
- when it is not certain that the order did not arrive, it is looked up by its reference; if it cannot be found the outcome is
  UNKNOWN, which is a result and not an error.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from services.model.order import OrderOutcome, OrderStatus
from services.providers.errors import ProviderError, Refused
from services.providers.single_flight import SingleFlight

LOOK_AGAIN_S = (0.0, 2.0, 4.0)
"""Waits before each look for an order whose answer was lost: providers list an order a moment after taking it."""

Send = Callable[[], Awaitable[OrderOutcome]]
Find = Callable[[str], Awaitable[OrderOutcome | None]]

_orders: SingleFlight[OrderOutcome] = SingleFlight()


async def place_once(
    account: str,
    reference: str,
    send: Send,
    find: Find,
    *,
    search_first: bool,
    is_duplicate: Callable[[Refused], bool] = lambda refusal: False,
    look_again_s: Sequence[float] = LOOK_AGAIN_S,
) -> OrderOutcome:
    """Place the order ``reference`` of ``account`` once, however many tasks and threads ask for it at the same time.

    ``send`` sends it; ``find`` looks a reference up and gives None when the provider has no such order. ``is_duplicate`` knows
    the refusal that means "this reference was used before". Raises the error of a sending that certainly placed nothing, and
    the error of a look-up made before anything was sent.
    """

    async def place() -> OrderOutcome:
        if search_first:
            found = await find(reference)
            if found is not None:
                return found
        try:
            return await send()
        except ProviderError as error:
            duplicate = isinstance(error, Refused) and is_duplicate(error)
            if not (error.may_have_arrived or duplicate):
                raise
            return await _settle(reference, find, look_again_s, error)

    return await _orders.run((account, reference), place)


async def _settle(reference: str, find: Find, look_again_s: Sequence[float], error: ProviderError) -> OrderOutcome:
    for wait in look_again_s:
        await asyncio.sleep(wait)
        try:
            found = await find(reference)
        except ProviderError:
            continue
        if found is not None:
            return found
    return OrderOutcome(OrderStatus.UNKNOWN, reference, said=type(error).__name__)
