"""Minds that lapse: how often, and how often together; at which levels; laws."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.core.streams import Key
from commonweal.engine.compiled import run
from commonweal.minds.lapses import Lapsing
from commonweal.testing import check_mind
from commonweal.worlds.network_game import NetworkGame

TICKS = 4_000


def find_lapses(mind: Lapsing, n: int, seed: int = 1) -> np.ndarray:
    """Who lapses in each of many ticks. [t, a]"""
    return np.asarray(jax.jit(jax.vmap(lambda at: mind.lapses(n, Key.root(seed).child(at))))(jnp.arange(TICKS)))


def test_each_lapses_as_often_and_two_as_often_together_as_their_genes_say() -> None:
    """Correlation t u of two seats with one rate: at random genes, rates within 5 and correlations within 5 standard errors."""
    draws = np.random.default_rng(12)
    for _ in range(4):
        rate, together = draws.uniform(0.1, 0.9), draws.uniform(0, 1, 3)
        found = find_lapses(Lapsing(lapse=rate, together=together.astype(np.float32)), 3, int(draws.integers(1000)))
        assert np.abs(found.mean(0) - rate).max() < 5 * np.sqrt(rate * (1 - rate) / TICKS)
        known = np.corrcoef(found.T)
        for one, other in ((0, 1), (0, 2), (1, 2)):
            assert abs(known[one, other] - together[one] * together[other]) < 5 / np.sqrt(TICKS)


def test_copies_of_one_mind_lapse_at_one_time_and_others_at_their_own() -> None:
    found = find_lapses(Lapsing(lapse=0.3, together=jnp.asarray([1.0, 1.0, 0.0, 1.0])), 4)
    assert (found[:, 0] == found[:, 1]).all()
    assert (found[:, 0] == found[:, 3]).all()
    assert (found[:, 0] != found[:, 2]).any()
    # A copy that lapses more often lapses whenever one does that lapses less often.
    nested = find_lapses(Lapsing(lapse=jnp.asarray([0.2, 0.5]), together=1.0), 2)
    assert not (nested[:, 0] & ~nested[:, 1]).any()


def test_without_lapses_it_keeps_to_its_level_and_with_nothing_else_to_the_other() -> None:
    for lapse, level in ((0.0, 1), (1.0, 0)):
        society = Society(NetworkGame(), Named.of(("own", Lapsing(1.0, lapse, 0.0))), Seating(6))
        assert (run(society, 3, 4, record=("acts",)).traces["act.act"] == level).all()


def test_genes_out_of_range_are_refused() -> None:
    for gene in ("level", "lapse", "lapsed", "together"):
        with pytest.raises(StudyError, match=gene):
            Lapsing(**{gene: 1.5})


@pytest.mark.slow
def test_laws() -> None:
    check_mind(Lapsing(0.9, 0.3, 0.4, 0.5))
