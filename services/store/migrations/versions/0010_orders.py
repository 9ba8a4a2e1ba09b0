"""Orders placed from the page, and renewing by itself."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

ROW_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "order_intents",
        sa.Column("account_id", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("card_id", sa.String(length=32), nullable=False),
        sa.Column("provider", sa.String(length=64), nullable=False),
        sa.Column("reference", sa.String(length=64), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("claim", sa.String(length=32), nullable=True),
        sa.Column("claimed_at", sa.BigInteger(), nullable=True),
        sa.Column("looks", sa.Integer(), nullable=False),
        sa.Column("looked_at", sa.BigInteger(), nullable=True),
        sa.Column("settled_at", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("sealed", sa.Text(), nullable=True),
        sa.Column("open_card", sa.String(length=32), nullable=True),
        sa.Column("period", sa.String(length=96), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_order_intents_account_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("account_id", "id", name=op.f("pk_order_intents")),
        sa.UniqueConstraint("account_id", "provider", "reference", name="uq_order_intents_reference"),
        sa.UniqueConstraint("account_id", "open_card", name="uq_order_intents_open_card"),
        sa.UniqueConstraint("account_id", "card_id", "period", name="uq_order_intents_period"),
    )
    op.create_table(
        "order_events",
        sa.Column("id", ROW_NUMBER, autoincrement=True, nullable=False),
        sa.Column("account_id", sa.String(length=64), nullable=False),
        sa.Column("intent_id", sa.String(length=32), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id", "intent_id"],
            ["order_intents.account_id", "order_intents.id"],
            name="fk_order_events_intent_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_events")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_order_events_intent", "order_events", ["account_id", "intent_id", "id"], unique=False)
    op.create_table(
        "auto_renewals",
        sa.Column("account_id", sa.String(length=64), nullable=False),
        sa.Column("card_id", sa.String(length=32), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id", "card_id"], ["cards.account_id", "cards.id"], name=op.f("fk_auto_renewals_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", "card_id", name=op.f("pk_auto_renewals")),
    )
    op.create_table(
        "auto_renewal_log",
        sa.Column("id", ROW_NUMBER, autoincrement=True, nullable=False),
        sa.Column("account_id", sa.String(length=64), nullable=False),
        sa.Column("card_id", sa.String(length=32), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id", "card_id"], ["cards.account_id", "cards.id"], name=op.f("fk_auto_renewal_log_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_auto_renewal_log")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_auto_renewal_log_card", "auto_renewal_log", ["account_id", "card_id", "id"], unique=False)
