"""Known answers: worth over requests of all days, and of the days after those that are left out."""

import dataclasses

import jax
import jax.numpy as jnp
import pytest

from commonweal.core.errors import StudyError
from commonweal.metrics.help_welfare import HelpWelfare
from commonweal.testing import check_metric
from commonweal.worlds.assistants import Assistants, AssistantsFacts


def day(month, **counts):
    """A day with these counts, and none of anything else."""
    with jax.enable_x64(True):
        zero = {field.name: jnp.zeros((), jnp.int64) for field in dataclasses.fields(AssistantsFacts)}
        facts = AssistantsFacts(**zero | {name: jnp.asarray(count, jnp.int64) for name, count in counts.items()})
    return dataclasses.replace(month([0]), facts=facts)


def test_over_days(month, measure):
    days = day(month, worth=-300, good=7, bad=3), day(month, worth=900, good=10), day(month, worth=100, bad=10)
    assert measure(HelpWelfare(), *days) == pytest.approx(700 / 30)
    assert measure(HelpWelfare(skip=0.5), *days) == pytest.approx(1000 / 20)


def test_nobody_asked(month, measure):
    assert measure(HelpWelfare(), day(month)) == 0.0


def test_not_everything_is_left_out():
    with pytest.raises(StudyError, match="a share of 1 of the ticks"):
        HelpWelfare(skip=1.0)


@pytest.mark.slow
def test_laws():
    check_metric(HelpWelfare(), Assistants())
