"""Compares what trials cost in the storages of Optuna, Rustuna and opah, case by case.

Started by storage.sh, which has servers run. In each case the programs are measured one after
the other, in stores of their own on the same disk or server: opah first, then the others.
"""

import argparse
import json
import os
import platform
import select
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter, namedtuple
from pathlib import Path

import databases
from overhead import ONE_THREAD, built

PROGRAMS = ("optuna", "rustuna", "opah")
STUDY = "bench"

# What is good: at most so much, so many times Optuna's, or at least a share of opah's own in
# another case.
AtMost = namedtuple("AtMost", "amount")
Times = namedtuple("Times", "factor")
Share = namedtuple("Share", "of factor")

# Seconds of processor time or of the clock, trials a second, bytes, or numbers of errors.
Row = namedtuple("Row", "id case what goal")
ROWS = [
    Row("S1", "sqlite", "processor time a trial", AtMost(0.25e-3)),
    Row("S2", "sqlite", "trials a second", Times(30)),
    Row("S3", "sqlite, 8 workers", "errors", AtMost(0)),
    Row("S3", "sqlite, 8 workers", "trials a second", Share("sqlite", 1.0)),
    Row("S3", "sqlite, 8 workers", "p99 of an ask", AtMost(0.1)),
    Row("", "journal", "processor time a trial", None),
    Row("", "journal", "trials a second", None),
    Row("", "postgresql", "processor time a trial", None),
    Row("", "postgresql", "server's processor time a trial", None),
    Row("S4", "postgresql", "trials a second", Times(5)),
    Row("S5", "postgresql, 8 workers", "trials a second", Times(20)),
    Row("", "postgresql, 8 workers", "server's processor time a trial", None),
    Row("", "postgresql, 8 workers", "p99 of an ask", None),
    Row("", "postgresql, 8 workers", "errors", AtMost(0)),
    Row("", "postgresql, after 1000", "trials a second", None),
    Row("S6", "postgresql, after 100000", "trials a second", Share("postgresql, after 1000", 0.8)),
    Row("", "mariadb", "processor time a trial", None),
    Row("", "mariadb", "server's processor time a trial", None),
    Row("", "mariadb", "trials a second", None),
    Row("", "mariadb, 8 workers", "trials a second", None),
    Row("", "mariadb, 8 workers", "errors", AtMost(0)),
    Row("S7", "open sqlite 10000x10", "time", AtMost(60e-3)),
    Row("S8", "open sqlite 10000x10", "memory a trial", AtMost(1000)),
    Row("S7", "open postgresql 10000x10", "time", AtMost(150e-3)),
    Row("S8", "open postgresql 10000x10", "memory a trial", AtMost(1000)),
    Row("S9", "opah trials, of 1000", "time", AtMost(15e-3)),
]
SERVERS = {"postgresql": "OPAH_TEST_POSTGRES", "mariadb": "OPAH_TEST_MYSQL"}


class Absent(Exception):
    """Why a program has no number in a case."""


class Bench:
    """The programs, and where they keep their studies."""

    def __init__(self, arguments, folder):
        self.seconds = arguments.seconds
        self.limit = arguments.limit
        self.folder = folder
        self.opah = self.storage_bench = None
        if "opah" in arguments.programs:
            bench = ["bench", "-p", "opah", "--bench", "storage", "--features", "postgres,mysql"]
            self.storage_bench = built([*bench, "--no-run"], "storage")
            self.opah = built(["build", "--release", "-p", "opah-cli", "--bin", "opah"], "opah")

    def command(self, program, *arguments):
        if program == "opah":
            return [self.storage_bench, *arguments]
        worker = Path(__file__).with_name("storage_worker.py")
        return [sys.executable, str(worker), program, *arguments]

    def answer(self, program, *arguments):
        """What a program prints that is run to its end."""
        command = self.command(program, *arguments)
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=self.limit)
        except subprocess.TimeoutExpired:
            raise Absent(f"not done in {self.limit:g} s") from None
        if done.returncode != 0:
            raise failure(arguments[0], done.stderr)
        return json.loads(done.stdout.splitlines()[-1])

    def store(self, store, program):
        """An empty study of the program's in an empty store."""
        server = os.environ.get(SERVERS.get(store, ""))
        if store in SERVERS and server is None:
            raise Absent("no server")
        if program == "rustuna" and store in SERVERS:
            raise Absent("")
        url = databases.fresh(store, server, self.folder, program)
        self.answer(program, "create", url, STUDY)
        return url

    def measure(self, case, program):
        """What a case's rows tell, by name."""
        if case.startswith("open "):
            _, store, sizes = case.split(" ")
            url = self.store(store, program)
            databases.fill(url, STUDY, *map(int, sizes.split("x")))
            opened = self.answer(program, "open", url, STUDY, "7" if program == "opah" else "1")
            return {"time": statistics.median(opened["seconds"]), "memory a trial": opened["bytes"]}
        if case.startswith("opah trials"):
            return {"time": self.command_time(program, int(case.split(" ")[-1]))}
        store, _, details = case.partition(", ")
        url = self.store(store, program)
        if details.startswith("after "):
            databases.fill(url, STUDY, int(details.removeprefix("after ")), 5)
        n_workers = int(details.split(" ")[0]) if details.endswith(" workers") else 1
        is_on_server = store in SERVERS
        before = databases.server_seconds(url) if is_on_server else None
        answers = self.run_together(program, url, n_workers)
        after = databases.server_seconds(url) if is_on_server else None
        measured = of_workers(answers)
        if before is not None and measured["trials"] > 0:
            # The first trial of each worker is the server's work as well.
            n_trials = measured["trials"] + n_workers
            measured["server's processor time a trial"] = (after - before) / n_trials
        return measured

    def run_together(self, program, url, n_workers):
        """What workers answer that begin at the same moment."""
        pipe = subprocess.PIPE
        workers = []
        deadline = time.monotonic() + self.limit
        try:
            for seed in range(n_workers):
                command = self.command(program, "run", url, STUDY, str(self.seconds), str(seed))
                environment = {**os.environ, **ONE_THREAD}
                worker = subprocess.Popen(
                    command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, env=environment
                )
                workers.append(worker)
            for worker in workers:
                wait_until_ready(worker, deadline, self.limit)
            for worker in workers:
                worker.stdin.write("\n")
                worker.stdin.flush()
            answers = []
            for worker in workers:
                try:
                    output, errors = worker.communicate(timeout=self.seconds + self.limit)
                except subprocess.TimeoutExpired:
                    raise Absent(f"a trial takes more than {self.limit:g} s") from None
                if worker.returncode != 0:
                    raise failure("run", errors)
                answers.append(json.loads(output.splitlines()[-1]))
            return answers
        finally:
            for worker in workers:
                if worker.poll() is None:
                    worker.kill()
                worker.communicate()

    def command_time(self, program, n_trials):
        """How long `trials` of a command line takes, the whole process, by the clock."""
        if program == "rustuna":
            raise Absent("")
        url = self.store("sqlite", program)
        databases.fill(url, STUDY, n_trials, 5)
        # Beside the interpreter; the path is not resolved, which would leave the environment.
        binary = self.opah if program == "opah" else str(Path(sys.executable).parent / "optuna")
        command = [binary, "trials", "--study-name", STUDY, "--storage", url]
        spent = []
        for _ in range(21 if program == "opah" else 3):
            begin = time.perf_counter()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            spent.append(time.perf_counter() - begin)
        return statistics.median(spent)


def failure(what, errors):
    """The reason of a program that ended with an error, which is shown in full."""
    print(errors, file=sys.stderr)
    return Absent(f"`{what}` failed")


def wait_until_ready(worker, deadline, limit):
    left = max(deadline - time.monotonic(), 0)
    if not select.select([worker.stdout], [], [], left)[0]:
        raise Absent(f"not ready in {limit:g} s")
    if worker.stdout.readline() != "ready\n":
        raise failure("run", worker.stderr.read())


def of_workers(answers):
    """What workers that ran side by side went through together."""
    n_trials = sum(answer["trials"] for answer in answers)
    errors = Counter()
    for answer in answers:
        errors.update(answer["errors"])
    for text, count in errors.items():
        print(f"{count} times: {text}", file=sys.stderr)
    asks = sorted(ask for answer in answers for ask in answer["asks"])
    measured = {"trials": n_trials, "errors": sum(errors.values())}
    if n_trials > 0:
        measured["processor time a trial"] = sum(answer["cpu"] for answer in answers) / n_trials
        measured["trials a second"] = n_trials / max(answer["seconds"] for answer in answers)
    if asks:
        measured["p99 of an ask"] = asks[min(len(asks) * 99 // 100, len(asks) - 1)]
    return measured


def amount(what, value):
    """With three digits and a unit."""
    if isinstance(value, str):
        return value
    if what == "errors":
        return f"{value:.0f}"
    if what == "trials a second":
        return f"{value:.3g}" if value < 1000 else f"{value:,.0f}"
    if what == "memory a trial":
        return f"{value:,.0f} B"
    if value >= 1:
        return f"{value:.3g} s"
    return f"{value * 1e3:.3g} ms" if value >= 1e-3 else f"{value * 1e6:.3g} µs"


def table_line(row, results):
    of = {program: results.get((row.case, program), {}).get(row.what, "") for program in PROGRAMS}
    optuna, opah = of["optuna"], of["opah"]
    times = ""
    if all(isinstance(value, float) and value > 0 for value in (optuna, opah)):
        factor = opah / optuna if row.what == "trials a second" else optuna / opah
        times = f"{factor:,.0f}" if factor >= 10 else f"{factor:.2g}"
    goal, limit, is_reached = "", None, None
    match row.goal:
        case AtMost(most):
            goal = f"≤ {amount(row.what, most)}"
            limit, is_reached = most, lambda: opah <= most
        case Times(factor):
            goal = f"≥ {factor} × Optuna"
            limit, is_reached = optuna, lambda: opah >= factor * optuna
        case Share(other, factor):
            goal = f"≥ {factor:g} × `{other}`"
            limit = results.get((other, "opah"), {}).get(row.what, "")
            is_reached = lambda: opah >= factor * limit  # noqa: E731
    reached = ""
    if is_reached is not None and not isinstance(opah, str) and not isinstance(limit, str):
        reached = "yes" if is_reached() else "no"
    amounts = [amount(row.what, of[program]) for program in PROGRAMS]
    return "| " + " | ".join([row.id, f"`{row.case}`", row.what, *amounts, times, goal, reached]) + " |"


def flush_seconds(folder):
    """What it takes to append 4 KiB to a file and have them on the disk, each of 200 times."""
    spent = []
    with tempfile.TemporaryFile(dir=folder) as file:
        for _ in range(200):
            begin = time.perf_counter()
            file.write(bytes(4096))
            file.flush()
            os.fsync(file.fileno())
            spent.append(time.perf_counter() - begin)
    return sorted(spent)


def conditions(folder):
    """A sentence on the machine."""
    flushes = flush_seconds(folder)
    return (
        f"Python {platform.python_version()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; "
        f"4 KiB are appended and on the disk in {flushes[100] * 1e3:.2f} ms in the median, "
        f"99 % of times in {flushes[198] * 1e3:.2f} ms."
    )


def compare(arguments):
    wanted = arguments.only
    rows = [row for row in ROWS if not wanted or row.id in wanted or row.case in wanted]
    # What others are compared with is measured before.
    needed = {row.goal.of for row in rows if isinstance(row.goal, Share)}
    cases = [row.case for row in ROWS if row in rows or row.case in needed]
    results = {}
    with tempfile.TemporaryDirectory(dir=arguments.folder, prefix="opah-bench.") as folder:
        bench = Bench(arguments, folder)
        print(f"Before: {conditions(folder)}", end="\n\n")
        print("| goal | case | what | Optuna | Rustuna | opah | times | to be | reached |")
        print("| --- | --- | --- | ---: | ---: | ---: | ---: | --- | --- |", flush=True)
        for case in dict.fromkeys(cases):
            for program in reversed(arguments.programs):
                try:
                    results[case, program] = bench.measure(case, program)
                except Absent as absent:
                    results[case, program] = {row.what: str(absent) for row in ROWS}
            for row in rows:
                if row.case == case:
                    print(table_line(row, results), flush=True)
        print(f"\nAfter: {conditions(folder)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=10.0, help="how long workers run")
    parser.add_argument("--limit", type=float, default=60.0, help="seconds to get ready, or to open a study")
    parser.add_argument("--only", nargs="*", help="goals or cases, as S2 or 'sqlite, 8 workers'")
    parser.add_argument("--programs", nargs="*", choices=PROGRAMS, default=PROGRAMS)
    parser.add_argument("--folder", help="on the disk that is measured, for files of SQLite and journals")
    compare(parser.parse_args())


if __name__ == "__main__":
    main()
