#!/usr/bin/env python3
"""Searches through `opah serve --stdio`, with nothing but Python itself:

    python3 drive.py [path of opah]

The function has a parameter that is only there for one kind of model.
"""

import json
import subprocess
import sys


class Opah:
    """A conversation with opah: one line there, one line back."""

    def __init__(self, program="opah"):
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(
            [program, "serve", "--stdio"], stdin=pipe, stdout=pipe, encoding="utf-8"
        )
        self.call("hello", protocol=1)

    def call(self, op, **members):
        self.process.stdin.write(json.dumps({"op": op, **members}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise EOFError("opah has gone away")
        reply = json.loads(line)
        if not reply["ok"]:
            raise ValueError(reply["error"])
        return reply

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()


SPACE = [
    {"name": "kernel", "type": "categorical", "choices": ["rbf", "poly"]},
    {"name": "c", "type": "float", "low": 1e-3, "high": 1e3, "log": True},
    {"name": "degree", "type": "int", "low": 2, "high": 5, "if": {"kernel": ["poly"]}},
]


def objective(params):
    """Stands for a training: the loss for these values."""
    offset = abs(params["degree"] - 3) if params["kernel"] == "poly" else 0.5
    return abs(params["c"] - 10) / (params["c"] + 10) + offset


def main(n_trials=60):
    with Opah(*sys.argv[1:]) as opah:
        opah.call(
            "create", study="svm", seed=1, directions=["minimize"], space=SPACE, budget=n_trials
        )
        for _ in range(n_trials):
            asked = opah.call("ask", study="svm")
            loss = objective(asked["params"])
            opah.call("tell", study="svm", trial=asked["trial"], values=[loss])
        best = opah.call("best", study="svm")
        print(f"the best of {n_trials} trials is trial {best['trial']}, {best['params']}: {best['values'][0]:.4f}")


main()
