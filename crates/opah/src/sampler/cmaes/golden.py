"""Makes golden.json with the package `cmaes` 0.13.1, which stands behind Optuna 5.0's
CmaEsSampler: `python golden.py > golden.json` with cmaes, NumPy and SciPy installed.

Every generation is made of x = m + sigma * C^(1/2) * z, which does not depend on the order
and the signs of eigenvectors; z comes from a generator that golden.rs has too.
"""

import json

import numpy as np
from cmaes import CMA, CMAwM, SepCMA, get_warm_start_mgd

N_GENERATIONS = 50
SHOWN = (1, 10, 25, 50)


class Numbers:
    """Sums of twelve numbers of Knuth's 64-bit linear congruential generator, minus 6."""

    def __init__(self):
        self.state = 1

    def uniform(self):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (self.state >> 11) / 2**53

    def normal(self, n):
        return np.array([sum(self.uniform() for _ in range(12)) - 6.0 for _ in range(n)])


def objective(x):
    away = x - 0.3
    return float(sum((1 + 10 * i) * a * a for i, a in enumerate(away)) + sum(away) ** 2)


def run(optimizer, n, tried=lambda x: x):
    numbers, shown = Numbers(), []
    inner = getattr(optimizer, "_cma", optimizer)
    for generation in range(1, N_GENERATIONS + 1):
        solutions = []
        for _ in range(inner.population_size):
            z = numbers.normal(n)
            if isinstance(inner, SepCMA):
                step = inner._eigen_decomposition() * z
            else:
                axes, deviations = inner._eigen_decomposition()
                step = axes @ (deviations * (axes.T @ z))
            x = inner._mean + inner._sigma * step
            solutions.append((x, objective(tried(x))))
        optimizer.tell(solutions)
        if generation in SHOWN:
            shown.append(
                {
                    "generation": generation,
                    "mean": inner._mean.tolist(),
                    "sigma": float(inner._sigma),
                    "covariance": inner._C.ravel().tolist(),
                }
            )
    return shown


def margin():
    bounds, steps = np.array([[0.0, 1.0]] * 4), np.array([0.0, 0.25, 1.0, 0.0])
    optimizer = CMAwM(np.full(4, 0.5), 1 / 6, bounds, steps)

    def tried(x):
        x = x.copy()
        x[[1, 2]] = optimizer._encode_discrete_params(x[[1, 2]])
        return x

    return run(optimizer, 4, tried)


def warm_start():
    numbers = Numbers()
    points = [np.array([numbers.uniform() for _ in range(3)]) for _ in range(45)]
    mean, sigma, covariance = get_warm_start_mgd([(x, objective(x)) for x in points])
    return {"mean": mean.tolist(), "sigma": sigma, "covariance": covariance.ravel().tolist()}


def start(n):
    return np.array([0.5 + 0.02 * i for i in range(n)])


cases = {
    "full": run(CMA(start(5), 0.2), 5),
    "full_with_popsize": run(CMA(start(10), 0.3, population_size=15), 10),
    "one_dimension": run(CMA(start(1), 0.2, population_size=3), 1),
    "separable": run(SepCMA(start(6), 0.2), 6),
    "learning_rate": run(CMA(start(4), 0.2, lr_adapt=True), 4),
    "margin": margin(),
    "warm_start": warm_start(),
}
lines = [f'"{name}": {json.dumps(shown)}' for name, shown in cases.items()]
print("{\n" + ",\n".join(lines) + "\n}")
