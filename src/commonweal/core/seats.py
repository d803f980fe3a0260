"""Who sits where: the recipe that a society carries, and the arrays that a trial makes of it."""

from __future__ import annotations

import equinox as eqx
import jax.core
import jax.numpy as jnp
from jaxtyping import Array, Float, Int32

from commonweal.core.arrays import Contacts, Groups, Index
from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.networks import Network, back_slots
from commonweal.core.streams import Key


class Links(eqx.Module):
    """A network as rows of contacts."""

    to: Contacts
    """Row i: the contacts of seat i, -1 where it has fewer than k."""
    back: Int32[Array, "a k"]
    """For each contact j of i, the slot in j's row that names i."""
    full: bool = eqx.field(static=True)
    """Whether every row is full, so that nothing need be masked."""

    @staticmethod
    def of(network: Network, n: int) -> Links:
        """The contacts of a network over n seats."""
        rows = network.contacts(n)
        return Links(jnp.asarray(rows), jnp.asarray(back_slots(rows)), bool((rows >= 0).all()))


class Seats(eqx.Module):
    """Who sits where in a trial, now: part of the engine's state."""

    mind: Index
    """Which of the society's minds sits in each seat. Rules must not read it; their public face is `card`."""
    links: Links | None = None
    """Who is in contact with whom; None: no network, everybody meets everybody."""
    groups: Groups | None = None
    """Who is in which group."""
    card: Index | None = None
    """A public fact of each seat, a number: rules and worlds may read it."""

    @property
    def n(self) -> int:
        """How many seats there are."""
        return self.mind.shape[0]


class Seating(eqx.Module):
    """The recipe of seats: how many, the share of each mind, the network, groups and cards."""

    n: int = eqx.field(static=True)
    """How many seats; at least 1."""
    share: Named[Float[Array, ""]] = Named((), ())
    """Share of the seats, 0 to 1, of each mind but the first, which takes the rest."""
    network: Network | None = eqx.field(static=True, default=None)
    """Who could meet whom; None: no network."""
    groups: Groups | None = None
    """Membership [a, g]; None: no groups."""
    card: Index | None = None
    """A public number of each seat; None: no cards."""
    shuffled: bool = eqx.field(static=True, default=True)
    """Whether minds are seated in a random order (else in blocks: the first mind's seats last)."""

    def __check_init__(self) -> None:
        """Refuse impossible numbers before anything runs."""
        if self.n < 1:
            raise StudyError(f"a society of {self.n} seats; expected at least 1")
        shares = [(name, float(value)) for name, value in self.share.items() if not isinstance(value, jax.core.Tracer)]
        for name, value in shares:
            if not 0.0 <= value <= 1.0:
                raise StudyError(f"the share of {name!r} is {value:g}; expected a number from 0 to 1")
        whole = sum(value for _, value in shares)
        if whole > 1.0 + 1e-6:
            raise StudyError(f"the shares add up to {whole:g}; expected at most 1 (the first mind takes the rest)")
        for what, rows in (("groups", self.groups), ("card", self.card)):
            if rows is not None and rows.shape[0] != self.n:
                raise StudyError(f"{what} has {rows.shape[0]} rows for {self.n} seats; expected one row a seat")

    def links(self) -> Links | None:
        """The contacts of the network, built on the host."""
        return None if self.network is None else Links.of(self.network, self.n)

    def seat(self, minds: tuple[str, ...], links: Links | None, key: Key) -> Seats:
        """Seat the minds: counts are the shares of n to the nearest whole seat; the first mind takes the rest.

        The seats that a mind takes at a small share are among those it takes at a larger one.
        """
        place = key.order(self.n) if self.shuffled else jnp.arange(self.n, dtype=jnp.int32)
        seated = jnp.zeros(self.n, jnp.int32)
        start = jnp.zeros((), jnp.int32)
        for index, name in enumerate(minds[1:], 1):
            share = self.share.get(name)
            count = jnp.floor((0.0 if share is None else share) * jnp.float32(self.n) + 0.5).astype(jnp.int32)
            seated = jnp.where((place >= start) & (place < start + count), index, seated)
            start = start + count
        return Seats(seated, links, self.groups, self.card)
