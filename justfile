# List the verbs
default:
    @just --list

# Compile and lint everything
check:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- -D warnings

# Run the tests, with the real Optuna where .venv has it
test:
    OPAH_TEST_PYTHON="${OPAH_TEST_PYTHON:-$PWD/.venv/bin/python}" ./tools/servers.sh cargo nextest run --workspace --no-fail-fast

# Accept the generated files as they are now, after a look at the difference
bless:
    INSTA_UPDATE=always cargo nextest run --workspace

# Measure what opah costs, beside Optuna (docs/results/overhead.md)
bench *options:
    ./tools/bench/overhead.sh {{options}}

# Measure what trials cost in each storage, beside Optuna (docs/results/storage.md)
bench-storage *options:
    ./tools/bench/storage.sh {{options}}

# Open the library's documentation
docs:
    cargo doc --workspace --no-deps --open

# What continuous integration runs
ci:
    ./tools/test.sh
