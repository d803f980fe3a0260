"""News that stays, customs that are all alike, and nothing that the world pays."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.testing import check_world
from commonweal.worlds.platform import TOPICS, Platform

N = 5
SEATS = Seats(jnp.zeros(N, jnp.int32))


@eqx.filter_jit
def news(world, seed, ticks):
    """The topics of some ticks, and what one step does: facts and payments."""
    key = Key.root(seed)
    start = world.reset(key.child("reset"), SEATS)
    acts = Named.of((world.question, jnp.zeros(N, jnp.int32)))

    def step(state, now):
        done = world.step(state, SEATS, acts, start.endowment, key.child(now))
        return done.state, (state.topic, done.facts.topic, done.payoff)

    return start, jax.lax.scan(step, start.state, jnp.arange(ticks))[1]


def test_the_topic_stays_with_its_persistence_and_else_comes_from_all():
    """The chance to stay is p + (1 - p) / 8; each topic has an eighth of the time."""
    rng = np.random.default_rng(1)
    for persistence in (0.0, float(rng.uniform(0.2, 0.8)), 1.0):
        _, (topic, told, paid) = news(Platform(persistence=persistence), int(rng.integers(1 << 30)), 6000)
        topic = np.asarray(topic)
        assert np.array_equal(topic, told)
        assert not paid.any()
        stay = persistence + (1 - persistence) / len(TOPICS)
        assert abs((topic[1:] == topic[:-1]).mean() - stay) <= 5 * np.sqrt(stay * (1 - stay) / 6000)
        if persistence < 1:
            share = np.bincount(topic, minlength=len(TOPICS)) / 6000
            # Its autocorrelation stretches the standard error sqrt(.109 / 6000) by sqrt((1 + p) / (1 - p)), at most 3.
            assert (np.abs(share - 1 / 8) < 5 * 0.0043 * 3).all()


def test_each_topic_has_a_direction_that_all_see_and_a_stake_is_all_they_own():
    world = Platform(stake=7, size=6)
    start, _ = news(world, 3, 2)
    assert start.endowment.tolist() == [7] * N
    assert start.state.direction.shape == (len(TOPICS), 6)
    lengths = np.linalg.norm(np.asarray(start.state.direction) / 1024, axis=1)
    assert np.abs(lengths - 1).max() < 0.002
    seen = world.observe(start.state, SEATS, start.endowment).seen
    topic = int(start.state.topic)
    assert seen["topic"].tolist() == [topic] * N
    assert np.array_equal(seen["news"], np.broadcast_to(start.state.direction[topic], (N, 6)))


def test_customs_have_no_norm_scale():
    world = Platform(customs=("hat", "coat"))
    start, _ = news(world, 3, 2)
    question = world.menu(start.state, SEATS, start.endowment)["custom"]
    assert (question.kind, question.scaled) == ("choice", False)
    assert "of 2: hat, coat" in world.rules()


def test_impossible_numbers_are_refused():
    for wrong, words in (
        ({"customs": ("one",)}, "expected two customs"),
        ({"customs": ("one", "one", "two")}, "expected two customs"),
        ({"size": 0}, "news of 0 parts"),
        ({"persistence": 1.2}, "probability 1.2"),
        ({"stake": -1}, "stake of -1"),
    ):
        with pytest.raises(StudyError, match=words):
            Platform(**wrong)


@pytest.mark.slow
def test_the_laws_hold():
    check_world(Platform())
