#!/bin/sh
# Tunes train.py, which knows nothing of opah: 30 trials, two at a time, bad ones stopped early.
# More flags may follow, for example `-s DIR`.
set -eu
folder=$(cd "$(dirname "$0")" && pwd)
python=${PYTHON:-python3}

exec "${OPAH:-opah}" tune --n-trials 30 --jobs 2 --study-name line \
  --param 'lr=float(0.001, 1, log)' \
  --param 'method=cat(plain, momentum)' \
  --param 'momentum=float(0, 0.99) if method == "momentum"' \
  --metric-regex 'step (?P<step>\d+) loss (?P<value>\S+)' --metrics loss \
  "$@" \
  -- "$python" "$folder/train.py" --lr {lr} --method {method} --momentum {momentum}
