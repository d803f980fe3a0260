"""Retributive minds: who strikes first, who answers an attack, how long a grudge lasts, who forgives, who avenges others.

Toward each contact a seat attacks with probability

    retaliate   while it holds a grudge against it
    avenge      else, where the contact attacked another member of its group, as far as the world shows that
    attack      else: unprovoked

An attack that it is told of begins a grudge of `grudge` ticks; each tick, before it acts, a seat drops any grudge with
probability `forgive`. So with `grudge` = 1 it is a memory-one mind that holds back after an attack with probability
1 - retaliate (1 - forgive): tit for tat, or generous tit for tat. Corners are constructors.

Where a question has one answer a contact and the seat is told its contacts' acts, each contact has a grudge of its own. On
other questions with a norm scale it takes all others for one opponent: it has been attacked where the level told is below one
half, and attacks by answering at level 0. Attack is whichever answer has the lower norm level. A newly seated mind holds no
grudge, and a seat holds none against a contact that is new in its slot. Probabilities are read to the nearest 2^-16.

Source: J. Maynard Smith and G. Price, "The logic of animal conflict", Nature 246 (1973), for hawk, dove, bully and retaliator;
M. Nowak and K. Sigmund, "Tit for tat in heterogeneous populations", Nature 355 (1992), for forgiveness; third-party punishment
after E. Fehr and U. Fischbacher, Evolution and Human Behavior 25 (2004), here for members of the own group.
"""

from __future__ import annotations

from typing import ClassVar

import equinox as eqx
import jax.core
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int32, Shaped, UInt8

from commonweal.core.arrays import Contacts, Flags, Index, PackedActs, real, whole
from commonweal.core.errors import StudyError
from commonweal.core.menu import announced, standing
from commonweal.core.named import Named
from commonweal.core.packed import packed, unpacked
from commonweal.core.parts import Mind
from commonweal.core.questions import PACKED_CONTACTS, Act, Choice
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.core.views import Decision, View
from commonweal.minds.strategies import fixed

Gene = Float[Array, "*a"]
LONGEST_GRUDGE = 10**6
"""Ticks: as good as for ever."""
_WRONGED = "wronged"
_CHANCES = ("attack", "retaliate", "forgive", "avenge")


class Grudges(eqx.Module):
    """What a retributive mind remembers."""

    each: Int32[Array, "a k"]
    """Ticks that the grudge against each contact still lasts; 0: none."""
    met: Contacts
    """Whom those grudges are against."""
    all: Index
    """Ticks that the grudge against all as one opponent lasts."""


class Retributive(Mind):
    """A mind that may answer attacks; every field is a scalar or one value a seat. By default tit for tat.

    Raises:
        StudyError: a number is out of range.

    Source: Maynard Smith and Price, Nature 246 (1973); Nowak and Sigmund, Nature 355 (1992).
    """

    family: ClassVar[bool] = True
    memory_depth: ClassVar[float] = float("inf")

    attack: Gene = eqx.field(converter=real, default=0.0)
    """Probability of an unprovoked attack, 0 to 1."""
    retaliate: Gene = eqx.field(converter=real, default=1.0)
    """Probability of an attack on who it holds a grudge against, each tick, 0 to 1."""
    forgive: Gene = eqx.field(converter=real, default=0.0)
    """Probability of dropping a grudge, each tick, 0 to 1."""
    grudge: Int32[Array, "*a"] = eqx.field(converter=whole, default=1)
    """Ticks that a grudge lasts, 0 (it bears none) to 10^6."""
    avenge: Gene = eqx.field(converter=real, default=0.0)
    """Probability of an attack on who attacked another member of its group, 0 to 1."""

    def __check_init__(self) -> None:
        """Refuse numbers out of range."""
        for name, top in (*((name, 1) for name in _CHANCES), ("grudge", LONGEST_GRUDGE)):
            gene = getattr(self, name)
            if not isinstance(gene, jax.core.Tracer) and not bool(((gene >= 0) & (gene <= top)).all()):
                raise StudyError(f"a retributive mind with {name} = {gene.tolist()}; expected numbers from 0 to {top}")

    @classmethod
    def dove(cls) -> Retributive:
        """Never attacks. Source: Maynard Smith and Price, Nature 246 (1973), there a mouse."""
        return cls(retaliate=0.0, grudge=0)

    @classmethod
    def hawk(cls) -> Retributive:
        """Always attacks. Source: Maynard Smith and Price, Nature 246 (1973)."""
        return cls(attack=1.0, retaliate=1.0, avenge=1.0)

    @classmethod
    def bully(cls) -> Retributive:
        """Attacks who does not attack it. Source: Maynard Smith and Price, Nature 246 (1973)."""
        return cls(attack=1.0, retaliate=0.0, avenge=1.0)

    @classmethod
    def vengeful(cls, grudge: int = 1, avenge: float = 0.0) -> Retributive:
        """Answers every attack, once for each tick of its grudge, and forgives none: with a grudge of 1, tit for tat.

        Source: the retaliator of Maynard Smith and Price, Nature 246 (1973).
        """
        return cls(grudge=grudge, avenge=avenge)

    @classmethod
    def forgiving(cls, forgive: float) -> Retributive:
        """Generous tit for tat: lets an attack pass with this probability, 0 to 1.

        Source: Nowak and Sigmund, Nature 355 (1992).
        """
        return cls(forgive=forgive)

    def init(self, key: Key, seats: Seats) -> Grudges:
        """No grudges; without contacts, or with more than can be answered one by one, none by contact."""
        rows = None if seats.links is None else seats.links.to
        slots = 0 if rows is None or rows.shape[1] > PACKED_CONTACTS else rows.shape[1]
        shape = (seats.n, slots)
        return Grudges(jnp.zeros(shape, jnp.int32), jnp.full(shape, -1, jnp.int32), jnp.zeros(seats.n, jnp.int32))

    def act(self, memory: Grudges, view: View, key: Key) -> Decision:
        """Attacks or holds back on every question with a norm scale; the default elsewhere; says what it does."""
        all_ = self._toward_society(memory, view, key.child("society"))
        each, met = memory.each, memory.met
        acts: list[tuple[str, Act]] = []
        for name, question in view.menu.items():
            own = key.child(name)
            if isinstance(question, Choice) and question.to is not None and question.serves is not None:
                if question.to.shape == met.shape and _tells(view):
                    each, met = self._toward_contacts(memory, question, view, own.child("forgive")), question.to
                    acts.append((name, self._per_contact(each, question, view, own)))
                else:
                    both = jnp.where(self._attacks(all_, own), jnp.uint8(0), jnp.uint8(0xFF))
                    acts.append((name, both ^ _flip(question)))
            elif question.scaled:
                level = jnp.where(self._attacks(all_, own), 0.0, 1.0)
                acts.append((name, question.at(level, own.child("at"))))
            else:
                acts.append((name, question.default()))
        meant = Named.of(*acts)
        return Decision(announced(view.menu, meant, standing(view.menu, meant)), Grudges(each, met, all_))

    def _after(self, left: Shaped[Array, "..."], attacked: Bool[Array, "..."], key: Key) -> Int32[Array, "..."]:
        """Grudges [a] or [a, k] after what was told of the last tick, and after forgiving."""
        length, forgive = (_beside(gene, left) for gene in (self.grudge, fixed(self.forgive)))
        held = jnp.where(attacked, length, jnp.maximum(left - 1, 0))
        return jnp.where(_below(forgive, key, left.shape), 0, held)

    def _toward_society(self, memory: Grudges, view: View, key: Key) -> Index:
        told, before = view.told, jnp.where(view.born, 0, memory.all)
        attacked = jnp.zeros(before.shape, bool) if told is None else told.known & (told.level < 0.5) & ~view.born
        return self._after(before, attacked, key)

    def _toward_contacts(self, memory: Grudges, question: Choice, view: View, key: Key) -> Int32[Array, "a k"]:
        told, to = view.told, question.to
        assert told is not None
        assert told.contacts is not None
        assert to is not None
        known = (told.known & ~view.born)[:, None] & (to >= 0)
        before = jnp.where((memory.met == to) & ~view.born[:, None], memory.each, 0)
        # Bits of the answer that serves the other: an attack is the other one.
        attacked = known & ~unpacked(told.contacts ^ _flip(question), to.shape[1])
        return self._after(before, attacked, key)

    def _attacks(self, left: Index, key: Key) -> Flags:
        """Whether to attack all as one opponent."""
        odds = jnp.where(left > 0, fixed(self.retaliate), fixed(self.attack))
        return _below(odds, key.child("attack"), left.shape)

    def _per_contact(self, left: Int32[Array, "a k"], question: Choice, view: View, key: Key) -> PackedActs:
        """One bit a contact."""
        wronged = view.seen.get(_WRONGED)
        retaliate, avenge, attack = (_beside(fixed(gene), left) for gene in (self.retaliate, self.avenge, self.attack))
        odds = jnp.broadcast_to(attack, left.shape)
        if wronged is not None and wronged.dtype == jnp.uint8:
            others = jnp.where(view.born, 0, wronged).astype(jnp.uint8)
            odds = jnp.where(unpacked(others, left.shape[1]), avenge, odds)
        odds = jnp.where(left > 0, retaliate, odds)
        held = packed(~_below(odds, key.child("attack"), left.shape)) ^ _flip(question)
        return held & jnp.uint8((1 << left.shape[1]) - 1)


def _beside(gene: Shaped[Array, "*a"], rows: Shaped[Array, "..."]) -> Shaped[Array, "..."]:
    """A gene with an axis for contacts where the rows have one."""
    return gene[:, None] if gene.ndim and rows.ndim == 2 else gene


def _below(odds: Int32[Array, "..."], key: Key, shape: tuple[int, ...]) -> Bool[Array, "..."]:
    """True with these odds, out of 2^16."""
    return (key.bits(shape) >> 16).astype(jnp.int32) < odds


def _tells(view: View) -> bool:
    """Whether seats are told acts contact by contact."""
    return view.told is not None and view.told.contacts is not None


def _flip(question: Choice) -> UInt8[Array, ""]:
    """Which bits of an act say attack: all where answer 0 serves the others more, else none."""
    assert question.serves is not None
    return jnp.where(question.serves[0] > question.serves[1], jnp.uint8(0xFF), jnp.uint8(0))
