"""Compares what opah and the real Optuna cost beside the objective, case by case.

Started by overhead.sh. Both are measured on the same case one after the
other, each case in processes of its own, on one thread, in processor time, so that other
work on the machine matters little. Cases whose Optuna takes longer than `--limit` seconds
are stopped, and their factor is left open.
"""

import argparse
import json
import math
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections import namedtuple
from pathlib import Path

import served

ROOT = Path(__file__).resolve().parents[2]
ONE_THREAD = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}

# Goals are in seconds of processor time, or bytes.
Row = namedtuple("Row", "id case goal")
ROWS = [
    Row("O1", "random 1000x10", 2e-6),
    Row("O1", "qmc 1000x10", 2e-6),
    Row("O2", "serve random 10000x10", 30e-6),
    Row("O3", "tpe 1000x10", 0.15e-3),
    Row("O4", "tpe 10000x30", 2e-3),
    Row("O4", "tpe 100000x5", 1e-3),
    Row("O5", "tpe 10000x100", 6e-3),
    Row("O6", "tpe-univariate 10000x30", 0.5e-3),
    Row("O7", "tpe-two-objectives 10000x30", 5e-3),
    Row("O8", "cmaes 1000x10", 10e-6),
    Row("O9", "nsga2 1000x10", 5e-6),
    Row("O10", "gp 100x10", 2.5e-3),
    Row("O11", "gp 200x10", 5e-3),
    Row("O12", "gp 500x10", 20e-3),
    Row("O13", "gp-mixed 200x10", 6e-3),
    Row("O14", "gp-two-objectives 100x10", 8e-3),
    Row("O15", "auto 10000x30", 25e-3),
    Row("O16", "gp-batch 200x10", 12e-3),
    Row("O17", "fanova 1000x10", 50e-3),
    Row("O18", "fanova 10000x30", 1.5),
    Row("O19", "mean_decrease_impurity 1000x10", None),
    Row("O19", "mean_decrease_impurity 10000x30", 0.6),
    Row("O20", "ped_anova 1000x10", None),
    Row("O20", "ped_anova 10000x30", 10e-3),
    Row("O21", "hypervolume 1000x2", None),
    Row("O21", "hypervolume 1000x3", 0.3e-3),
    Row("O22", "hypervolume 1000x4", 10e-3),
    Row("O23", "ranks 10000x2", None),
    Row("O23", "ranks 10000x3", 8e-3),
    Row("O23", "ranks 10000x4", None),
    Row("O24", "median 1000x100", 1e-6),
    Row("O24", "percentile 1000x100", None),
    Row("O24", "threshold 1000x100", None),
    Row("O24", "patient 1000x100", None),
    Row("O25", "wilcoxon 1000x100", 20e-6),
    Row("O26", "hyperband 1000x100", 1e-6),
    Row("O26", "successive_halving 1000x100", 1e-6),
    Row("O27", "--help", 2e-3),
    Row("O27", "trials of 100", 6e-3),
    Row("O28", "memory 10000x10", 1000),
    Row("O28", "memory 10000x30", 800),
    Row("O29", "memory of serve gp 500x10", 20e6),
]
COMMANDS = ("--help", "trials of 100")


def distances(point, n_objectives):
    return [sum((x - center) ** 2 for x in point) for center in (0.3, 0.7)[:n_objectives]]


def finished_trials(n_trials, n_params, results):
    """Trials at random points; `results` gives a point's values and reports."""
    import numpy
    from optuna.distributions import FloatDistribution
    from optuna.trial import create_trial

    generator = numpy.random.default_rng(0)
    names = [f"x{at}" for at in range(n_params)]
    distributions = {name: FloatDistribution(0.0, 1.0) for name in names}
    trials = []
    for _ in range(n_trials):
        point = generator.random(n_params).tolist()
        values, reports = results(point, generator)
        params = dict(zip(names, point))
        trials.append(
            create_trial(
                params=params,
                distributions=distributions,
                values=values,
                intermediate_values=reports,
            )
        )
    return trials


def run_trial(study, n_params, n_objectives):
    trial = study.ask()
    point = [trial.suggest_float(f"x{at}", 0.0, 1.0) for at in range(n_params)]
    study.tell(trial, distances(point, n_objectives))


def run_mixed_trial(study, n_params):
    """Parameters of all kinds, as in `Space::Mixed` of opah's benchmark."""
    trial = study.ask()
    shares = []
    for at in range(n_params):
        name = f"x{at}"
        if at + 1 == n_params and at > 3 and shares[3] >= 0.25:
            break
        if at % 4 == 0:
            shares.append(trial.suggest_float(name, 0.0, 1.0))
        elif at % 4 == 1:
            lr = trial.suggest_float(name, 1e-5, 1.0, log=True)
            shares.append(1.0 + math.log10(lr) / 5.0)
        elif at % 4 == 2:
            shares.append((trial.suggest_int(name, 1, 32) - 0.5) / 32.0)
        else:
            shares.append((trial.suggest_categorical(name, list(range(4))) + 0.5) / 4.0)
    study.tell(trial, distances(shares, 1))


def median_seconds(call, n_calls=5, enough=5.0):
    """The median over some calls, fewer if they take longer than `enough` seconds."""
    spent = []
    while len(spent) < n_calls and sum(spent) < enough:
        begin = time.process_time()
        call()
        spent.append(time.process_time() - begin)
    return statistics.median(spent)


def a_mixed_trial(n_trials, n_params):
    import optuna

    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    for _ in range(n_trials):
        run_mixed_trial(study, n_params)
    study.sampler = optuna.samplers.GPSampler(seed=1)
    return median_seconds(lambda: run_mixed_trial(study, n_params))


def a_batch(n_trials, n_params):
    """Ten asks with their suggestions, before any is told."""
    import optuna

    def call():
        study = optuna.create_study(sampler=optuna.samplers.GPSampler(seed=1))
        study.add_trials(finished)
        run_trial(study, n_params, 1)
        begin = time.process_time()
        for _ in range(10):
            trial = study.ask()
            for at in range(n_params):
                trial.suggest_float(f"x{at}", 0.0, 1.0)
        return time.process_time() - begin

    finished = finished_trials(n_trials, n_params, lambda point, _: (distances(point, 1), {}))
    return statistics.median(call() for _ in range(3))


def a_trial(what, n_trials, n_params):
    import optuna

    samplers = optuna.samplers
    sampler, n_objectives, n_own = {
        "random": (lambda: samplers.RandomSampler(seed=1), 1, 0),
        "qmc": (lambda: samplers.QMCSampler(seed=1, scramble=True), 1, 0),
        "tpe": (lambda: samplers.TPESampler(seed=1), 1, 0),
        "tpe-univariate": (lambda: samplers.TPESampler(seed=1, multivariate=False), 1, 0),
        "tpe-two-objectives": (lambda: samplers.TPESampler(seed=1), 2, 0),
        "gp": (lambda: samplers.GPSampler(seed=1), 1, 0),
        "gp-two-objectives": (lambda: samplers.GPSampler(seed=1), 2, 0),
        # What Optuna takes when nothing is chosen.
        "auto": (lambda: samplers.TPESampler(seed=1), 1, 0),
        "cmaes": (lambda: samplers.CmaEsSampler(seed=1), 1, 200),
        "nsga2": (lambda: samplers.NSGAIISampler(seed=1), 2, 200),
    }[what]
    study = optuna.create_study(sampler=sampler(), directions=["minimize"] * n_objectives)
    study.add_trials(
        finished_trials(
            n_trials - n_own, n_params, lambda point, _: (distances(point, n_objectives), {})
        )
    )
    for _ in range(n_own + 1):
        run_trial(study, n_params, n_objectives)
    windows = []
    while len(windows) < 3:
        begin, n_timed = time.process_time(), 0
        # At most 50, as for opah; fewer if they are slow.
        while n_timed < 50 and (n_timed == 0 or time.process_time() - begin < 4):
            run_trial(study, n_params, n_objectives)
            n_timed += 1
        windows.append((time.process_time() - begin) / n_timed)
    return statistics.median(windows)


def all_importances(what, n_trials, n_params):
    import optuna

    def results(point, generator):
        terms = sum((x - 0.3) ** 2 / (at + 1) for at, x in enumerate(point))
        interaction = 0.5 * point[0] * point[1]
        return [terms + interaction + 0.01 * generator.standard_normal()], {}

    study = optuna.create_study()
    study.add_trials(finished_trials(n_trials, n_params, results))
    importance = optuna.importance
    evaluator = {
        "fanova": lambda: importance.FanovaImportanceEvaluator(seed=0),
        "mean_decrease_impurity": lambda: importance.MeanDecreaseImpurityImportanceEvaluator(seed=0),
        "ped_anova": importance.PedAnovaImportanceEvaluator,
    }[what]

    def call():
        importance.get_param_importances(study, evaluator=evaluator())

    return median_seconds(call)


def hypervolume(n_points, n_objectives):
    import numpy
    from optuna._hypervolume import compute_hypervolume

    points = numpy.abs(numpy.random.default_rng(0).standard_normal((n_points, n_objectives)))
    points = 1.0 - points / numpy.linalg.norm(points, axis=1, keepdims=True)
    reference = numpy.full(n_objectives, 1.1)
    return median_seconds(lambda: compute_hypervolume(points, reference))


def ranks(n_points, n_objectives):
    import numpy
    from optuna.study._multi_objective import _fast_non_domination_rank

    points = numpy.random.default_rng(0).random((n_points, n_objectives))
    return median_seconds(lambda: _fast_non_domination_rank(points))


def a_report(what, n_trials, n_steps):
    import numpy
    import optuna

    pruners = optuna.pruners
    pruner = {
        "median": pruners.MedianPruner,
        "percentile": lambda: pruners.PercentilePruner(25.0),
        "threshold": lambda: pruners.ThresholdPruner(upper=1e9),
        "patient": lambda: pruners.PatientPruner(pruners.MedianPruner(), patience=2),
        "wilcoxon": pruners.WilcoxonPruner,
        "hyperband": lambda: pruners.HyperbandPruner(max_resource=n_steps),
        "successive_halving": pruners.SuccessiveHalvingPruner,
    }[what]()
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0), pruner=pruner)

    def report(quality, step, generator):
        return float(quality + 1 / (step + 1) + 0.05 * generator.standard_normal())

    steps = range(1, n_steps + 1)
    if what in ("hyperband", "successive_halving"):
        # What they remember comes only from decisions.
        generator = numpy.random.default_rng(0)
        for _ in range(n_trials):
            trial = study.ask()
            quality, state = trial.suggest_float("x0", 0.0, 1.0), None
            for step in steps:
                trial.report(report(quality, step, generator), step)
                if trial.should_prune():
                    state = optuna.trial.TrialState.PRUNED
                    break
            study.tell(trial, None if state else quality, state=state)
    else:
        study.add_trials(
            finished_trials(
                n_trials,
                1,
                lambda point, generator: (
                    point,
                    {step: report(point[0], step, generator) for step in steps},
                ),
            )
        )
    windows = []
    for _ in range(3):
        trial = study.ask()
        trial.suggest_float("x0", 0.0, 1.0)
        begin = time.process_time()
        for step in steps:
            trial.report(1e-9 / step, step)
            trial.should_prune()
        windows.append((time.process_time() - begin) / n_steps)
        study.tell(trial, 1e-9)
    return statistics.median(windows)


def resident_bytes():
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return float(line.split()[1]) * 1024
    raise RuntimeError("the kernel does not tell how much memory is resident")


def memory_of_a_trial(n_trials, n_params):
    import optuna

    def run(n):
        study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
        for _ in range(n):
            run_trial(study, n_params, 1)
        return study

    run(10)
    before = resident_bytes()
    study = run(n_trials)
    return (resident_bytes() - before) / len(study.get_trials(deepcopy=False))


def measure_optuna(case):
    """In a process of its own: seconds of processor time, or bytes."""
    import warnings

    import optuna

    warnings.filterwarnings("ignore")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    what, sizes = case.split(" ")
    n, width = (int(size) for size in sizes.split("x"))
    if what == "memory":
        return memory_of_a_trial(n, width)
    if what == "hypervolume":
        return hypervolume(n, width)
    if what == "ranks":
        return ranks(n, width)
    if what in ("fanova", "mean_decrease_impurity", "ped_anova"):
        return all_importances(what, n, width)
    if what == "gp-mixed":
        return a_mixed_trial(n, width)
    if what == "gp-batch":
        return a_batch(n, width)
    if any(what == row.case.split(" ")[0] for row in ROWS if row.id in ("O24", "O25", "O26")):
        return a_report(what, n, width)
    return a_trial(what, n, width)


def optuna_cost(case, limit):
    """What Optuna costs; a text if that is not known."""
    command = [sys.executable, __file__, "--worker", case]
    environment = {**os.environ, **ONE_THREAD}
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=limit, env=environment
        )
    except subprocess.TimeoutExpired:
        return f"not done in {limit:g} s"
    if done.returncode != 0:
        print(f"{case}: {done.stderr.splitlines()[-1:]}", file=sys.stderr)
        return "failed"
    return json.loads(done.stdout.splitlines()[-1])


def opah_cost(bench, case, limit=None):
    """What opah costs; a text if it refuses. TimeoutExpired after `limit` seconds."""
    output = subprocess.run(
        [bench, case], check=True, stdout=subprocess.PIPE, text=True, timeout=limit
    ).stdout
    line = json.loads(output.splitlines()[-1])
    if "absent" in line:
        print(f"{case}: {line['absent']}", file=sys.stderr)
        return "not there yet"
    return line.get("seconds", line.get("bytes"))


def create_database(url):
    """A study of 100 trials with 10 parameters each, written by Optuna."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(storage=url, study_name="s")
    study.add_trials(finished_trials(100, 10, lambda point, _: (distances(point, 1), {})))


def command_cost(command, n_runs):
    """The median processor time of a whole process."""
    spent = []
    for _ in range(n_runs):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return statistics.median(spent)


def command_costs(case, opah, url):
    arguments = {
        "--help": ["--help"],
        "trials of 100": ["trials", "--study-name", "s", "--storage", url],
    }[case]
    # Beside the interpreter; the path is not resolved, which would leave the environment.
    optuna = Path(sys.executable).parent / "optuna"
    return command_cost([optuna, *arguments], 3), command_cost([opah, *arguments], 21)


def built(arguments, name):
    """The executable that cargo builds with these arguments."""
    command = ["cargo", *arguments, "--message-format=json"]
    messages = subprocess.run(
        command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True
    ).stdout
    for message in map(json.loads, messages.splitlines()):
        if message.get("executable") and message["target"]["name"] == name:
            return message["executable"]
    raise RuntimeError(f"cargo built no executable of `{name}`")


def amount(row, value):
    """With three digits and a unit."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if row.case.startswith("memory"):
        return f"{value / 1e6:.3g} MB" if value >= 1e6 else f"{value:,.0f} B"
    for factor, unit in ((1, "s"), (1e3, "ms"), (1e6, "µs")):
        if value * factor >= 1:
            break
    return f"{value * factor:.3g} {unit}" if value * factor < 1000 else f"{value:,.0f} s"


def table_line(row, optuna, opah):
    is_known = not isinstance(opah, str)
    factor = ""
    if is_known and opah > 0 and isinstance(optuna, float):
        times = optuna / opah
        factor = f"{times:,.0f}" if times >= 10 else f"{times:.1f}"
    reached = "" if row.goal is None else "yes" if is_known and opah <= row.goal else "no"
    amounts = [amount(row, value) for value in (optuna, opah)]
    case = f"`{row.case}`"
    return "| " + " | ".join([row.id, case, *amounts, factor, amount(row, row.goal), reached]) + " |"


def compare(arguments):
    bench = built(["bench", "-p", "opah", "--bench", "overhead", "--no-run"], "overhead")
    opah = built(["build", "--release", "-p", "opah-cli", "--bin", "opah"], "opah")
    wanted = arguments.only
    rows = [row for row in ROWS if not wanted or row.id in wanted or row.case in wanted]
    print("| goal | case | Optuna | opah | times | at most | reached |")
    print("| --- | --- | ---: | ---: | ---: | ---: | --- |", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/study.db"
        if any(row.case in COMMANDS for row in rows):
            create_database(url)
        for row in rows:
            if row.case in COMMANDS:
                costs = command_costs(row.case, opah, url)
            elif "serve " in row.case:
                # Optuna has no server.
                costs = None, served.cost(row.case, opah)
            else:
                ours = opah_cost(bench, row.case)
                costs = optuna_cost(row.case, arguments.limit), ours
            print(table_line(row, *costs), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--limit", type=float, default=60.0, help="seconds for a case of Optuna")
    parser.add_argument("--only", nargs="*", help="ids or cases, as O3 or 'tpe 1000x10'")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        print(json.dumps(measure_optuna(arguments.worker)))
    else:
        compare(arguments)


if __name__ == "__main__":
    main()
