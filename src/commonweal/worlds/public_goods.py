"""A public good: what each contributes serves everyone in the group, and costs the contributor more than it brings back.

    pi_i = e - c_i + a + share            each period, in tokens
    share = m C / n + r C + v             if C >= P n      C = sum of c over the group, n its members
          = b c_i                         otherwise

with endowment e, allowance a, multiplier m, marginal return r (MPCR), prize v, provision point P a member, refund b. With
P = 0 and v = 0 it is the linear public good, of which the marginal return of a token to its contributor is m / n + r: below
1 nothing is contributed in equilibrium, and above 1 / n in sum (m + r n > 1) everybody is best off where all is. With P > 0
and v > 0 it is the step-level good: equilibria are C = P n with nobody giving more than v, and C = 0 where nobody alone would
provide it.

The group of a seat is the whole society, or with `per_group` the first group that it is a member of; seats in no group
share one of their own. A period is `period` ticks, of which tick `stage` asks for contributions and pays; the others leave
room for the stages of rules. SanctSim: e = 20, a = 20, m = 1.6, purses of 1,000, three stages.

Units: tokens, of 12,600 ledger units each (5 times 2,520, so that 1.6 C / n is whole for up to ten members); the fraction of
a ledger unit that a division leaves is not paid. Parameters that are not whole are read to the nearest millionth, and all is
reckoned in whole numbers of 64 bits. The norm scale of `contribute` is min(1, c / e); with a provision point, min(1, c / P).

Source: R. M. Isaac and J. Walker, "Group size effects in public goods provision", Quarterly Journal of Economics 103 (1988);
step level: M. Bagnoli and B. Lipman, "Provision of public goods", Review of Economic Studies 56 (1989); D. Guzman Piedrahita
et al., "Corrupted by Reasoning" (SanctSim), arXiv 2506.23276 (2025), and its public code.
"""

from __future__ import annotations

from typing import ClassVar

import equinox as eqx
import jax
import jax.core
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int32, Int64

from commonweal.core.arrays import Flags, Index, Levels, Units, flag, real, whole
from commonweal.core.errors import StudyError
from commonweal.core.menu import Acts, Menu
from commonweal.core.named import Named
from commonweal.core.numbers import fixed_levels, mean_level
from commonweal.core.parts import World
from commonweal.core.questions import Amount, Scale
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.core.views import Observation, Outcome, Start, Told, View

TOKEN = 12_600
"""Ledger units in a token: 5 times the least common multiple of 1 to 10."""
_MILLION = 1_000_000


class PublicGoodsState(eqx.Module):
    """Where the period stands, and what was contributed last."""

    tick: Int32[Array, ""]
    level: Levels
    """Mean norm level of the other members of each seat's group, when contributions were last asked for."""
    known: Flags
    """Whether there were any."""
    members: Index
    """How many the group had."""
    contributed: Index
    """What it contributed, tokens."""


class PublicGoodsFacts(eqx.Module):
    """What was contributed in one tick; zeros where contributions were not asked for."""

    contributed: Int32[Array, ""]
    """Tokens, of all seats."""
    givers: Int32[Array, ""]
    """Seats that contributed anything."""
    served: Int32[Array, ""]
    """Seats whose group reached its provision point."""


class Pool(eqx.Module):
    """The group of each seat, by seat."""

    contributed: Int64[Array, "a"]
    """Tokens."""
    members: Int64[Array, "a"]
    rest: Int64[Array, "a"]
    """Fixed-point norm levels of the other members, in sum."""


class PublicGoods(World):
    """A linear or step-level public good.

    Raises:
        StudyError: a number is out of range; with `per_group`, at the start of a trial, the seats have no groups.

    Source: Isaac and Walker, Quarterly Journal of Economics 103 (1988); Bagnoli and Lipman, Review of Economic Studies 56
    (1989).
    """

    units_per_token: ClassVar[int] = TOKEN
    tick_name: ClassVar[str] = "stage"

    multiplier: Float[Array, ""] = eqx.field(converter=real, default=1.6)
    """What a contributed token becomes before it is split among the members, 0 to 1,000. SanctSim: 1.6."""
    mpcr: Float[Array, ""] = eqx.field(converter=real, default=0.0)
    """What a contributed token pays every member besides, whatever their number, 0 to 1,000."""
    provision: Float[Array, ""] = eqx.field(converter=real, default=0.0)
    """Contributions a member, in tokens, below which there is no public good, 0 (there is always one) to the endowment."""
    prize: Int32[Array, ""] = eqx.field(converter=whole, default=0)
    """What the public good pays every member besides, tokens, 0 to 1,000."""
    refund: Bool[Array, ""] = eqx.field(converter=flag, default=False)
    """Whether contributions are given back where the provision point is missed."""
    endowment: Int32[Array, ""] = eqx.field(converter=whole, default=20)
    """Tokens that each seat may contribute or keep, a period, 1 to 1,000. SanctSim: 20."""
    allowance: Int32[Array, ""] = eqx.field(converter=whole, default=0)
    """Tokens that each seat is paid besides, a period, 0 to 1,000. SanctSim: 20, for its stage of sanctions."""
    purse: Int32[Array, ""] = eqx.field(converter=whole, default=0)
    """Tokens in each purse at first, 0 to 100,000. SanctSim: 1,000."""
    per_group: bool = eqx.field(static=True, default=False)
    """Whether each group has its own public good."""
    period: int = eqx.field(static=True, default=1)
    """Ticks in a period, at least 1."""
    stage: int = eqx.field(static=True, default=0)
    """The tick of a period, from 0, in which contributions are asked for."""

    def __check_init__(self) -> None:
        """Refuse numbers out of range."""
        if not 0 <= self.stage < self.period:
            raise StudyError(f"contributions at stage {self.stage} of {self.period}; expected a stage from 0 to period - 1")
        most = self.endowment
        ranges = (
            ("multiplier", self.multiplier, 0, 1000),
            ("mpcr", self.mpcr, 0, 1000),
            ("prize", self.prize, 0, 1000),
            ("endowment", self.endowment, 1, 1000),
            ("allowance", self.allowance, 0, 1000),
            ("purse", self.purse, 0, 100_000),
            ("provision", self.provision, 0, 1000 if isinstance(most, jax.core.Tracer) else most),
        )
        for name, value, low, top in ranges:
            if not isinstance(value, jax.core.Tracer) and not bool(((value >= low) & (value <= top)).all()):
                raise StudyError(f"a public good with {name} = {value.tolist()}; expected a number from {low} to {top}")

    @classmethod
    def sanctsim(cls) -> PublicGoods:
        """The public good of SanctSim: a choice of groups, contributions to one's group, sanctions; three ticks a period."""
        return cls(multiplier=1.6, endowment=20, allowance=20, purse=1000, per_group=True, period=3, stage=1)

    def reset(self, key: Key, seats: Seats) -> Start:
        """Nobody has contributed.

        Raises:
            StudyError: a public good for each group, and no groups.
        """
        if self.per_group and seats.groups is None:
            raise StudyError("a public good for each group was given seats without groups; expected Seating(..., groups=...)")
        zero = jnp.zeros(seats.n, jnp.int32)
        state = PublicGoodsState(jnp.zeros((), jnp.int32), zero.astype(jnp.float32), zero > 0, zero, zero)
        return Start(state, jnp.broadcast_to(self.purse * TOKEN, (seats.n,)))

    def observe(self, state: PublicGoodsState, seats: Seats, purse: Units) -> Observation:
        """What one's group contributed last, and how the others in it did."""
        seen = Named.of(
            ("endowment", jnp.broadcast_to(self.endowment, (seats.n,))),
            ("members", state.members),
            ("contributed", state.contributed),
        )
        return Observation(seen, Told(state.level, state.known))

    def menu(self, state: PublicGoodsState, seats: Seats, purse: Units) -> Menu:
        """How many tokens to contribute, at its stage of the period."""
        n = seats.n
        contribute = Amount(
            asked=jnp.full(n, state.tick % self.period == self.stage),
            low=jnp.zeros(n, jnp.int32),
            high=jnp.full(n, self.endowment),
            scale=Scale(jnp.where(self.provision > 0, self.provision, self.endowment.astype(jnp.float32)), taking=False),
            unit="tokens",
        )
        return Named.of(("contribute", contribute))

    def step(self, state: PublicGoodsState, seats: Seats, acts: Acts, purse: Units, key: Key) -> Outcome:
        """At its stage, everybody is paid; else nothing happens."""
        question, act = self.menu(state, seats, purse)["contribute"], acts["contribute"]
        now = question.asked
        pool = self.pool(seats, act, fixed_levels(question.level(act)))
        with jax.enable_x64(True):
            met = pool.contributed * _MILLION >= _millionths(self.provision) * pool.members
            others = pool.members - 1
            told = jnp.where(others > 0, mean_level(pool.rest, others), 0.0)
            payoff = jnp.where(now, self.paid(act, pool, met), 0)
            state = PublicGoodsState(
                tick=state.tick + 1,
                level=jnp.where(now, told, state.level),
                known=jnp.where(now, others > 0, state.known),
                members=jnp.where(now, pool.members.astype(jnp.int32), state.members),
                contributed=jnp.where(now, pool.contributed.astype(jnp.int32), state.contributed),
            )
        given = jnp.where(now, act, 0)
        facts = PublicGoodsFacts(given.sum(dtype=jnp.int32), (given > 0).sum(dtype=jnp.int32), (now & met).sum(dtype=jnp.int32))
        return Outcome(state, payoff, facts)

    def pool(self, seats: Seats, act: Index, level: Index) -> Pool:
        """What each seat's group does together.

        Args:
            seats: who is in which group.
            act: [a] tokens contributed.
            level: [a] norm levels in fixed point.
        """
        n = seats.n
        if self.per_group and seats.groups is not None:
            alone = ~seats.groups.any(1, keepdims=True)
            first = jnp.argmax(jnp.concatenate([seats.groups, alone], 1), 1)
            here = first[:, None] == jnp.arange(seats.groups.shape[1] + 1)
        else:
            here = jnp.ones((n, 1), bool)
        with jax.enable_x64(True):

            def of_group(values: Int64[Array, "a"]) -> Int64[Array, "a"]:
                sums = jnp.where(here, values[:, None], 0).sum(0)
                return jnp.where(here, sums[None], 0).sum(1)

            levels = level.astype(jnp.int64)
            return Pool(of_group(act.astype(jnp.int64)), of_group(jnp.ones(n, jnp.int64)), of_group(levels) - levels)

    def paid(self, act: Index, pool: Pool, met: Flags) -> Units:
        """What each seat is paid for a period, [a] ledger units.

        Args:
            act: [a] tokens contributed.
            pool: of the seat's group.
            met: [a] whether the group reached its provision point.
        """
        with jax.enable_x64(True):
            given = act.astype(jnp.int64)
            kept = (self.endowment + self.allowance).astype(jnp.int64) - given
            units = pool.contributed * TOKEN
            share = _millionths(self.multiplier) * units // (_MILLION * pool.members)
            share = share + _millionths(self.mpcr) * units // _MILLION + self.prize.astype(jnp.int64) * TOKEN
            back = jnp.where(self.refund, given, 0) * TOKEN
            paid = kept * TOKEN + jnp.where(met, share, back)
            return jnp.clip(paid, -(2**31), 2**31 - 1).astype(jnp.int32)

    def rules(self) -> str:
        """The situation in words."""
        each, whom = int(self.endowment), "your group" if self.per_group else "all of you"
        words = [f"In each period everyone has {each} tokens to keep or to contribute to the public good of {whom}."]
        parts: list[str] = []
        if float(self.multiplier):
            parts.append(f"{float(self.multiplier):.4g} times all contributions, split equally")
        if float(self.mpcr):
            parts.append(f"{float(self.mpcr):.4g} tokens to each member for every token contributed")
        if int(self.prize):
            parts.append(f"{int(self.prize)} tokens to each member")
        pays = f"The public good pays {' and '.join(parts) or 'nothing'}, whoever contributed."
        if float(self.provision):
            pays = f"If contributions reach {float(self.provision):.4g} tokens a member: {pays[0].lower()}{pays[1:]}"
            pays += " Otherwise contributions are " + ("given back." if bool(self.refund) else "lost.")
        words += [pays, "What you keep is yours."]
        if int(self.allowance):
            words.append(f"Everyone gets {int(self.allowance)} tokens more in each period.")
        if self.period > 1:
            words.append(f"A period has {self.period} stages; contributions are made in stage {self.stage + 1}.")
        return " ".join(words)

    def describe(self, view: View, agent: int) -> str:
        """The last contributions and one's own purse, in words."""
        seen, purse = view.seen, f"You own {int(view.purse[agent]) / TOKEN:.1f} tokens."
        members = int(seen["members"][agent])
        if members == 0:
            return f"Nobody has contributed yet. {purse}"
        mean = int(seen["contributed"][agent]) / members
        return (
            f"Last time your group had {members} members, who contributed {mean:.1f} of {int(seen['endowment'][agent])} tokens "
            f"on average. {purse}"
        )


def _millionths(value: Float[Array, ""]) -> Int64[Array, ""]:
    """A parameter in whole millionths. In 64-bit mode only."""
    return jnp.round(value.astype(jnp.float64) * 1e6).astype(jnp.int64)
