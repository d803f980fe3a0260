"""Threshold: how many trials the crossing of a logistic boundary takes, looked for adaptively and on an even grid.

A boundary of slope 20 on [0, 1], its threshold drawn evenly from [0.1, 0.9], outcomes 0 and 1. Both samples are analysed by the
same fit, which knows neither slope nor direction. `trials_for_0.02` is read off the line of log error against log trials. Error
is the root mean square over repetitions; coverage that of the 95 % intervals, by profile and
by integrated likelihood. 1,000 repetitions: the error's standard error is
about 2.5 %, the coverage's .007. The adaptive search asks for 8 trials at once.
"""

import numpy as np

from benchmarks.machine import Row, cpu_seconds
from commonweal.statistics.thresholds import Scan, fit_logistic, next_points

SLOPE = 20.0
BAR = 0.02
SCAN = Scan(0.0, 1.0)
SIZES = {"adaptive": (32, 40, 48, 56, 64), "grid": (80, 104, 128, 160, 200)}


def measure(repetitions: int = 1000) -> list[Row]:
    """One row for each sampler and number of trials, then one with the trials that each needs."""
    rows: list[Row] = []
    needed: dict[str, float] = {}
    for sampler, sizes in SIZES.items():
        began = cpu_seconds()
        own = [_row(sampler, trials, repetitions) for trials in sizes]
        line = np.polyfit(np.log([float(row["error"]) for row in own]), np.log(sizes), 1)
        needed[sampler] = float(np.exp(np.polyval(line, np.log(BAR))))
        rows += [row | {"cpu_s": (cpu_seconds() - began) / len(own)} for row in own]
    ratio = needed["adaptive"] / needed["grid"]
    return [
        *rows,
        {"sampler": "adaptive / grid", "trials_for_0.02": ratio} | {f"{name}_trials": needed[name] for name in needed},
    ]


def sample(sampler: str, threshold: float, trials: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Places and outcomes of the trials of one search. [r], [r]"""
    x = y = np.zeros(0)
    if sampler == "grid":
        x = (np.arange(trials) + 0.5) / trials
        return x, _outcomes(x, threshold, rng)
    while x.size < trials:
        asked = next_points(x, y, SCAN, min(8, trials - x.size))
        x, y = np.concatenate([x, asked]), np.concatenate([y, _outcomes(asked, threshold, rng)])
    return x, y


def _outcomes(x: np.ndarray, threshold: float, rng: np.random.Generator) -> np.ndarray:
    return (rng.random(x.size) < 1 / (1 + np.exp(-SLOPE * (x - threshold)))) * 1.0


def _row(sampler: str, trials: int, repetitions: int) -> Row:
    rng = np.random.default_rng(trials)
    errors, covered, averaged, widths, lost = [], 0, 0, [], 0
    for _ in range(repetitions):
        threshold = float(rng.uniform(0.1, 0.9))
        x, y = sample(sampler, threshold, trials, rng)
        fit, other = fit_logistic(x, y, SCAN), fit_logistic(x, y, SCAN, integrated=True).threshold
        averaged += other.low <= threshold <= other.high
        # A fit that finds no crossing is as wrong as it can be: its error is that of the farther end.
        lost += bool(np.isnan(fit.threshold.value))
        found = fit.threshold.value if np.isfinite(fit.threshold.value) else float(threshold < 0.5)
        errors.append(found - threshold)
        covered += fit.threshold.low <= threshold <= fit.threshold.high
        widths.append(fit.threshold.high - fit.threshold.low)
    error = float(np.sqrt(np.mean(np.square(errors))))
    row: Row = {"sampler": sampler, "trials": trials, "repetitions": repetitions, "error": error}
    row |= {"profile_coverage": covered / repetitions, "integrated_coverage": averaged / repetitions}
    return row | {"interval_width": float(np.median(widths)), "without_crossing": lost}
