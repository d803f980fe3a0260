"""Tax and transfer against sums worked out by hand, and conservation."""

import equinox as eqx
import jax.numpy as jnp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.streams import Key
from commonweal.core.views import Ruling, Tick
from commonweal.institutions.tax import Tax, Taxed

KEY = Key.root(0)


@eqx.filter_jit
def settle(rule: Tax, memory: object, tick: Tick) -> Ruling:
    return rule.settle(memory, tick, KEY)


def one(bench, payoff: list[int]) -> Tick:
    menu, acts = bench.harvest([0] * len(payoff), 10.0)
    return bench.tick(menu, acts, payoff)


def test_by_hand(bench) -> None:
    ruling = settle(Tax(0.3), jnp.int32(0), one(bench, [10, 5, 0, -4]))
    # floor(3), floor(1.5), 0, 0: a pool of 4, one each.
    assert ruling.payoff.tolist() == [8, 5, 1, -3]
    assert (int(ruling.memory), int(ruling.held), int(ruling.burnt)) == (0, 0, 0)


def test_the_rest_is_held_until_it_can_be_paid(bench) -> None:
    tick, memory, seen = one(bench, [10, 5, 0, -4]), jnp.int32(0), []
    for _ in range(3):
        ruling = settle(Tax(0.5), memory, tick)
        memory = ruling.memory
        seen.append((ruling.payoff.tolist(), int(ruling.memory), int(ruling.held)))
    # Taxes of 5 and 2: pools 7, 7 + 3 and 7 + 2 over four seats.
    assert seen == [([6, 4, 1, -3], 3, 3), ([7, 5, 2, -2], 2, -1), ([7, 5, 2, -2], 1, -1)]


@settings(max_examples=100, deadline=None)
@given(
    payoff=st.lists(st.integers(-(2**20), 2**28), min_size=7, max_size=7),
    rate=st.floats(0, 1, width=32),
    rest=st.integers(0, 6),
)
def test_nothing_is_minted_or_lost(bench, payoff: list[int], rate: float, rest: int) -> None:
    ruling = settle(Tax(rate), jnp.int32(rest), one(bench, payoff))
    after = [int(units) for units in ruling.payoff]
    assert sum(after) + int(ruling.held) == sum(payoff)
    assert int(ruling.held) == int(ruling.memory) - rest
    assert 0 <= int(ruling.memory) < 7


def test_full_rate_leaves_equal_payoffs(bench) -> None:
    for log in bench.sweep(40, Named.of(("rule", Tax(1.0)))):
        assert (log.traces["payoff"] == log.traces["payoff"][:, :1]).all()


def test_identity_and_books(check_inert) -> None:
    check_inert(Tax(), lambda rule: rule.rate, 0.0, 0.37)


def test_words_and_errors() -> None:
    rule = Tax(0.25)
    assert Tax().describe(()) == ""
    assert "0.25 of every 1 unit" in rule.describe(())
    told = Taxed(jnp.asarray([3, 0]), jnp.asarray([1, 0]))
    assert rule.tell(told, 0) == "You paid 3 units in tax and were paid 1 out of the pool."
    assert rule.tell(told, 1) == ""
    with pytest.raises(StudyError, match=r"a tax rate of 1\.5"):
        Tax(1.5)
