#!/usr/bin/env bash
# Installs what the tests need and runs every test: formatting, lints, unit,
# integration and documentation tests.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! cargo nextest --version >/dev/null 2>&1; then
  cargo install --locked cargo-nextest
fi

# Installs Debian packages; fails where there is no apt-get.
packages() {
  local as_root=
  [ "$(id -u)" = 0 ] || as_root=sudo
  command -v apt-get >/dev/null && $as_root apt-get update -qq &&
    $as_root apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

venv=${OPAH_TEST_VENV:-$PWD/.venv}
if ! "$venv/bin/python" -c 'import optuna, psycopg2, pymysql, redis, sklearn; assert optuna.__version__.startswith("5.")' >/dev/null 2>&1; then
  # Debian's Python comes without what environments are made with.
  python3 -c 'import ensurepip, venv' >/dev/null 2>&1 || packages python3 python3-venv ||
    echo "python3-venv could not be installed" >&2
  python3 -m venv "$venv"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r tools/requirements.txt
fi
# A browser for the pages of plots; without one, that test says that it is skipped, and
# fails in continuous integration.
command -v chromium >/dev/null || packages chromium ||
  echo "Chromium could not be installed" >&2
# Database servers; without them, their tests say that they are skipped, and fail in
# continuous integration.
for server in postgresql:/usr/lib/postgresql mariadb-server:/usr/sbin/mariadbd \
  redis-server:/usr/bin/redis-server; do
  [ -e "${server#*:}" ] || packages "${server%%:*}" ||
    echo "${server%%:*} could not be installed" >&2
done
export OPAH_TEST_PYTHON="$venv/bin/python"

cargo fmt --all --check
cargo clippy --workspace --all-targets --quiet -- -D warnings
cargo test --workspace --doc --quiet
./tools/servers.sh cargo nextest run --workspace --no-fail-fast
