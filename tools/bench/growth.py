"""Measures how the cost of a trial grows with trials and parameters, and draws it.

Started by growth.sh. Costs are those of `cargo bench -p opah --bench overhead`: the processor
time of an ask, its suggestions and a tell. A case that takes longer than `--limit` seconds,
its preparation included, is left out, and so are larger ones of the same sampler.
"""

import argparse
import csv
import subprocess
from pathlib import Path

from overhead import ROOT, built, opah_cost

SAMPLERS = ("random", "nsga2", "cmaes", "tpe", "gp", "auto")
N_TRIALS = (100, 1_000, 10_000)
N_PARAMS = (5, 10, 30)
# What is fixed while the other one grows.
USUAL_TRIALS, USUAL_PARAMS = 1_000, 10

RESULTS = ROOT / "docs" / "results"


def measured(bench, limit):
    """Rows of sampler, trials, parameters, seconds a trial; each as soon as it is there."""
    for sampler in SAMPLERS:
        too_slow = []
        for n_trials in N_TRIALS:
            for n_params in N_PARAMS:
                if any(n_trials >= n and n_params >= width for n, width in too_slow):
                    continue
                try:
                    cost = opah_cost(bench, f"{sampler} {n_trials}x{n_params}", limit)
                except subprocess.TimeoutExpired:
                    too_slow.append((n_trials, n_params))
                    continue
                if not isinstance(cost, str):
                    yield sampler, n_trials, n_params, cost


def write(rows, path):
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("sampler", "trials", "parameters", "seconds"))
        for row in rows:
            writer.writerow((*row[:3], f"{row[3]:.3g}"))
            file.flush()
            print(*row, flush=True)


def read(path):
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            yield (
                row["sampler"],
                int(row["trials"]),
                int(row["parameters"]),
                float(row["seconds"]),
            )


def draw(rows, path):
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, (by_trials, by_params) = pyplot.subplots(1, 2, figsize=(10, 4.5), sharey=True)
    for sampler in SAMPLERS:
        own = [row for row in rows if row[0] == sampler]
        of_trials = [(n, cost) for _, n, width, cost in own if width == USUAL_PARAMS]
        of_params = [(width, cost) for _, n, width, cost in own if n == USUAL_TRIALS]
        # `auto` lies on the line of the sampler that it takes.
        style = {"marker": "o", "linestyle": "--" if sampler == "auto" else "-", "label": sampler}
        for axes, points in ((by_trials, of_trials), (by_params, of_params)):
            ordered = sorted(points)
            axes.plot([n for n, _ in ordered], [cost for _, cost in ordered], **style)
    for axes, label, ticks in (
        (by_trials, f"trials, of {USUAL_PARAMS} parameters", N_TRIALS),
        (by_params, f"parameters, after {USUAL_TRIALS:,} trials", N_PARAMS),
    ):
        axes.set(xscale="log", yscale="log", xlabel=label)
        axes.set_xticks(ticks, [f"{tick:,}" for tick in ticks])
        axes.minorticks_off()
        axes.grid(alpha=0.3)
    by_trials.set_ylabel("processor time of a trial (s)")
    by_params.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
    figure.tight_layout()
    figure.savefig(path, dpi=120)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--limit", type=float, default=120.0, help="seconds for a case")
    parser.add_argument("--draw-only", action="store_true", help="draw what was measured before")
    parser.add_argument("--folder", type=Path, default=RESULTS, help="where both files are")
    arguments = parser.parse_args()
    table = arguments.folder / "overhead-growth.csv"
    if not arguments.draw_only:
        bench = built(["bench", "-p", "opah", "--bench", "overhead", "--no-run"], "overhead")
        write(measured(bench, arguments.limit), table)
    draw(list(read(table)), arguments.folder / "overhead-growth.png")


if __name__ == "__main__":
    main()
