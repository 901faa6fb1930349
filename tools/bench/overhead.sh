#!/usr/bin/env bash
# Measures what opah and the real Optuna cost beside the objective, side by side, and prints
# the table of docs/results/overhead.md.
#
#   tools/bench/overhead.sh [options of overhead.py]
#
# Optuna comes into the virtual environment BENCH_VENV (.venv-bench), apart from the tests',
# with the package that its CMA-ES needs.
set -euo pipefail
cd "$(dirname "$0")/../.."
venv="${BENCH_VENV:-.venv-bench}"
if ! "$venv/bin/python" -c 'import cmaes, optuna, scipy, sklearn' 2>/dev/null; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet -r tools/requirements.txt cmaes==0.13.1
fi
exec "$venv/bin/python" tools/bench/overhead.py "$@"
