"""What Optuna and Rustuna do where opah's benchmark `storage` does the same.

    storage_worker.py PROGRAM create URL STUDY
    storage_worker.py PROGRAM run URL STUDY SECONDS SEED
    storage_worker.py PROGRAM open URL STUDY N

Each prints a line of JSON, in the form of opah's.
"""

import json
import sys
import time
import warnings
from collections import Counter
from pathlib import Path

from databases import python_url


class Optuna:
    def __init__(self, url):
        import optuna

        warnings.filterwarnings("ignore")
        optuna.logging.set_verbosity(optuna.logging.CRITICAL)
        self.module = optuna
        if url.startswith("journal:///"):
            backend = optuna.storages.journal.JournalFileBackend(url.removeprefix("journal:///"))
            self.storage = optuna.storages.JournalStorage(backend)
        else:
            self.storage = optuna.storages.get_storage(python_url(url))

    def create(self, name):
        self.module.create_study(storage=self.storage, study_name=name)

    def study(self, name, seed=0):
        sampler = self.module.samplers.RandomSampler(seed=seed)
        return self.module.load_study(storage=self.storage, study_name=name, sampler=sampler)

    def trials(self, study):
        return study.get_trials(deepcopy=False)

    def tell(self, study, trial, value):
        study.tell(trial, value)


class Rustuna:
    def __init__(self, url):
        import rustuna

        self.module = rustuna
        kind, path = url.split(":///", 1)
        storages = rustuna.storages
        kinds = {"sqlite": storages.SQLite3Storage, "journal": storages.JournalFileStorage}
        self.storage = kinds[kind](path)

    def create(self, name):
        self.module.create_study(storage=self.storage, study_name=name)

    def study(self, name, seed=0):
        sampler = self.module.samplers.RandomSampler(seed=seed)
        return self.module.load_study(storage=self.storage, study_name=name, sampler=sampler)

    def trials(self, study):
        return study.get_trials()

    def tell(self, study, trial, value):
        study.tell(trial.number, value)


PROGRAMS = {"optuna": Optuna, "rustuna": Rustuna}


def ask(study):
    """As `ask` of opah's benchmark."""
    trial = study.ask()
    a = trial.suggest_float("a", -5.0, 5.0)
    b = trial.suggest_float("b", 1e-5, 1.0, log=True)
    c = trial.suggest_float("c", 0.0, 1.0)
    d = trial.suggest_int("d", 1, 64)
    e = trial.suggest_categorical("e", ["x", "y", "z"])
    return trial, a * a + b + (c - 0.3) ** 2 + d / 64 + (0.0 if e == "x" else 1.0)


def run(program, name, seconds, seed):
    study = program.study(name, seed)
    trial, value = ask(study)
    program.tell(study, trial, value)
    print("ready", flush=True)
    sys.stdin.readline()
    asks, tells, errors = [], [], Counter()
    begin, processor = time.perf_counter(), time.process_time()
    while time.perf_counter() - begin < seconds:
        try:
            asked = time.perf_counter()
            trial, value = ask(study)
            asks.append(time.perf_counter() - asked)
            told = time.perf_counter()
            program.tell(study, trial, value)
            tells.append(time.perf_counter() - told)
        except Exception as error:  # noqa: BLE001, whatever a store throws is counted
            errors[f"{type(error).__name__}: {error}".splitlines()[0][:100]] += 1
    return {
        "trials": len(tells),
        "seconds": time.perf_counter() - begin,
        "cpu": time.process_time() - processor,
        "asks": asks,
        "tells": tells,
        "errors": errors,
    }


def resident_bytes():
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return float(line.split()[1]) * 1024
    raise RuntimeError("the kernel does not tell how much memory is resident")


def open_study(kind, url, name, n):
    """The first opening counts as well, if there are to be no more."""
    seconds = []
    program = kind(url)
    before = resident_bytes()
    kept = None
    for _ in range(n):
        begin = time.perf_counter()
        program = kind(url)
        study = program.study(name)
        trials = program.trials(study)
        seconds.append(time.perf_counter() - begin)
        if kept is None:
            bytes_a_trial = (resident_bytes() - before) / len(trials)
            kept = study, trials
    return {"seconds": seconds, "bytes": bytes_a_trial}


def main():
    kind, what, url, study, *rest = sys.argv[1:]
    kind = PROGRAMS[kind]
    if what == "create":
        kind(url).create(study)
        answer = {}
    elif what == "run":
        answer = run(kind(url), study, float(rest[0]), int(rest[1]))
    else:
        answer = open_study(kind, url, study, int(rest[0]))
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
