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
from commonweal.core.society import Society
from commonweal.core.streams import Key
from commonweal.core.views import HostedDecision, Memory, View, Words


def families(society: Society) -> list[tuple[int, ...]]:
    """Indices of the society's scripted and learned minds, grouped: those of one family with like parameters together."""
    groups: dict[Any, list[int]] = {}
    for index, mind in enumerate(society.minds.values):
        if isinstance(mind, Mind):
            arrays, rest = eqx.partition(mind, eqx.is_array)
            shapes = tuple((leaf.shape, str(leaf.dtype)) for leaf in jax.tree.leaves(arrays))
            same = (type(mind), jax.tree.structure(rest), tuple(map(repr, jax.tree.leaves(rest))), shapes)
            groups.setdefault(same if mind.family else (index,), []).append(index)
    return [tuple(group) for group in groups.values()]


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
    after = list(memories)
    places: dict[str, int] = {}
    at = key.child("tick").child(view.tick).child("mind")
    for group in families(society):
        kind = type(society.minds.values[group[0]]).__qualname__
        places[kind] = places.get(kind, -1) + 1
        mine = jnp.zeros(seated.shape, bool)
        for index in group:
            mine = mine | (seated == index)
        mind, memory = _merge(society, group, seated, memories)
        decision = mind.act(memory, view, at.child(kind).child(places[kind]))
        for index in group:
            after[index] = decision.memory
        for name, act in decision.acts.items():
            acts[name] = act if name not in acts else choose(mine, act, acts[name])
            answering[name] = mine if name not in answering else answering[name] | mine
    return Named.of(*acts.items()), Named.of(*answering.items()), tuple(after)


def _merge(society: Society, group: tuple[int, ...], seated: Index, memories: tuple[Memory, ...]) -> tuple[Mind, Memory]:
    """One mind whose parameters are rows, and the memory of each seat's own mind."""
    minds = [cast("Mind", society.minds.values[index]) for index in group]
    if len(group) == 1:
        return minds[0], memories[group[0]]
    place = jnp.zeros(seated.shape, jnp.int32)
    memory = memories[group[0]]
    for row, index in enumerate(group[1:], 1):
        place = jnp.where(seated == index, row, place)
        memory = choose(seated == index, memories[index], memory)
    arrays, rest = eqx.partition(minds, eqx.is_array)
    rows = jax.tree.map(lambda *leaves: jnp.stack(leaves)[place], *arrays)
    return eqx.combine(rows, rest[0]), memory
