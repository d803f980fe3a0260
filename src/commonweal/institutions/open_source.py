"""Open source: each seat may publish the program it decides by, and is shown the programs of its contacts.

Each tick every seat is asked for its `source`: one of the listed programs, or nothing (answer 0, the default). At the next tick
a seat reads, contact by contact and independently,

    nothing                         with probability 1 - reach; also where nothing was published
    a uniformly random program      with probability reach noise
    what the contact published      else

A program moves with the mind: where the rule inside (selection, turnover) seats a copy of j's mind, j's source goes along; of
a newcomer there is nothing to read for one tick. The rule inside runs as if it stood there bare, draw for draw. Whether
a seat publishes what it plays is up to its mind: the rule adds noise, never a lie.

Source: M. Tennenholtz, "Program equilibrium", Games and Economic Behavior 49 (2004), for players who read each other's program;
reach and noise are ours.
"""

from __future__ import annotations

from typing import Any, ClassVar

import equinox as eqx
import jax.core
import jax.numpy as jnp
from jaxtyping import Array, Float, Int32, PyTree

from commonweal.core.arrays import Index, real
from commonweal.core.branches import apart
from commonweal.core.errors import StudyError
from commonweal.core.menu import Menu
from commonweal.core.parts import Institution, RuleAround, RuleKind
from commonweal.core.questions import Choice
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.core.views import Memory, Ruling, Tick

_WHO = "open source, which is read contact by contact,"


class Sources(eqx.Module):
    """What each seat read of its contacts last tick."""

    program: Int32[Array, "a k"]
    """The program that the j-th contact published, from 1 in the order of the rule's list; 0: nothing, or no contact."""


class OpenSource(RuleAround):
    """Contacts read each other's program: `OpenSource(Moran(), programs=("CooperateBot", "FairBot"))`.

    Raises:
        StudyError: a probability is not from 0 to 1; at the start of a trial, there are no rows of contacts.

    Source: Tennenholtz, Games and Economic Behavior 49 (2004).
    """

    kind: ClassVar[RuleKind] = RuleKind.INFORMATION

    inner: Institution = Institution()
    """The rule that moves minds, if any: with them it moves what they published."""
    reach: Float[Array, ""] = eqx.field(converter=real, default=1.0)
    """Transparency: probability that a published source can be read, drawn for each reader and contact, 0 to 1."""
    noise: Float[Array, ""] = eqx.field(converter=real, default=0.0)
    """Probability that what is read is a random program of the list, 0 to 1."""
    programs: tuple[str, ...] = eqx.field(static=True, default=("cooperate", "defect"))
    """Names of the programs that can be published: answers 1, 2, ... of the question."""
    question: str = eqx.field(static=True, default="source")
    """Name of the question."""

    def __check_init__(self) -> None:
        """Refuse numbers out of range."""
        if not self.programs:
            raise StudyError("open source without programs; expected the name of at least one")
        for name, value in (("reach", self.reach), ("noise", self.noise)):
            if not isinstance(value, jax.core.Tracer) and not 0.0 <= float(value) <= 1.0:
                raise StudyError(f"open source with {name} = {float(value):g}; expected a probability from 0 to 1")

    def begin(self, seats: Seats) -> Memory:
        """The memory of the rule inside.

        Raises:
            StudyError: the seats have no network, or one with hubs.
        """
        if seats.links is None:
            raise StudyError(f"{_WHO} was given seats without a network; expected Seating(..., network=...)")
        seats.links.rows(_WHO)
        return self.inner.begin(seats)

    def permit(self, memory: Memory, seats: Seats, menu: Menu) -> Menu:
        """The menu of the rule inside, and the question for one's source."""
        menu = self.inner.permit(memory, seats, menu)
        return menu.add(self.question, Choice(jnp.ones(seats.n, bool), ("publish nothing", *self.programs)))

    def settle(self, memory: Memory, tick: Tick, key: Key) -> Ruling:
        """The ruling of the rule inside, and what each seat reads.

        Raises:
            StudyError: the rule inside tells seats something itself, which would be lost here.
        """
        ruling = self.inner.settle(memory, tick, key)
        if ruling.public is not None:
            raise StudyError(
                f"open source around {type(self.inner).__name__}, which tells seats something itself; expected a rule that "
                "moves minds alone: name the other beside this one"
            )
        published = jnp.where(tick.answered[self.question], tick.bound[self.question], 0)
        if ruling.heir is not None:
            heir = apart(ruling.heir, (key.first | 1) > 0)
            published = jnp.where(heir < 0, 0, published[jnp.maximum(heir, 0)])
        seats = Seats(tick.seats.mind, tick.seats.links if ruling.links is None else ruling.links)
        read = Sources(self.read(seats, published, key))
        return eqx.tree_at(lambda own: own.public, ruling, read, is_leaf=lambda leaf: leaf is None)

    def read(self, seats: Seats, published: Index, key: Key) -> Int32[Array, "a k"]:
        """What each seat reads of each contact; see the module.

        Args:
            seats: with contacts in rows.
            published: [a] the program of each seat, 0: nothing.
            key: three words a seat and contact are drawn from it.
        """
        assert seats.links is not None
        to = seats.links.rows(_WHO)
        theirs = seats.links.of_contacts(published)
        wrong = key.child("noise").chance(self.noise, to.shape)
        other = key.child("other").below(len(self.programs), to.shape) + 1
        there = (to >= 0) & (theirs > 0) & key.child("reach").chance(self.reach, to.shape)
        return jnp.where(there, jnp.where(wrong, other, theirs), 0).astype(jnp.int32)

    def describe(self, memory: Memory) -> str:
        """The rule inside, and who reads what; nothing of it where nobody can read."""
        inner, reach, noise = self.inner.describe(memory), float(self.reach), float(self.noise)
        if reach == 0.0:
            return inner
        words = "You may publish the program you decide by; each round you read what your contacts published"
        words += "." if reach == 1.0 else f", each with probability {reach:.4g}."
        if noise > 0.0:
            words += f" With probability {noise:.4g} what you read is wrong."
        return f"{inner}\n{words}" if inner else words

    def tell(self, public: PyTree[Any], agent: int) -> str:
        """Which programs this seat read."""
        lines = [
            f"Contact {slot} decides by {self.programs[program - 1]}."
            for slot, program in enumerate(public.program[agent].tolist())
            if program > 0
        ]
        return " ".join(lines)
