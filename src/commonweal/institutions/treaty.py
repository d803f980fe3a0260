"""A treaty: a rule that binds those who signed it, once enough have, until they have withdrawn.

Every tick every seat is asked what it does about the `treaty`: nothing (answer 0), sign, or withdraw. A signature counts from
the next tick on; a withdrawal `notice` ticks later than that, and signing takes a notice back. The treaty is in force in every
tick that begins with at least `threshold` members. Then the rule inside binds the members and nobody else: it sees the norm
levels of members alone, what it narrows is narrowed for them alone, and it binds their acts alone. Out of force it sees nobody.
So the rule inside must be one that works by norm levels (`needs_scale`), like a quota or an audit. What it pays or takes is as
it rules: a levy that it takes of every seat it takes of all. Membership stays with the seat: who is newly seated there has it.

Let n seats of a donation game without a network choose whether to give b to each other seat, at a cost of c each time, and let
the rule inside make members give. With k members and nobody else giving, a member earns (k - 1) b - (n - 1) c, an outsider k b,
and everybody 0 where the treaty falls. At the threshold

    k* = the smallest k with (k - 1) b >= (n - 1) c

no member gains by leaving, since the treaty then falls, and no outsider by joining, which costs it (n - 1) c and brings it
nothing. Below k* the members themselves would rather have no treaty; above k* a treaty that falls when one leaves would harm
those who remain, so that its threat is not credible. The stable coalition is the smallest that pays, however much all
could gain together.

Source: S. Barrett, "Self-enforcing international environmental agreements", Oxford Economic Papers 46 (1994); for the linear
game: S. Barrett, Environment and Statecraft (2003), chapter 7; k* is derived here.
"""

from __future__ import annotations

from typing import Any, ClassVar, TypeVar, cast

import equinox as eqx
import jax
import jax.core
import jax.numpy as jnp
from jaxtyping import Array, Bool, Int32, PyTree

from commonweal.core.arrays import Flags, Index, whole
from commonweal.core.errors import StudyError
from commonweal.core.menu import Acts, Menu, asks_only, choose
from commonweal.core.named import Named
from commonweal.core.numbers import total
from commonweal.core.parts import Institution, RuleKind
from commonweal.core.questions import Choice, Question
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.core.views import Bound, Memory, Offer, Ruling, Tick

T = TypeVar("T")
_WORDS = ("leave things as they are", "sign the treaty", "withdraw from the treaty")
_NEVER = -1


class Roll(eqx.Module):
    """What a treaty remembers."""

    inner: Memory
    """Memory of the rule inside."""
    member: Flags
    """Who is a member."""
    left: Index
    """Ticks until a withdrawal takes effect; -1: none is pending."""


class Party(eqx.Module):
    """What each seat is told, where the rule inside tells nothing."""

    inside: Flags
    """Whether it is a member of a treaty that is in force."""
    members: Int32[Array, "a"]
    """How many members there are; the same for all."""


class Treaty(Institution):
    """A rule around members: `Treaty(Audit(detect=1.0), threshold=5)`.

    Raises:
        StudyError: a number is out of range, or the rule inside is one that cannot be confined to members.

    Source: Barrett, Oxford Economic Papers 46 (1994).
    """

    kind: ClassVar[RuleKind] = RuleKind.SCOPE

    inner: Institution = Institution()
    """The rule that binds members; by default one that does nothing."""
    threshold: Int32[Array, ""] = eqx.field(converter=whole, default=2)
    """Members from which on the treaty is in force, at least 1."""
    notice: Int32[Array, ""] = eqx.field(converter=whole, default=0)
    """Ticks by which a withdrawal takes effect later, at least 0."""
    question: str = eqx.field(static=True, default="treaty")
    """Name of the question."""

    def __check_init__(self) -> None:
        """Refuse numbers out of range and rules that bind everybody."""
        for name, value, low in (("threshold", self.threshold, 1), ("notice", self.notice, 0)):
            if not isinstance(value, jax.core.Tracer) and not bool(value >= low):
                raise StudyError(f"a treaty with {name} = {int(value)}; expected at least {low}")
        if not self.inner.needs_scale and type(self.inner) is not Institution:
            raise StudyError(
                f"a treaty around {type(self.inner).__name__}, which does not go by norm levels; expected a rule that does "
                "(needs_scale), as only those can be confined to members"
            )

    def begin(self, seats: Seats) -> Roll:
        """Nobody has signed."""
        return Roll(self.inner.begin(seats), jnp.zeros(seats.n, bool), jnp.full(seats.n, _NEVER, jnp.int32))

    def in_force(self, memory: Roll) -> Bool[Array, ""]:
        """Whether enough have signed."""
        return total(memory.member).astype(jnp.int32) >= self.threshold

    def bound(self, memory: Roll) -> Flags:
        """Who is bound now: members, while the treaty is in force."""
        return memory.member & self.in_force(memory)

    def _members_only(self, menu: Menu, who: Flags) -> Menu:
        return menu.map(lambda question: asks_only(question, who))

    def permit(self, memory: Roll, seats: Seats, menu: Menu) -> Menu:
        """The menu, as the rule inside has it for members, and the question about membership."""
        who = self.bound(memory)
        ruled = self.inner.permit(memory.inner, seats, self._members_only(menu, who))
        rows = [(name, self._row(who, menu.get(name), question)) for name, question in ruled.items()]
        asked = jnp.zeros(seats.n, bool)
        for question in menu.values:
            asked = asked | question.asked
        return Named.of(*rows).add(self.question, Choice(asked, _WORDS))

    def _row(self, who: Flags, before: Question | None, after: Question) -> Question:
        """A question as the rule left it for members, as it came for the others."""
        if before is None:
            return asks_only(after, who)
        if isinstance(before, Choice) and isinstance(after, Choice) and before.legal is None and after.legal is not None:
            before = Choice(before.asked, before.options, before.serves, jnp.ones_like(after.legal), before.to)
        return cast("Question", _rows(who, after, before))

    def bind(self, memory: Roll, offer: Offer, acts: Acts, key: Key) -> Bound:
        """The acts of members as the rule inside binds them."""
        who = self.bound(memory)
        seen = eqx.tree_at(lambda own: own.menu, offer, self._members_only(offer.menu, who))
        bound = self.inner.bind(memory.inner, seen, acts, key)
        return Bound(cast("Acts", choose(who, bound.acts, acts)), Roll(bound.memory, memory.member, memory.left))

    def settle(self, memory: Roll, tick: Tick, key: Key) -> Ruling:
        """The ruling of the rule inside; then signatures and withdrawals, for the next tick."""
        seen = eqx.tree_at(lambda own: own.menu, tick, self._members_only(tick.menu, self.bound(memory)))
        ruling = self.inner.settle(memory.inner, seen, key)
        after = self._signed(memory, tick, ruling.memory)
        count = jnp.broadcast_to(total(after.member).astype(jnp.int32), after.member.shape)
        # What the rule inside tells stands first: minds look for fines and for others' acts by their kind.
        told = Party(self.bound(after), count) if ruling.public is None else ruling.public
        return eqx.tree_at(lambda own: (own.memory, own.public), ruling, (after, told), is_leaf=lambda leaf: leaf is None)

    def _signed(self, memory: Roll, tick: Tick, inner: Memory) -> Roll:
        answer = jnp.where(tick.answered[self.question], tick.bound[self.question], 0)
        member = memory.member | (answer == 1)
        left = jnp.where(answer == 1, _NEVER, memory.left)
        left = jnp.where((answer == 2) & member & (left == _NEVER), self.notice + 1, left)
        left = jnp.where(left > 0, left - 1, left)
        gone = left == 0
        return Roll(inner, member & ~gone, jnp.where(gone, _NEVER, left))

    def describe(self, memory: Roll) -> str:
        """The treaty, and the rule inside for those whom it binds."""
        count, threshold, notice = int(memory.member.sum()), int(self.threshold), int(self.notice)
        later = "at once" if notice == 0 else f"after {notice} rounds"
        force = "is in force" if count >= threshold else "is not in force"
        words = (
            f"There is a treaty that anyone may sign; it binds its members while at least {threshold} have signed (now "
            f"{count}: it {force}). A withdrawal takes effect {later}."
        )
        inner = self.inner.describe(memory.inner)
        return f"{words} It says to its members: {inner}" if inner else words

    def tell(self, public: PyTree[Any], agent: int) -> str:
        """What the rule inside told this seat, or whether it is bound."""
        if not isinstance(public, Party):
            return self.inner.tell(public, agent)
        return "The treaty binds you this round." if bool(public.inside[agent]) else ""


def _rows(who: Flags, ruled: T, bare: object) -> T:
    """Leaf by leaf, the rule's row for those it binds; leaves without a row a seat must not differ."""
    n = who.shape[0]

    def pick(left: jax.Array, right: jax.Array) -> jax.Array:
        if left.ndim == 0 or left.shape[0] != n:
            return right
        return jnp.where(who.reshape((n,) + (1,) * (left.ndim - 1)), left, right)

    return cast("T", jax.tree.map(pick, ruled, bare))
