#!/usr/bin/env bash
# Measures how the cost of a trial grows with trials and parameters, and draws it:
# docs/results/overhead-growth.csv and .png.
#
#   tools/bench/growth.sh [options of growth.py]
#
# Matplotlib comes into the virtual environment BENCH_VENV (.venv-bench), apart from the tests'.
set -euo pipefail
cd "$(dirname "$0")/../.."
venv="${BENCH_VENV:-.venv-bench}"
if ! "$venv/bin/python" -c 'import matplotlib' 2>/dev/null; then
    [ -x "$venv/bin/python" ] || python3 -m venv "$venv"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check matplotlib
fi
exec "$venv/bin/python" tools/bench/growth.py "$@"
