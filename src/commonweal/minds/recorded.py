"""A recorded mind: it decides as those of a record did in the same state, and counts where the record is silent.

    P(answer = k | state s) = counts[s, k] / sum over k of counts[s, k]

drawn with whole numbers, so that the frequencies are exact. Where a question has one answer a contact and the seat is told its
contacts' acts, each contact is a state of its own. In a state outside the record it answers by the nearest coarser one, which
is our guess: every such decision is counted, and the metric `off-record` reports their share.

What individuals did, conditional on what they saw, need not make the societies that they made: groups differ for reasons that
no such condition holds. So a recorded mind is refused in the main part of a study until its record is validated, that is until
societies of recorded minds match held-out groups in their collective statistics (`analysis/held_out.py`). In control parts it
may stand without.

Source: own definition; the ecological warning after W. Robinson, American Sociological Review 15 (1950).
"""

from __future__ import annotations

import itertools
from typing import ClassVar

import equinox as eqx
import jax.core
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int32, UInt8

from commonweal.core.arrays import Flags, Index, Levels, PackedActs
from commonweal.core.errors import StudyError
from commonweal.core.menu import announced, standing
from commonweal.core.named import Named
from commonweal.core.parts import Mind
from commonweal.core.questions import Act, Choice, contact_bits, popcount
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.core.views import Decision, View
from commonweal.minds.record import Record, Validation, resolved


def _coin() -> Record:
    """The record of a fair coin: what a recorded mind plays that was given none."""
    return Record(jnp.ones(2, jnp.int32), state=(), told_edges=(), source="a fair coin: no record was given")


class RecordedMemory(eqx.Module):
    """What a recorded mind carries from one tick to the next, a row a seat."""

    last: Int32[Array, "a"]
    """1 + its last answer; 0: none yet."""
    decided: Int32[Array, "a"]
    """Decisions in the last tick."""
    outside: Int32[Array, "a"]
    """Those of them in a state outside the record."""


class _Lookup(eqx.Module):
    """The record as it is asked: what is missing filled in, running sums of counts by state."""

    ends: Int32[Array, "s k"]
    known: Int32[Array, "s"]

    def draw(self, place: Index, key: Key) -> Index:
        """The answer of each seat in its state, drawn by the counts."""
        ends = self.ends[place]
        mark = key.below(ends[:, -1], place.shape)
        return (ends <= mark[:, None]).sum(1, dtype=jnp.int32)


class Recorded(Mind):
    """A mind that replays a record's decisions, conditional on history.

    Raises:
        StudyError: its validation is of another record.
    """

    memory_depth: ClassVar[float] = 1

    record: Record = eqx.field(default_factory=_coin)
    """What it decides by."""
    validation: Validation | None = eqx.field(static=True, default=None)
    """The verdict on this very record; None: not tried."""

    def __check_init__(self) -> None:
        """Refuse the validation of another record."""
        if self.validation is None or isinstance(self.record.counts, jax.core.Tracer):
            return
        if self.validation.record != self.record.digest:
            raise StudyError(
                f"a recorded mind was given the validation of record {self.validation.record[:19]}, and its record is "
                f"{self.record.digest[:19]}; expected the same: validate this record"
            )

    def init(self, key: Key, seats: Seats) -> RecordedMemory:
        """No answer yet, nothing decided."""
        none = jnp.zeros(seats.n, jnp.int32)
        return RecordedMemory(none, none, none)

    def tally(self, memory: RecordedMemory) -> Named[Index]:
        """`decided` and `outside`, decisions of this tick and those in states outside the record."""
        return Named.of(("decided", memory.decided), ("outside", memory.outside))

    def act(self, memory: RecordedMemory, view: View, key: Key) -> Decision:
        """An answer to every question with a norm scale; the default elsewhere; says what it does."""
        counts, known = resolved(self.record.counts)
        k = counts.shape[-1]
        lookup = _Lookup(jnp.cumsum(counts.reshape(-1, k), 1, dtype=jnp.int32), known.reshape(-1))
        last = jnp.where(view.born, 0, memory.last)
        decided, outside = jnp.zeros_like(last), jnp.zeros_like(last)
        acts: list[tuple[str, Act]] = []
        for name, question in view.menu.items():
            own = key.child(name)
            if isinstance(question, Choice) and question.to is not None and question.serves is not None and _tells(view):
                act, slots, off = self._per_contact(question, lookup, view, own)
            elif question.scaled:
                place = self._place(last, *self._told(view), view)
                level = jnp.asarray(self.record.answers, jnp.float32)[lookup.draw(place, own)]
                act, slots, off = question.at(level, own.child("at")), jnp.ones_like(last), 1 - lookup.known[place]
            else:
                acts.append((name, question.default()))
                continue
            acts.append((name, act))
            decided = decided + jnp.where(question.asked, slots, 0)
            outside = outside + jnp.where(question.asked, off, 0)
        meant = Named.of(*acts)
        stands = standing(view.menu, meant)
        last = jnp.where(stands.known, 1 + self._answer(stands.level), last)
        return Decision(announced(view.menu, meant, stands), RecordedMemory(last, decided, outside))

    def _answer(self, level: Levels) -> Index:
        """The place of the answer nearest to each level, the lower of two equally near."""
        answers = self.record.answers
        middle = jnp.asarray([(low + high) / 2 for low, high in itertools.pairwise(answers)], jnp.float32)
        return (level[:, None] > middle).sum(1, dtype=jnp.int32)

    def _told(self, view: View) -> tuple[Levels, Flags]:
        if view.told is None:
            return jnp.zeros(view.born.shape, jnp.float32), jnp.zeros(view.born.shape, bool)
        return view.told.level, view.told.known

    def _place(self, last: Index, level: Levels, known: Bool[Array, "a"], view: View) -> Index:
        """The place of each seat's state among all states."""
        edges = jnp.asarray(self.record.told_edges, jnp.float32)
        ticks = jnp.asarray(self.record.tick_edges, jnp.int32)
        bins = {
            "own": last,
            "told": jnp.where(known, 1 + (level[:, None] >= edges).sum(1, dtype=jnp.int32), 0),
            "tick": jnp.broadcast_to((view.tick >= ticks).sum(dtype=jnp.int32), last.shape),
        }
        place = jnp.zeros_like(last)
        for name, size in zip(self.record.state, self.record.bins, strict=True):
            place = place * size + bins[name]
        return place

    def _per_contact(
        self, question: Choice, lookup: _Lookup, view: View, key: Key
    ) -> tuple[PackedActs, Int32[Array, "a"], Int32[Array, "a"]]:
        """One bit a contact, each in its own state; how many contacts, and how many of those states are outside the record."""
        told = view.told
        assert told is not None
        assert told.contacts is not None
        assert told.mine is not None
        assert question.to is not None
        assert question.serves is not None
        there = contact_bits(question.to)
        packed, off = jnp.zeros(there.shape, jnp.uint8), jnp.zeros(there.shape, jnp.uint8)
        fresh = view.born | ~told.known
        for slot in range(question.to.shape[1]):
            mine, theirs = (_level(question.serves, (acts >> slot) & 1) for acts in (told.mine, told.contacts))
            place = self._place(jnp.where(fresh, 0, 1 + self._answer(mine)), theirs, ~fresh, view)
            own = key.child(slot)
            level = jnp.asarray(self.record.answers, jnp.float32)[lookup.draw(place, own)]
            up = own.child("at").chance(jnp.abs(level - question.serves[0]), level.shape)
            packed = packed | (up.astype(jnp.uint8) << slot)
            off = off | ((1 - lookup.known[place]).astype(jnp.uint8) << slot)
        return packed, popcount(there).astype(jnp.int32), popcount(off & there).astype(jnp.int32)


def _tells(view: View) -> bool:
    """Whether seats are told what each contact did."""
    return view.told is not None and view.told.contacts is not None and view.told.mine is not None


def _level(serves: Float[Array, "2"], bit: UInt8[Array, "a"]) -> Levels:
    return jnp.where(bit == 1, serves[1], serves[0]).astype(jnp.float32)
