import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from commonweal.core.errors import StudyError
from commonweal.statistics.boxes import Box, BoxRule, Limit, find_box, measure_box, place_all, say_box, shortest_between
from commonweal.statistics.sampling import Axis

AXES = (Axis(0, 10), Axis(), Axis(levels=4, ordered=False), Axis(1, 6, whole=True), Axis())


def plant(seed, trials=600):
    """Trials of interest with .9 inside a box of four limits, .05 outside; the last axis does nothing."""
    rng = np.random.default_rng(seed)
    points = rng.random((trials, 5))
    values = place_all(points, AXES)
    inside = (values[:, 0] >= 3) & (values[:, 1] <= 0.7) & np.isin(values[:, 2], (1, 3)) & (values[:, 3] >= 3)
    return points, values, inside, (rng.random(trials) < np.where(inside, 0.9, 0.05)).astype(float)


@pytest.mark.parametrize("seed", range(8))
def test_a_planted_box_is_recovered(seed):
    points, _, inside, interest = plant(seed)
    best = find_box(points, interest, AXES).best
    limits = {limit.axis: limit for limit in best.limits}
    assert limits[0].low == pytest.approx(3, abs=0.6)
    assert limits[1].high == pytest.approx(0.7, abs=0.06)
    assert limits[2].levels == (1, 3)
    assert limits[3].low == 3
    # What it holds is the planted box, nearly.
    found = best.holds(points, AXES)
    assert (found & inside).sum() / (found | inside).sum() > 0.8
    assert all(limit.quasi_p < 0.05 for limit in best.limits)


def test_a_box_does_nearly_as_well_as_the_best_of_all_rectangles():
    # Every rectangle of a 9 x 9 board is looked at: peeling finds one whose merit is within 5 % of the best.
    axes = (Axis(0, 8, whole=True), Axis(0, 8, whole=True))
    losses = []
    for seed in range(10):
        rng = np.random.default_rng(seed)
        points = rng.random((400, 2))
        values = place_all(points, axes)
        a, b = np.sort(rng.choice(9, 2, replace=False)), np.sort(rng.choice(9, 2, replace=False))
        inside = ((values >= [a[0], b[0]]) & (values <= [a[1], b[1]])).all(axis=1)
        interest = rng.random(400) < np.where(inside, 0.85, 0.1)
        spans = list(itertools.combinations_with_replacement(range(9), 2))
        every = [
            measure_box((Limit(0, low=w, high=x), Limit(1, low=y, high=z)), values, interest)
            for (w, x), (y, z) in itertools.product(spans, spans)
        ]
        best = max(box.merit for box in every if box.trials >= 10)
        losses.append(1 - max(box.merit for box in find_box(points, interest.astype(float), axes).path) / best)
    assert np.mean(losses) < 0.05
    assert max(losses) < 0.15


def test_the_path_trades_coverage_for_density():
    points, _, _, interest = plant(1)
    path = find_box(points, interest, AXES).path
    assert (path[0].limits, path[0].coverage, path[0].support) == ((), 1.0, 1.0)
    assert path[0].density == pytest.approx(interest.mean())
    peeled = list(itertools.takewhile(lambda pair: pair[1].trials < pair[0].trials, itertools.pairwise(path)))
    # Each slice raises the density, lowers the coverage or leaves it, and is thin: 5 % of a box or one level.
    assert all(after.density > before.density and after.coverage <= before.coverage for before, after in peeled)
    assert len(peeled) > 5


def test_measures_are_what_they_say():
    points, values, _, interest = plant(3)
    best = find_box(points, interest, AXES).best
    held = best.holds(points, AXES)
    assert best.trials == held.sum()
    assert best.density == pytest.approx(interest[held].mean())
    assert best.coverage == pytest.approx(interest[held].sum() / interest.sum())
    assert best.support == pytest.approx(held.mean())
    assert best.merit == pytest.approx(2 / (1 / best.density + 1 / best.coverage))
    # On other trials the limits found do about as well as on their own.
    other, other_values, _, fresh = plant(103)
    assert measure_box(best.limits, other_values, fresh.astype(bool)).density == pytest.approx(0.9, abs=0.1)
    del other, values


def test_quasi_p_is_the_binomial_test_of_bryant_and_lempert():
    points, values, _, interest = plant(5)
    best = find_box(points, interest, AXES).best
    hits = int(interest[best.holds(points, AXES)].sum())
    for limit in best.limits:
        rest = measure_box([other for other in best.limits if other != limit], values, interest.astype(bool))
        assert limit.quasi_p == pytest.approx(binomtest(hits, best.trials, rest.density, alternative="greater").pvalue)


def test_the_limits_of_a_pure_step_are_exact():
    # Without noise the box is the step: nothing outside, everything inside, its limit between two neighbours.
    points = (np.arange(200)[:, None] + 0.5) / 200
    interest = (points[:, 0] > 0.6).astype(float)
    best = find_box(points, interest, (Axis(0, 100),)).best
    assert (best.density, best.coverage) == (1.0, 1.0)
    assert best.limits[0].low == 60
    assert math.isinf(best.limits[0].high)


def test_few_of_many_limits_on_noise_survive():
    # Where nothing matters a box may still be found by chance, but a limit of 5 axes seldom.
    rng = np.random.default_rng(2)
    axes = (Axis(),) * 5
    boxes = [find_box(rng.random((200, 5)), (rng.random(200) < 0.4).astype(float), axes).best for _ in range(40)]
    assert np.mean([len(box.limits) for box in boxes]) < 2.0


def test_a_box_in_words():
    box = Box((Limit(0, low=3.0), Limit(1, high=0.7), Limit(2, levels=(1, 3)), Limit(3, low=3, high=5)), 0.9, 0.8, 0.2, 100)
    words = say_box(box, ("stock", "greed", "mind", "seats", "none"), ((), (), ("a", "b", "c", "d"), (), ()))
    assert words == "stock at least 3 and greed at most 0.7 and mind b or d and seats 3 to 5"
    assert say_box(Box((), 0.5, 1, 1, 10), (), ()) == "everywhere"
    named = say_box(Box((Limit(0, high=1),), 1, 1, 1, 1), ("sanction",), (("none", "fine", "exile"),))
    assert named == "sanction at most fine"


@settings(max_examples=300)
@given(st.floats(-1e6, 1e6), st.floats(1e-9, 1e6))
def test_the_shortest_decimal_lies_between(low, width):
    high = low + width
    found = shortest_between(low, high)
    if low < (low + high) / 2 < high:
        assert low < found < high
    # No rounder number than the middle's own lies between: with a digit less it falls outside.
    digits = next(d for d in range(-7, 40) if round(found, d) == found)
    assert not low < round((low + high) / 2, digits - 1) < high or digits == -7


def test_known_shortest_decimals():
    assert shortest_between(0.58, 0.61) == 0.6
    assert shortest_between(2.97, 3.04) == 3.0
    assert shortest_between(-0.3, 0.4) == 0.0
    assert shortest_between(0.5871, 0.5879) == 0.5875
    assert shortest_between(1234.0, 1301.0) == 1300.0


def test_what_cannot_be_boxed_is_refused():
    points = np.random.default_rng(0).random((20, 1))
    with pytest.raises(StudyError, match="of which 0"):
        find_box(points, np.zeros(20), (Axis(),))
    with pytest.raises(StudyError, match="continuous outcome"):
        find_box(points, np.full(20, 0.5), (Axis(),))
    with pytest.raises(StudyError, match=r"peel 0\.9"):
        BoxRule(peel=0.9)
