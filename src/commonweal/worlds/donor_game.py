"""The donor game: who is donor for a round may give some of what it owns, and a multiple of that reaches its recipient.

The dilemma: a donation costs the donor d and brings the recipient m d, and it is never returned by the one who got it.

    donor      r' = r - d - x                     0 <= d, d + x <= r
    recipient  r' = max(0, r + m d - k x)         x: what the donor spends on punishing, k = `removal`

Seats stand in two halves, by turns, and a game is a round robin of one half with the other: with h seats a half and
rounds t = 0, 1, ... place i of the first half meets place i + s(t) mod h of the second one, and the donors are the half a(t):

    alternating   a = t mod 2                                s = floor(t / 2) + a floor(h / 2)
    notebook      a = (t mod h) mod 2, other way from t = h on    s = t mod h
    random        each round all seats are paired anew, and one of each pair gives

`alternating` is what the paper says: roles alternate strictly, and in 2 h rounds everybody has met everybody of the other half
once as donor, once as recipient. `notebook` is the order of its reference notebook, in which one half gives twice running in
the middle (rounds 6 and 7 of 12). With all donated, twelve seats end with 10 (1 + m) / 2 m^11 tokens on average where roles
alternate, 30,720 at m = 2, and with half of that in the order of the notebook.

After `rounds` rounds a game ends, resources and traces begin anew, and seats are put in another order. With `twice` the order
is kept for a second game, in which the other half begins: the paper plays each generation twice, as else whoever gives in the
last round ends with less for that alone. Resources are what a purse holds beyond what earlier games left in it, so what a rule
takes is no more there to be given.

Units: a token is 128 ledger units, in which half of a half ... of 10 tokens stays whole for six rounds of giving. Donations are
whole units, their multiples are rounded down; an amount above 2^24 units is offered to 24 binary digits. No purse grows beyond
2^31 - 1 units. A tick is a round. The norm scale of `donate` is the donated share of what may be donated: as m > 1, all of it
serves the others best.

Source: A. Vallinder and E. Hughes, "Cultural evolution of cooperation among LLM agents", arXiv 2412.10270 (2024); the game of
cost c and benefit b between random pairs after M. Nowak and K. Sigmund, "Evolution of indirect reciprocity by image scoring",
Nature 393 (1998).
"""

from __future__ import annotations

from typing import ClassVar, Literal

import equinox as eqx
import jax
import jax.core
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int32, Int64

from commonweal.core.arrays import Flags, Index, Units, flag, real, whole
from commonweal.core.branches import apart
from commonweal.core.errors import StudyError
from commonweal.core.menu import Acts, Menu
from commonweal.core.named import Named
from commonweal.core.numbers import ONE_LEVEL, Total, total
from commonweal.core.parts import World
from commonweal.core.questions import Amount, Question, Scale
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.core.views import Observation, Outcome, Start, Told, View

Schedule = Literal["alternating", "notebook", "random"]
_SCHEDULES = ("alternating", "notebook", "random")
UNITS = 128
"""Ledger units in a token."""
TRACE = 3
"""How many donations back a trace goes at most."""
_MOST = 2**31 - 1
_NOBODY = -1
_ROLES = ("nobody", "donor", "recipient")


class Pairs(eqx.Module):
    """Who meets whom in a round."""

    partner: Index
    """The seat that each seat meets; -1: none."""
    donor: Flags
    """Whether it is the one that may give."""


class DonorGameState(eqx.Module):
    """How a game stands."""

    round: Int32[Array, ""]
    """Rounds played in this game."""
    second: Bool[Array, ""]
    """Whether it is the second game of its generation, in which the other half begins."""
    order: Index
    """The seat at each place."""
    place: Index
    """The place of each seat."""
    left: Units
    """What earlier games left in each purse, ledger units; not yet known before the first round."""
    chain: Int32[Array, "a 3"]
    """The share, of 2^16, that each seat last gave, that its recipient had last given before, and that one's; -1: none."""


class DonorGameFacts(eqx.Module):
    """What happened in one round."""

    donated: Total
    """Ledger units that donors gave, all together."""
    able: Total
    """Ledger units that they might have given."""
    resources: Total
    """Ledger units that all seats owned in this game, before the round."""
    target: Index
    """Whom each donor met; -1 for who was no donor."""
    coming: Index
    """Whom each seat that is a donor in the next round will meet; -1 for all others."""


class DonorGame(World):
    """The donor game for any number of seats; of an odd number, one sits out.

    Raises:
        StudyError: an unknown schedule, or a number out of range.

    Source: Vallinder and Hughes, arXiv 2412.10270 (2024).
    """

    units_per_token: ClassVar[int] = UNITS

    endowment: Int32[Array, ""] = eqx.field(converter=whole, default=10 * UNITS)
    """What each seat owns at the start of a game, ledger units, at least 0. The paper: 10 tokens."""
    multiplier: Float[Array, ""] = eqx.field(converter=real, default=2.0)
    """What the recipient gets for each unit given, m, 0 to 1,000, to the nearest millionth. The paper: 2."""
    rounds: Int32[Array, ""] = eqx.field(converter=whole, default=12)
    """Rounds in a game, at least 0; 0: it never ends. The paper: 12."""
    twice: Bool[Array, ""] = eqx.field(converter=flag, default=False)
    """Whether each generation plays twice, in one order, the other half beginning. The paper: true."""
    trace: Int32[Array, ""] = eqx.field(converter=whole, default=TRACE)
    """How many donations back a donor is shown, 0 to 3: its recipient's last, that one's recipient's before, and so on."""
    stake: Int32[Array, ""] = eqx.field(converter=whole, default=0)
    """The most that may be donated in a round, ledger units, at least 0; 0: all that one owns."""
    removal: Float[Array, ""] = eqx.field(converter=real, default=2.0)
    """What a recipient loses for each unit spent on punishing it, k, 0 to 1,000. The paper: 2."""
    schedule: Schedule = eqx.field(static=True, default="alternating")
    """Who meets whom, and who gives."""
    punishable: bool = eqx.field(static=True, default=False)
    """Whether donors may also punish."""

    @classmethod
    def binary(cls, benefit: int, cost: int = 1, endowment: int = 1 << 20) -> DonorGame:
        """The donation game between random pairs: helping costs `cost` units and brings the recipient `benefit`.

        At `cost` 1 a seat either helps or does not; above, minds of norm level 0 or 1 do. The game never ends, and no
        trace is shown: what is known of others a rule tells.

        Raises:
            StudyError: not benefit > cost > 0, so that it is no dilemma.

        Source: Nowak and Sigmund, Nature 393 (1998).
        """
        if not benefit > cost > 0:
            raise StudyError(f"a donation of benefit {benefit} at cost {cost}; expected benefit > cost > 0")
        return cls(endowment, benefit / cost, rounds=0, trace=0, stake=cost, schedule="random")

    def __check_init__(self) -> None:
        """Refuse numbers out of range."""
        if self.schedule not in _SCHEDULES:
            raise StudyError(f"a donor game with schedule {self.schedule!r}; expected one of {', '.join(_SCHEDULES)}")
        units = [(name, getattr(self, name), _MOST) for name in ("endowment", "rounds", "stake")]
        for name, value, top in (
            *units,
            ("trace", self.trace, TRACE),
            ("multiplier", self.multiplier, 1000),
            ("removal", self.removal, 1000),
        ):
            if not isinstance(value, jax.core.Tracer) and not bool(((value >= 0) & (value <= top)).all()):
                raise StudyError(f"a donor game with {name} = {value.tolist()}; expected a number from 0 to {top}")

    def reset(self, key: Key, seats: Seats) -> Start:
        """The endowment in every purse, seats in their own order, no trace."""
        n = seats.n
        own = jnp.arange(n, dtype=jnp.int32)
        none = jnp.full((n, TRACE), -1, jnp.int32)
        state = DonorGameState(jnp.zeros((), jnp.int32), jnp.zeros((), bool), own, own, jnp.zeros(n, jnp.int32), none)
        return Start(state, jnp.full(n, self.endowment))

    def pairs(self, state: DonorGameState) -> Pairs:
        """Who meets whom in the round to come."""
        half = state.order.shape[0] // 2
        if half == 0:
            return Pairs(jnp.full_like(state.place, _NOBODY), jnp.zeros(state.place.shape, bool))
        giving, shift = _turn(self.schedule, state.round, half)
        giving = giving ^ state.second.astype(jnp.int32)
        side, index = state.place % 2, state.place // 2
        across = jnp.where(side == 0, index + shift, index - shift) % half
        partner = state.order[2 * across + 1 - side]
        paired = state.place < 2 * half
        return Pairs(jnp.where(paired, partner, _NOBODY), paired & (side == giving))

    def resources(self, state: DonorGameState, purse: Units) -> Units:
        """What each seat owns in this game, [a] ledger units, at least 0."""
        return jnp.maximum(purse - self._left(state, purse), 0)

    def most(self, resources: Units) -> Units:
        """The most that may be donated out of this much, [a] ledger units: to 24 binary digits, which floats hold too."""
        able = jnp.where(self.stake > 0, jnp.minimum(resources, self.stake), resources)
        spare = jnp.maximum(8 - jax.lax.clz(able), 0)
        return (able >> spare) << spare

    def _left(self, state: DonorGameState, purse: Units) -> Units:
        """What earlier games left: at the start of one, all but the endowment that it begins with."""
        return jnp.where(state.round == 0, purse - self.endowment, state.left)

    def observe(self, state: DonorGameState, seats: Seats, purse: Units) -> Observation:
        """Own role and resources, the partner, its resources, and its trace; told: the share that it last gave."""
        pairs, own = self.pairs(state), self.resources(state, purse)
        met = jnp.maximum(pairs.partner, 0)
        shown = (pairs.donor[:, None]) & (jnp.arange(TRACE) < self.trace)
        trace = jnp.where(shown, state.chain[met], -1)
        role = jnp.where(pairs.partner < 0, 0, jnp.where(pairs.donor, 1, 2)).astype(jnp.int32)
        seen = Named.of(
            ("role", role),
            ("resources", own),
            ("partner", pairs.partner),
            ("partner's resources", jnp.where(pairs.partner < 0, 0, own[met])),
            ("trace", trace),
        )
        last = trace[:, 0]
        return Observation(seen, Told(jnp.maximum(last, 0).astype(jnp.float32) / jnp.float32(ONE_LEVEL), last >= 0))

    def menu(self, state: DonorGameState, seats: Seats, purse: Units) -> Menu:
        """How much to donate, and where that is possible how much to spend on punishing: donors who own something."""
        own = self.resources(state, purse)
        most, none = self.most(own), jnp.zeros_like(own)
        asked = self.pairs(state).donor & (most > 0)
        donate = Amount(asked, none, most, Scale(most.astype(jnp.float32), taking=False), unit="units to your recipient")
        questions: list[tuple[str, Question]] = [("donate", donate)]
        if self.punishable:
            questions.append(("punish", Amount(asked, none, own, unit="units spent on punishing your recipient")))
        return Named.of(*questions)

    def step(self, state: DonorGameState, seats: Seats, acts: Acts, purse: Units, key: Key) -> Outcome:
        """Donors give and punish; at the end of a game all begins anew."""
        pairs, own = self.pairs(state), self.resources(state, purse)
        most = self.most(own)
        gave = jnp.where(pairs.donor, jnp.clip(acts["donate"], 0, most), 0)
        spent = jnp.zeros_like(gave)
        if self.punishable:
            spent = jnp.where(pairs.donor, jnp.clip(acts["punish"], 0, own - gave), 0)
        met = jnp.maximum(pairs.partner, 0)
        hit = (pairs.partner >= 0) & ~pairs.donor
        with jax.enable_x64(True):
            reached, removed = (
                jnp.where(hit, (amount.astype(jnp.int64) * _millionths(factor) // 1_000_000)[met], 0)
                for amount, factor in ((gave, self.multiplier), (spent, self.removal))
            )
            then = jnp.maximum(own.astype(jnp.int64) + reached - removed, 0)
            room = _MOST - purse.astype(jnp.int64)
            change = jnp.minimum(then - own.astype(jnp.int64), room).astype(jnp.int32) - gave - spent
        asked = pairs.donor & (most > 0)
        chain = _passed_on(state.chain, met, asked, gave, most)
        after = self._next(state, chain, self._left(state, purse), key)
        coming = self.pairs(after)
        facts = DonorGameFacts(
            donated=total(gave),
            able=total(jnp.where(asked, most, 0)),
            resources=total(own),
            target=jnp.where(pairs.donor, pairs.partner, _NOBODY),
            coming=jnp.where(coming.donor, coming.partner, _NOBODY),
        )
        return Outcome(after, change, facts)

    def _next(self, state: DonorGameState, chain: Int32[Array, "a 3"], left: Units, key: Key) -> DonorGameState:
        """The next round, or the first one of the next game."""
        over = (self.rounds > 0) & (state.round + 1 >= self.rounds)
        again = over & self.twice & ~state.second
        moved: Bool[Array, ""] = jnp.ones((), bool) if self.schedule == "random" else over & ~again
        drawn = apart(key.child("order").order(state.order.shape[0]), (key.first | 1) > 0)
        order = jnp.where(moved, drawn, state.order)
        place = jnp.zeros_like(order).at[order].set(jnp.arange(order.shape[0], dtype=jnp.int32))
        second = jnp.where(over, again, state.second)
        return DonorGameState(jnp.where(over, 0, state.round + 1), second, order, place, left, jnp.where(over, -1, chain))

    def rules(self) -> str:
        """The situation in words."""
        limit = f", at most {int(self.stake)} units" if int(self.stake) > 0 else ""
        words = (
            f"Everyone owns {int(self.endowment)} units at first. Each round half of you are donors, each paired with a "
            f"recipient. A donor may give any part of what it owns{limit}; the recipient gets {float(self.multiplier):g} times "
            "what is given. Pairs change every round."
        )
        if self.punishable:
            words += (
                f" A donor may also spend units on punishing: for each one spent the recipient loses {float(self.removal):g}, "
                "down to nothing."
            )
        if int(self.rounds) > 0:
            words += f" This goes on for {int(self.rounds)} rounds, after which everyone begins anew."
        return words

    def describe(self, view: View, agent: int) -> str:
        """The seat's role, what it owns, and what is known of its partner, in words."""
        seen = view.seen
        own, partner = int(seen["resources"][agent]), int(seen["partner"][agent])
        theirs = int(seen["partner's resources"][agent])
        role = _ROLES[int(seen["role"][agent])]
        if partner < 0:
            return f"You sit out this round. You own {own} units."
        words = f"This round you are the {role}. You own {own} units. "
        words += f"Your {'recipient' if role == 'donor' else 'donor'}, player {partner}, owns {theirs} units."
        shares = [int(share) for share in seen["trace"][agent].tolist() if share >= 0]
        who = ("Your recipient", "Its recipient, the time before,", "That one's recipient, the time before,")
        for name, share in zip(who, shares, strict=False):
            words += f" {name} gave {100 * share / ONE_LEVEL:.0f} % of what it could."
        return words


def _turn(schedule: Schedule, round_: Int32[Array, ""], half: int) -> tuple[Int32[Array, ""], Int32[Array, ""]]:
    """Which half gives in a round, 0 or 1, and by how many places the halves are shifted."""
    if schedule == "random":
        return jnp.zeros_like(round_), jnp.zeros_like(round_)
    if schedule == "alternating":
        giving = round_ % 2
        return giving, (round_ // 2 + giving * (half // 2)) % half
    return ((round_ % half) + round_ // half) % 2, round_ % half


def _passed_on(chain: Int32[Array, "a 3"], met: Index, asked: Flags, gave: Units, most: Units) -> Int32[Array, "a 3"]:
    """The traces after a round: who gave puts its share before what its recipient's trace was."""
    with jax.enable_x64(True):
        share = (gave.astype(jnp.int64) * ONE_LEVEL // jnp.maximum(most.astype(jnp.int64), 1)).astype(jnp.int32)
    return jnp.where(asked[:, None], jnp.concatenate([share[:, None], chain[met][:, :-1]], 1), chain)


def _millionths(value: Float[Array, ""]) -> Int64[Array, ""]:
    """A factor in whole millionths. In 64-bit mode only."""
    return jnp.round(value.astype(jnp.float64) * 1e6).astype(jnp.int64)
