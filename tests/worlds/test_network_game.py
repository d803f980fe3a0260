"""The network game against hand-worked graphs, enumeration of a complete graph, and a plain loop over edges."""

from dataclasses import dataclass

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.networks import Regular, Ring
from commonweal.core.seats import Links, Seating, Seats
from commonweal.core.society import Society
from commonweal.core.streams import Key
from commonweal.engine.compiled import advance, run
from commonweal.engine.phases import offer
from commonweal.engine.trial import begin
from commonweal.metrics.cooperation import Cooperation
from commonweal.metrics.gain import Gain
from commonweal.minds.scripted import Scripted
from commonweal.worlds.network_game import NetworkGame

N, K = 9, 8


@dataclass(frozen=True)
class Graph:
    """A network given by its edges, each row padded to `slots`."""

    edges: tuple[tuple[int, int], ...]
    slots: int = K

    def contacts(self, n):
        rows = np.full((n, self.slots), -1, np.int32)
        for i, own in enumerate(self.neighbours(n)):
            rows[i, : len(own)] = own
        return rows

    def neighbours(self, n):
        return [[j if i == k else k for j, k in self.edges if i in (j, k)] for i in range(n)]


STAR = Graph(((0, 1), (0, 2), (0, 3)), slots=3)


def seats(n, network):
    return Seats(jnp.zeros(n, jnp.int32), None if network is None else Links.of(network, n))


def random_graph(draws, n=N, chance=0.5):
    edges = tuple((i, j) for i in range(n) for j in range(i + 1, n) if draws.random() < chance)
    return Graph(tuple(edges[at] for at in draws.permutation(len(edges))))


@eqx.filter_jit
def play(world, at, act):
    """One round from the start, and what is seen after it."""
    state = world.reset(Key.root(0), at).state
    outcome = world.step(state, at, Named.of(("act", act)), jnp.zeros(at.n, jnp.int32), Key.root(0))
    return outcome, world.observe(outcome.state, at, outcome.payoff)


def paid(matrix, mine, theirs):
    """R, S, T or P."""
    return matrix[(0 if theirs else 1) if mine else (2 if theirs else 3)]


PAYOFFS = st.tuples(*[st.integers(-1000, 1000)] * 4)


def test_a_star_by_hand():
    """The hub and one leaf cooperate: hub R + S + S, that leaf R, the two others T."""
    outcome, seen = play(NetworkGame(3, -2, 5, 1), seats(4, STAR), jnp.asarray([1, 1, 0, 0]))
    assert outcome.payoff.tolist() == [3 - 2 - 2, 3, 5, 5]
    assert (int(outcome.facts.cooperated), int(outcome.facts.acts)) == (2, 4)
    assert seen.told.level.tolist() == pytest.approx([1 / 3, 1, 1, 1])
    assert seen.told.known.all()
    assert seen.seen["contacts"].tolist() == [3, 1, 1, 1]
    assert seen.seen["cooperated"].tolist() == [1, 1, 1, 1]


def test_a_star_contact_by_contact():
    """The hub cooperates with leaf 3 alone (slot 2), leaf 1 cooperates: hub T + P + S, leaf 1 S, leaf 2 P, leaf 3 T."""
    outcome, seen = play(NetworkGame(3, -2, 5, 1, per_contact=True), seats(4, STAR), jnp.asarray([4, 1, 0, 0], jnp.uint8))
    assert outcome.payoff.tolist() == [5 + 1 - 2, -2, 1, 5]
    assert (int(outcome.facts.cooperated), int(outcome.facts.acts)) == (2, 6)
    assert seen.told.contacts.tolist() == [1, 0, 0, 1]
    assert seen.told.mine.tolist() == [4, 1, 0, 0]
    assert seen.told.level.tolist() == pytest.approx([1 / 3, 0, 0, 1])


@given(PAYOFFS)
def test_a_complete_graph_by_enumeration(matrix):
    """All 16 rounds of 4 seats, with the network spelled out and without one (everybody meets everybody)."""
    acts = np.asarray([[code >> i & 1 for i in range(4)] for code in range(16)])
    known = [[sum(paid(matrix, row[i], row[j]) for j in range(4) if j != i) for i in range(4)] for row in acts]
    world = NetworkGame(*matrix)
    for got in enumerate_rounds(world, jnp.asarray(acts)):
        assert got.tolist() == known


@eqx.filter_jit
def enumerate_rounds(world, acts):
    complete = Graph(tuple((i, j) for i in range(4) for j in range(i + 1, 4)), slots=3)
    return [jax.vmap(lambda act, at=at: play(world, at, act)[0].payoff)(acts) for at in (seats(4, complete), seats(4, None))]


@given(st.integers(0, 2**32 - 1), PAYOFFS)
def test_one_act_for_all_on_random_graphs(seed, matrix):
    draws = np.random.default_rng(seed)
    graph = random_graph(draws)
    act = draws.integers(0, 2, N)
    outcome, seen = play(NetworkGame(*matrix), seats(N, graph), jnp.asarray(act))
    for i, own in enumerate(graph.neighbours(N)):
        assert int(outcome.payoff[i]) == sum(paid(matrix, act[i], act[j]) for j in own)
        assert bool(seen.told.known[i]) == bool(own)
        assert float(seen.told.level[i]) == pytest.approx(np.mean([act[j] for j in own]) if own else 0.0)


@given(st.integers(0, 2**32 - 1), PAYOFFS)
def test_an_act_for_each_contact_on_random_graphs(seed, matrix):
    """Against a loop over edges that looks up each act by the names of its two ends, on ragged rows."""
    draws = np.random.default_rng(seed)
    graph = random_graph(draws)
    act = draws.integers(0, 256, N).astype(np.uint8)  # bits of slots that are not there too: they must not count
    outcome, seen = play(NetworkGame(*matrix, per_contact=True), seats(N, graph), jnp.asarray(act))
    rows = graph.neighbours(N)
    does = {(i, j): int(act[i]) >> slot & 1 for i, own in enumerate(rows) for slot, j in enumerate(own)}
    for i, own in enumerate(rows):
        assert int(outcome.payoff[i]) == sum(paid(matrix, does[i, j], does[j, i]) for j in own)
        assert int(seen.told.contacts[i]) == sum(does[j, i] << slot for slot, j in enumerate(own))
        assert int(seen.told.mine[i]) == sum(does[i, j] << slot for slot, j in enumerate(own))
        assert float(seen.told.level[i]) == pytest.approx(np.mean([does[j, i] for j in own]) if own else 0.0)
    assert int(outcome.facts.cooperated) == sum(does.values())
    assert int(outcome.facts.acts) == len(does)


@pytest.mark.parametrize("per_contact", [False, True])
def test_full_rows_give_what_masked_rows_give(per_contact):
    """A random regular multigraph, whose rows need no masks, against the same one padded by a seat without contacts."""
    n = 40
    at = seats(n, Regular(8, seed=3))
    act = jnp.asarray(np.random.default_rng(0).integers(0, 256 if per_contact else 2, n), jnp.uint8)
    world = NetworkGame(7, -3, 11, 2, per_contact=per_contact)
    padded = Links(
        *(jnp.concatenate([rows, jnp.full((1, 8), -1, jnp.int32)]) for rows in (at.links.to, at.links.back)), full=False
    )
    full, masked = play(world, at, act)[0], play(world, Seats(jnp.zeros(n + 1, jnp.int32), padded), jnp.append(act, 0))[0]
    assert at.links.full
    assert masked.payoff.tolist() == [*full.payoff.tolist(), 0]


@given(st.integers(0, 2**32 - 1), st.integers(2, 50))
def test_gifts_add_up(seed, benefit):
    """Donation game: every gift makes benefit - cost, whoever gives to whom."""
    draws = np.random.default_rng(seed)
    world = NetworkGame.donation(benefit, 1, per_contact=True)
    act = jnp.asarray(draws.integers(0, 256, N), jnp.uint8)
    outcome, _ = play(world, seats(N, random_graph(draws)), act)
    assert int(outcome.payoff.sum()) == (benefit - 1) * int(outcome.facts.cooperated)


@given(st.integers(0, 2**32 - 1))
def test_relabelling_seats_relabels_payoffs(seed):
    draws = np.random.default_rng(seed)
    graph, act, place = random_graph(draws), draws.integers(0, 2, N), draws.permutation(N)
    moved = Graph(tuple((int(place[i]), int(place[j])) for i, j in graph.edges))
    world = NetworkGame(3, -1, 5, 0)
    here = np.asarray(play(world, seats(N, graph), jnp.asarray(act))[0].payoff)
    there = np.asarray(play(world, seats(N, moved), jnp.zeros(N, jnp.int32).at[place].set(act))[0].payoff)
    assert there[place].tolist() == here.tolist()


def test_a_payoff_beyond_32_bits_is_cut_off_and_never_wraps():
    world = NetworkGame(2**30, -(2**30), 0, 0)
    assert play(world, seats(5, None), jnp.ones(5, jnp.int32))[0].payoff.tolist() == [2**31 - 1] * 5
    assert play(world, seats(5, None), jnp.asarray([1, 0, 0, 0, 0]))[0].payoff.tolist() == [-(2**31), 0, 0, 0, 0]


@pytest.mark.parametrize("network", [None, Graph((), slots=0), Graph((), slots=2)])
def test_who_is_alone_meets_nobody(network):
    outcome, seen = play(NetworkGame(), seats(1, network), jnp.asarray([1]))
    assert outcome.payoff.tolist() == [0]
    assert not seen.told.known.any()


def test_nothing_is_told_before_the_first_round():
    world = NetworkGame(per_contact=True)
    state = world.reset(Key.root(0), seats(4, STAR)).state
    assert not world.observe(state, seats(4, STAR), jnp.zeros(4, jnp.int32)).told.known.any()


def test_cooperators_among_defectors_by_enumerated_meetings():
    """30 of 100 well-mixed seats defect: a cooperator gets 69 R + 30 S a round, a defector 70 T + 29 P."""
    minds = Named.of(("kind", Scripted()), ("harsh", Scripted(level=0.0)))
    society = Society(NetworkGame(3, -1, 5, 1), minds, Seating(100, Named.of(("harsh", jnp.float32(0.3)))))
    metrics = Named.of(("cooperation", Cooperation()), ("gain", Gain()))
    log = run(society, 4, 5, metrics, record=("payoff", "mind"))
    harsh = log.traces["mind"] == 1
    assert harsh.sum() == 150
    assert (log.traces["payoff"][harsh] == 70 * 5 + 29).all()
    assert (log.traces["payoff"][~harsh] == 69 * 3 - 30).all()
    assert log.readings["world.cooperated"].tolist() == [70] * 5
    assert log.values == {"cooperation": 0.7, "gain": pytest.approx(5 * (0.3 * 379 + 0.7 * 177))}


def test_acts_for_each_contact_through_the_engine():
    """Level 1/4 on a ring: about a quarter of 16,000 acts cooperate (5 standard deviations: .0171), and gifts add up."""
    society = Society(
        NetworkGame.donation(3, 1, per_contact=True), Named.of(("some", Scripted(level=0.25))), Seating(100, network=Ring(8))
    )
    log = run(society, 0, 20, Named.of(("cooperation", Cooperation())))
    given_, acts = log.readings["world.cooperated"], log.readings["world.acts"]
    assert acts.tolist() == [800] * 20
    assert given_.sum() / acts.sum() == pytest.approx(0.25, abs=0.0171)
    assert log.values["cooperation"] == pytest.approx(given_.sum() / acts.sum(), abs=1e-12)
    assert log.readings["ledger.made"].tolist() == (2 * given_).tolist()


def test_a_seat_reads_its_last_round():
    world = NetworkGame.donation(3, 1)
    society = Society(world, Named.of(("kind", Scripted())), Seating(4, network=STAR))
    trial = begin(society, 0)
    assert world.describe(offer(society, trial.state), 0) == "You have 3 contacts. Nobody has played yet; you own 0."
    words = world.describe(offer(society, advance(trial, 1).state), 0)
    assert words == "Last round 3 of your 3 contacts chose to give. You received 6 last round; you own 6."
    assert "if only you do, -1; if only the other one does, 3" in world.rules()


def test_a_seat_reads_what_each_contact_did():
    world = NetworkGame(per_contact=True)
    state = play(world, seats(4, STAR), jnp.asarray([4, 1, 0, 0], jnp.uint8))[0].state
    society = Society(world, Named.of(("kind", Scripted())), Seating(4, network=STAR))
    after = eqx.tree_at(lambda s: s.world, begin(society, 0).state, state)
    words = world.describe(offer(society, after), 0)
    assert "Contact 0: it chose to cooperate, you to defect." in words
    assert "Contact 2: it chose to defect, you to cooperate." in words
    assert world.describe(offer(society, after), 1).count("Contact") == 1


@pytest.mark.parametrize("network", [None, Ring(10)])
def test_an_act_for_each_contact_needs_few_contacts(network):
    with pytest.raises(StudyError, match="at most 8 contacts"):
        begin(Society(NetworkGame(per_contact=True), Named.of(("kind", Scripted())), Seating(12, network=network)), 0)


def test_games_that_are_no_dilemma_are_refused():
    assert (int(NetworkGame.dilemma(3, 0, 5, 1).temptation), int(NetworkGame.donation(5, 2).sucker)) == (5, -2)
    with pytest.raises(StudyError, match="benefit > cost"):
        NetworkGame.donation(1, 2)
    with pytest.raises(StudyError, match="T > R > P > S"):
        NetworkGame.dilemma(5, 0, 3, 1)
