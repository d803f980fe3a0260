"""Known answers: one owner among small ones has c / (1 - c); both indices by dynamic programming for many small seats."""

import math

import numpy as np
import pytest

from commonweal.core.errors import StudyError
from commonweal.metrics.voting_power import VotingPower
from commonweal.statistics.power_indices import banzhaf, shapley_shubik
from commonweal.testing import check_metric


@pytest.mark.slow
def test_laws():
    check_metric(VotingPower(index="banzhaf"))


def test_one_owner_among_many_small_ones(end, measure):
    for share in (0.1, 0.3, 0.45):
        rest = [1000] * 1000
        first = round(share / (1 - share) * sum(rest))
        # Four more majors own a thousandth each: within 2 / n of the ocean.
        assert measure(VotingPower(), end([first, *rest])) == pytest.approx(share / (1 - share), abs=0.002)


def test_ends(end, measure):
    assert measure(VotingPower(), end([9, 1, 1, 1])) == pytest.approx(1.0)
    assert measure(VotingPower(), end([0, 0, 0, 0])) == 0.25
    assert measure(VotingPower(), end([-5, 1, 1, 1])) == pytest.approx(1 / 3, abs=1e-9)
    assert measure(VotingPower(majors=3), end([5, 5, 5])) == pytest.approx(1 / 3, abs=1e-9)


def test_the_ocean_is_near_the_exact_index_of_many_seats(end, measure):
    random = np.random.default_rng(6)
    for _ in range(3):
        purses = [*random.integers(10, 40, 2).tolist(), *([1] * 60)]
        exact = float(shapley_shubik(sum(purses) // 2 + 1, purses)[int(np.argmax(purses))])
        assert measure(VotingPower(majors=2), end(purses)) == pytest.approx(exact, abs=0.02)


def test_the_index_of_banzhaf_is_exact_where_all_are_majors(end, measure):
    """The fixture [51; 50, 49, 1]: 3 of 4 sets swung; and at random, ties and zeros with it."""
    metric = VotingPower(majors=12, index="banzhaf")
    assert measure(metric, end([49, 1, 50])) == 0.75
    random = np.random.default_rng(9)
    for n in (1, 2, 5, 8, 11):
        purses = random.integers(0, 6, n)
        purses[0] += 1
        exact = banzhaf(int(purses.sum()) // 2 + 1, purses.tolist()).raw[int(np.argmax(purses))]
        assert measure(metric, end(purses.tolist())) == float(exact)


def test_the_index_of_banzhaf_among_many_seats(end, measure):
    """Against all coalitions: the council of the fixtures at more than half, random purses, and all alike."""
    council = [7] * 5 + [1] * 10
    exact = float(banzhaf(sum(council) // 2 + 1, council).raw[0])
    assert measure(VotingPower(index="banzhaf"), end(council)) == pytest.approx(exact, abs=0.01)
    random = np.random.default_rng(10)
    for _ in range(4):
        purses = [*random.integers(5, 60, 4).tolist(), *random.integers(0, 8, 80).tolist()]
        exact = float(banzhaf(sum(purses) // 2 + 1, purses).raw[int(np.argmax(purses))])
        assert measure(VotingPower(majors=3, index="banzhaf"), end(purses)) == pytest.approx(exact, abs=0.01)
    alike = VotingPower(index="banzhaf")
    for n in (9, 64, 501):
        exact = math.comb(n - 1, (n - 1) // 2) / 2 ** (n - 1)
        assert measure(alike, end([0] * n)) == pytest.approx(exact, rel=1e-9)
        assert measure(alike, end([3] * n)) == pytest.approx(exact, rel=0.05)
        assert exact == pytest.approx(math.sqrt(2 / (math.pi * n)), rel=0.15)
    assert measure(alike, end([10**9, *[10**6] * 900])) == pytest.approx(1.0, abs=2e-3)


def test_a_number_of_majors_out_of_range_is_refused():
    with pytest.raises(StudyError, match="from 1 to 12"):
        VotingPower(majors=0)
    with pytest.raises(StudyError, match="'deegan'"):
        VotingPower(index="deegan")
