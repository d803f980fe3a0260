"""Identities with a Sybil cost: a pool is shared by heads, and heads can be made up at a price.

At each tick every seat pays a levy into a pool and says how many further identities to buy, up to `most` in all. With s_i
those that it has then, the pool is shared by claims, each identity counting as one beside the seat's own:

    share_i = floor(pool (1 + s_i) / S),        S = sum_j (1 + s_j)

Then each seat is checked with probability `detect`. A check finds all its further identities: they are burnt, and it is fined
for each. Those that are not found are good for this tick alone; or, `lasting`, until they are found. Levy, price and fine are
taken only as far as a seat has something, and it buys no more than it can pay. Prices and fines leave the society; what is
left of the division of the pool is held for the next tick. Units: ledger units.

Heads also vote: the rule inside, a vote or an office whose ballots are counted by `Heads`, counts those of this tick, whether
or not they are found afterwards. With a levy of 0, and no ballots counted by heads, nobody is asked.

With b what an identity brings its owner in a tick, price c, detection q and fine f, buying pays iff

    b > c + q f                    each is good for a tick
    b > q (c + f)                  lasting: it brings b for 1 / q ticks on average

and of n seats with the levy L, the first identity of all brings b = L (n - 1) / (n + 1). Where everybody buys, this is a
lottery contest with the prize n L: at its symmetric equilibrium 1 + s = L (n - 1) / (n m), with m the right-hand side, so that
all heads together are worth the share (n - 1) / n of the pool. In a vote by plurality one seat against n - 1 has its way with
s = n - 1 further identities, and without a levy it pays to buy them iff the outcome is worth more than s m.

Source: J. Douceur, "The Sybil attack", IPTPS (2002); its price as the measure of resistance: N. Margolin and B. Levine,
"Quantifying resistance to the Sybil attack", Financial Cryptography (2008); G. Tullock, "Efficient rent seeking" (1980), for
the contest; the break-even with detection is our own derivation.
"""

from __future__ import annotations

from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.core
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int32, Int64, PyTree

from commonweal.core.arrays import Index, Units, flag, real, whole
from commonweal.core.ballots import counts_heads, going_on, with_identities
from commonweal.core.errors import StudyError
from commonweal.core.menu import Acts, Menu
from commonweal.core.numbers import added, difference, total
from commonweal.core.parts import Institution, RuleKind
from commonweal.core.questions import Amount
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.core.views import Bound, Fined, Memory, Offer, Ruling, Tick, Told

_MILLION = 10**6
_MOST = 10**4
_LARGEST = 1 << 30


class Register(eqx.Module):
    """What the rule remembers."""

    further: Index
    """Further identities that each seat has."""
    rest: Int32[Array, ""]
    """What is left in the pool, ledger units."""
    inner: Memory = ()
    """Memory of the rule inside."""


class Shared(Fined):
    """What each seat is told. `amount`: its fine, by the rule inside too."""

    share: Units
    """What it was paid from the pool, ledger units."""
    further: Index
    """Further identities that it has now."""
    claims: Index
    """How many claims there were in all, the same for every seat."""
    inner: PyTree[Any]
    """What the rule inside tells."""


class Identity(Institution):
    """A pool shared by heads, of which a seat may buy more; and votes by heads, of the rule inside.

    Raises:
        StudyError: a number is out of range, or the rule inside tells of others' acts.

    Source: Douceur, IPTPS (2002); Margolin and Levine, Financial Cryptography (2008).
    """

    kind: ClassVar[RuleKind] = RuleKind.BOUNDARY

    levy: Int32[Array, ""] = eqx.field(converter=whole, default=0)
    """What each seat pays into the pool each tick, ledger units, 0 (the rule is as if absent) to 10^6."""
    price: Int32[Array, ""] = eqx.field(converter=whole, default=1)
    """What a further identity costs, ledger units, 0 to 10^6."""
    most: Int32[Array, ""] = eqx.field(converter=whole, default=10)
    """Most further identities of a seat, 0 (there is no buying) to 10^4."""
    detect: Float[Array, ""] = eqx.field(converter=real, default=0.0)
    """Probability that a seat is checked in a tick, 0 to 1."""
    fine: Int32[Array, ""] = eqx.field(converter=whole, default=0)
    """What a seat pays for each identity that is found, ledger units, 0 to 10^6."""
    lasting: Bool[Array, ""] = eqx.field(converter=flag, default=False)
    """Whether an identity is good until it is found; else for the tick in which it is bought."""
    question: str = eqx.field(static=True, default="identities")
    """Name of the question: two such rules in one society need two."""
    inner: Institution = Institution()
    """A rule whose ballots are counted by `Heads`; by default one that does nothing."""

    def __check_init__(self) -> None:
        """Refuse numbers out of range."""
        units = (("levy", self.levy, _MILLION), ("price", self.price, _MILLION), ("fine", self.fine, _MILLION))
        for name, value, top in (*units, ("most", self.most, _MOST), ("detect", self.detect, 1)):
            if not isinstance(value, jax.core.Tracer) and not bool(((value >= 0) & (value <= top)).all()):
                raise StudyError(f"an identity rule with {name} = {value.tolist()}; expected a number from 0 to {top}")

    def begin(self, seats: Seats) -> Register:
        """Everybody is one."""
        return Register(jnp.zeros(seats.n, jnp.int32), jnp.zeros((), jnp.int32), self.inner.begin(seats))

    def ruled(self, further: Index) -> Institution:
        """The rule inside, counting these further identities, [a]."""
        return with_identities(self.inner, further)

    def permit(self, memory: Register, seats: Seats, menu: Menu) -> Menu:
        """The menu of the rule inside, and how many identities to buy, while it asks anybody anything."""
        menu = self.ruled(memory.further).permit(memory.inner, seats, menu)
        high = jnp.maximum(self.most - memory.further, 0)
        of_use = (self.levy > 0) | counts_heads(self.inner)
        asked = (high > 0) & of_use & going_on(menu)
        return menu.add(self.question, Amount(asked, jnp.zeros_like(high), high, unit="further identities"))

    def bind(self, memory: Register, offer: Offer, acts: Acts, key: Key) -> Bound:
        """The acts as the rule inside binds them."""
        bound = self.ruled(memory.further).bind(memory.inner, offer, acts, key)
        return Bound(bound.acts, Register(memory.further, memory.rest, bound.memory))

    def settle(self, memory: Register, tick: Tick, key: Key) -> Ruling:
        """Collect the levy, sell identities, share the pool, count heads, check."""
        able = jnp.maximum(tick.purse + tick.payoff, 0)
        levy = jnp.minimum(self.levy, able)
        bought, cost = self._bought(jnp.where(tick.menu[self.question].asked, tick.bound[self.question], 0), able - levy)
        further = memory.further + bought
        share, pool, claims = _shares(total(levy), memory.rest, further)
        before = tick.payoff - levy - cost + share
        ruling = self.ruled(further).settle(memory.inner, eqx.tree_at(lambda own: own.payoff, tick, before), key)
        found = jnp.where(key.child("check").chance(self.detect, tick.seats.n), further, 0)
        with jax.enable_x64(True):
            due = found.astype(jnp.int64) * self.fine.astype(jnp.int64)
            left = (able - levy - cost).astype(jnp.int64) + share.astype(jnp.int64) + (ruling.payoff - before).astype(jnp.int64)
            fine = jnp.minimum(due, jnp.maximum(left, 0)).astype(jnp.int32)
            then = difference(pool, total(share))
            rest = jnp.minimum(then, _LARGEST).astype(jnp.int32)
        after = Register(jnp.where(self.lasting, further - found, 0), rest, ruling.memory)
        told = self._told(fine, share, after.further, claims, ruling.public)
        held = added(difference(rest, memory.rest), ruling.held)
        burnt = added(total(cost), total(fine), difference(then, rest), ruling.burnt)
        return Ruling(after, ruling.payoff - fine, told, ruling.heir, ruling.links, ruling.groups, held, burnt)

    def _told(self, fine: Units, share: Units, further: Index, claims: Int32[Array, ""], inner: PyTree[Any]) -> Shared:
        """What each seat is told."""
        if isinstance(inner, Told):
            raise StudyError(
                f"an identity rule around {type(self.inner).__name__}, which tells of others' acts; expected that to stand "
                "beside it, not inside"
            )
        amount = fine + inner.amount if isinstance(inner, Fined) else fine
        counted = jnp.where(self.levy > 0, claims, 0)
        return Shared(amount, share, further, jnp.broadcast_to(counted, share.shape), inner)

    def _bought(self, wanted: Index, able: Units) -> tuple[Index, Units]:
        """How many identities each seat buys, as far as it can pay, and what they cost it."""
        affordable = jnp.where(self.price > 0, able // jnp.maximum(self.price, 1), wanted)
        bought = jnp.minimum(wanted, affordable)
        return bought, bought * self.price

    def describe(self, memory: Register) -> str:
        """The rule inside and this one in words; empty where identities are of no use."""
        inner = self.ruled(memory.further).describe(memory.inner)
        levy, most, votes = int(self.levy), int(self.most), counts_heads(self.inner)
        pool = f"Each round everyone pays {levy} units into a common pool, which is shared out equally by identities."
        words = [pool] if levy > 0 else []
        if most > 0 and (levy > 0 or votes):
            until = "until they are found" if bool(self.lasting) else "for the round"
            words.append(
                f"You have one of your own and may buy up to {most} further {'ones' if words else 'identities'} at "
                f"{int(self.price)} units each, good {until}. With probability {float(self.detect):.4g} you are checked after "
                f"the {'sharing' if levy > 0 else 'count'}: your further identities are then burnt, and you are fined "
                f"{int(self.fine)} units for each."
            )
        return "\n".join(filter(None, (inner, " ".join(words))))

    def tell(self, public: PyTree[Any], agent: int) -> str:
        """What the rule inside told this seat, what it was paid and fined, and how many identities it has."""
        inner = self.inner.tell(public.inner, agent)
        claims, words = int(public.claims[agent]), []
        if claims:
            words.append(f"The pool was shared by {claims} identities and paid you {int(public.share[agent])} units.")
        further = int(public.further[agent])
        fine = int(public.amount[agent]) - (int(public.inner.amount[agent]) if isinstance(public.inner, Fined) else 0)
        words += [f"You were fined {fine} units for false ones."] if fine else []
        words += [f"You have {further} further identities."] if further else []
        return "\n".join(filter(None, (inner, " ".join(words))))


def _shares(
    levies: Int64[Array, ""], rest: Int32[Array, ""], further: Index
) -> tuple[Units, Int64[Array, ""], Int32[Array, ""]]:
    """What each seat is paid, what was in the pool, and how many claims there were."""
    with jax.enable_x64(True):
        pool = levies + rest.astype(jnp.int64)
        claims = further.astype(jnp.int64) + 1
        every = claims.sum()
        share = jnp.minimum(pool * claims // every, _LARGEST).astype(jnp.int32)
        return share, pool, jnp.minimum(every, _LARGEST).astype(jnp.int32)
