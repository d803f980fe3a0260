"""Known answers: shares .5, .3, .2 give .38 (an effective number of 2.631579); 1 / n and 1 at the ends."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonweal.metrics.herfindahl import Herfindahl


@pytest.mark.parametrize(
    ("purses", "known"),
    [((5, 3, 2), 0.38), ((4, 4, 4, 4), 0.25), ((0, 0, 9), 1.0), ((0, 0), 0.5), ((-7, 5, 3, 2), 0.38), ((-1, -2), 0.5)],
)
def test_known_answers(end, measure, purses, known):
    assert measure(Herfindahl(), end(purses)) == pytest.approx(known, abs=1e-15)


def test_the_effective_number_of_owners(end, measure):
    assert 1 / measure(Herfindahl(), end((50, 30, 20))) == pytest.approx(2.631579, abs=5e-7)


@given(st.lists(st.integers(0, 2**31 - 1), min_size=5, max_size=5))
def test_squares_of_shares_in_exact_fractions(end, measure, purses):
    whole = sum(purses)
    known = float(sum(Fraction(x, whole) ** 2 for x in purses)) if whole else 0.2
    here = measure(Herfindahl(), end(purses))
    assert here == pytest.approx(known, rel=1e-12)
    assert 0.2 - 1e-12 <= here <= 1.0
