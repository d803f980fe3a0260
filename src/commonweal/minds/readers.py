"""Programs that read their partner's source: how a seat acts towards a contact depends on the program it reads there.

    P(cooperate with contact j) = (1 - 2 e) answers[read_j] + e        e: tremble

where read_j is the program that the j-th contact published, and entry 0 stands where nothing can be read. One row of answers
is one program: of programs that reason about each other, the rows are exact (`commonweal.analysis.exact.modal`), and a study
hands them over as data; of a program that runs its partner (`Grounded`), an entry is the probability that the run ends in
cooperation. A mind publishes its own number: what it says it is and what it plays are two genes, so that it can lie.

Where a question has one answer for all, the mean over the contacts read stands for the probability; entry 0 where there are
none to read. Cooperation is the answer of the higher norm level. Probabilities are fixed point, units of 2^-16.

Source: M. Tennenholtz, "Program equilibrium", Games and Economic Behavior 49 (2004); M. Barasz et al., "Robust cooperation in
the Prisoner's Dilemma", arXiv 1401.5577 (2014); C. Oesterheld, Theory and Decision 86 (2019), for running the partner.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import equinox as eqx
import jax.core
import jax.numpy as jnp
from jaxtyping import Array, ArrayLike, Float, Int32

from commonweal.core.arrays import PackedActs, real, whole
from commonweal.core.errors import StudyError
from commonweal.core.menu import announced, standing
from commonweal.core.named import Named
from commonweal.core.parts import Mind
from commonweal.core.questions import PACKED_CONTACTS, Act, Choice
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.core.views import Decision, View
from commonweal.institutions.open_source import Sources
from commonweal.minds.strategies import Odds, fixed, slip, trembled


def _row(values: Sequence[float] | ArrayLike) -> Float[Array, "*a k"]:
    return jnp.asarray(values, jnp.float32)


class Reader(Mind):
    """A program that reads programs: `Reader(1, (0.0, 1.0, 0.0))` is program 1 of 2 and cooperates with itself alone.

    Raises:
        StudyError: a number is out of range.
    """

    family: ClassVar[bool] = True

    program: Int32[Array, "*a"] = eqx.field(converter=whole, default=0)
    """What it publishes: its number in the rule's list, from 1; 0: nothing."""
    answers: Float[Array, "*a k"] = eqx.field(converter=_row, default=(0.0,))
    """Probability of cooperating on reading nothing, program 1, 2, ...; what lies beyond the row counts as its last entry."""
    tremble: Float[Array, "*a"] = eqx.field(converter=real, default=0.0)
    """Probability that an act comes out as the opposite, 0 to 0.5."""
    question: str = eqx.field(static=True, default="source")
    """Name of the question that asks what it publishes."""

    def __check_init__(self) -> None:
        """Refuse numbers out of range."""
        if self.answers.ndim < 1 or self.answers.shape[-1] < 1:
            raise StudyError(
                f"a reader with answers of shape {self.answers.shape}; expected one for nothing, then one a program"
            )
        for name, value, top in (
            ("answers", self.answers, 1.0),
            ("tremble", self.tremble, 0.5),
            ("program", self.program, 2**20),
        ):
            if not isinstance(value, jax.core.Tracer) and not bool(((value >= 0) & (value <= top)).all()):
                raise StudyError(f"a reader with {name} = {value.tolist()}; expected numbers from 0 to {top:g}")

    def init(self, key: Key, seats: Seats) -> tuple[()]:
        """Remembers nothing."""
        return ()

    def act(self, memory: tuple[()], view: View, key: Key) -> Decision:
        """Publishes its program; acts towards each contact by what it read there; the default elsewhere."""
        n = view.payoff.shape[0]
        odds = self._odds(view, n)
        acts: list[tuple[str, Act]] = []
        for name, question in view.menu.items():
            own = key.child(name)
            if name == self.question and isinstance(question, Choice) and question.to is None:
                pick = jnp.minimum(self.program, len(question.options) - 1)
                acts.append((name, jnp.broadcast_to(pick, (n,))))
            elif isinstance(question, Choice) and question.to is not None and question.serves is not None:
                bits = _drawn(odds, own, question.to.shape[1])
                acts.append((name, jnp.where(question.serves[0] > question.serves[1], ~bits, bits)))
            elif question.scaled:
                draw = (own.bits(n) >> 16).astype(jnp.int32)
                yes = draw < self._overall(odds, view)
                acts.append((name, question.at(yes.astype(jnp.float32), own.child("at"))))
            else:
                acts.append((name, question.default()))
        meant = Named.of(*acts)
        return Decision(announced(view.menu, meant, standing(view.menu, meant)), memory)

    def _odds(self, view: View, n: int) -> Int32[Array, "a k"]:
        """How often to cooperate with each contact, out of 65,536; one column where there is no source to read."""
        rows = jnp.broadcast_to(trembled(fixed(self.answers), slip(self.tremble)[..., None]), (n, self.answers.shape[-1]))
        read = _read(view)
        if read is None:
            return rows[:, :1]
        read = jnp.clip(read, 0, rows.shape[1] - 1)
        # A masked sum and no gather: rows are short.
        return sum(
            (jnp.where(read == j, rows[:, j : j + 1], 0) for j in range(1, rows.shape[1])), jnp.where(read == 0, rows[:, :1], 0)
        )

    def _overall(self, odds: Int32[Array, "a k"], view: View) -> Odds:
        """How often to cooperate with all at once: the mean over the contacts that were read, else as on reading nothing."""
        read = _read(view)
        if read is None:
            return odds[:, 0]
        alone = trembled(fixed(self.answers[..., 0]), slip(self.tremble))
        known = read > 0
        count = known.sum(1, dtype=jnp.int32)
        mean = jnp.where(known, odds, 0).sum(1, dtype=jnp.int32) // jnp.maximum(count, 1)
        return jnp.where(count > 0, mean, alone)


def _read(view: View) -> Int32[Array, "a k"] | None:
    """What was read of each contact; None: nothing is ever shown."""
    shown = [public.program for public in view.public.values if isinstance(public, Sources)]
    return shown[-1] if shown else None


def _drawn(odds: Int32[Array, "a k"], key: Key, slots: int) -> PackedActs:
    """One bit a contact, set with that contact's odds; one word is drawn for two contacts."""
    slots = min(slots, PACKED_CONTACTS)
    packed = jnp.zeros(odds.shape[0], jnp.uint8)
    for slot in range(slots):
        word = key.child(slot // 2).bits(odds.shape[0])
        draw = ((word >> (16 * (slot % 2))) & 0xFFFF).astype(jnp.int32)
        packed = packed | ((draw < odds[:, min(slot, odds.shape[1] - 1)]).astype(jnp.uint8) << slot)
    return packed
