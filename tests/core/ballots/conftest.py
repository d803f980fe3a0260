"""Counting many elections at once, for the tests of all ways to count."""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core.ballots import Count, Election, VotingRule
from commonweal.core.streams import Key

_compiled: dict[int, Callable] = {}


def _program(alternatives: int) -> Callable:
    """Elections [r, a] counted by a rule: one program a rule's kind and shape."""

    def one(rule, ballot, weight, purse, stands, place, seed):
        election = Election(ballot, weight, purse, stands, place, Key.root(seed))
        return rule.count(election)

    if alternatives not in _compiled:
        _compiled[alternatives] = eqx.filter_jit(eqx.filter_vmap(one, in_axes=(None, 0, 0, 0, 0, 0, 0)))
    return _compiled[alternatives]


def tally(
    rule: VotingRule,
    ballots: np.ndarray,
    alternatives: int,
    weight: np.ndarray | None = None,
    purse: np.ndarray | None = None,
    stands: np.ndarray | None = None,
    place: np.ndarray | None = None,
) -> Count:
    """What came of elections with ballots [r, a], as numpy arrays with a leading axis r."""
    ballots = np.asarray(ballots, np.int32)
    trials, n = ballots.shape
    given = (
        np.ones((trials, n)) if weight is None else weight,
        np.zeros((trials, n)) if purse is None else purse,
    )
    whole = [jnp.asarray(np.broadcast_to(row, (trials, n)), jnp.int32) for row in given]
    standing = np.broadcast_to(True if stands is None else stands, (trials, alternatives))
    line = np.broadcast_to(np.arange(alternatives) if place is None else place, (trials, alternatives))
    seeds = jnp.arange(trials, dtype=jnp.int32)
    counted = _program(alternatives)(
        rule, jnp.asarray(ballots), *whole, jnp.asarray(standing), jnp.asarray(line, jnp.float32), seeds
    )
    return jax.device_get(counted)


@pytest.fixture(scope="session")
def count() -> Callable[..., Count]:
    return tally
