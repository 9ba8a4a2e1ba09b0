"""What the dashboards of one database have booked of the limits of providers."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.create_table(
        "provider_turns",
        sa.Column("account_id", sa.String(length=64), nullable=False),
        sa.Column("place", sa.String(length=32), nullable=False),
        sa.Column("booked", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_provider_turns_account_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("account_id", "place", name=op.f("pk_provider_turns")),
    )
