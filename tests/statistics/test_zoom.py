import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit
from scipy.stats import qmc
from threadpoolctl import threadpool_limits

from commonweal.core.errors import StudyError
from commonweal.statistics.inference import Bounds
from commonweal.statistics.sampling import Axis
from commonweal.statistics.zoom import Seen, ZoomRule, next_batch, read_map


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Small matrices on one thread: with more, threads that wait for each other burn ten times the processor time."""
    with threadpool_limits(1):
        yield


SQUARE = (Axis(), Axis())
MIXED = (Axis(), Axis(levels=3, ordered=False), Axis(1, 6, whole=True))


def curve(x):
    return expit(15 * (x[:, 1] - 0.5 - 0.25 * np.sin(2 * np.pi * x[:, 0])))


def pocket(x):
    """A disc of 5 % of the square."""
    return expit(50 * (math.sqrt(0.05 / math.pi) - np.hypot(x[:, 0] - 0.68, x[:, 1] - 0.37)))


def begin(axes=SQUARE, **given):
    return Seen(axes, np.zeros((0, len(axes))), (), np.zeros(0, np.int64), np.zeros(0), **given)


def tell(seen, batch, chance, rng, cost=None):
    number = np.repeat(np.arange(len(batch.points)), batch.replicates)
    outcome = (rng.random(number.size) < chance(batch.points)[number]).astype(float)
    spent = None if cost is None else np.concatenate([seen.cost, cost(batch.points)[number]])
    return dataclasses.replace(
        seen,
        points=np.concatenate([seen.points, batch.points]),
        why=seen.why + batch.why,
        point=np.concatenate([seen.point, len(seen.points) + number]),
        outcome=np.concatenate([seen.outcome, outcome]),
        cost=spent,
    )


def play(seen, rule, chance, seed=0, cost=None):
    """All batches of a zoom, and what was seen at the end."""
    rng, batches = np.random.default_rng((seed, 5)), []
    while (batch := next_batch(seen, rule)).runs:
        batches.append(batch)
        seen = tell(seen, batch, chance, rng, cost)
    return batches, seen


@settings(max_examples=12, deadline=None)
@given(st.integers(20, 240), st.integers(2, 4), st.integers(8, 48), st.integers(0, 10**4), st.sampled_from([SQUARE, MIXED]))
def test_the_rule_is_kept(runs, replicates, batch, seed, axes):
    rule = ZoomRule(runs=runs, replicates=replicates, batch=max(batch, replicates), seed=seed)

    def allows(points):
        return points[:, 0] + points[:, -1] < 1.6

    batches, seen = play(begin(axes, allows=allows), rule, curve if axes is SQUARE else lambda x: expit(12 * (x[:, 0] - 0.4)))
    why = np.array(seen.why)[seen.point]
    # No run too many, and none left that would fill a point.
    assert 0 <= runs - seen.outcome.size < replicates
    # Coverage alone below 128 runs; from then on at least half of each batch, the fresh seeds at the end aside.
    assert set(why[: rule.first]) == {"coverage"}
    spent = 0
    for some in batches:
        reasons = [reason for reason in some.why if reason != "confirm"]
        assert reasons.count("boundary") <= len(reasons) / 2
        assert (some.replicates == replicates).all()
        # No seed is used twice.
        assert some.first.tolist() == list(range(spent, spent + some.runs, replicates))
        spent += some.runs
    # A point is new unless it is looked at again, and everything is allowed and on its axis.
    new = seen.points[[reason != "confirm" for reason in seen.why]]
    assert len(np.unique(new, axis=0)) == len(new)
    assert allows(seen.points).all()
    for axis, unit in zip(axes, seen.points.T, strict=True):
        if axis.whole or axis.levels:
            assert unit == pytest.approx(axis.locate(axis.place(unit)))


def test_coverage_is_one_sobol_sequence():
    _, seen = play(begin(), ZoomRule(runs=192, seed=3), curve)
    covered = seen.points[[reason == "coverage" for reason in seen.why]]
    whole = qmc.Sobol(2, scramble=True, rng=np.random.default_rng(3)).random(128)
    assert covered == pytest.approx(whole[: len(covered)])
    assert len(covered) > 64


def test_the_same_seen_asks_the_same():
    rule = ZoomRule(runs=192, seed=8)
    first, seen = play(begin(), rule, curve, seed=1)
    again, other = play(begin(), rule, curve, seed=1)
    assert all(np.array_equal(a.points, b.points) and a.why == b.why for a, b in zip(first, again, strict=True))
    assert np.array_equal(read_map(seen, rule).all.mean, read_map(other, rule).all.mean)


def test_boundary_points_lie_on_the_boundary():
    _, seen = play(begin(), ZoomRule(runs=256, seed=2), curve, seed=2)
    off = np.abs(seen.points[:, 1] - 0.5 - 0.25 * np.sin(2 * np.pi * seen.points[:, 0]))
    why = np.array(seen.why)
    # Points of the space are .25 off on average.
    assert off[why == "coverage"].mean() > 0.2
    assert off[why == "boundary"].mean() < 0.12
    assert off[why == "confirm"].mean() < 0.12
    assert (why == "confirm").sum() == 8  # an eighth of the 128 runs after the first 128, two a point
    # Fresh seeds there flip both ways.
    assert 0.1 < read_map(seen, ZoomRule(runs=256)).confirmed.value < 0.9


def test_what_costs_less_is_searched_more():
    def cost(points):
        return np.where(points[:, 0] > 0.5, 10.0, 1.0)

    shares = []
    for price in (cost, lambda points: np.full(len(points), 7.0)):
        _, seen = play(begin(cost=np.zeros(0)), ZoomRule(runs=256, seed=4), curve, seed=4, cost=price)
        near = seen.points[[reason == "boundary" for reason in seen.why]]
        shares.append((near[:, 0] > 0.5).mean())
    assert shares[0] < 0.25 < shares[1] < 0.75


def test_a_cost_that_is_the_same_everywhere_changes_nothing():
    _, one = play(begin(), ZoomRule(runs=160), curve)
    _, other = play(begin(cost=np.zeros(0)), ZoomRule(runs=160), curve, cost=lambda points: np.full(len(points), 3.0))
    assert np.array_equal(one.points, other.points)


def test_the_outcomes_unit_does_not_matter():
    # The same outcomes from -5 to 15 with the level in that unit: the same points, the same region.
    rule = ZoomRule(runs=160, seed=6)
    _, one = play(begin(), rule, curve, seed=6)
    wide, scaled = (
        dataclasses.replace(rule, level=5.0),
        dataclasses.replace(one, outcome=20 * one.outcome - 5, bounds=Bounds(-5.0, 15.0)),
    )
    a, b = next_batch(one, dataclasses.replace(rule, runs=200)), next_batch(scaled, dataclasses.replace(wide, runs=200))
    assert a.why == b.why
    assert a.points == pytest.approx(b.points)
    one_map, other_map = read_map(one, rule), read_map(scaled, wide)
    assert np.array_equal(one_map.all.inside, other_map.all.inside)
    assert other_map.all.mean == pytest.approx(20 * one_map.all.mean - 5)
    assert other_map.all.noise == pytest.approx(20 * one_map.all.noise)


def test_a_continuous_outcome_is_mapped():
    rng = np.random.default_rng(0)
    points = qmc.Sobol(2, rng=np.random.default_rng(0)).random(64)
    where = np.repeat(np.arange(64), 2)
    outcome = np.clip(points[where].mean(axis=1) + 0.1 * rng.standard_normal(128), 0, 1)
    found = read_map(Seen(SQUARE, points, ("coverage",) * 64, where, outcome), ZoomRule(level=0.75))
    # The mean of two coordinates is above 3/4 on a triangle of 1/8 of the square.
    assert found.all.share.value == pytest.approx(1 / 8, abs=0.03)
    assert found.all.share.low < 1 / 8 < found.all.share.high
    assert found.all.noise == pytest.approx(0.1, abs=0.02)
    assert found.overlap == 1.0
    assert np.isnan(found.confirmed.value)
    assert found.control.trials == found.all.trials == 128


def test_an_outcome_that_never_happens_has_no_region():
    _, seen = play(begin(), ZoomRule(runs=160), lambda x: np.zeros(len(x)))
    found = read_map(seen, ZoomRule(runs=160))
    assert (found.all.share.value, found.overlap) == (0.0, 1.0)


def test_trials_without_an_outcome_are_left_out_and_paid():
    rule = ZoomRule(runs=160)
    _, seen = play(begin(), rule, curve)
    lost = dataclasses.replace(seen, outcome=np.where(np.arange(seen.outcome.size) % 5 == 0, np.nan, seen.outcome))
    assert next_batch(lost, rule).runs == 0
    assert read_map(lost, rule).all.trials == 128


def test_a_small_space_is_used_up_and_then_run_again():
    axes = (Axis(levels=3, ordered=False), Axis(levels=4))
    _, seen = play(begin(axes), ZoomRule(runs=160), lambda x: (x[:, 1] > 0.5).astype(float))
    count = np.unique(seen.points, axis=0, return_counts=True)[1]
    assert len(count) == 12
    assert count[:].min() >= 5
    found = read_map(seen, ZoomRule(runs=160))
    assert np.array_equal(found.all.inside, found.all.places[:, 1] > 0.5)


@pytest.mark.parametrize(("chance", "runs"), [(curve, 192), (pocket, 192)], ids=["curve", "pocket"])
def test_the_zoom_is_not_inferior_to_coverage_alone(chance, runs):
    # benchmarks/zoom.py has six maps and 50 seeds; here the mean of a few must not show a loss of .05.
    gains = []
    for seed in range(4):
        overlaps = []
        for first in (128, runs):
            rule = ZoomRule(runs=runs, first=first, seed=1000 * seed)
            _, seen = play(begin(), rule, chance, seed)
            found = read_map(seen, rule).all
            true = chance(found.places) > 0.5
            overlaps.append((found.inside & true).sum() / (found.inside | true).sum())
        gains.append(overlaps[0] - overlaps[1])
    assert np.mean(gains) > -0.05


def test_what_cannot_be_searched_is_refused():
    with pytest.raises(StudyError, match="at least 2"):
        ZoomRule(replicates=1)
    with pytest.raises(StudyError, match="0 to 1"):
        ZoomRule(confirm=2.0)
    with pytest.raises(StudyError, match="as many as a point"):
        ZoomRule(batch=2, replicates=3)
    with pytest.raises(StudyError, match="at least 1 %"):
        next_batch(begin(allows=lambda points: points.sum(axis=1) < 0.05), ZoomRule())
    _, seen = play(begin(), ZoomRule(runs=128), curve)
    for ask in (next_batch, read_map):
        with pytest.raises(StudyError, match="inside that range"):
            ask(seen, ZoomRule(level=1.0))
    with pytest.raises(StudyError, match="seen from 3"):
        Seen(SQUARE, np.zeros((1, 2)), ("coverage",), np.zeros(1, np.int64), np.array([3.0]))
    with pytest.raises(StudyError, match="one reason a point"):
        Seen(SQUARE, np.zeros((1, 3)), ("coverage",), np.zeros(1, np.int64), np.array([1.0]))
