"""Who sits where: the recipe that a society carries, and the arrays that a trial makes of it."""

from __future__ import annotations

import equinox as eqx
import jax.core
import jax.numpy as jnp
from jaxtyping import Array, Float

from commonweal.core.arrays import Groups, Index
from commonweal.core.errors import StudyError
from commonweal.core.links import Links
from commonweal.core.named import Named
from commonweal.core.networks import Network
from commonweal.core.streams import Key


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
    newcomers: Named[Float[Array, ""]] | None = None
    """Probability, 0 to 1, that a newcomer has each mind but the first, which takes the rest; None: as in `share`."""

    def __check_init__(self) -> None:
        """Refuse impossible numbers before anything runs."""
        if self.n < 1:
            raise StudyError(f"a society of {self.n} seats; expected at least 1")
        _check_shares("share", "shares", self.share)
        if self.newcomers is not None:
            _check_shares("share of newcomers", "shares of newcomers", self.newcomers)
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
        for name in () if self.newcomers is None else self.newcomers:
            if name not in minds[1:]:
                raise StudyError(
                    f"a share of newcomers is given for {name!r}; expected minds of the society but the first, which takes the "
                    f"rest: {', '.join(minds[1:]) or 'none'}"
                )
        place = key.order(self.n) if self.shuffled else jnp.arange(self.n, dtype=jnp.int32)
        seated = jnp.zeros(self.n, jnp.int32)
        start = jnp.zeros((), jnp.int32)
        for index, name in enumerate(minds[1:], 1):
            share = self.share.get(name)
            count = jnp.floor((0.0 if share is None else share) * jnp.float32(self.n) + 0.5).astype(jnp.int32)
            seated = jnp.where((place >= start) & (place < start + count), index, seated)
            start = start + count
        return Seats(seated, links, self.groups, self.card)

    def arrive(self, minds: tuple[str, ...], key: Key) -> Index:
        """The mind that a newcomer to each seat would have, [a], drawn seat by seat.

        Probabilities are read to the nearest 2^-30, so that they are the same bits everywhere.

        Args:
            minds: the society's, in order.
            key: one word a seat is drawn from it.
        """
        shares = self.share if self.newcomers is None else self.newcomers
        word = (key.bits(self.n) >> 2).astype(jnp.int32)
        passed = jnp.zeros(self.n, jnp.int32)
        end = jnp.zeros((), jnp.int32)
        for name in minds[1:]:
            share = shares.get(name)
            end = end if share is None else end + jnp.round(share * jnp.float32(2.0**30)).astype(jnp.int32)
            passed = passed + (word >= end)
        return jnp.where(passed < len(minds) - 1, passed + 1, 0)


def _check_shares(one: str, all_: str, given: Named[Float[Array, ""]]) -> None:
    """Refuse shares out of range; traced ones pass."""
    shares = [(name, float(value)) for name, value in given.items() if not isinstance(value, jax.core.Tracer)]
    for name, value in shares:
        if not 0.0 <= value <= 1.0:
            raise StudyError(f"the {one} of {name!r} is {value:g}; expected a number from 0 to 1")
    whole = sum(value for _, value in shares)
    if whole > 1.0 + 1e-6:
        raise StudyError(f"the {all_} add up to {whole:g}; expected at most 1 (the first mind takes the rest)")
