"""Neighbours: what each seat said is heard at the next tick by its contacts, and by nobody else.

Place j of a seat's inbox is what its j-th contact said; with `listens`, what a contact said that is drawn at random at each
tick, a contact that is drawn twice being heard once. Each message is lost on its way to each hearer with probability `loss`,
independently. A network is needed; where it has hubs of very many contacts, `listens` is needed too.

Source: ours; talk on a network at its simplest.
"""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax.core
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

from commonweal.core.arrays import Contacts, real
from commonweal.core.errors import StudyError
from commonweal.core.menu import Menu
from commonweal.core.parts import Channel
from commonweal.core.seats import Links, Seats
from commonweal.core.speech import PHRASES, ask_to_speak, heard, quote, said
from commonweal.core.streams import Key
from commonweal.core.views import Delivery, Memory, Tick, same_seats


class Neighbours(Channel):
    """Seats hear their contacts.

    Raises:
        StudyError: `loss` is not from 0 to 1, `tokens` is below 1, or `listens` below 0; at the start of a trial, there is
            no network, or one with hubs and no limit to how many contacts a seat listens to.
    """

    loss: Float[Array, ""] = eqx.field(converter=real, default=0.0)
    """Probability that a message does not reach a hearer, 0 to 1."""
    tokens: int = eqx.field(static=True, default=40)
    """Most tokens of a free text, at least 1."""
    listens: int = eqx.field(static=True, default=0)
    """To how many contacts, drawn at random each tick, a seat listens; 0: to all."""

    def __check_init__(self) -> None:
        """Refuse numbers out of range."""
        if self.tokens < 1:
            raise StudyError(f"a channel for texts of {self.tokens} tokens; expected at least 1")
        if self.listens < 0:
            raise StudyError(f"a channel in which seats listen to {self.listens} contacts; expected at least 0, which is all")
        if not isinstance(self.loss, jax.core.Tracer) and not 0.0 <= float(self.loss) <= 1.0:
            raise StudyError(f"a channel that loses {float(self.loss):g} of its messages; expected a probability from 0 to 1")

    @property
    def phrases(self) -> tuple[str, ...]:
        """What scripted minds say."""
        return PHRASES

    def begin(self, seats: Seats) -> Memory:
        """Nothing to remember.

        Raises:
            StudyError: the seats have no network, or one with hubs that cannot listen to everybody.
        """
        if seats.links is None:
            raise StudyError(
                "neighbours were to hear each other, but the seats have no network; expected Seating(..., network=...), or the "
                "channel Broadcast"
            )
        if self.listens == 0:
            seats.links.rows("the channel Neighbours with listens=0")
        return ()

    def permit(self, memory: Memory, seats: Seats, menu: Menu) -> Menu:
        """The menu with the question what to say."""
        return ask_to_speak(menu, seats.n, self.tokens)

    def deliver(self, memory: Memory, tick: Tick, key: Key) -> Delivery:
        """What each seat hears, [a, k]: place j from its j-th contact, or from the j-th that it listens to."""
        assert tick.seats.links is not None
        to = self._heard(tick.seats.links, key)
        lost = key.child("loss").chance(self.loss, to.shape)
        return Delivery(heard(jnp.where((to < 0) | lost, -1, said(tick)[to]), to), memory)

    def _heard(self, links: Links, key: Key) -> Contacts:
        """Whom each seat listens to, -1 for nobody."""
        if self.listens == 0:
            return links.rows("the channel Neighbours with listens=0")
        drawn = [links.pick(key.child("listens").child(place)) for place in range(self.listens)]
        own = same_seats(drawn[0].shape[0])
        fresh = [jnp.where(to == own, -1, to) for to in drawn]
        for place in range(1, self.listens):
            again = jnp.stack([fresh[place] == earlier for earlier in fresh[:place]]).any(0)
            fresh[place] = jnp.where(again, -1, fresh[place])
        return jnp.stack(fresh, 1)

    def describe(self, inbox: PyTree[Any], agent: int, texts: tuple[str, ...]) -> str:
        """What one seat heard, a line a message."""
        return quote(inbox, agent, texts)
