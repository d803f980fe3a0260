"""A platform: there is news, and a custom to take up, and nothing is at stake but what rules put there.

At each tick every seat takes up one of a few customs: a format, a word for a thing, a way to sign. None is better than another,
the world pays nothing, and no custom serves the others more: what makes one of them a norm must come from elsewhere. A stake
is what a seat begins with and a rule can take.

    topic(t + 1) = topic(t) with probability `persistence`, else one of the topics at random
    news(t)      = the direction of topic(t); each topic has a direction of its own, drawn once a trial

Source: ours; a coordination situation without payoffs, after the null of T. Schelling, The Strategy of Conflict (1960), and the
open platforms of N. Li et al., arXiv 2602.14299, on which posting has no consequence but its reception.
"""

from __future__ import annotations

from typing import Any, ClassVar

import equinox as eqx
import jax.core
import jax.numpy as jnp
from jaxtyping import Array, Float, Int32, PyTree

from commonweal.core.arrays import Units, real, whole
from commonweal.core.content import Vectors, directions
from commonweal.core.errors import StudyError
from commonweal.core.menu import Acts, Menu
from commonweal.core.named import Named
from commonweal.core.parts import World
from commonweal.core.questions import Choice
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.core.views import Observation, Outcome, Start, View

TOPICS = (
    "the harvest",
    "the election",
    "a new machine",
    "the flood",
    "a lost ship",
    "the school",
    "a strange light",
    "the price of bread",
)
"""What the news is about, in words."""


class News(eqx.Module):
    """The world's state, and its facts."""

    topic: Int32[Array, ""]
    """Which topic is in the news."""
    direction: Vectors
    """The direction of each topic, [topics, d]."""


class Topic(eqx.Module):
    """Facts of a tick."""

    topic: Int32[Array, ""]
    """Which topic was in the news."""


class Platform(World):
    """News, and customs of which none is better than another.

    Raises:
        StudyError: a number is out of range, or there are fewer than two customs.
    """

    tick_name: ClassVar[str] = "round"

    persistence: Float[Array, ""] = eqx.field(converter=real, default=0.9)
    """Probability that the topic stays, 0 to 1."""
    stake: Int32[Array, ""] = eqx.field(converter=whole, default=100)
    """What each seat begins with, tokens, at least 0."""
    customs: tuple[str, ...] = eqx.field(static=True, default=("amber", "birch", "cedar", "delta"))
    """Names of the customs."""
    size: int = eqx.field(static=True, default=16)
    """Parts of the news as a vector, at least 1."""
    question: str = eqx.field(static=True, default="custom")
    """Name of the question."""

    def __check_init__(self) -> None:
        """Refuse numbers out of range."""
        if len(set(self.customs)) < 2 or len(set(self.customs)) < len(self.customs) or self.size < 1:
            raise StudyError(f"a platform with customs {self.customs}, news of {self.size} parts; expected two customs, and 1")
        if not isinstance(self.persistence, jax.core.Tracer) and not 0.0 <= float(self.persistence) <= 1.0:
            raise StudyError(f"news that stays with probability {float(self.persistence):g}; expected 0 to 1")
        if not isinstance(self.stake, jax.core.Tracer) and int(self.stake) < 0:
            raise StudyError(f"a stake of {int(self.stake)} tokens; expected at least 0")

    def reset(self, key: Key, seats: Seats) -> Start:
        """A topic, and each topic's direction."""
        topic = key.child("topic").below(len(TOPICS), 1)[0]
        news = News(topic, directions(key.child("direction"), (len(TOPICS), self.size)))
        return Start(news, jnp.full(seats.n, self.stake, jnp.int32))

    def observe(self, state: PyTree[Any], seats: Seats, purse: Units) -> Observation:
        """The news: `topic` [a], and `news` [a, d], its direction."""
        direction = (state.direction * (jnp.arange(len(TOPICS)) == state.topic)[:, None]).sum(0, dtype=jnp.int32)
        topic = jnp.full(seats.n, state.topic)
        return Observation(Named.of(("topic", topic), ("news", jnp.broadcast_to(direction, (seats.n, self.size)))))

    def menu(self, state: PyTree[Any], seats: Seats, purse: Units) -> Menu:
        """Which custom to take up."""
        return Named.of((self.question, Choice(jnp.ones(seats.n, bool), self.customs)))

    def step(self, state: PyTree[Any], seats: Seats, acts: Acts, purse: Units, key: Key) -> Outcome:
        """The news moves on; nobody is paid."""
        stays = key.child("stays").chance(self.persistence, 1)[0]
        topic = jnp.where(stays, state.topic, key.child("topic").below(len(TOPICS), 1)[0])
        return Outcome(News(topic, state.direction), jnp.zeros(seats.n, jnp.int32), Topic(state.topic))

    def rules(self) -> str:
        """The situation in words."""
        return (
            f"You are on a platform with others. Each {self.tick_name} everyone takes up one custom of {len(self.customs)}: "
            f"{', '.join(self.customs)}. No custom is better than another in itself."
        )

    def describe(self, view: View, agent: int) -> str:
        """The news."""
        return f"In the news: {TOPICS[int(view.seen['topic'][agent])]}."
