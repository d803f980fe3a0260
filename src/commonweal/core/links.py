"""Who is in contact with whom, on the device: one value with the same verbs for even and for very uneven networks.

Where seats have about as many contacts each, contacts are rows [a, k]. Where a few hubs have very many, such rows would be
nearly empty; then seats of like degree stand together, each with as many slots as the next power of two (sliced ELLPACK), so
that at most about half of the slots are empty and every sum is still a gather. What a verb returns does not depend on which.

Source: A. Monakov, A. Lokhmotov and A. Avetisyan, "Automatically tuning sparse matrix-vector multiplication for GPU
architectures", HiPEAC (2010), for the layout.
"""

from __future__ import annotations

import functools
from typing import cast

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int, Int32, Shaped

from commonweal.core.arrays import Contacts, Index
from commonweal.core.branches import apart
from commonweal.core.errors import StudyError
from commonweal.core.networks import Adjacency, Network, Rows, back_slots
from commonweal.core.streams import Key

_ROWS_SLOTS = 32
"""Rows of at most so many slots are never too long."""
_ROWS_WASTE = 4
"""Rows of more slots may be so many times the mean degree."""


class Ragged(eqx.Module):
    """Contacts of seats with very different degrees, in slots that stand one behind another."""

    to: Int32[Array, "s"]
    """The contact in each slot, -1 where there is none."""
    back: Int32[Array, "s"]
    """The slot of the contact that names this one's owner; -1 where there is no contact."""
    order: Index
    """The seats by degree: which seat stands at each place."""
    place: Index
    """The place at which each seat stands."""
    start: Index
    """The first slot of each seat; its contacts fill the slots from there on."""
    degree: Index
    """How many contacts each seat has."""
    shape: tuple[tuple[int, int], ...] = eqx.field(static=True)
    """(seats, slots each) of the groups of seats that have as many slots, in the order of places."""

    def owners(self) -> Int32[Array, "s"]:
        """Whose slot each is."""
        parts, at = [], 0
        for count, slots in self.shape:
            parts.append(jnp.repeat(self.order[at : at + count], slots, total_repeat_length=count * slots))
            at += count
        return jnp.concatenate(parts)

    def sums(self, table: Int[Array, "a"], kind: type) -> Int[Array, "a"]:
        """The sum of a table over the contacts of each seat, in a type of number."""
        parts, at = [], 0
        for count, slots in self.shape:
            to = self.to[at : at + count * slots].reshape(count, slots)
            met = table.at[to].get(mode="fill", fill_value=0, wrap_negative_indices=False)
            parts.append(met.sum(1, dtype=kind))
            at += count * slots
        return jnp.concatenate(parts)[self.place]


class Links(eqx.Module):
    """A network: rows of contacts, or ragged ones."""

    to: Contacts | None
    """Row i: the contacts of seat i, -1 where it has fewer than k; None: they are ragged."""
    back: Int32[Array, "a k"] | None
    """For each contact j of i, the slot in j's row that names i; None: they are ragged."""
    full: bool = eqx.field(static=True)
    """Whether every row is full, so that nothing need be masked."""
    ragged: Ragged | None = None
    """The contacts where rows would be nearly empty; None: there are rows."""

    @staticmethod
    def of(network: Network, n: int) -> Links:
        """The contacts of a network over n seats, in rows unless they would be long and mostly empty."""
        return jax.tree.map(jnp.asarray, _built(network, n))

    @staticmethod
    def in_rows(contacts: Adjacency | Rows) -> Links:
        """Rows [a, k] of contacts, however uneven; from an adjacency, each in rising order."""
        return jax.tree.map(jnp.asarray, _in_rows(contacts))

    @staticmethod
    def in_slots(adjacency: Adjacency) -> Links:
        """Ragged contacts."""
        return jax.tree.map(jnp.asarray, _in_slots(adjacency))

    def rows(self, who: str) -> Contacts:
        """Rows [a, k] of contacts, for a part that treats each contact on its own.

        Raises:
            StudyError: contacts are ragged.
        """
        if self.to is None:
            raise StudyError(
                f"{who} needs a row of contacts for each seat and found a network with hubs of up to {self.most} contacts, "
                f"which has none; expected a network of more even degrees, or at most {_ROWS_SLOTS} contacts a seat"
            )
        return self.to

    @property
    def most(self) -> int:
        """How many slots the longest row has."""
        return self.to.shape[1] if self.to is not None else max((slots for _, slots in self._ragged.shape), default=0)

    @property
    def _ragged(self) -> Ragged:
        assert self.ragged is not None
        return self.ragged

    @property
    def degree(self) -> Index:
        """How many contacts each seat has, [a]."""
        if self.to is None:
            return self._ragged.degree
        if self.full:
            return jnp.full(self.to.shape[0], self.to.shape[1], jnp.int32)
        return (self.to >= 0).sum(1, dtype=jnp.int32)

    def sums(self, values: Shaped[Array, "a"]) -> Int[Array, "a"]:
        """The sum of whole numbers or truth values over the contacts of each seat, [a]; a repeated contact counts again.

        In 32 bits, in 64 if the values are.
        """
        kind = jnp.int64 if values.dtype == jnp.int64 else jnp.int32
        if self.to is None:
            return self._ragged.sums(apart(values, (self._ragged.to[:1] >= -1).all()), kind)
        met = self.of_contacts(values)
        return (met if self.full else jnp.where(self.to >= 0, met, 0)).sum(1, dtype=kind)

    def of_contacts(self, values: Shaped[Array, "a"]) -> Shaped[Array, "a k"]:
        """The value of each contact, in rows; of no contact, any value.

        Raises:
            StudyError: contacts are ragged.
        """
        to = self.rows("what is read contact by contact")
        # Reading from afar is what costs: a table of bytes stays in a core's cache where wider numbers do not.
        return apart(values, (to[:1] >= -1).all()).at[to].get(mode="clip", wrap_negative_indices=False)

    def pick(self, key: Key) -> Index:
        """A uniformly random contact of each seat, [a]; the seat itself where it has none. One word of the key a seat."""
        if self.to is None:
            return self._ragged_pick(key)
        n, k = self.to.shape
        own = jnp.arange(n, dtype=jnp.int32)
        if k == 0:
            return own
        if self.full:
            place = apart(own * k + key.below(k, n), (self.to[:1] >= -1).all())
            return self.to.reshape(-1).at[place].get(mode="clip", wrap_negative_indices=False)
        # An address that ends a chain of hashes costs the compiler half a minute: here the contact is picked by a masked sum.
        there = self.to >= 0
        degree = there.sum(1, dtype=jnp.int32)
        nth = key.below(jnp.maximum(degree, 1), n)
        chosen = there & (jnp.cumsum(there, 1) == nth[:, None] + 1)
        return jnp.where(degree > 0, jnp.where(chosen, self.to, 0).sum(1, dtype=jnp.int32), own)

    def _ragged_pick(self, key: Key) -> Index:
        ragged, own = self._ragged, jnp.arange(self._ragged.degree.shape[0], dtype=jnp.int32)
        if ragged.to.shape[0] == 0:
            return own
        nth = key.below(jnp.maximum(ragged.degree, 1), own.shape[0])
        slot = apart(ragged.start + nth, (ragged.to[:1] >= -1).all())
        return jnp.where(ragged.degree > 0, ragged.to.at[slot].get(mode="clip", wrap_negative_indices=False), own)

    # A contact takes two slots, one at either end. Numbered through all seats, they say all about a network:

    def owners(self, slots: Int32[Array, "s"]) -> Int32[Array, "s"]:
        """Whose slots these are: seats; of -1, which is no slot, any seat or -1."""
        if self.to is None:
            return self._ragged.owners().at[slots].get(mode="clip", wrap_negative_indices=False)
        return slots // max(self.to.shape[1], 1)

    def partners(self) -> Int32[Array, "s"]:
        """The slot at the other end; -1 where a slot is empty."""
        if self.to is None or self.back is None:
            return self._ragged.back
        return jnp.where(self.to >= 0, self.to * self.to.shape[1] + self.back, -1).reshape(-1)

    def paired(self, partners: Int32[Array, "s"]) -> Links:
        """The network of the same slots with other partners: each the partner of its partner, empty slots still empty."""
        there = partners >= 0
        if self.to is None:
            to = jnp.where(there, self.owners(partners), -1)
            return eqx.tree_at(lambda links: (links.ragged.to, links.ragged.back), self, (to, partners))
        n, k = self.to.shape
        to, back = (jnp.where(there, part, -1).reshape(n, k) for part in (partners // max(k, 1), partners % max(k, 1)))
        return Links(to, back, self.full)


@functools.lru_cache(maxsize=2)
def _built(network: Network, n: int) -> Links:
    """A network in host arrays: the last two are kept, since a study runs one many times and a large one takes seconds."""
    found = network.contacts(n)
    if isinstance(found, Adjacency):
        most = int(found.degree.max(initial=0))
        if most > _ROWS_SLOTS and most * n > _ROWS_WASTE * found.target.size:
            return _in_slots(found)
    return _in_rows(found)


def _in_rows(contacts: Adjacency | Rows) -> Links:
    rows = contacts.rows() if isinstance(contacts, Adjacency) else contacts
    return Links(cast("Array", rows), cast("Array", back_slots(rows)), bool((rows >= 0).all()))


def _in_slots(adjacency: Adjacency) -> Links:
    degree = adjacency.degree
    slots = np.where(degree > 1, 1 << np.ceil(np.log2(np.maximum(degree, 1))).astype(np.int64), degree)
    order = np.argsort(slots, kind="stable")
    width, count = np.unique(slots, return_counts=True)
    start = np.empty(degree.size, np.int64)
    start[order] = np.concatenate([[0], np.cumsum(slots[order])[:-1]])
    own = np.arange(adjacency.target.size) - np.repeat(adjacency.first[:-1] - start, degree)
    to = np.full(int(slots.sum()), -1, np.int32)
    back = to.copy()
    to[own], back[own] = adjacency.target, own[adjacency.back()]
    place = np.empty(degree.size, np.int32)
    place[order] = np.arange(degree.size, dtype=np.int32)
    given = [cast("Array", values.astype(np.int32)) for values in (to, back, order, place, start, degree)]
    return Links(None, None, False, Ragged(*given, shape=tuple(zip(count.tolist(), width.tolist(), strict=True))))
