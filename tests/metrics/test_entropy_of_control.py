"""Known answers: 1 and 0 at the ends, scipy's entropy at random."""

import dataclasses

import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import entropy

from commonweal.core.facts import ONE_SHARE
from commonweal.metrics.entropy_of_control import EntropyOfControl
from commonweal.testing import check_metric
from commonweal.worlds.commonwealth import Commonwealth, CommonwealthFacts


@pytest.fixture
def held(month):
    def make(shares):
        influence = jnp.asarray(np.floor(np.asarray(shares) * ONE_SHARE), jnp.int32)
        facts = CommonwealthFacts(influence, jnp.zeros_like(influence), jnp.int32(0))
        return dataclasses.replace(month([0] * influence.size), facts=facts)

    return make


@pytest.mark.parametrize(
    ("shares", "known"), [([0.25] * 4, 1.0), ([1, 0, 0, 0], 0.0), ([0.5, 0.5, 0, 0], 0.5), ([0, 0, 0], 1.0), ([1], 0.0)]
)
def test_known_answers(held, measure, shares, known):
    assert measure(EntropyOfControl(), held(shares)) == pytest.approx(known, abs=1e-6)


def test_it_is_the_mean_over_ticks(held, measure):
    random = np.random.default_rng(3)
    rows = random.dirichlet(np.full(6, 0.3), 12)
    known = np.mean([entropy(row) / np.log(6) for row in rows])
    assert measure(EntropyOfControl(), *map(held, rows)) == pytest.approx(known, abs=1e-5)


@pytest.mark.slow
def test_laws() -> None:
    check_metric(EntropyOfControl(), Commonwealth(meetings=2))
