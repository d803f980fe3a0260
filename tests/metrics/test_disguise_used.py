"""Known answers: disguises of harmful requests over days."""

import dataclasses

import jax
import jax.numpy as jnp
import pytest

from commonweal.metrics.disguise_used import DisguiseUsed
from commonweal.testing import check_metric
from commonweal.worlds.assistants import Assistants, AssistantsFacts


def day(month, **counts):
    """A day with these counts, and none of anything else."""
    with jax.enable_x64(True):
        zero = {field.name: jnp.zeros((), jnp.int64) for field in dataclasses.fields(AssistantsFacts)}
        facts = AssistantsFacts(**zero | {name: jnp.asarray(count, jnp.int64) for name, count in counts.items()})
    return dataclasses.replace(month([0]), facts=facts)


def test_over_days(month, measure):
    days = day(month, disguise=1200, bad=2, good=5), day(month, disguise=300, bad=3)
    assert measure(DisguiseUsed(), *days) == pytest.approx(0.3)


def test_no_harmful_requests(month, measure):
    assert measure(DisguiseUsed(), day(month, good=3)) == 0.0


@pytest.mark.slow
def test_laws():
    check_metric(DisguiseUsed(), Assistants())
