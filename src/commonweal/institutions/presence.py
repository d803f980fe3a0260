"""A rule that is in force or not, as data: a sweep over rules in and out compiles once.

While `on` is false the society is as if the rule were absent: its narrowing of the menu is undone, questions that it adds
ask nobody, acts, payoffs, contacts and groups are as they came, nobody is moved, told or charged anything, and its memory
stands still. While `on` is true the society is as if the rule stood there bare, draw for draw.

A rule inside may change the arrays of a question that it finds (who is asked, bounds, legal answers), not its kind or words.

Source: none needed; the identity laws above are its definition.
"""

from __future__ import annotations

from typing import Any, ClassVar, TypeVar, cast

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, PyTree

from commonweal.core.arrays import flag
from commonweal.core.errors import LawError
from commonweal.core.menu import Acts, Menu, asks_only
from commonweal.core.named import Named
from commonweal.core.numbers import kept
from commonweal.core.parts import Institution, RuleKind
from commonweal.core.questions import Choice, Question
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.core.views import Bound, Memory, Offer, Ruling, Tick, same_seats

T = TypeVar("T")


class If(Institution):
    """A rule, present or not.

    Its class-level facts are those of a wrapper; the rule in force has those of `inner`.
    """

    kind: ClassVar[RuleKind] = RuleKind.SCOPE

    inner: Institution = Institution()
    """The rule; by default one that does nothing."""
    on: Bool[Array, ""] = eqx.field(converter=flag, default=True)
    """Whether it is in force."""

    def begin(self, seats: Seats) -> Memory:
        """The rule's own memory."""
        return self.inner.begin(seats)

    def permit(self, memory: Memory, seats: Seats, menu: Menu) -> Menu:
        """The rule's menu where it is on; else the menu as it came, and nobody asked what the rule adds."""
        ruled = self.inner.permit(memory, seats, menu)
        own = [(name, self._gated(name, menu.get(name), question)) for name, question in ruled.items()]
        return Named.of(*own)

    def _gated(self, name: str, before: Question | None, after: Question) -> Question:
        if before is None:
            return asks_only(after, jnp.broadcast_to(self.on, after.asked.shape))
        if isinstance(before, Choice) and isinstance(after, Choice) and before.legal is None and after.legal is not None:
            before = Choice(before.asked, before.options, before.serves, jnp.ones_like(after.legal), before.to)
        if jax.tree.structure(before) != jax.tree.structure(after):
            raise LawError(
                f"the rule {type(self.inner).__name__} changes the kind or the words of question {name!r}; expected it to "
                "change who is asked, bounds or legal answers alone: let it ask a question of its own"
            )
        return self._either(after, before)

    def bind(self, memory: Memory, offer: Offer, acts: Acts, key: Key) -> Bound:
        """The rule's acts and memory where it is on."""
        bound = self.inner.bind(memory, offer, acts, key)
        return Bound(self._either(bound.acts, acts), self._either(bound.memory, memory))

    def settle(self, memory: Memory, tick: Tick, key: Key) -> Ruling:
        """The rule's ruling where it is on."""
        ruling = self.inner.settle(memory, tick, key)
        links, groups = tick.seats.links, tick.seats.groups
        return Ruling(
            memory=self._either(ruling.memory, memory),
            payoff=self._either(ruling.payoff, tick.payoff),
            public=jax.tree.map(lambda leaf: jnp.where(self.on, leaf, jnp.zeros_like(leaf)), ruling.public),
            heir=None if ruling.heir is None else jnp.where(self.on, ruling.heir, same_seats(tick.seats.n)),
            links=None if ruling.links is None else self._either(ruling.links, links),
            groups=None if ruling.groups is None else self._either(ruling.groups, groups),
            held=kept(self.on, ruling.held),
            burnt=kept(self.on, ruling.burnt),
        )

    def _either(self, ruled: T, bare: object) -> T:
        """Leaf by leaf, the rule's where it is on; both have one structure."""
        return cast("T", jax.tree.map(lambda x, y: jnp.where(self.on, x, y), ruled, bare))

    def describe(self, memory: Memory) -> str:
        """The rule in words where it is on."""
        return self.inner.describe(memory) if bool(self.on) else ""

    def tell(self, public: PyTree[Any], agent: int) -> str:
        """What the rule told this seat; a row of zeros, as while it is off, is silence.

        The row decides and not `on`, which a vote may have changed since.
        """
        if not any(np.any(np.asarray(leaf)[agent]) for leaf in jax.tree.leaves(public)):
            return ""
        return self.inner.tell(public, agent)
