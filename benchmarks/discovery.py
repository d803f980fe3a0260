"""The discovery scan: how often it proposes anything where nothing is odd, and how often it finds what is planted.

160 trials of 30 ticks in 8 cells of a 2 x 4 design; level and spread depend on the cell. Planted: 5 trials of 160 (3 %) shifted
or made to oscillate, in standard deviations of a tick; a cell whose deviations are doubled, with 20 and 60 seeds.
"""

import numpy as np

from benchmarks.machine import Row, cpu_seconds
from commonweal.analysis.discovery import Discovery, Trajectories, scan_part
from commonweal.analysis.plans import Cell, Factor, Part

RUNS, PLANTED, TICKS = 200, 40, 30
KINDS = ("autoregressive", "skewed", "counts", "walk")


def measure() -> list[Row]:
    """One row a kind of null run, and one a planted anomaly."""
    return [_null(kind) for kind in KINDS] + [_planted(*case) for case in _CASES]


_CASES = (("shift", 5.0, 20), ("shift", 10.0, 20), ("oscillation", 2.0, 20), ("oscillation", 5.0, 20))
_CASES = (*_CASES, ("variance", 2.0, 20), ("variance", 2.0, 60))


def _part() -> Part:
    factors = (Factor("a", "world.a", (0.0, 1.0)), Factor("b", "world.b", (0.0, 1.0, 2.0, 3.0)))
    cells = tuple(Cell(i, {"a": float(i // 4), "b": float(i % 4)}, None) for i in range(8))
    return Part("p", "main", "compiled", TICKS, 20, 5, "month", "S", False, factors, cells)


def _draw(rng: np.random.Generator, kind: str, seeds: int) -> tuple[list[tuple[str, int, int]], np.ndarray]:
    keys = [("p", cell, seed) for cell in range(8) for seed in range(seeds)]
    cell, r = np.array([key[1] for key in keys])[:, None], len(keys)
    if kind == "autoregressive":
        noise, x = rng.normal(0, 1, (r, TICKS)), np.zeros((r, TICKS))
        for t in range(1, TICKS):
            x[:, t] = 0.6 * x[:, t - 1] + noise[:, t]
        return keys, np.round(100 + 10 * cell + 5 * x * (1 + 0.3 * (cell % 4)) + rng.normal(0, 4, (r, 1)))
    if kind == "skewed":
        return keys, np.round(rng.exponential(20, (r, 1)) + rng.exponential(6, (r, TICKS)))
    if kind == "counts":
        return keys, rng.poisson(3 + cell, (r, TICKS)).astype(float)
    return keys, np.round(50 + np.cumsum(rng.normal(0, 2, (r, TICKS)), axis=1))


def _scan(keys: list[tuple[str, int, int]], values: np.ndarray) -> list[Discovery]:
    return scan_part(keys, [Trajectories("world.stock", values)], _part())


def _null(kind: str) -> Row:
    began, hits = cpu_seconds(), 0
    for seed in range(RUNS):
        hits += bool(_scan(*_draw(np.random.default_rng(seed), kind, 20)))
    return {"null": kind, "runs": RUNS, "proposes": hits / RUNS, "cpu_ms_each": 1e3 * (cpu_seconds() - began) / RUNS}


def _planted(what: str, size: float, seeds: int) -> Row:
    found, others = 0.0, 0
    for seed in range(PLANTED):
        rng = np.random.default_rng(seed)
        keys, values = _draw(rng, "autoregressive", seeds)
        odd = np.arange(3 * seeds, 4 * seeds) if what == "variance" else rng.choice(len(keys), 5, replace=False)
        spread = float(np.median(values.std(axis=1)))
        if what == "shift":
            values[odd] += np.round(size * spread)
        elif what == "oscillation":
            values[odd] += np.round(size * spread * (-1.0) ** np.arange(TICKS))
        else:
            middle = np.median(values[odd])
            values[odd] = np.round(middle + size * (values[odd] - middle))
        named = {key for one in _scan(keys, values) if (one.kind == "cell") is (what == "variance") for key in one.trials}
        planted = {keys[i] for i in odd}
        found += len(named & planted) / len(planted)
        others += len(named - planted)
    row: Row = {"planted": what, "size": size, "seeds": seeds, "found": found / PLANTED}
    return row | {"named_wrongly_a_run": others / PLANTED}
