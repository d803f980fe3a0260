"""Turnover against its own recursion, and as the rule inside at rate 0."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core import lens
from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.seats import Seating, Seats
from commonweal.core.streams import Key
from commonweal.institutions.fermi import Fermi
from commonweal.institutions.turnover import Turnover
from commonweal.worlds.network_game import NetworkGame

RATE = lens.rule("rule", Turnover, lambda rule: rule.rate)
NEWCOMERS = lens.Lens("seats", "", Seating, ("newcomers", "[mutant]"))


def test_shares_go_to_those_of_newcomers(bench):
    # Seats are independent: a seat holds the second mind after k times with probability x (1 - rate)^k + q (1 - (1 - rate)^k).
    n, each, x = 20, 200, 0.75
    pairs = [(0.0, 0.3), (0.05, 0.3), *np.random.default_rng(2).uniform(0.1, 1.0, (2, 2))]
    rates, shares = np.repeat(np.asarray(pairs), each, axis=0).T
    newcomers = Named.of(("mutant", jnp.float32(0.5)))
    given = bench.contest(n, Turnover(every=2), NetworkGame(), mutants=int(x * n), newcomers=newcomers)
    paths = bench.held(given, rates.size, 9, ((RATE, rates), (NEWCOMERS, shares))).reshape(len(pairs), each, -1)
    for (rate, q), own in zip(pairs, paths, strict=True):
        for ticks in (1, 2, 3, 9):
            left = (1 - rate) ** (ticks // 2)
            share = x * left + q * (1 - left)
            # Never more spread than independent seats; exactly as at first where nobody was given up.
            error = np.sqrt(share * (1 - share) / (n * each))
            assert abs(own[:, ticks].mean() / n - share) < (4 * error if left < 1 else 1e-9)


def test_without_shares_of_their_own_newcomers_are_as_the_founders(bench):
    given = bench.contest(20, Turnover(rate=1.0), NetworkGame(), mutants=5)
    after = bench.held(given, 400, 1)[:, 1]
    assert abs(after.mean() / 20 - 0.25) < 4 * np.sqrt(0.25 * 0.75 / 8000)
    assert abs(after.var() / (20 * 0.25 * 0.75) - 1) < 4 * np.sqrt(2 / 400)


def test_a_seat_given_up_goes_to_the_newcomer_whatever_the_rule_inside_made_of_it(bench):
    menu, acts = bench.harvest([0] * 8, 10.0)
    tick = bench.tick(menu, acts, [0, 3, 0, 9, 0, 0, 5, 1], seats=Seats(jnp.zeros(8, jnp.int32)))
    plain = np.asarray(Fermi(0.3).settle((), tick, Key.root(3)).heir)
    some = np.asarray(Turnover(Fermi(0.3), 0.5).settle((), tick, Key.root(3)).heir)
    assert 0 < (some == -1).sum() < 8
    assert np.array_equal(some[some >= 0], plain[some >= 0])
    later = eqx.tree_at(lambda t: t.tick, tick, jnp.int32(1))
    assert [(np.asarray(Turnover(rate=1.0, every=2).settle((), at, Key.root(0)).heir) == -1).all() for at in (tick, later)] == [
        False,
        True,
    ]


def test_identity_around_a_rule(bench):
    bare = bench.sweep(40, Named.of(("rule", Fermi(0.3))))
    rates = np.asarray([seed % 2 for seed in bench.seeds], np.float32)
    wrapped = bench.sweep(40, Named.of(("rule", Turnover(Fermi(0.3)))), RATE, rates)
    for rate, alone, log in zip(rates, bare, wrapped, strict=True):
        assert bench.same(alone, log) == (rate == 0)


def test_words_and_errors():
    own = "Every 2 rounds, with probability 0.25, you leave, and somebody new takes your place."
    assert Turnover(rate=0.25, every=2).describe(()) == own
    assert Turnover(Fermi(), 0.25, 2).describe(()) == f"{Fermi().describe(())} {own}"
    assert Turnover(Fermi(), 0.0).describe(()) == Fermi().describe(())
    assert Turnover().tell(None, 0) == ""
    with pytest.raises(StudyError, match="rate = 2"):
        Turnover(rate=2.0)
    with pytest.raises(StudyError, match="every 0 ticks"):
        Turnover(every=0)
