"""Accounts, settings and the plan catalogue."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
    )
    op.create_table(
        "catalogue_revisions",
        sa.Column("account_id", sa.String(length=64), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_catalogue_revisions_account_id"), ondelete="CASCADE"),
        sa.UniqueConstraint("account_id", name=op.f("uq_catalogue_revisions_account_id")),
    )
    op.create_table(
        "catalogue_sources",
        sa.Column("account_id", sa.String(length=64), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("origin", sa.String(length=16), nullable=False),
        sa.Column("enabled", sa.SmallInteger(), nullable=False),
        sa.Column("attempted_at", sa.BigInteger(), nullable=True),
        sa.Column("succeeded_at", sa.BigInteger(), nullable=True),
        sa.Column("failure", sa.JSON(), nullable=True),
        sa.Column("plan_count", sa.Integer(), nullable=False),
        sa.Column("skipped", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_catalogue_sources_account_id"), ondelete="CASCADE"),
        sa.UniqueConstraint("account_id", "source", name=op.f("uq_catalogue_sources_account_id")),
    )
    op.create_table(
        "plan_prices",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.String(length=64), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("plan_id", sa.Text(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("price_micro", sa.BigInteger(), nullable=False),
        sa.Column("promo_price_micro", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_plan_prices_account_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_prices")),
    )
    with op.batch_alter_table("plan_prices", schema=None) as batch_op:
        batch_op.create_index("ix_plan_prices_plan", ["account_id", "source", "plan_id", "seen_at"], unique=False)

    op.create_table(
        "plans",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.String(length=64), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("plan_id", sa.Text(), nullable=False),
        sa.Column("seller", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("volume", sa.BigInteger(), nullable=False),
        sa.Column("fair_use_per_day", sa.BigInteger(), nullable=False),
        sa.Column("speed_after_kbps", sa.Integer(), nullable=False),
        sa.Column("validity_days", sa.Integer(), nullable=False),
        sa.Column("countries", sa.Text(), nullable=False),
        sa.Column("coverage_complete", sa.SmallInteger(), nullable=False),
        sa.Column("price_micro", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("promo_price_micro", sa.BigInteger(), nullable=False),
        sa.Column("start_rule", sa.String(length=24), nullable=False),
        sa.Column("hotspot", sa.SmallInteger(), nullable=False),
        sa.Column("id_check", sa.SmallInteger(), nullable=False),
        sa.Column("top_up", sa.SmallInteger(), nullable=False),
        sa.Column("five_g", sa.SmallInteger(), nullable=False),
        sa.Column("phone_number", sa.SmallInteger(), nullable=False),
        sa.Column("new_users_only", sa.SmallInteger(), nullable=False),
        sa.Column("consecutive_days", sa.SmallInteger(), nullable=False),
        sa.Column("breakout_country", sa.String(length=2), nullable=True),
        sa.Column("networks", sa.JSON(), nullable=False),
        sa.Column("buy_url", sa.Text(), nullable=False),
        sa.Column("fetched_at", sa.BigInteger(), nullable=False),
        sa.Column("origin", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_plans_account_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plans")),
        sa.UniqueConstraint("account_id", "source", "plan_id", name=op.f("uq_plans_account_id")),
    )
    op.create_table(
        "settings",
        sa.Column("account_id", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_settings_account_id"), ondelete="CASCADE"),
        sa.UniqueConstraint("account_id", "key", name=op.f("uq_settings_account_id")),
    )
