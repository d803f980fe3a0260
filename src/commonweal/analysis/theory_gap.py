"""The theory gap: simulation minus theory, with an interval over trials, for the primary outcome and cell by cell.

Where a closed form or a mean field already gives what the simulation shows, the simulation is a check of code, not evidence;
where the two part, the gap is what there is to explain. A study without theory says "none known".
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from commonweal.analysis.contrasts import compare_levels, measure, measure_difference
from commonweal.analysis.plans import Level, Part, Plan, say_level
from commonweal.analysis.trials import Trials
from commonweal.statistics.inference import Estimate

NONE_KNOWN = "none known"
"""What a plan says where there is no theory."""


@dataclass(frozen=True)
class Gap:
    """Simulation and theory of one number."""

    simulation: Estimate
    """Over trials."""
    theory: float
    """What theory says."""

    @property
    def value(self) -> float:
        """Simulation minus theory."""
        return self.simulation.value - self.theory

    @property
    def low(self) -> float:
        """Lower limit of the gap; NaN without an interval. Theory is exact, so only the simulation has width."""
        return self.simulation.low - self.theory

    @property
    def high(self) -> float:
        """Upper limit of the gap."""
        return self.simulation.high - self.theory

    @property
    def inside(self) -> bool | None:
        """Whether theory lies in the simulation's interval; None where there is no interval."""
        if not self.simulation.bounded:
            return None
        return self.low - 1e-9 <= 0 <= self.high + 1e-9


@dataclass(frozen=True)
class CellGap:
    """The gap in one cell."""

    cell: int
    """Its number."""
    levels: Mapping[str, Level]
    """Its levels."""
    gap: Gap
    """Of the mean of the primary metric."""


@dataclass(frozen=True)
class TheoryGap:
    """The gap of the primary part."""

    theory: str
    """What theory is, in a sentence, or `none known`."""
    metric: str
    """The primary metric."""
    primary: Gap | None
    """Of the primary outcome: difference between the two arms; None where theory says nothing of a compared cell."""
    cells: tuple[CellGap, ...]
    """Cells that have theory and trials."""
    null_model: bool
    """Whether the part's language model is a negative control."""

    @property
    def furthest(self) -> CellGap | None:
        """The cell furthest off, in half-widths of its interval where it has one, else in size; None without cells."""
        if not self.cells:
            return None
        return max(self.cells, key=lambda one: (_distance(one.gap), abs(one.gap.value)))

    @property
    def inside(self) -> tuple[int, int]:
        """Cells with theory inside their interval, of those with an interval. About 95 in 100 where theory is right."""
        judged = [one.gap.inside for one in self.cells if one.gap.inside is not None]
        return sum(judged), len(judged)

    @property
    def words(self) -> str:
        """The gap in a sentence or two; `none known` where there is no theory."""
        furthest = self.furthest
        if furthest is None:
            return NONE_KNOWN
        inside, judged = self.inside
        where = ", ".join(f"{label} {say_level(level)}" for label, level in furthest.levels.items())
        cells = (
            f"Theory lies inside the 95 % interval in {inside} of {judged} cells; it is furthest off at "
            f"{where or f'cell {furthest.cell}'}: simulation {furthest.gap.simulation.value:.3g}, "
            f"theory {furthest.gap.theory:.3g}."
        )
        gap = self.primary
        if gap is None:
            return f"Of the primary outcome none is known. {cells}"
        width = f" (95 % interval {gap.low:.3g} to {gap.high:.3g})" if gap.simulation.bounded else " (no interval)"
        verdict = {True: "theory is inside", False: "theory is outside", None: "it cannot be judged"}[gap.inside]
        return f"Simulation minus theory of the primary outcome: {gap.value:+.3g}{width}; {verdict}. {cells}"


def _distance(gap: Gap) -> float:
    half = (gap.high - gap.low) / 2
    if not math.isfinite(half):
        return 0.0
    return abs(gap.value) / half if half > 0 else math.inf if gap.value else 0.0


def find_theory_gap(plan: Plan, trials: Trials) -> TheoryGap:
    """The theory gap of a run's primary part.

    Args:
        plan: of the run.
        trials: its table.
    """
    primary, part = plan.primary, plan.part(plan.primary.part)
    own, card = trials.where(trials.part == part.name), plan.metrics[primary.metric]
    cells: list[CellGap] = []
    for cell in part.cells:
        estimate = measure(own.metrics[primary.metric][own.cell == cell.cell], card)
        if cell.theory is not None and estimate.n:
            cells.append(CellGap(cell.cell, cell.levels, Gap(estimate, cell.theory)))
    theory = plan.theory if any(cell.theory is not None for cell in part.cells) else NONE_KNOWN
    return TheoryGap(theory, primary.metric, _compare(plan, part, own), tuple(cells), part.null_model)


def _compare(plan: Plan, part: Part, own: Trials) -> Gap | None:
    """The primary outcome beside what theory makes of the same blocks; None where theory lacks one of their cells."""
    primary = plan.primary
    levels = (primary.control, primary.treatment)
    expected = np.full(len(own), np.nan)
    for cell in part.cells:
        if cell.theory is not None:
            expected[own.cell == cell.cell] = cell.theory
    chosen = compare_levels(own, part, primary.metric, primary.factor, levels).contrast
    named = Trials(own.part, own.cell, own.seed, own.ticks, own.factors, {primary.metric: expected}, {}, own.log_digest)
    # Only trials that have a value count, so that theory is averaged over the blocks that simulation is.
    kept = np.isfinite(own.metrics[primary.metric])
    there = compare_levels(named.where(kept), part, primary.metric, primary.factor, levels).contrast
    if not chosen.n or there.treatment.size != chosen.treatment.size or there.control.size != chosen.control.size:
        return None
    theory = float(np.mean([one.mean() - nil.mean() for one, nil in there.split()]))
    estimate = measure_difference(chosen, plan.metrics[primary.metric])
    return Gap(estimate, theory)
