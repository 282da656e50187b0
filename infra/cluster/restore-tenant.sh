#!/bin/sh
# restore-tenant.sh <database> <restored copy> <tenant id> - puts one tenant's rows back as they are in a restored copy of
# the database, in one transaction, and touches no other tenant's. Run as a superuser (PGHOST, PGUSER, PGPASSWORD): the
# services' own roles may not, their tables' row-level security is forced and the ledger is for ever.
# Messages are left alone (outbox, inbox, idempotency keys): what was said has been said.
set -eu
database=$1 copy=$2 tenant=$3
echo "$tenant" | grep -Eq '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' || { echo "not a tenant id: $tenant" >&2; exit 1; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
ask() { psql --quiet --no-psqlrc --set ON_ERROR_STOP=1 --tuples-only --no-align --dbname "$1" --command "$2"; }

[ "$(ask "$database" 'SELECT string_agg(version_num, $$,$$ ORDER BY 1) FROM alembic_version')" = \
  "$(ask "$copy" 'SELECT string_agg(version_num, $$,$$ ORDER BY 1) FROM alembic_version')" ] ||
  { echo "the copy has another schema: bring it to the same one first (polyclinic migrate)" >&2; exit 1; }

# Every table of business data, with its columns (generated ones make themselves); a partition is reached through its table.
tables=$(ask "$database" "
  SELECT c.relname || ' ' || string_agg(quote_ident(a.attname), ',' ORDER BY a.attnum)
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
   WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
     AND c.relname NOT IN ('outbox', 'inbox', 'idempotency_key')
     AND EXISTS (SELECT 1 FROM pg_attribute t WHERE t.attrelid = c.oid AND t.attname = 'tenant_id')
   GROUP BY c.relname ORDER BY c.relname")

{
  echo "BEGIN;"
  # No triggers and no foreign keys while the rows are exchanged: they held when the copy's were written.
  echo "SET LOCAL session_replication_role = replica;"
  echo "$tables" | while read -r table columns; do
    ask "$copy" "COPY (SELECT $columns FROM \"$table\" WHERE tenant_id = '$tenant') TO STDOUT" >"$folder/$table"
    echo "DELETE FROM \"$table\" WHERE tenant_id = '$tenant';"
    printf '\\copy "%s" (%s) FROM %s\n' "$table" "$columns" "'$folder/$table'"
  done
  echo "COMMIT;"
} >"$folder/exchange.sql"
psql --quiet --no-psqlrc --set ON_ERROR_STOP=1 --dbname "$database" --file "$folder/exchange.sql"
echo "$tables" | while read -r table _; do
  rows=$(wc -l <"$folder/$table")
  [ "$rows" -eq 0 ] || echo "$table: $rows rows"
done
