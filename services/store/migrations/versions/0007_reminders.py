"""Reminders: episodes, slots, messages, links, the worker's lease."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "reminder_links",
        sa.Column("account_id", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("action", sa.String(length=16), nullable=False),
        sa.Column("items", sa.JSON(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_reminder_links_account_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("account_id", "id", name=op.f("pk_reminder_links")),
    )
    op.create_table(
        "reminder_messages",
        sa.Column("account_id", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("channel_id", sa.String(length=64), nullable=False),
        sa.Column("items", sa.JSON(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("tried_at", sa.BigInteger(), nullable=True),
        sa.Column("next_try_at", sa.BigInteger(), nullable=True),
        sa.Column("failure", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_reminder_messages_account_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("account_id", "id", name=op.f("pk_reminder_messages")),
    )
    op.create_index("ix_reminder_messages_made_at", "reminder_messages", ["account_id", "made_at"], unique=False)
    op.create_index("ix_reminder_messages_status", "reminder_messages", ["account_id", "status"], unique=False)
    op.create_table(
        "worker_leases",
        sa.Column("account_id", sa.String(length=64), nullable=False),
        sa.Column("holder", sa.String(length=64), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("beat_at", sa.BigInteger(), nullable=True),
        sa.Column("looked_up_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_worker_leases_account_id"), ondelete="CASCADE"),
        sa.UniqueConstraint("account_id", name=op.f("uq_worker_leases_account_id")),
    )
    op.create_table(
        "card_reminders",
        sa.Column("account_id", sa.String(length=64), nullable=False),
        sa.Column("card_id", sa.String(length=32), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id", "card_id"], ["cards.account_id", "cards.id"], name=op.f("fk_card_reminders_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", "card_id", name=op.f("pk_card_reminders")),
    )
    op.create_table(
        "reminder_episodes",
        sa.Column("account_id", sa.String(length=64), nullable=False),
        sa.Column("topic", sa.String(length=160), nullable=False),
        sa.Column("episode", sa.String(length=32), nullable=False),
        sa.Column("card_id", sa.String(length=32), nullable=True),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.Column("acknowledged", sa.Integer(), nullable=True),
        sa.Column("acknowledged_at", sa.BigInteger(), nullable=True),
        sa.Column("snoozed_until", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id", "card_id"], ["cards.account_id", "cards.id"], name="fk_reminder_episodes_card_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_reminder_episodes_account_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("account_id", "topic", "episode", name=op.f("pk_reminder_episodes")),
    )
    op.create_index("ix_reminder_episodes_card", "reminder_episodes", ["account_id", "card_id"], unique=False)
    op.create_table(
        "reminder_slots",
        sa.Column("account_id", sa.String(length=64), nullable=False),
        sa.Column("topic", sa.String(length=160), nullable=False),
        sa.Column("episode", sa.String(length=32), nullable=False),
        sa.Column("slot", sa.String(length=48), nullable=False),
        sa.Column("card_id", sa.String(length=32), nullable=True),
        sa.Column("claimed_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id", "card_id"], ["cards.account_id", "cards.id"], name="fk_reminder_slots_card_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_reminder_slots_account_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("account_id", "topic", "episode", "slot", name=op.f("pk_reminder_slots")),
    )
    op.create_index("ix_reminder_slots_card", "reminder_slots", ["account_id", "card_id"], unique=False)
