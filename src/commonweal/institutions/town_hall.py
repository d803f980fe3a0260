"""A town hall: everybody proposes how fairly all should act, the median wins, and binds all for a while or is mere talk.

Every `every` ticks each seat proposes one of the norm levels on offer, or proposes nothing (answer 0, the default, which keeps
things as they are and is no vote). The proposals are counted, by their median unless another rule is given, and where there
was any the winning level is agreed for the next `lasts` ticks. While an agreement stands, an act that serves the others at less
than the agreed level is replaced by one at that level with probability `binds`, seat by seat and tick by tick:

    binds = 1   a binding agreement
    binds = 0   cheap talk: the agreement is told, and everybody does as it likes

Acts that serve the others better than was agreed stay as they are. Units: norm levels, 0 to 1.

Source: the median of proposals, D. Black, Journal of Political Economy 56 (1948); town halls on a commons, G. Piatti et al.,
"Cooperate or collapse" (GovSim), NeurIPS 2024; cheap talk, J. Farrell and M. Rabin, Journal of Economic Perspectives 10 (1996).
"""

from __future__ import annotations

from typing import Any, ClassVar

import equinox as eqx
import jax.core
import jax.numpy as jnp
from jaxtyping import Array, Float, Int32, PyTree

from commonweal.core.agreements import Agreement, count_levels, keep, say_binding, tell_agreed
from commonweal.core.arrays import real, whole
from commonweal.core.ballots import Median, VotingRule, first_of, going_on
from commonweal.core.errors import StudyError
from commonweal.core.menu import Acts, Menu
from commonweal.core.numbers import total
from commonweal.core.parts import Institution, RuleKind
from commonweal.core.questions import Choice
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.core.views import Bound, Offer, Ruling, Tick


class TownHall(Institution):
    """Proposals of a norm level, and an agreement on the one that wins.

    Raises:
        StudyError: a number is out of range.

    Source: Black, Journal of Political Economy 56 (1948); Piatti et al., NeurIPS (2024).
    """

    kind: ClassVar[RuleKind] = RuleKind.AGGREGATION
    needs_scale: ClassVar[bool] = True

    levels: tuple[float, ...] = eqx.field(static=True, default=(0.25, 0.5, 0.75, 1.0))
    """Norm levels that can be proposed, 0 to 1: answers 1, 2, ... None: nobody is asked."""
    every: int = eqx.field(static=True, default=4)
    """Ticks from one town hall to the next, at least 1; the first is at tick 0."""
    lasts: Int32[Array, ""] = eqx.field(converter=whole, default=4)
    """Ticks for which an agreement stands, at least 0."""
    binds: Float[Array, ""] = eqx.field(converter=real, default=1.0)
    """Probability that it binds a seat in a tick, 0 (cheap talk) to 1."""
    count: VotingRule = Median()
    """How proposals are counted."""
    proposal: str = eqx.field(static=True, default="proposal")
    """Name of the question."""

    def __check_init__(self) -> None:
        """Refuse numbers out of range."""
        if any(not 0.0 <= level <= 1.0 for level in self.levels) or self.every < 1:
            raise StudyError(
                f"a town hall on levels {self.levels} every {self.every} ticks; expected norm levels from 0 to 1 and at "
                "least 1 tick"
            )
        if not isinstance(self.lasts, jax.core.Tracer) and not bool((self.lasts >= 0).all()):
            raise StudyError(f"an agreement for {self.lasts.tolist()} ticks; expected at least 0")
        if not isinstance(self.binds, jax.core.Tracer) and not bool(((self.binds >= 0) & (self.binds <= 1)).all()):
            raise StudyError(f"an agreement that binds with probability {self.binds.tolist()}; expected 0 to 1")
        if self.levels:
            self.count.check(len(self.levels))

    def begin(self, seats: Seats) -> Agreement:
        """Nothing agreed."""
        return Agreement.none()

    @property
    def words(self) -> tuple[str, ...]:
        """The answers: to propose nothing, and the proposals."""
        names = tuple(
            f"Propose that everyone serves the others at {level:g} of what is fair, or better" for level in self.levels
        )
        return ("Keep things as they are: propose nothing", *self.count.words(names))

    def permit(self, memory: Agreement, seats: Seats, menu: Menu) -> Menu:
        """The menu with the question for proposals."""
        if not self.levels:
            return menu
        due = going_on(menu) & (memory.tick % self.every == 0)
        return menu.add(self.proposal, Choice(jnp.full(seats.n, due), self.words))

    def bind(self, memory: Agreement, offer: Offer, acts: Acts, key: Key) -> Bound:
        """While an agreement binds, acts that fall short of it are replaced by ones at the agreed level."""
        held = (memory.left > 0) & key.child("binds").chance(self.binds, offer.seats.n)
        return Bound(keep(memory, held, offer, acts, key), memory)

    def settle(self, memory: Agreement, tick: Tick, key: Key) -> Ruling:
        """Count the proposals; what is agreed stands from the next tick on."""
        n, level, left = tick.seats.n, memory.level, jnp.maximum(memory.left - 1, 0)
        payoff, cost = tick.payoff, jnp.zeros(n, jnp.int32)
        if self.levels:
            line = jnp.asarray(self.levels, jnp.float32)
            count = count_levels(self.count, self.levels, self.proposal, tick, key)
            agreed, cost = count.winners.any(), count.cost
            level = jnp.where(agreed, line[first_of(count.winners)], level)
            left = jnp.where(agreed, self.lasts, left)
        after = Agreement(level, left, memory.tick + 1)
        return Ruling(after, payoff - cost, public=after.told(n), burnt=total(cost))

    def describe(self, memory: Agreement) -> str:
        """How it is agreed what to do, and what an agreement is worth; empty where nothing can be proposed."""
        if not self.levels:
            return ""
        when = "Each round" if self.every == 1 else f"Every {self.every} rounds"
        return (
            f"{when} each of you may propose how fairly all should act from the next round on; {self.count.describe()}. What "
            f"is agreed stands for {int(self.lasts)} rounds. {say_binding(float(self.binds))}."
        )

    def tell(self, public: PyTree[Any], agent: int) -> str:
        """What is agreed now."""
        return tell_agreed(public, agent)
