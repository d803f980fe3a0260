"""One rule at several levels, as household, village and region; each matter is decided at the lowest level that bears it.

The seats are split into units, level by level: at a level of B units seat i belongs to unit i mod B, and levels nest, since the
number of units at each divides that at the level below. Every unit has a copy of the rule inside with a memory of its own. A
copy sees its members as a society of their own: a tax is shared among them, a ballot is theirs, and peers are among them. It
knows no network. A level of one unit is the whole society, and its copy is the rule itself, network and random draws included.

Subsidiarity: of an act's effects the members of a seat's own unit bear a part, `effects`, which grows from level to level. The
rule is in force at

    the lowest level whose part is at least `share`, or the highest

and at all others it is as if absent: it narrows nothing, asks nobody, binds, pays and tells nothing, and its memory stands
still. At share = 0 that is the lowest level; at share = 1 it is one that bears everything, or the highest. Units: those of the
rule inside.

Source: E. Ostrom, Governing the Commons (1990), design principle 8 (nested enterprises); that a matter belongs to the smallest
unit that holds most of its effects is the principle of fiscal equivalence, M. Olson, American Economic Review 59 (1969).
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, TypeVar, cast

import equinox as eqx
import jax
import jax.core
import jax.numpy as jnp
from jaxtyping import Array, Float, Int32, PyTree

from commonweal.core.arrays import Whole, real
from commonweal.core.errors import StudyError
from commonweal.core.menu import Acts, Menu
from commonweal.core.named import Named
from commonweal.core.numbers import added, kept, total
from commonweal.core.parts import Institution, RuleKind
from commonweal.core.questions import Amount, Choice, Question, Record, Simple
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.core.views import Bound, Memory, Offer, Ruling, Tick

T = TypeVar("T")


def _parts(values: Sequence[float] | Array) -> Float[Array, "l"]:
    return jnp.asarray(values, jnp.float32)


class Nested(Institution):
    """A rule with a copy for each unit of each level, in force at the lowest level that bears its matter.

    Its class-level facts are those of a wrapper; the rule inside has its own.

    Raises:
        StudyError: levels do not nest, or a number is out of range; at the start of a trial, the seats cannot be split so; or
            the rule inside asks or tells other things at one level than at another.

    Source: Ostrom, Governing the Commons (1990); Olson, American Economic Review 59 (1969).
    """

    kind: ClassVar[RuleKind] = RuleKind.SCOPE

    inner: Institution = Institution()
    """The rule; by default one that does nothing."""
    units: tuple[int, ...] = eqx.field(static=True, default=(1,))
    """Units at each level, lowest level first, as (12, 4, 1); each divides the one before, and the first the seats."""
    names: tuple[str, ...] = eqx.field(static=True, default=("region",))
    """What a unit of each level is called, as ("household", "village", "region")."""
    effects: Float[Array, "l"] = eqx.field(converter=_parts, default=(1.0,))
    """Part of an act's effects that the members of a seat's own unit bear, 0 to 1, level by level, not falling."""
    share: Float[Array, ""] = eqx.field(converter=real, default=0.0)
    """Part of its effects that a level must bear to decide, 0 (the lowest decides) to 1."""

    def __check_init__(self) -> None:
        """Refuse levels that do not nest, and numbers out of range."""
        units, levels = self.units, len(self.units)
        nests = levels > 0 and min(units, default=0) >= 1
        nests = nests and all(low > high and low % high == 0 for low, high in itertools.pairwise(units))
        if not nests or len(self.names) != levels or self.effects.shape != (levels,):
            raise StudyError(
                f"a nested rule has {units} units, the names {self.names} and effects of shape {self.effects.shape}; expected "
                "at each level a number that divides the one before, and a name and a part of the effects for each"
            )
        if not isinstance(self.effects, jax.core.Tracer):
            parts = [float(part) for part in self.effects]
            if any(not 0.0 <= part <= 1.0 for part in parts) or parts != sorted(parts):
                raise StudyError(f"a nested rule with effects = {parts}; expected numbers from 0 to 1 that do not fall")
        if not isinstance(self.share, jax.core.Tracer) and not 0.0 <= float(self.share) <= 1.0:
            raise StudyError(f"a nested rule with share = {float(self.share):g}; expected a number from 0 to 1")

    def level(self) -> Int32[Array, ""]:
        """The level that decides, from 0, the lowest."""
        bears = (self.effects >= self.share).at[-1].set(True)
        return jnp.argmax(bears).astype(jnp.int32)

    def begin(self, seats: Seats) -> tuple[Memory, ...]:
        """The memory of every copy: of a level of b units, leaves [b, ...].

        Raises:
            StudyError: the seats cannot be split so.
        """
        if seats.n % self.units[0]:
            raise StudyError(
                f"{seats.n} seats were to be split into {self.units[0]} units ({self.names[0]}); expected a number of seats "
                "that it divides"
            )
        return tuple(split.each(_begin, self.inner, (), split.alone(seats), None) for split in self._splits(seats))

    def _splits(self, seats: Seats) -> list[_Split]:
        return [_Split(seats.n, units, number) for number, units in enumerate(self.units)]

    def permit(self, memory: tuple[Memory, ...], seats: Seats, menu: Menu) -> Menu:
        """The menu as the deciding level has it."""
        menus: list[Menu] = []
        for split, own in zip(self._splits(seats), memory, strict=True):
            ruled = split.each(_permit, self.inner, own, (split.alone(seats), menu), None)
            menus.append(split.menu(menu, ruled))
        return self._decided(menus)

    def bind(self, memory: tuple[Memory, ...], offer: Offer, acts: Acts, key: Key) -> Bound:
        """The acts as the deciding level binds them."""
        bounds: list[Acts] = []
        after: list[Memory] = []
        for split, own in zip(self._splits(offer.seats), memory, strict=True):
            seen = eqx.tree_at(lambda o: o.seats, offer, split.alone(offer.seats))
            bound = split.each(_bind, self.inner, own, (seen, acts), key)
            bounds.append(split.joined(bound.acts))
            after.append(self._kept(split, bound.memory, own))
        return Bound(self._decided(bounds), tuple(after))

    def settle(self, memory: tuple[Memory, ...], tick: Tick, key: Key) -> Ruling:
        """The ruling of the deciding level."""
        rulings: list[Ruling] = []
        after: list[Memory] = []
        for split, own in zip(self._splits(tick.seats), memory, strict=True):
            seen = eqx.tree_at(lambda t: t.seats, tick, split.alone(tick.seats))
            ruling = split.each(_settle, self.inner, own, seen, key)
            after.append(self._kept(split, ruling.memory, own))
            rulings.append(split.ruling(ruling))
        networks = [tick.seats.links if ruling.links is None else ruling.links for ruling in rulings]
        here = [self.level() == number for number in range(len(rulings))]
        return Ruling(
            memory=tuple(after),
            payoff=self._decided([ruling.payoff for ruling in rulings]),
            public=self._decided([ruling.public for ruling in rulings]),
            heir=self._decided([ruling.heir for ruling in rulings]),
            links=self._decided(networks) if any(ruling.links is not None for ruling in rulings) else None,
            groups=self._decided([ruling.groups for ruling in rulings]),
            held=added(*(kept(decides, ruling.held) for decides, ruling in zip(here, rulings, strict=True))),
            burnt=added(*(kept(decides, ruling.burnt) for decides, ruling in zip(here, rulings, strict=True))),
        )

    def _decided(self, levels: list[T]) -> T:
        """Leaf by leaf, the value of the level that decides."""
        shapes = [jax.tree.structure(own) for own in levels], [[leaf.shape for leaf in jax.tree.leaves(own)] for own in levels]
        if any(own != every[0] for every in shapes for own in every):
            raise StudyError(
                f"the rule {type(self.inner).__name__} asks or tells other things at one of the levels {', '.join(self.names)} "
                "than at another; expected one that needs no network, and whose questions do not grow with the number of seats"
            )
        level = self.level()
        result = levels[-1]
        for number, own in enumerate(levels[:-1]):
            result = jax.tree.map(lambda x, y, here=level == number: jnp.where(here, x, y), own, result)
        return result

    def _kept(self, split: _Split, after: Memory, before: Memory) -> Memory:
        """The new memory of a level that decides; that of another stands still."""
        here = self.level() == split.level
        return jax.tree.map(lambda x, y: jnp.where(here, x, y), after, before)

    def describe(self, memory: tuple[Memory, ...]) -> str:
        """The rule in words, unit by unit where they differ."""
        number = int(self.level())
        units, name, own = self.units[number], self.names[number], memory[number]
        if units == 1:
            return self.inner.describe(own)
        words = [self.inner.describe(jax.tree.map(lambda leaf, unit=unit: leaf[unit], own)) for unit in range(units)]
        if not any(words):
            return ""
        if len(set(words)) == 1:
            return f"Each {name} of {units} has this rule for itself: {words[0]}"
        return "\n".join(f"In {name} {unit}: {said}" for unit, said in enumerate(words) if said)

    def tell(self, public: PyTree[Any], agent: int) -> str:
        """What the rule of its own unit told this seat."""
        return self.inner.tell(public, agent)


@dataclasses.dataclass(frozen=True)
class _Split:
    """The seats of one level in its units: seat i is number i div b of unit i mod b."""

    n: int
    units: int
    level: int

    def alone(self, seats: Seats) -> Seats:
        """The seats as copies of the rule see them: without a network, except where one unit is all of them."""
        return seats if self.units == 1 else Seats(seats.mind, None, seats.groups, seats.card)

    def each(self, work: Callable[..., T], rule: Institution, memory: Memory, given: Any, key: Key | None) -> T:
        """The work of every unit's copy, leaves [b, ...]; of one unit, what the rule itself does.

        Args:
            work: of this split, the unit's number, the rule, its memory, what it is given and its key.
            rule: the rule inside.
            memory: leaves [b, ...].
            given: leaves [a, ...] are split among the units, all others are the same for each.
            key: the rule's.
        """
        if self.units == 1:
            return work(self, None, rule, memory, given, key)
        leaves, shape = jax.tree.flatten(given)
        owned = [self._has_rows(leaf) for leaf in leaves]
        split = [self._rows(leaf) if own else leaf for leaf, own in zip(leaves, owned, strict=True)]

        def one(unit: Whole, own: Memory, mine: list[Any]) -> T:
            keys = None if key is None else key.child(self.level).child(unit)
            return work(self, unit, rule, own, jax.tree.unflatten(shape, mine), keys)

        numbers = jnp.arange(self.units, dtype=jnp.int32)
        return jax.vmap(one, (0, 0, [0 if own else None for own in owned]))(numbers, memory, split)

    def _has_rows(self, leaf: Any) -> bool:
        return jnp.ndim(leaf) > 0 and jnp.shape(leaf)[0] == self.n

    def _rows(self, leaf: Array) -> Array:
        """[a, ...] as [b, m, ...]."""
        return jnp.swapaxes(leaf.reshape(self.n // self.units, self.units, *leaf.shape[1:]), 0, 1)

    def joined(self, tree: T) -> T:
        """Leaves [b, m, ...] of the units as [a, ...] of all seats."""
        if self.units == 1:
            return tree
        return jax.tree.map(lambda leaf: jnp.swapaxes(leaf, 0, 1).reshape(self.n, *leaf.shape[2:]), tree)

    def inside(self, unit: Whole | None, menu: Menu) -> Menu:
        """A menu whose contacts are members by their number in the unit, -1 for all others."""
        if unit is None:
            return menu
        theirs = self.units

        def member(to: Array) -> Array:
            return jnp.where((to >= 0) & (to % theirs == unit), to // theirs, -1)

        return menu.map(lambda own: _meant(own, member))

    def outside(self, unit: Whole | None, menu: Menu) -> Menu:
        """A menu whose contacts, members by their number in the unit, are seats."""
        return menu if unit is None else menu.map(lambda own: _meant(own, lambda to: self.seat(unit, to)))

    def seat(self, unit: Whole, member: Array) -> Array:
        """The seat of a member by its number in the unit; what is below 0 stays."""
        return jnp.where(member >= 0, member * self.units + unit, member)

    def menu(self, before: Menu, ruled: Menu) -> Menu:
        """The menu of all seats from those of the units: what has no rows, and whom an act is meant for, no rule moves."""
        if self.units == 1:
            return ruled
        return Named(ruled.names, tuple(self._question(before.get(name), own) for name, own in ruled.items()))

    def _question(self, before: Question | None, ruled: Question) -> Question:
        if before is None:
            return self.joined(ruled)
        if isinstance(before, Record) and isinstance(ruled, Record):
            fields = zip(before.fields, ruled.fields, strict=True)
            own = tuple(cast("Simple", self._question(old, new)) for old, new in fields)
            return cast("Question", Record(self.joined(ruled.asked), before.names, own))
        if isinstance(before, Choice) and isinstance(ruled, Choice) and before.legal is None and ruled.legal is not None:
            every = jnp.ones((self.n, len(before.options)), bool)
            before = Choice(before.asked, before.options, before.serves, every, before.to)
        result = jax.tree.map(lambda old, new: self.joined(new) if self._has_rows(old) else old, before, ruled)
        return _meant(result, lambda _: cast("Choice | Amount", before).to)

    def ruling(self, ruling: Ruling) -> Ruling:
        """The ruling for all seats from those of the units; memories stay as they are."""
        if self.units == 1:
            return ruling
        payoff, public, heir, groups = self.joined((ruling.payoff, ruling.public, ruling.heir, ruling.groups))
        held, burnt = total(ruling.held), total(ruling.burnt)
        return Ruling(ruling.memory, payoff, public, heir, None, groups, held, burnt)


def _meant(question: Question, change: Callable[[Array], Any]) -> Question:
    """A copy of a question whose answers are meant for others, where they are meant for any."""
    if isinstance(question, Record):
        fields = tuple(cast("Simple", _meant(field, change)) for field in question.fields)
        return cast("Question", Record(question.asked, question.names, fields))
    if isinstance(question, (Choice, Amount)) and question.to is not None:
        return eqx.tree_at(lambda own: own.to, question, change(question.to))
    return question


def _begin(split: _Split, unit: Whole | None, rule: Institution, memory: Memory, given: Seats, key: Key | None) -> Memory:
    return rule.begin(given)


def _permit(
    split: _Split, unit: Whole | None, rule: Institution, memory: Memory, given: tuple[Seats, Menu], key: Key | None
) -> Menu:
    seats, menu = given
    return split.outside(unit, rule.permit(memory, seats, split.inside(unit, menu)))


def _bind(
    split: _Split, unit: Whole | None, rule: Institution, memory: Memory, given: tuple[Offer, Acts], key: Key | None
) -> Bound:
    offer, acts = given
    assert key is not None
    return rule.bind(memory, eqx.tree_at(lambda o: o.menu, offer, split.inside(unit, offer.menu)), acts, key)


def _settle(split: _Split, unit: Whole | None, rule: Institution, memory: Memory, given: Tick, key: Key | None) -> Ruling:
    assert key is not None
    ruling = rule.settle(memory, eqx.tree_at(lambda t: t.menu, given, split.inside(unit, given.menu)), key)
    if unit is None:
        return ruling
    if ruling.links is not None:
        raise StudyError(
            f"the rule {type(rule).__name__} makes contacts, which the units of a nested rule do not have; let it stand beside"
        )
    if ruling.heir is None:
        return ruling
    return eqx.tree_at(lambda r: r.heir, ruling, split.seat(unit, ruling.heir))
