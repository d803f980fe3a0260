"""Rewiring: seats part from contacts that fall short of a norm, and find others who have parted.

At every tick each contact i - j, of which j acted below the level `norm`, is given up by i with probability `rate` (by one of
the two at random where both acted so; with `blind`, whatever they did). The contacts that are given up are matched in pairs
at random, and of each pair i - j and u - v, given up by i and by u,

    i - j, u - v   become   i - u, j - v

so that those who parted meet each other, and so do those who were left. Everybody keeps as many contacts as before. A pair
that would make somebody their own contact stays as it is; a contact may come to be repeated, as in a random regular multigraph
(about as often as in one, the square of the degree in the whole network), and then counts twice.

With `blind` this is the random rewiring that keeps degrees: the network drifts towards a uniformly random one of its degrees,
and a contact is still there after t ticks with probability (1 - rate)^t, up to 1 / n.

Units: `norm` is a norm level, 0 to 1; `rate` a probability a tick. In a world without norm scales only blind rewiring moves
anything. What remembers something of a contact by its slot finds another contact there after a rewiring.

Source: parting from defectors after F. Santos, J. Pacheco and T. Lenaerts, "Cooperation prevails when individuals adjust their
social ties", PLoS Computational Biology 2 (2006); swaps that keep degrees after S. Maslov and K. Sneppen, "Specificity and
stability in topology of protein networks", Science 296 (2002); joining like with like in a swap after R. Xulvi-Brunet and
I. Sokolov, Physical Review E 70 (2004).
"""

from __future__ import annotations

from typing import ClassVar

import equinox as eqx
import jax.core
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int32

from commonweal.core.arrays import Flags, flag, real
from commonweal.core.branches import apart
from commonweal.core.errors import StudyError
from commonweal.core.menu import standing
from commonweal.core.numbers import fixed_levels
from commonweal.core.parts import Institution, RuleKind
from commonweal.core.seats import Links, Seats
from commonweal.core.streams import Key
from commonweal.core.views import Memory, Ruling, Tick

_ORDER = 0x5EA75
"""Seed of the order in which contacts are counted: any order that has nothing to do with who sits where."""


class Rewiring(Institution):
    """Contacts with those who act below a norm are given up; degrees stay.

    Raises:
        StudyError: `rate` or `norm` is not from 0 to 1; at the start of a trial, the seats have no network.

    Source: Santos, Pacheco and Lenaerts, PLoS Computational Biology 2 (2006); Maslov and Sneppen, Science 296 (2002).
    """

    kind: ClassVar[RuleKind] = RuleKind.BOUNDARY

    rate: Float[Array, ""] = eqx.field(converter=real, default=0.1)
    """Probability a tick that a contact which may be given up is, 0 (nothing ever moves) to 1."""
    norm: Float[Array, ""] = eqx.field(converter=real, default=1.0)
    """Norm level below which a contact is given up, 0 to 1."""
    blind: Bool[Array, ""] = eqx.field(converter=flag, default=False)
    """Whether contacts are given up whatever was done."""

    def __check_init__(self) -> None:
        """Refuse numbers out of range."""
        for name, value in (("rate", self.rate), ("norm", self.norm)):
            if not isinstance(value, jax.core.Tracer) and not 0.0 <= float(value) <= 1.0:
                raise StudyError(f"rewiring with {name} = {float(value):g}; expected a number from 0 to 1")

    def begin(self, seats: Seats) -> Memory:
        """A random order of the slots of the network, in which contacts are counted and matched: it never changes.

        Raises:
            StudyError: the seats have no network.
        """
        if seats.links is None:
            raise StudyError("rewiring was given seats without a network; expected Seating(..., network=...)")
        return Key.root(_ORDER).order(seats.links.partners().shape[0])

    def settle(self, memory: Memory, tick: Tick, key: Key) -> Ruling:
        """The network of the next tick; payoffs are unchanged."""
        assert tick.seats.links is not None
        stand = standing(tick.menu, tick.bound)
        short = self.blind | (stand.known & (fixed_levels(stand.level) < fixed_levels(self.norm)))
        return Ruling(memory, tick.payoff, links=self.rewired(tick.seats.links, short, memory, key))

    def rewired(self, links: Links, short: Flags, order: Int32[Array, "s"], key: Key) -> Links:
        """The network after one tick.

        Args:
            links: the network, mutual and without anybody as their own contact: so is what is returned.
            short: [a] with whom contacts may be given up.
            order: [s] all slots, in an order that has nothing to do with the network.
            key: two words a slot, and one, are drawn from it.
        """
        size = order.shape[0]
        if size == 0:
            return links
        partner, owner = links.partners(), links.owners
        other = partner[order]
        given = (other > order) & key.child("rate").chance(self.rate, size)  # each contact once, at its lower slot
        his, hers = short[owner(order)], short[owner(jnp.maximum(other, 0))]
        given = given & (his | hers)
        parts = jnp.where(his & hers, key.child("side").bits(size) >> 31 == 0, hers)
        # The compiler reasons for a minute about an address that ends a chain of hashes, unless a branch is in between.
        given, parts = apart((given, parts), (order[:1] >= 0).all())
        # Those that are given up, one behind another: the slot of who parts and of who is left.
        place = jnp.where(given, jnp.cumsum(given, dtype=jnp.int32) - 1, size)
        parted, left = (
            jnp.zeros(size, jnp.int32).at[place].set(slot, mode="drop")
            for slot in (jnp.where(parts, order, other), jnp.where(parts, other, order))
        )
        count = given.sum(dtype=jnp.int32)
        # The n-th from the front is matched with the n-th before a random place of the circle: nobody is matched twice.
        own = jnp.arange(size, dtype=jnp.int32)
        turn = apart(key.child("turn").below(jnp.maximum(count, 1), 1), (order[:1] >= 0).all())
        mate = jnp.where(own < count, (turn - own) % jnp.maximum(count, 1), own)
        new_parted, new_left = parted[mate], left[mate]
        swap = (mate != own) & (owner(parted) != owner(new_parted)) & (owner(left) != owner(new_left))
        for at, to in ((parted, new_parted), (left, new_left)):
            partner = partner.at[jnp.where(swap, at, size)].set(to, mode="drop")
        return links.paired(partner)

    def describe(self, memory: Memory) -> str:
        """The rule in words; empty where nothing moves."""
        rate, norm = float(self.rate), float(self.norm)
        if rate == 0.0:
            return ""
        whom = "each contact" if bool(self.blind) else f"each contact with somebody who acted below {norm:.4g} of a fair share"
        return (
            f"Each round {whom} is given up with probability {rate:.4g}. Those who gave one up are joined with each other, and "
            "so are those who were left: everybody keeps as many contacts as before."
        )
