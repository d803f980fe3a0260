"""Mediated negotiation: each seat tells a mediator in private what it wants, the mediator writes one text, all say yes or no.

Every `every` ticks each seat names one of the norm levels on offer to the mediator, or none (answer 0, the default). Nobody is
told who named what. The mediator's text is what comes of counting them, by their median unless another rule is given. In the
next tick every seat is asked whether it accepts the text; answer 0 rejects it. Where at least a share `quorum` of those asked
accept, it is agreed for the `lasts` ticks that follow, and any agreement before it has ended. An agreement is kept as that of
a town hall: an act that serves the others at less than the agreed level is replaced by one at that level with probability
`binds`, 1 for a binding agreement, 0 for cheap talk. With a quorum of 1 each seat has a veto. Units: norm levels, 0 to 1.

Let a seat to which level p is best find a level the worse the further it lies from p, on a line on which no agreement is level
0. It accepts x iff x <= 2 p: so under a quorum of 1 the text is agreed iff the median is at most twice the lowest p, and a town
hall, where nobody is asked whether it accepts, agrees more often.

Source: the one-text procedure: H. Raiffa, The Art and Science of Negotiation (1982), chapter 14; R. Fisher and W. Ury, Getting
to Yes (1981); the median: D. Black, Journal of Political Economy 56 (1948).
"""

from __future__ import annotations

from typing import Any, ClassVar

import equinox as eqx
import jax.core
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int32, PyTree

from commonweal.core.agreements import Agreed, Agreement, count_levels, keep, say_binding, tell_agreed
from commonweal.core.arrays import Index, real, whole
from commonweal.core.ballots import Median, VotingRule, first_of, going_on
from commonweal.core.errors import StudyError
from commonweal.core.menu import Acts, Menu
from commonweal.core.numbers import share_of, total
from commonweal.core.parts import Institution, RuleKind
from commonweal.core.questions import Choice
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.core.views import Bound, Offer, Ruling, Tick

_ACCEPTS = ("Reject the text", "Accept the text")


class Talks(eqx.Module):
    """What the mediator remembers."""

    agreement: Agreement
    """What was agreed last."""
    text: Int32[Array, ""]
    """The text on the table, as the number of its level, from 1 on; 0: there is none."""


class Mediated(Agreed):
    """What each seat is told: of the agreement, and of the text."""

    text: Index
    """The text that it may accept next, as the number of its level, from 1 on; 0: there is none."""


class Mediation(Institution):
    """A mediator's text, and an agreement on it where enough accept.

    Raises:
        StudyError: a number is out of range.

    Source: Raiffa, The Art and Science of Negotiation (1982).
    """

    kind: ClassVar[RuleKind] = RuleKind.AGGREGATION
    needs_scale: ClassVar[bool] = True

    levels: tuple[float, ...] = eqx.field(static=True, default=(0.25, 0.5, 0.75, 1.0))
    """Norm levels that can be named, 0 to 1: answers 1, 2, ... None: nobody is asked."""
    every: int = eqx.field(static=True, default=4)
    """Ticks from one text to the next, at least 2; wishes are asked for first at tick 0."""
    lasts: Int32[Array, ""] = eqx.field(converter=whole, default=4)
    """Ticks for which an agreement stands, at least 0."""
    binds: Float[Array, ""] = eqx.field(converter=real, default=1.0)
    """Probability that it binds a seat in a tick, 0 (cheap talk) to 1."""
    quorum: Float[Array, ""] = eqx.field(converter=real, default=1.0)
    """Share of those asked who must accept, 0 to 1; 1: all, so that each has a veto."""
    count: VotingRule = Median()
    """How the mediator makes a text of what is named."""
    wish: str = eqx.field(static=True, default="wish")
    """Name of the question to the mediator; that whether to accept is made of it."""

    def __check_init__(self) -> None:
        """Refuse numbers out of range."""
        if any(not 0.0 <= level <= 1.0 for level in self.levels) or self.every < 2:
            raise StudyError(
                f"mediation on levels {self.levels} every {self.every} ticks; expected norm levels from 0 to 1 and at least 2 "
                "ticks: one to name a level, one to accept the text"
            )
        ranges = (("lasts", self.lasts, 2**31 - 1), ("binds", self.binds, 1), ("quorum", self.quorum, 1))
        for name, value, top in ranges:
            if not isinstance(value, jax.core.Tracer) and not bool(((value >= 0) & (value <= top)).all()):
                raise StudyError(f"mediation with {name} = {value.tolist()}; expected a number from 0 to {top}")
        if self.levels:
            self.count.check(len(self.levels))

    @property
    def acceptance(self) -> str:
        """Name of the question whether to accept the text."""
        return f"{self.wish}_text"

    def begin(self, seats: Seats) -> Talks:
        """Nothing agreed, and no text."""
        return Talks(Agreement.none(), jnp.zeros((), jnp.int32))

    @property
    def words(self) -> tuple[str, ...]:
        """What can be told the mediator."""
        names = tuple(
            f"I would have everyone serve the others at {level:g} of what is fair, or better" for level in self.levels
        )
        return ("Say nothing", *self.count.words(names))

    def permit(self, memory: Talks, seats: Seats, menu: Menu) -> Menu:
        """The menu with the mediator's questions."""
        if not self.levels:
            return menu
        some = going_on(menu)
        due = some & (memory.agreement.tick % self.every == 0)
        menu = menu.add(self.wish, Choice(jnp.full(seats.n, due), self.words))
        return menu.add(self.acceptance, Choice(jnp.full(seats.n, some & (memory.text > 0)), _ACCEPTS))

    def bind(self, memory: Talks, offer: Offer, acts: Acts, key: Key) -> Bound:
        """While an agreement binds, acts that fall short of it are replaced by ones at the agreed level."""
        held = (memory.agreement.left > 0) & key.child("binds").chance(self.binds, offer.seats.n)
        return Bound(keep(memory.agreement, held, offer, acts, key), memory)

    def settle(self, memory: Talks, tick: Tick, key: Key) -> Ruling:
        """Make a text of what was named, and an agreement of a text that enough accepted."""
        n, was = tick.seats.n, memory.agreement
        level, left = was.level, jnp.maximum(was.left - 1, 0)
        payoff, cost, text = tick.payoff, jnp.zeros(n, jnp.int32), jnp.zeros((), jnp.int32)
        if self.levels:
            line = jnp.asarray(self.levels, jnp.float32)
            agreed = self._accepted(memory, tick)
            level = jnp.where(agreed, line[jnp.maximum(memory.text - 1, 0)], level)
            left = jnp.where(agreed, self.lasts, left)
            count = count_levels(self.count, self.levels, self.wish, tick, key)
            text, cost = jnp.where(count.winners.any(), first_of(count.winners) + 1, 0), count.cost
        after = Agreement(level, left, was.tick + 1)
        told = after.told(n)
        public = Mediated(told.level, told.left, jnp.full(n, text))
        return Ruling(Talks(after, text), payoff - cost, public=public, burnt=total(cost))

    def _accepted(self, memory: Talks, tick: Tick) -> Bool[Array, ""]:
        """Whether enough seats accept the text on the table."""
        asked = tick.menu[self.acceptance].asked
        yes = tick.answered[self.acceptance] & (tick.bound[self.acceptance] == 1)
        count = total(asked).astype(jnp.int32)
        enough = total(yes & asked).astype(jnp.int32) >= count - share_of(count, 1.0 - self.quorum)
        return (memory.text > 0) & (count > 0) & enough

    def describe(self, memory: Talks) -> str:
        """How it is negotiated, and what an agreement is worth; empty where nothing can be named."""
        if not self.levels:
            return ""
        quorum = float(self.quorum)
        whom = "all of you" if quorum == 1.0 else f"at least {quorum:.4g} of you"
        return (
            f"Every {self.every} rounds each of you may tell a mediator in private how fairly all should act. It makes one "
            f"text of that: {self.count.describe()}. If {whom} accept the text in the next round, it stands for the "
            f"{int(self.lasts)} rounds after it. {say_binding(float(self.binds))}."
        )

    def tell(self, public: PyTree[Any], agent: int) -> str:
        """What is agreed now, and the text."""
        text = int(public.text[agent])
        words = f"The mediator's text: everyone serves the others at {self.levels[text - 1]:g} of what is fair, or better."
        return " ".join(filter(None, (tell_agreed(public, agent), words if text else "")))
