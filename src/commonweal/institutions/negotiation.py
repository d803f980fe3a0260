"""Alternating offers: two sides share out a fund that melts as long as they do not agree.

Seats 2i and 2i + 1 are the two sides of a game (a last seat without a partner has none). Where no game is on, and every `every`
ticks, each of a pair that can both pay puts `stake` units into a fund, and a lot decides who moves first. At each tick
one side moves, in turns: it accepts the offer that stands, or asks for a share of the fund as it then is, or says nothing.

    accepted    the side that asked gets floor(share fund), the other the rest
    refused     fund' = floor(patience fund), the rest is burnt; the first move of a game refuses nothing
    after `turns` moves that could ask, the last offer can be accepted or not; if not, the fund is burnt

An agreement is binding with probability `binds`, drawn when it is made: then all is paid as agreed. Else it was cheap talk: at
the next tick each side takes a share of its own choice, by default what was agreed,

    both get what they take if together it is no more than the fund, the rest is burnt; else all of it is burnt

so that an agreement keeps itself: who takes more than was agreed, from one that takes its part, gets nothing.

At stake 0 there is no game. With whole shares and patience d, the perfect equilibrium gives who moves first
(1 - (-d)^turns) / (1 + d) of the fund, 1 / (1 + d) without an end. Units: ledger units, ticks.

Source: A. Rubinstein, "Perfect equilibrium in a bargaining model", Econometrica 50 (1982); with an end, I. Ståhl, Bargaining
Theory (1972); the demand game: J. Nash, "Two-person cooperative games", Econometrica 21 (1953); talk before it: J. Farrell and
M. Rabin, Journal of Economic Perspectives 10 (1996).
"""

from __future__ import annotations

from typing import Any, ClassVar

import equinox as eqx
import jax.core
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int32, PyTree

from commonweal.core.arrays import Index, Units, real, whole
from commonweal.core.ballots import going_on
from commonweal.core.errors import StudyError
from commonweal.core.menu import Menu
from commonweal.core.numbers import difference, share_of, total
from commonweal.core.parts import Institution, RuleKind
from commonweal.core.questions import Choice
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.core.views import Ruling, Tick

_MOST = 1 << 29
TENTHS = tuple(tenth / 10 for tenth in range(1, 10))
NO_OFFER = -1


class Games(eqx.Module):
    """What is on the table, one row a pair."""

    fund: Int32[Array, "p"]
    """What is left to share out, ledger units; 0: no game is on."""
    turn: Int32[Array, "p"]
    """Moves so far."""
    first: Int32[Array, "p"]
    """Which side moved first: 0 the lower seat, 1 the higher."""
    offer: Int32[Array, "p"]
    """Which share is asked for by who does not move now; -1: none."""
    tick: Int32[Array, ""]
    """Ticks so far."""
    agreed: Int32[Array, "p"]
    """What the lower seat was to get by an agreement that does not bind, ledger units; -1: there is none."""


class Table(eqx.Module):
    """What each seat is told of its game."""

    fund: Units
    """What is left to share out, ledger units; 0: no game is on."""
    turn: Index
    """Moves so far."""
    moves: Index
    """1: it is this seat's move; else 0."""
    offered: Index
    """The share that the other side asks for, as the number of the share, from 1 on; 0: no offer stands."""
    agreed: Units
    """What it was to get by an agreement that does not bind, ledger units, and one more; 0: there is none."""


class AlternatingOffers(Institution):
    """Pairs bargain over a fund that they paid into.

    Raises:
        StudyError: a number is out of range.

    Source: Rubinstein, Econometrica 50 (1982).
    """

    kind: ClassVar[RuleKind] = RuleKind.AGGREGATION

    stake: Int32[Array, ""] = eqx.field(converter=whole, default=0)
    """What each side pays into the fund, ledger units, 0 (there is no game) to 2^29."""
    patience: Float[Array, ""] = eqx.field(converter=real, default=0.9)
    """Share of the fund that is left after a refusal, 0 to 1, read to the nearest millionth."""
    turns: Int32[Array, ""] = eqx.field(converter=whole, default=8)
    """Moves that can ask, at least 1; one more can only accept."""
    every: int = eqx.field(static=True, default=1)
    """Ticks from one time that games begin to the next, at least 1."""
    shares: tuple[float, ...] = eqx.field(static=True, default=TENTHS)
    """Shares of the fund that can be asked for, 0 to 1: answers 2, 3, ..."""
    bargain: str = eqx.field(static=True, default="bargain")
    """Name of the question; that of what to take is made of it."""
    binds: Float[Array, ""] = eqx.field(converter=real, default=1.0)
    """Probability that an agreement is binding, 0 (all is cheap talk) to 1."""

    def __check_init__(self) -> None:
        """Refuse numbers out of range."""
        if self.every < 1 or not self.shares or any(not 0.0 <= share <= 1.0 for share in self.shares):
            raise StudyError(
                f"bargaining every {self.every} ticks for shares {self.shares}; expected 1 tick or more, shares 0 to 1"
            )
        ranges = (("stake", self.stake, 0, _MOST), ("patience", self.patience, 0, 1), ("turns", self.turns, 1, 2**31 - 2))
        for name, value, low, top in (*ranges, ("binds", self.binds, 0, 1)):
            if not isinstance(value, jax.core.Tracer) and not bool(((value >= low) & (value <= top)).all()):
                raise StudyError(f"bargaining with {name} = {value.tolist()}; expected a number from {low} to {top}")

    def begin(self, seats: Seats) -> Games:
        """No game is on."""
        none = jnp.zeros(seats.n // 2, jnp.int32)
        return Games(none, none, none, none + NO_OFFER, jnp.zeros((), jnp.int32), none + NO_OFFER)

    @property
    def words(self) -> tuple[str, ...]:
        """The answers: to say nothing, to accept, or to ask for a share."""
        return (
            "Keep things as they are: say nothing",
            "Accept the offer",
            *(f"Ask for {s:g} of the fund" for s in self.shares),
        )

    @property
    def takings(self) -> tuple[str, ...]:
        """The answers where an agreement does not bind."""
        return ("Keep things as they are: take what was agreed", *(f"Take {s:g} of the fund" for s in self.shares))

    @property
    def demand(self) -> str:
        """Name of the question what to take."""
        return f"{self.bargain}_demand"

    def _moves(self, memory: Games, n: int) -> Bool[Array, "a"]:
        """Whose move it is."""
        side = (memory.first + memory.turn) % 2
        own = ((memory.fund > 0) & (memory.agreed < 0))[:, None] & (jnp.arange(2) == side[:, None])
        return jnp.concatenate([own.reshape(-1), jnp.zeros(n % 2, bool)])

    def permit(self, memory: Games, seats: Seats, menu: Menu) -> Menu:
        """The menu with the question to whoever moves."""
        moves = self._moves(memory, seats.n)
        accepts = _by_seat(memory.offer >= 0, seats.n)
        asks = _by_seat(memory.turn < self.turns, seats.n)
        legal = jnp.stack([jnp.ones_like(accepts), accepts, *([asks] * len(self.shares))], axis=1)
        menu = menu.add(self.bargain, Choice(moves, self.words, legal=legal))
        return menu.add(self.demand, Choice(_by_seat(memory.agreed >= 0, seats.n), self.takings))

    def settle(self, memory: Games, tick: Tick, key: Key) -> Ruling:
        """Make the moves, pay what was agreed, and begin new games."""
        n, pairs = tick.seats.n, tick.seats.n // 2
        answered = _by_pair(tick.answered[self.bargain], pairs)
        answer = jnp.where(answered, _by_pair(tick.bound[self.bargain], pairs), 0).max(1)
        takes = memory.agreed >= 0
        on, side = (memory.fund > 0) & ~takes, (memory.first + memory.turn) % 2
        agreed = on & (answer == 1) & (memory.offer >= 0)
        asker = share_of(memory.fund, jnp.asarray(self.shares, jnp.float32)[jnp.maximum(memory.offer, 0)])
        # The mover accepts, so that the share asked for goes to the other side.
        lower = jnp.where(side == 0, memory.fund - asker, asker)
        talk = agreed & ~key.child("binds").chance(self.binds, pairs)
        paid = jnp.where((agreed & ~talk)[:, None], jnp.stack([lower, memory.fund - lower], 1), 0)
        paid = jnp.where(takes[:, None], self._taken(memory, tick), paid)
        over = takes | (on & ~agreed & (memory.turn >= self.turns)) | (agreed & ~talk)
        melts = on & ~agreed & (memory.turn > 0)
        fund = jnp.where(over, 0, jnp.where(melts, share_of(memory.fund, self.patience), memory.fund))
        lost = memory.fund - fund - paid.sum(1)
        offer = jnp.where(answer >= 2, answer - 2, NO_OFFER)
        able = _by_pair(tick.purse + tick.payoff >= self.stake, pairs).all(1)
        due = (memory.tick % self.every == 0) & self._goes_on(tick.menu) & (self.stake > 0)
        begins = due & (memory.fund == 0) & able
        first = jnp.where(begins, key.child("first").below(2, pairs), memory.first)
        after = Games(
            jnp.where(begins, 2 * self.stake, fund),
            jnp.where(begins | (fund == 0), 0, memory.turn + 1),
            first,
            jnp.where(begins | (fund == 0), NO_OFFER, offer),
            memory.tick + 1,
            jnp.where(talk, lower, NO_OFFER),
        )
        change = paid - jnp.where(begins, self.stake, 0)[:, None]
        payoff = tick.payoff + jnp.concatenate([change.reshape(-1), jnp.zeros(n % 2, jnp.int32)])
        held = difference(total(after.fund), total(memory.fund))
        return Ruling(after, payoff, public=self.told(after, n), held=held, burnt=total(lost))

    def _taken(self, memory: Games, tick: Tick) -> Int32[Array, "p 2"]:
        """What both sides get where each takes a share of its own choice: nothing, if together it is more than there is."""
        pairs = memory.fund.shape[0]
        given = jnp.where(_by_pair(tick.answered[self.demand], pairs), _by_pair(tick.bound[self.demand], pairs), 0)
        shares = jnp.asarray(self.shares, jnp.float32)[jnp.maximum(given - 1, 0)]
        wanted = share_of(jnp.stack([memory.fund, memory.fund], 1), shares)
        wanted = jnp.where(given > 0, wanted, jnp.stack([memory.agreed, memory.fund - memory.agreed], 1))
        return jnp.where((wanted[:, 0] <= memory.fund - wanted[:, 1])[:, None], wanted, 0)

    def _goes_on(self, menu: Menu) -> Bool[Array, ""]:
        """Whether anybody is asked anything but to bargain."""
        rest = [(name, question) for name, question in menu.items() if name not in (self.bargain, self.demand)]
        return going_on(type(menu).of(*rest))

    def told(self, memory: Games, n: int) -> Table:
        """What n seats are told of their games."""
        moves = self._moves(memory, n)
        return Table(
            _by_seat(memory.fund, n),
            _by_seat(memory.turn, n),
            moves.astype(jnp.int32),
            jnp.where(moves, _by_seat(memory.offer + 1, n), 0),
            self._due(memory, n),
        )

    def _due(self, memory: Games, n: int) -> Units:
        """What each of n seats was to get by an agreement that does not bind, and one more; 0 where there is none."""
        own = jnp.stack([memory.agreed, memory.fund - memory.agreed], 1) + 1
        return jnp.concatenate([jnp.where((memory.agreed >= 0)[:, None], own, 0).reshape(-1), jnp.zeros(n % 2, jnp.int32)])

    def describe(self, memory: Games) -> str:
        """How it is bargained; empty where there is no game."""
        stake = int(self.stake)
        if stake == 0:
            return ""
        return (
            f"Seats 0 and 1, 2 and 3, and so on bargain in pairs. Where both can, each of the two pays {stake} units into a "
            "fund. Then one after the other accepts what the other asks for, or asks for a share itself. Each refusal leaves "
            f"{float(self.patience):.4g} of the fund; after {int(self.turns)} offers the last one can only be accepted, or all "
            f"of it is lost.{self._worth()}"
        )

    def _worth(self) -> str:
        """What an agreement is worth, in words; empty where all are binding."""
        binds = float(self.binds)
        if binds == 1.0:
            return ""
        often = (
            "No agreement binds" if binds == 0.0 else f"An agreement binds with probability {binds:.4g}; else it does not bind"
        )
        return (
            f" {often}: in the next round each side then takes from the fund what it likes, and if together you take more "
            "than there is, all of it is lost."
        )

    def tell(self, public: PyTree[Any], agent: int) -> str:
        """What is on this seat's table."""
        fund, offered = int(public.fund[agent]), int(public.offered[agent])
        if fund == 0:
            return ""
        if int(public.agreed[agent]):
            agreed = int(public.agreed[agent]) - 1
            return f"The fund holds {fund} units. You have agreed that you get {agreed} of them; it does not bind."
        if not int(public.moves[agent]):
            return f"The fund you bargain over holds {fund} units; the other side moves."
        words = f"The fund you bargain over holds {fund} units, and it is your move."
        return f"{words} The other side asks for {self.shares[offered - 1]:g} of it for itself." if offered else words


def _by_seat(values: Array, n: int) -> Array:
    """One value a pair, given to both of its seats, [a]; zero for a seat without a partner."""
    return jnp.concatenate([jnp.repeat(values, 2, total_repeat_length=2 * values.shape[0]), jnp.zeros(n % 2, values.dtype)])


def _by_pair(values: Array, pairs: int) -> Array:
    """One value a seat, a row for each pair, [p, 2]."""
    return values[: 2 * pairs].reshape(pairs, 2)
