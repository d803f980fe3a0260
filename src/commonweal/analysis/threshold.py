"""Where along one factor the outcome crosses a level: the logistic curve with its interval, and the monotone one beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from commonweal.analysis.fields import Fields
from commonweal.analysis.plans import Cell, Factor, Level, Part, Plan, say_level
from commonweal.analysis.trials import Trials
from commonweal.core.errors import LogError
from commonweal.statistics.inference import Bounds, Column, Estimate
from commonweal.statistics.isotonic import fit_monotone
from commonweal.statistics.sampling import Axis
from commonweal.statistics.thresholds import Scan, fit_logistic

KIND = "threshold"
"""Name of the design in a plan."""
FEWEST = 8
"""Trials without which nothing is said of a crossing."""
_CURVE = 61
"""Places at which the curve is kept."""


@dataclass(frozen=True)
class Point:
    """The trials at one value of the factor."""

    place: float
    """The value."""
    mean: float
    """Their mean outcome."""
    n: int
    """How many they are."""
    why: str
    """`coverage` or `boundary`."""


@dataclass(frozen=True)
class Crossing:
    """The threshold at one combination of the other factors' levels."""

    levels: Mapping[str, Level]
    """Of the other factors; empty where there are none."""
    logistic: Estimate
    """Where the logistic curve crosses the level: NaN where it does not cross in the range; a NaN limit is an open side."""
    monotone: Estimate
    """The same by the closest curve that only rises or only falls; no shape is assumed."""
    slope: float
    """Steepness of the logistic curve, logits per length of the range; negative where the outcome falls."""
    curve: tuple[tuple[float, float], ...]
    """(value of the factor, mean) of the logistic curve, ascending."""
    steps: tuple[tuple[float, float], ...]
    """(value of the factor, mean) of the monotone curve, ascending."""
    points: tuple[Point, ...]
    """The trials, by value, ascending."""

    @property
    def trials(self) -> int:
        """Trials with an outcome."""
        return sum(point.n for point in self.points)

    @property
    def agree(self) -> bool:
        """Whether the two intervals have a value in common; where they have none, the curve is not logistic."""
        one, two = self.logistic, self.monotone
        return not (one.low > two.high or one.high < two.low)


@dataclass(frozen=True)
class Threshold:
    """The thresholds of a part."""

    part: str
    """The part."""
    metric: str
    """Whose mean crosses the level."""
    factor: str
    """Label of the factor along which it does."""
    level: float
    """The level."""
    low: float
    """Lower end of the factor's range."""
    high: float
    """Upper end of the factor's range."""
    logarithmic: bool
    """Whether the range is even in the logarithm."""
    crossings: tuple[Crossing, ...]
    """One for each combination of the other factors' levels that has enough trials."""
    null_model: bool
    """Whether the part's language model is a negative control."""

    @property
    def words(self) -> tuple[str, ...]:
        """What was found, a sentence for each crossing."""
        return tuple(self._say(crossing) for crossing in self.crossings)

    def _say(self, crossing: Crossing) -> str:
        where = ", ".join(f"{label} {say_level(level)}" for label, level in crossing.levels.items())
        found, head = crossing.logistic, f"At {where} the" if where else "The"
        if np.isnan(found.value):
            span = f"from {say_place(self.low)} to {say_place(self.high)}"
            told = f"best curve of {self.metric} does not cross {self.level:g} on {self.factor} {span}"
        else:
            way = "falls below" if crossing.slope < 0 else "rises above"
            told = f"mean of {self.metric} {way} {self.level:g} at {self.factor} {say_place(found.value)}"
        limits = f"{say_limits(found)}; with no shape assumed, {say_limits(crossing.monotone)}; {crossing.trials} trials"
        apart = "" if crossing.agree else " The two intervals have nothing in common: the curve is not logistic."
        return f"{head} {told} ({limits}).{apart}"


def say_place(value: float) -> str:
    """A place on an axis with three figures, as narrow intervals need: `0.0873`, `12.5`, `1,200`; a true minus sign.

    Args:
        value: finite.
    """
    return (f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}").replace("-", "\u2212")


def say_limits(estimate: Estimate) -> str:
    """An interval of a threshold in words, its open sides too.

    Args:
        estimate: with a NaN limit where a side is open.
    """
    name = f"{estimate.level:.0%} interval".replace("%", " %")
    low, high = np.isfinite(estimate.low), np.isfinite(estimate.high)
    if low and high:
        return f"{name} {say_place(estimate.low)} to {say_place(estimate.high)}"
    if low:
        return f"{name} from {say_place(estimate.low)} on, open above"
    return f"{name} up to {say_place(estimate.high)}, open below" if high else f"{name} open on both sides"


def find_threshold(plan: Plan, trials: Trials, part: Part) -> Threshold | None:
    """The thresholds of a part whose design is one; None for another design, or where too little is finished.

    Its trials stand where earlier ones said, so the logistic interval is that of the likelihood averaged over slopes.

    Args:
        plan: of the run.
        trials: its table.
        part: of the plan.

    Raises:
        LogError: the plan's design is damaged.
    """
    if part.design.get("kind") != KIND:
        return None
    place = f"plan.json, part {part.name}"
    design = Fields(dict(part.design), f"{place}, design")
    label, metric = design.text("factor"), str(design.raw.get("outcome") or "") or plan.primary.metric
    factor = next((factor for factor in part.factors if factor.label == label), None)
    card = plan.metrics.get(metric)
    if factor is None or factor.low is None or factor.high is None or card is None or card.low is None or card.high is None:
        raise LogError(
            f"{place}: found a threshold of {metric!r} along {label!r}, expected a metric with a finite range and a factor "
            "with a range; plan the study again"
        )
    rising = None if design.raw.get("rising") is None else design.flag("rising")
    scan = Scan(0.0, 1.0, design.number("level"), Bounds(card.low, card.high), rising)
    own = trials.where((trials.part == part.name) & np.isfinite(trials.metrics[metric]))
    groups: dict[tuple[tuple[str, Level], ...], list[Cell]] = {}
    for cell in part.cells:
        others = tuple((name, level) for name, level in cell.levels.items() if name != label)
        groups.setdefault(others, []).append(cell)
    crossings = [_cross(factor, dict(others), cells, own, metric, scan) for others, cells in groups.items()]
    found = tuple(crossing for crossing in crossings if crossing is not None)
    if not found:
        return None
    span = (factor.low, factor.high, factor.logarithmic)
    return Threshold(part.name, metric, label, scan.level, *span, found, part.null_model)


def _cross(
    factor: Factor, others: dict[str, Level], cells: list[Cell], own: Trials, metric: str, scan: Scan
) -> Crossing | None:
    numbers = {cell.cell: cell for cell in cells}
    mask = np.isin(own.cell, list(numbers))
    outcome = own.metrics[metric][mask]
    if outcome.size < FEWEST:
        return None
    values = np.array([float(numbers[int(cell)].levels[factor.label]) for cell in own.cell[mask]])
    assert factor.low is not None
    assert factor.high is not None
    axis = Axis(factor.low, factor.high, False, factor.logarithmic)
    places = axis.locate(values)
    curve, steps = fit_logistic(places, outcome, scan, integrated=True), fit_monotone(places, outcome, scan)
    shown = np.linspace(0.0, 1.0, _CURVE)
    points: list[Point] = []
    for value in np.unique(values).tolist():
        here = outcome[values == value]
        why = next(cell.why for cell in cells if cell.levels[factor.label] == value)
        points.append(Point(value, float(here.mean()), here.size, why))
    return Crossing(
        levels=others,
        logistic=_unplace(axis, curve.threshold),
        monotone=_unplace(axis, steps.threshold),
        slope=curve.slope,
        curve=_pair(axis.place(shown), curve.at(shown)),
        steps=_pair(axis.place(steps.places), steps.means),
        points=tuple(points),
    )


def _unplace(axis: Axis, found: Estimate) -> Estimate:
    """An estimate in lengths of the axis as one in its values; an open side is NaN."""
    value, low, high = (
        float(axis.place(np.array([x]))[0]) if np.isfinite(x) else np.nan for x in (found.value, found.low, found.high)
    )
    return replace(found, value=value, low=low, high=high)


def _pair(values: Column, means: Column) -> tuple[tuple[float, float], ...]:
    return tuple((round(float(x), 9), round(float(y), 6)) for x, y in zip(values, means, strict=True))
