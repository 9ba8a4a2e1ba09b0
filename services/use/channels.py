"""The channels of an account: set up, tried, switched off; and the one way in which a message leaves the house."""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from services.channels import post
from services.channels.kinds import ChannelKind, ChannelProblem, address, checked, kinds
from services.channels.outcome import Delivery, Failure
from services.rules.clocks.schema import Text
from services.store.acting import as_program
from services.store.channels import ChannelStore, KeptChannel, NoSuchChannel
from services.store.vault import SecretUnreadable, Vault
from services.use.house import House

__all__ = ["ChannelDesk", "ChannelKind", "ChannelProblem", "ChannelView", "Delivery", "Failure", "LastFailure", "NoSuchChannel"]

MOST_CHANNELS = 30
"""Of one account."""
LONGEST_NAME = 60
LANGUAGES = ("zh", "en")


@dataclass(frozen=True, slots=True)
class LastFailure:
    """How the last message failed, and when. ``detail``: a status such as "HTTP 401", or empty."""

    kind: Failure
    at: datetime
    detail: str


@dataclass(frozen=True, slots=True)
class ChannelView:
    """A channel without anything that was entered for it. ``language``: "zh" or "en", of the messages that go through it.
    ``last_ok_at``: when a message last arrived. ``last_failure``: None when the last message arrived, or when none was sent."""

    channel_id: str
    kind: str
    name: str
    enabled: bool
    is_fallback: bool
    language: str
    last_ok_at: datetime | None
    last_failure: LastFailure | None


class ChannelDesk:
    """Channels of one account. Every instant comes from ``now``."""

    def __init__(self, house: House, account: str, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._database = house.database
        self._store = ChannelStore(house.database, account, Vault(house.configuration.data_dir))
        self._now = now

    def channels(self) -> list[ChannelView]:
        """Every channel, switched off ones included, the one added first first."""
        return [_view(kept) for kept in self._store.all()]

    def offered(self) -> list[ChannelKind]:
        """The kinds a person can choose from."""
        return list(kinds().values())

    def kind(self, kind_id: str) -> ChannelKind:
        """Raises KeyError for a kind that this program does not know."""
        return kinds()[kind_id]

    def entered(self, channel_id: str) -> tuple[dict[str, str], frozenset[str]]:
        """What was entered, without secrets; and the names of the secrets that are kept. Both are empty when they cannot be read.
        Raises NoSuchChannel."""
        kind = self.kind(self._store.get(channel_id).kind)
        try:
            values = self._store.values(channel_id)
        except SecretUnreadable:
            return {}, frozenset()
        shown = {name: value for name, value in values.items() if name not in kind.secrets}
        return shown, frozenset(values) & kind.secrets

    def add(self, kind_id: str, name: str, language: str, values: Mapping[str, str]) -> str:
        """Keep a channel and return its id. An empty name becomes that of the kind. Raises ChannelProblem, and keeps nothing then."""
        kind = self.kind(kind_id)
        given = _usable(kind, values)
        if len(self._store.all()) >= MOST_CHANNELS:
            raise ChannelProblem("", "too_many")
        return self._store.add(kind_id, _named(name, kind, language), _language(language), given, self._now())

    def change(self, channel_id: str, name: str, language: str, values: Mapping[str, str]) -> None:
        """Put other values in place of those kept. An empty secret keeps the one that is there, unless the server was changed: a secret is
        only sent where it was entered for. Raises ChannelProblem and NoSuchChannel, and changes nothing then."""
        kind = self.kind(self._store.get(channel_id).kind)
        try:
            before = self._store.values(channel_id)
        except SecretUnreadable:
            before = {}
        servers = [field for field in kind.fields if field.type in {"server", "host"}]
        given_servers = {field.name: values.get(field.name, "").strip() for field in servers}
        same_place = all(
            given_servers[field.name] == before.get(field.name, "") or (field.secret and not given_servers[field.name]) for field in servers
        )
        kept = {name: before[name] for name in kind.secrets & set(before)} if same_place else {}
        given = _usable(kind, {**kept, **{name: value for name, value in values.items() if value.strip() or name not in kept}})
        self._store.change(channel_id, _named(name, kind, language), _language(language), given)

    def deliver(self, channel_id: str, title: str, body: str) -> Delivery:
        """Try once to send a message, and remember how it went. ``title`` and ``body`` are plain text. Never raises for a message that does
        not arrive. It takes up to ``post.PATIENCE_S`` seconds, so it belongs in a thread that nobody waits for."""
        delivery = self._tried(channel_id, title, body)
        with as_program():  # how a message went is no change of anybody's
            if delivery.failure is None:
                self._store.note_success(channel_id, self._now())
            else:
                self._store.note_failure(channel_id, delivery.failure.value, delivery.detail, self._now())
        return delivery

    def test(self, channel_id: str) -> Delivery:
        """Send the test message in the channel's language. Raises NoSuchChannel, and NotAllowed for a person who may only look."""
        self._database.require()
        language = self._store.get(channel_id).language
        title, body = test_message()
        return self.deliver(channel_id, _said(title, language), _said(body, language))

    def switch(self, channel_id: str, on: bool) -> None:
        """Raises NoSuchChannel."""
        self._store.switch(channel_id, on)

    def make_fallback(self, channel_id: str | None) -> None:
        """The channel that serves when another fails; None: none does. Raises NoSuchChannel."""
        self._store.make_fallback(channel_id)

    def remove(self, channel_id: str) -> None:
        """Forget a channel with everything that was entered for it."""
        self._store.remove(channel_id)

    def _tried(self, channel_id: str, title: str, body: str) -> Delivery:
        try:
            kind = kinds().get(self._store.get(channel_id).kind)
            values = self._store.values(channel_id)
            return Delivery(Failure.INCOMPLETE) if kind is None else post.deliver(address(kind, values), title, body)
        except NoSuchChannel:
            return Delivery(Failure.GONE)
        except SecretUnreadable:
            return Delivery(Failure.UNREADABLE)
        except ChannelProblem:
            return Delivery(Failure.INCOMPLETE)


@cache
def test_message() -> tuple[Text, Text]:
    """Title and body of what the test button sends."""
    path = Path(post.__file__).with_name("test_message.toml")
    said = tomllib.loads(path.read_text("utf-8"))
    return Text.model_validate(said["title"]), Text.model_validate(said["body"])


def _usable(kind: ChannelKind, values: Mapping[str, str]) -> dict[str, str]:
    given = checked(kind, values)
    address(kind, given)
    return given


def _named(name: str, kind: ChannelKind, language: str) -> str:
    return " ".join(name.split())[:LONGEST_NAME] or _said(kind.name, language)


def _language(language: str) -> str:
    if language not in LANGUAGES:
        raise ValueError(f"no such language: {language}")
    return language


def _said(text: Text, language: str) -> str:
    return text.en if language == "en" else text.zh


def _view(kept: KeptChannel) -> ChannelView:
    failure = None
    if kept.failed_at is not None and kept.failure is not None:
        known = kept.failure if kept.failure in set(Failure) else Failure.REFUSED
        failure = LastFailure(Failure(known), kept.failed_at, kept.failure_detail)
    return ChannelView(kept.channel_id, kept.kind, kept.name, kept.enabled, kept.is_fallback, kept.language, kept.succeeded_at, failure)
