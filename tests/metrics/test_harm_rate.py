"""Known answers: 4 and 6 harmful requests of which 1 and 4 are helped: a half."""

import dataclasses

import jax
import jax.numpy as jnp
import pytest

from commonweal.metrics.harm_rate import HarmRate
from commonweal.testing import check_metric
from commonweal.worlds.assistants import Assistants, AssistantsFacts


def day(month, **counts):
    """A day with these counts, and none of anything else."""
    with jax.enable_x64(True):
        zero = {field.name: jnp.zeros((), jnp.int64) for field in dataclasses.fields(AssistantsFacts)}
        facts = AssistantsFacts(**zero | {name: jnp.asarray(count, jnp.int64) for name, count in counts.items()})
    return dataclasses.replace(month([0]), facts=facts)


def test_over_days(month, measure):
    days = day(month, bad=4, helped_bad=1, good=100), day(month, bad=6, helped_bad=4)
    assert measure(HarmRate(), *days) == 0.5


def test_nobody_asked(month, measure):
    assert measure(HarmRate(), day(month, good=3)) == 0.0


@pytest.mark.slow
def test_laws():
    check_metric(HarmRate(), Assistants())
