"""What is built in by now.

Tenants that began with an earlier release lack the rules and texts that were built in since (the message that a visit is
delayed, for one). Each is given one piece of due work that brings them (`usecases/upgrading.py`); it runs as the tenant, once.
A release that builds more in repeats this migration under its own number.
"""

from alembic import op

revision = "notifications_0007"
down_revision = "notifications_0006"
branch_labels = None
depends_on = None

# Row-level security binds the owner too, which sees no tenant's rows. For this one statement it does not.
TABLES = ("policy", "due")


def upgrade() -> None:
    for table in TABLES:
        op.execute(f'alter table "{table}" no force row level security')
    op.execute(
        "insert into due (tenant_id, kind, key, generation, due_at, payload, attempts)"
        " select tenant_id, 'built_in.catch_up', 'policy', 1, timestamptz '2000-01-01', '{}', 0 from policy"
        " on conflict do nothing"
    )
    for table in TABLES:
        op.execute(f'alter table "{table}" force row level security')


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: expand, migrate, contract")
