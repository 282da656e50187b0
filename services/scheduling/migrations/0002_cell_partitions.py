"""Weekly partitions of booking_cell: made ahead and dropped by the service, which owns nothing.

The app role may not create or drop tables. Two functions of the owner do exactly that and no more (SECURITY DEFINER, a fixed
search path, executable by the app role alone): they take cell numbers, never names. A new partition is made as a table and
attached, which, unlike CREATE … PARTITION OF, does not lock out the bookings that run meanwhile. Nobody has rights on a partition
itself; it is reached through its parent, under the parent's policies.
"""

from alembic import op

from chassis.migrating import app_role

revision = "scheduling_0002"
down_revision = "scheduling_0001"
branch_labels = None
depends_on = None

# Whoever needs a partition that another transaction is just making waits for it, longer than a booking waits for a cell.
# 2016 cells of five minutes are a week. 130 weeks at once is more than the horizon of any appointment type.
ENSURE = """
create function ensure_cell_partitions(first_cell integer, end_cell integer) returns integer
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '5s' as $$
declare
  week integer;
  name text;
  made integer := 0;
begin
  if first_cell < 0 or end_cell <= first_cell or end_cell - first_cell > 130 * 2016 then
    raise exception 'cells % to % are no range to make partitions for', first_cell, end_cell using errcode = '22023';
  end if;
  for week in first_cell / 2016 .. (end_cell - 1) / 2016 loop
    name := 'booking_cell_' || week;
    continue when exists (select from pg_class where relname = name and relnamespace = 'public'::regnamespace);
    perform pg_advisory_xact_lock(hashtextextended('booking_cell partitions', 0));
    -- Looked up with a new snapshot: whoever held the lock before has committed. (to_regclass would answer from a cache.)
    continue when exists (select from pg_class where relname = name and relnamespace = 'public'::regnamespace);
    execute format('create table public.%I (like public.booking_cell including all)', name);
    execute format('alter table public.%I enable row level security', name);
    execute format('alter table public.%I force row level security', name);
    execute format('alter table public.booking_cell attach partition public.%I for values from (%s) to (%s)',
                   name, week * 2016, (week + 1) * 2016);
    made := made + 1;
  end loop;
  return made;
end $$
"""

# Dropping locks the parent for a moment: it gives up at once when it would have to wait, and is tried again.
DROP = """
create function drop_cell_partitions(before_cell integer) returns integer
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '200ms' as $$
declare
  name text;
  dropped integer := 0;
begin
  for name in
    select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'public.booking_cell'::regclass
      and (substring(c.relname from 'booking_cell_([0-9]+)$')::integer + 1) * 2016 <= before_cell
  loop
    -- The upkeep of another tenant may be just as far.
    execute format('drop table if exists public.%I', name);
    dropped := dropped + 1;
  end loop;
  return dropped;
end $$
"""


def upgrade() -> None:
    for function, signature in (
        (ENSURE, "ensure_cell_partitions(integer, integer)"),
        (DROP, "drop_cell_partitions(integer)"),
    ):
        op.execute(function)
        op.execute(f"revoke all on function {signature} from public")
        op.execute(f'grant execute on function {signature} to "{app_role()}"')


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: expand, migrate, contract")
