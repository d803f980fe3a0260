"""Peer reward: seats pay to give to others, whomever they choose.

At its stage of each period every seat says how many points to spend on each of its peers (`Circle`):

    pi_i <- pi_i - cost sum_j x_ij + gain sum_j x_ji          sum_j x_ij <= budget, x_ij <= most

At 1 to 1 a reward is a transfer and the society keeps what it has; where the gain is more than the cost the difference enters
the society (it is counted as burnt with a minus), where it is less it leaves it. Points beyond the budget are cut in
proportion and rounded down. With a budget of 0 nobody is asked. Seats are told of their peers as by peer punishment. Units:
ledger units a point.

Source: M. Sefton, R. Shupp and J. Walker, "The effect of rewards and sanctions in provision of public goods", Economic Inquiry
45 (2007); 1 to 1 as in Ö. Gürerk, B. Irlenbusch and B. Rockenbach, Science 312 (2006).
"""

from __future__ import annotations

from typing import Any, ClassVar

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Int32, PyTree

from commonweal.core.arrays import whole
from commonweal.core.menu import Acts, Menu
from commonweal.core.numbers import difference, total
from commonweal.core.parts import Institution, RuleKind
from commonweal.core.peers import Circle, Regard, check_sanctions, priced, within_budget
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.core.views import Bound, Offer, Ruling, Tick


class PeerReward(Institution):
    """Rewards among peers, at a cost.

    Raises:
        StudyError: a number is out of range.

    Source: Sefton, Shupp and Walker, Economic Inquiry 45 (2007); Gürerk et al., Science 312 (2006).
    """

    kind: ClassVar[RuleKind] = RuleKind.PAYOFF

    cost: Int32[Array, ""] = eqx.field(converter=whole, default=1)
    """What a point costs who spends it, ledger units, 0 to 10^6."""
    gain: Int32[Array, ""] = eqx.field(converter=whole, default=1)
    """What a point gives to who is rewarded, ledger units, 0 to 10^6."""
    most: Int32[Array, ""] = eqx.field(converter=whole, default=10)
    """Most points on one peer, 0 to 1,000."""
    budget: Int32[Array, ""] = eqx.field(converter=whole, default=20)
    """Most points of a seat in a stage, 0 (there are no rewards) to 1,000."""
    circle: Circle = Circle()
    """Whom a seat can reward, and when."""
    question: str = eqx.field(static=True, default="reward")
    """Name of the question: two such rules in one society need two."""

    def __check_init__(self) -> None:
        """Refuse numbers out of range."""
        check_sanctions("peer reward", self.cost, ("gain", self.gain), self.most, self.budget)

    def begin(self, seats: Seats) -> Regard:
        """Nobody has done anything.

        Raises:
            StudyError: there is nobody to reward, by this scope.
        """
        return self.circle.begin(seats)

    def permit(self, memory: Regard, seats: Seats, menu: Menu) -> Menu:
        """The menu, and the question how many points to spend on each peer."""
        to = self.circle.slots(seats).to
        high = jnp.full(to.shape, jnp.minimum(self.most, self.budget))
        return menu.add(self.question, self.circle.ask(to, high, self.circle.due(memory, menu)))

    def bind(self, memory: Regard, offer: Offer, acts: Acts, key: Key) -> Bound:
        """Points within the budget."""
        return Bound(acts.replace(self.question, within_budget(acts[self.question], self.budget)), memory)

    def settle(self, memory: Regard, tick: Tick, key: Key) -> Ruling:
        """Take what is spent and give what it brings."""
        slots, question = self.circle.slots(tick.seats), tick.menu[self.question]
        points = jnp.where(question.asked[:, None], tick.bound[self.question], 0)
        by = slots.met(points)
        spent, given = priced(points, self.cost), priced(by, self.gain)
        after = self.circle.after(memory, tick, jnp.where(question.asked.any(), by, memory.by))
        nothing = jnp.zeros_like(spent)
        peers = jnp.where(jnp.minimum(self.most, self.budget) > 0, slots.to, -1)
        told = self.circle.tell(after, peers, nothing, given, nothing > 0)
        return Ruling(after, tick.payoff - spent + given, public=told, burnt=difference(total(spent), total(given)))

    def describe(self, memory: Regard) -> str:
        """The rule in words; empty where nothing can be spent."""
        budget, most = int(self.budget), int(self.most)
        if min(budget, most) == 0:
            return ""
        return (
            f"{self.circle.when} you may reward {self.circle.whom} with up to {budget} points, at most {most} each. "
            f"A point costs you {int(self.cost)} units and gives {int(self.gain)} to the other."
        )

    def tell(self, public: PyTree[Any], agent: int) -> str:
        """What this seat was given."""
        given = int(public.rewarded[agent])
        return f"Others rewarded you with {given} units." if given else ""
