"""Sunset: a rule ends after so many ticks, unless it is renewed by a vote.

`after` ticks from the start, or from its last renewal, the rule inside lapses for good: one of its parameters is set to the
value at which it does nothing. At the last tick before that all seats are asked whether to renew it; it is renewed if that
wins, and a tie, as a ballot that nobody casts, lets it end. While the menu asks nobody anything else there is no ballot. What
ballots cost is paid from the tick's payoff and the purse, and burnt.

At `after` = 0 there is no sunset: this is the rule inside, draw for draw. Units: ticks.

Source: T. Lowi, The End of Liberalism (1969), for sunset laws; that seats renew them by a ballot of their own is ours.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

import equinox as eqx
import jax.core
import jax.numpy as jnp
from jaxtyping import Array, Bool, Int32, PyTree

from commonweal.core import parameters
from commonweal.core.arrays import whole
from commonweal.core.ballots import Election, Plurality, VotingRule, first_of, going_on
from commonweal.core.errors import StudyError
from commonweal.core.menu import Acts, Menu
from commonweal.core.numbers import added, total
from commonweal.core.parts import Institution, RuleKind
from commonweal.core.questions import Choice
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.core.views import Bound, Memory, Offer, Ruling, Tick

P = TypeVar("P", bound=Institution)
RENEW = ("Keep things as they are: let the rule end", "Renew the rule")


class Term(eqx.Module):
    """What a sunset remembers."""

    inner: Memory
    """Memory of the rule inside."""
    left: Int32[Array, ""]
    """Ticks for which the rule still holds, this one included."""
    ended: Bool[Array, ""]
    """Whether it has lapsed."""


class Sunset(Institution):
    """A rule with an end; make one with `Sunset.on`.

    Raises:
        StudyError: `parameter` names no scalar array of the rule inside, or a number is out of range.

    Source: Lowi, The End of Liberalism (1969).
    """

    kind: ClassVar[RuleKind] = RuleKind.SCOPE

    inner: Institution = Institution()
    """The rule that ends; by default one that does nothing."""
    parameter: tuple[str, ...] = eqx.field(static=True, default=())
    """Fields from the rule inside to the parameter that ends it, as `("rate",)`; empty: there is no sunset."""
    off: float = eqx.field(static=True, default=0.0)
    """The value of that parameter at which the rule does nothing."""
    after: Int32[Array, ""] = eqx.field(converter=whole, default=0)
    """Ticks after which the rule ends, at least 1; 0: never."""
    count: VotingRule = Plurality()
    """How ballots on a renewal are counted."""
    ballot: str = eqx.field(static=True, default="renewal")
    """Name of the question: two sunsets in one society need two."""

    def __check_init__(self) -> None:
        """Refuse what cannot end."""
        if not isinstance(self.after, jax.core.Tracer) and not bool((self.after >= 0).all()):
            raise StudyError(f"a sunset after {self.after.tolist()} ticks; expected at least 1, or 0 for none")
        if self.parameter:
            parameters.check(self.inner, self.parameter, "a sunset")
            self.count.check(2)

    @staticmethod
    def on(
        inner: Institution,
        kind: type[P],
        get: Callable[[P], Any],
        after: int,
        off: float = 0.0,
        count: VotingRule | None = None,
    ) -> Sunset:
        """A sunset of a rule: `Sunset.on(Tax(0.3), Tax, lambda tax: tax.rate, after=12)`.

        Args:
            inner: the rule that ends, perhaps inside wrappers.
            kind: the class of the part that has the parameter: `inner` or a rule inside it.
            get: reads the parameter off such a part.
            after: ticks until it ends; 0: never.
            off: the value of the parameter at which the rule does nothing.
            count: how ballots are counted; None: by plurality.

        Raises:
            StudyError: no rule of that class is inside, or it has no such parameter.
        """
        path = parameters.locate(inner, kind, get, "a sunset")
        return Sunset(inner, path, off, after, Plurality() if count is None else count)

    def ruled(self, memory: Term) -> Institution:
        """The rule inside as it stands now."""
        if not self.parameter:
            return self.inner
        given = parameters.read(self.inner, self.parameter)
        return parameters.put(self.inner, self.parameter, jnp.where(memory.ended, jnp.asarray(self.off, given.dtype), given))

    def begin(self, seats: Seats) -> Term:
        """The rule in force."""
        return Term(self.inner.begin(seats), self.after, jnp.zeros((), bool))

    def permit(self, memory: Term, seats: Seats, menu: Menu) -> Menu:
        """The menu of the rule inside, and at its last tick the ballot."""
        menu = self.ruled(memory).permit(memory.inner, seats, menu)
        if not self.parameter:
            return menu
        due = going_on(menu) & ~memory.ended & (memory.left == 1)
        return menu.add(self.ballot, Choice(jnp.full(seats.n, due), self.count.words(RENEW)))

    def bind(self, memory: Term, offer: Offer, acts: Acts, key: Key) -> Bound:
        """The acts under the rule inside."""
        bound = self.ruled(memory).bind(memory.inner, offer, acts, key)
        return Bound(bound.acts, Term(bound.memory, memory.left, memory.ended))

    def settle(self, memory: Term, tick: Tick, key: Key) -> Ruling:
        """The ruling of the rule inside; at its last tick the ballot decides whether there is a next one."""
        ruling = self.ruled(memory).settle(memory.inner, tick, key)
        payoff, burnt, left, ended = ruling.payoff, ruling.burnt, memory.left, memory.ended
        if self.parameter:
            able = jnp.maximum(tick.purse + payoff, 0)
            given, by = tick.bound[self.ballot], tick.answered[self.ballot]
            count = self.count.count(Election.of(given, by, 2, key.child(self.ballot), able))
            renewed = first_of(count.winners) == 1
            last = memory.left == 1
            left = jnp.where(last & renewed, self.after, jnp.maximum(memory.left - 1, 0))
            ended = memory.ended | (last & ~renewed)
            payoff, burnt = payoff - count.cost, added(burnt, total(count.cost))
        after = Term(ruling.memory, left, ended)
        return eqx.tree_at(lambda r: (r.memory, r.payoff, r.burnt), ruling, (after, payoff, burnt), is_leaf=lambda x: x is None)

    def describe(self, memory: Term) -> str:
        """The rule inside as it stands, and when it ends."""
        inner = self.ruled(memory).describe(memory.inner)
        if not self.parameter or int(self.after) == 0:
            return inner
        if bool(memory.ended):
            words = "A rule that held until its term was over has ended."
        else:
            left, after = int(memory.left), int(self.after)
            words = (
                f"This rule holds for {left} more round{'s' if left > 1 else ''}, this one included. In the last of them you "
                f"vote whether to renew it for {after} more: {self.count.describe()}, and on a tie it ends."
            )
        return f"{inner}\n{words}" if inner else words

    def tell(self, public: PyTree[Any], agent: int) -> str:
        """What the rule inside told this seat."""
        return self.inner.tell(public, agent)
