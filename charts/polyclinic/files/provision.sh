#!/bin/sh
# provision.sh <service>:<connection limit> … - makes each service's database and roles. Passwords are files named
# <service>_<role> in /passwords (PASSWORDS names another folder); the server is libpq's PGHOST, PGUSER, PGPASSWORD.
set -eu
here=$(dirname "$0")
passwords=${PASSWORDS:-/passwords}
until psql --quiet --no-psqlrc --dbname postgres --command 'SELECT 1' >/dev/null 2>&1; do
  echo "waiting for PostgreSQL"
  sleep 2
done
for each in "$@"; do
  service=${each%%:*}
  psql --quiet --no-psqlrc --dbname postgres \
    --set service="$service" --set connection_limit="${each##*:}" \
    --set owner_password="$(cat "$passwords/${service}_owner")" \
    --set app_password="$(cat "$passwords/${service}_app")" \
    --set worker_password="$(cat "$passwords/${service}_worker")" \
    --file "$here/provision.sql"
  echo "$service is provisioned"
done
