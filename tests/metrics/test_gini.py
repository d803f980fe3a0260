"""Known answers: (1..5) gives .266667 and (0, 0, 0, 1) .75 in the population form; a double sum in exact fractions."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonweal.metrics.gini import Gini


@pytest.mark.parametrize(
    ("purses", "known"),
    [((1, 2, 3, 4, 5), 0.266667), ((0, 0, 0, 1), 0.75), ((7, 7, 7), 0.0), ((0, 0, 0), 0.0), ((-1, 1), 0.5)],
)
def test_known_answers(end, measure, purses, known):
    assert measure(Gini(), end(purses)) == pytest.approx(known, abs=5e-7)


def test_endowments_count(end, measure):
    assert measure(Gini(), end([0, 0, 0, 1], endowment=5)) == 0.75


@given(st.lists(st.integers(-(2**24), 2**24), min_size=5, max_size=5), st.integers(1, 100))
def test_the_double_sum_and_its_scale(end, measure, purses, factor):
    pairs = sum(abs(x - y) for x in purses for y in purses)
    whole = 10 * sum(abs(x) for x in purses)
    here = measure(Gini(), end(purses))
    assert here == pytest.approx(float(Fraction(pairs, whole)) if whole else 0.0, abs=1e-12)
    assert 0.0 <= here < 1.0
    assert measure(Gini(), end([factor * x for x in purses])) == pytest.approx(here, abs=1e-12)
