"""Disclosure and secrecy of dispositions: each seat is told what the cards of others say of them, before anybody has acted.

A card is what is publicly on record of a seat. The rule reads card k as a disposition to act at norm level `levels[k]`; other
cards say nothing. At each tick a card is read as a uniformly random one of those listed with probability `noise`, for all to
see, and a seat is told of the others at all with probability `reach`: 0 is secrecy. What it is told is the mean level of its
contacts, or of all the others. A rule that tells of acts, named after this one, takes its place from the first act on.

Whether cards tell the truth is up to who deals them. They do where minds are seated in blocks (`Seating(shuffled=False)`, the
first mind's seats last) and cards follow the blocks; dealt at random they are mere labels. A card stays with the seat: after
selection or turnover it is the record of who sat there.

Source: R. Frank, "If Homo Economicus could choose his own utility function, would he want one with a conscience?", American
Economic Review 77 (1987), for dispositions that are seen, and seen with error; E. Ostrom, Understanding Institutional Diversity
(2005), for rules of information.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import equinox as eqx
import jax
import jax.core
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PyTree

from commonweal.core.arrays import Index, real
from commonweal.core.errors import StudyError
from commonweal.core.numbers import fixed_levels, mean_level, total
from commonweal.core.parts import Institution, RuleKind
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.core.views import Memory, Ruling, Tick, Told

Scope = Literal["contacts", "all"]
_WHOM = {"contacts": "those you are in contact with", "all": "all the others"}


def _levels(values: Sequence[float] | Array) -> Float[Array, "k"]:
    return jnp.asarray(values, jnp.float32)


class Dispositions(Institution):
    """Tells each seat what the cards of those it may see say of them, on average.

    Raises:
        StudyError: a number is out of range; at the start of a trial, seats have no cards, or no contacts to see.

    Source: Frank, American Economic Review 77 (1987).
    """

    kind: ClassVar[RuleKind] = RuleKind.INFORMATION

    levels: Float[Array, "k"] = eqx.field(converter=_levels, default=(0.0, 1.0))
    """The norm level that cards 0, 1, ... stand for, 0 to 1."""
    scope: Scope = eqx.field(static=True, default="contacts")
    """Whom each seat may see: its `contacts` or `all`."""
    noise: Float[Array, ""] = eqx.field(converter=real, default=0.0)
    """Probability that a card is read as a random one, drawn each tick, 0 to 1."""
    reach: Float[Array, ""] = eqx.field(converter=real, default=1.0)
    """Probability that a seat is told at all, drawn each tick, 0 (all is secret: the rule is as if absent) to 1."""

    def __check_init__(self) -> None:
        """Refuse numbers out of range."""
        if self.scope not in _WHOM or self.levels.ndim != 1 or not self.levels.shape[0]:
            raise StudyError(
                f"dispositions of scope {self.scope!r} and {self.levels.size} levels; expected one of {', '.join(_WHOM)} and a "
                "list of norm levels, one a card"
            )
        for name, value in (("levels", self.levels), ("noise", self.noise), ("reach", self.reach)):
            if not isinstance(value, jax.core.Tracer) and not bool(((value >= 0) & (value <= 1)).all()):
                raise StudyError(f"dispositions with {name} = {value.tolist()}; expected numbers from 0 to 1")

    def begin(self, seats: Seats) -> Memory:
        """Nothing to remember.

        Raises:
            StudyError: there are no cards, or nobody to see.
        """
        missing = {"card": seats.card is None, "network": self.scope == "contacts" and seats.links is None}
        for lacks in (name for name, gone in missing.items() if gone):
            raise StudyError(f"dispositions of scope {self.scope!r} found no {lacks}; expected Seating(..., {lacks}=...)")
        return ()

    def settle(self, memory: Memory, tick: Tick, key: Key) -> Ruling:
        """What each seat is told; payoffs are unchanged."""
        n, count = tick.seats.n, self.levels.shape[0]
        assert tick.seats.card is not None
        misread = key.child("misread").chance(self.noise, n)
        card = jnp.where(misread, key.child("card").below(count, n), tick.seats.card)
        told = self.seen(tick.seats, card)
        known = told.known & key.child("reach").chance(self.reach, n)
        return Ruling(memory, tick.payoff, public=Told(jnp.where(known, told.level, 0.0), known))

    def seen(self, seats: Seats, card: Index) -> Told:
        """The mean level that the cards of those each seat may see stand for, without its own.

        Args:
            seats: who is in contact with whom.
            card: [a] cards as they are read.
        """
        says = (card >= 0) & (card < self.levels.shape[0])
        fixed = jnp.where(says, fixed_levels(self.levels)[jnp.clip(card, 0, self.levels.shape[0] - 1)], 0)
        if self.scope == "contacts":
            assert seats.links is not None
            with jax.enable_x64(True):
                return _told(seats.links.sums(fixed.astype(jnp.int64)), seats.links.sums(says.astype(jnp.int64)))
        whole, heads = total(fixed), total(says)
        with jax.enable_x64(True):
            return _told(whole - fixed.astype(jnp.int64), heads - says.astype(jnp.int64))

    def describe(self, memory: Memory) -> str:
        """Who is told what, in words; empty where all is secret."""
        reach, noise = float(self.reach), float(self.noise)
        if reach == 0.0:
            return ""
        often = "Each round" if reach == 1.0 else f"Each round, with probability {reach:.4g},"
        words = f"{often} you are told how fairly {_WHOM[self.scope]} are disposed to act, on average."
        return words if noise == 0.0 else f"{words} With probability {noise:.4g} somebody's record is wrong."

    def tell(self, public: PyTree[Any], agent: int) -> str:
        """What this seat was told of the others."""
        if not bool(public.known[agent]):
            return ""
        return (
            f"By what is on record, {_WHOM[self.scope]} are disposed to serve everyone at {float(public.level[agent]):.2f} on "
            "average, on a scale from 0 (not at all) to 1 (a full fair share)."
        )


def _told(fixed_sum: Int[Array, "a"], count: Int[Array, "a"]) -> Told:
    with jax.enable_x64(True):
        return Told(mean_level(fixed_sum, count), count > 0)
