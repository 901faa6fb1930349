#!/usr/bin/env bash
# Measures what trials cost in the storages of opah, Optuna and Rustuna, side by side, and
# prints the table of docs/results/storage.md.
#
#   tools/bench/storage.sh [options of storage.py]
#
# Optuna, Rustuna and the drivers come into the virtual environment BENCH_VENV (.venv-bench),
# apart from the tests'. Servers are started by tools/servers.sh, which flush to the disk.
set -euo pipefail
cd "$(dirname "$0")/../.."
venv="${BENCH_VENV:-.venv-bench}"
if ! "$venv/bin/python" -c 'import optuna, psycopg2, pymysql' 2>/dev/null; then
    [ -x "$venv/bin/python" ] || python3 -m venv "$venv"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r tools/requirements.txt
fi
# Without Rustuna its column says that it failed.
"$venv/bin/python" -c 'import rustuna' 2>/dev/null ||
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check rustuna==0.2.0 ||
    echo "Rustuna could not be installed" >&2
export OPAH_SERVERS_DURABLE=1
exec tools/servers.sh "$venv/bin/python" tools/bench/storage.py "$@"
