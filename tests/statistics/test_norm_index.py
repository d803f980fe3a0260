"""The norm index of Polya urns, of copying with innovation, of common reactions, and the coverage of its interval."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonweal.core.errors import StudyError
from commonweal.statistics.inference import estimate_mean
from commonweal.statistics.norm_index import (
    copying_index,
    estimate_index,
    measure_agreement,
    norm_index,
    pseudo_values,
    pseudo_values_by,
    urn_index,
)


def index_of(counts):
    counts = np.asarray(counts, float)
    return norm_index(measure_agreement(counts), counts / counts.sum(1, keepdims=True))


def values_of(counts):
    counts = np.asarray(counts, float)
    return pseudo_values(measure_agreement(counts), counts / counts.sum(1, keepdims=True))


def polya(weights, seats, societies, rng):
    """Urns, seat by seat."""
    counts = np.zeros((societies, len(weights)), int)
    for _ in range(seats):
        odds = counts + np.asarray(weights)
        edges = odds.cumsum(1) / odds.sum(1, keepdims=True)
        counts[np.arange(societies), (rng.random((societies, 1)) > edges).sum(1)] += 1
    return counts


def test_by_listing_every_pair_of_seats():
    # Independent of the formula: choices are listed, and pairs counted.
    rng = np.random.default_rng(3)
    for _ in range(5):
        r, k = int(rng.integers(2, 7)), int(rng.integers(2, 5))
        choices = [rng.integers(0, k, rng.integers(2, 9)) for _ in range(r)]
        counts = [np.bincount(own, minlength=k) for own in choices]
        within = np.mean([np.mean([a == b for a, b in combinations(own, 2)]) for own in choices])
        between = np.mean([np.mean(one[:, None] == two) for one, two in combinations(choices, 2)])
        assert index_of(counts) == pytest.approx((within - between) / (1 - between))


def test_polya_urns_of_random_weights():
    rng = np.random.default_rng(7)
    for k in (2, 2, 3, 5):
        weights = rng.uniform(0.4, 4, k)
        estimate = estimate_index(polya(weights, 30, 4000, rng))
        assert estimate.value == pytest.approx(urn_index(weights), abs=4 * (estimate.high - estimate.low) / 3.92)
        assert estimate.high - estimate.low < 0.05
    assert urn_index((1, 1)) == pytest.approx(1 / 3)


def test_a_common_reaction_is_no_norm():
    assert index_of([[10, 0]] * 6) == 0.0
    assert values_of([[10, 0]] * 6).tolist() == [0.0] * 6
    rng = np.random.default_rng(1)
    estimate = estimate_index(rng.multinomial(40, (0.9, 0.07, 0.03), 3000))
    assert abs(estimate.value) < 4 * (estimate.high - estimate.low) / 3.92
    assert estimate.high - estimate.low < 0.01


def test_a_norm_of_ones_own_is_1():
    assert index_of([[10, 0], [0, 10], [10, 0]]) == 1.0
    # Without the third society the rest have no index: the linear form stands in, and says 1 as well.
    assert values_of([[10, 0], [10, 0], [0, 10]]).tolist() == [1.0] * 3


def test_copying_with_innovation():
    """N seats copy a random seat of the last tick, or choose anew among K: the index is that of identity by descent."""
    rng = np.random.default_rng(11)
    for _ in range(2):
        seats, options, innovation = int(rng.integers(5, 15)), int(rng.integers(2, 5)), float(rng.uniform(0.03, 0.2))
        state = rng.integers(0, options, (4000, seats))
        for _ in range(150):
            copied = np.take_along_axis(state, rng.integers(0, seats, state.shape), 1)
            state = np.where(rng.random(state.shape) < innovation, rng.integers(0, options, state.shape), copied)
        estimate = estimate_index((state[..., None] == np.arange(options)).sum(1))
        assert estimate.value == pytest.approx(copying_index(seats, innovation), abs=4 * (estimate.high - estimate.low) / 3.92)
        assert estimate.high - estimate.low < 0.06
    assert copying_index(10, 0.0) == 1.0
    assert copying_index(10, 1.0) == 0.0


@pytest.mark.parametrize(("societies", "least"), [(10, 0.90), (20, 0.925), (40, 0.935)])
def test_the_interval_covers(societies, least):
    """As the module says: 92, 95 and 95 % of urns that start with (1, 1)."""
    rng = np.random.default_rng(societies)
    counts = polya((1, 1), 50, 1500 * societies, rng).reshape(1500, societies, 2)
    found = [estimate_index(own) for own in counts]
    covered = np.mean([own.low <= 1 / 3 <= own.high for own in found])
    assert least <= covered <= 0.975
    assert np.mean([own.value for own in found]) == pytest.approx(1 / 3, abs=0.012)


def test_contrasts_of_pseudo_values_cover():
    """Two arms of urns, paired by seed alone: the difference of indices, by the estimator of any metric."""
    rng = np.random.default_rng(5)
    counts = [polya(weights, 40, 400 * 20, rng).reshape(400, 20, 2) for weights in ((1, 1), (3, 2))]
    truth, covered = 1 / 3 - 1 / 6, 0
    for one, two in zip(*counts, strict=True):
        estimate = estimate_mean(values_of(one) - values_of(two))
        covered += estimate.low <= truth <= estimate.high
    assert 0.92 <= covered / 400 <= 0.98


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6), st.integers(1, 6)), min_size=3, max_size=6))
def test_pseudo_values_are_the_jackknife(counts):
    """Leaving societies out one by one gives the same, and the order of societies and options is nothing."""
    counts = np.add(counts, (1, 1, 0))
    r, whole = len(counts), index_of(counts)
    less = np.array([index_of(np.delete(counts, at, 0)) for at in range(r)])
    values = r * whole - (r - 1) * less
    if abs(values.mean()) <= 1:
        assert values_of(counts) == pytest.approx(values, abs=1e-9)
    else:
        assert values_of(counts).mean() == pytest.approx(whole, abs=1e-9)
    assert values_of(counts[::-1, ::-1]) == pytest.approx(values_of(counts)[::-1], abs=1e-9)
    assert whole <= 1.0


def test_all_hangs_on_one_society():
    """Nine nearly agree on one option, the tenth on the other: the jackknife's mean would be above 1."""
    counts = [[99, 1]] * 9 + [[1, 99]]
    values = values_of(counts)
    assert values.mean() == pytest.approx(index_of(counts))
    assert 0.9 < values.mean() < 1
    assert np.ptp(values) > 0


def test_by_cell_and_without_what_is_missing():
    rng = np.random.default_rng(4)
    counts = rng.integers(1, 9, (9, 3))
    agreement, shares = measure_agreement(counts), counts / counts.sum(1, keepdims=True)
    shares[4, 1] = agreement[7] = np.nan
    cells = ["a", "b", "a", "b", "b", "a", "b", "a", "c"]
    found = pseudo_values_by(cells, agreement, shares)
    assert found[[0, 2, 5]] == pytest.approx(values_of(counts[[0, 2, 5]]))
    assert found[[1, 3, 6]] == pytest.approx(values_of(counts[[1, 3, 6]]))
    assert np.isnan(found[[4, 7, 8]]).all()


def test_two_societies_and_one():
    counts = [[8, 2], [3, 7]]
    assert values_of(counts).mean() == pytest.approx(index_of(counts))
    assert np.ptp(values_of(counts)) > 0
    assert np.isnan(values_of(counts[:1])).all()
    assert np.isnan(index_of(counts[:1]))
    assert np.isnan(measure_agreement([[1, 0]])).all()
    few = estimate_index([[1, 0], [5, 5], [0, 0]])
    assert (few.n, few.bounded) == (1, False)
    with pytest.raises(StudyError, match=r"expected \[r\] and \[r, k\]"):
        norm_index([0.5], [[0.5, 0.5], [1, 0]])
