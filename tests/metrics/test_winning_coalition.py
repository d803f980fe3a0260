"""Known answers: by hand, and every coalition enumerated."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonweal.metrics.winning_coalition import WinningCoalition


@pytest.mark.parametrize(
    ("purses", "known"),
    [
        ((5, 5, 5, 5), 0.75),  # half is not more than half
        ((5, 5, 5), 2 / 3),
        ((51, 49), 0.5),
        ((100, 1, 1, 1), 0.25),
        ((0, 0, 0, 0, 0), 0.6),
        ((-50, 3, 2), 1 / 3),
    ],
)
def test_known_answers(end, measure, purses, known):
    assert measure(WinningCoalition(), end(purses)) == pytest.approx(known, abs=1e-15)


@given(st.lists(st.integers(0, 2**31 - 1), min_size=5, max_size=5).filter(any))
def test_no_smaller_coalition_wins(end, measure, purses):
    least = min(k for k in range(1, 6) if any(2 * sum(some) > sum(purses) for some in combinations(purses, k)))
    assert measure(WinningCoalition(), end(purses)) == least / 5
