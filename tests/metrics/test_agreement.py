"""Known answers: pairs counted by hand, who answered, and no bias at any number of seats."""

import dataclasses
import math
from itertools import combinations

import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core.errors import StudyError
from commonweal.metrics.agreement import Agreement
from commonweal.testing import check_metric
from commonweal.worlds.market import Market


def voted(month, votes, answered):
    """A month in which these seats answer a vote."""
    tick = month([0] * len(votes), vote=votes)
    return dataclasses.replace(tick, answered=tick.answered.replace("vote", jnp.asarray(answered)))


def test_pairs_that_agree(month, measure):
    rng = np.random.default_rng(2)
    votes, answered = rng.integers(0, 2, (3, 6)), rng.random((3, 6)) < 0.8
    ticks = [voted(month, own, there) for own, there in zip(votes, answered, strict=True)]
    listed = [np.mean([a == b for a, b in combinations(own[there], 2)]) for own, there in zip(votes, answered, strict=True)]
    assert measure(Agreement("vote"), *ticks) == pytest.approx(listed[-1])
    assert measure(Agreement("vote", 2), *ticks) == pytest.approx(np.mean(listed[1:]))


def test_one_answer_is_no_pair(month, measure):
    whole, single = voted(month, [1, 1, 1], [True] * 3), voted(month, [1, 0, 1], [True, False, False])
    assert math.isnan(measure(Agreement("vote"), whole, single))
    assert measure(Agreement("vote", 2), whole, single) == 1.0


def test_what_it_cannot_read_is_refused(month, measure):
    with pytest.raises(StudyError, match="'harvest', and that is no choice"):
        measure(Agreement("harvest"), month([1, 2]))
    with pytest.raises(StudyError, match="last 0 ticks"):
        Agreement("vote", 0)


@pytest.mark.slow
def test_laws():
    check_metric(Agreement("price", 2), Market())
