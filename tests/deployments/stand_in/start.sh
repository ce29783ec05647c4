# What the real image's start does of what compose.yaml asks for: a database and its owner, once.
set -e
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  printf '%s' "$POSTGRES_PASSWORD" > /tmp/password
  initdb --username "$POSTGRES_USER" --pwfile /tmp/password --auth-host scram-sha-256 --auth-local trust > /dev/null
  rm /tmp/password
  echo "host all all all scram-sha-256" >> "$PGDATA/pg_hba.conf"
  pg_ctl --silent --wait --options "-c listen_addresses=" start > /dev/null
  createdb --username "$POSTGRES_USER" "$POSTGRES_DB"
  pg_ctl --silent --wait stop
fi
exec postgres -c "listen_addresses=*"
