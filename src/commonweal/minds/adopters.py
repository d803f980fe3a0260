"""Adopters of customs: one family from copiers and conformists to those who learn from what a custom earns them.

An adopter answers one choice, one answer for all, and posts carry what their authors answered. At each tick it takes up

    any answer at random                                with probability `explores`
    the answer on a post that it sees, drawn at random  else with probability `copies`
    the most frequent answer among those that it sees   else with probability `conforms`
    what stands on a page that a rule shows it          else with probability `consults`
    its own: what has earned it most                    else; where it does not learn, what it took up last

and where it learns, Q(k) <- Q(k) + learns (r - Q(k)) for what it last answered, with r its payoff, and `cares` times the points
that a rule tells it beside.

On a forum it posts at every tick, and says no more than its custom.

    copies = 1, explores = mu    the Wright-Fisher model with mutation: a voter model with noise
    conforms = 1                 the majority rule
    learns > 0                   a bandit with sight of others

Of two seats among n that each copy at random one of the others of the last tick, with k = infinitely many answers or the chance
of agreement by accident taken out, the share that agrees settles at

    F = s P / (1 - s (1 - P)),    s = (1 - mu)^2,    P = (n - 2) / (n - 1)^2

P being the probability that both copy the same seat.

Payoffs with points beyond 2^11 ledger units count as 2^11.

Source: J. Crow and M. Kimura, An Introduction to Population Genetics Theory (1970), for F of the Wright-Fisher model; R. Boyd
and P. Richerson, Culture and the Evolutionary Process (1985), for conformist transmission.
"""

from __future__ import annotations

from typing import ClassVar, Protocol, runtime_checkable

import equinox as eqx
import jax.core
import jax.numpy as jnp
from jaxtyping import Array, Float, Int32

from commonweal.core.arrays import Index, real
from commonweal.core.content import ONE_PART
from commonweal.core.errors import StudyError
from commonweal.core.feed import POST, Feed
from commonweal.core.named import Named
from commonweal.core.parts import Mind
from commonweal.core.questions import Act, Choice, Say
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.core.views import Decision, View

Gene = Float[Array, "*a"]
_VALUE_BITS = 12
_MOST_PAID = 1 << 11
_RATE_BITS = 12


@runtime_checkable
class Points(Protocol):
    """What a rule tells of how well a seat did, beside what it pays."""

    points: Index
    """Points of the last tick."""


@runtime_checkable
class Entry(Protocol):
    """What a rule shows of a page that all share."""

    entry: Index
    """The answer that stands there; -1: none."""


class Custom(eqx.Module):
    """What adopters remember."""

    value: Int32[Array, "a k"]
    """What each answer has earned, in units of 2^-12 ledger units."""
    held: Index
    """What was taken up last."""


class Adopter(Mind):
    """An adopter of one of a few customs; numbers are scalars, or one value a seat. By default it holds what it was born with.

    Raises:
        StudyError: a number is out of range; in a trial, the menu has no such choice.

    Source: Crow and Kimura (1970); Boyd and Richerson (1985).
    """

    family: ClassVar[bool] = True
    memory_depth: ClassVar[float] = float("inf")

    answers: int = eqx.field(static=True, default=4)
    """How many answers the question has."""
    question: str = eqx.field(static=True, default="custom")
    """Which question it answers. Any other gets its default."""
    explores: Gene = eqx.field(converter=real, default=0.0)
    """Probability of an answer at random, 0 to 1."""
    copies: Gene = eqx.field(converter=real, default=0.0)
    """Probability, else, of copying what one post carries, 0 to 1."""
    conforms: Gene = eqx.field(converter=real, default=0.0)
    """Probability, else, of taking up the most frequent answer that it sees, 0 to 1."""
    consults: Gene = eqx.field(converter=real, default=0.0)
    """Probability, else, of taking up what stands on a shared page, 0 to 1."""
    learns: Gene = eqx.field(converter=real, default=0.0)
    """How far what an answer earned moves its value, 0 to 1, to the nearest 2^-12."""
    cares: Gene = eqx.field(converter=real, default=0.0)
    """What a point that a rule tells is worth to it, ledger units, 0 to 100."""

    def __check_init__(self) -> None:
        """Refuse numbers out of range."""
        if self.answers < 2:
            raise StudyError(f"an adopter of {self.answers} answers; expected at least 2")
        for name, top in (("explores", 1), ("copies", 1), ("conforms", 1), ("consults", 1), ("learns", 1), ("cares", 100)):
            value = getattr(self, name)
            if not isinstance(value, jax.core.Tracer) and not bool(((value >= 0) & (value <= top)).all()):
                raise StudyError(f"an adopter with {name} = {value.tolist()}; expected numbers from 0 to {top}")

    def init(self, key: Key, seats: Seats) -> Custom:
        """A custom at random, and no experience."""
        return Custom(jnp.zeros((seats.n, self.answers), jnp.int32), key.child("held").below(self.answers, seats.n))

    def act(self, memory: Custom, view: View, key: Key) -> Decision:
        """Learn from what the last answer earned, then take up one."""
        question = self._asked(view)
        n = memory.held.shape[0]
        value = self._learnt(memory, view)
        own = jnp.where(jnp.broadcast_to(self.learns, (n,)) > 0, _best(value, memory.held), memory.held)
        for public in view.public.values:
            if isinstance(public, Entry):
                stands = (public.entry >= 0) & (public.entry < self.answers)
                own = jnp.where(stands & key.child("consults").chance(self.consults, n), public.entry, own)
        feed = view.inbox
        if isinstance(feed, Feed):
            carried = feed.there & (feed.answer >= 0) & (feed.answer < self.answers)
            lot = jnp.where(carried, key.child("whom").bits(carried.shape) >> 1, 0).astype(jnp.int32)
            # Without an address: one that ends a chain of hashes is looked through by the compiler for a minute.
            one = jnp.where(carried & (lot == lot.max(1, keepdims=True)), feed.answer, -1).max(1)
            each = (carried[..., None] & (feed.answer[..., None] == jnp.arange(self.answers))).sum(1, dtype=jnp.int32)
            most = _most(each, key.child("tie"))
            some = carried.any(1)
            own = jnp.where(some & key.child("conforms").chance(self.conforms, n), most, own)
            own = jnp.where(some & key.child("copies").chance(self.copies, n), one, own)
        answer = jnp.where(key.child("explores").chance(self.explores, n), question.draw(key.child("draw")), own)
        held = jnp.where(question.asked, answer, memory.held)
        acts = [(self.question, answer)]
        say = view.menu.get(POST)
        if isinstance(say, Say):
            acts.append((POST, self._said(say, answer)))
        return Decision(Named.of(*acts), Custom(value, held))

    def _said(self, say: Say, answer: Index) -> Act:
        """A post that says nothing but the custom: a direction of its own, or the first phrase."""
        if not say.size:
            return jnp.zeros_like(answer) if say.phrases else say.default()
        return jnp.where((answer % say.size)[:, None] == jnp.arange(say.size), ONE_PART, 0).astype(jnp.int32)

    def _asked(self, view: View) -> Choice:
        """The question that it answers.

        Raises:
            StudyError: the menu has no such choice.
        """
        question = view.menu.get(self.question)
        if isinstance(question, Choice) and question.to is None and len(question.options) == self.answers:
            return question
        raise StudyError(
            f"an adopter of {self.answers} answers to {self.question!r} found no such choice in {', '.join(view.menu)}; "
            f"expected one with {self.answers} options, one answer for all"
        )

    def _learnt(self, memory: Custom, view: View) -> Int32[Array, "a k"]:
        """Values after what the last answer earned; a seat that has just been born has none to learn from."""
        n = memory.held.shape[0]
        points = jnp.zeros(n, jnp.int32)
        for public in view.public.values:
            if isinstance(public, Points):
                points = points + jnp.clip(public.points, -_MOST_PAID, _MOST_PAID)
        told = jnp.clip(self.cares * points.astype(jnp.float32), -_MOST_PAID, _MOST_PAID) * (1 << _VALUE_BITS)
        paid = jnp.clip(view.payoff, -_MOST_PAID, _MOST_PAID) << _VALUE_BITS
        earned = jnp.clip(paid + jnp.round(told).astype(jnp.int32), -_MOST_PAID << _VALUE_BITS, _MOST_PAID << _VALUE_BITS)
        rate = jnp.broadcast_to(jnp.round(self.learns * (1 << _RATE_BITS)).astype(jnp.int32), (n,))[:, None]
        mine = (memory.held[:, None] == jnp.arange(self.answers)) & ~view.born[:, None]
        # In two steps, so that the product stays within 31 bits.
        gap = (earned[:, None] - memory.value) >> (_RATE_BITS // 2)
        return jnp.where(mine, memory.value + ((rate * gap) >> (_RATE_BITS // 2)), memory.value)


def _best(value: Int32[Array, "a k"], held: Index) -> Index:
    """What has the highest value; what is held where it is among the best."""
    top = value.max(1)
    mine = jnp.take_along_axis(value, held[:, None], 1)[:, 0]
    return jnp.where(mine == top, held, jnp.argmax(value, 1).astype(jnp.int32))


def _most(each: Int32[Array, "a k"], key: Key) -> Index:
    """The most frequent answer, ties by lot."""
    lot = (key.bits(each.shape) >> 8).astype(jnp.int32)
    return jnp.argmax(jnp.where(each == each.max(1, keepdims=True), lot, -1), 1).astype(jnp.int32)
