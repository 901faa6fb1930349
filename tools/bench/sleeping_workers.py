"""Many workers on one PostgreSQL study whose trials sleep: what they do to the server.

Started by sleeping_workers.sh. Workers are threads of several processes, each with a
connection, a study and a history of its own, so the server sees as many workers as there are
threads. Prints what happened, and the server's processor time beside what docs/design/scale.md
foretells.
"""

import argparse
import json
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import databases
from overhead import built
from storage import failure, wait_until_ready

STUDY = "sleepers"
# Of docs/design/scale.md, seconds of the server's processor time.
A_TRIAL = 0.70e-3
A_FINISHED_ONE = 7.5e-6
A_RUNNING_ONE = 2.7e-6


def backends_bytes(url):
    """The memory of the server's processes, shared pages divided among them; `None` if it
    may not be looked at."""
    try:
        (folder,) = databases.execute(url, "SHOW data_directory")
        postmaster = (Path(folder) / "postmaster.pid").read_text().split()[0]
    except OSError:
        return None
    total = 0
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if str(databases.stat(process.name)[1]) != postmaster:
                continue
            lines = (process / "smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
    return total


def start(bench, url, arguments):
    """The processes, connected and waiting for the word."""
    n_threads = arguments.workers // arguments.processes
    workers = []
    for at in range(arguments.processes):
        command = [bench, "sleep", url, STUDY, n_threads, arguments.trials, arguments.sleep, at * n_threads]
        pipe = subprocess.PIPE
        workers.append(
            subprocess.Popen(
                [str(word) for word in command], stdin=pipe, stdout=pipe, stderr=pipe, text=True
            )
        )
    deadline = time.monotonic() + arguments.limit
    for worker in workers:
        wait_until_ready(worker, deadline, arguments.limit)
    return workers


def run(workers):
    """What all of them went through, when each has ended."""
    answers = [None] * len(workers)

    def collect(at):
        output, errors = workers[at].communicate("\n")
        if workers[at].returncode != 0:
            raise failure("sleep", errors)
        answers[at] = json.loads(output.splitlines()[-1])

    threads = [threading.Thread(target=collect, args=(at,)) for at in range(len(workers))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if None in answers:
        sys.exit("a process of workers failed")
    return answers


def integrity(url, n_trials):
    """What is wrong with the stored trials, a line each."""
    problems = []
    counts = "SELECT count(*), count(DISTINCT number), min(number), max(number) FROM trials"
    n, n_distinct, first, last = databases.execute(url, counts)
    if n != n_distinct or first != 0 or last != n - 1:
        problems.append(f"{n} trials have {n_distinct} numbers from {first} to {last}")
    complete = "SELECT count(*), max(number) FROM trials WHERE state = 'COMPLETE'"
    n_complete, last = databases.execute(url, complete)
    if (n_complete, last) != (n_trials, n_trials - 1):
        problems.append(f"{n_complete} of {n_trials} trials are complete, the last has number {last}")
    left = "SELECT count(*) FROM trials WHERE state IN ('RUNNING', 'WAITING')"
    (n_left,) = databases.execute(url, left)
    if n_left:
        problems.append(f"{n_left} trials are not finished")
    rows = """SELECT count(*) FROM trials t WHERE state = 'COMPLETE' AND
        (SELECT count(*) FROM trial_params p WHERE p.trial_id = t.trial_id) <> 5"""
    (n_partial,) = databases.execute(url, rows)
    if n_partial:
        problems.append(f"{n_partial} complete trials lack parameters")
    return problems


def quantile(values, share):
    values = sorted(values)
    return values[min(int(len(values) * share), len(values) - 1)]


def simulate(arguments):
    server = os.environ.get("OPAH_TEST_POSTGRES") or sys.exit("there is no PostgreSQL server")
    command = ["bench", "-p", "opah", "--bench", "storage", "--features", "postgres,mysql", "--no-run"]
    bench = built(command, "storage")
    url = databases.fresh("postgresql", server, None, STUDY)
    subprocess.run([bench, "create", url, STUDY], check=True, stdout=subprocess.DEVNULL)
    begin = time.monotonic()
    workers = start(bench, url, arguments)
    connected = time.monotonic() - begin
    memory = []
    look = threading.Timer(arguments.sleep, lambda: memory.append(backends_bytes(url)))
    look.start()
    before, begin = databases.server_seconds(url), time.monotonic()
    answers = run(workers)
    elapsed = time.monotonic() - begin
    after = databases.server_seconds(url)
    look.cancel()
    errors = Counter()
    for answer in answers:
        errors.update(answer["errors"])
    asks = [ask for answer in answers for ask in answer["asks"]]
    tells = [tell for answer in answers for tell in answer["tells"]]
    n_workers = arguments.workers // arguments.processes * arguments.processes
    foretold = A_TRIAL + n_workers * (A_FINISHED_ONE + A_RUNNING_ONE)
    rows = {
        "workers (processes)": f"{n_workers:,} ({arguments.processes:,})",
        "trials, each of about": f"{len(tells):,}, {arguments.sleep:g} s",
        "all connected after": f"{connected:.1f} s",
        "trials a second": f"{len(tells) / elapsed:.1f} (workers that never wait: {n_workers / arguments.sleep:.1f})",
        "an ask: median, p99, longest": " · ".join(f"{quantile(asks, q) * 1e3:.0f} ms" for q in (0.5, 0.99, 1.0)),
        "a tell: median, p99, longest": " · ".join(f"{quantile(tells, q) * 1e3:.0f} ms" for q in (0.5, 0.99, 1.0)),
        "errors": sum(errors.values()),
    }
    if before is not None:
        spent = (after - before) / max(len(tells), 1)
        rows["server's processor time a trial"] = f"{spent * 1e3:.2f} ms (foretold: {foretold * 1e3:.2f} ms)"
        rows["cores of the server"] = f"{(after - before) / elapsed:.2f}"
    if memory and memory[0] is not None:
        rows["server's memory"] = f"{memory[0] / 2**20:,.0f} MiB"
    problems = integrity(url, arguments.trials)
    rows["exact budget, no number twice or missing"] = "yes" if not problems else "**no**"
    print("| what | |\n| --- | ---: |")
    for what, amount in rows.items():
        print(f"| {what} | {amount} |")
    for text, count in errors.items():
        print(f"{count} times: {text}", file=sys.stderr)
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems or errors else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workers", type=int, default=1000)
    parser.add_argument("--processes", type=int, default=200, help="among which workers are divided")
    parser.add_argument("--trials", type=int, default=5000, help="the budget of all workers together")
    parser.add_argument("--sleep", type=float, default=30.0, help="seconds that a trial sleeps in the mean")
    parser.add_argument("--limit", type=float, default=180.0, help="seconds to connect")
    sys.exit(simulate(parser.parse_args()))


if __name__ == "__main__":
    main()
