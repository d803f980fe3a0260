"""The wealth tax against sums worked out by hand, its closed form, and conservation."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commonweal.core.errors import StudyError
from commonweal.core.streams import Key
from commonweal.institutions.wealth_tax import Levied, WealthTax
from commonweal.testing import check_institution
from commonweal.worlds.commonwealth import Commonwealth

KEY = Key.root(0)


@eqx.filter_jit
def settle(rule, memory, tick):
    return rule.settle(memory, tick, KEY)


def one(bench, purse, payoff):
    menu, acts = bench.harvest([0] * len(payoff), 10.0)
    return bench.tick(menu, acts, payoff, purse)


def test_by_hand(bench) -> None:
    ruling = settle(WealthTax(0.1), jnp.int32(0), one(bench, [100, 50, 5, 0], [0, 20, 0, -4]))
    # Wealth 100, 70, 5, -4: taxes 10, 7, 0, 0; a pool of 17, four each, one is held.
    assert ruling.payoff.tolist() == [-6, 17, 4, 0]
    assert (int(ruling.memory), int(ruling.held), int(ruling.burnt)) == (1, 1, 0)


@settings(max_examples=60, deadline=None)
@given(
    purse=st.lists(st.integers(-(2**20), 2**28), min_size=7, max_size=7),
    payoff=st.lists(st.integers(-(2**20), 2**28), min_size=7, max_size=7),
    rate=st.floats(0, 1, width=32),
    rest=st.integers(0, 6),
)
def test_nothing_is_minted_or_lost(bench, purse, payoff, rate, rest) -> None:
    ruling = settle(WealthTax(rate), jnp.int32(rest), one(bench, purse, payoff))
    assert sum(int(units) for units in ruling.payoff) + int(ruling.held) == sum(payoff)
    assert int(ruling.held) == int(ruling.memory) - rest
    assert 0 <= int(ruling.memory) < 7


def test_wealth_nears_the_mean_at_the_rate(bench) -> None:
    """w(t) = m + (w(0) - m) (1 - rate)^t, within a unit a tick for rounding."""
    wealth, memory, rate = np.asarray([10_000, 4_000, 1_000]), jnp.int32(0), 0.03
    start = wealth.astype(float)
    for _ in range(40):
        ruling = settle(WealthTax(rate), memory, one(bench, wealth.tolist(), [0, 0, 0]))
        wealth, memory = wealth + np.asarray(ruling.payoff), ruling.memory
    assert np.abs(wealth - (5000 + (start - 5000) * (1 - rate) ** 40)).max() < 40


@pytest.mark.slow
def test_laws() -> None:
    check_institution(WealthTax(0.2), WealthTax(0.0), Commonwealth(meetings=2))


def test_identity_and_books(check_inert) -> None:
    check_inert(WealthTax(), lambda rule: rule.rate, 0.0, 0.37)


def test_words_and_errors() -> None:
    assert WealthTax().describe(()) == ""
    assert "0.25 of what you own" in WealthTax(0.25).describe(())
    told = Levied(jnp.asarray([3, 0]), jnp.asarray([1, 0]))
    assert WealthTax().tell(told, 0) == "You paid 3 units in wealth tax and were paid 1 out of the pool."
    assert WealthTax().tell(told, 1) == ""
    with pytest.raises(StudyError, match=r"a wealth tax at rate -0\.1"):
        WealthTax(-0.1)
