"""Known answers: thresholds of two assistants over days, and after the days that are left out."""

import dataclasses

import jax
import jax.numpy as jnp
import pytest

from commonweal.core.errors import StudyError
from commonweal.metrics.threshold_used import ThresholdUsed
from commonweal.testing import check_metric
from commonweal.worlds.assistants import Assistants, AssistantsFacts


def day(month, **counts):
    """A day with these counts, and none of anything else."""
    with jax.enable_x64(True):
        zero = {field.name: jnp.zeros((), jnp.int64) for field in dataclasses.fields(AssistantsFacts)}
        facts = AssistantsFacts(**zero | {name: jnp.asarray(count, jnp.int64) for name, count in counts.items()})
    return dataclasses.replace(month([0]), facts=facts)


def test_over_days(month, measure):
    days = day(month, thresholds=-500, assistants=2), day(month, thresholds=2500, assistants=2)
    assert measure(ThresholdUsed(), *days) == pytest.approx(0.5)
    assert measure(ThresholdUsed(skip=0.5), *days) == pytest.approx(1.25)


def test_no_assistants(month, measure):
    assert measure(ThresholdUsed(), day(month)) == 0.0


def test_not_everything_is_left_out():
    with pytest.raises(StudyError, match="a share of -1 of the ticks"):
        ThresholdUsed(skip=-1.0)


@pytest.mark.slow
def test_laws():
    check_metric(ThresholdUsed(), Assistants())
