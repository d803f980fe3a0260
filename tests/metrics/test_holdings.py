"""Holdings against purses by hand."""

import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core.errors import StudyError
from commonweal.core.seats import Seats
from commonweal.core.views import End
from commonweal.metrics.holdings import Holdings
from commonweal.testing import check_metric


def value(metric, purse):
    n = len(purse)
    end = End(Seats(jnp.zeros(n, jnp.int32)), jnp.zeros(n, jnp.int32), jnp.asarray(purse, jnp.int32))
    return metric.value({name: np.asarray(own)[None] for name, own in metric.read(end).items()})


def test_by_hand_and_beyond_32_bits():
    assert value(Holdings(), [3, 4, 0, 5]) == 3.0
    assert value(Holdings(128), [1280, 0, 0, 128]) == 2.75
    assert value(Holdings(2), [2**31 - 1] * 6) == (2**31 - 1) / 2


@pytest.mark.slow
def test_laws_and_errors():
    check_metric(Holdings())
    with pytest.raises(StudyError, match="tokens of 0 units"):
        Holdings(0)
