"""One of several rules, or none, as data: a study of which rule to have has one factor for them, and compiles once.

Rule j of `rules`, counted from 1, is in force where `which` = j; none is where it is 0. Each rule inside is one that can be
switched by its field `on`, as `If(Audit())` can; here `which` decides, and `on` as given says nothing. The others are absent,
and the rule in force is as if it stood there bare, with the draws that it would have under this rule's name.

What rules fine is told to minds as by one rule. A rule that tells of others' acts (a disclosure) belongs beside it, not inside.

Source: none needed; the identity with the rule in force is its definition.
"""

from __future__ import annotations

from typing import Any, ClassVar, cast

import equinox as eqx
import jax.core
import jax.numpy as jnp
from jaxtyping import Array, Int32, PyTree

from commonweal.core.arrays import whole
from commonweal.core.errors import StudyError
from commonweal.core.menu import Acts, Menu
from commonweal.core.named import Named
from commonweal.core.numbers import added
from commonweal.core.parts import Institution, RuleKind
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.core.views import Bound, Fined, Memory, Offer, Ruling, Tick, Told, same_seats


class Announced(Fined):
    """What the rules tell: their fines together, and what each says."""

    told: Named[PyTree[Any]] = Named((), ())
    """By the rule's name, leaves [a, ...]; zeros of those that are not in force."""


class OneOf(Institution):
    """Several rules, of which one at most is in force.

    Raises:
        StudyError: `which` names no rule, or a rule inside has no switch `on`, or tells of others' acts.
    """

    kind: ClassVar[RuleKind] = RuleKind.SCOPE

    rules: Named[Institution] = Named((), ())
    """The rules, by name, in order; each with a switch."""
    which: Int32[Array, ""] = eqx.field(converter=whole, default=0)
    """The number of the rule in force, from 1; 0: none."""

    def __check_init__(self) -> None:
        """Refuse rules that cannot be switched, and a number that no rule has."""
        for name, rule in self.rules.items():
            if not eqx.is_array(getattr(rule, "on", None)):
                raise StudyError(f"rule {name!r} is a {type(rule).__name__}, which has no switch; put it behind one: If(rule)")
        if not isinstance(self.which, jax.core.Tracer) and not 0 <= int(self.which) <= len(self.rules):
            raise StudyError(
                f"rule {int(self.which)} of {len(self.rules)} is to be in force; expected 0 (none) to their number"
            )

    def switched(self) -> tuple[Institution, ...]:
        """The rules, switched as `which` says."""
        rules = enumerate(self.rules.values, 1)
        return tuple(eqx.tree_at(_switch, rule, self.which == number) for number, rule in rules)

    def begin(self, seats: Seats) -> tuple[Memory, ...]:
        """The memory of every rule."""
        return tuple(rule.begin(seats) for rule in self.switched())

    def permit(self, memory: tuple[Memory, ...], seats: Seats, menu: Menu) -> Menu:
        """The menu under the rule in force, with questions of the others that ask nobody."""
        for rule, own in zip(self.switched(), memory, strict=True):
            menu = rule.permit(own, seats, menu)
        return menu

    def bind(self, memory: tuple[Memory, ...], offer: Offer, acts: Acts, key: Key) -> Bound:
        """The acts as the rule in force binds them."""
        after: list[Memory] = []
        for rule, own in zip(self.switched(), memory, strict=True):
            bound = rule.bind(own, offer, acts, key)
            acts = bound.acts
            after.append(bound.memory)
        return Bound(acts, tuple(after))

    def settle(self, memory: tuple[Memory, ...], tick: Tick, key: Key) -> Ruling:
        """The ruling of the rule in force."""
        rulings: list[Ruling] = []
        heir, links, groups = None, None, None
        for number, (rule, own) in enumerate(zip(self.switched(), memory, strict=True), 1):
            ruling = rule.settle(own, tick, key)
            if isinstance(ruling.public, Told):
                name = self.rules.names[number - 1]
                raise StudyError(f"rule {name!r} tells of others' acts; expected that to stand beside OneOf, not inside")
            tick = eqx.tree_at(lambda t: t.payoff, tick, ruling.payoff)
            on = self.which == number
            if ruling.heir is not None:
                heir = jnp.where(on, ruling.heir, same_seats(tick.seats.n) if heir is None else heir)
            if ruling.links is not None:
                links = ruling.links if links is None else _either(on, ruling.links, links)
            if ruling.groups is not None:
                groups = ruling.groups if groups is None else _either(on, ruling.groups, groups)
            rulings.append(ruling)
        fines = [ruling.public.amount for ruling in rulings if isinstance(ruling.public, Fined)]
        told = Named(self.rules.names, tuple(ruling.public for ruling in rulings))
        return Ruling(
            memory=tuple(ruling.memory for ruling in rulings),
            payoff=tick.payoff,
            public=Announced(sum(fines, jnp.zeros_like(tick.payoff)), told),
            heir=heir,
            links=links,
            groups=groups,
            held=added(*(ruling.held for ruling in rulings)),
            burnt=added(*(ruling.burnt for ruling in rulings)),
        )

    def describe(self, memory: tuple[Memory, ...]) -> str:
        """The rule in force, in words."""
        return "\n".join(filter(None, (rule.describe(own) for rule, own in zip(self.switched(), memory, strict=True))))

    def tell(self, public: Announced, agent: int) -> str:
        """What the rule in force told this seat."""
        told = zip(self.switched(), public.told.values, strict=True)
        return "\n".join(filter(None, (rule.tell(own, agent) for rule, own in told)))


def _switch(rule: Institution) -> object:
    return cast("Any", rule).on


def _either(on: Array, ruled: Any, bare: Any) -> Any:
    return jax.tree.map(lambda x, y: jnp.where(on, x, y), ruled, bare)
