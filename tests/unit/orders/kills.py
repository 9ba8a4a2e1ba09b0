"""A process that buys is killed at any point; the emulator's books then say what was bought, and the intents what is known of it.

The processes are forked from one that has loaded everything, so that hundreds of them take minutes.
"""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from starlette.types import Receive, Scope, Send

from services.model.intent import IntentStatus
from services.providers.sandbox.registry import SANDBOXES
from services.providers.sandbox.server import serve
from services.use.connections import ConnectionDesk
from services.use.orders import OrderDesk
from tests.conftest import ROOT
from tests.unit.orders.till import SHOPS, Spoiler, account_in, add_card, open_shop_house

PROVIDER = "esimaccess"
BEFORE, AFTER = "as the order arrives", "as the order is done, before its answer"
BUYER = """
import os, sys
from pathlib import Path
from services.use.orders import OrderDesk, new_intent_id
from tests.unit.orders.till import CARD, cheapest, open_shop_house

print("loaded", flush=True)
for line in sys.stdin:
    folder, address = line.split()
    child = os.fork()
    if child:
        print(child, flush=True)
        print(os.waitpid(child, 0)[1], flush=True)
        continue
    desk = OrderDesk(open_shop_house(Path(folder), address, "esimaccess"), "local")
    offer, intent = desk.offer(CARD), new_intent_id()
    desk.place(offer, cheapest(offer), intent)
    desk.send_and_wait(intent)
    os._exit(0)
"""


@dataclass(frozen=True, slots=True)
class Killed:
    """What came of one purchase. ``was``: where the intent stood when the process was gone, None when none was stored; ``became``: after
    whoever was left brought it up to date. ``sold``: by the emulator's books, and ``again`` after it was looked at once more."""

    was: IntentStatus | None
    became: IntentStatus | None
    sold: int
    again: int
    died: bool

    @property
    def wrong(self) -> str:
        """Why this must not be; empty when all is well."""
        if max(self.sold, self.again) > 1:
            return f"{self.again} orders for one intent"
        if self.again != self.sold:
            return "bought by looking"
        if self.sold and self.became is not IntentStatus.CONFIRMED:
            return f"lost: bought, and kept as {self.became}"
        if not self.sold and self.became not in (None, IntentStatus.UNKNOWN, IntentStatus.REFUSED):
            return f"not bought, and kept as {self.became}"
        return ""


class Buyers:
    """One emulator at a time on one socket, and a process for each purchase from it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._shop: Spoiler | None = None
        self._when: float | str = 0.0
        self._process_of_purchase = -1
        self._has_pid = threading.Event()
        self._count = 0
        self.lasts = 0.0  # how many seconds a purchase takes that nobody ends
        self._process = subprocess.Popen(
            [sys.executable, "-c", BUYER], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )  # fmt: skip
        assert self._said() == "loaded"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert self._shop is not None
        buys = scope["type"] == "http" and scope["path"].endswith(self._shop.shop.path)
        if buys and self._when == BEFORE:
            self._kill()
        if buys and self._when == AFTER:
            self._shop.plan[:] = ["lost"]
        await self._shop(scope, receive, send)
        if buys and self._when == AFTER:
            self._kill()

    def prepare(self, address: str) -> None:
        """A house with a connection and a card, to be copied for each purchase."""
        self._address = address
        sandbox = SANDBOXES[PROVIDER]()
        self._shop = Spoiler(sandbox, SHOPS[PROVIDER])
        house = open_shop_house(self._folder / "template", address, PROVIDER)
        ConnectionDesk(house, "local").connect(PROVIDER, sandbox.credentials)
        add_card(house, PROVIDER, sandbox.cards[SHOPS[PROVIDER].card])
        house.database.flush()
        house.close()

    def buy(self, when: float | str) -> Killed:
        """One purchase by a process that is killed ``when`` seconds after it began, or at that point of the order."""
        self._count += 1
        folder = self._folder / str(self._count)
        shutil.copytree(self._folder / "template", folder)
        sandbox = SANDBOXES[PROVIDER]()
        self._shop, self._when = Spoiler(sandbox, SHOPS[PROVIDER]), when
        seeded = SHOPS[PROVIDER].sold(account_in(sandbox))
        self._has_pid.clear()
        assert self._process.stdin is not None
        self._process.stdin.write(f"{folder} {self._address}\n")
        self._process.stdin.flush()
        self._process_of_purchase = os.pidfd_open(int(self._said()))  # a number alone may soon be another process's
        self._has_pid.set()
        began = time.perf_counter()
        if isinstance(when, float):
            time.sleep(when)
            self._kill()
        died = os.WIFSIGNALED(int(self._said()))
        os.close(self._process_of_purchase)
        if not died:
            self.lasts = time.perf_counter() - began if not isinstance(when, float) else min(self.lasts, when)
        self._when = 0.0
        house = open_shop_house(folder, self._address, PROVIDER)
        left = OrderDesk(house, "local").store.all()
        counted = []
        for later in (timedelta(minutes=6), timedelta(minutes=30)):
            OrderDesk(house, "local", lambda later=later: datetime.now(UTC) + later).reconcile()  # type: ignore[misc]
            counted.append(SHOPS[PROVIDER].sold(account_in(sandbox)) - seeded)
        after = OrderDesk(house, "local").store.all()
        house.close()
        shutil.rmtree(folder)
        assert len(after) <= 1
        return Killed(left[0].status if left else None, after[0].status if after else None, *counted, died)

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(60)
        self._process.stdout.close()

    def _kill(self) -> None:
        self._has_pid.wait(10)
        with suppress(ProcessLookupError):  # it was done before
            signal.pidfd_send_signal(self._process_of_purchase, signal.SIGKILL)

    def _said(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


@contextmanager
def buyers(folder: Path) -> Iterator[Buyers]:
    made = Buyers(folder)
    try:
        with serve(made) as address:
            made.prepare(address)
            yield made
    finally:
        made.close()
