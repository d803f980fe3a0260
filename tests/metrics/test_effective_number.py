"""Known answers: shares .5, .3, .2 give 2.631579 (oracles C); n and 1 at the ends; squares in exact fractions."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonweal.metrics.effective_number import EffectiveNumber


@pytest.mark.parametrize(
    ("purses", "known"),
    [((50, 30, 20), 2.631579), ((4, 4, 4, 4), 4.0), ((0, 0, 9), 1.0), ((0, 0), 2.0), ((-7, 50, 30, 20), 2.631579)],
)
def test_known_answers(end, measure, purses, known):
    assert measure(EffectiveNumber(), end(purses)) == pytest.approx(known, abs=5e-7)


@given(st.lists(st.integers(0, 2**31 - 1), min_size=5, max_size=5))
def test_squares_of_shares_in_exact_fractions(end, measure, purses):
    squares = sum(x * x for x in purses)
    known = float(Fraction(sum(purses) ** 2, squares)) if squares else 5.0
    assert measure(EffectiveNumber(), end(purses)) == pytest.approx(known, rel=1e-12)
