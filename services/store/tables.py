"""The tables. Every one carries ``account_id``; the classes beside this module put it into every query.

Conventions: money as whole millionths of a major unit with its currency, data as bytes, instants as seconds since the
epoch (UTC), "not published" as in ``services.rules.compare.frame.COLUMN_SPEC``, so that the catalogue loads as columns.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

ROW_NUMBER = BigInteger().with_variant(Integer, "sqlite")
"""Of rows that the database numbers. SQLite numbers those of an INTEGER alone, which has eight bytes there."""
DERIVED = {"derived": True}
"""Of tables and columns that follow from others, or that the program keeps for itself: what changes in them alone is not in the log of
who changed what."""


def account_column() -> Column[str]:
    """The owner of a row; its rows go when the account goes."""
    return Column("account_id", String(64), ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False)


accounts = Table(
    "accounts",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("created_at", BigInteger, nullable=False),
)

settings = Table(
    "settings",
    metadata,
    account_column(),
    Column("key", String(64), nullable=False),
    Column("value", JSON, nullable=False),
    UniqueConstraint("account_id", "key"),
)

members = Table(
    "members",
    metadata,
    account_column(),
    Column("address", String(254), nullable=False),
    Column("role", String(16), nullable=False),
    Column("admission", String(16), nullable=False),
    Column("added_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=True),
    Column("language", String(8), nullable=True, info=DERIVED),
    PrimaryKeyConstraint("address"),  # a person belongs to one household
    Index("ix_members_account", "account_id"),
)

audit_log = Table(
    "audit_log",
    metadata,
    Column("id", ROW_NUMBER, primary_key=True, autoincrement=True),  # the order of being added; rows are never changed
    account_column(),
    Column("at", BigInteger, nullable=False),
    Column("who", String(254), nullable=True),  # none: the person at this machine
    Column("kind", String(96), nullable=False),
    Column("thing", String(128), nullable=False),
    Column("count", Integer, nullable=False),
    Column("text", Text, nullable=False),
    Index("ix_audit_log_account", "account_id", "id"),
    info=DERIVED,
    sqlite_autoincrement=True,
)

plans = Table(
    "plans",
    metadata,
    Column("id", ROW_NUMBER, primary_key=True),
    account_column(),
    Column("source", String(64), nullable=False),
    Column("plan_id", Text, nullable=False),
    Column("seller", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("volume", BigInteger, nullable=False),
    Column("fair_use_per_day", BigInteger, nullable=False),
    Column("speed_after_kbps", Integer, nullable=False),
    Column("validity_days", Integer, nullable=False),
    Column("countries", Text, nullable=False),
    Column("coverage_complete", SmallInteger, nullable=False),
    Column("price_micro", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("promo_price_micro", BigInteger, nullable=False),
    Column("start_rule", String(24), nullable=False),
    Column("hotspot", SmallInteger, nullable=False),
    Column("id_check", SmallInteger, nullable=False),
    Column("top_up", SmallInteger, nullable=False),
    Column("five_g", SmallInteger, nullable=False),
    Column("phone_number", SmallInteger, nullable=False),
    Column("new_users_only", SmallInteger, nullable=False),
    Column("consecutive_days", SmallInteger, nullable=False),
    Column("breakout_country", String(2), nullable=True),
    Column("networks", JSON, nullable=False),
    Column("buy_url", Text, nullable=False),
    Column("fetched_at", BigInteger, nullable=False),
    Column("origin", String(16), nullable=False),
    UniqueConstraint("account_id", "source", "plan_id"),
    info=DERIVED,
)

plan_prices = Table(
    "plan_prices",
    metadata,
    Column("id", ROW_NUMBER, primary_key=True),
    account_column(),
    Column("source", String(64), nullable=False),
    Column("plan_id", Text, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
    Column("price_micro", BigInteger, nullable=False),
    Column("promo_price_micro", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Index("ix_plan_prices_plan", "account_id", "source", "plan_id", "seen_at"),
    info=DERIVED,
)

catalogue_sources = Table(
    "catalogue_sources",
    metadata,
    account_column(),
    Column("source", String(64), nullable=False),
    Column("label", Text, nullable=False),
    Column("origin", String(16), nullable=False),
    Column("enabled", SmallInteger, nullable=False),
    Column("attempted_at", BigInteger, nullable=True),
    Column("succeeded_at", BigInteger, nullable=True),
    Column("failure", JSON, nullable=True),
    Column("plan_count", Integer, nullable=False),
    Column("skipped", JSON, nullable=False),
    UniqueConstraint("account_id", "source"),
)

catalogue_revisions = Table(
    "catalogue_revisions",
    metadata,
    account_column(),
    Column("revision", Integer, nullable=False),
    UniqueConstraint("account_id"),
    info=DERIVED,
)

cards = Table(
    "cards",
    metadata,
    account_column(),
    Column("id", String(32), nullable=False),
    Column("body", Text, nullable=False),  # services.model.card.Card as JSON
    Column("reading_count", Integer, nullable=False, info=DERIVED),
    Column("created_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("account_id", "id"),
)


def _of_card() -> ForeignKeyConstraint:
    """The row goes when its card goes."""
    return ForeignKeyConstraint(["account_id", "card_id"], ["cards.account_id", "cards.id"], ondelete="CASCADE")


card_secrets = Table(
    "card_secrets",
    metadata,
    Column("account_id", String(64), nullable=False),
    Column("card_id", String(32), nullable=False),
    Column("sealed", Text, nullable=False),  # encrypted with a key that is not in the database
    PrimaryKeyConstraint("account_id", "card_id"),
    _of_card(),
)

merged_cards = Table(
    "merged_cards",
    metadata,
    Column("account_id", String(64), nullable=False),
    Column("card_id", String(32), nullable=False),  # the card that stayed
    Column("id", String(32), nullable=False),  # the card that went into it
    Column("body", Text, nullable=False),
    Column("sealed", Text, nullable=True),
    Column("merged_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("account_id", "id"),
    _of_card(),
    Index("ix_merged_cards_card", "account_id", "card_id"),
)

readings = Table(
    "readings",
    metadata,
    Column("id", ROW_NUMBER, primary_key=True, autoincrement=True),  # the order of being added
    Column("account_id", String(64), nullable=False),
    Column("card_id", String(32), nullable=False),
    Column("taken_at", BigInteger, nullable=False),
    Column("body", Text, nullable=False),  # services.model.reading.Reading as JSON
    _of_card(),
    Index("ix_readings_card", "account_id", "card_id", "id"),
    sqlite_autoincrement=True,
)

current_readings = Table(
    "current_readings",
    metadata,
    Column("account_id", String(64), nullable=False),
    Column("card_id", String(32), nullable=False),
    Column("reading_id", ROW_NUMBER, ForeignKey("readings.id", ondelete="CASCADE"), nullable=False),
    PrimaryKeyConstraint("account_id", "card_id", "reading_id"),
    _of_card(),
    Index("ix_current_readings_reading", "reading_id"),
    info=DERIVED,
)

failed_look_ups = Table(
    "failed_look_ups",
    metadata,
    Column("account_id", String(64), nullable=False),
    Column("card_id", String(32), nullable=False),
    Column("origin", String(64), nullable=False),
    Column("tried_at", BigInteger, nullable=False),
    Column("body", Text, nullable=False),  # services.model.reading.FailedLookUp as JSON
    PrimaryKeyConstraint("account_id", "card_id", "origin"),
    _of_card(),
    info=DERIVED,
)

card_revisions = Table(
    "card_revisions",
    metadata,
    account_column(),
    Column("revision", Integer, nullable=False),
    UniqueConstraint("account_id"),
    info=DERIVED,
)

provider_accounts = Table(
    "provider_accounts",
    metadata,
    account_column(),
    Column("provider", String(64), nullable=False),
    Column("sealed", Text, nullable=False),  # the credentials, encrypted
    Column("connected_at", BigInteger, nullable=False),
    UniqueConstraint("account_id", "provider"),
)

card_events = Table(
    "card_events",
    metadata,
    Column("account_id", String(64), nullable=False),
    Column("card_id", String(32), nullable=False),
    Column("id", String(32), nullable=False),
    Column("body", Text, nullable=False),  # services.model.clock.CardEvent as JSON
    Column("added_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("account_id", "id"),
    _of_card(),
    Index("ix_card_events_card", "account_id", "card_id"),
)

clock_overrides = Table(
    "clock_overrides",
    metadata,
    account_column(),
    Column("id", String(32), nullable=False),
    Column("card_id", String(32), nullable=True),  # none: every card under the rule
    Column("operator", String(64), nullable=False),
    Column("path", String(128), nullable=False),
    Column("value", JSON, nullable=False),
    Column("note", Text, nullable=False),
    Column("made_on", String(10), nullable=False),
    PrimaryKeyConstraint("account_id", "id"),
    ForeignKeyConstraint(
        ["account_id", "card_id"], ["cards.account_id", "cards.id"], name="fk_clock_overrides_card_id", ondelete="CASCADE"
    ),
    Index("ix_clock_overrides_card", "account_id", "card_id"),
)

seen_rules = Table(
    "seen_rules",
    metadata,
    account_column(),
    Column("basis", String(96), nullable=False),  # what the rule was chosen by: an operator, or a country and a kind of card
    Column("body", Text, nullable=False),  # services.rules.clocks.schema.OperatorRule as JSON
    PrimaryKeyConstraint("account_id", "basis"),
    info=DERIVED,
)

trips = Table(
    "trips",
    metadata,
    account_column(),
    Column("id", String(32), nullable=False),
    Column("name", Text, nullable=False),
    Column("params", Text, nullable=False),  # the question as its address has it: pairs of texts as JSON
    Column("steps", Text, nullable=False),  # services.model.saved_trip.Step as JSON, in order
    Column("saved_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("account_id", "id"),
)

renewals = Table(
    "renewals",
    metadata,
    account_column(),
    Column("id", String(32), nullable=False),
    Column("card_id", String(32), nullable=True),  # none: of a card that is not among the account's
    Column("started_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("account_id", "id"),
    ForeignKeyConstraint(["account_id", "card_id"], ["cards.account_id", "cards.id"], name="fk_renewals_card_id", ondelete="CASCADE"),
    Index("ix_renewals_card", "account_id", "card_id"),
)

renewal_events = Table(
    "renewal_events",
    metadata,
    Column("id", ROW_NUMBER, primary_key=True, autoincrement=True),  # the order of being added; rows are never changed
    Column("account_id", String(64), nullable=False),
    Column("renewal_id", String(32), nullable=False),
    Column("body", Text, nullable=False),  # services.model.renewal.RenewalEvent as JSON
    ForeignKeyConstraint(["account_id", "renewal_id"], ["renewals.account_id", "renewals.id"], ondelete="CASCADE"),
    Index("ix_renewal_events_renewal", "account_id", "renewal_id", "id"),
    sqlite_autoincrement=True,
)

delivery_channels = Table(
    "delivery_channels",
    metadata,
    account_column(),
    Column("id", String(32), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("name", Text, nullable=False),
    Column("language", String(2), nullable=False),
    Column("enabled", SmallInteger, nullable=False),
    Column("is_fallback", SmallInteger, nullable=False),
    Column("sealed", Text, nullable=False),  # what was entered, encrypted
    Column("added_at", BigInteger, nullable=False),
    Column("succeeded_at", BigInteger, nullable=True),
    Column("failed_at", BigInteger, nullable=True),  # none: the last message arrived
    Column("failure", String(32), nullable=True),
    Column("failure_detail", String(64), nullable=True),
    PrimaryKeyConstraint("account_id", "id"),
)

card_reminders = Table(
    "card_reminders",
    metadata,
    Column("account_id", String(64), nullable=False),
    Column("card_id", String(32), nullable=False),
    Column("body", Text, nullable=False),  # services.model.reminder.CardHabits as JSON
    PrimaryKeyConstraint("account_id", "card_id"),
    _of_card(),
)

reminder_episodes = Table(
    "reminder_episodes",
    metadata,
    account_column(),
    Column("topic", String(160), nullable=False),
    Column("episode", String(32), nullable=False),
    Column("card_id", String(32), nullable=True),  # none: of a renewal without a card
    Column("opened_at", BigInteger, nullable=False),
    Column("closed_at", BigInteger, nullable=True),  # of episodes that begin with being seen: when it was seen no more
    Column("acknowledged", Integer, nullable=True),  # up to this step
    Column("acknowledged_at", BigInteger, nullable=True),
    Column("snoozed_until", BigInteger, nullable=True),
    PrimaryKeyConstraint("account_id", "topic", "episode"),
    ForeignKeyConstraint(
        ["account_id", "card_id"], ["cards.account_id", "cards.id"], name="fk_reminder_episodes_card_id", ondelete="CASCADE"
    ),
    Index("ix_reminder_episodes_card", "account_id", "card_id"),
)

reminder_slots = Table(
    "reminder_slots",
    metadata,
    account_column(),
    Column("topic", String(160), nullable=False),
    Column("episode", String(32), nullable=False),
    Column("slot", String(48), nullable=False),  # services.model.reminder.Slot
    Column("card_id", String(32), nullable=True),
    Column("claimed_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("account_id", "topic", "episode", "slot"),  # nothing is claimed twice
    ForeignKeyConstraint(["account_id", "card_id"], ["cards.account_id", "cards.id"], name="fk_reminder_slots_card_id", ondelete="CASCADE"),
    Index("ix_reminder_slots_card", "account_id", "card_id"),
    info=DERIVED,
)

reminder_messages = Table(
    "reminder_messages",
    metadata,
    account_column(),
    Column("id", String(32), nullable=False),
    Column("channel_id", String(64), nullable=False),
    Column("items", JSON, nullable=False),  # [topic, episode, slot] of everything it is about
    Column("title", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("status", String(16), nullable=False),  # services.store.reminders.MessageStatus
    Column("attempts", Integer, nullable=False),
    Column("tried_at", BigInteger, nullable=True),
    Column("next_try_at", BigInteger, nullable=True),
    Column("failure", Text, nullable=False),
    PrimaryKeyConstraint("account_id", "id"),
    Index("ix_reminder_messages_status", "account_id", "status"),
    Index("ix_reminder_messages_made_at", "account_id", "made_at"),
    info=DERIVED,
)

reminder_links = Table(
    "reminder_links",
    metadata,
    account_column(),
    Column("id", String(32), nullable=False),
    Column("action", String(16), nullable=False),
    Column("items", JSON, nullable=False),  # [topic, episode, step] of everything it acts on
    Column("expires_at", BigInteger, nullable=False),
    Column("used_at", BigInteger, nullable=True),
    PrimaryKeyConstraint("account_id", "id"),
    info=DERIVED,
)

worker_leases = Table(
    "worker_leases",
    metadata,
    account_column(),
    Column("holder", String(64), nullable=False),  # empty: nobody
    Column("until", BigInteger, nullable=False),
    Column("beat_at", BigInteger, nullable=True),  # when a run last ended well
    Column("looked_up_at", BigInteger, nullable=True),  # when balances were last asked for
    UniqueConstraint("account_id"),
    info=DERIVED,
)

provider_turns = Table(
    "provider_turns",
    metadata,
    account_column(),
    Column("place", String(32), nullable=False),  # services.providers.rate_limits.AccountLimits.place
    Column("booked", Text, nullable=False),  # services.providers.rate_limits.Bookings as JSON
    PrimaryKeyConstraint("account_id", "place"),
    info=DERIVED,
)

sandbox_requests = Table(
    "sandbox_requests",
    metadata,
    account_column(),
    Column("provider", String(64), nullable=False),
    Column("number", Integer, nullable=False),  # 0 is when the emulator came to be
    Column("at", BigInteger, nullable=False),  # microseconds, for emulators tell requests of one second apart
    Column("luck", String(32), nullable=False),  # what the numbers it invents follow from
    Column("asked", Text, nullable=False),  # services.store.sandbox_requests.Asked as JSON; nothing for number 0
    PrimaryKeyConstraint("account_id", "provider", "number"),
    info=DERIVED,
)

# Files lie in the database, not in the data directory: with PostgreSQL several machines serve one account and share no disk, and with
# SQLite a backup stays one file. What a phone photographs is small once it is written anew (services/rules/attachments.py).
files = Table(
    "files",
    metadata,
    account_column(),
    Column("digest", String(64), nullable=False),  # SHA-256 of ``data``: one file handed in twice is kept once
    Column("type", String(8), nullable=False),  # services.model.receipt.FileType
    Column("size", Integer, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("data", LargeBinary, nullable=False),
    Column("thumbnail", LargeBinary, nullable=True),
    Column("added_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("account_id", "digest"),
)

receipts = Table(
    "receipts",
    metadata,
    account_column(),
    Column("id", String(32), nullable=False),
    Column("card_id", String(32), nullable=True),  # no foreign key: what was paid stays written down when the card is gone
    Column("renewal_id", String(32), nullable=True),  # as above
    Column("digest", String(64), nullable=True),
    Column("paid_on", String(10), nullable=False),
    Column("body", Text, nullable=False),  # services.model.receipt.Receipt as JSON
    Column("added_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("account_id", "id"),
    Index("ix_receipts_renewal", "account_id", "renewal_id"),
    Index("ix_receipts_digest", "account_id", "digest"),
)

step_photos = Table(
    "step_photos",
    metadata,
    Column("account_id", String(64), nullable=False),
    Column("renewal_id", String(32), nullable=False),
    Column("step", String(64), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("added_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("account_id", "renewal_id", "step", "digest"),
    ForeignKeyConstraint(["account_id", "renewal_id"], ["renewals.account_id", "renewals.id"], ondelete="CASCADE"),
    Index("ix_step_photos_digest", "account_id", "digest"),
)

order_intents = Table(
    "order_intents",
    metadata,
    account_column(),
    Column("id", String(32), nullable=False),
    Column("card_id", String(32), nullable=False),  # no key: what was paid is known after the card is gone too
    Column("provider", String(64), nullable=False),
    Column("reference", String(64), nullable=False),
    Column("status", String(16), nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("body", Text, nullable=False),  # services.model.intent.Intent as JSON; never changed
    Column("claim", String(32), nullable=True),  # of the one sender
    Column("claimed_at", BigInteger, nullable=True),
    Column("looks", Integer, nullable=False),
    Column("looked_at", BigInteger, nullable=True),
    Column("settled_at", BigInteger, nullable=True),
    Column("outcome", Text, nullable=True),  # services.model.intent.IntentEvent as JSON: the last answer
    Column("sealed", Text, nullable=True),  # a code to type in, encrypted
    Column("open_card", String(32), nullable=True),  # stands for the provider's card while the order is not settled: one at a time
    Column("period", String(96), nullable=True),  # what an automatic renewal was due for, unless nothing was bought
    PrimaryKeyConstraint("account_id", "id"),
    UniqueConstraint("account_id", "provider", "reference", name="uq_order_intents_reference"),
    UniqueConstraint("account_id", "open_card", name="uq_order_intents_open_card"),
    UniqueConstraint("account_id", "card_id", "period", name="uq_order_intents_period"),
)

order_events = Table(
    "order_events",
    metadata,
    Column("id", ROW_NUMBER, primary_key=True, autoincrement=True),  # the order of being added; rows are never changed
    Column("account_id", String(64), nullable=False),
    Column("intent_id", String(32), nullable=False),
    Column("body", Text, nullable=False),  # services.model.intent.IntentEvent as JSON
    ForeignKeyConstraint(
        ["account_id", "intent_id"], ["order_intents.account_id", "order_intents.id"], name="fk_order_events_intent_id", ondelete="CASCADE"
    ),
    Index("ix_order_events_intent", "account_id", "intent_id", "id"),
    sqlite_autoincrement=True,
)

auto_renewals = Table(
    "auto_renewals",
    metadata,
    Column("account_id", String(64), nullable=False),
    Column("card_id", String(32), nullable=False),
    Column("body", Text, nullable=False),  # services.model.intent.AutoRule as JSON
    PrimaryKeyConstraint("account_id", "card_id"),
    _of_card(),
)

auto_renewal_log = Table(
    "auto_renewal_log",
    metadata,
    Column("id", ROW_NUMBER, primary_key=True, autoincrement=True),  # the order of being added; rows are never changed
    Column("account_id", String(64), nullable=False),
    Column("card_id", String(32), nullable=False),
    Column("body", Text, nullable=False),  # services.model.intent.Decision as JSON
    _of_card(),
    Index("ix_auto_renewal_log_card", "account_id", "card_id", "id"),
    sqlite_autoincrement=True,
    info=DERIVED,
)

calendar_feeds = Table(
    "calendar_feeds",
    metadata,
    account_column(),
    Column("language", String(2), nullable=False),
    Column("token_hash", String(64), nullable=False, unique=True),  # SHA-256; the token itself is only in ``sealed``
    Column("sealed", Text, nullable=False),
    Column("zone", String(64), nullable=False),
    Column("made_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("account_id", "language"),
)

calendar_entries = Table(
    "calendar_entries",
    metadata,
    account_column(),
    Column("language", String(2), nullable=False),
    Column("uid", String(160), nullable=False),
    Column("body", Text, nullable=False),  # services.model.calendar_entry.CalendarEntry as JSON
    Column("sequence", Integer, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
    Column("cancelled", SmallInteger, nullable=False),
    PrimaryKeyConstraint("account_id", "language", "uid"),
    info=DERIVED,
)
