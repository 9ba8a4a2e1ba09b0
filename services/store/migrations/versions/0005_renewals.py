"""Renewals."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "renewals",
        sa.Column("account_id", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("card_id", sa.String(length=32), nullable=True),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id", "card_id"], ["cards.account_id", "cards.id"], name="fk_renewals_card_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_renewals_account_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("account_id", "id", name=op.f("pk_renewals")),
    )
    op.create_index("ix_renewals_card", "renewals", ["account_id", "card_id"], unique=False)
    op.create_table(
        "renewal_events",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("account_id", sa.String(length=64), nullable=False),
        sa.Column("renewal_id", sa.String(length=32), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id", "renewal_id"],
            ["renewals.account_id", "renewals.id"],
            name=op.f("fk_renewal_events_account_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_renewal_events")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_renewal_events_renewal", "renewal_events", ["account_id", "renewal_id", "id"], unique=False)
