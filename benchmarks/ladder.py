"""Ladders: how often the interval for a held-out size holds the mean that came, law by law, and how wide it is.

Sizes double from 8; the next one is predicted. 20 trials a size with a spread of 0.1 that falls as size^-0.3, or 40 trials of
0 or 1. `sigmoid` is a transition that no candidate law has: its misses are the price of extrapolation, not of noise.
"""

import numpy as np

from benchmarks.machine import Row, cpu_seconds
from commonweal.statistics.inference import Bounds
from commonweal.statistics.scaling import gather_rungs, predict_mean

REPETITIONS = 2_000
PLANTED = {
    "constant": lambda n: 0.4 + 0 * n,
    "logarithmic": lambda n: 0.2 + 0.08 * np.log(n),
    "power": lambda n: 0.9 * n**-0.4,
    "saturating": lambda n: 0.3 + 0.9 * n**-0.6,
    "exponential": lambda n: 0.7 - 0.5 * np.exp(-n / 40),
    "collective": lambda n: 1 / (1 + 0.05 * (n - 1) * n**-0.3),
    "sigmoid": lambda n: 1 / (1 + np.exp(-(np.log2(n) - 5.5) * 1.5)),
}


def measure() -> list[Row]:
    """One row a planted law, number of sizes and kind of outcome."""
    kinds = (("real", 20, 0.1), ("real", 20, 0.02), ("shares", 40, 0.0))
    return [_row(law, count, *kind) for law in PLANTED for count in (3, 4, 6) for kind in kinds]


def _row(law: str, count: int, kind: str, trials: int, spread: float) -> Row:
    rng, hits, widths, began = np.random.default_rng(1), 0, 0.0, cpu_seconds()
    sizes = 8.0 * 2 ** np.arange(count)
    held = 2 * float(sizes[-1])

    def draw(size: np.ndarray) -> np.ndarray:
        mean = PLANTED[law](size)
        if kind == "shares":
            return (rng.random(size.size) < mean).astype(float)
        return mean + rng.normal(0, 1, size.size) * spread * (size / 8) ** -0.3

    for _ in range(REPETITIONS):
        size = np.repeat(sizes, trials)
        prediction = predict_mean(gather_rungs(size, draw(size), Bounds(0.0, 1.0)), held, trials)
        hits += prediction.covers(float(draw(np.full(trials, held)).mean()))
        widths += prediction.high - prediction.low
    row: Row = {"law": law, "sizes": count, "outcome": kind, "spread": spread, "coverage": hits / REPETITIONS}
    return row | {"width": widths / REPETITIONS, "cpu_ms_each": 1e3 * (cpu_seconds() - began) / REPETITIONS}
