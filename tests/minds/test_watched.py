"""Minds with an audience: their closed form, a second implementation in floats, and the planted kinds."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core.errors import StudyError
from commonweal.core.feed import Watched
from commonweal.core.named import Named
from commonweal.core.questions import Amount, Choice, Scale
from commonweal.core.seats import Seating, Seats
from commonweal.core.society import Society
from commonweal.core.streams import Key
from commonweal.core.views import View
from commonweal.engine.compiled import run
from commonweal.institutions.notice import Notice
from commonweal.institutions.watching import Watching
from commonweal.minds.scripted import Scripted
from commonweal.minds.two_faced import TwoFaced
from commonweal.minds.watched import Audience, Schooled
from commonweal.testing import check_mind
from commonweal.worlds.commons import Commons
from commonweal.worlds.platform import Platform

N, TICKS = 2000, 500


def view(payoff, told, menu=None, born=False):
    n = payoff.shape[0]
    zero = jnp.zeros(n, jnp.int32)
    return View(
        seen=Named((), ()),
        told=None,
        inbox=(),
        public=Named.of(("rule", Watched(told))),
        menu=Named.of(("custom", Choice(jnp.ones(n, bool), ("own", "asked")))) if menu is None else menu,
        payoff=payoff,
        fined=zero,
        purse=zero,
        born=jnp.broadcast_to(jnp.asarray(born), (n,)),
        contacts=None,
        card=None,
        tick=jnp.int32(1),
    )


act_of = eqx.filter_jit(lambda own, memory, seen, key: own.act(memory, seen, key))


def mind(**genes):
    """One shape for all: one value of each gene a seat."""
    full = {"rate": 0.0, "training": TICKS, "keen": 0.25, "leans": 0.0, "shift": 0.0, "hears": True, "asks": 1}
    return Audience(question="custom", **{name: np.full(N, value) for name, value in (full | genes).items()})


@eqx.filter_jit
def play(minds, fine, chances, shows, seed):
    """N seats, each alone and watched every other tick: its own way costs `fine` with probability chances[watched]."""
    key, none = Key.root(seed), jnp.zeros(N, jnp.int32)

    def step(carry, tick):
        memory, payoff = carry
        at = key.child(tick)
        watched = at.child("watched").chance(0.5, N)
        told = watched & (shows | (tick >= TICKS))
        decision = minds.act(memory, view(payoff, told, born=tick == 0), at.child("mind"))
        act = decision.acts["custom"]
        caught = at.child("luck").chance(chances[watched.astype(jnp.int32)], N) & (tick < TICKS)
        paid = jnp.where((act == 0) & caught, -fine, 0)
        return (decision.memory, paid), (told, act, paid)

    (memory, _), seen = jax.lax.scan(step, (minds.init(key, Seats(none)), none), jnp.arange(TICKS + 60))
    return memory, seen


def shares(told, act, last=60):
    told, act = np.asarray(told[-last:]), np.asarray(act[-last:])
    return act[~told].mean(), act[told].mean()


def logistic(x):
    return 1 / (1 + np.exp(-x))


def test_frozen_minds_answer_as_planted_and_the_deaf_not_at_all():
    # To 5 standard errors, and what a table in steps of 1/256 leaves, at random genes.
    rng = np.random.default_rng(2)
    for seed in range(4):
        leans, shift = rng.uniform(-2, 2, 2)
        for hears in (True, False):
            planted = mind(leans=leans, shift=shift, hears=hears)
            _, (told, act, _) = play(planted, jnp.int32(9), jnp.asarray([0.5, 0.5]), True, seed)
            for found, logit in zip(shares(told, act), (leans, leans + shift * hears), strict=True):
                assert found == pytest.approx(logistic(logit), abs=5 * 0.5 / np.sqrt(N * 25) + 0.001)


def test_learners_settle_where_the_closed_form_says_and_keep_it_without_consequences():
    # p(w) = logistic(leans + keen F c(w)), at random fines and chances; what a rate of .04 leaves is below .03.
    rng = np.random.default_rng(3)
    for seed in range(4):
        fine, chances = int(rng.integers(3, 12)), rng.uniform(0.05, 0.95, 2)
        leans = -0.125 * fine
        taught = mind(leans=leans, rate=0.04)
        _, (told, act, _) = play(taught, jnp.int32(fine), jnp.asarray(chances, jnp.float32), True, seed)
        for found, chance in zip(shares(told, act), chances, strict=True):
            assert found == pytest.approx(logistic(leans + 0.25 * fine * chance), abs=0.03)
        # Who was never told in training answers the cue as it answers anything.
        _, (told, act, _) = play(taught, jnp.int32(fine), jnp.asarray(chances, jnp.float32), False, seed)
        plain, cued = shares(told, act)
        assert cued == pytest.approx(plain, abs=5 * 0.7 / np.sqrt(N * 25))
        assert plain == pytest.approx(logistic(leans + 0.25 * fine * chances.mean()), abs=0.03)


def test_values_are_those_of_a_second_implementation_in_floats():
    # Rescorla and Wagner (1972): all cues that are there share one error.
    taught = mind(rate=0.2, leans=0.5)
    memory, (told, act, paid) = play(taught, jnp.int32(40), jnp.asarray([0.3, 0.8]), True, 5)
    told, act, paid = (np.asarray(series)[:, :50] for series in (told, act, paid))
    base, extra = np.zeros((50, 2)), np.zeros((50, 2))
    seat = np.arange(50)
    for t in range(TICKS):
        error = paid[t] - base[seat, act[t]] - told[t] * extra[seat, act[t]]
        base[seat, act[t]] += 0.2 * error
        extra[seat, act[t]] += 0.2 * told[t] * error
    found = np.asarray(memory.value[:50]) / 2**12
    assert np.abs(found - np.stack([base, extra], 1)).max() < 0.01


def test_what_is_asked_is_norm_level_one_where_there_is_a_scale():
    n = 4000
    zero = jnp.zeros(n, jnp.int32)
    menu = Named.of(
        ("harvest", Amount(jnp.ones(n, bool), zero, zero + 100, Scale(jnp.float32(10)))),
        ("vote", Choice(jnp.ones(n, bool), ("no", "yes"))),
    )
    own = Audience(Scripted(ballot=1), own=0.5, leans=1.0)
    decision = act_of(own, own.init(Key.root(0), Seats(zero)), view(zero, zero > 0, menu), Key.root(1))
    harvest = np.asarray(decision.acts["harvest"])
    assert set(harvest.tolist()) == {10, 20}
    assert (harvest == 10).mean() == pytest.approx(logistic(1.0), abs=5 * 0.5 / np.sqrt(n))
    assert decision.acts["vote"].all()
    asleep = eqx.tree_at(lambda menu: menu["harvest"].asked, menu, zero > 0)
    later = act_of(own, decision.memory, view(zero + 1, zero > 0, asleep), Key.root(2)).memory
    assert (later.act == -1).all()
    assert (own.tally(later)["audience"] == 0).all()
    assert set(own.tally(decision.memory)["audience"].tolist()) == {1}


def test_newborns_and_old_minds_do_not_learn():
    taught = mind(rate=0.5, training=3)
    start = taught.init(Key.root(0), Seats(jnp.zeros(N, jnp.int32)))
    none = jnp.zeros(N, jnp.int32)
    memory = Schooled(start.inner, start.value, none > 0, none, none + 3)
    changed = act_of(taught, memory, view(none - 8, none > 0), Key.root(1)).memory
    assert (changed.value[:, 0, 0] == -4 << 12).all()
    assert (changed.value.at[:, 0, 0].set(0) == 0).all()
    for still in (
        act_of(taught, changed, view(none - 8, none > 0), Key.root(1)).memory,
        act_of(taught, memory, view(none - 8, none > 0, born=True), Key.root(1)).memory,
    ):
        assert (still.value == (changed.value if still.age[0] == 5 else start.value)).all()


def test_what_it_refuses():
    for genes in ({"rate": 0.6}, {"training": -1}, {"keen": -1.0}, {"leans": 17.0}, {"own": 1.5}, {"asks": 0}):
        with pytest.raises(StudyError, match="expected numbers"):
            Audience(**genes)
    with pytest.raises(StudyError, match="expected a mind of a family"):
        Audience(TwoFaced())
    zero = jnp.zeros(2, jnp.int32)
    for own, said in ((Audience(), "no norm scale among custom"), (Audience(question="vote"), "no such choice among custom")):
        with pytest.raises(StudyError, match=said):
            own.act(own.init(Key.root(0), Seats(zero)), view(zero, zero > 0), Key.root(0))


@pytest.mark.slow
def test_a_notice_moves_them_too_and_kinds_of_one_family_keep_their_genes():
    # All are told from the second tick on, by a rule that does nothing else.
    aware, deaf = (Audience(leans=-16.0, shift=32.0, rate=0.0, own=0.75, hears=hears) for hears in (True, False))
    minds = Named.of(("aware", aware), ("deaf", deaf))
    society = Society(Commons(), minds, Seating(10, Named.of(("deaf", jnp.float32(0.5)))), Named.of(("notice", Notice())))
    trial = run(society, 1, 2, record=("acts", "mind"))
    took, unmoved = trial.traces["act.harvest"], trial.traces["mind"][0] == 1
    # Of 20 units a seat all take four thirds of the fair share, then the deaf alone do.
    assert set(took[0].tolist()) <= {13, 14}
    assert took[1][unmoved].min() > took[1][~unmoved].max()


@pytest.mark.slow
@pytest.mark.parametrize(("own", "world"), [(Audience(shift=1.0), None), (Audience(question="custom"), Platform())])
def test_the_laws_hold(own, world):
    check_mind(own, world)


@pytest.mark.slow
def test_in_a_society_it_learns_what_the_rule_teaches():
    own = Audience(question="custom", rate=0.05, keen=0.25, leans=-1.5)
    rule = Watching(0.5, 1.0, fine=12, question="custom")
    society = Society(
        Platform(customs=("own", "asked"), stake=1_000_000, size=1),
        Named.of(("own", own)),
        Seating(200),
        Named.of(("rule", rule)),
    )
    trial = run(society, 1, 1500, record=("acts",))
    # Half are watched, and all that is fined is; both sides are away from one half by as much.
    assert trial.traces["act.custom"][-200:].mean() == pytest.approx(0.5, abs=0.02)
