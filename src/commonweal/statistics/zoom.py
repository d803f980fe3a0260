"""Where does the outcome flip? Coverage of the whole space first, then half coverage and half search along the boundary.

Ask and tell: `next_batch` says which points to run next, `read_map` what is known; both are functions of what was seen, so a
study that is stopped and continued asks the same again.

1. Fewer than `first` runs: points of a scrambled Sobol sequence alone, each with replicates, so that noise is measured.
2. From then on half of each batch continues that sequence, and half is chosen by straddle on a Gaussian process,
       a(x) = 1.96 s(x) - |m(x) - level|,   divided by the predicted cost of a trial where costs differ,
   one point after the other, each as if its trials had confirmed the mean.
3. Last, fresh seeds at points on the boundary: those whose first trials happened to fall near the level are looked at again.

The coverage points alone are a control arm: the same reading of them is reported beside the whole. On few noisy 0/1 outcomes
a search that starts at once, with hyper-parameters by maximum likelihood, is worse than no search and misses a rare pocket.

Letters: `k` points, `d` dimensions, `r` trials, `b` points of a batch, `q` places of a map.

Source: B. Bryan et al., Active learning for identifying function threshold boundaries, NeurIPS 18 (2005), for straddle.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr
from scipy.stats import qmc

from commonweal.core.errors import StudyError
from commonweal.statistics.gaussian_process import Process, condition, fit, gather
from commonweal.statistics.inference import Bounds, Column, Estimate, estimate_mean, is_binary
from commonweal.statistics.sampling import LEAST_ALLOWED, Allows, Axis, Points

Why = Literal["coverage", "boundary", "confirm"]
"""Why a point is run: to cover the space, to search along the boundary, or to look again with fresh seeds."""

_WIDTH = 1.96
"""Standard deviations on either side of the level that straddle looks across."""
_CANDIDATES = 1024
"""Places among which boundary points are chosen."""
_PLACES = 2048
"""Places of a map."""
_DRAWN = 512
"""Places, the first of the map's, on which surfaces are drawn."""
_DRAWS = 400
"""Surfaces drawn for the interval of a share."""
_LONGEST = 2**16
"""Points of a Sobol sequence after which a space of levels counts as used up."""
_LEAST_NOISE = 0.05
"""Variance that a trial of a 0/1 outcome is held to have at least: a probability of .05."""


@dataclass(frozen=True)
class ZoomRule:
    """How the boundary is searched."""

    level: float = 0.5
    """The outcome's mean at the boundary, in the outcome's unit."""
    runs: int = 192
    """Trials in all."""
    batch: int = 32
    """Trials of a batch, once there is a search."""
    replicates: int = 2
    """Trials of each point."""
    first: int = 128
    """Trials before the search begins."""
    confirm: float = 0.125
    """Share of the trials after `first` that are fresh seeds on the boundary."""
    seed: int = 0
    """Of the Sobol sequence."""

    def __post_init__(self) -> None:
        """Refuse a rule that measures no noise or has nothing to run."""
        if self.replicates < 2:
            raise StudyError(f"the zoom has {self.replicates} replicates a point; expected at least 2, which measure noise")
        if not (self.replicates <= self.batch and self.replicates <= self.runs and self.replicates <= self.first):
            raise StudyError(
                f"the zoom has {self.runs} runs, {self.first} before the search and {self.batch} a batch; expected at least "
                f"{self.replicates} of each, as many as a point has replicates"
            )
        if not 0 <= self.confirm <= 1:
            raise StudyError(f"the zoom confirms with a share {self.confirm} of its runs; expected 0 to 1")


@dataclass(frozen=True)
class Seen:
    """What was asked so far, and what was found."""

    axes: tuple[Axis, ...]
    """Of the space. [d]"""
    points: Points
    """Points asked, in order; a confirmed one comes once more. [k, d]"""
    why: tuple[Why, ...]
    """Why each was asked. [k]"""
    point: NDArray[np.int64]
    """Number of each trial's point. [r]"""
    outcome: Column
    """Of each trial; NaN where it has none. [r]"""
    cost: Column | None = None
    """Of each trial, above 0, in any unit; None: all cost the same. [r]"""
    bounds: Bounds = field(default_factory=lambda: Bounds(0.0, 1.0))
    """The outcome's range."""
    allows: Allows | None = None
    """Which points may be run; None: all."""

    def __post_init__(self) -> None:
        """Refuse columns that do not fit, and an outcome outside its range."""
        if self.points.shape != (len(self.why), len(self.axes)) or self.point.shape != self.outcome.shape:
            raise StudyError(
                f"the zoom was told of points {self.points.shape}, {len(self.why)} reasons, {len(self.axes)} axes, "
                f"{self.point.size} trials and {self.outcome.size} outcomes; expected one reason a point, one coordinate an "
                "axis and one outcome a trial"
            )
        known = self.outcome[np.isfinite(self.outcome)]
        if not np.isfinite([self.bounds.low, self.bounds.high]).all() or np.any(
            (known < self.bounds.low) | (known > self.bounds.high)
        ):
            raise StudyError(
                f"the zoom's outcome has the range {self.bounds.low} to {self.bounds.high} and was seen from "
                f"{known.min() if known.size else 'nothing'} to {known.max() if known.size else 'nothing'}; expected a finite "
                "range that holds all of it"
            )


@dataclass(frozen=True)
class Batch:
    """What to run next; empty when all runs are done."""

    points: Points
    """Where. [b, d]"""
    why: tuple[Why, ...]
    """Why. [b]"""
    replicates: NDArray[np.int64]
    """Trials of each. [b]"""
    first: NDArray[np.int64]
    """Number of each point's first seed. No number comes twice in a study, so that the noise of points is independent. [b]"""

    @property
    def runs(self) -> int:
        """Number of trials."""
        return int(self.replicates.sum())


@dataclass(frozen=True)
class Surface:
    """What some trials say of the whole space."""

    places: Points
    """Allowed places, evenly spread. [q, d]"""
    mean: Column
    """Mean outcome, in its unit. [q]"""
    sd: Column
    """Standard deviation of what is not known of that mean. [q]"""
    chance: Column
    """Probability that the mean is above the level. [q]"""
    share: Estimate
    """Share of the allowed space where the mean is above the level."""
    noise: float
    """Standard deviation of a trial about its point's mean, in the outcome's unit; of all points alike."""
    lengths: tuple[float, ...]
    """Length scale of each axis, in lengths of the axis: the shorter, the more it matters. [d]"""
    points: int
    """Points run."""
    trials: int
    """Trials used."""

    @property
    def inside(self) -> NDArray[np.bool_]:
        """Whether each place is above the level. [q]"""
        return self.chance > 0.5


@dataclass(frozen=True)
class Map:
    """Where the outcome is above the level."""

    all: Surface
    """By all trials."""
    control: Surface
    """By the coverage points alone, which no outcome has chosen."""
    overlap: float
    """Places above the level by both, as a share of those above it by either; 1 where there are none."""
    confirmed: Estimate
    """Mean outcome of the fresh trials on the boundary, which a good map has near the level; NaN where there are none."""


def next_batch(seen: Seen, rule: ZoomRule) -> Batch:
    """The points to run next; none when the rule's runs are done.

    Args:
        seen: every trial asked for so far, finished.
        rule: how to search.

    Raises:
        StudyError: less than 1 % of the space is allowed, or the level is not inside the outcome's range.
    """
    spent = seen.outcome.size
    left = rule.runs - spent
    if left < rule.replicates:
        return _batch(seen, rule, [], [])
    if spent < rule.first or not np.isfinite(seen.outcome).any():
        wanted = min(left, max(rule.first - spent, rule.replicates)) // rule.replicates
        return _batch(seen, rule, [_cover(seen, rule, wanted, seen.points)], ["coverage"])
    kept = int(rule.confirm * max(rule.runs - rule.first, 0)) // rule.replicates * rule.replicates
    process = _fit(seen, np.isfinite(seen.outcome))
    searching = left - kept
    if searching < rule.replicates:
        wanted = left // rule.replicates
        again = _straddle(seen, rule, process, _distinct(seen.points), wanted)
        return _batch(seen, rule, [_cover(seen, rule, wanted - len(again), seen.points), again], ["coverage", "confirm"])
    wanted = min(rule.batch, searching) // rule.replicates
    near = _straddle(seen, rule, process, _candidates(seen, rule), wanted // 2)
    # Where no place is in doubt the search has nothing to do, and coverage gets its runs.
    far = _cover(seen, rule, wanted - len(near), np.concatenate([seen.points, near]))
    return _batch(seen, rule, [far, near], ["coverage", "boundary"])


def _batch(seen: Seen, rule: ZoomRule, points: list[Points], why: list[Why]) -> Batch:
    reasons: list[Why] = [reason for some, reason in zip(points, why, strict=True) for _ in range(len(some))]
    rows = np.concatenate(points) if points else np.zeros((0, len(seen.axes)))
    first = seen.outcome.size + rule.replicates * np.arange(len(rows), dtype=np.int64)
    return Batch(rows, tuple(reasons), np.full(len(rows), rule.replicates, np.int64), first)


def _settle(axes: tuple[Axis, ...], points: Points) -> Points:
    """Points with whole numbers and levels at the middle of what they own of their axis, so that alike is equal."""
    columns = [
        axis.locate(axis.place(unit)) if axis.whole or axis.levels else unit for axis, unit in zip(axes, points.T, strict=True)
    ]
    return np.stack(columns, axis=1)


def _distinct(points: Points) -> Points:
    """Each point once, in the order in which they first come."""
    _, first = np.unique(points, axis=0, return_index=True)
    return points[np.sort(first)]


def _walk(axes: tuple[Axis, ...], allows: Allows | None, seed: int) -> Iterator[Points]:
    """The allowed points of a Sobol sequence, chunk by chunk, until it is too long."""
    engine = qmc.Sobol(len(axes), scramble=True, rng=np.random.default_rng(seed))
    for _ in range(_LONGEST // _CANDIDATES):
        chunk = _settle(axes, engine.random(_CANDIDATES))
        yield chunk if allows is None else chunk[allows(chunk)]


def _fresh(seen: Seen, seed: int, wanted: int, used: Points) -> Points:
    """The first points of a Sobol sequence that are allowed, each once and none of those used; fewer if there are no more."""
    found = used
    count = len(_distinct(used)) if len(used) else 0
    tried = kept = 0
    for chunk in _walk(seen.axes, seen.allows, seed):
        tried, kept = tried + _CANDIDATES, kept + len(chunk)
        found = _distinct(np.concatenate([found, chunk]))
        if len(found) >= count + wanted:
            break
    if kept < LEAST_ALLOWED * tried:
        raise StudyError(
            f"{kept} of {tried} points of the space are allowed; expected at least 1 %: choose narrower ranges or other factors"
        )
    return found[count : count + wanted]


def _cover(seen: Seen, rule: ZoomRule, wanted: int, used: Points) -> Points:
    """The next points of the coverage sequence; in a space used up, points already run, those with fewest trials first."""
    found = _fresh(seen, rule.seed, wanted, used)
    if len(found) == wanted:
        return found
    known, number = np.unique(np.concatenate([used, found]), axis=0, return_inverse=True)
    order = np.argsort(np.bincount(np.ravel(number)), kind="stable")
    return np.concatenate([found, known[np.resize(order, wanted - len(found))]])


def _candidates(seen: Seen, rule: ZoomRule) -> Points:
    """Places for boundary points: new ones, or in a space used up those that are there."""
    # Another sequence each time, or a place between the points of one would never be tried.
    found = _fresh(seen, rule.seed + 1 + seen.outcome.size, _CANDIDATES, seen.points)
    return found if len(found) else _distinct(seen.points)


def _straddle(seen: Seen, rule: ZoomRule, process: Process, candidates: Points, wanted: int) -> Points:
    """Candidates chosen one after the other; those surely on one side are worth nothing and never chosen."""
    if wanted == 0 or len(candidates) == 0:
        return candidates[:0]
    found = process.predict(candidates)
    off, variance = np.abs(found.mean - _unit_level(seen, rule)), found.sd**2
    price = _price(seen, candidates)
    noise = process.kernel.noise**2 / rule.replicates
    chosen: list[int] = []
    updates: list[Column] = []
    for _ in range(min(wanted, len(candidates))):
        worth = np.maximum(_WIDTH * np.sqrt(np.maximum(variance, 0.0)) - off, 0.0) / price
        worth[chosen] = 0.0
        best = int(worth.argmax())
        if worth[best] <= 0.0:
            break
        # What trials there would take off the variance elsewhere, whatever they show.
        shared = process.covary(candidates[best : best + 1], candidates)[0]
        for update in updates:
            shared = shared - update[best] * update
        update = shared / np.sqrt(max(shared[best], 0.0) + noise)
        updates.append(update)
        variance = variance - update**2
        chosen.append(best)
    return candidates[chosen]


def _price(seen: Seen, places: Points) -> Column:
    """Predicted cost of a trial at places, up to a factor. [q]"""
    known = np.zeros(0, bool) if seen.cost is None else np.isfinite(seen.cost) & (seen.cost > 0)
    if seen.cost is None or known.sum() < 8 or np.ptp(logs := np.log(seen.cost[known])) < 1e-9:
        return np.ones(len(places))
    # A process for outcomes in [0, 1] serves for logarithms that are brought there.
    low, width = float(logs.min()), float(np.ptp(logs))
    trials = gather(seen.axes, seen.points[seen.point[known]], (logs - low) / width)
    return np.exp(width * np.clip(fit(trials, starts=1).predict(places).mean, 0.0, 1.0))


def _unit_level(seen: Seen, rule: ZoomRule) -> float:
    """The level, the outcome's range brought to [0, 1]."""
    if not seen.bounds.low < rule.level < seen.bounds.high:
        raise StudyError(
            f"the zoom looks for the level {rule.level} of an outcome from {seen.bounds.low} to {seen.bounds.high}; expected a "
            "level inside that range"
        )
    return (rule.level - seen.bounds.low) / (seen.bounds.high - seen.bounds.low)


def _fit(seen: Seen, used: NDArray[np.bool_]) -> Process:
    """The process of some trials, outcomes brought to [0, 1]."""
    scaled = (seen.outcome[used] - seen.bounds.low) / (seen.bounds.high - seen.bounds.low)
    return fit(gather(seen.axes, seen.points[seen.point[used]], scaled))


def read_map(seen: Seen, rule: ZoomRule, level: float = 0.95) -> Map:
    """What is known of the space, by all trials and by the coverage points alone.

    Args:
        seen: all trials.
        rule: its level is the boundary's.
        level: nominal coverage of intervals, in (0, 1).

    Raises:
        StudyError: no coverage trial has an outcome, or the level is not inside the outcome's range.
    """
    places = _places(seen)
    known = np.isfinite(seen.outcome)
    why = np.array(seen.why)[seen.point]
    every, control = (_read(seen, rule, places, used, level) for used in (known, known & (why == "coverage")))
    either = int((every.inside | control.inside).sum())
    overlap = int((every.inside & control.inside).sum()) / either if either else 1.0
    fresh = seen.outcome[known & (why == "confirm")]
    return Map(every, control, overlap, estimate_mean(fresh, level, seen.bounds))


def _places(seen: Seen) -> Points:
    found: list[Points] = []
    for chunk in _walk(seen.axes, seen.allows, 0):
        found.append(chunk)
        if sum(map(len, found)) >= _PLACES:
            break
    return np.concatenate(found)[:_PLACES]


def _read(seen: Seen, rule: ZoomRule, places: Points, used: NDArray[np.bool_], confidence: float) -> Surface:
    low, width = seen.bounds.low, seen.bounds.high - seen.bounds.low
    level, process = _unit_level(seen, rule), _fit(seen, used)
    mean = process.predict(places).mean
    # Where a 0/1 outcome is open it is noisier than elsewhere, and that is where the boundary is.
    unsure = _with_own_noise(process) if is_binary((seen.outcome[used] - low) / width) else process
    sd = unsure.predict(places).sd
    few = places[:_DRAWN]
    drawn = unsure.draw(few, _DRAWS) - unsure.predict(few).mean + mean[:_DRAWN]
    ends = np.quantile((drawn > level).mean(axis=1), [(1 - confidence) / 2, (1 + confidence) / 2])
    value, trials = float((mean > level).mean()), int(used.sum())
    share = Estimate(value, min(float(ends[0]), value), max(float(ends[1]), value), confidence, "surfaces drawn", trials)
    return Surface(
        places=places,
        mean=low + width * np.clip(mean, 0.0, 1.0),
        sd=width * sd,
        chance=ndtr((mean - level) / np.maximum(sd, 1e-9)),
        share=share,
        noise=width * process.kernel.noise,
        lengths=process.kernel.lengths,
        points=len(process.seen.count),
        trials=trials,
    )


def _with_own_noise(process: Process) -> Process:
    """The process of a 0/1 outcome with the noise p (1 - p) at each point, p by the process itself."""
    chance = np.clip(process.predict(process.seen.points).mean, 0.0, 1.0)
    variance = np.maximum(chance * (1 - chance), _LEAST_NOISE)
    return condition(replace(process.seen, relative=variance / process.kernel.noise**2), process.kernel, process.prior)
