"""Simulation minus theory, where the truth is planted."""

import dataclasses

import numpy as np
import pytest
from scipy import stats

from commonweal.analysis.plans import read_plan
from commonweal.analysis.theory_gap import NONE_KNOWN, Gap, find_theory_gap
from commonweal.analysis.trials import read_trials
from commonweal.statistics.inference import estimate_mean


def test_the_gap_of_a_run_is_simulation_minus_theory_cell_by_cell(finished):
    plan, trials = read_plan(finished), read_trials(finished)
    found = find_theory_gap(plan, trials)
    assert len(found.cells) == 66
    for one in found.cells[:20]:
        here = (trials.part == "scripted") & (trials.cell == one.cell)
        assert one.gap.value == pytest.approx(trials.metrics["survived"][here].mean() - one.gap.theory)
    # Planted: at population 50 the noise is small and theory holds; at the threshold with 5 seats it must part.
    assert found.furthest.levels["population"] in (5.0, 50.0)
    inside, judged = found.inside
    assert judged == 66
    assert 40 <= inside < 66


def test_the_primary_gap_averages_theory_over_the_same_blocks(finished):
    """Known: mean over the 22 blocks of critical(share, 0.5) - critical(share, 0), which is 5 shares of 11 rescued."""
    found = find_theory_gap(read_plan(finished), read_trials(finished))
    shares = np.round(np.arange(11) * 0.1, 1)
    expected = np.mean((shares * 0.5 < 0.35).astype(float) - (shares < 0.35))
    assert found.primary.theory == pytest.approx(expected)
    assert found.primary.value == pytest.approx(found.primary.simulation.value - expected)
    assert "furthest off" in found.words


def test_without_theory_none_is_known(finished):
    plan, trials = read_plan(finished), read_trials(finished)
    parts = tuple(
        dataclasses.replace(part, cells=tuple(dataclasses.replace(cell, theory=None) for cell in part.cells))
        for part in plan.parts
    )
    found = find_theory_gap(dataclasses.replace(plan, parts=parts), trials)
    assert (found.primary, found.cells, found.furthest, found.theory) == (None, (), None, NONE_KNOWN)
    assert found.words == NONE_KNOWN


def test_theory_of_one_arm_alone_gives_no_primary_gap(finished):
    plan, trials = read_plan(finished), read_trials(finished)
    scripted = plan.part("scripted")
    cells = tuple(
        dataclasses.replace(cell, theory=None) if cell.levels["detection probability"] == 0.5 else cell
        for cell in scripted.cells
    )
    parts = (dataclasses.replace(scripted, cells=cells), *plan.parts[1:])
    found = find_theory_gap(dataclasses.replace(plan, parts=parts), trials)
    assert found.primary is None
    assert len(found.cells) == 44
    assert found.words.startswith("Of the primary outcome none is known")


def test_a_true_theory_is_inside_as_often_as_the_interval_says():
    """By simulation: 2,000 cells of 12 normal trials, theory the true mean; t interval, so 95 % within 1.5 points."""
    rng = np.random.default_rng(3)
    inside = [Gap(estimate_mean(rng.normal(0.4, 0.2, 12)), 0.4).inside for _ in range(2000)]
    low, high = stats.binom.interval(0.999, 2000, 0.95)
    assert low <= sum(inside) <= high
