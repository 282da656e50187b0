"""The database's own proof of the ledger: what is inserted balances, and nothing is ever changed or deleted.

The app role has no right to update or delete journals and entries (`append_only` in 0001). These triggers hold for every role, the owner included.
"""

from alembic import op

from chassis.migrating import app_role

revision = "billing_0002"
down_revision = "billing_0001"
branch_labels = None
depends_on = None

# A journal's entries are inserted by one statement, so the proof costs one aggregate over what was just inserted.
PROOF = """
create function ledger_entries_balance() returns trigger language plpgsql as $$
begin
    if exists (select 1 from added group by tenant_id, journal_id having sum(amount_minor) <> 0) then
        raise exception 'the debits and credits of a journal differ' using errcode = 'check_violation';
    end if;
    return null;
end
$$
"""
FOR_EVER = """
create function ledger_is_for_ever() returns trigger language plpgsql as $$
begin
    raise exception 'the ledger is append-only: post a reversing journal' using errcode = 'insufficient_privilege';
end
$$
"""


def upgrade() -> None:
    op.execute(PROOF)
    op.execute(FOR_EVER)
    op.execute(
        "create trigger ledger_entries_balance after insert on ledger_entry referencing new table as added"
        " for each statement execute function ledger_entries_balance()"
    )
    for table in ("journal", "ledger_entry"):
        op.execute(
            f"create trigger {table}_is_for_ever before update or delete or truncate on {table}"
            " for each statement execute function ledger_is_for_ever()"
        )
        op.execute(f'revoke update, delete, truncate on {table} from "{app_role()}"')


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: expand, migrate, contract")
