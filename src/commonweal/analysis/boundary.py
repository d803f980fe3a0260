"""Where the outcome flips: the map that a zoom drew, that of its coverage cells alone, and the region in words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from commonweal.analysis.coverage import find_axis, locate_cells
from commonweal.analysis.fields import Fields
from commonweal.analysis.plans import Part, Plan, say_level
from commonweal.analysis.trials import Trials
from commonweal.core.errors import LogError, StudyError
from commonweal.statistics import zoom
from commonweal.statistics.boxes import find_box, say_box
from commonweal.statistics.inference import Bounds, Estimate
from commonweal.statistics.sampling import Axis
from commonweal.statistics.zoom import Map, Surface, ZoomRule, read_map

KIND = "zoom"
"""Name of the design in a plan."""


@dataclass(frozen=True)
class Reading:
    """What some trials say of the whole space, in a few numbers."""

    share: Estimate
    """Share of the space where the mean outcome is above the level."""
    noise: float
    """Standard deviation of a trial about its cell's mean."""
    lengths: tuple[float, ...]
    """Length scale of each factor, in lengths of its axis: the shorter, the more it matters. [d]"""
    points: int
    """Cells run."""
    trials: int
    """Trials used."""
    places: tuple[tuple[float, ...], ...]
    """Places of the map, unit coordinates. [q, d]"""
    chance: tuple[float, ...]
    """Probability at each place that the mean is above the level. [q]"""


@dataclass(frozen=True)
class Boundary:
    """The boundary of a part."""

    part: str
    """The part."""
    metric: str
    """Whose mean crosses the level."""
    level: float
    """The level."""
    factors: tuple[str, ...]
    """Labels of the axes. [d]"""
    all: Reading
    """By all trials."""
    control: Reading
    """By the coverage cells alone, which no outcome has chosen."""
    overlap: float
    """Places above the level by both, as a share of those above it by either."""
    confirmed: Estimate
    """Mean outcome of fresh trials on the boundary; NaN where there are none."""
    box: str
    """The region above the level as a box, in words; empty where nothing is above it."""
    box_density: float
    """Share of places in the box that are above the level."""
    box_coverage: float
    """Share of places above the level that are in the box."""
    null_model: bool
    """Whether the part's language model is a negative control."""


def find_boundary(plan: Plan, trials: Trials, part: Part) -> Boundary | None:
    """The boundary of a part whose design is a zoom; None for another design, or where too little is finished.

    Args:
        plan: of the run.
        trials: its table.
        part: of the plan.

    Raises:
        LogError: the plan's design is damaged.
    """
    if part.design.get("kind") != KIND:
        return None
    design = Fields(dict(part.design), f"plan.json, part {part.name}, design")
    metric = str(design.raw.get("outcome") or "") or plan.primary.metric
    own = trials.where(trials.part == part.name)
    seen = _seen(plan, part, own, metric)
    covering = np.array(seen.why)[seen.point] == "coverage"
    if np.isfinite(seen.outcome[covering]).sum() < 8:
        return None
    runs = design.whole("runs")
    try:
        rule = ZoomRule(
            design.number("level"),
            runs,
            design.whole("batch"),
            design.whole("replicates"),
            min(design.whole("first"), runs),
            design.number("confirm"),
            design.whole("seed"),
        )
        found = read_map(seen, rule)
    except StudyError as error:
        raise LogError(f"{design.place}: {error}; the plan is damaged: plan the study again into a new folder") from error
    words, density, coverage = _say_box(part, found, seen.axes)
    return Boundary(
        part.name,
        metric,
        rule.level,
        tuple(factor.label for factor in part.factors),
        _read(found.all),
        _read(found.control),
        found.overlap,
        found.confirmed,
        words,
        density,
        coverage,
        part.null_model,
    )


def _seen(plan: Plan, part: Part, own: Trials, metric: str) -> zoom.Seen:
    card = plan.metrics.get(metric)
    if card is None or card.low is None or card.high is None:
        raise LogError(f"plan.json: part {part.name} zooms on {metric}, which has no finite range; plan the study again")
    number = {cell.cell: index for index, cell in enumerate(part.cells)}
    why: list[zoom.Why] = [cell.why if cell.why == "boundary" or cell.why == "confirm" else "coverage" for cell in part.cells]
    return zoom.Seen(
        axes=tuple(find_axis(factor) for factor in part.factors),
        points=locate_cells(part.factors, part.cells),
        why=tuple(why),
        point=np.array([number[cell] for cell in own.cell.tolist()], np.int64),
        outcome=own.metrics[metric],
        bounds=Bounds(card.low, card.high),
    )


def _read(surface: Surface) -> Reading:
    return Reading(
        surface.share,
        surface.noise,
        surface.lengths,
        surface.points,
        surface.trials,
        tuple(tuple(round(x, 6) for x in place) for place in surface.places.tolist()),
        tuple(round(x, 4) for x in surface.chance.tolist()),
    )


def _say_box(part: Part, found: Map, axes: tuple[Axis, ...]) -> tuple[str, float, float]:
    """The region above the level in words, told from the map's places; how dense it is and how much of the region it holds."""
    inside = found.all.inside.astype(np.float64)
    if not inside.any():
        return "", 0.0, 0.0
    best = find_box(found.all.places, inside, axes).best
    labels = [factor.label for factor in part.factors]
    # A range has no levels to name, only those that its cells happen to have.
    levels = [[] if factor.low is not None else [say_level(level) for level in factor.levels] for factor in part.factors]
    return say_box(best, labels, levels), best.density, best.coverage
