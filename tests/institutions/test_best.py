"""Imitation of the best against plain Python on random networks, and against Nowak and May's thresholds of one defector."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core.errors import StudyError
from commonweal.core.links import Links
from commonweal.core.networks import Star
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.engine.compiled import run
from commonweal.institutions.best import Best
from commonweal.worlds.network_game import NetworkGame

KEY = Key.root(4)


@eqx.filter_jit
def heirs(rule: Best, seats: Seats, earned: jax.Array, key: Key) -> jax.Array:
    return rule.heirs(seats, earned, key)


@pytest.mark.parametrize("seed", range(3))
def test_each_seat_copies_the_first_of_its_best_contacts(seed):
    random = np.random.default_rng(seed)
    n = 60
    met = np.triu(random.random((n, n)) < 0.06, 1)
    met |= met.T
    width = int(met.sum(1).max())
    rows = np.asarray([[*np.flatnonzero(row), *[-1] * (width - row.sum())] for row in met], np.int32)
    earned = random.integers(-3, 3, n)
    seats = Seats(jnp.zeros(n, jnp.int32), Links.in_rows(rows))
    found = np.asarray(heirs(Best(), seats, jnp.asarray(earned, jnp.int32), KEY))
    for seat in range(n):
        model = seat
        for contact in np.flatnonzero(met[seat]):
            if earned[contact] > earned[model]:
                model = contact
        assert found[seat] == model


def test_without_a_network_all_copy_the_lowest_of_the_best():
    seats = Seats(jnp.zeros(6, jnp.int32))
    assert heirs(Best(), seats, jnp.asarray([1, 5, 2, 5, 0, 5], jnp.int32), KEY).tolist() == [1, 1, 1, 3, 1, 5]


def test_rate_is_the_share_that_reconsiders():
    n = 40_000
    earned = jnp.zeros(n, jnp.int32).at[0].set(1)
    moved = np.asarray(heirs(Best(0.3), Seats(jnp.zeros(n, jnp.int32)), earned, KEY)) == 0
    assert abs(moved[1:].mean() - 0.3) < 4 * np.sqrt(0.3 * 0.7 / n)


@pytest.mark.parametrize(("b", "defectors"), [(13, [1, 9, 5]), (15, [1, 9, 9, 9]), (17, [1, 9, 25])])
def test_one_defector_among_cooperators(bench, b, defectors):
    # Nowak and May's game R = 10, T = b, S = P = 0 with eight contacts and no play with oneself. The lone defector earns 8b,
    # more than its neighbours' 70: a block of 3 x 3. Its corners earn 5b: below 70 they turn back, above 80 they spread on.
    side = 9
    place = [(x, y) for x in range(side) for y in range(side)]
    steps = [(dx, dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1) if (dx, dy) != (0, 0)]
    rows = tuple(tuple((x + dx) % side * side + (y + dy) % side for dx, dy in steps) for x, y in place)
    # The first mind defects; of the second there is all but one seat.
    game = NetworkGame(10, 0, b, 0)
    given = bench.contest(side**2, Best(), game, bench.graph(rows), mutants=side**2 - 1, shuffled=False)
    minds = run(given, 0, len(defectors), record=("mind",)).traces["mind"]
    assert (minds == 0).sum(1).tolist() == defectors


def test_payoffs_add_up_between_times(bench):
    rule, seats = Best(every=2), Seats(jnp.zeros(2, jnp.int32))
    menu, acts = bench.harvest([0, 0], 10.0)
    first = rule.settle(rule.begin(seats), bench.tick(menu, acts, [5, 0]), KEY)
    assert (first.heir.tolist(), first.memory.tolist()) == ([0, 1], [5, 0])
    later = eqx.tree_at(lambda t: t.tick, bench.tick(menu, acts, [0, 1]), jnp.int32(1))
    second = rule.settle(first.memory, later, KEY)
    assert (second.heir.tolist(), second.memory.tolist()) == ([0, 0], [0, 0])


def test_words_and_errors():
    assert Best(0.0).describe(()) == ""
    assert Best(0.5, every=3).describe(()).startswith("Every 3 rounds, with probability 0.5, you take over")
    with pytest.raises(StudyError, match="rate = 2"):
        Best(2.0)
    with pytest.raises(StudyError, match="every 0 ticks"):
        Best(every=0)
    ragged = Seats(jnp.zeros(50, jnp.int32), Links.in_slots(Star().contacts(50)))
    with pytest.raises(StudyError, match="imitation of the best needs a row of contacts"):
        Best().heirs(ragged, jnp.zeros(50, jnp.int32), KEY)
