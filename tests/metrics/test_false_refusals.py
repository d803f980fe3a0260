"""Known answers: 10 and 20 ordinary requests of which 7 and 20 are helped: 10 %."""

import dataclasses

import jax
import jax.numpy as jnp
import pytest

from commonweal.metrics.false_refusals import FalseRefusals
from commonweal.testing import check_metric
from commonweal.worlds.assistants import Assistants, AssistantsFacts


def day(month, **counts):
    """A day with these counts, and none of anything else."""
    with jax.enable_x64(True):
        zero = {field.name: jnp.zeros((), jnp.int64) for field in dataclasses.fields(AssistantsFacts)}
        facts = AssistantsFacts(**zero | {name: jnp.asarray(count, jnp.int64) for name, count in counts.items()})
    return dataclasses.replace(month([0]), facts=facts)


def test_over_days(month, measure):
    days = day(month, good=10, helped_good=7, refused_good=9), day(month, good=20, helped_good=20)
    assert measure(FalseRefusals(), *days) == pytest.approx(0.1)


def test_nobody_asked(month, measure):
    assert measure(FalseRefusals(), day(month, bad=3)) == 0.0


@pytest.mark.slow
def test_laws():
    check_metric(FalseRefusals(), Assistants())
