"""Zoom: how well the region where an outcome is likely is found, by search and by Sobol points alone, on maps that are known.

Both are read by the same Gaussian process. Each map has an exact probability at every place; a run is one 0/1 outcome drawn
from it. What is compared is the overlap (intersection over union) of the region found with the true one, paired by seed.
"""

import math
import sys
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, gammaln
from scipy.stats import binom

from benchmarks.machine import Row, cpu_seconds, ours, say
from commonweal.statistics.inference import estimate_mean
from commonweal.statistics.sampling import Axis, draw_sobol
from commonweal.statistics.zoom import Batch, Map, Seen, ZoomRule, next_batch, read_map

Chance = Callable[[NDArray[np.float64]], NDArray[np.float64]]
SEEDS = 50
RUNS = (96, 192, 384)


def curve(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """A wave across the square."""
    return expit(15 * (x[:, 1] - 0.5 - 0.25 * np.sin(2 * np.pi * x[:, 0])))


def product(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Two axes must be high together, two do nothing."""
    return expit(20 * (x[:, 0] * x[:, 1] - 0.3))


def pocket(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """A disc of 5 % of the square."""
    return expit(50 * (math.sqrt(0.05 / math.pi) - np.hypot(x[:, 0] - 0.68, x[:, 1] - 0.37)))


@dataclass(frozen=True)
class Grid:
    """An exact probability, reckoned on a grid of the square and interpolated."""

    table: NDArray[np.float64]

    def __call__(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        n = len(self.table) - 1
        i = np.minimum((x * n).astype(int), n - 1)
        a, b = (x * n - i).T
        left, low = i.T
        z = self.table
        under = (1 - a) * z[left, low] + a * z[left + 1, low]
        over = (1 - a) * z[left, low + 1] + a * z[left + 1, low + 1]
        return (1 - b) * under + b * over


def epidemic(n: int = 60, grid: int = 60) -> Grid:
    """Markov SIR in n people: R0 from 0 to 5 by share immune from 0 to .8; more than a fifth of the susceptible are infected.

    Exact: the embedded jump chain, one infected at the start. An infection comes next with chance R0 S / (R0 S + n).
    """
    axis = np.linspace(0, 1, grid + 1)
    r0, immune = (a.ravel() for a in np.meshgrid(5 * axis, 0.8 * axis, indexing="ij"))
    susceptible = np.rint((n - 1) * (1 - immune)).astype(int)
    large = np.zeros(r0.size)
    for start in np.unique(susceptible):
        here = susceptible == start
        large[here] = _outbreak(r0[here], int(start), n, math.floor(0.2 * start) + 1)
    return Grid(large.reshape(grid + 1, grid + 1))


def _outbreak(r0: NDArray[np.float64], start: int, n: int, many: int) -> NDArray[np.float64]:
    """P(at least `many` of `start` susceptible are infected), one infected at the start; over a column of R0."""
    # now[i]: chance of i infected after some number of new infections, before the next one.
    now = np.zeros((n + 2, r0.size))
    now[1] = 1.0
    for infections in range(many):
        up = r0 * (start - infections) / (r0 * (start - infections) + n)
        then = np.zeros_like(now)
        for i in range(n, 0, -1):
            then[i + 1] = now[i] * up
            now[i - 1] += now[i] * (1 - up)
        now = then
    return now.sum(axis=0)


def magnet(n: int = 50, grid: int = 100) -> Grid:
    """Curie-Weiss with n spins: temperature from .4 to 1.6 by field from 0 to .5; the magnetisation is over .6 either way.

    Exact: P(M) ~ C(n, k) exp((M^2 / (2 n) + h M) / T), M = 2 k - n.
    """
    axis = np.linspace(0, 1, grid + 1)
    heat, field = (a.ravel()[:, None] for a in np.meshgrid(0.4 + 1.2 * axis, 0.5 * axis, indexing="ij"))
    k = np.arange(n + 1)
    m = 2 * k - n
    weight = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1) + (m**2 / (2 * n) + field * m) / heat
    weight = np.exp(weight - weight.max(axis=1, keepdims=True))
    return Grid((weight[:, np.abs(m) > 0.6 * n].sum(axis=1) / weight.sum(axis=1)).reshape(grid + 1, grid + 1))


def commons(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """The commons: 50 seats, each greedy by chance; all harvest shares of the stock: .5 the others, .5 to 1 the greedy.

    The stock is dead by month 12 iff the mean share u > 1 - (5 / 204800)^(1/12) = .587298; the greedy are a binomial number.
    """
    edge = 1 - (5 / 204800) ** (1 / 12)
    extra = 0.5 * x[:, 1]
    needed = np.where(extra > 0, np.floor(50 * (edge - 0.5) / np.maximum(extra, 1e-9)), 50)
    return binom.sf(needed, 50, x[:, 0])


def maps() -> dict[str, tuple[int, Chance]]:
    """Dimensions and probability of each map."""
    return {
        "curve": (2, curve),
        "product": (4, product),
        "pocket": (2, pocket),
        "epidemic": (2, epidemic()),
        "magnet": (2, magnet()),
        "commons": (2, commons),
    }


def play(dimensions: int, chance: Chance, rule: ZoomRule, seed: int) -> Map:
    """A zoom from its first batch to its map."""
    rng = np.random.default_rng((seed, 7))
    axes = (Axis(),) * dimensions
    seen = Seen(axes, np.zeros((0, dimensions)), (), np.zeros(0, np.int64), np.zeros(0))
    while (batch := next_batch(seen, rule)).runs:
        seen = tell(seen, batch, chance, rng)
    return read_map(seen, rule)


def tell(seen: Seen, batch: Batch, chance: Chance, rng: np.random.Generator) -> Seen:
    """What is seen after a batch was run."""
    number = np.repeat(np.arange(len(batch.points)), batch.replicates)
    outcome = (rng.random(len(number)) < chance(batch.points)[number]).astype(float)
    return Seen(
        seen.axes,
        np.concatenate([seen.points, batch.points]),
        seen.why + batch.why,
        np.concatenate([seen.point, len(seen.points) + number]),
        np.concatenate([seen.outcome, outcome]),
    )


def overlap(found: NDArray[np.bool_], true: NDArray[np.bool_]) -> float:
    """Intersection over union."""
    return float((found & true).sum() / max((found | true).sum(), 1))


def spread(dimensions: int, chance: Chance, runs: int, seed: int) -> Map:
    """As many points of the Sobol sequence as runs, each run once: no noise is measured apart from the map."""
    points = draw_sobol(runs, dimensions, seed)
    outcome = (np.random.default_rng((seed, 8)).random(runs) < chance(points)).astype(float)
    seen = Seen((Axis(),) * dimensions, points, ("coverage",) * runs, np.arange(runs), outcome)
    return read_map(seen, ZoomRule(runs=runs))


def measure() -> list[Row]:
    """One row for each map and number of runs."""
    return [row for name in maps() for runs in RUNS for row in ours("zoom", name, runs, SEEDS)]


def _ours(name: str, runs: int, seeds: int) -> Row:
    began = cpu_seconds()
    dimensions, chance = maps()[name]
    found = np.zeros((seeds, 3))
    held = np.zeros((seeds, 2))
    for seed in range(seeds):
        zoomed = play(dimensions, chance, ZoomRule(runs=runs, seed=1000 * seed), seed)
        covered = play(dimensions, chance, ZoomRule(runs=runs, first=runs, seed=1000 * seed), seed)
        single = spread(dimensions, chance, runs, 1000 * seed)
        true = chance(zoomed.all.places) > 0.5
        found[seed] = [overlap(one.all.inside, true) for one in (zoomed, covered, single)]
        held[seed] = [one.all.share.low <= true.mean() <= one.all.share.high for one in (zoomed, covered)]
    row: Row = {"map": name, "runs": runs, "seeds": seeds, "zoom": found[:, 0].mean(), "sobol": found[:, 1].mean()}
    for column, rival in ((1, "sobol"), (2, "single")):
        gain = estimate_mean(found[:, 0] - found[:, column])
        # Where both ask the same points there is no difference, and no interval.
        ends = (gain.low, gain.high) if gain.bounded else (gain.value, gain.value)
        row |= {f"gain_over_{rival}": gain.value, f"low_{rival}": ends[0], f"high_{rival}": ends[1]}
    row |= {"single": found[:, 2].mean(), "share_held_zoom": held[:, 0].mean(), "share_held_sobol": held[:, 1].mean()}
    return row | {"cpu_s_a_map": (cpu_seconds() - began) / (6 * seeds)}


if __name__ == "__main__":
    say(_ours(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
