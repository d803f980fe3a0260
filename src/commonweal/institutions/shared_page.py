"""A page that all can see and edit: what stands on it is what one of them wrote there last.

At each tick, with probability `edits`, one of the seats that answered, drawn by lot, writes its answer on the page; else it
stays as it is. All are told what stands there, except that each is told nothing with probability `loss`.

The page is a memory of the society that no mind carries. Where all take up what stands there but for a share mu that answers at
random among k, the share of seats that agree beyond accident is (1 - mu)^2, whatever their number.

Source: ours; shared editable artifacts in the place of talk, as the common documents of S. Hong et al., MetaGPT,
arXiv 2308.00352.
"""

from __future__ import annotations

from typing import ClassVar

import equinox as eqx
import jax.core
import jax.numpy as jnp
from jaxtyping import Array, Float, Int32

from commonweal.core.arrays import Index, real
from commonweal.core.errors import StudyError
from commonweal.core.menu import Menu
from commonweal.core.parts import Institution, RuleKind
from commonweal.core.questions import Amount, Choice
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.core.views import Memory, Ruling, Tick


class Page(eqx.Module):
    """What each seat is told."""

    entry: Index
    """The answer that stands on the page; -1: none, or it is not told."""


class SharedPage(Institution):
    """A shared page. By default nobody edits it, and nothing stands there.

    Raises:
        StudyError: a number is out of range; in a trial, the menu has no such choice.

    Source: ours, after Hong et al., arXiv 2308.00352.
    """

    kind: ClassVar[RuleKind] = RuleKind.INFORMATION

    edits: Float[Array, ""] = eqx.field(converter=real, default=0.0)
    """Probability of an edit at a tick, 0 to 1."""
    loss: Float[Array, ""] = eqx.field(converter=real, default=0.0)
    """Probability that a seat is not told, 0 to 1."""
    question: str = eqx.field(static=True, default="")
    """Name of the question whose answers are written there; empty: the first choice, or amount of whole units."""

    def __check_init__(self) -> None:
        """Refuse numbers out of range."""
        for name, value in (("edits", self.edits), ("loss", self.loss)):
            if not isinstance(value, jax.core.Tracer) and not 0.0 <= float(value) <= 1.0:
                raise StudyError(f"a shared page with {name} = {float(value):g}; expected a probability from 0 to 1")

    def begin(self, seats: Seats) -> Int32[Array, ""]:
        """Nothing stands there."""
        return jnp.full((), -1, jnp.int32)

    def permit(self, memory: Memory, seats: Seats, menu: Menu) -> Menu:
        """The menu unchanged.

        Raises:
            StudyError: there is no such question in it.
        """
        self.written(menu)
        return menu

    def written(self, menu: Menu) -> str:
        """The question whose answers are written on the page.

        Raises:
            StudyError: there is none.
        """
        for name in (self.question,) if self.question in menu else () if self.question else menu.names:
            question = menu[name]
            if (
                isinstance(question, Choice | Amount)
                and question.to is None
                and (isinstance(question, Choice) or question.whole)
            ):
                return name
        raise StudyError(
            f"a shared page of answers to {self.question or 'a choice'!r} found {', '.join(menu)}; expected a choice, or an "
            "amount of whole units, with one answer for all, as in the world Platform: name another question"
        )

    def settle(self, memory: Int32[Array, ""], tick: Tick, key: Key) -> Ruling:
        """Perhaps an edit, and the news of what stands there."""
        n = tick.seats.n
        name = self.written(tick.menu)
        answered = tick.answered[name]
        lot = jnp.where(answered, (key.child("who").bits(n) >> 1).astype(jnp.int32), -1)
        writes = key.child("edit").chance(self.edits, 1)[0] & answered.any()
        # The writer's answer without an address: one that ends a chain of hashes is looked through by the compiler for minutes.
        written = jnp.where(lot == lot.max(), tick.bound[name].astype(jnp.int32), -1).max()
        entry = jnp.where(writes, written, memory)
        lost = key.child("loss").chance(self.loss, n)
        return Ruling(entry, tick.payoff, public=Page(jnp.where(lost, -1, entry)))

    def describe(self, memory: Memory) -> str:
        """That there is a page."""
        if not float(self.edits):
            return ""
        return "There is a page that all can see; now and then one of you, drawn by lot, writes there what it did."

    def tell(self, public: Page, agent: int) -> str:
        """What stands on the page."""
        entry = int(public.entry[agent])
        return f"On the page stands answer {entry}." if entry >= 0 else ""
