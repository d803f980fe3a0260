"""The protocols: a part is written once, as pure functions over arrays, and serves both engines.

A verb that has a body here does nothing, and a part may replace it once; nothing else is overridden. Randomness comes by an
explicit key that is the part's own for the tick.
"""

from __future__ import annotations

import abc
from collections.abc import Mapping
from enum import Enum
from typing import Any, ClassVar

import equinox as eqx
import numpy as np
from jaxtyping import Array, PyTree
from numpy.typing import NDArray

from commonweal.core.arrays import Index, Units
from commonweal.core.menu import Acts, Menu
from commonweal.core.named import Named
from commonweal.core.numbers import Total
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.core.views import (
    Bound,
    Decision,
    Delivery,
    End,
    HostedDecision,
    Memory,
    Observation,
    Offer,
    Outcome,
    Ruling,
    Start,
    Tick,
    View,
    Words,
)


class RuleKind(Enum):
    """The seven kinds of rules of an action situation. Source: E. Ostrom, Understanding Institutional Diversity (2005)."""

    BOUNDARY = "who sits where"
    POSITION = "who holds which office"
    CHOICE = "what may be done"
    INFORMATION = "what is known"
    AGGREGATION = "how acts are combined"
    PAYOFF = "what acts cost and earn"
    SCOPE = "which outcomes are allowed"


class World(eqx.Module):
    """The rules of a situation: its state, what each seat observes, what it may do, what happens, what it is paid.

    Its fields are its parameters. It must not depend on which minds sit where (`seats.mind`).
    """

    version: ClassVar[int] = 1
    """Raised when behaviour changes."""
    units_per_token: ClassVar[int] = 1
    """Ledger units in one token of the world's own currency."""
    tick_name: ClassVar[str] = "round"
    """What a tick is in this world, in the singular."""

    @abc.abstractmethod
    def reset(self, key: Key, seats: Seats) -> Start:
        """The state at tick 0, and each seat's endowment."""

    @abc.abstractmethod
    def observe(self, state: PyTree[Any], seats: Seats, purse: Units) -> Observation:
        """What each seat sees, row by row."""

    @abc.abstractmethod
    def menu(self, state: PyTree[Any], seats: Seats, purse: Units) -> Menu:
        """What each seat may do: the same names, kinds and shapes every tick."""

    @abc.abstractmethod
    def step(self, state: PyTree[Any], seats: Seats, acts: Acts, purse: Units, key: Key) -> Outcome:
        """What the acts lead to: state, payoff in ledger units, facts."""

    @abc.abstractmethod
    def rules(self) -> str:
        """The situation in words, the same for every seat (host only)."""

    @abc.abstractmethod
    def describe(self, view: View, agent: int) -> str:
        """What one seat sees now, in words, from that seat's row of the view and nothing else (host only)."""


class Mind(eqx.Module):
    """How agents decide, all seats at once and row by row: what seats share is a field, what they own is memory."""

    version: ClassVar[int] = 1
    family: ClassVar[bool] = False
    """Whether fields may hold one value a seat: minds of one family in a society are then computed as one."""
    stochastic: ClassVar[bool] = True
    """Whether `act` uses its key."""
    memory_depth: ClassVar[float] = 0
    """How many ticks back it looks; inf: all."""

    @abc.abstractmethod
    def init(self, key: Key, seats: Seats) -> Memory:
        """Memory at birth, every leaf [a, ...]."""

    @abc.abstractmethod
    def act(self, memory: Memory, view: View, key: Key) -> Decision:
        """Answers to the view's menu, and memory; a question left out gets its default."""

    def tally(self, memory: Memory) -> Named[Index]:
        """What it counts of this tick's decisions, [a] whole numbers by name, from its memory after them: for metrics alone."""
        return Named((), ())


class HostedMind(eqx.Module):
    """A mind that lives outside the compiled program: language, outside processes, people. One seat at a time.

    Its memory is `slots` short texts a seat, kept as handles into the trial's text table.
    """

    version: ClassVar[int] = 1
    slots: ClassVar[int] = 0
    """How many texts a seat remembers."""
    bound: ClassVar[tuple[str, ...]] = ("model",)
    """Fields that a run fills in: no part of the society's digest, for which `digest` stands."""

    @property
    @abc.abstractmethod
    def digest(self) -> str:
        """Identity of everything outside this value that moves an answer (a model's digest); empty: nothing."""

    @property
    def calls_per_act(self) -> float:
        """Calls of a model, or offers to whoever answers, that an act takes on average: what a plan counts."""
        return 1.0

    @abc.abstractmethod
    async def act(self, words: Words, key: int) -> HostedDecision:
        """Answer for one asked seat; `key` is a 63-bit number drawn for this seat and tick."""


class Institution(eqx.Module):
    """A rule that binds agents in any world. It sees menus, acts, payoffs and purses, and never a world's state.

    It may narrow what is legal or who is asked and add questions of its own; it never moves a norm scale.
    """

    version: ClassVar[int] = 1
    kind: ClassVar[RuleKind]
    needs_scale: ClassVar[bool] = False
    """Whether it does nothing in a world without norm scales."""

    def begin(self, seats: Seats) -> Memory:
        """The rule's memory at tick 0."""
        return ()

    def permit(self, memory: Memory, seats: Seats, menu: Menu) -> Menu:
        """The menu under the rule."""
        return menu

    def bind(self, memory: Memory, offer: Offer, acts: Acts, key: Key) -> Bound:
        """The acts as the world will see them."""
        return Bound(acts, memory)

    def settle(self, memory: Memory, tick: Tick, key: Key) -> Ruling:
        """Payoffs, what is told, who sits where, after the world has stepped."""
        return Ruling(memory, tick.payoff)

    def describe(self, memory: Memory) -> str:
        """The rule in force, in words, the same for every seat (host only)."""
        return ""

    def tell(self, public: PyTree[Any], agent: int) -> str:
        """What `settle` told one seat, in words, from that seat's row (host only)."""
        return ""


class RuleAround(Institution):
    """A rule that holds a rule and changes its rulings alone: memory, menu and acts are those of the rule inside."""

    inner: Institution = Institution()
    """The rule inside; by default one that does nothing."""

    def begin(self, seats: Seats) -> Memory:
        """The memory of the rule inside."""
        return self.inner.begin(seats)

    def permit(self, memory: Memory, seats: Seats, menu: Menu) -> Menu:
        """The menu under the rule inside."""
        return self.inner.permit(memory, seats, menu)

    def bind(self, memory: Memory, offer: Offer, acts: Acts, key: Key) -> Bound:
        """The acts as the rule inside binds them."""
        return self.inner.bind(memory, offer, acts, key)

    def tell(self, public: PyTree[Any], agent: int) -> str:
        """What the rule inside told one seat."""
        return self.inner.tell(public, agent)


class Channel(eqx.Module):
    """Who hears whom, and what is lost on the way."""

    version: ClassVar[int] = 1

    @abc.abstractmethod
    def begin(self, seats: Seats) -> Memory:
        """The channel's memory at tick 0."""

    @abc.abstractmethod
    def permit(self, memory: Memory, seats: Seats, menu: Menu) -> Menu:
        """The menu with what can be said."""

    @abc.abstractmethod
    def deliver(self, memory: Memory, tick: Tick, key: Key) -> Delivery:
        """What each seat hears of what was said."""

    @abc.abstractmethod
    def describe(self, inbox: PyTree[Any], agent: int, texts: tuple[str, ...]) -> str:
        """What one seat heard, in words; `texts` is the text table, in handle order (host only)."""

    @property
    def phrases(self) -> tuple[str, ...]:
        """Fixed phrases: the first handles of the text table."""
        return ()


Readings = dict[str, NDArray[np.int64]]
"""Integers tick by tick, [t], by name; of an end metric, [1]."""

Seen = Mapping[str, NDArray[Any]]
"""What log metrics asked to be kept, [t, ...], by name."""


class Metric(eqx.Module):
    """A measurement: whole numbers read inside the run, one value a trial computed from them in float64."""

    version: ClassVar[int] = 1
    unit: ClassVar[str]
    """Unit of the value; `1` for a pure number."""
    low: ClassVar[float]
    """Smallest possible value."""
    high: ClassVar[float]
    """Largest possible value."""
    source: ClassVar[str]
    """Where the definition comes from."""
    null: ClassVar[str]
    """What the value is where nothing is going on: the null model it is read against."""
    needs: ClassVar[tuple[type, ...]] = ()
    """Kinds of facts it reads; the plan refuses a world that lacks them."""

    @property
    def across(self) -> tuple[str, ...]:
        """Metrics of the study that it is reckoned from, over the trials of a cell; none: it is a trial's own."""
        return ()


class TickMetric(Metric):
    """A metric that is read every tick."""

    @abc.abstractmethod
    def read(self, tick: Tick) -> Named[Total]:
        """Whole-number readings of one tick (64 bits): numerators and denominators; `value` gets them as [t]."""

    @abc.abstractmethod
    def value(self, readings: Readings) -> float:
        """The trial's value, from what `read` returned."""


class EndMetric(Metric):
    """A metric of how a trial ends, read once after the last tick."""

    @abc.abstractmethod
    def read(self, end: End) -> Named[Total]:
        """Whole-number readings (64 bits); `value` gets them as [1]."""

    @abc.abstractmethod
    def value(self, readings: Readings) -> float:
        """The trial's value, from what `read` returned."""


class LogMetric(Metric):
    """A metric of a whole trial's log: what it asks for is kept while the trial runs, and let go when it is measured.

    Of two metrics that ask for something of one name, one is asked; those with the same `gather` share what it makes.
    """

    @abc.abstractmethod
    def watch(self, tick: Tick) -> Named[Array]:
        """What of a tick is kept: whole numbers of any shape."""

    @abc.abstractmethod
    def gather(self, seen: Seen, texts: tuple[str, ...]) -> Any:
        """The log that is measured, from what was kept, [t, ...] by name, and the trial's text table."""

    @abc.abstractmethod
    def measure(self, log: Any) -> float:
        """The trial's value; NaN where there is none."""


class NoChannel(Channel):
    """Nobody can say anything."""

    def begin(self, seats: Seats) -> Memory:
        """Nothing to remember."""
        return ()

    def permit(self, memory: Memory, seats: Seats, menu: Menu) -> Menu:
        """The menu unchanged."""
        return menu

    def deliver(self, memory: Memory, tick: Tick, key: Key) -> Delivery:
        """Nothing."""
        return Delivery((), ())

    def describe(self, inbox: PyTree[Any], agent: int, texts: tuple[str, ...]) -> str:
        """Nothing."""
        return ""
