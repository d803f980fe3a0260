"""Known answers: shares of two ticks, who answered, and what is refused."""

import dataclasses
import math

import jax.numpy as jnp
import pytest

from commonweal.core.errors import StudyError
from commonweal.metrics.choice_share import ChoiceShare
from commonweal.testing import check_metric
from commonweal.worlds.market import Market


def voted(month, votes, answered, asked=None):
    """A month in which these seats answer a vote."""
    tick = month([0] * len(votes), vote=votes, asked=asked)
    return dataclasses.replace(tick, answered=tick.answered.replace("vote", jnp.asarray(answered)))


def test_share_of_those_who_answered(month, measure):
    ticks = [
        voted(month, [1, 1, 0, 0, 1], [True] * 5),
        voted(month, [1, 0, 0, 0, 1], [True, True, True, False, True], asked=[True, True, True, True, False]),
    ]
    assert measure(ChoiceShare("vote", 1), *ticks) == pytest.approx(1 / 3)
    assert measure(ChoiceShare("vote", 0), *ticks) == pytest.approx(2 / 3)
    assert measure(ChoiceShare("vote", 1, last=2), *ticks) == pytest.approx(4 / 8)
    assert measure(ChoiceShare("vote", 1, last=9), *ticks) == pytest.approx(4 / 8)
    assert math.isnan(measure(ChoiceShare("vote", 1), voted(month, [1, 1], [False, False])))


def test_what_it_cannot_read_is_refused(month, measure):
    with pytest.raises(StudyError, match="option 2 of 'vote', and that is no such choice"):
        measure(ChoiceShare("vote", 2), voted(month, [1, 0], [True, True]))
    with pytest.raises(StudyError, match="'harvest', and that is no such choice"):
        measure(ChoiceShare("harvest"), month([1, 2]))
    with pytest.raises(StudyError, match="in the last 0 ticks"):
        ChoiceShare("vote", 0, 0)


@pytest.mark.slow
def test_laws():
    check_metric(ChoiceShare("price", 3, 2), Market())
