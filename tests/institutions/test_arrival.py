"""Arrival at its moment, of as many as it says, and as the rule inside at count 0."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core import lens
from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.institutions.arrival import Arrival
from commonweal.institutions.fermi import Fermi
from commonweal.testing import check_institution
from commonweal.worlds.network_game import NetworkGame

COUNT, AT = (lens.rule("rule", Arrival, get) for get in (lambda rule: rule.count, lambda rule: rule.at))


@pytest.mark.slow
def test_laws():
    check_institution(Arrival(count=2, at=2), Arrival(count=0))


def settled(rule, bench, tick, seed=0, n=8):
    menu, acts = bench.harvest([0] * n, 10.0)
    given = bench.tick(menu, acts, [0, 3, 0, 9, 0, 0, 5, 1][:n], seats=Seats(jnp.zeros(n, jnp.int32)))
    return np.asarray(rule.settle((), eqx.tree_at(lambda t: t.tick, given, jnp.int32(tick)), Key.root(seed)).heir)


def test_seats_are_given_up_once_and_each_as_often(bench):
    counts = np.zeros(8)
    for seed in range(60):
        heir = settled(Arrival(count=3, at=4), bench, 2, seed)
        assert (heir == -1).sum() == 3
        assert (heir[heir >= 0] == np.arange(8)[heir >= 0]).all()
        counts += heir == -1
    assert np.abs(counts - 60 * 3 / 8).max() < 4 * np.sqrt(60 * 3 / 8 * 5 / 8)
    assert all((settled(Arrival(count=3, at=4), bench, tick) >= 0).all() for tick in (0, 1, 3, 9))
    assert (settled(Arrival(count=9, at=2), bench, 0) == -1).all()
    assert (settled(Arrival(count=0), bench, 2) >= 0).all()


def test_beside_a_rule_inside(bench):
    plain = settled(Fermi(0.3), bench, 2, 3)
    both = settled(Arrival(Fermi(0.3), count=3), bench, 2, 3)
    assert (both == -1).sum() == 3
    assert np.array_equal(both[both >= 0], plain[both >= 0])


@pytest.mark.slow
def test_newcomers_sit_from_their_tick_on(bench):
    """A trial of seats that never cooperate: the second mind holds none before `at`, and `count` from then on."""
    counts, ats = np.asarray([(0, 4), (1, 2), (3, 4), (20, 6), (5, 30)], np.int32).T
    given = bench.contest(20, Arrival(), NetworkGame(), mutants=0, newcomers=Named.of(("mutant", jnp.float32(1.0))))
    paths = bench.held(given, counts.size, 9, ((COUNT, counts), (AT, ats)))
    for path, count, at in zip(paths, counts, ats, strict=True):
        before = min(at - 1, 10)
        assert path.tolist() == [0] * before + [count] * (10 - before)


def test_words_and_errors():
    assert Arrival(Fermi()).describe(()) == Fermi().describe(())
    with pytest.raises(StudyError, match="count = -1"):
        Arrival(count=-1)
    with pytest.raises(StudyError, match="at = 1"):
        Arrival(at=1)
