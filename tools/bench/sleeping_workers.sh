#!/usr/bin/env bash
# Lets a thousand workers sleep on one PostgreSQL study, and prints the table of
# docs/design/scale.md.
#
#   tools/bench/sleeping_workers.sh [options of sleeping_workers.py]
#
# Needs the virtual environment of storage.sh; it is made here in the same way.
set -euo pipefail
cd "$(dirname "$0")/../.."
venv="${BENCH_VENV:-.venv-bench}"
if ! "$venv/bin/python" -c 'import optuna, psycopg2, pymysql' 2>/dev/null; then
    [ -x "$venv/bin/python" ] || python3 -m venv "$venv"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r tools/requirements.txt
fi
export OPAH_SERVERS_DURABLE=1 OPAH_SERVERS_CONNECTIONS="${OPAH_SERVERS_CONNECTIONS:-1100}"
exec tools/servers.sh "$venv/bin/python" tools/bench/sleeping_workers.py "$@"
