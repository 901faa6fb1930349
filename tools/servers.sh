#!/usr/bin/env bash
# Runs a command with private database servers, whose URLs it finds in the environment, and
# stops them afterwards:
#
#     ./tools/servers.sh cargo nextest run -p opah --features postgres,mysql,redis
#
# OPAH_TEST_POSTGRES, OPAH_TEST_MYSQL and OPAH_TEST_REDIS are kept as they are if they are set.
# Servers that are not installed are left out, which the tests say.
#
# Flushes to the disk cost time and prove nothing in tests; with OPAH_SERVERS_DURABLE=1 there
# are some, for measurements. OPAH_SERVERS_CONNECTIONS is how many connections each server
# takes (200).
set -euo pipefail

connections=${OPAH_SERVERS_CONNECTIONS:-200}
if [ "${OPAH_SERVERS_DURABLE:-0}" = 1 ]; then
  postgres_fsync=on
  mariadb_flush=1
else
  postgres_fsync=off
  mariadb_flush=0
fi

folder=$(mktemp -d "${TMPDIR:-/tmp}/opah-servers.XXXXXX")
started=()

stop() {
  for pid in "${started[@]}"; do
    kill "$pid" 2>/dev/null || true
  done
  for pid in "${started[@]}"; do
    wait "$pid" 2>/dev/null || true
  done
  rm -rf "$folder"
}
trap stop EXIT
trap 'exit 130' INT TERM

free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# The servers refuse to run as root; then they run as a user of Debian's packages.
as_user() {
  local user=$1
  shift
  if [ "$(id -u)" = 0 ]; then
    exec setpriv --reuid "$user" --regid "$user" --clear-groups -- "$@"
  fi
  exec "$@"
}

# Waits until a command succeeds, for half a minute.
until_ready() {
  for _ in $(seq 300); do
    "$@" >/dev/null 2>&1 && return
    sleep 0.1
  done
  return 1
}

start_postgres() {
  local programs port data=$folder/postgres
  programs=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1)
  [ -x "${programs:-/none}/initdb" ] || return 0
  port=$(free_port)
  mkdir "$data"
  if [ "$(id -u)" = 0 ]; then
    chmod 711 "$folder"
    chown postgres "$data"
  fi
  (cd / && as_user postgres "$programs/initdb" -D "$data" -U opah -E UTF8 --locale=C \
    --auth=trust --no-sync) >"$folder/postgres.log" 2>&1
  (cd / && as_user postgres "$programs/postgres" -D "$data" -p "$port" \
    -c fsync="$postgres_fsync" -c listen_addresses=127.0.0.1 -c unix_socket_directories= \
    -c max_connections="$connections") \
    >>"$folder/postgres.log" 2>&1 &
  started+=($!)
  if ! until_ready "$programs/pg_isready" -h 127.0.0.1 -p "$port"; then
    cat "$folder/postgres.log" >&2
    return 1
  fi
  export OPAH_TEST_POSTGRES=postgresql://opah@127.0.0.1:$port/postgres
}

start_mariadb() {
  local port data=$folder/mariadb
  command -v mariadbd >/dev/null && command -v mariadb-install-db >/dev/null || return 0
  port=$(free_port)
  mkdir "$data"
  if [ "$(id -u)" = 0 ]; then
    chmod 711 "$folder"
    chown mysql "$data"
  fi
  (cd / && as_user mysql mariadb-install-db --no-defaults --datadir="$data" \
    --auth-root-authentication-method=normal --skip-test-db) >"$folder/mariadb.log" 2>&1
  (cd / && as_user mysql mariadbd --no-defaults --datadir="$data" --port="$port" \
    --bind-address=127.0.0.1 --socket="$data/socket" --pid-file="$data/pid" \
    --innodb-flush-log-at-trx-commit="$mariadb_flush" --max-connections="$connections") \
    >>"$folder/mariadb.log" 2>&1 &
  started+=($!)
  if ! until_ready mariadb --no-defaults -h 127.0.0.1 -P "$port" -u root -e \
    "CREATE USER IF NOT EXISTS opah@'%' IDENTIFIED BY 'opah'; GRANT ALL ON *.* TO opah@'%'"; then
    cat "$folder/mariadb.log" >&2
    return 1
  fi
  export OPAH_TEST_MYSQL=mysql://opah:opah@127.0.0.1:$port/mysql
}

start_redis() {
  local port
  command -v redis-server >/dev/null || return 0
  port=$(free_port)
  redis-server --port "$port" --bind 127.0.0.1 --dir "$folder" --save '' --appendonly no \
    >"$folder/redis.log" 2>&1 &
  started+=($!)
  if ! until_ready redis-cli -h 127.0.0.1 -p "$port" ping; then
    cat "$folder/redis.log" >&2
    return 1
  fi
  export OPAH_TEST_REDIS=redis://127.0.0.1:$port/0
}

[ -n "${OPAH_TEST_POSTGRES:-}" ] || start_postgres
[ -n "${OPAH_TEST_MYSQL:-}" ] || start_mariadb
[ -n "${OPAH_TEST_REDIS:-}" ] || start_redis
"$@"
