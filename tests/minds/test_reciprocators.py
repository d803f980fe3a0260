"""Reciprocators against their equations seat by seat, closed forms, and hand-made reports of peers and groups."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.peers import Peers
from commonweal.core.questions import Amount, Choice, Scale
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.core.views import Told, View
from commonweal.institutions.membership import Belonging
from commonweal.minds.reciprocators import Intention, Reciprocator
from commonweal.testing import check_mind
from commonweal.worlds.public_goods import PublicGoods

N, FAIR = 400, 1_000_000
SEATS = Seats(jnp.zeros(N, jnp.int32))


def view(told=None, known=True, fined=None, menu=None, public=None, born=None) -> View:
    """A tick at which everybody is asked to contribute up to a million tokens, unless a menu is given."""
    zero = jnp.zeros(N, jnp.int32)
    give = Amount(zero == 0, zero, jnp.full(N, FAIR), Scale(jnp.float32(FAIR), taking=False))
    level = jnp.zeros(N, jnp.float32) if told is None else jnp.asarray(told, jnp.float32)
    return View(
        seen=Named((), ()),
        told=Told(level, jnp.full(N, known and told is not None)),
        inbox=(),
        public=Named((), ()) if public is None else public,
        menu=Named.of(("contribute", give)) if menu is None else menu,
        payoff=zero,
        fined=zero if fined is None else jnp.asarray(fined, jnp.int32),
        purse=zero,
        born=zero > 0 if born is None else born,
        contacts=None,
        card=None,
        tick=jnp.int32(0),
    )


@eqx.filter_jit
def act(mind, memory, seen, seed):
    return mind.act(memory, seen, Key.root(seed))


@pytest.mark.slow
def test_laws() -> None:
    check_mind(Reciprocator.unstable(), PublicGoods(1.6))


def test_every_seat_follows_its_equation() -> None:
    """Random genes a seat, told and fined at random, against a plain loop; within 2^-15 a tick."""
    random = np.random.default_rng(8)
    start, reciprocity, fear = random.random((3, N))
    climb = random.uniform(-1, 1, N)
    mind = Reciprocator(start=start, reciprocity=reciprocity, climb=climb, fear=fear)
    memory = mind.init(Key.root(0), SEATS)
    level = start.copy()
    for tick in range(6):
        told, fined = random.random(N), random.integers(0, 2, N)
        decision = act(mind, memory, view(told, fined=fined), 1)
        memory = decision.memory
        if tick:
            level = level + reciprocity * (told - level)
            level = level + climb * np.where(climb > 0, 1 - level, level)
            level = np.where(fined > 0, level + fear * (1 - level), level)
        assert np.abs(np.asarray(decision.acts["contribute"]) / FAIR - level).max() < (tick + 2) * 2**-15


def test_drift_in_closed_form() -> None:
    """Told nothing: 1 - v(t) = (1 - v0)(1 - k)^t upwards, v(t) = v0 (1 - k)^t downwards."""
    for k in (0.3, -0.15):
        mind = Reciprocator(start=0.4, climb=k)
        memory = mind.init(Key.root(0), SEATS)
        for tick in range(8):
            decision = act(mind, memory, view(), tick)
            memory = decision.memory
            known = 1 - 0.6 * (1 - k) ** tick if k > 0 else 0.4 * (1 + k) ** tick
            assert float(decision.acts["contribute"].mean()) / FAIR == pytest.approx(known, abs=2e-4)


def test_who_swings_takes_up_any_level() -> None:
    """After t answers a share (1 - swing)^t has never jumped; levels of the rest are uniform: mean and spread to 5 sigma."""
    swing, ticks = 0.5, 3
    mind = Reciprocator(start=0.9, swing=swing)
    memory = mind.init(Key.root(0), SEATS)
    for tick in range(ticks + 1):
        memory = act(mind, memory, view(), tick).memory
    level = np.asarray(memory.level) / 2**16
    stayed = np.abs(level - 0.9) < 1e-4
    assert abs(stayed.mean() - (1 - swing) ** ticks) < 5 * np.sqrt(0.125 * 0.875 / N)
    assert abs(level[~stayed].mean() - 0.5) < 5 * np.sqrt(1 / 12 / (~stayed).sum())


def peers(level, known=None, answering=False) -> Peers:
    """A report of four peers."""
    zero = jnp.zeros(N, jnp.int32)
    level = jnp.asarray(level, jnp.float32)
    known = jnp.ones(level.shape, bool) if known is None else jnp.asarray(known)
    return Peers(zero, zero, level, known, jnp.zeros(level.shape, jnp.int32), jnp.full(N, answering))


def spend(mind, told, name="punish", most=20, level=0.8) -> np.ndarray:
    """Points on each peer, at an intention."""
    k = told.level.shape[1]
    to = jnp.broadcast_to(jnp.arange(k, dtype=jnp.int32), (N, k))
    question = Amount(jnp.ones(N, bool), jnp.zeros((N, k), jnp.int32), jnp.full((N, k), most, jnp.int32), to=to)
    never = jnp.zeros(N, bool)
    memory = Intention(jnp.full(N, round(level * 2**16), jnp.int32), ~never, never, never)
    seen = view(menu=Named.of((name, question)), public=Named.of(("rule", (told,))))
    return np.asarray(act(mind, memory, seen, 0).acts[name])


def test_shirkers_are_punished_by_how_far_they_fall_short_and_others_rewarded() -> None:
    random = np.random.default_rng(9)
    level, known = random.random((N, 4)), random.random((N, 4)) < 0.8
    mind = Reciprocator(punish=0.7, reward=0.3, tolerance=0.15)
    short = 0.8 - level
    shirks = known & (short > 0.15)
    expected = np.where(shirks, np.floor(0.7 * short * 20 + 0.5), 0)
    assert (np.abs(spend(mind, peers(level, known)) - expected) <= (np.abs(0.7 * short * 20 % 1 - 0.5) < 1e-3)).all()
    assert spend(mind, peers(level, known), "reward").tolist() == np.where(known & ~shirks, 6, 0).tolist()
    assert not spend(Reciprocator(), peers(level, known)).any()


def test_the_vengeful_answer() -> None:
    told = peers(np.ones((N, 4)), answering=True)
    assert (spend(Reciprocator(vengeance=0.25, punish=1.0), told) == 5).all()
    assert not spend(Reciprocator(punish=1.0), told).any()


def chosen(mind, settled, group, members, paid) -> np.ndarray:
    """The answer to which group everybody wants to belong."""
    rows = [jnp.broadcast_to(jnp.asarray(part, jnp.int32), (N, 2)) for part in (members, paid)]
    told = Belonging(jnp.asarray(group, jnp.int32), *rows)
    question = Choice(jnp.ones(N, bool), ("stay", "join one", "join two"))
    memory = Intention(jnp.zeros(N, jnp.int32), jnp.zeros(N, bool), jnp.zeros(N, bool), jnp.full(N, settled))
    seen = view(menu=Named.of(("membership", question)), public=Named.of(("rule", told)))
    decision = act(mind, memory, seen, 3)
    assert bool(decision.memory.settled.all())
    return np.asarray(decision.acts["membership"])


def test_groups_are_named_at_first_by_chance_and_then_by_pay() -> None:
    half = np.arange(N) % 2
    first = chosen(Reciprocator(first=0.7), False, half, (5, 5), (0, 0))
    assert set(first.tolist()) == {1, 2}
    assert abs((first == 2).mean() - 0.7) < 5 * np.sqrt(0.21 / N)
    mover = Reciprocator(mobility=1.0)
    assert chosen(mover, True, half, (5, 5), (30, 40)).tolist() == np.where(half == 0, 2, 0).tolist()
    assert chosen(mover, True, half, (5, 5), (40, 40)).tolist() == [0] * N
    assert chosen(mover, True, half, (5, 0), (-40, 0)).tolist() == [0 if own == 0 else 1 for own in half]
    some = chosen(Reciprocator(mobility=0.3), True, half, (5, 5), (30, 40))[half == 0]
    assert abs((some == 2).mean() - 0.3) < 5 * np.sqrt(0.21 / (N / 2))


def test_a_new_mind_begins_anew() -> None:
    mind = Reciprocator(start=0.25, climb=1.0)
    memory = act(mind, mind.init(Key.root(0), SEATS), view(), 0).memory
    born = jnp.arange(N) % 2 == 0
    after = np.asarray(act(mind, memory, view(born=born), 1).memory.level) / 2**16
    assert after.tolist() == np.where(np.asarray(born), 0.25, 1.0).tolist()


def test_the_four_patterns_and_refusals() -> None:
    kinds = [
        getattr(Reciprocator, name)()
        for name in ("increasingly_cooperative", "increasingly_defecting", "unchanging", "unstable")
    ]
    climbs = [float(kind.climb) for kind in kinds]
    assert climbs[0] > 0 > climbs[1]
    assert climbs[2] == climbs[3] == 0
    assert [float(kind.swing) > 0 for kind in kinds] == [False, False, False, True]
    for wrong in ({"start": 1.1}, {"climb": -1.5}, {"swing": -0.1}, {"tolerance": 2.0}):
        with pytest.raises(StudyError, match=next(iter(wrong))):
            Reciprocator(**wrong)
    assert len({jax.tree.structure(kind) for kind in kinds}) == 1
