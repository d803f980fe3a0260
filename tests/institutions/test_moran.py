"""The Moran process against closed forms of fixation and against exact Markov chains over all 2^N states of a graph."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core import lens
from commonweal.core.errors import StudyError
from commonweal.core.links import Links
from commonweal.core.networks import Star
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.institutions.moran import Moran
from commonweal.worlds.network_game import NetworkGame

SELECTION = lens.rule("rule", Moran, lambda rule: rule.selection)
REWARD = lens.world(NetworkGame, lambda world: world.reward)
SUCKER = lens.world(NetworkGame, lambda world: world.sucker)
OWN = NetworkGame(1, 1, 0, 0)
"""Pays 1 a contact to who cooperates, whatever the others do: constant fitness."""
RANDOM = np.random.default_rng(5)


def birth_death(n, r):
    return 1 / n if r == 1 else (1 - 1 / r) / (1 - r**-n)


def death_birth(n, r):
    return 1 / n if r == 1 else (1 - 1 / n) * (1 - 1 / r) / (1 - r ** -(n - 1))


def fixed(counts, n):
    """Which trials ended with mutants alone; nearly all have ended."""
    last = counts[:, -1]
    assert ((last == 0) | (last == n)).mean() > 0.995
    return last == n


def first_seats(n, mutants, trials):
    """Mutants in the first seats, [r, a]."""
    return np.tile(np.arange(n) < mutants, (trials, 1))


@pytest.mark.parametrize("order", ["birth-death", "death-birth"])
def test_constant_fitness_on_the_complete_graph(bench, order):
    # N = 10 without a network, by the engine: r = 1.1 and .9 as published values, one r drawn at random.
    law = birth_death if order == "birth-death" else death_birth
    n, each = 10, 1200
    known = {1.1: 0.147950, 0.9: 0.059482} if order == "birth-death" else {1.1: 0.142070}
    for r, value in known.items():
        assert law(n, r) == pytest.approx(value, abs=1e-6)
    rates = [*known, RANDOM.uniform(1.5, 3.0)]
    sign = np.repeat([1 if r > 1 else -1 for r in rates], each)
    w = np.repeat([abs(r - 1) / (n - 1) for r in rates], each)
    vary = ((SELECTION, w), (REWARD, sign), (SUCKER, sign))
    hits = fixed(bench.held(bench.contest(n, Moran(order), OWN), sign.size, 300, vary), n).reshape(-1, each)
    for r, own in zip(rates, hits, strict=True):
        assert bench.agrees(own, law(n, r), 0.005), r


@pytest.mark.parametrize(
    ("order", "fitness"), [("birth-death", "linear"), ("birth-death", "exponential"), ("death-birth", "linear")]
)
def test_sizes_drawn_at_random(bench, order, fitness):
    # Averaged payoffs: w is the whole lead, r = 1 + w or exp(w). N = 20, r = 2 is a published value.
    assert birth_death(20, 2.0) == pytest.approx(0.5, abs=1e-6)
    n, each = 20 if (order, fitness) == ("birth-death", "linear") else int(RANDOM.integers(4, 16)), 1500
    rates = [2.0, *RANDOM.uniform(1.1, 3.0, 2)]
    w = [r - 1 if fitness == "linear" else np.log(r) for r in rates]
    rule = Moran(order, fitness=fitness, average=True)
    counts = bench.spread(rule, first_seats(n, 1, 3 * each), OWN_PAY, 550, selection=np.repeat(w, each))
    law = birth_death if order == "birth-death" else death_birth
    for r, own in zip(rates, fixed(counts, n).reshape(-1, each), strict=True):
        assert bench.agrees(own, law(n, r), 0.002), r


def test_many_events_a_tick_are_as_many_ticks(bench):
    counts = bench.spread(Moran(events=10), first_seats(10, 1, 4000), OWN_PAY, 45, selection=0.1 / 9)
    assert bench.agrees(fixed(counts, 10), 0.147950, 0.002)


def chain(matrix, game, w, order, average=False):
    """Exact fixation probability of one mutant from each seat, over all 2^N states; linear fitness, no self-replacement."""
    n = len(matrix)
    R, S, T, P = game
    states = (np.arange(2**n)[:, None] >> np.arange(n)) & 1
    degree = matrix.sum(1)
    friends = states @ matrix.T
    pay = np.where(states == 1, R * friends + S * (degree - friends), T * friends + P * (degree - friends))
    f = 1 + w * (pay / degree if average else pay)
    step = np.zeros((2**n, 2**n))
    for parent, dead in zip(*np.nonzero(matrix), strict=True):
        whole = f.sum(1) * degree[parent] if order == "birth-death" else (f @ matrix[dead]) * n
        chance = f[:, parent] / whole
        to = np.where(states[:, parent] == 1, np.arange(2**n) | 1 << dead, np.arange(2**n) & ~(1 << dead))
        np.add.at(step, (np.arange(2**n), to), chance)
    inside = step[1:-1, 1:-1]
    reach = np.linalg.solve(np.eye(2**n - 2) - inside, step[1:-1, -1])
    return np.asarray([reach[(1 << seat) - 1] for seat in range(n)])


OWN_PAY = (1, 1, 0, 0)


def cycle(bench, n):
    return bench.graph(tuple(((i + 1) % n, (i - 1) % n) for i in range(n)))


def petersen(bench):
    rows = [{(i + 1) % 5, (i - 1) % 5, i + 5} for i in range(5)] + [{5 + (i + 2) % 5, 5 + (i - 2) % 5, i} for i in range(5)]
    return bench.graph(tuple(tuple(sorted(row)) for row in rows))


def test_graphs_on_which_the_law_is_that_of_the_complete_graph_and_one_on_which_it_is_not(bench):
    # Isothermal theorem: on a cycle birth-death is as on K_N; a star of 5 amplifies. Constant fitness through averages.
    r, trials = 2.0, 3000
    ring, hub = cycle(bench, 8), bench.star(5, 0)
    assert chain(ring.matrix, OWN_PAY, r - 1, "birth-death", True) == pytest.approx(birth_death(8, r), abs=1e-9)
    exact = chain(hub.matrix, OWN_PAY, r - 1, "birth-death", True).mean()
    assert exact > birth_death(5, r) + 0.03
    rule = Moran("birth-death", average=True)
    counts = bench.spread(rule, first_seats(8, 1, trials), OWN_PAY, 500, Links.of(ring, 8), r - 1)
    assert bench.agrees(fixed(counts, 8), birth_death(8, r), 0.002)
    anywhere = np.arange(trials)[:, None] % 5 == np.arange(5)
    counts = bench.spread(rule, anywhere, OWN_PAY, 300, Links.of(hub, 5), r - 1)
    assert bench.agrees(fixed(counts, 5), exact, 0.003)
    assert not bench.agrees(fixed(counts, 5), birth_death(5, r))


def donation(b, c):
    return b - c, -c, b, 0


def test_help_spreads_under_death_birth_beyond_the_critical_ratio(bench):
    # b/c > (N - 2) / (N/k - 2): 3 on the cycle of 8 and 6 on the Petersen graph; by the chain at selection -> 0.
    for graph, critical in ((cycle(bench, 8), 3.0), (petersen(bench), 6.0)):
        n = len(graph.rows)
        for ratio, sign in ((critical - 0.05, -1), (critical + 0.05, 1)):
            rho = chain(graph.matrix, donation(ratio, 1.0), 1e-4, "death-birth").mean()
            assert np.sign(rho - 1 / n) == sign
        assert chain(graph.matrix, donation(10.0, 1.0), 1e-4, "birth-death").mean() < 1 / n
    # At a selection that can be seen the process is the chain, on either side: the cycle, by the engine.
    n, each, pairs, w = 8, 1500, ((20, 10), (60, 10)), 0.01
    b, c = (np.repeat([pair[at] for pair in pairs], each) for at in (0, 1))
    vary = ((REWARD, b - c), (SUCKER, -c), (lens.world(NetworkGame, lambda own: own.temptation), b))
    ring = cycle(bench, n)
    counts = bench.held(bench.contest(n, Moran("death-birth", w), NetworkGame.donation(20, 10), ring), b.size, 250, vary)
    hits = fixed(counts, n).reshape(-1, each)
    exact = [chain(ring.matrix, donation(*pair), w, "death-birth").mean() for pair in pairs]
    assert exact[0] < 1 / n < exact[1]
    for own, rho in zip(hits, exact, strict=True):
        assert bench.agrees(own, rho, 0.005)
    # On the Petersen graph, by the rule alone.
    graph, trials = petersen(bench), 2500
    for pair in ((30, 10), (120, 10)):
        counts = bench.spread(Moran("death-birth"), first_seats(10, 1, trials), donation(*pair), 350, Links.of(graph, 10), w)
        rho = chain(graph.matrix, donation(*pair), w, "death-birth")[0]
        assert bench.agrees(fixed(counts, 10), rho, 0.002)
        assert (rho > 1 / 10) == (pair[0] > 60)


@pytest.mark.parametrize("order", ["birth-death", "death-birth"])
def test_exit_from_a_star_without_selection(bench, order):
    # Voter (death-birth): sum of degrees; invasion (birth-death): sum of inverse degrees; from the hub, from a leaf.
    hub, leaf = (0.5, 0.125) if order == "death-birth" else (0.058824, 0.235294)
    network, trials = bench.star(5, 0), 6000
    exact = chain(network.matrix, OWN_PAY, 0.0, order)
    assert exact[:2] == pytest.approx([hub, leaf], abs=1e-6)
    # Averaged over the seat it starts from it is 1/N on any graph.
    assert exact.mean() == pytest.approx(0.2)
    starts = np.arange(5) == np.arange(trials)[:, None] % 2
    hits = fixed(bench.spread(Moran(order), starts, OWN_PAY, 250, Links.of(network, 5)), 5)
    assert bench.agrees(hits[::2], hub, 0.002)
    assert bench.agrees(hits[1::2], leaf, 0.002)


def mean_time(paths, n, exact):
    """Mean number of ticks until one mind holds all seats; the last path must have got there."""
    over = (paths == 0) | (paths == n)
    assert over[:, -1].all()
    times = over.argmax(1) + 1
    return abs(times.mean() - exact) < 4 * times.std() / np.sqrt(times.size)


def test_voter_consensus_takes_as_long_as_the_chain_says(bench):
    # Death-birth without selection, one event a tick, the voter copies another seat: K_10 from 5 takes 58.107143 ticks.
    n, i = 10, 5
    exact = (n - 1) * (sum((n - i) / (n - j) for j in range(1, i + 1)) + sum(i / j for j in range(i + 1, n)))
    assert exact == pytest.approx(58.107143, abs=1e-6)
    voters = Moran("death-birth")
    assert mean_time(bench.spread(voters, first_seats(n, i, 2000), OWN_PAY, 700), n, exact)
    # Ring of 8 with one block of 4: N i (N - i) / 2 = 64.
    links = Links.of(cycle(bench, 8), 8)
    assert mean_time(bench.spread(voters, first_seats(8, 4, 2000), OWN_PAY, 1000, links), 8, 64.0)


def test_rows_with_gaps_and_seats_alone(bench):
    # A path 0 - 1 - 2 and a seat alone: who takes over from whom, with what probability.
    links = Links.of(bench.graph(((1,), (0, 2), (1,), ())), 4)
    for order in ("birth-death", "death-birth"):
        after = bench.spread(Moran(order), first_seats(4, 1, 5000), OWN_PAY, 1, links)[:, 0]
        # The mutant in seat 0 spreads to 1, or is replaced from 1.
        chances = (1 / 4, 1 / 8) if order == "birth-death" else (1 / 8, 1 / 4)
        assert bench.agrees(after == 2, chances[0])
        assert bench.agrees(after == 0, chances[1])


def test_who_is_unfit_has_no_offspring_unless_all_are(bench):
    seats = Seats(jnp.zeros(4, jnp.int32))
    earned = jnp.asarray([-5, 0, -2, -5], jnp.int32)
    rule = Moran("birth-death", 1.0)
    assert rule.weights(seats, earned).tolist() == [0, 1 << 20, 0, 0]
    heirs = jax.jit(jax.vmap(lambda own, seed: rule.heirs(seats, own, Key.root(seed)), (None, 0)))
    some, nobody = (np.asarray(heirs(own, jnp.arange(60))) for own in (earned, jnp.full(4, -5, jnp.int32)))
    assert set(some[some != np.arange(4)].tolist()) == {1}
    assert set(nobody[nobody != np.arange(4)].tolist()) == {0, 1, 2, 3}


def test_any_layout_of_contacts(bench):
    # A star's hub has so many contacts that rows would be nearly empty: ragged contacts give the same pairs as rows do.
    n, rule = 50, {order: Moran(order, 0.3) for order in ("birth-death", "death-birth")}
    edges = Star().contacts(n)
    earned = jnp.asarray(RANDOM.integers(0, 9, n), jnp.int32)
    rows, slots = (Seats(jnp.zeros(n, jnp.int32), links) for links in (Links.in_rows(edges), Links.in_slots(edges)))
    for own in rule.values():
        pairs = jax.jit(jax.vmap(lambda seats, seed: own.heirs(seats, earned, Key.root(seed)), (None, 0)))  # noqa: B023
        one, two = (np.asarray(pairs(seats, jnp.arange(50))) for seats in (rows, slots))
        assert np.array_equal(one, two)
        assert (one != np.arange(n)).any()


def test_words_and_errors(bench):
    assert Moran(rate=0.0).describe(()) == ""
    assert Moran().describe(()).startswith("Once a round somebody is drawn, the more likely the more they earned")
    assert Moran("death-birth", rate=0.5, events=3).describe(()).startswith("3 times a round, with probability 0.5, somebody")
    menu, acts = bench.harvest([0], 10.0)
    assert Moran().settle((), bench.tick(menu, acts, [4]), Key.root(0)).heir.tolist() == [0]
    for given, message in (
        ({"order": "death"}, "order = 'death'; expected 'birth-death' or 'death-birth'"),
        ({"fitness": "log"}, "fitness = 'log'"),
        ({"events": 0}, "0 events"),
        ({"selection": -1.0}, "selection = -1"),
        ({"rate": 2.0}, "rate = 2"),
    ):
        with pytest.raises(StudyError, match=message):
            Moran(**given)
