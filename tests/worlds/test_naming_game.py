"""The naming game: every way to pair seats alike, and exchanges in all forms against a plain loop over pairs."""

from itertools import product

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.core.views import View
from commonweal.testing import check_world
from commonweal.worlds.naming_game import NamingGame

N = 7
NAMES = ("ro", "mi", "ka")


def seated(n: int = N) -> Seats:
    return Seats(jnp.zeros(n, jnp.int32))


@pytest.mark.slow
@pytest.mark.parametrize(
    "world", [NamingGame(), NamingGame(2, 1, pairs=1), NamingGame(2, 1, True, names=NAMES, form="together")]
)
def test_laws(world: NamingGame) -> None:
    check_world(world)


@pytest.mark.parametrize("pairs", [0, 1, 2])
def test_all_pairings_are_alike(pairs: int) -> None:
    """Six seats, 9,000 rounds: 15 matchings (or 15, or 45 pairings of one or two pairs), chi-square within 5 deviations."""
    rounds = 9000
    world, seats = NamingGame(pairs=pairs), seated(6)
    found = jax.jit(jax.vmap(lambda seed: world.reset(Key.root(seed), seats).state.pairing))(jnp.arange(rounds))
    partner, first = np.asarray(found.partner), np.asarray(found.first)
    assert (first.sum(1) == (pairs or 3)).all()
    for row, speaks in zip(partner[:200], first[:200], strict=True):
        meets = [(i, j) for i, j in enumerate(row) if j >= 0]
        assert all(row[j] == i and i != j and speaks[i] != speaks[j] for i, j in meets)
        assert len(meets) == 2 * (pairs or 3)
    counts = np.unique(partner, axis=0, return_counts=True)[1]
    ways = {0: 15, 1: 15, 2: 45}[pairs]
    assert counts.size == ways
    off = ((counts - rounds / ways) ** 2 / (rounds / ways)).sum() - (ways - 1)
    assert abs(off) < 5 * np.sqrt(2 * (ways - 1))
    # Either seat of a pair is the speaker as often: 4 standard errors of a fair coin.
    assert abs(first[:, 0].sum() / (partner[:, 0] >= 0).sum() - 0.5) < 4 * 0.5 / np.sqrt((partner[:, 0] >= 0).sum())


@eqx.filter_jit
def step(world, state, acts, key):
    seats = seated()
    outcome = world.step(state, seats, acts, jnp.zeros(N, jnp.int32), key)
    return outcome, world.observe(state, seats, outcome.payoff), world.menu(state, seats, outcome.payoff)


@pytest.mark.parametrize(("form", "names"), [*product(("asked", "together"), ((), NAMES))])
def test_rounds_against_a_loop_over_pairs(form, names) -> None:
    """Random words and answers at random payoffs, both tasks: who is asked, what is heard, paid and counted."""
    draws = np.random.default_rng(2006)
    for differ in (False, True):
        reward, cost = (int(x) for x in draws.integers(0, 50, 2))
        world = NamingGame(reward, cost, differ, names=names, form=form)
        state = world.reset(Key.root(int(draws.integers(1000))), seated()).state
        for tick in range(6):
            partner, first = np.asarray(state.pairing.partner), np.asarray(state.pairing.first)
            assert (partner < 0).sum() == 1
            hearing = form == "asked" and tick % 2 == 1
            words, known = draws.integers(0, len(names) or N, N), draws.integers(0, 2, N)
            before = np.asarray(state.said), np.asarray(state.heard)
            acts = Named.of(("word", jnp.asarray(words, jnp.int32)), ("known", jnp.asarray(known, jnp.int32)))
            outcome, seen, menu = step(world, state, acts, Key.root(tick))
            paid, alike, met = [0] * N, 0, 0
            paired = (partner >= 0) if form == "together" else first
            speaks = [False] * N if hearing else paired.tolist()
            for i, j in ((i, j) for i, j in enumerate(partner) if j >= 0 and first[i]):
                if form == "asked" and not hearing:
                    continue
                good = words[i] == words[j] if form == "together" else known[j] == 1
                met, alike = met + 1, alike + int(good)
                paid[i] = paid[j] = reward if good != differ else -cost
            assert outcome.payoff.tolist() == paid
            assert menu["word"].asked.tolist() == speaks
            if form == "asked":
                hears = [hearing and j >= 0 and not f for j, f in zip(partner, first, strict=True)]
                assert menu["known"].asked.tolist() == hears
                assert [role == 2 for role in seen.seen["role"].tolist()] == hears
            said = [int(word) if speaks[i] else -1 for i, word in enumerate(words)]
            some = [word for word in said if word >= 0]
            facts = outcome.facts
            assert facts.said.tolist() == said
            assert [int(getattr(facts, name)) for name in ("spoken", "met", "understood", "least", "most")] == [
                len(some), met, alike, min(some, default=-1), max(some, default=-1)
            ]  # fmt: skip
            state = outcome.state
            if hearing:
                assert (state.said.tolist(), state.heard.tolist()) == (before[0].tolist(), before[1].tolist())
            else:
                heard = [said[j] if j >= 0 else before[1][i] for i, j in enumerate(partner)]
                assert state.heard.tolist() == heard
            assert ((state.understood >= 0).tolist()) == ([j >= 0 for j in partner] if met else [False] * N)


def test_words() -> None:
    asked, together = NamingGame(3, 1), NamingGame(3, 1, True, names=NAMES, form="together")
    assert "says that it knows it, each of you receives 3; else each of you loses 1" in asked.rules()
    assert "said the same name, each of you loses 1; else each of you receives 3" in together.rules()
    state = together.reset(Key.root(0), seated(2)).state
    acts = Named.of(("word", jnp.asarray([2, 0], jnp.int32)))
    outcome = together.step(state, seated(2), acts, jnp.zeros(2, jnp.int32), Key.root(1))
    words = together.describe(looked(together, outcome.state, outcome.payoff), 0)
    assert "Now say a name" in words
    assert "said different names. You had said ka. The other one had said ro. You received 3." in words
    state = asked.reset(Key.root(0), seated(2)).state
    assert "Now say a name" in asked.describe(looked(asked, state, outcome.payoff), int(state.pairing.first.argmax()))
    acts = Named.of(("word", jnp.asarray([1, 1], jnp.int32)), ("known", jnp.zeros(2, jnp.int32)))
    state = asked.step(state, seated(2), acts, jnp.zeros(2, jnp.int32), Key.root(1)).state
    assert "says name 1" in asked.describe(looked(asked, state, outcome.payoff), int((~state.pairing.first).argmax()))


def looked(world, state, payoff) -> View:
    """What two seats see."""
    n = payoff.shape[0]
    none, purse = jnp.zeros(n, bool), jnp.zeros(n, jnp.int32)
    seen, menu = world.observe(state, seated(n), purse), world.menu(state, seated(n), purse)
    view = View(
        seen.seen, None, None, Named((), ()), menu, payoff, purse, purse, none, None, None, jnp.int32(1)
    )  # fmt: skip
    return jax.device_get(view)


def test_what_cannot_be_is_refused() -> None:
    for wrong in ({"reward": -1}, {"cost": 1 << 21}, {"names": ("a",)}, {"names": ("a", "a")}, {"pairs": -1}, {"form": "x"}):
        with pytest.raises(StudyError, match="naming game"):
            NamingGame(**wrong)
    with pytest.raises(StudyError, match="4 pairs a round of 7 seats"):
        NamingGame(pairs=4).reset(Key.root(0), seated())
