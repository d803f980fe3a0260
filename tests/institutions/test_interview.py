"""An interview asks when it is to, and what is answered changes nothing."""

import jax.numpy as jnp
import pytest

from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.questions import Amount, Choice
from commonweal.core.seats import Seats
from commonweal.institutions.interview import Interview
from commonweal.testing import check_institution

SEATS = Seats(jnp.zeros(3, jnp.int32))


def test_it_is_asked_at_its_ticks_alone():
    rule = Interview(first=2, ticks=2)
    asked = [bool(rule.permit(jnp.asarray(tick), SEATS, Named((), ()))["anchor"].asked.all()) for tick in range(6)]
    assert asked == [False, False, True, True, False, False]
    assert [rule.describe(jnp.asarray(tick)) != "" for tick in range(6)] == asked


def test_a_seat_or_one_of_some_options():
    whom = Interview(ticks=1).permit(jnp.asarray(0), SEATS, Named((), ()))["anchor"]
    assert isinstance(whom, Amount)
    assert whom.high.tolist() == [3, 3, 3]
    what = Interview(ticks=1, options=("nothing", "a", "b")).permit(jnp.asarray(0), SEATS, Named((), ()))["anchor"]
    assert isinstance(what, Choice)
    assert what.options == ("nothing", "a", "b")


def test_refusals():
    with pytest.raises(StudyError, match="first = -1"):
        Interview(first=-1)
    with pytest.raises(StudyError, match="expected two at least"):
        Interview(options=("yes",))


@pytest.mark.slow
def test_laws():
    check_institution(Interview(first=1, ticks=3), Interview())
