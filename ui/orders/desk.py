"""The use case of orders for this session: its account, its clock."""

from datetime import datetime

from services.model.money import Money
from services.use.auto_renew import AutoRenewDesk
from services.use.house import house
from services.use.orders import OrderDesk
from ui import clock, figures
from ui.shell import account


def order_desk() -> OrderDesk:
    """Its time zone is that of this run: an order is sent in a thread that has no session."""
    zone = clock.zone()
    return OrderDesk(house(), account(), lambda: datetime.now(zone))


def auto_desk() -> AutoRenewDesk:
    return AutoRenewDesk(house(), account(), clock.now)


def price(money: Money) -> str:
    return figures.money(int(money.amount * figures.MICRO), money.currency)
