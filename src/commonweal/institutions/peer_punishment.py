"""Peer punishment: seats pay to take from others, whomever they choose; those who were punished may answer.

At its stage of each period every seat says how many points to spend on each of its peers (`Circle`):

    pi_i <- pi_i - cost sum_j x_ij - effect sum_j x_ji        sum_j x_ij <= budget, x_ij <= most

What is spent and what is taken leaves the society. Points beyond the budget are cut in proportion and rounded down. Nothing
is clipped: payoffs and purses may fall below 0. With `answering`, the tick after is a second stage, in which only those who
were punished are asked, and only against those who did it.

Seats are told the norm level of the last act of each peer, where acts have one, how many points each peer spent on them, and
what was taken; where a period is one tick, acts and punishments are decided together, so punishments answer the tick before.
With a budget of 0 nobody is asked. Units: ledger units a point.

Source: E. Fehr and S. Gächter, "Cooperation and punishment in public goods experiments", American Economic Review 90 (2000);
1:3 as in Ö. Gürerk, B. Irlenbusch and B. Rockenbach, "The competitive advantage of sanctioning institutions", Science 312
(2006); counter-punishment: N. Nikiforakis, Journal of Public Economics 92 (2008).
"""

from __future__ import annotations

from typing import Any, ClassVar

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Bool, Int32, PyTree

from commonweal.core.arrays import whole
from commonweal.core.errors import StudyError
from commonweal.core.menu import Acts, Menu
from commonweal.core.numbers import added, total
from commonweal.core.parts import Institution, RuleKind
from commonweal.core.peers import Circle, Regard, check_sanctions, priced, within_budget
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.core.views import Bound, Offer, Ruling, Tick


class PeerPunishment(Institution):
    """Costly punishment among peers.

    Raises:
        StudyError: a number is out of range, or an answer would fall beyond its period.

    Source: Fehr and Gächter, American Economic Review 90 (2000); Gürerk et al., Science 312 (2006).
    """

    kind: ClassVar[RuleKind] = RuleKind.PAYOFF

    cost: Int32[Array, ""] = eqx.field(converter=whole, default=1)
    """What a point costs who spends it, ledger units, 0 to 10^6."""
    effect: Int32[Array, ""] = eqx.field(converter=whole, default=3)
    """What a point takes from who is punished, ledger units, 0 to 10^6."""
    most: Int32[Array, ""] = eqx.field(converter=whole, default=10)
    """Most points on one peer, 0 to 1,000."""
    budget: Int32[Array, ""] = eqx.field(converter=whole, default=20)
    """Most points of a seat in a stage, 0 (there is no punishment) to 1,000."""
    circle: Circle = Circle()
    """Whom a seat can punish, and when."""
    answering: bool = eqx.field(static=True, default=False)
    """Whether those who were punished may punish back in the next tick of the period."""
    question: str = eqx.field(static=True, default="punish")
    """Name of the question: two such rules in one society need two."""

    def __check_init__(self) -> None:
        """Refuse numbers out of range."""
        check_sanctions("peer punishment", self.cost, ("effect", self.effect), self.most, self.budget)
        if self.answering and self.circle.stage + 1 >= self.circle.period:
            raise StudyError(
                f"punishment at stage {self.circle.stage} of {self.circle.period} that may be answered in the next; expected a "
                "period with a stage after it: raise Circle.period"
            )

    def begin(self, seats: Seats) -> Regard:
        """Nobody has done anything.

        Raises:
            StudyError: there is nobody to punish, by this scope.
        """
        return self.circle.begin(seats)

    def permit(self, memory: Regard, seats: Seats, menu: Menu) -> Menu:
        """The menu, and the question how many points to spend on each peer."""
        to = self.circle.slots(seats).to
        high = jnp.full(to.shape, jnp.minimum(self.most, self.budget))
        now = self.circle.due(memory, menu)
        if self.answering:
            answers = self._answers(memory)
            high = jnp.where(answers & (memory.by == 0), 0, high)
            now = now | answers
        return menu.add(self.question, self.circle.ask(to, high, now))

    def _answers(self, memory: Regard) -> Bool[Array, ""]:
        """Whether this is the stage of answers."""
        return memory.tick % self.circle.period == self.circle.stage + 1

    def bind(self, memory: Regard, offer: Offer, acts: Acts, key: Key) -> Bound:
        """Points within the budget."""
        return Bound(acts.replace(self.question, within_budget(acts[self.question], self.budget)), memory)

    def settle(self, memory: Regard, tick: Tick, key: Key) -> Ruling:
        """Take what is spent, and what it takes."""
        slots, question = self.circle.slots(tick.seats), tick.menu[self.question]
        points = jnp.where(question.asked[:, None], tick.bound[self.question], 0)
        by = slots.met(points)
        spent, taken = priced(points, self.cost), priced(by, self.effect)
        # What was done to a seat is remembered until the next stage at which anybody is asked.
        after = self.circle.after(memory, tick, jnp.where(question.asked.any(), by, memory.by))
        answers = jnp.asarray(self._answers(after) if self.answering else False)
        peers = jnp.where(jnp.minimum(self.most, self.budget) > 0, slots.to, -1)
        told = self.circle.tell(after, peers, taken, jnp.zeros_like(taken), jnp.broadcast_to(answers, taken.shape))
        return Ruling(after, tick.payoff - spent - taken, public=told, burnt=added(total(spent), total(taken)))

    def describe(self, memory: Regard) -> str:
        """The rule in words; empty where nothing can be spent."""
        budget, most = int(self.budget), int(self.most)
        if min(budget, most) == 0:
            return ""
        words = (
            f"{self.circle.when} you may spend up to {budget} points on {self.circle.whom}, at most {most} on each. "
            f"A point costs you {int(self.cost)} units and takes {int(self.effect)} from the other."
        )
        return f"{words} Those who were punished may answer in the next stage." if self.answering else words

    def tell(self, public: PyTree[Any], agent: int) -> str:
        """What was taken from this seat, and how its peers acted."""
        taken = int(public.amount[agent])
        words = [f"Others punished you and took {taken} units."] if taken else []
        if public.known[agent].any():
            pairs = zip(public.level[agent].tolist(), public.known[agent].tolist(), strict=True)
            acts = [f"{slot}: {level:.2f}" for slot, (level, known) in enumerate(pairs) if known]
            words.append(f"How the others last acted, from 0 to 1, by number: {', '.join(acts)}.")
        return " ".join(words)
