"""Broadcast: what each seat said is heard by all others at the next tick, within the room that an inbox has.

With at most `room` others, each seat hears every other, in seat order. With more, `room + 1` of those who spoke are drawn at
each tick, the same for everybody, and each seat hears those of them that are not itself, at most `room`. Each message is
lost on its way to each hearer with probability `loss`, independently.

Source: the public announcement of cheap-talk experiments; D. Sally, "Conversation and cooperation in social dilemmas",
Rationality and Society 7 (1995).
"""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.core
import jax.numpy as jnp
from jaxtyping import Array, Float, Int32, PyTree, UInt32

from commonweal.core.arrays import Index, real
from commonweal.core.errors import StudyError
from commonweal.core.menu import Menu
from commonweal.core.parts import Channel
from commonweal.core.seats import Seats
from commonweal.core.speech import PHRASES, ask_to_speak, heard, quote, said
from commonweal.core.streams import Key
from commonweal.core.views import Delivery, Memory, Tick, same_seats


class Broadcast(Channel):
    """Everybody hears everybody, up to `room` messages a tick.

    Raises:
        StudyError: `loss` is not from 0 to 1, or `room` or `tokens` is below 1.

    Source: Sally, Rationality and Society 7 (1995).
    """

    loss: Float[Array, ""] = eqx.field(converter=real, default=0.0)
    """Probability that a message does not reach a hearer, 0 to 1."""
    room: int = eqx.field(static=True, default=8)
    """Most messages that a seat hears in a tick, at least 1."""
    tokens: int = eqx.field(static=True, default=40)
    """Most tokens of a free text, at least 1."""

    def __check_init__(self) -> None:
        """Refuse numbers out of range."""
        if self.room < 1 or self.tokens < 1:
            raise StudyError(
                f"a broadcast with room for {self.room} messages of {self.tokens} tokens; expected at least 1 of each"
            )
        if not isinstance(self.loss, jax.core.Tracer) and not 0.0 <= float(self.loss) <= 1.0:
            raise StudyError(f"a broadcast that loses {float(self.loss):g} of its messages; expected a probability from 0 to 1")

    @property
    def phrases(self) -> tuple[str, ...]:
        """What scripted minds say."""
        return PHRASES

    def begin(self, seats: Seats) -> Memory:
        """Nothing to remember."""
        return ()

    def permit(self, memory: Memory, seats: Seats, menu: Menu) -> Menu:
        """The menu with the question what to say."""
        return ask_to_speak(menu, seats.n, self.tokens)

    def deliver(self, memory: Memory, tick: Tick, key: Key) -> Delivery:
        """What each seat hears, [a, min(room, n - 1)] messages (one empty place where a seat is alone)."""
        words = said(tick)
        speakers = _others(*self._floor(words, key.child("floor"))) if tick.seats.n > 1 else same_seats(1)[:, None]
        lost = key.child("loss").chance(self.loss, speakers.shape)
        own = speakers == same_seats(tick.seats.n)[:, None]
        return Delivery(heard(jnp.where(lost | own, -1, words[speakers]), speakers), memory)

    def _floor(self, words: Index, key: Key) -> tuple[Index, Int32[Array, "m"], Int32[Array, ""]]:
        """All seats, who of them has the floor (in seat order), and the place in it of the one drawn last."""
        n, most = words.shape[0], self.room + 1
        own = same_seats(n)
        if n <= most:
            return own, own, jnp.asarray(n - 1, jnp.int32)
        # Those who spoke come before those who did not; among them the order is random. A few passes that each take the
        # largest cost far less than a sort of all seats; the lowest bit keeps every lot above that of a seat drawn already.
        lot = (key.bits(n) >> 1) | jnp.uint32(1) | jnp.where(words >= 0, jnp.uint32(1 << 31), jnp.uint32(0))

        def draw(left: UInt32[Array, "a"], _: None) -> tuple[UInt32[Array, "a"], Int32[Array, ""]]:
            first = jnp.argmax(left).astype(jnp.int32)
            return left.at[first].set(jnp.uint32(0)), first

        drawn = jax.lax.scan(draw, lot, None, length=most)[1]
        floor = jnp.sort(drawn)
        return own, floor, jnp.searchsorted(floor, drawn[-1]).astype(jnp.int32)

    def describe(self, inbox: PyTree[Any], agent: int, texts: tuple[str, ...]) -> str:
        """What one seat heard, a line a message."""
        return quote(inbox, agent, texts)


def _others(own: Index, floor: Int32[Array, "m"], last: Int32[Array, ""]) -> Int32[Array, "a k"]:
    """The floor without the hearer, or without the one drawn last where the hearer is not on it: [a, m - 1]."""
    place = jnp.searchsorted(floor, own).astype(jnp.int32)
    there = floor[jnp.minimum(place, floor.shape[0] - 1)] == own
    skip = jnp.where(there, place, last)
    slot = jnp.arange(floor.shape[0] - 1, dtype=jnp.int32)[None]
    return floor[slot + (slot >= skip[:, None])]
