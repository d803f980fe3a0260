"""Known answers: 300 to gain and 100 to lose: a half; and the sign on either side of the best threshold."""

import dataclasses

import jax
import jax.numpy as jnp
import pytest

from commonweal.metrics.doubtful_balance import DoubtfulBalance
from commonweal.testing import check_metric
from commonweal.worlds.assistants import Assistants, AssistantsFacts


def day(month, **counts):
    """A day with these counts, and none of anything else."""
    with jax.enable_x64(True):
        zero = {field.name: jnp.zeros((), jnp.int64) for field in dataclasses.fields(AssistantsFacts)}
        facts = AssistantsFacts(**zero | {name: jnp.asarray(count, jnp.int64) for name, count in counts.items()})
    return dataclasses.replace(month([0]), facts=facts)


def test_over_days(month, measure):
    days = day(month, border_gain=200, border_loss=100), day(month, border_gain=100)
    assert measure(DoubtfulBalance(), *days) == pytest.approx(0.5)
    assert measure(DoubtfulBalance(), day(month, border_loss=9)) == -1.0


def test_nothing_doubtful(month, measure):
    assert measure(DoubtfulBalance(), day(month, good=3)) == 0.0


@pytest.mark.slow
def test_laws():
    check_metric(DoubtfulBalance(), Assistants())
