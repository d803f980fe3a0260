import numpy as np
import pytest

from commonweal.analysis.contrasts import compare_levels, find_bounds, measure, measure_difference
from commonweal.analysis.plans import Factor, MetricCard, Part
from commonweal.analysis.trials import Trials
from commonweal.statistics.inference import Bounds, oppose

SHARE = MetricCard("1", 0.0, 1.0, "", "")
OPEN = MetricCard("tokens", 0.0, None, "", "")
PART = Part(
    "p", "main", "compiled", 1, 2, 5, "tick", "", False, (Factor("dose", "", (0.0, 1.0)), Factor("place", "", ("x", "y"))), ()
)


def table(rows):
    """Trials from (dose, place, seed, value)."""
    dose, place, seed, value = (np.array(column) for column in zip(*rows, strict=True))
    n = len(rows)
    return Trials(
        np.array(["p"] * n),
        np.zeros(n, int),
        seed,
        np.ones(n, int),
        {"dose": dose.astype(float), "place": place},
        {"m": value.astype(float)},
        {},
        np.array([""] * n),
    )


def test_pairs_share_seed_and_every_other_factor():
    arms = compare_levels(
        table([(0, "x", 1, 10), (1, "x", 1, 11), (1, "y", 1, 33), (0, "y", 1, 30), (0, "y", 2, 50), (1, "y", 2, 57)]),
        PART, "m", "dose", (0.0, 1.0),
    )  # fmt: skip
    assert arms.contrast.paired
    assert (arms.contrast.treatment - arms.contrast.control).tolist() == [1, 3, 7]
    assert arms.contrast.treatment_block.tolist() == [0, 1, 1]
    assert (arms.contrast.blocks, arms.contrast.n, arms.left_out) == (2, 3, 0)


def test_a_trial_without_partner_and_a_block_of_one_arm_are_left_out():
    rows = [(0, "x", 1, 1), (1, "x", 1, 2), (1, "x", 2, 9), (0, "y", 1, 5), (1, "x", 3, np.nan)]
    arms = compare_levels(table(rows), PART, "m", "dose", (0.0, 1.0))
    assert arms.contrast.treatment.tolist() == [2]
    assert arms.left_out == 3


def test_without_shared_seeds_arms_are_not_paired():
    arms = compare_levels(table([(0, "x", 1, 1), (0, "x", 2, 3), (1, "x", 7, 4)]), PART, "m", "dose", (0.0, 1.0))
    assert not arms.contrast.paired
    assert (arms.contrast.control.tolist(), arms.contrast.n) == ([1, 3], 3)


def test_levels_in_words():
    rows = [(0, "x", 1, 1), (0, "y", 1, 3)]
    arms = compare_levels(table(rows), PART, "m", "place", ("x", "y"))
    assert (arms.contrast.treatment.tolist(), arms.contrast.control.tolist()) == ([3], [1])


def test_an_empty_arm():
    arms = compare_levels(table([(0, "x", 1, 1)]), PART, "m", "dose", (0.0, 1.0))
    assert arms.contrast.n == 0
    assert np.isnan(measure_difference(arms.contrast, SHARE).value)


def test_the_method_follows_the_metric():
    assert measure(np.array([0.0, 1.0, np.nan]), SHARE).method.startswith("Wilson")
    assert measure(np.array([0.0, 1.0, np.nan]), SHARE).n == 2
    assert measure(np.array([0.0, 0.5]), SHARE).method.startswith("t ")
    assert measure(np.array([0.0, 1.0]), OPEN).method.startswith("t ")
    assert measure_difference(oppose([1.0, 0.0], [0.0, 0.0]), SHARE).method.startswith("Newcombe")
    assert measure_difference(oppose([1.0, 0.2], [0.0, 0.0]), SHARE).method.startswith("Welch")
    assert find_bounds(OPEN) is None
    assert find_bounds(SHARE) == Bounds(0.0, 1.0)
    assert measure(np.array([np.nan]), SHARE).n == 0


def test_an_interval_of_a_mean_stays_in_the_range():
    found = measure(np.array([0.9, 1.0, 0.95]), SHARE)
    assert found.high == 1.0
    assert found.value == pytest.approx(0.95)
