"""An elected office: its holder alone sets a parameter of the rule inside, for a term.

Every `every` ticks, the first time at tick `every`, all seats elect. Alternative 0 keeps things as they are: whoever holds the
office stays. The others are the candidates: all seats with the card that is asked for, or `nominees` of them, drawn by lot for
each election. How ballots are counted is a field; ties are broken by lot; where nobody votes nothing changes. Until the first
election, and where one that may not serve again is kept, the office is vacant, and the parameter stays as it is.

    terms     who was elected (or kept) that many times may not stand again, nor be kept; 0: no limit
    recall    between elections all are asked whether to recall the holder; it is out of office from the next tick on if
              more than this share of all seats say so; 1: nobody is asked

At each tick the holder is asked how the parameter is to be set: answer 0 keeps it, answer j sets it to option j from the next
tick on. What ballots cost is paid from the tick's payoff and the purse, and burnt. While the menu asks nobody anything else
nobody is asked. Without options this is the rule inside, draw for draw. Units: those of the parameter; ticks.

Source: principal and agent in elections, J. Ferejohn, "Incumbent performance and electoral control", Public Choice 50 (1986);
position rules, E. Ostrom, Understanding Institutional Diversity (2005).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

import equinox as eqx
import jax.core
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int32, PyTree, Shaped

from commonweal.core import parameters
from commonweal.core.arrays import Flags, Index, Units, real, whole
from commonweal.core.ballots import Count, Election, Plurality, VotingRule, going_on, lot_of
from commonweal.core.errors import StudyError
from commonweal.core.menu import Acts, Menu
from commonweal.core.numbers import added, share_of, total
from commonweal.core.parts import Institution, RuleKind
from commonweal.core.questions import Choice
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.core.views import Bound, Memory, Offer, Ruling, Tick

P = TypeVar("P", bound=Institution)
_MOST_SEATS = 1000
"""Seats that can all stand: each is an option of the ballot."""
VACANT = -1


class Incumbent(eqx.Module):
    """What an office remembers."""

    inner: Memory
    """Memory of the rule inside."""
    value: Shaped[Array, ""]
    """The parameter as it stands."""
    holder: Int32[Array, ""]
    """The seat that holds the office; -1: it is vacant."""
    served: Index
    """How often each seat was elected or kept."""
    nominees: Int32[Array, "k"]
    """The seats that stand in the next election, -1 where there are fewer; none of them, where all seats may stand."""
    tick: Int32[Array, ""]
    """Ticks so far."""


class Office(Institution):
    """A leader, elected for terms, who sets one parameter of the rule inside; make one with `Office.on`.

    Raises:
        StudyError: `parameter` names no scalar array of the rule inside, or a number is out of range; at the start of a trial,
            too many seats could stand, or the seats have no cards.

    Source: Ferejohn, Public Choice 50 (1986); Ostrom, Understanding Institutional Diversity (2005).
    """

    kind: ClassVar[RuleKind] = RuleKind.POSITION

    inner: Institution = Institution()
    """The rule that the holder sets; by default one that does nothing."""
    parameter: tuple[str, ...] = eqx.field(static=True, default=())
    """Fields from the rule inside to the parameter, as `("rate",)`; empty only without options."""
    options: tuple[float, ...] = eqx.field(static=True, default=())
    """Values it can be set to: answers 1, 2, ... of the holder. None: there is no office."""
    every: int = eqx.field(static=True, default=4)
    """Ticks of a term, at least 1."""
    nominees: int = eqx.field(static=True, default=0)
    """How many candidates are drawn by lot for an election; 0: all seats may stand."""
    card: Int32[Array, ""] = eqx.field(converter=whole, default=-1)
    """The card that candidates must have; -1: any."""
    terms: Int32[Array, ""] = eqx.field(converter=whole, default=0)
    """How often a seat can be elected or kept, at least 1; 0: without limit."""
    recall: Float[Array, ""] = eqx.field(converter=real, default=1.0)
    """Share of all seats, 0 to 1, of which more than that must vote to recall the holder; 1: there is no recall."""
    count: VotingRule = Plurality()
    """How ballots for the office are counted."""
    title: str = eqx.field(static=True, default="office")
    """Name of the holder's question; the ballots' are made of it. Two offices in one society need two."""

    def __check_init__(self) -> None:
        """Refuse an office over nothing, and numbers out of range."""
        if self.every < 1 or self.nominees < 0:
            raise StudyError(
                f"an office with terms of {self.every} ticks and {self.nominees} nominees; expected at least 1 tick, and at "
                "least 1 nominee (0: all seats)"
            )
        ranges = (("terms", self.terms, 0, 2**31 - 1), ("card", self.card, -1, 2**31 - 1), ("recall", self.recall, 0, 1))
        for name, value, low, top in ranges:
            if not isinstance(value, jax.core.Tracer) and not bool(((value >= low) & (value <= top)).all()):
                raise StudyError(f"an office with {name} = {value.tolist()}; expected a number from {low} to {top}")
        if self.options:
            parameters.check(self.inner, self.parameter, "an office")
            self.count.check(self.nominees + 1)

    @staticmethod
    def on(inner: Institution, kind: type[P], get: Callable[[P], Any], options: tuple[float, ...], every: int = 4) -> Office:
        """An office over one parameter: `Office.on(Tax(), Tax, lambda tax: tax.rate, (0.1, 0.3))`; its other fields as given.

        Args:
            inner: the rule that the holder sets, perhaps inside wrappers.
            kind: the class of the part that has the parameter: `inner` or a rule inside it.
            get: reads the parameter off such a part.
            options: values it can be set to.
            every: ticks of a term.

        Raises:
            StudyError: no rule of that class is inside, or it has no such parameter.
        """
        return Office(inner, parameters.locate(inner, kind, get, "an office"), options, every)

    def ruled(self, memory: Incumbent) -> Institution:
        """The rule inside as it stands now."""
        return parameters.put(self.inner, self.parameter, memory.value) if self.options else self.inner

    def begin(self, seats: Seats) -> Incumbent:
        """The office is vacant, and the parameter as given.

        Raises:
            StudyError: too many seats could stand, or candidates need cards and there are none.
        """
        if self.options and not self.nominees:
            self.count.check(seats.n + 1)
            if seats.n > _MOST_SEATS:
                raise StudyError(
                    f"an office for which {seats.n} seats could stand; expected at most {_MOST_SEATS}: draw nominees"
                )
        if seats.card is None and not isinstance(self.card, jax.core.Tracer) and (np.asarray(self.card) >= 0).any():
            raise StudyError(
                f"an office for seats with card {self.card.tolist()}, and no seat has one; give Seating(..., card=...)"
            )
        value = parameters.read(self.inner, self.parameter) if self.options else jnp.zeros((), jnp.float32)
        nobody = jnp.full(self.nominees, VACANT, jnp.int32)
        none = jnp.zeros((), jnp.int32)
        return Incumbent(self.inner.begin(seats), value, none + VACANT, jnp.zeros(seats.n, jnp.int32), nobody, none)

    def eligible(self, served: Index, seats: Seats) -> Flags:
        """Who may serve, [a]: with the card that is asked for, and terms left."""
        fits = jnp.ones(seats.n, bool) if seats.card is None else (self.card < 0) | (seats.card == self.card)
        return fits & ((self.terms == 0) | (served < self.terms))

    def candidates(self, memory: Incumbent, seats: Seats) -> Int32[Array, "k"]:
        """The seats behind alternatives 1, 2, ... of an election now; -1: nobody."""
        if self.nominees:
            return memory.nominees
        return jnp.where(self.eligible(memory.served, seats), jnp.arange(seats.n, dtype=jnp.int32), VACANT)

    def permit(self, memory: Incumbent, seats: Seats, menu: Menu) -> Menu:
        """The menu of the rule inside, the ballots, and what the holder is asked."""
        menu = self.ruled(memory).permit(memory.inner, seats, menu)
        if not self.options:
            return menu
        some, filled, elects = going_on(menu), memory.holder >= 0, self._elects(memory.tick)
        everyone = jnp.ones(seats.n, bool)
        name = self.parameter[-1]
        stands = tuple(f"Elect {'candidate' if self.nominees else 'seat'} {j}" for j in range(self.nominees or seats.n))
        alternatives = ("Keep things as they are", *stands)
        settings = ("Keep things as they are", *(f"Set {name} to {option:g}" for option in self.options))
        asks_recall = some & filled & ~elects & (self.recall < 1)
        menu = menu.add(self.election, self.count.ask(everyone & some & elects, alternatives))
        menu = menu.add(
            self.dismissal, Choice(everyone & asks_recall, ("Keep things as they are", "Recall the holder of the office"))
        )
        return menu.add(self.title, Choice((jnp.arange(seats.n) == memory.holder) & some, settings))

    @property
    def election(self) -> str:
        """Name of the ballot for the office."""
        return f"{self.title}_election"

    @property
    def dismissal(self) -> str:
        """Name of the ballot on a recall."""
        return f"{self.title}_recall"

    def _elects(self, tick: Int32[Array, ""]) -> Bool[Array, ""]:
        return (tick > 0) & (tick % self.every == 0)

    def bind(self, memory: Incumbent, offer: Offer, acts: Acts, key: Key) -> Bound:
        """The acts under the rule inside."""
        bound = self.ruled(memory).bind(memory.inner, offer, acts, key)
        return Bound(bound.acts, eqx.tree_at(lambda own: own.inner, memory, bound.memory, is_leaf=lambda x: x is None))

    def settle(self, memory: Incumbent, tick: Tick, key: Key) -> Ruling:
        """The ruling of the rule inside; then what the holder set, who was recalled, and who was elected."""
        ruling = self.ruled(memory).settle(memory.inner, tick, key)
        if not self.options:
            after = eqx.tree_at(lambda own: own.inner, memory, ruling.memory, is_leaf=lambda x: x is None)
            return eqx.tree_at(lambda r: r.memory, ruling, after, is_leaf=lambda x: x is None)
        seats = tick.seats
        chosen = jnp.where(tick.answered[self.title], tick.bound[self.title], 0).max()
        value = jnp.concatenate([memory.value[None], jnp.asarray(self.options, memory.value.dtype)])[chosen]
        against = (tick.answered[self.dismissal] & (tick.bound[self.dismissal] == 1)).sum(dtype=jnp.int32)
        holder = jnp.where(against > share_of(jnp.int32(seats.n), self.recall), VACANT, memory.holder)
        count = self.counted(memory, tick, jnp.maximum(tick.purse + ruling.payoff, 0), key.child("election"))
        elected = self._elected(memory, seats, lot_of(count.winners, key.child("tie")))
        elects = self._elects(memory.tick)
        holder = jnp.where(elects, elected, holder)
        served = memory.served + (elects & (jnp.arange(seats.n) == elected)).astype(jnp.int32)
        drawn = self._drawn(served, holder, seats, key.child("nominees"))
        nominees = jnp.where((memory.tick + 1) % self.every == 0, drawn, memory.nominees)
        after = Incumbent(ruling.memory, value, holder, served, nominees, memory.tick + 1)
        paid = ruling.payoff - count.cost, added(ruling.burnt, total(count.cost))
        return eqx.tree_at(lambda r: (r.memory, r.payoff, r.burnt), ruling, (after, *paid), is_leaf=lambda x: x is None)

    def counted(self, memory: Incumbent, tick: Tick, able: Units, key: Key) -> Count:
        """Count the ballots of an election.

        Args:
            memory: who stands.
            tick: who voted how.
            able: [a] what each seat could pay, ledger units.
            key: for lots.
        """
        stands = jnp.concatenate([jnp.ones(1, bool), self.candidates(memory, tick.seats) >= 0])
        ballots = self.count.read(tick.bound[self.election])
        election = Election.of(ballots, tick.answered[self.election], stands.shape[0], key, able)
        return self.count.count(eqx.tree_at(lambda e: e.stands, election, stands))

    def _elected(self, memory: Incumbent, seats: Seats, winner: Int32[Array, ""]) -> Int32[Array, ""]:
        """The seat that the winning alternative puts into office; -1: nobody."""
        may_stay = (self.eligible(memory.served, seats) & (jnp.arange(seats.n) == memory.holder)).any()
        kept = jnp.where(may_stay, memory.holder, VACANT)
        return jnp.concatenate([kept[None], self.candidates(memory, seats)])[winner]

    def _drawn(self, served: Index, holder: Int32[Array, ""], seats: Seats, key: Key) -> Int32[Array, "k"]:
        """Nominees by lot among those who may serve, the holder apart."""
        able = self.eligible(served, seats) & (jnp.arange(seats.n) != holder)
        order = jnp.lexsort((key.bits(seats.n), ~able)).astype(jnp.int32)[: self.nominees]
        order = jnp.concatenate([order, jnp.full(self.nominees - order.shape[0], VACANT, jnp.int32)])
        return jnp.where(jnp.arange(self.nominees) < able.sum(dtype=jnp.int32), order, VACANT)

    def describe(self, memory: Incumbent) -> str:
        """The rule inside as it stands, who holds the office, and how it is filled."""
        inner = self.ruled(memory).describe(memory.inner)
        if not self.options:
            return inner
        name, holder = self.parameter[-1], int(memory.holder)
        words = f"An elected office sets {name} (now {float(memory.value):.4g}); "
        words += f"seat {holder} holds it. " if holder >= 0 else "it is vacant. "
        words += (
            f"Every {self.every} rounds all of you vote on who is to hold it: {self.count.describe()}, ties are broken by lot."
        )
        standing = [(j, int(seat)) for j, seat in enumerate(memory.nominees) if int(seat) >= 0]
        if standing and bool(self._elects(memory.tick)):
            words += " Candidates drawn by lot: " + ", ".join(f"candidate {j} is seat {seat}" for j, seat in standing) + "."
        if int(self.terms):
            words += f" Nobody may be elected or kept more than {int(self.terms)} times."
        if float(self.recall) < 1:
            words += f" In other rounds, if more than {float(self.recall):.4g} of you vote to recall its holder, it is vacant."
        return f"{inner}\n{words}" if inner else words

    def tell(self, public: PyTree[Any], agent: int) -> str:
        """What the rule inside told this seat."""
        return self.inner.tell(public, agent)
