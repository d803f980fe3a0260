"""What power seekers spend, whom they back and how they vote, worked out by hand; and the laws of a mind."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core.named import Named
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.core.streams import Key
from commonweal.engine.phases import offer
from commonweal.engine.trial import begin
from commonweal.institutions.voting import Vote
from commonweal.institutions.wealth_tax import WealthTax
from commonweal.minds.coalition import Coalition
from commonweal.testing import check_mind
from commonweal.worlds.commons import Commons
from commonweal.worlds.commonwealth import Commonwealth

N = 6


@pytest.fixture(scope="module")
def decide():
    """Acts of a mind whose seats own 500, 400, 0, 100, 100 and 100 where the mean is 200."""
    world = Commonwealth(endowment=200, first_share=0.1, optional=True)
    rules = Named.of(("vote", Vote.on(WealthTax(), WealthTax, lambda tax: tax.rate, (0.01, 0.05))))
    trial = begin(Society(world, Named.of(("all", Coalition())), Seating(N), rules), 1)
    purse = jnp.asarray([500, 400, 0, 100, 100, 100], jnp.int32)
    view = eqx.filter_jit(offer)(trial.society, eqx.tree_at(lambda s: s.purse, trial.state, purse))
    act = eqx.filter_jit(lambda mind: mind.act((), view, Key.root(1)).acts)
    return lambda mind: {name: np.asarray(answer).tolist() for name, answer in act(mind).items()}


def test_by_hand(decide) -> None:
    acts = decide(Coalition(effort=0.05))
    assert acts["spend"] == [25, 20, 0, 5, 5, 5]
    assert acts["back"] == [-1] * N
    assert acts["trade"] == [0] * N
    assert acts["ballot"] == [0, 0, 2, 2, 2, 2]


def test_bad_actors_pool_for_their_leader_and_keep_things_as_they_are(decide) -> None:
    genes = jnp.asarray([1.0, 1.0, 1.0, 0.0, 0.0, 0.0])
    acts = decide(Coalition(effort=0.02 * genes, leader=jnp.where(genes > 0, 4.0, -1.0), selfish=1 - genes))
    assert acts["spend"] == [10, 8, 0, 0, 0, 0]
    assert acts["back"] == [4, 4, 4, -1, -1, -1]
    assert acts["ballot"] == [0, 0, 0, 2, 2, 2]


def test_the_menu_bounds_what_is_spent_and_backed(decide) -> None:
    acts = decide(Coalition(effort=1.0, leader=77.0))
    assert acts["spend"] == [50, 40, 0, 10, 10, 10]  # a tenth of the purse is the most
    assert acts["back"] == [5] * N


@pytest.mark.slow
def test_laws() -> None:
    check_mind(Coalition(leader=3.0), Commonwealth(meetings=2, optional=True))
    check_mind(Coalition(level=0.7), Commons())


def test_where_no_mean_is_shown_nobody_votes_for_a_change() -> None:
    rules = Named.of(("vote", Vote.on(WealthTax(), WealthTax, lambda tax: tax.rate, (0.1,))))
    trial = begin(Society(Commons(), Named.of(("all", Coalition())), Seating(N), rules), 1)
    view = jax.device_get(eqx.filter_jit(offer)(trial.society, trial.state))
    acts = Coalition().act((), view, Key.root(1)).acts
    assert np.asarray(acts["ballot"]).tolist() == [0] * N
    assert (np.asarray(acts["harvest"]) == 10).all()
