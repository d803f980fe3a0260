"""Sunsets against terms counted by hand."""

import dataclasses

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core.ballots import Stake
from commonweal.core.errors import StudyError
from commonweal.core.streams import Key
from commonweal.institutions.presence import If
from commonweal.institutions.sunset import Sunset, Term
from commonweal.institutions.tax import Tax
from commonweal.testing import check_institution

TAX = Sunset.on(Tax(0.5), Tax, lambda tax: tax.rate, after=3)


@pytest.fixture(scope="module")
def live(bench):
    """Ticks of a sunset with the ballots that all would cast: when they were asked, what was taxed, and the last memory."""

    @eqx.filter_jit
    def one(rule, memory, ballots, by, asks):
        menu, acts = bench.harvest([10] * 5, 10.0)
        menu = eqx.tree_at(lambda m: m["harvest"].asked, menu, jnp.broadcast_to(asks, (5,)))
        menu = rule.permit(memory, bench.ring(5), menu)
        tick = bench.tick(menu, acts.add("renewal", ballots), [10, 0, 0, 0, 0], [9, 1, 1, 1, 1])
        answered = tick.answered.replace("renewal", by & menu["renewal"].asked)
        ruling = rule.settle(memory, dataclasses.replace(tick, answered=answered), Key.root(1))
        return ruling.memory, menu["renewal"].asked.all(), ruling.payoff[1]

    def ticks(rule: Sunset, count: int, ballots: list[int], by: list[bool] | None = None, asks: bool = True):
        memory, asked, paid = rule.begin(bench.ring(5)), [], []
        for _ in range(count):
            cast = jnp.asarray([True] * 5 if by is None else by)
            memory, was, got = one(rule, memory, jnp.asarray(ballots, jnp.int32), cast, jnp.asarray(asks))
            asked.append(bool(was))
            paid.append(int(got))
        return memory, asked, paid

    return ticks


@pytest.mark.parametrize(
    ("ballots", "by", "paid"),
    [
        ([1, 1, 1, 0, 0], None, [1] * 7),  # renewed after ticks 2 and 5
        ([1, 1, 0, 0, 0], None, [1, 1, 1, 0, 0, 0, 0]),
        ([1, 1, 0, 0, 1], [True, True, True, True, False], [1, 1, 1, 0, 0, 0, 0]),  # a tie lets it end
        ([1, 1, 1, 1, 1], [False] * 5, [1, 1, 1, 0, 0, 0, 0]),  # so does silence
        ([1, 0, 0, 0, 0], [True] + [False] * 4, [1] * 7),
    ],
)
def test_terms(live, ballots: list[int], by: list[bool] | None, paid: list[int]) -> None:
    memory, asked, got = live(TAX, 7, ballots, by)
    assert got == paid
    assert asked == [t == 2 or (t == 5 and bool(paid[5])) for t in range(7)]
    assert bool(memory.ended) == (paid[-1] == 0)


def test_stake_renews_and_no_sunset_never_asks(live) -> None:
    assert live(eqx.tree_at(lambda own: own.count, TAX, Stake()), 5, [1, 0, 0, 0, 0])[2] == [1] * 5
    forever = eqx.tree_at(lambda own: own.after, TAX, jnp.int32(0))
    assert live(forever, 5, [0] * 5)[1:] == ([False] * 5, [1] * 5)


def test_a_world_that_has_ended_is_not_asked(live) -> None:
    memory, asked, _ = live(TAX, 4, [1] * 5, asks=False)
    assert not any(asked)
    assert bool(memory.ended)


def test_random_terms(live) -> None:
    rng = np.random.default_rng(3)
    for _ in range(5):
        after, votes = int(rng.integers(1, 6)), rng.integers(0, 2, 5)
        rule = eqx.tree_at(lambda own: own.after, TAX, jnp.int32(after))
        paid = live(rule, 8, votes.tolist())[2]
        assert paid == [int(t < after or votes.sum() > 2) for t in range(8)]


@pytest.mark.slow
def test_laws() -> None:
    check_institution(Sunset.on(Tax(0.3), Tax, lambda tax: tax.rate, after=2), Sunset())


def test_words_and_errors(bench) -> None:
    memory = TAX.begin(bench.ring(5))
    assert "holds for 3 more rounds" in TAX.describe(memory)
    assert "has ended" in TAX.describe(Term(memory.inner, jnp.int32(0), jnp.asarray(True)))
    assert Sunset().describe(memory) == ""
    assert Sunset.on(If(Tax(0.5)), If, lambda rule: rule.on, 4).parameter == ("on",)
    with pytest.raises(StudyError, match="after -1 ticks"):
        Sunset(after=-1)
    with pytest.raises(StudyError, match="a sunset on rat"):
        Sunset(Tax(), ("rat",))
