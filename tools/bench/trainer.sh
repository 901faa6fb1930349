#!/usr/bin/env bash
# Trains the chapter's classifier on the real reviews with opah and with PyTorch, side by
# side, and prints a table of speeds.
#
#   tools/bench/trainer.sh [options of trainer.py]
#
# PyTorch comes into the virtual environment BENCH_VENV (.venv-bench), apart from the
# tests'. The reviews are in OPAH_TEST_DATA (../shared/data); see examples/imdb.
set -euo pipefail
cd "$(dirname "$0")/../.."
venv="${BENCH_VENV:-.venv-bench}"
if ! "$venv/bin/python" -c 'import torch, numpy' 2>/dev/null; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet torch==2.15.0 numpy
fi
cargo build --release --quiet -p opah-train --example train_speed
exec "$venv/bin/python" tools/bench/trainer.py "$@"
