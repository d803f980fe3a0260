"""Known answers: GovSim's formula by hand and as a double sum in exact fractions; one who takes all leaves 1 / n."""

from fractions import Fraction

import jax
import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonweal.core.views import End
from commonweal.metrics.equality import Equality

UNITS = st.lists(st.integers(-(2**31), 2**31 - 1), min_size=6, max_size=6)


def double_sum(gains):
    """GovSim's e as written, with absolute values below."""
    pairs = sum(abs(x - y) for x in gains for y in gains)
    whole = 2 * len(gains) * sum(abs(x) for x in gains)
    return float(1 - Fraction(pairs, whole)) if whole else 1.0


@pytest.mark.parametrize(
    ("gains", "known"),
    [((20,) * 5, 1.0), ((0, 0, 0, 1), 0.25), ((1, 2, 3, 4, 5), 1 - 4 / 15), ((0, 0), 1.0), ((-1, 1), 0.5), ((-3, -3), 1.0)],
)
def test_known_answers(end, measure, gains, known):
    assert measure(Equality(), end(gains)) == pytest.approx(known, abs=1e-15)


def test_what_a_seat_began_with_is_no_gain(end, measure):
    assert measure(Equality(), end([7, 3, 5], endowment=[5, 1, 3])) == 1.0


@given(UNITS, st.permutations(range(6)))
def test_the_double_sum(end, measure, purse, order):
    here = measure(Equality(), end(purse))
    assert here == pytest.approx(double_sum(purse), abs=1e-12)
    assert 1 / 6 - 1e-12 <= here <= 1.0
    assert measure(Equality(), end([purse[i] for i in order])) == here


def test_a_million_full_purses_do_not_overflow(end):
    moment = end([2**31 - 1] * 500_000 + [0] * 500_000)
    read = jax.jit(lambda e: Equality().read(e))(End(moment.seats, moment.endowment, moment.purse))
    assert Equality().value({name: value[None] for name, value in read.items()}) == pytest.approx(0.5, abs=1e-12)
