"""A ladder of sizes: what was predicted of the held-out ones before they were run, what they then had, hits and misses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from commonweal.analysis.contrasts import find_bounds, measure
from commonweal.analysis.fields import Fields
from commonweal.analysis.plans import Cell, Level, Part, Plan, read_level
from commonweal.analysis.trials import Trials
from commonweal.core.errors import StudyError
from commonweal.statistics.inference import Estimate
from commonweal.statistics.scaling import Prediction, Rungs, gather_rungs, predict_mean, rehearse

KIND = "ladder"
"""Name of the design in a plan."""
_SAME = 1e-6  # what a prediction may differ from its reckoning anew, relative to its width


@dataclass(frozen=True)
class HeldOut:
    """One held-out size: the prediction as it was written down, and what came."""

    levels: Mapping[str, Level]
    """Of all factors, the size included."""
    size: float
    """The held-out size."""
    value: float | None
    """The predicted mean; None where the smaller sizes gave none."""
    low: float | None
    """Lower limit."""
    high: float | None
    """Upper limit."""
    laws: tuple[tuple[str, str, float], ...]
    """(name, formula, weight) of the candidate laws, the weightiest first."""
    written: str
    """When the prediction was written, UTC; before any trial of this size."""
    measured: Estimate
    """Mean over the trials of this size."""
    reproduced: bool
    """Whether the trials of the smaller sizes give the written prediction again."""
    none: str = ""
    """Why there is no prediction."""

    @property
    def hit(self) -> bool | None:
        """Whether the measured mean lies in the interval; None where one of the two is missing."""
        if self.low is None or self.high is None or not self.measured.n:
            return None
        slack = 1e-9 * max(1.0, abs(self.measured.value))
        return self.low - slack <= self.measured.value <= self.high + slack


@dataclass(frozen=True)
class Rail:
    """The ladder at one combination of the other factors' levels."""

    levels: Mapping[str, Level]
    """Of the other factors; empty where there are none."""
    rungs: tuple[tuple[float, Estimate], ...]
    """(size, mean over trials) of the sizes that were predicted from, ascending."""
    held: tuple[HeldOut, ...]
    """The held-out sizes, ascending; empty before their stage is written."""
    rehearsed: tuple[Prediction, ...]
    """Every size from the fourth on, predicted from the smaller ones afterwards."""
    path: tuple[tuple[float, float, float, float], ...]
    """(size, value, low, high) of the averaged laws along the sizes, for the mean of as many trials as a cell has."""


@dataclass(frozen=True)
class Ladder:
    """A part's ladder."""

    part: str
    """The part."""
    factor: str
    """What its sizes are of."""
    metric: str
    """Whose mean is predicted."""
    unit: str
    """Of the metric; `1` for a pure number."""
    level: float
    """Nominal coverage of the predictions."""
    rails: tuple[Rail, ...]
    """One a combination of the other factors' levels."""
    null_model: bool
    """Whether the part's language model is a negative control."""

    @property
    def held(self) -> tuple[HeldOut, ...]:
        """All held-out sizes."""
        return tuple(held for rail in self.rails for held in rail.held)

    @property
    def hits(self) -> tuple[int, int]:
        """Predictions that held, of those that can be judged."""
        judged = [held.hit for held in self.held if held.hit is not None]
        return sum(judged), len(judged)

    @property
    def words(self) -> str:
        """How the ladder came out, in one sentence."""
        hits, judged = self.hits
        if not judged:
            return f"No held-out {self.factor} has been predicted and measured."
        sizes = ", ".join(f"{size:g}" for size in sorted({held.size for held in self.held}))
        honest = "" if all(held.reproduced for held in self.held) else " A written prediction is not what the trials give."
        return (
            f"{hits} of {judged} held-out means ({self.factor} {sizes}), predicted before they were run, lay in their "
            f"{self.level:.0%} interval.{honest}"
        ).replace("%", "\u00a0%")


def find_ladder(plan: Plan, trials: Trials, part: Part) -> Ladder | None:
    """The ladder of a part; None where its design is none.

    Args:
        plan: of the run.
        trials: its table.
        part: of the plan.

    Raises:
        LogError: the plan's design, or the written prediction, is damaged.
    """
    if part.design.get("kind") != KIND:
        return None
    design = Fields(dict(part.design), f"plan.json, part {part.name}, design")
    factor, level, metric = design.text("factor"), design.optional_number("level") or 0.95, plan.primary.metric
    own = trials.where(trials.part == part.name)
    stages = [stage for stage in part.stages if isinstance(stage.get("prediction"), dict)]
    written = [(_predicted(stage, part), str(stage.get("written") or "")) for stage in stages]
    rails: list[Rail] = []
    for others, cells in _rails(part, factor).items():
        first = [cell for cell in cells if cell.stage == 0]
        later = [cell for cell in cells if cell.stage > 0]
        rungs = _gather(plan, own, first, factor)
        held = [_hold(plan, own, cell, factor, written, rungs, level) for cell in later]
        means = sorted(((_size(cell, factor), _measure(plan, own, cell)) for cell in first), key=lambda pair: pair[0])
        rails.append(
            Rail(
                levels=dict(others),
                rungs=tuple((size, mean) for size, mean in means if mean.n),
                held=tuple(sorted(held, key=lambda one: one.size)),
                rehearsed=rehearse(rungs, level) if rungs is not None else (),
                path=_path(rungs, [_size(cell, factor) for cell in cells], part.seeds, level) if rungs is not None else (),
            )
        )
    return Ladder(part.name, factor, metric, plan.metrics[metric].unit, level, tuple(rails), part.null_model)


def _rails(part: Part, factor: str) -> dict[tuple[tuple[str, Level], ...], list[Cell]]:
    found: dict[tuple[tuple[str, Level], ...], list[Cell]] = {}
    for cell in part.cells:
        others = tuple((label, level) for label, level in cell.levels.items() if label != factor)
        found.setdefault(others, []).append(cell)
    return found


def _size(cell: Cell, factor: str) -> float:
    return float(cell.levels[factor])


def _values(own: Trials, cell: Cell, metric: str) -> np.ndarray:
    values = own.metrics[metric][own.cell == cell.cell]
    return values[np.isfinite(values)]


def _measure(plan: Plan, own: Trials, cell: Cell) -> Estimate:
    return measure(_values(own, cell, plan.primary.metric), plan.metrics[plan.primary.metric])


def _gather(plan: Plan, own: Trials, cells: Sequence[Cell], factor: str) -> Rungs | None:
    """The trials by size in the order of the table, as the design saw them; None where they are too few."""
    size_of = {cell.cell: _size(cell, factor) for cell in cells}
    mask = np.isin(own.cell, list(size_of))
    sizes = np.array([size_of[int(cell)] for cell in own.cell[mask]])
    try:
        return gather_rungs(sizes, own.metrics[plan.primary.metric][mask], find_bounds(plan.metrics[plan.primary.metric]))
    except StudyError:
        return None


def _predicted(stage: Mapping[str, object], part: Part) -> list[Fields]:
    return Fields(stage["prediction"], f"stage of part {part.name}, prediction").items("cells")


def _hold(
    plan: Plan,
    own: Trials,
    cell: Cell,
    factor: str,
    written: Sequence[tuple[list[Fields], str]],
    rungs: Rungs | None,
    level: float,
) -> HeldOut:
    measured, size = _measure(plan, own, cell), _size(cell, factor)
    for rows, date in written:
        for row in rows:
            levels = {label: read_level(value) for label, value in row.inner("levels").raw.items()}
            if levels != dict(cell.levels):
                continue
            value, low, high = (row.optional_number(name) for name in ("value", "low", "high"))
            laws = tuple((law.text("law"), law.text("formula"), law.number("weight")) for law in _laws(row))
            again = predict_mean(rungs, size, int(row.number("trials")), level) if rungs is not None else None
            same = _agrees((value, low, high), again)
            none = str(row.raw.get("none") or "")
            return HeldOut(levels, size, value, low, high, laws, date, measured, same, none)
    return HeldOut(cell.levels, size, None, None, None, (), "", measured, False, "none was written down")


def _laws(row: Fields) -> list[Fields]:
    return row.items("laws") if row.raw.get("laws") is not None else []


def _agrees(written: tuple[float | None, float | None, float | None], again: Prediction | None) -> bool:
    if again is None or None in written:
        return again is None and written == (None, None, None)
    slack = _SAME * (again.high - again.low) + 1e-12 + 1e-4 * (again.high - again.low)
    pairs = zip(written, (again.value, again.low, again.high), strict=True)
    return all(one is not None and abs(one - two) <= slack for one, two in pairs)


def _path(rungs: Rungs, sizes: Sequence[float], trials: int, level: float) -> tuple[tuple[float, float, float, float], ...]:
    places = np.geomspace(min(sizes), max(sizes), 13)
    found = [predict_mean(rungs, float(size), max(trials, 1), level) for size in places]
    return tuple((one.size, one.value, one.low, one.high) for one in found)
