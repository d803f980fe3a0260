"""Learners: fixed points of Bellman's equation, the replicator dynamic, a second implementation in floats."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core import lens
from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.questions import Amount, Choice
from commonweal.core.seats import Seating, Seats
from commonweal.core.society import Society
from commonweal.core.streams import Key
from commonweal.core.views import View
from commonweal.engine.compiled import advance, run_batch
from commonweal.engine.trial import begin
from commonweal.minds.learners import Learned, Learner
from commonweal.testing import check_mind
from commonweal.worlds.market import Market
from commonweal.worlds.network_game import NetworkGame

N, K = 512, 3


def view(payoff, own, born=None, legal=None, asked=True, menu=None):
    n = payoff.shape[0]
    zero = jnp.zeros(n, jnp.int32)
    asked = jnp.broadcast_to(jnp.asarray(asked), (n,))
    return View(
        seen=Named.of(("own", own)),
        told=None,
        inbox=(),
        public=Named((), ()),
        menu=Named.of(("arm", Choice(asked, ("a", "b", "c"), legal=legal))) if menu is None else menu,
        payoff=payoff,
        fined=zero,
        purse=zero,
        born=jnp.zeros(n, bool) if born is None else born,
        contacts=None,
        card=None,
        tick=jnp.int32(1),
    )


@eqx.filter_jit
def play(mind, pays, odds, seed, ticks=2000):
    """N seats, each alone: answer k pays pays[state, k] with probability odds[k]; the state is the own last answer."""
    key, none = Key.root(seed), jnp.zeros(N, jnp.int32)

    def step(carry, tick):
        memory, payoff, own = carry
        at = key.child(tick)
        decision = mind.act(memory, view(payoff, own, jnp.full(N, tick == 0)), at.child("mind"))
        answer = decision.acts["arm"]
        paid = jnp.where(at.child("luck").chance(odds[answer], N), pays[jnp.maximum(own, 0), answer], 0)
        return (decision.memory, paid, answer), answer

    (memory, _, _), answers = jax.lax.scan(step, (mind.init(key, Seats(none)), none, none), jnp.arange(ticks))
    return memory, answers


def learner(**genes):
    """One shape for all: 3 answers, 3 states, one value of each gene a seat."""
    full = {"rate": 0.1, "discount": 0.0, "explore": 0.1, "decay": 0.0, "least": 0.0, "start": 0.0}
    full |= {"remembers": False, "habits": False, "low": 0.0, "high": 100.0}
    return Learner(K, ("own",), K, **{name: np.full(N, value) for name, value in (full | genes).items()})


@pytest.mark.slow
def test_a_bandit_finds_the_best_arm_and_explores_as_often_as_it_is_told():
    # Random arms; a seat that knows the best arm gives another answer just in explore (k - 1) / k of the rounds.
    rng = np.random.default_rng(1)
    for seed in range(3):
        odds = rng.permutation([0.2, 0.5, 0.9])
        pays = jnp.full((K, K), 100)
        _, answers = play(learner(rate=0.02, start=100.0), pays, jnp.asarray(odds, jnp.float32), seed)
        best = np.asarray(answers[1000:]) == odds.argmax()
        assert best.mean() == pytest.approx(1 - 0.1 * 2 / 3, abs=0.01)


@pytest.mark.slow
def test_values_are_those_of_bellman_s_equation():
    # Q(s, a) = (1 - discount) r(s, a) + discount max Q(a, .), by value iteration: the next state is the answer given.
    rng = np.random.default_rng(2)
    for seed in range(3):
        pays, discount = rng.integers(-500, 1000, (K, K)), rng.uniform(0.2, 0.7)
        truth = np.zeros((K, K))
        for _ in range(2000):
            truth = (1 - discount) * pays + discount * truth.max(1)[None]
        memory, _ = play(
            learner(rate=0.5, discount=discount, explore=1.0, remembers=True), jnp.asarray(pays), jnp.ones(K), seed
        )
        found = np.asarray(memory.table) / 2**12
        assert np.abs(found - truth).max() < 0.1


@pytest.mark.slow
def test_exploration_decays_as_it_is_told():
    # Answer 0 pays and the rest do not: any other answer was random. P = (least + (explore - least) exp(-decay t)) (k - 1) / k.
    _, answers = play(learner(explore=0.8, decay=2e-3, least=0.1), jnp.asarray([[9, 0, 0]] * K), jnp.ones(K), 5)
    wild = (np.asarray(answers) != 0)[100:].reshape(19, 100, N).mean((1, 2))
    truth = (2 / 3 * (0.1 + 0.7 * np.exp(-2e-3 * np.arange(100, 2000)))).reshape(19, 100).mean(1)
    assert np.abs(wild - truth).max() < 4 * np.sqrt(0.25 / (100 * N))


def test_habits_follow_the_replicator_dynamic():
    # Borgers and Sarin (1997): E[dp_k] = rate p_k (u_k - sum p u). One round, many seats, habits drawn at random.
    rng = np.random.default_rng(3)
    mind = learner(rate=0.5, explore=0.0, habits=True)
    for seed in range(3):
        p, u = rng.dirichlet(np.ones(K)), rng.uniform(0, 1, K)
        table = jnp.asarray(np.round(np.broadcast_to(p, (N, K, K)) * 2**30).astype(np.int32))
        moved = []
        act = eqx.filter_jit(lambda m, v, k: mind.act(m, v, k))
        for at in range(8):
            memory, none = Learned(table, *(jnp.zeros(N, jnp.int32),) * 3), jnp.zeros(N, jnp.int32)
            memory = eqx.tree_at(lambda m: m.answer, memory, none - 1)
            first = act(memory, view(none, none), Key.root(100 * seed + at))
            paid = jnp.asarray(np.round(100 * u), jnp.int32)[first.acts["arm"]]
            after = act(first.memory, view(paid, none), Key.root(7)).memory.table[:, 0]
            assert (np.asarray(after).sum(1) == np.asarray(table)[:, 0].sum(1)).all()
            moved.append((np.asarray(after) - np.asarray(table)[:, 0]) / 2**30)
        moved, u = np.concatenate(moved), np.round(100 * u) / 100
        error = moved.std(0) / np.sqrt(len(moved))
        assert (np.abs(moved.mean(0) - 0.5 * p * (u - p @ u)) < 4.5 * error + 1e-6).all()


@pytest.mark.slow
def test_a_long_run_of_habits_follows_the_replicator_s_path():
    # The dynamic's solution: p_k(t) proportional to p_k(0) exp(rate u_k t). Mean of seats, at a small rate.
    u, rate = np.asarray([0.3, 0.6, 0.5]), 0.002
    memory, _ = play(learner(rate=rate, explore=0.0, habits=True), jnp.full((K, K), 100), jnp.asarray(u, jnp.float32), 8)
    truth = np.exp(rate * u * 2000) / np.exp(rate * u * 2000).sum()
    assert np.asarray(memory.table[:, 0]).mean(0) / 2**30 == pytest.approx(truth, abs=0.01)


@pytest.mark.slow
def test_learners_defect_in_a_dilemma_that_is_played_once_at_a_time():
    # Defection is dominant. Where exploration ends slowly enough for both values to be known, T x + P (1 - x) and
    # R x + S (1 - x) for a partner who cooperates with chance x, two Q-learners without a future end there; so do habits.
    pair = Society(NetworkGame(), Named.of(("q", Learner(2, explore=1.0, decay=1e-3, rate=0.02, high=5.0))), Seating(2))
    for lasts in (lens.mind("q", Learner, lambda mind: mind.decay), lens.mind("q", Learner, lambda mind: mind.habits)):
        value = 1e-3 if "decay" in str(lasts) else True
        logs = run_batch(pair, ((lasts, [value] * 24),), range(24), 8000, record=("acts",))
        assert all((log.traces["act.act"][-500:] == 0).mean() > 0.97 for log in logs)


@pytest.mark.slow
def test_tables_are_those_of_a_second_implementation_in_floats():
    # Calvano et al. (2020), equation (4), times (1 - discount), on the traced prices and profits of three markets.
    rate, discount, ticks = 0.15, 0.95, 600
    mind = Learner(15, ("own", "rivals"), 225, rate=rate, discount=discount, explore=1.0, decay=5e-3, start=280.0)
    society = Society(Market(), Named.of(("q", mind)), Seating(6))
    trial = advance(begin(society, 4, record=("acts", "payoff")), ticks)
    acts, paid = np.asarray(trial.traces["act.price"]), np.asarray(trial.traces["payoff"])
    table, greedy, before = np.full((6, 225, 15), 280.0), [], np.zeros(6, int)
    for t in range(ticks):
        rival = np.asarray([1, 0, 3, 2, 5, 4])
        state = np.zeros(6, int) if t == 0 else acts[t - 1] * 15 + acts[t - 1][rival]
        for i in range(6):
            if t:
                target = (1 - discount) * paid[t - 1, i] + discount * table[i, state[i]].max()
                table[i, before[i], acts[t - 1, i]] += rate * (target - table[i, before[i], acts[t - 1, i]])
            greedy.append(table[i, state[i], acts[t, i]] >= table[i, state[i]].max() - 0.01)
        before = state
    assert np.abs(np.asarray(trial.state.minds[0].table) / 2**12 - table).max() < 0.01
    share = np.asarray(greedy).reshape(ticks, 6)[-100:].mean()
    assert share > 0.9


def test_only_legal_answers_only_where_asked_and_newborns_do_not_learn_from_the_past():
    n, none = 4, jnp.zeros(4, jnp.int32)
    mind = Learner(K, ("own",), K, explore=0.0, rate=0.5, habits=np.asarray([0, 0, 1, 1]))
    memory = mind.init(Key.root(0), Seats(none))
    memory = eqx.tree_at(lambda m: (m.table, m.answer), memory, (memory.table.at[:, :, 2].add(100_000), none))
    legal = jnp.asarray([[True, True, False], [True, False, True]] * 2)
    born = jnp.asarray([True, False, True, False])
    act = eqx.filter_jit(lambda m, v, k: mind.act(m, v, k))
    decision = act(memory, view(none + 1, none, born, legal, asked=[True, True, False, True]), Key.root(1))
    assert legal[jnp.arange(n), decision.acts["arm"]].all()
    assert decision.acts["arm"][:2].tolist() == [0, 2]
    assert decision.memory.age.tolist() == [1, 1, 0, 1]
    assert decision.memory.answer[2] == -1
    changed = (decision.memory.table != memory.table).any((1, 2))
    assert changed.tolist() == [False, True, False, True]


def test_what_cannot_be_learnt_is_refused():
    zero = jnp.zeros(2, jnp.int32)
    amount = Amount(jnp.ones(2, bool), zero, zero + 5)
    for mind, menu, said in (
        (Learner(2), None, "answers=3"),
        (Learner(K), Named.of(("harvest", amount)), "another mind"),
        (Learner(K, ("own", "own"), 5), None, "b\\^2"),
    ):
        seen = view(zero, zero, menu=menu)
        memory = eqx.filter_eval_shape(mind.init, Key.root(0), Seats(zero))
        with pytest.raises(StudyError, match=said):
            eqx.filter_eval_shape(mind.act, memory, seen, Key.root(0))
    for genes in (
        {"rate": 1.5},
        {"discount": 1.0},
        {"decay": -1.0},
        {"least": 0.5},
        {"low": 1.0},
        {"answers": 1},
        {"states": 4},
    ):
        with pytest.raises(StudyError, match="expected"):
            Learner(**genes)


@pytest.mark.slow
def test_the_laws_hold():
    check_mind(Learner(15, ("own", "rivals"), 225, explore=0.5, discount=0.9, habits=False), Market())
