"""Dispositions: what cards say, by a loop; misread and kept secret as often as asked; known before anybody has acted."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.networks import Regular, Ring
from commonweal.core.seats import Links, Seating, Seats
from commonweal.core.society import Society
from commonweal.core.streams import Key
from commonweal.engine.compiled import run
from commonweal.institutions.dispositions import Dispositions
from commonweal.minds.scripted import Scripted
from commonweal.testing import check_institution
from commonweal.worlds.network_game import NetworkGame

N, LEVELS = 40, (0.0, 0.25, 1.0)


def seats_of(cards: np.ndarray, network: object = None) -> Seats:
    links = None if network is None else Links.of(network, len(cards))
    return Seats(jnp.zeros(len(cards), jnp.int32), links, card=jnp.asarray(cards, jnp.int32))


@pytest.mark.parametrize("scope", ["contacts", "all"])
def test_what_cards_say_on_average(scope: str) -> None:
    """Card 3 is not on the list, and says nothing."""
    cards = np.random.default_rng(1).integers(0, 4, N)
    seats = seats_of(cards, Regular(4) if scope == "contacts" else None)
    told = Dispositions(LEVELS, scope).seen(seats, seats.card)  # pyright: ignore[reportArgumentType]
    for i in range(N):
        others = [j for j in range(N) if j != i] if scope == "all" else np.asarray(seats.links.to)[i].tolist()  # pyright: ignore[reportOptionalMemberAccess]
        says = [LEVELS[cards[j]] for j in others if cards[j] < 3]
        assert bool(told.known[i]) == bool(says)
        assert float(told.level[i]) == pytest.approx(np.mean(says) if says else 0.0, abs=1e-4)


def test_misread_and_kept_secret(bench) -> None:
    """All cards say 1: with noise v the mean told is (1 - v) + v (1.25 / 3), and a share `reach` is told."""
    noise, reach = 0.4, 0.7
    rule, seats = Dispositions(LEVELS, "all", noise, reach), seats_of(np.full(N, 2))
    menu, acts = bench.harvest([1] * N, 1.0)
    tick = bench.tick(menu, acts, [0] * N, seats=seats)
    told = jax.jit(jax.vmap(lambda seed: rule.settle((), tick, Key.root(seed)).public))(jnp.arange(300))
    known, level = np.asarray(told.known), np.asarray(told.level)
    assert abs(known.mean() - reach) < 4 * np.sqrt(reach * (1 - reach) / known.size)
    # The readers of one tick read the same cards: 300 draws of a mean over 39.
    expected = 1 - noise + noise * np.mean(LEVELS)
    assert abs(level[known].mean() - expected) < 5 * np.sqrt(np.var([1, 1, *LEVELS]) / (39 * 300))
    assert not level[~known].any()
    secret = eqx.tree_at(lambda own: own.reach, rule, jnp.float32(0.0))
    assert not np.asarray(secret.settle((), tick, Key.root(0)).public.known).any()


@pytest.mark.slow
def test_conditional_cooperators_follow_cards_before_anybody_has_acted() -> None:
    """On a ring half of the cards are those of defectors: from tick 1 on who is told of cooperators alone cooperates."""
    cards = (np.arange(N) < N // 2).astype(int)
    minds = Named.of(("cautious", Scripted(level=0.0, condition=1.0, prior=0.0)))
    seating = Seating(N, network=Ring(2), card=jnp.asarray(cards))
    log = run(Society(NetworkGame(), minds, seating, Named.of(("cards", Dispositions()))), 3, 4, record=("acts",))
    acts = log.traces["act.act"]
    assert not acts[0].any()
    inner = np.roll(cards, 1) + np.roll(cards, -1)
    assert (acts[1:, inner == 2] == 1).all()
    assert (acts[1:, inner == 0] == 0).all()


@pytest.mark.slow
def test_laws() -> None:
    check_institution(Dispositions(LEVELS, noise=0.3, reach=0.6), Dispositions(reach=0.0))


def test_words_and_errors(bench) -> None:
    assert Dispositions(reach=0.0).describe(()) == ""
    assert "are disposed to act" in Dispositions(noise=0.25, reach=0.5).describe(())
    assert "0.25 somebody's record is wrong" in Dispositions(noise=0.25).describe(())
    seats = seats_of(np.asarray([1, 0, 1]), Ring(2))
    told = Dispositions().seen(seats, seats.card)  # pyright: ignore[reportArgumentType]
    assert "disposed to serve everyone at 1.00" in Dispositions().tell(told, 1)
    for wrong, message in (({"noise": 1.5}, "noise"), ({"levels": (2.0,)}, "levels"), ({"scope": "group"}, "scope 'group'")):
        with pytest.raises(StudyError, match=message):
            Dispositions(**wrong)
    with pytest.raises(StudyError, match="no card"):
        Dispositions().begin(bench.ring(3))
    with pytest.raises(StudyError, match="no network"):
        Dispositions().begin(seats_of(np.zeros(3)))
