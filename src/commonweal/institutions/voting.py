"""A vote on one parameter of another rule: seats decide how the rule is set from the next tick on.

Every `every` ticks all seats are asked a ballot on k alternatives: to keep things as they are, or to set the parameter to one
of the options. How the ballots are counted is a field: by plurality, where answer j is a vote for alternative j; by approval,
where an answer is a set of alternatives; by Schulze's method, where it is an order of them; and so on (`core.ballots`). Under
all of them answer 0 is the plainest ballot for keeping things, and the default.

Only ballots that were cast count, those to keep things included, never defaults. Ties go to the alternative named first, or are
broken by lot; where nobody votes nothing changes. What ballots cost is paid from the tick's payoff and the purse, and burnt.
While the menu asks nobody anything else there is no ballot, so that a society whose world has ended stops voting.

The rule inside is run with the parameter as voted; what it tells seats passes through as it is. Without options, or with
seats that never answer, the vote is the rule inside, draw for draw. Units: those of the parameter.

Source: the status quo among the alternatives, as in legislatures; the effect of voting on a sanction is after A. Tyran and
L. Feld, "Achieving compliance when legal sanctions are non-deterrent", Scandinavian Journal of Economics 108 (2006).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Int32, PyTree, Shaped

from commonweal.core import parameters
from commonweal.core.arrays import Flags, Index, Units
from commonweal.core.ballots import Count, Election, Plurality, VotingRule, first_of, going_on, lot_of
from commonweal.core.errors import StudyError
from commonweal.core.menu import Acts, Menu
from commonweal.core.numbers import added, total
from commonweal.core.parts import Institution, RuleKind
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.core.views import Bound, Memory, Offer, Ruling, Tick

P = TypeVar("P", bound=Institution)


class Polled(eqx.Module):
    """What a vote remembers."""

    inner: Memory
    """Memory of the rule inside."""
    value: Shaped[Array, ""]
    """The parameter as it stands."""
    tick: Int32[Array, ""]
    """Ticks so far."""
    votes: Int32[Array, "k"]
    """Score of each alternative in the last ballot, in votes under most ways to count; zeros before the first."""


class Vote(Institution):
    """A ballot that sets one parameter of the rule inside; make one with `Vote.on`.

    Raises:
        StudyError: `parameter` names no scalar array of the rule inside, or a number is out of range.

    Source: Tyran and Feld, Scandinavian Journal of Economics 108 (2006).
    """

    kind: ClassVar[RuleKind] = RuleKind.AGGREGATION

    inner: Institution = Institution()
    """The rule that is voted on; by default one that does nothing."""
    parameter: tuple[str, ...] = eqx.field(static=True, default=())
    """Fields from the rule inside to the parameter, as `("inner", "detect")`; empty only without options."""
    options: tuple[float, ...] = eqx.field(static=True, default=())
    """Values it can be set to: alternatives 1, 2, ... of the ballot. None: there is no ballot."""
    every: int = eqx.field(static=True, default=1)
    """Ticks from one ballot to the next, at least 1; the first is at tick 0."""
    ballot: str = eqx.field(static=True, default="ballot")
    """Name of the question: two votes in one society need two."""
    count: VotingRule = Plurality()
    """How ballots are counted."""
    by_lot: bool = eqx.field(static=True, default=False)
    """Whether ties are broken by lot; else they go to the alternative named first."""
    labels: tuple[str, ...] = eqx.field(static=True, default=())
    """The options in words, one each; empty: by the parameter's name and their values."""

    def __check_init__(self) -> None:
        """Refuse a vote on nothing."""
        if self.every < 1:
            raise StudyError(f"a vote every {self.every} ticks; expected at least 1")
        if self.labels and len(self.labels) != len(self.options):
            raise StudyError(
                f"a vote on {len(self.options)} options with {len(self.labels)} labels; expected one each, or none"
            )
        if self.options:
            parameters.check(self.inner, self.parameter, "a vote")
            self.count.check(self.alternatives)

    @staticmethod
    def on(
        inner: Institution,
        kind: type[P],
        get: Callable[[P], Any],
        options: tuple[float, ...],
        every: int = 1,
        count: VotingRule | None = None,
        labels: tuple[str, ...] = (),
    ) -> Vote:
        """A vote on one parameter: `Vote.on(Audit(detect=0.0), Audit, lambda a: a.detect, (0.25, 0.5))`.

        Args:
            inner: the rule that is voted on, perhaps inside wrappers.
            kind: the class of the part that has the parameter: `inner` or a rule inside it.
            get: reads the parameter off such a part.
            options: values it can be set to.
            every: ticks from one ballot to the next.
            count: how ballots are counted; None: by plurality.
            labels: the options in words; empty: by the parameter's name and their values.

        Raises:
            StudyError: no rule of that class is inside, or it has no such parameter.
        """
        path = parameters.locate(inner, kind, get, "a vote")
        return Vote(inner, path, options, every, count=Plurality() if count is None else count, labels=labels)

    @property
    def alternatives(self) -> int:
        """How many there are: to keep things as they are, and the options."""
        return len(self.options) + 1

    def ruled(self, memory: Polled) -> Institution:
        """The rule inside as it stands now."""
        if not self.options:
            return self.inner
        return parameters.put(self.inner, self.parameter, memory.value)

    def begin(self, seats: Seats) -> Polled:
        """The parameter as given; no ballot yet."""
        value = parameters.read(self.inner, self.parameter) if self.options else jnp.zeros((), jnp.float32)
        return Polled(self.inner.begin(seats), value, jnp.zeros((), jnp.int32), jnp.zeros(self.alternatives, jnp.int32))

    def permit(self, memory: Polled, seats: Seats, menu: Menu) -> Menu:
        """The menu of the rule inside, and the ballot."""
        menu = self.ruled(memory).permit(memory.inner, seats, menu)
        if not self.options:
            return menu
        due = going_on(menu) & (memory.tick % self.every == 0)
        return menu.add(self.ballot, self.count.ask(jnp.full(seats.n, due), self.names))

    @property
    def names(self) -> tuple[str, ...]:
        """The alternatives in words."""
        name = self.parameter[-1] if self.parameter else ""
        options = self.labels or tuple(f"Set {name} to {option:g}" for option in self.options)
        return ("Keep things as they are", *options)

    def bind(self, memory: Polled, offer: Offer, acts: Acts, key: Key) -> Bound:
        """The acts under the rule inside."""
        bound = self.ruled(memory).bind(memory.inner, offer, acts, key)
        return Bound(bound.acts, Polled(bound.memory, memory.value, memory.tick, memory.votes))

    def settle(self, memory: Polled, tick: Tick, key: Key) -> Ruling:
        """The ruling of the rule inside; then the ballot is counted, for the next tick."""
        ruling = self.ruled(memory).settle(memory.inner, tick, key)
        value, votes, payoff, burnt = memory.value, memory.votes, ruling.payoff, ruling.burnt
        if self.options:
            choices = jnp.concatenate([value[None], jnp.asarray(self.options, value.dtype)])
            able = jnp.maximum(tick.purse + payoff, 0)
            count = self.counted(
                self.count.read(tick.bound[self.ballot]), tick.answered[self.ballot], choices, able, key.child(self.ballot)
            )
            winner = lot_of(count.winners, key.child("tie")) if self.by_lot else first_of(count.winners)
            value = choices[winner]
            votes = jnp.where(tick.menu[self.ballot].asked.any(), count.shown, votes)
            payoff, burnt = payoff - count.cost, added(burnt, total(count.cost))
        after = Polled(ruling.memory, value, memory.tick + 1, votes)
        return eqx.tree_at(lambda r: (r.memory, r.payoff, r.burnt), ruling, (after, payoff, burnt), is_leaf=lambda x: x is None)

    def counted(self, ballots: Index, cast: Flags, choices: Shaped[Array, "k"], able: Units, key: Key) -> Count:
        """Count ballots.

        Args:
            ballots: [a] their numbers.
            cast: [a] who gave one.
            choices: [k] what the alternatives would set the parameter to, in its units.
            able: [a] what each seat could pay, ledger units.
            key: for lots.
        """
        election = Election.of(ballots, cast, self.alternatives, key, able)
        return self.count.count(eqx.tree_at(lambda e: e.place, election, choices.astype(jnp.float32)))

    def describe(self, memory: Polled) -> str:
        """The rule inside as it stands, and how it is voted on."""
        inner = self.ruled(memory).describe(memory.inner)
        if not self.options:
            return inner
        when = "Each round" if self.every == 1 else f"Every {self.every} rounds"
        options = self.labels or tuple(f"{option:g}" for option in self.options)
        tie = "is broken by lot" if self.by_lot else "keeps it or takes the answer named first"
        value = float(memory.value)
        now = self.labels[self.options.index(value)] if self.labels and value in self.options else f"{value:.4g}"
        words = (
            f"{when} all of you vote whether to keep {self.parameter[-1]} as it is (now {now}) or to set "
            f"it to {' or '.join(options)}; {self.count.describe()}, and a tie {tie}."
        )
        votes = [int(count) for count in memory.votes]
        if sum(votes):
            tally = ", ".join(f"{count} for {option}" for count, option in zip(votes[1:], options, strict=True))
            kept = f"there were {votes[0]} to keep it" if isinstance(self.count, Plurality) else f"keeping it scored {votes[0]}"
            words += f" In the last vote {kept}, {tally}."
        return f"{inner}\n{words}" if inner else words

    def tell(self, public: PyTree[Any], agent: int) -> str:
        """What the rule inside told this seat."""
        return self.inner.tell(public, agent)
