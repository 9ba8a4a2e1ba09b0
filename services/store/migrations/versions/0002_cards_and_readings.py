"""Cards and readings."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "card_revisions",
        sa.Column("account_id", sa.String(length=64), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_card_revisions_account_id"), ondelete="CASCADE"),
        sa.UniqueConstraint("account_id", name=op.f("uq_card_revisions_account_id")),
    )
    op.create_table(
        "cards",
        sa.Column("account_id", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("reading_count", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_cards_account_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("account_id", "id", name=op.f("pk_cards")),
    )
    op.create_table(
        "provider_accounts",
        sa.Column("account_id", sa.String(length=64), nullable=False),
        sa.Column("provider", sa.String(length=64), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("connected_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_provider_accounts_account_id"), ondelete="CASCADE"),
        sa.UniqueConstraint("account_id", "provider", name=op.f("uq_provider_accounts_account_id")),
    )
    op.create_table(
        "card_secrets",
        sa.Column("account_id", sa.String(length=64), nullable=False),
        sa.Column("card_id", sa.String(length=32), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id", "card_id"], ["cards.account_id", "cards.id"], name=op.f("fk_card_secrets_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", "card_id", name=op.f("pk_card_secrets")),
    )
    op.create_table(
        "failed_look_ups",
        sa.Column("account_id", sa.String(length=64), nullable=False),
        sa.Column("card_id", sa.String(length=32), nullable=False),
        sa.Column("origin", sa.String(length=64), nullable=False),
        sa.Column("tried_at", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id", "card_id"], ["cards.account_id", "cards.id"], name=op.f("fk_failed_look_ups_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", "card_id", "origin", name=op.f("pk_failed_look_ups")),
    )
    op.create_table(
        "merged_cards",
        sa.Column("account_id", sa.String(length=64), nullable=False),
        sa.Column("card_id", sa.String(length=32), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=True),
        sa.Column("merged_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id", "card_id"], ["cards.account_id", "cards.id"], name=op.f("fk_merged_cards_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", "id", name=op.f("pk_merged_cards")),
    )
    with op.batch_alter_table("merged_cards", schema=None) as batch_op:
        batch_op.create_index("ix_merged_cards_card", ["account_id", "card_id"], unique=False)

    op.create_table(
        "readings",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("account_id", sa.String(length=64), nullable=False),
        sa.Column("card_id", sa.String(length=32), nullable=False),
        sa.Column("taken_at", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id", "card_id"], ["cards.account_id", "cards.id"], name=op.f("fk_readings_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_readings")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("readings", schema=None) as batch_op:
        batch_op.create_index("ix_readings_card", ["account_id", "card_id", "id"], unique=False)

    op.create_table(
        "current_readings",
        sa.Column("account_id", sa.String(length=64), nullable=False),
        sa.Column("card_id", sa.String(length=32), nullable=False),
        sa.Column("reading_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id", "card_id"], ["cards.account_id", "cards.id"], name=op.f("fk_current_readings_account_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["reading_id"], ["readings.id"], name=op.f("fk_current_readings_reading_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("account_id", "card_id", "reading_id", name=op.f("pk_current_readings")),
    )
    with op.batch_alter_table("current_readings", schema=None) as batch_op:
        batch_op.create_index("ix_current_readings_reading", ["reading_id"], unique=False)
