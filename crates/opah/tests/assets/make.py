"""Writes the SQLite file of one version of Optuna as SQL, what that version reads in it as
JSON, and what Optuna 5 makes of it.

    python3 -m venv old && old/bin/pip install 'optuna==2.10.1' 'sqlalchemy<2' 'numpy<2'
    old/bin/python make.py
    .venv/bin/python make.py optuna-2.10.1.sql

The first makes `optuna-2.10.1.sql` and `.json`, the second (with Optuna 5)
`optuna-2.10.1.upgraded.sql`. Optuna before 2.5 needs `sqlalchemy<1.4`, `alembic<1.8` and
`cliff<4`. Its files of before 2.4 Optuna 5 makes an error of.
"""

import json
import os
import re
import sqlite3
import sys
import tempfile

import optuna

optuna.logging.set_verbosity(optuna.logging.ERROR)


def write_sql(db, name):
    connection = sqlite3.connect(db)
    with open(name, "w", encoding="utf-8") as file:
        # SQLite reads infinity in no other spelling.
        lines = (re.sub(r"(?<=,)(-?)Inf(?=[,)])", r"\g<1>9e999", line) for line in connection.iterdump())
        file.writelines(line + "\n" for line in lines)


def is_at_least(*wanted):
    version = tuple(int(part) for part in optuna.__version__.split(".")[:2])
    return version >= wanted


def objective(trial):
    number = trial.number
    if is_at_least(3, 0):
        trial.suggest_float("u", -1, 1)
        trial.suggest_float("l", 1e-5, 1, log=True)
        trial.suggest_float("d", 0, 1, step=0.25)
    else:
        trial.suggest_uniform("u", -1, 1)
        trial.suggest_loguniform("l", 1e-5, 1)
        trial.suggest_discrete_uniform("d", 0, 1, 0.25)
    trial.suggest_int("i", 0, 10)
    if is_at_least(1, 4):
        trial.suggest_int("s", 0, 10, step=5)
        trial.suggest_int("g", 1, 100, log=True)
    trial.suggest_categorical("c", [None, True, 2, 2.5, "\u00e9"])
    trial.set_user_attr("k", {"a": [1, None, "\u00e9"]})
    trial.report(0.5, 0)
    trial.report(float("inf"), 2)
    if is_at_least(3, 0):
        trial.report(float("nan"), 3)
    if number == 1:
        raise optuna.exceptions.TrialPruned() if is_at_least(2, 0) else optuna.structs.TrialPruned()
    if number == 2:
        raise ValueError("planned")
    if number == 3:
        return float("inf") if is_at_least(2, 0) else 1e30
    return number / 4


def make(url):
    sampler = optuna.samplers.RandomSampler(seed=1)
    study = optuna.create_study(
        storage=url, study_name="first", direction="maximize", sampler=sampler
    )
    study.set_user_attr("note", "h\u00e9llo")
    try:
        study.optimize(objective, n_trials=5, catch=(ValueError,))
    except TypeError:
        study.optimize(objective, n_trials=5)
    if hasattr(study, "enqueue_trial"):
        study.enqueue_trial({"u": 0.5})
    other = optuna.create_study(storage=url, study_name="second", sampler=sampler)
    other.optimize(lambda trial: trial.number - 0.5, n_trials=2)
    if is_at_least(2, 4):
        directions = ["minimize", "maximize"]
        both = optuna.create_study(
            storage=url, study_name="both", directions=directions, sampler=sampler
        )
        both.optimize(lambda trial: (0.5, trial.number), n_trials=2)


def contents(url):
    """What is read in the studies."""
    found = []
    for name in ["first", "second", "both"] if is_at_least(2, 4) else ["first", "second"]:
        study = optuna.load_study(study_name=name, storage=url)
        for trial in study.trials:
            values = trial.values if is_at_least(2, 4) else None if trial.value is None else [trial.value]
            reports = sorted(trial.intermediate_values.items())
            attrs = [trial.user_attrs, study.user_attrs]
            found.append([name, trial.number, trial.state.name, values, trial.params, reports, attrs])
    return found


def upgrade(url):
    optuna.storages.RDBStorage(url, skip_compatibility_check=True).upgrade()


with tempfile.TemporaryDirectory() as folder:
    db = os.path.join(folder, "trial.db")
    if len(sys.argv) > 1:
        old = sys.argv[1]
        with open(old, encoding="utf-8") as file:
            sqlite3.connect(db).executescript(file.read())
        upgrade("sqlite:///" + db)
        write_sql(db, old.replace(".sql", ".upgraded.sql"))
    else:
        make("sqlite:///" + db)
        name = "optuna-{}".format(optuna.__version__)
        write_sql(db, name + ".sql")
        with open(name + ".json", "w", encoding="utf-8") as file:
            file.write("[\n" + ",\n".join(map(json.dumps, contents("sqlite:///" + db))) + "\n]\n")
