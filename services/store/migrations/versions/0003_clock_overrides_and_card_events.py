"""Clock overrides, card events, rules last seen."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "seen_rules",
        sa.Column("account_id", sa.String(length=64), nullable=False),
        sa.Column("basis", sa.String(length=96), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_seen_rules_account_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("account_id", "basis", name=op.f("pk_seen_rules")),
    )
    op.create_table(
        "card_events",
        sa.Column("account_id", sa.String(length=64), nullable=False),
        sa.Column("card_id", sa.String(length=32), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id", "card_id"], ["cards.account_id", "cards.id"], name=op.f("fk_card_events_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", "id", name=op.f("pk_card_events")),
    )
    op.create_index("ix_card_events_card", "card_events", ["account_id", "card_id"], unique=False)
    op.create_table(
        "clock_overrides",
        sa.Column("account_id", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("card_id", sa.String(length=32), nullable=True),
        sa.Column("operator", sa.String(length=64), nullable=False),
        sa.Column("path", sa.String(length=128), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("made_on", sa.String(length=10), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id", "card_id"], ["cards.account_id", "cards.id"], name="fk_clock_overrides_card_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_clock_overrides_account_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("account_id", "id", name=op.f("pk_clock_overrides")),
    )
    op.create_index("ix_clock_overrides_card", "clock_overrides", ["account_id", "card_id"], unique=False)
