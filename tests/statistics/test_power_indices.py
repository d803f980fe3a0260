"""Fixtures of oracles C, every ordering and coalition enumerated at random, and oceans as the limit of many small voters."""

from fractions import Fraction
from itertools import permutations, product

import numpy as np
import pytest
from scipy.integrate import quad

from commonweal.core.errors import StudyError
from commonweal.statistics.power_indices import banzhaf, oceanic, shapley_shubik


def test_published_fixtures() -> None:
    third = Fraction(1, 6)
    assert shapley_shubik(51, (50, 49, 1)) == (Fraction(2, 3), third, third)
    assert banzhaf(51, (50, 49, 1)).normalised == (Fraction(3, 5), Fraction(1, 5), Fraction(1, 5))
    eec = (4, 4, 4, 2, 2, 1)
    assert [float(x) for x in shapley_shubik(12, eec)] == pytest.approx([0.233333] * 3 + [0.15] * 2 + [0], abs=5e-7)
    assert banzhaf(12, eec).normalised == (*(Fraction(5, 21),) * 3, *(Fraction(1, 7),) * 2, Fraction(0))
    council = (7,) * 5 + (1,) * 10
    shapley, counted = shapley_shubik(39, council), banzhaf(39, council)
    assert (float(shapley[0]), float(shapley[5])) == pytest.approx((0.196270, 0.001865), abs=5e-7)
    assert (counted.swings[0], counted.swings[5]) == (848, 84)
    assert [float(counted.normalised[i]) for i in (0, 5)] == pytest.approx([0.166929, 0.016535], abs=5e-7)
    assert counted.raw[0] == Fraction(848, 2**14)


def test_every_ordering_and_coalition() -> None:
    random = np.random.default_rng(11)
    for _ in range(12):
        weights = random.integers(0, 9, 6).tolist()
        weights[0] += 1
        quota = int(random.integers(1, sum(weights) + 1))
        pivots, swings = [0] * 6, [0] * 6
        for order in permutations(range(6)):
            reached = np.cumsum([weights[i] for i in order])
            pivots[order[int(np.argmax(reached >= quota))]] += 1
        for members in product((0, 1), repeat=6):
            reached = sum(w for w, there in zip(weights, members, strict=True) if there)
            for i, there in enumerate(members):
                swings[i] += bool(there and reached >= quota > reached - weights[i])
        assert shapley_shubik(quota, weights) == tuple(Fraction(count, 720) for count in pivots)
        assert banzhaf(quota, weights).swings == tuple(swings)


def test_oceans() -> None:
    """One major: c / (1 - c). Two at random: the integral of the chance to swing over the time of arrival."""
    assert oceanic(0.5, (0.3,), 0.7)[0] == pytest.approx(3 / 7)
    assert oceanic(0.5, (0.6, 0.1), 0.3) == pytest.approx((1, 0))
    assert sum(oceanic(0.5, (0.4, 0.35, 0.25), 0.0)) == pytest.approx(1)
    random = np.random.default_rng(12)
    for _ in range(8):
        one, two, ocean = random.dirichlet((2, 2, 3))
        quota = random.uniform(0.3, 0.9)

        def chance(t, one=one, two=two, ocean=ocean, quota=quota):
            alone, joined = t * ocean, two + t * ocean
            return (1 - t) * (alone <= quota < alone + one) + t * (joined <= quota < joined + one)

        turns = [(quota - x) / ocean for x in (0, one, two, one + two)]
        known = quad(chance, 0, 1, points=[x for x in turns if 0 < x < 1] or None)[0]
        assert oceanic(quota, (one, two), ocean)[0] == pytest.approx(known, abs=1e-8)


def test_an_ocean_is_the_limit_of_many_small_voters() -> None:
    exact = shapley_shubik(101, (50, 30, *(1,) * 120))
    assert oceanic(100.5, (50, 30), 120) == pytest.approx([float(x) for x in exact[:2]], abs=0.01)


def test_numbers_out_of_range_are_refused() -> None:
    with pytest.raises(StudyError, match="quota 9"):
        banzhaf(9, (4, 4))
    with pytest.raises(StudyError, match="quota 0"):
        shapley_shubik(0, (4, 4))
    with pytest.raises(StudyError, match="an oceanic game"):
        oceanic(0.5, (-0.1,), 0.7)
