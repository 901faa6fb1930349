#!/usr/bin/env bash
# Installs what the tests need and runs every test: formatting, lints, unit,
# integration and documentation tests.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! cargo nextest --version >/dev/null 2>&1; then
  cargo install --locked cargo-nextest
fi

venv=${OPAH_TEST_VENV:-$PWD/.venv}
if ! "$venv/bin/python" -c 'import optuna, sklearn; assert optuna.__version__.startswith("5.")' >/dev/null 2>&1; then
  python3 -m venv "$venv"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r tools/requirements.txt
fi
# A browser for the pages of plots; without one, that test says that it is skipped, and
# fails in continuous integration.
if ! command -v chromium >/dev/null && command -v apt-get >/dev/null; then
  as_root=$([ "$(id -u)" = 0 ] || echo sudo)
  { $as_root apt-get update -qq &&
    $as_root apt-get install -y -qq --no-install-recommends chromium >/dev/null; } ||
    echo "Chromium could not be installed" >&2
fi
export OPAH_TEST_PYTHON="$venv/bin/python"

cargo fmt --all --check
cargo clippy --workspace --all-targets --quiet -- -D warnings
cargo test --workspace --doc --quiet
cargo nextest run --workspace --no-fail-fast
