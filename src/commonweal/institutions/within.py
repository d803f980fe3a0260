"""A group's own rule: the rule inside binds the members of one group and nobody else.

Of seats outside the group the menu is as it came, questions that the rule adds ask none of them, and acts, payoffs, minds and
groups stay as they are. The rule inside sees them as seats that were asked nothing, have nothing and earn nothing; so rules
that act on those who were asked (audits, sanctions) never touch them. What it would pay them even so, as an equal share of a
tax, is burnt. A network that the rule inside returns is the society's. Units: those of the rule inside.

Source: none needed; the identity outside the group is its definition. Groups with rules of their own: E. Ostrom, Governing the
Commons (1990), principles 1 and 8.
"""

from __future__ import annotations

from typing import Any, ClassVar, cast

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree

from commonweal.core.arrays import Flags
from commonweal.core.errors import StudyError
from commonweal.core.menu import Acts, Menu, asks_only, choose
from commonweal.core.named import Named
from commonweal.core.numbers import added, total
from commonweal.core.parts import Institution, RuleKind
from commonweal.core.questions import Choice, Question
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.core.views import Bound, Memory, Offer, Ruling, Tick, same_seats


class Within(Institution):
    """A rule that binds the members of one group.

    Its class-level facts are those of a wrapper; the rule inside has its own.

    Raises:
        StudyError: at the start of a trial, there is no such group.
    """

    kind: ClassVar[RuleKind] = RuleKind.SCOPE

    inner: Institution = Institution()
    """The rule; by default one that does nothing."""
    group: int = eqx.field(static=True, default=0)
    """Which group it binds, from 0."""

    def members(self, seats: Seats) -> Flags:
        """Who is bound now."""
        assert seats.groups is not None
        return seats.groups[:, self.group]

    def begin(self, seats: Seats) -> Memory:
        """The rule's own memory.

        Raises:
            StudyError: there is no such group.
        """
        count = 0 if seats.groups is None else seats.groups.shape[1]
        if not 0 <= self.group < count:
            raise StudyError(
                f"a rule within group {self.group} was given seats with {count} groups; expected "
                "Seating(..., groups=...) of [a, g] with a column for it"
            )
        return self.inner.begin(seats)

    def permit(self, memory: Memory, seats: Seats, menu: Menu) -> Menu:
        """The rule's menu for members; for others the menu as it came, and nothing that the rule adds."""
        ruled = self.inner.permit(memory, seats, menu)
        here = self.members(seats)
        return Named.of(*((name, self._own(here, menu.get(name), question)) for name, question in ruled.items()))

    def _own(self, here: Flags, before: Question | None, after: Question) -> Question:
        if before is None:
            return asks_only(after, here)
        if isinstance(before, Choice) and isinstance(after, Choice) and before.legal is None and after.legal is not None:
            before = Choice(before.asked, before.options, before.serves, jnp.ones_like(after.legal), before.to)
        return cast("Question", _rows(here, after, before))

    def bind(self, memory: Memory, offer: Offer, acts: Acts, key: Key) -> Bound:
        """The rule's acts for members."""
        here = self.members(offer.seats)
        own = eqx.tree_at(lambda o: (o.menu, o.answered), offer, self._masked(here, offer.menu, offer.answered))
        bound = self.inner.bind(memory, own, acts, key)
        return Bound(cast("Acts", _rows(here, bound.acts, acts)), bound.memory)

    def _masked(self, here: Flags, menu: Menu, answered: Named[Flags]) -> tuple[Menu, Named[Flags]]:
        """A menu that asks members alone, and which of them answered."""
        return menu.map(lambda question: asks_only(question, here)), answered.map(lambda flags: flags & here)

    def settle(self, memory: Memory, tick: Tick, key: Key) -> Ruling:
        """The rule's ruling for members."""
        here = self.members(tick.seats)
        menu, answered = self._masked(here, tick.menu, tick.answered)
        money = tuple(jnp.where(here, amount, 0) for amount in (tick.made, tick.payoff, tick.purse))
        own = eqx.tree_at(lambda t: (t.menu, t.answered, t.made, t.payoff, t.purse), tick, (menu, answered, *money))
        ruling = self.inner.settle(memory, own, key)
        stays = same_seats(tick.seats.n)
        return Ruling(
            memory=ruling.memory,
            payoff=jnp.where(here, ruling.payoff, tick.payoff),
            public=jax.tree.map(lambda leaf: _pick(here, leaf, jnp.zeros_like(leaf)), ruling.public),
            heir=None if ruling.heir is None else jnp.where(here, ruling.heir, stays),
            links=ruling.links,
            groups=None if ruling.groups is None else cast("jax.Array", choose(here, ruling.groups, tick.seats.groups)),
            held=ruling.held,
            burnt=added(ruling.burnt, total(jnp.where(here, 0, ruling.payoff))),
        )

    def describe(self, memory: Memory) -> str:
        """The rule in words, and whom it binds."""
        words = self.inner.describe(memory)
        return f"In group {self.group}, and nowhere else: {words}" if words else ""

    def tell(self, public: PyTree[Any], agent: int) -> str:
        """What the rule told this seat; a row of zeros, as of those outside, is silence."""
        if not any(np.any(np.asarray(leaf)[agent]) for leaf in jax.tree.leaves(public)):
            return ""
        return self.inner.tell(public, agent)


def _rows(here: Flags, ruled: object, bare: object) -> object:
    """Row by row the ruled value of members, the bare one of others; what has no rows is no seat's and stays as ruled."""
    return jax.tree.map(lambda x, y: _pick(here, x, y), ruled, bare)


def _pick(here: Flags, ruled: jax.Array, bare: jax.Array) -> jax.Array:
    if ruled.ndim == 0 or ruled.shape[0] != here.shape[0]:
        return ruled
    return cast("jax.Array", choose(here, ruled, bare))
