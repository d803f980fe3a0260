"""How far a change moves the outcome itself: ablations of interaction, and the mere notice that seats are watched.

Of an ablation, the mean with it is set against the mean of the unchanged society with fresh seeds, in blocks of the other
factors' levels; of the cue, trials with and without it that share all draws are pairs. Each arm of the primary factor is
looked at by itself, since moves of opposite sign would cancel; the two arms' intervals cover together (Bonferroni).

Source: the shuffle and mute ablations, PIMMUR (arXiv 2509.18052); demand characteristics, M. Orne, American Psychologist 17
(1962).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from commonweal.analysis.contrasts import compare_levels, measure_difference
from commonweal.analysis.plans import Level, Part, Plan, say_level
from commonweal.analysis.specifications import CUE, finite
from commonweal.analysis.trials import Trials
from commonweal.statistics.inference import Contrast

Answer = Literal["yes", "no", "not told", "not run"]
_ALIKE = 10
"""Pairs, or trials of two arms, that all move alike: by chance in fewer than 1 of 100 exchanges of labels, 2 / C(10, 5)."""


@dataclass(frozen=True)
class Shift:
    """How far a change moves the outcome itself, in one arm."""

    axis: str
    """What kind of thing was changed."""
    what: str
    """What it was changed to."""
    arm: str
    """Level of the primary factor."""
    value: float | None
    """Mean with the change minus mean without it."""
    low: float | None
    """Lower limit, such that both arms' intervals cover together at the nominal level."""
    high: float | None
    """Upper limit."""
    n: int
    """Trials, or pairs of trials."""
    moved: bool
    """Whether the interval excludes 0, or, where there is none since nothing varies, whether all trials moved alike."""
    small: bool
    """Whether the interval lies within the smallest effect of interest."""


def ablation_shifts(plan: Plan, trials: Trials, before: Part | None, after: Part) -> list[Shift]:
    """The outcome of a part minus that of the unchanged society, arm by arm, in blocks of the other factors' levels.

    Args:
        plan: of the run.
        trials: its table.
        before: the part that changes nothing; None: there is none to compare with.
        after: the part of the ablation.
    """
    if before is None or after.specification is None:
        return []
    primary, metric = plan.primary, plan.primary.metric
    others = [factor.label for factor in before.factors if factor.label != primary.factor]
    found: list[Shift] = []
    for arm in (primary.control, primary.treatment):
        blocks: dict[tuple[object, ...], list[list[float]]] = {}
        for side, part in enumerate((after, before)):
            here = (
                (trials.part == part.name) & np.isfinite(trials.metrics[metric]) & np.isin(trials.cell, _cells(part, arm, plan))
            )
            own = trials.where(here)
            columns = [own.factors[label].tolist() for label in others]
            for row, value in enumerate(own.metrics[metric].tolist()):
                blocks.setdefault(tuple(column[row] for column in columns), [[], []])[side].append(value)
        whole = [sides for sides in blocks.values() if all(sides)]
        arms = [np.array([value for sides in whole for value in sides[side]], np.float64) for side in (0, 1)]
        numbers = [np.array([at for at, sides in enumerate(whole) for _ in sides[side]], np.int64) for side in (0, 1)]
        contrast = Contrast(arms[0], arms[1], numbers[0], numbers[1], False)
        found.append(_shift(plan, after.specification, arm, contrast))
    return found


def cue_shifts(plan: Plan, trials: Trials, part: Part) -> list[Shift]:
    """The outcome with the cue minus that without it, arm by arm, in pairs that share all draws.

    Args:
        plan: of the run.
        trials: its table.
        part: any part; there is nothing to tell of one without the cue.
    """
    if part.specification is None or part.specification[0] != CUE or all(factor.label != CUE for factor in part.factors):
        return []
    primary, found = plan.primary, list[Shift]()
    for arm in (primary.control, primary.treatment):
        own = trials.where((trials.part == part.name) & np.isin(trials.cell, _cells(part, arm, plan)))
        contrast = compare_levels(own, part, primary.metric, CUE, (0.0, 1.0)).contrast
        found.append(_shift(plan, part.specification, arm, contrast))
    return found


def _cells(part: Part, arm: Level, plan: Plan) -> list[int]:
    return [cell.cell for cell in part.cells if cell.levels[plan.primary.factor] == arm]


def _shift(plan: Plan, specification: tuple[str, str], arm: Level, contrast: Contrast) -> Shift:
    """One arm's shift; the two arms' intervals cover together (Bonferroni)."""
    card, smallest = plan.metrics[plan.primary.metric], plan.primary.smallest
    wide, narrow = (measure_difference(contrast, card, 1 - error / 2) for error in (0.05, 0.10))
    small = smallest is not None and narrow.bounded and -smallest < narrow.low and narrow.high < smallest
    # Where all trials move alike and the metric has no bounds there is no interval; by signs alone it is no chance.
    alike = not wide.bounded and wide.n >= _ALIKE and wide.value != 0
    moved = alike or (wide.bounded and (wide.low > 0 or wide.high < 0))
    numbers = (finite(wide.value), finite(wide.low), finite(wide.high))
    return Shift(*specification, say_level(arm), *numbers, wide.n, moved, small)


def say_interaction(shifts: Sequence[Shift], smallest: float | None) -> Answer:
    """Whether interaction matters: an ablation moves the outcome, or none does by as much as is of interest.

    Args:
        shifts: of all ablations.
        smallest: effect of interest, in the metric's unit; None: not declared.
    """
    if not shifts:
        return "not run"
    if smallest is not None and all(shift.small for shift in shifts):
        return "no"
    return "yes" if any(shift.moved for shift in shifts) else "not told"
