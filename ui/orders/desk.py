"""The use case of orders for this session: its account, its clock."""

from collections.abc import Callable
from datetime import datetime

from services.model.money import Money
from services.use.auto_renew import AutoRenewDesk
from services.use.house import house
from services.use.orders import OrderDesk
from ui import clock, figures
from ui.shell import account


def order_desk() -> OrderDesk:
    return OrderDesk(house(), account(), _now())


def auto_desk() -> AutoRenewDesk:
    return AutoRenewDesk(house(), account(), _now())


def _now() -> Callable[[], datetime]:
    """In the time zone of this run: an order is sent in a thread that has no session."""
    zone = clock.zone()
    return lambda: datetime.now(zone)


def price(money: Money) -> str:
    return figures.money(int(money.amount * figures.MICRO), money.currency)
