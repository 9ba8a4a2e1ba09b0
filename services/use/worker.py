"""The worker: looks balances up, reconciles orders, sends reminders, keeps a backup a day. It needs no browser.

It runs in a thread of the dashboard unless ``SIMKEEPER_WORKER=off``; or on its own: ``python -m services.use.worker``, with ``--once`` for
one run (from cron, say). Several may run at once on one database: a lease per account spares double work, and claims (services/store/
reminders.py) make sure that nothing is sent twice. A run that was missed is caught up by the next one; of what it missed, each topic's
most urgent step alone is said.
"""

import argparse
import logging
import os
import secrets
import signal
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from services.model.card import Card
from services.model.reading import Source
from services.rules.balances.state import CardState
from services.store.leases import LeaseStore, all_accounts
from services.use.auto_renew import AutoRenewDesk
from services.use.backup import keep_daily
from services.use.channels import ChannelDesk
from services.use.configuration import ConfigurationError
from services.use.house import DatabaseTooNew, House, house
from services.use.orders import OrderDesk
from services.use.readings import ReadingDesk
from services.use.reminders import Channels, ReminderDesk, Round, zone_of

log = logging.getLogger(__name__)

EVERY = timedelta(minutes=5)
"""Between two runs."""
LEASE = timedelta(minutes=15)
"""Longer than a run, which renews it before it sends; shorter than anybody's patience with a worker that died."""
FIRST_AFTER = timedelta(seconds=20)
"""The first run of a dashboard waits until its pages stand."""
LOOK_UP_AFTER = timedelta(hours=6)
"""A card is looked up when its last look-up, good or bad, is older than this."""
LOOK_UPS_AT_ONCE = 200
"""Cards in one run; the rest has its turn in the next. Limits of the providers themselves are kept by their connections."""
LOOK_UP_PATIENCE = timedelta(minutes=3)

OpenChannels = Callable[[House, str, Callable[[], datetime]], Channels]


def utc_now() -> datetime:
    return datetime.now(UTC)


def new_holder() -> str:
    """A name for this worker that no other has."""
    return f"{os.getpid()}-{secrets.token_hex(6)}"


def run_once(
    house: House, holder: str, now: Callable[[], datetime] = utc_now, open_channels: OpenChannels = ChannelDesk
) -> dict[str, Round]:
    """One run for every account; those that another worker has are left out. A failure of one account touches no other."""
    rounds = {}
    for account in all_accounts(house.database):
        lease = LeaseStore(house.database, account)
        if not lease.take(holder, now(), LEASE):
            continue
        try:
            rounds[account] = _run_account(house, account, lease, holder, now, open_channels)
        except Exception:
            log.exception("the run for an account failed, code %s", secrets.token_hex(3).upper())
        finally:
            lease.leave(holder)
    return rounds


def _run_account(
    house: House, account: str, lease: LeaseStore, holder: str, now: Callable[[], datetime], open_channels: OpenChannels
) -> Round:
    reminders = ReminderDesk(house, account, now)
    zone = zone_of(reminders.habits())
    here = lambda: now().astimezone(zone)  # noqa: E731 - a clock, handed on
    for name, part in (("the look-ups", _look_up), ("the orders", _see_to_orders)):
        try:
            part(house, account, lease, here)
        except Exception:  # no reminder waits for what else goes wrong
            log.exception("%s of an account failed, code %s", name, secrets.token_hex(3).upper())
        lease.take(holder, now(), LEASE)
    done = reminders.run(open_channels(house, account, now))
    reminders.store.forget_old(now())
    lease.beat(now())
    return done


def _look_up(house: House, account: str, lease: LeaseStore, now: Callable[[], datetime]) -> None:
    """Ask for the balances whose time has come, and wait for them a while: what comes later serves the next run."""
    desk = ReadingDesk(house, account, now)
    able = desk.refreshable()
    wanted = stale_cards(able, desk.store.states() if able else {}, now())
    if not wanted:
        return
    lease.looked_up(now())
    desk.start_refresh(wanted)
    refresh = desk.refreshing()
    for work in list(refresh.work) if refresh is not None else []:
        try:
            work.result(LOOK_UP_PATIENCE.total_seconds())
        except TimeoutError:
            log.warning("a look-up takes longer than %s; the reminders go on without it", LOOK_UP_PATIENCE)
            return
        except Exception:
            log.exception("a look-up failed")


def _see_to_orders(house: House, account: str, lease: LeaseStore, now: Callable[[], datetime]) -> None:
    """Bring every open order up to date, then let the rules of cards that renew by themselves decide."""
    OrderDesk(house, account, now).reconcile()
    AutoRenewDesk(house, account, now).run()


def stale_cards(able: Mapping[str, Card], states: Mapping[str, CardState], now: datetime) -> list[str]:
    """The cards of ``able`` to be looked up now, those waiting longest first: never looked up, or not for ``LOOK_UP_AFTER``, whatever came
    of it. A time in the future was written by a clock that was wrong, and does not count."""
    waiting = []
    for card_id in able:
        tried = [at for at in _tried(states.get(card_id)) if at <= now]
        last = max(tried, default=None)
        if last is None or now - last >= LOOK_UP_AFTER:
            waiting.append((last or datetime.min.replace(tzinfo=UTC), card_id))
    return [card_id for _, card_id in sorted(waiting)[:LOOK_UPS_AT_ONCE]]


def _tried(state: CardState | None) -> list[datetime]:
    """When look-ups of a card came back, as far as its state shows."""
    if state is None:
        return []
    taken = [known.newest.taken_at for known in state.fields.values() if known.newest.source is Source.API]
    return taken + ([state.last_failure.tried_at] if state.last_failure is not None else [])


def keep_backup(house: House) -> None:
    """Today's backup. One that cannot be kept holds up no reminder: the page of backups shows which day is missing."""
    try:
        keep_daily(house, datetime.now().astimezone())
    except Exception:
        log.exception("no backup was kept today, code %s", secrets.token_hex(3).upper())


def last_run(house: House, account: str) -> datetime | None:
    """When a run for this account last ended well; None before the first."""
    return LeaseStore(house.database, account).last_beat()


def work(
    over: threading.Event, open_house: Callable[[], House] = house, first_after: timedelta = FIRST_AFTER, every: timedelta = EVERY
) -> None:
    """Run again and again until ``over`` is set; a run that fails is told to the log, and the next one comes all the same."""
    holder, pause = new_holder(), first_after
    while not over.wait(pause.total_seconds()):
        pause = every
        try:
            opened = open_house()
            keep_backup(opened)
            run_once(opened, holder)
        except Exception:
            log.exception("a run of the worker failed, code %s", secrets.token_hex(3).upper())


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m services.use.worker", description="Sends reminders and looks balances up.")
    parser.add_argument("--once", action="store_true", help="one run, then end: for cron")
    chosen = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    try:
        opened = house()
    except (ConfigurationError, DatabaseTooNew) as error:
        log.error("%s", error)
        return 2
    if chosen.once:
        keep_backup(opened)
        for done in run_once(opened, new_holder()).values():
            log.info("claimed %s, delivered %s, failed %s", done.claimed, done.delivered, done.failed)
        return 0
    over = threading.Event()
    # To the first process of a container the signal means nothing otherwise. A run under way goes on to its end, if it is given the time.
    # In a thread: this one may be waiting for ``over`` at this moment.
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=over.set).start())
    work(over, first_after=timedelta(0))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(0)
