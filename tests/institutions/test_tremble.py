"""A trembling hand: acts come out wrong as often as said, question by question."""

import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.networks import Ring
from commonweal.core.seats import Links, Seats
from commonweal.core.streams import Key
from commonweal.core.views import Offer
from commonweal.institutions.tremble import Tremble
from commonweal.testing import check_institution
from commonweal.worlds.network_game import NetworkGame

N = 3000


@pytest.mark.slow
def test_laws() -> None:
    check_institution(Tremble(0.3), Tremble(0.0))


@pytest.mark.parametrize("per_contact", [False, True])
def test_of_two_answers_the_other_comes_out(per_contact: bool) -> None:
    """By counting over 3,000 seats, within 4 standard errors of a random rate."""
    rate = float(np.random.default_rng(1975).uniform(0.05, 0.45))
    seats = Seats(jnp.zeros(N, jnp.int32), Links.of(Ring(4), N))
    world = NetworkGame(per_contact=per_contact)
    menu = world.menu(world.reset(Key.root(0), seats).state, seats, jnp.zeros(N, jnp.int32))
    acts = menu.map(lambda question: question.draw(Key.root(1)))
    offer = Offer(seats, menu, jnp.zeros(N, jnp.int32), menu.map(lambda question: question.asked), jnp.zeros((), jnp.int32))
    out = Tremble(rate).bind((), offer, acts, Key.root(2)).acts
    changed = np.asarray(out["act"]) ^ np.asarray(acts["act"])
    flips = (changed[:, None] >> np.arange(4 if per_contact else 1)) & 1
    assert abs(flips.mean() - rate) < 4 * np.sqrt(rate * (1 - rate) / flips.size)
    assert np.array_equal(np.asarray(Tremble(0.0).bind((), offer, acts, Key.root(2)).acts["act"]), np.asarray(acts["act"]))


def test_an_amount_comes_out_as_any_legal_one(bench) -> None:
    menu, acts = bench.harvest([10] * N, 10.0)
    offer = Offer(
        bench.ring(N), menu, jnp.zeros(N, jnp.int32), menu.map(lambda question: question.asked), jnp.zeros((), jnp.int32)
    )
    out = np.asarray(Tremble(0.5).bind((), offer, acts, Key.root(3)).acts["harvest"])
    slipped = out[out != 10]
    assert abs(slipped.size / N - 0.5 * 100 / 101) < 0.04
    assert abs(slipped.mean() - 50) < 4
    assert out.min() >= 0
    assert out.max() <= 100


def test_words_and_limits() -> None:
    assert Tremble(0.0).describe(()) == ""
    assert "0.2" in Tremble(0.2).describe(())
    with pytest.raises(StudyError, match="rate"):
        Tremble(0.6)
    assert Named.of(("tremble", Tremble()))["tremble"].needs_scale
