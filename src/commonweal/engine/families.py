"""Every mind is computed for every seat, so minds of one family are computed once, with a row of parameters a seat."""

from __future__ import annotations

import dataclasses
from typing import Any, cast

import equinox as eqx
import jax
import jax.numpy as jnp

from commonweal.core.arrays import Flags, Index
from commonweal.core.menu import Acts, choose
from commonweal.core.named import Named
from commonweal.core.parts import HostedMind, Mind
from commonweal.core.seats import Seats
from commonweal.core.society import Society
from commonweal.core.streams import Key
from commonweal.core.views import HostedDecision, Memory, View, Words


def families(society: Society) -> list[tuple[int, ...]]:
    """Indices of the society's minds, grouped: those of one family with like parameters together, any other by itself.

    The minds of a group share one memory.
    """
    groups: dict[Any, list[int]] = {}
    for index, mind in enumerate(society.minds.values):
        if isinstance(mind, Mind) and mind.family:
            arrays, rest = eqx.partition(mind, eqx.is_array)
            shapes = tuple((leaf.shape, str(leaf.dtype)) for leaf in jax.tree.leaves(arrays))
            same = (type(mind), jax.tree.structure(rest), tuple(map(repr, jax.tree.leaves(rest))), shapes)
        else:
            same = (index,)
        groups.setdefault(same, []).append(index)
    return [tuple(group) for group in groups.values()]


def newborn(society: Society, seats: Seats, key: Key) -> tuple[Memory, ...]:
    """The memory of each family, [a, ...] leaves, where every seat is at birth.

    Args:
        society: whose minds are born.
        seats: who sits where.
        key: the draws of a mind are under its own name.
    """
    return tuple(_born(society, group, seats, key) for group in families(society))


def _born(society: Society, group: tuple[int, ...], seats: Seats, key: Key) -> Memory:
    memory: Memory = None
    for index in group:
        mind = society.minds.values[index]
        if isinstance(mind, Mind):
            own = mind.init(key.child(society.minds.names[index]), seats)
        else:
            own = jnp.full((seats.n, mind.slots), -1, jnp.int32)
        memory = own if index == group[0] else choose(seats.mind == index, own, memory)
    return memory


class Outside(HostedMind):
    """What a compiled phase needs to know of a hosted mind: how many texts it remembers."""

    slots: int = eqx.field(static=True, default=0)  # pyright: ignore[reportIncompatibleVariableOverride]

    @property
    def digest(self) -> str:
        """Nothing."""
        return ""

    async def act(self, words: Words, key: int) -> HostedDecision:
        """Never asked: it stands for another mind."""
        return HostedDecision({})


def without_models(society: Society) -> Society:
    """The society for a compiled phase: hosted minds stand as `Outside`, so that personas compile nothing anew."""
    minds = tuple(mind if isinstance(mind, Mind) else Outside(mind.slots) for mind in society.minds.values)
    return dataclasses.replace(society, minds=Named(society.minds.names, minds))


def decide_families(
    society: Society, seated: Index, memories: tuple[Memory, ...], view: View, key: Key
) -> tuple[Acts, Named[Flags], tuple[Memory, ...]]:
    """Raw answers by question, who gave one, and the memories after.

    A family's stream is named by its class and its place among the families of that class, so that another mind in the
    society shifts nobody's draws.
    """
    acts: dict[str, Any] = {}
    answering: dict[str, Flags] = {}
    after: list[Memory] = []
    places: dict[str, int] = {}
    at = key.child("tick").child(view.tick).child("mind")
    for group, memory in zip(families(society), memories, strict=True):
        if not isinstance(society.minds.values[group[0]], Mind):
            after.append(memory)
            continue
        kind = type(society.minds.values[group[0]]).__qualname__
        places[kind] = places.get(kind, -1) + 1
        mine = jnp.zeros(seated.shape, bool)
        for index in group:
            mine = mine | (seated == index)
        decision = _merge(society, group, seated).act(memory, view, at.child(kind).child(places[kind]))
        after.append(decision.memory)
        for name, act in decision.acts.items():
            acts[name] = act if name not in acts else choose(mine, act, acts[name])
            answering[name] = mine if name not in answering else answering[name] | mine
    return Named.of(*acts.items()), Named.of(*answering.items()), tuple(after)


def _merge(society: Society, group: tuple[int, ...], seated: Index) -> Mind:
    """One mind whose parameters are rows: each seat's are those of its own mind."""
    minds = [cast("Mind", society.minds.values[index]) for index in group]
    if len(group) == 1:
        return minds[0]
    arrays, rest = eqx.partition(minds, eqx.is_array)
    return eqx.combine(jax.tree.map(lambda *leaves: _rows(group, seated, leaves), *arrays), rest[0])


def _rows(group: tuple[int, ...], seated: Index, leaves: tuple[jax.Array, ...]) -> jax.Array:
    """Each seat's own value of one parameter, [a, ...]."""
    rows = jnp.broadcast_to(leaves[0], (*seated.shape, *leaves[0].shape))
    for index, leaf in zip(group[1:], leaves[1:], strict=True):
        here = (seated == index).reshape(seated.shape + (1,) * leaf.ndim)
        rows = jnp.where(here, leaf, rows)
    return rows
