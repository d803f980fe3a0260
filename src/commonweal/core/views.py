"""What passes between the engine and the parts: values with names, never tuples of look-alikes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Int32, PyTree

from commonweal.core.arrays import Contacts, Flags, Index, Levels, PackedActs, Units
from commonweal.core.menu import Acts, Menu
from commonweal.core.named import Named
from commonweal.core.numbers import Total, nothing
from commonweal.core.seats import Links, Seats

Memory = PyTree[Any]
"""What a part remembers: a pytree; of a mind, every leaf [a, ...]."""


class Told(eqx.Module):
    """What each seat is told of what others did last tick: the one way in which minds learn of it."""

    level: Levels
    """Mean norm level of those it is told of."""
    known: Flags
    """Whether it is told anything."""
    contacts: PackedActs | None = None
    """Bit j: what its j-th contact did to it; None where acts are not told contact by contact."""
    mine: PackedActs | None = None
    """Bit j: what it did to its j-th contact."""


class Fined(eqx.Module):
    """What each seat was fined last tick by a rule: how minds learn of sanctions."""

    amount: Units
    """Ledger units, at least 0."""


class Start(eqx.Module):
    """How a trial of a world begins."""

    state: PyTree[Any]
    """The world's state."""
    endowment: Units
    """What each seat's purse holds at first."""


class Observation(eqx.Module):
    """What the world lets each seat see."""

    seen: Named[Array]
    """Named leaves [a, ...]: row i is what seat i sees."""
    told: Told | None = None
    """What the world's own rules show of others' acts; None: nothing."""


class View(eqx.Module):
    """All that seats are offered at a tick: row i is for seat i alone, the same for every kind of mind."""

    seen: Named[Array]
    """What the world shows."""
    told: Told | None
    """What is told of others' last acts, by the world or a rule; the latest rule to tell replaces the others."""
    inbox: PyTree[Any]
    """What the channel delivered, leaves [a, ...]."""
    public: Named[PyTree[Any]]
    """What each rule tells, by the rule's name, leaves [a, ...]."""
    menu: Menu
    """What may be done."""
    payoff: Units
    """Own payoff of the last tick, after rules."""
    fined: Units
    """Own fines of the last tick, of all rules together: part of `payoff` already."""
    purse: Units
    """Own purse."""
    born: Flags
    """Whether a new mind was seated here at the end of the last tick."""
    contacts: Contacts | None
    """Own contacts."""
    card: Index | None
    """Own public card."""
    tick: Int32[Array, ""]
    """The tick, from 0."""


class Decision(eqx.Module):
    """What minds answer: only the questions they mean to answer; the rest get the default."""

    acts: Acts
    """Answers [a, ...] by question."""
    memory: Memory
    """What they remember next."""


class Offer(eqx.Module):
    """What a rule sees before the world steps."""

    seats: Seats
    menu: Menu
    purse: Units
    answered: Named[Flags]
    """Who answered which question legally (else the act is the default)."""
    tick: Int32[Array, ""]


class Bound(eqx.Module):
    """What a rule makes of the acts before the world steps."""

    acts: Acts
    memory: Memory


class Outcome(eqx.Module):
    """What a world makes of the acts."""

    state: PyTree[Any]
    payoff: Units
    """What the world pays each seat, in ledger units; may be negative."""
    facts: Any
    """The world's facts of the tick: an instance of its Facts class."""


class Tick(eqx.Module):
    """One finished tick, as rules, channels and metrics see it."""

    tick: Int32[Array, ""]
    seats: Seats
    menu: Menu
    chosen: Acts
    """What the minds chose."""
    bound: Acts
    """What the rules made of it: what the world saw."""
    answered: Named[Flags]
    """Who answered which question legally."""
    made: Units
    """What the world paid, before rules."""
    payoff: Units
    """What each seat gets: for a rule, as the rules before it left it."""
    purse: Units
    """Purses before this tick's payoff."""
    facts: Any
    """The world's facts."""
    born: Flags
    """Seats that had a new mind at the start of this tick."""
    tallies: Named[Index] = Named((), ())
    """What minds count of their own decisions, [a] as `mind.name`, 0 in seats of others. Rules must not read it."""
    inbox: PyTree[Any] = None
    """What seats had heard when they decided, leaves [a, ...]: for channels and metrics. Rules must not read it."""


class End(eqx.Module):
    """How a trial stands after its last tick."""

    seats: Seats
    endowment: Units
    """Purses before the first tick."""
    purse: Units
    """Purses now."""


class Ruling(eqx.Module):
    """What a rule decides after the world has stepped."""

    memory: Memory
    payoff: Units
    """Payoffs after the rule."""
    public: PyTree[Any] = None
    """What each seat is told, leaves [a, ...], a Told or a Fined; the same shape every tick."""
    heir: Index | None = None
    """Whose mind (and mind memory) each seat gets: own index stays, j copies seat j, -1 is a newcomer; None: nobody moves."""
    links: Links | None = None
    """New contacts; None: unchanged."""
    groups: Array | None = None
    """New groups; None: unchanged."""
    held: Total = eqx.field(default_factory=nothing)
    """Change of what the rule holds, in ledger units."""
    burnt: Total = eqx.field(default_factory=nothing)
    """What left the society, in ledger units."""


class Delivery(eqx.Module):
    """What a channel delivers."""

    inbox: PyTree[Any]
    """Leaves [a, ...]; handles into the text table are whole numbers, in a field `handle` where there are other leaves too."""
    memory: Memory
    links: Links | None = None
    """New contacts; None: unchanged. No rule of the society may then return any."""


def same_seats(n: int) -> Index:
    """The heirs of a tick in which nobody moves."""
    return jnp.arange(n, dtype=jnp.int32)


# Hosted minds: one row a seat, in Python values.


@dataclass(frozen=True)
class Ask:
    """One question as one seat is asked it, in plain Python."""

    name: str
    kind: str
    """`choice`, `amount` or `say`."""
    options: tuple[str, ...] = ()
    """Of a choice: the legal answers in words, by `labels`."""
    answers: tuple[int, ...] = ()
    """Of a choice: the number of each of `options`."""
    low: float = 0
    high: float = 0
    whole: bool = True
    unit: str = "units"
    words: int = 40
    """Of a say: most tokens."""


@dataclass(frozen=True)
class Words:
    """What one asked seat reads, rendered by the engine."""

    seat: int
    tick: int
    rules: str
    """The world and the rules in force: equal for all seats of a trial."""
    situation: str
    """What the world shows this seat, in words."""
    heard: str
    """What the channel delivered, in words; empty: nothing."""
    ruled: str
    """What rules tell this seat, in words; empty: nothing."""
    memory: tuple[str, ...]
    """What this seat remembers, oldest first."""
    asks: tuple[Ask, ...]
    """What it is asked now."""
    tick_name: str = "round"
    born: bool = False
    """Whether a new mind was seated here at the end of the last tick."""
    contacts: tuple[int, ...] = ()
    """Own contacts by slot, -1 where there is none; empty: no network."""
    mine: tuple[int, ...] = ()
    """What it did to each contact last tick, 1 or 0 by slot; empty where it is not told contact by contact."""
    theirs: tuple[int, ...] = ()
    """What each contact did to it, likewise."""


@dataclass(frozen=True)
class Incident:
    """Something that happened while a hosted mind answered: a repair, a default, a refusal."""

    kind: str
    """`repair`, `default`, `refused`."""
    question: str
    words: str


@dataclass(frozen=True)
class HostedDecision:
    """What a hosted mind answers for one seat."""

    acts: Mapping[str, int | float | str]
    """Answers by question: a choice's number, an amount, or text; what is left out gets the default."""
    remember: tuple[str, ...] = ()
    """What the seat remembers next, oldest first; at most the mind's `slots`."""
    incidents: tuple[Incident, ...] = ()
    calls: int = 0
    prompt_tokens: int = 0
    new_tokens: int = 0
    seconds: float = field(default=0.0, compare=False)
