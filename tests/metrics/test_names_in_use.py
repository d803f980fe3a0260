"""Names in use: sums over tallies made by hand; peaks of a game are checked against sets in the test of the namers."""

import dataclasses

import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core.named import Named
from commonweal.metrics.names_in_use import NamesInUse
from commonweal.testing import check_metric
from commonweal.worlds.naming_game import NamingFacts, NamingGame


@pytest.mark.slow
def test_laws() -> None:
    check_metric(NamesInUse(), NamingGame())
    check_metric(NamesInUse(every=True), NamingGame())


def test_tallies_of_all_minds_where_words_are_said(month, measure) -> None:
    """Two kinds of namers: what they hold, and what is different, adds up; what hearers hold meanwhile is not read."""
    draws = np.random.default_rng(2)
    ticks, sums = [], []
    for spoken in (3, 0, 2):
        counts = draws.integers(0, 100, (4, 5))
        names = ("a.held", "a.different", "b.held", "b.different")
        one = jnp.int32(1)
        facts = NamingFacts(jnp.zeros(5, jnp.int32), jnp.int32(spoken), one, one, one, one)
        tallies = Named(names, tuple(jnp.asarray(row, jnp.int32) for row in counts))
        ticks.append(dataclasses.replace(month([0] * 5), facts=facts, tallies=tallies))
        sums.append(counts.sum(1).reshape(2, 2).sum(0) * (spoken > 0))
    held, different = np.stack(sums).max(0)
    assert measure(NamesInUse(every=True), *ticks) == held
    assert measure(NamesInUse(), *ticks) == different
    assert measure(NamesInUse(), dataclasses.replace(ticks[0], tallies=Named((), ()))) == 0
