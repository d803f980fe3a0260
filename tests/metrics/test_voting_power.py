"""Known answers: one owner among small ones has c / (1 - c); Shapley-Shubik by dynamic programming for many small seats."""

import numpy as np
import pytest

from commonweal.core.errors import StudyError
from commonweal.metrics.voting_power import VotingPower
from commonweal.statistics.power_indices import shapley_shubik


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


def test_a_number_of_majors_out_of_range_is_refused():
    with pytest.raises(StudyError, match="from 1 to 12"):
        VotingPower(majors=0)
