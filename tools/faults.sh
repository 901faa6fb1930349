#!/usr/bin/env bash
# Runs the fault tests with many rounds and writes their results as the table of
# docs/results/reliability.md. Give the number of rounds (250 if not given).
#
#   ./tools/faults.sh 250
set -euo pipefail
cd "$(dirname "$0")/.."

export OPAH_FAULT_ROUNDS=${1:-250}
page=docs/results/reliability.md
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# One at a time: the kills measure how long an ask takes.
cargo test --release --package opah --test faults -- --test-threads 1 --nocapture 2>&1 | tee "$log"

{
  sed '/^<!-- results -->$/q' "$page"
  echo
  echo "Measured on $(date -u +%Y-%m-%d), $(nproc) cores, commit $(git rev-parse --short HEAD)."
  echo
  echo "| fault | store | how often | result |"
  echo "| --- | --- | --- | --- |"
  # The name of the test may stand before a result in the same line.
  sed -n 's/^.*RESULT //p' "$log"
  sed -n 's/^.*\(SKIPPED: .*\)$/\n\1/p' "$log"
} >"$page.new"
mv "$page.new" "$page"
