"""Contracts: seats sign for the next round, leave a deposit in escrow, and lose it to those who kept to it if they do not.

Each tick every seat that is asked a question with a norm scale may sign the `contract` of the next tick. With s signers who can
pay the deposit among m seats that were asked, the contract is concluded iff s >= 1 and s >= quorum m: deposits are then held in
escrow until the end of the next tick, and every seat is told. Else nothing is paid. At the end of the tick in force a signer
whose mean norm level (of the acts as the world saw them) is below `floor` is in breach, which a court finds with probability
`credibility`. Then

    its deposit goes in equal whole parts to the signers who kept the contract; what does not divide, or has no taker, is burnt
    all other deposits are returned

One that is asked nothing in the tick in force keeps the contract. A deposit stays with the seat: who is newly seated there is
bound by it. With deposit 0 nothing is ever moved.

In a prisoner's dilemma where all n seats have signed and meet each other, a lone breach gains (n - 1) (T - R) and costs
credibility times the deposit d on average: keeping the contract is a best reply iff

    credibility >= (n - 1) (T - R) / d

Source: enforceable transfers conditional on acts: M. Jackson and S. Wilkie, "Endogenous games and mechanisms: side payments
among players", Review of Economic Studies 72 (2005); deposits: A. Gerber and P. Wichardt, Journal of Public Economics 93
(2009); the threshold is our own derivation.
"""

from __future__ import annotations

from typing import Any, ClassVar

import equinox as eqx
import jax.core
import jax.numpy as jnp
from jaxtyping import Array, Float, Int32, PyTree

from commonweal.core.arrays import Flags, Units, real, whole
from commonweal.core.errors import StudyError
from commonweal.core.menu import Menu, defaults, standing
from commonweal.core.numbers import difference, share_of, total
from commonweal.core.parts import Institution, RuleKind
from commonweal.core.questions import Choice
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.core.views import Ruling, Tick

_WORDS = ("do not sign", "sign the contract of the next round")
_MOST = 1 << 30


class Contract(eqx.Module):
    """What each seat is told of the contract of the coming round."""

    inside: Flags
    """Whether it is party to a contract in force."""
    parties: Int32[Array, "a"]
    """How many are; the same for all."""


class Contracts(Institution):
    """Contracts with deposits, concluded anew each tick.

    Raises:
        StudyError: a number is out of range.

    Source: Jackson and Wilkie, Review of Economic Studies 72 (2005); Gerber and Wichardt, J. Public Economics 93 (2009).
    """

    kind: ClassVar[RuleKind] = RuleKind.PAYOFF
    needs_scale: ClassVar[bool] = True

    deposit: Int32[Array, ""] = eqx.field(converter=whole, default=10)
    """What a signer leaves in escrow, ledger units, 0 (nothing is moved) to 2^30."""
    credibility: Float[Array, ""] = eqx.field(converter=real, default=1.0)
    """Probability that a breach is found and the deposit forfeited, 0 to 1."""
    floor: Float[Array, ""] = eqx.field(converter=real, default=1.0)
    """Norm level below which an act is a breach, 0 to 1."""
    quorum: Float[Array, ""] = eqx.field(converter=real, default=1.0)
    """Share of those asked who must sign for the contract to be concluded, 0 to 1."""
    question: str = eqx.field(static=True, default="contract")
    """Name of the question."""

    def __check_init__(self) -> None:
        """Refuse numbers out of range."""
        shares = [(name, getattr(self, name), 1.0) for name in ("credibility", "floor", "quorum")]
        for name, value, top in (*shares, ("deposit", self.deposit, _MOST)):
            if not isinstance(value, jax.core.Tracer) and not bool((value >= 0) & (value <= top)):
                raise StudyError(f"a contract with {name} = {value.tolist()}; expected a number from 0 to {top:g}")

    def begin(self, seats: Seats) -> Units:
        """What each seat has in escrow, [a] ledger units: nothing."""
        return jnp.zeros(seats.n, jnp.int32)

    def permit(self, memory: Units, seats: Seats, menu: Menu) -> Menu:
        """The menu and the question whether to sign."""
        return menu.add(self.question, Choice(standing(menu, defaults(menu)).known, _WORDS))

    def settle(self, memory: Units, tick: Tick, key: Key) -> Ruling:
        """End the contract in force, then conclude the next one."""
        stand = standing(tick.menu, tick.bound)
        breach = (memory > 0) & stand.known & (stand.level < self.floor)
        forfeits = breach & key.child("court").chance(self.credibility, memory.shape[0])
        keepers = (memory > 0) & ~breach
        pool, heads = total(jnp.where(forfeits, memory, 0)), total(keepers)
        with jax.enable_x64(True):
            each = jnp.where(heads > 0, pool // jnp.maximum(heads, 1), 0).astype(jnp.int32)
        returned = jnp.where(forfeits, 0, memory) + jnp.where(keepers, each, 0)
        payoff = tick.payoff + returned
        escrow = self.concluded(tick, payoff)
        payoff = payoff - escrow
        held = difference(total(escrow), total(memory))
        inside = escrow > 0
        told = Contract(inside, jnp.broadcast_to(total(inside).astype(jnp.int32), inside.shape))
        burnt = difference(total(memory), total(returned))
        return Ruling(escrow, payoff, public=told, held=held, burnt=burnt)

    def concluded(self, tick: Tick, payoff: Units) -> Units:
        """What each seat leaves in escrow for the next tick, [a] ledger units.

        Args:
            tick: in which it was asked to sign.
            payoff: [a] what it gets this tick, its last deposit included.
        """
        asked, answer = tick.menu[self.question].asked, tick.bound[self.question]
        signs = tick.answered[self.question] & (answer == 1) & (tick.purse + payoff >= self.deposit)
        count = total(asked).astype(jnp.int32)
        enough = total(signs).astype(jnp.int32) >= count - share_of(count, 1.0 - self.quorum)
        return jnp.where(signs & enough, self.deposit, 0)

    def describe(self, memory: Units) -> str:
        """The contract in words; empty where there is no deposit."""
        deposit, credibility, quorum = int(self.deposit), float(self.credibility), float(self.quorum)
        if deposit == 0:
            return ""
        whom = "all" if quorum == 1.0 else f"at least {quorum:.4g}"
        surely = "" if credibility == 1.0 else f", with probability {credibility:.4g},"
        words = (
            f"Each round you may sign a contract for the next one; it comes about if {whom} of you sign. Whoever signs leaves "
            f"a deposit of {deposit} units. Who then serves the others at less than {float(self.floor):.4g} of what is fair "
            f"loses it{surely} to those who kept the contract; the others get theirs back."
        )
        count = int((memory > 0).sum())
        return f"{words} Now {count} of you are bound." if count else words

    def tell(self, public: PyTree[Any], agent: int) -> str:
        """Whether this seat is bound now."""
        if not bool(public.inside[agent]):
            return ""
        return f"You and {int(public.parties[agent]) - 1} others are bound by a contract this round."
