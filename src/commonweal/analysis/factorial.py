"""What each factor of a two-level design does to the primary outcome, and which of them do more or less together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from commonweal.analysis.finding import Finding, make_finding
from commonweal.analysis.plans import Level, Part, Plan, say_level
from commonweal.analysis.trials import Trials
from commonweal.statistics.factorial import estimate_effects

_LEAST, _MOST = 3, 10
"""Factors: with two the contrasts say it all, and of more than ten there are too many interactions to print."""
_SOURCE = "Box, Hunter and Hunter, Statistics for Experimenters (1978), chapter 10"


@dataclass(frozen=True)
class Effect:
    """What one factor does, or two beyond their sum."""

    factors: tuple[str, ...]
    """One label, or two."""
    finding: Finding
    """In the metric's unit."""
    adjusted: float
    """p-value of no effect, adjusted for all the others of the part (Holm); 1 where nothing varies."""


@dataclass(frozen=True)
class Factorial:
    """The effects of a full two-level design."""

    part: str
    """Name of the part."""
    metric: str
    """The study's primary metric."""
    levels: Mapping[str, tuple[str, str]]
    """Low and high level of each factor, in words."""
    effects: tuple[Effect, ...]
    """Main effects, then interactions of two."""
    left_out: int
    """Trials whose counterparts in other cells are missing."""
    null_model: bool
    """Whether the part's language model is a negative control."""


def find_factorial(plan: Plan, trials: Trials, part: Part) -> Factorial | None:
    """Effects of a part in which three to ten factors have two levels each, all combinations of them.

    None where the part has another design, or its cells do not share two seeds at which the primary metric is known.

    Args:
        plan: of the run.
        trials: its table.
        part: the part.
    """
    cells = _cells(part)
    if cells is None:
        return None
    labels, numbers = cells
    own = trials.where((trials.part == part.name) & np.isfinite(trials.metrics[plan.primary.metric]))
    values = _arrange(own, numbers, plan.primary.metric)
    if values is None:
        return None
    paired = labels.index(plan.primary.factor) if plan.primary.factor in labels else None
    mark = " (null model)" if part.null_model else ""
    effects: list[Effect] = []
    for found in estimate_effects(values, paired):
        named = tuple(labels[i] for i in found.factors)
        words = f"effect of {named[0]}" if len(named) == 1 else f"interaction of {' and '.join(named)}"
        card = plan.metrics[plan.primary.metric]
        estimand = f"{words}, over all levels of the others{mark}"
        finding = make_finding(found.estimate, plan.primary.metric, part.name, None, estimand, card.unit, _SOURCE)
        effects.append(Effect(named, finding, found.adjusted))
    levels = {label: (say_level(low), say_level(high)) for label, (low, high) in _levels(part).items()}
    return Factorial(part.name, plan.primary.metric, levels, tuple(effects), len(own) - values.size, part.null_model)


def _levels(part: Part) -> dict[str, list[Level]]:
    return {factor.label: list(dict.fromkeys(cell.levels[factor.label] for cell in part.cells)) for factor in part.factors}


def _cells(part: Part) -> tuple[list[str], list[int]] | None:
    """Labels, and the numbers of all cells with the last factor running fastest; None for another design."""
    levels = _levels(part)
    if part.design.get("kind") != "full" or not _LEAST <= len(levels) <= _MOST or any(len(own) != 2 for own in levels.values()):
        return None
    there = {tuple(cell.levels[label] for label in levels): cell.cell for cell in part.cells}
    wanted = list(product(*levels.values()))
    return (list(levels), [there[own] for own in wanted]) if all(own in there for own in wanted) else None


def _arrange(own: Trials, cells: list[int], metric: str) -> NDArray[np.float64] | None:
    """The outcome at the seeds that all cells have, [c, r]; None where they are fewer than two."""
    seen: dict[int, dict[int, float]] = {cell: {} for cell in cells}
    for cell, seed, value in zip(own.cell.tolist(), own.seed.tolist(), own.metrics[metric].tolist(), strict=True):
        seen[cell][seed] = value
    seeds = sorted(set.intersection(*(set(row) for row in seen.values())))
    return np.array([[seen[cell][seed] for seed in seeds] for cell in cells]) if len(seeds) > 1 else None
