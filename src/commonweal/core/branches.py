"""Branches that steer the compiler and the clock, never a value: what is computed once, and what only where it is needed."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool

T = TypeVar("T")
U = TypeVar("U")


def apart(value: T, always: Bool[Array, ""]) -> T:
    """The same value, computed once: the compiler fuses nothing across this point and does not look through it.

    XLA on CPU drops an optimization barrier before it fuses, and would then compute a table anew for each time that a gather
    reads it, or reason for half a minute about an address that ends a chain of hashes. Into a branch it does neither.

    Args:
        value: a pytree of arrays.
        always: a condition that holds, in a way that the compiler cannot know: a fact of data.
    """
    return _kept(always, value)


def _same(value: Any) -> Any:
    return value


def _nothing(value: Any) -> Any:
    return jax.tree.map(jnp.zeros_like, value)


# Made once: a new function at each call would be compiled anew at each call outside of a compiled program.
@jax.custom_batching.custom_vmap
def _kept(always: Any, value: Any) -> Any:
    return jax.lax.optimization_barrier(jax.lax.cond(always, _same, _nothing, value))


@_kept.def_vmap
def _(size: int, batched: Any, always: Any, value: Any) -> Any:
    # A condition for each trial would be no branch but a choice between two values.
    return _kept(always.any() if batched[0] else always, value), batched[1]


def seldom(needed: Bool[Array, ""], work: Callable[[T], U], otherwise: Callable[[T], U], given: T) -> U:
    """`work(given)` where it is needed, else `otherwise(given)`: for work that most ticks of most trials can do without.

    In a batch a plain branch is always computed on both sides; here the work is skipped as long as no trial of the batch needs
    it, and done for all of them, and kept for those that need it, as soon as one does.

    Args:
        needed: whether the work is needed.
        work: a pure function of `given` alone, one that lives as long as the module it stands in: no closure.
        otherwise: what stands in its place, of the same shapes and types.
        given: a pytree of arrays.
    """
    return _choice(work, otherwise)(needed, given)


@functools.lru_cache(maxsize=256)
def _choice(work: Callable[[Any], Any], otherwise: Callable[[Any], Any]) -> Callable[[Any, Any], Any]:
    @jax.custom_batching.custom_vmap
    def branch(needed: Any, given: Any) -> Any:
        return jax.lax.cond(needed, work, otherwise, given)

    @branch.def_vmap
    def _(size: int, batched: Any, needed: Any, given: Any) -> Any:
        axes = jax.tree.map(lambda own: 0 if own else None, batched[1])
        if not batched[0]:
            needed = jnp.broadcast_to(needed, (size,))

        def all_work(given: Any) -> Any:
            done = jax.vmap(work, (axes,), axis_size=size)(given)
            rest = jax.vmap(otherwise, (axes,), axis_size=size)(given)
            return jax.tree.map(lambda x, y: jnp.where(needed.reshape((size,) + (1,) * (x.ndim - 1)), x, y), done, rest)

        def no_work(given: Any) -> Any:
            return jax.vmap(otherwise, (axes,), axis_size=size)(given)

        out = jax.lax.cond(needed.any(), all_work, no_work, given)
        return out, jax.tree.map(lambda _: True, out)

    return branch
