"""Votes by heads: a ballot is as many votes as its seat has identities, its own one and those that it made up.

How many further ones each seat has is a field that a rule of identities sets anew at every tick (`with_identities`). Who has
none has one vote. A jury draws seats, not heads, and counts as many votes of each that it draws.

Source: J. Douceur, "The Sybil attack", IPTPS (2002).
"""

from __future__ import annotations

from typing import TypeVar, cast

import equinox as eqx
import jax
import jax.core
import jax.numpy as jnp
from jaxtyping import Array, Int32, PyTree

from commonweal.core.arrays import Index, whole
from commonweal.core.ballots.counted import Counted
from commonweal.core.ballots.election import Count, Election
from commonweal.core.errors import StudyError

T = TypeVar("T")


class Heads(Counted):
    """Counts, by another rule, ballots that weigh as much as their seat has identities.

    Raises:
        StudyError: a seat has fewer than none.

    Source: Douceur, IPTPS (2002).
    """

    further: Int32[Array, "*a"] = eqx.field(converter=whole, default=0)
    """Identities of each seat beyond its own one, at least 0: one number for all, or one a seat."""

    def __check_init__(self) -> None:
        """Refuse less than no further identity."""
        if not isinstance(self.further, jax.core.Tracer) and not bool((self.further >= 0).all()):
            raise StudyError(f"ballots of {self.further.tolist()} further identities; expected at least 0")

    def count(self, election: Election) -> Count:
        """Weigh the ballots, and count them."""
        with jax.enable_x64(True):
            weight = election.weight.astype(jnp.int64) * (1 + self.further.astype(jnp.int64))
            weight = jnp.minimum(weight, 2**31 - 1).astype(jnp.int32)
        return self.of.count(eqx.tree_at(lambda e: e.weight, election, weight))

    def describe(self) -> str:
        """How much a vote is."""
        return f"you have a vote for each of your identities; {self.of.describe()}"


def _is_heads(part: object) -> bool:
    return isinstance(part, Heads)


def counts_heads(rule: PyTree[object]) -> bool:
    """Whether a rule counts heads, or holds one that does."""
    return any(_is_heads(part) for part in jax.tree.leaves(rule, is_leaf=_is_heads))


def with_identities(rule: T, further: Index) -> T:
    """A copy of a rule in which heads are counted with these identities, wherever it, or a rule inside it, counts heads.

    Args:
        rule: a rule, perhaps with others inside.
        further: [a] identities of each seat beyond its own one.
    """

    def put(part: object) -> object:
        return eqx.tree_at(lambda own: own.further, part, further) if isinstance(part, Heads) else part

    return cast("T", jax.tree.map(put, rule, is_leaf=_is_heads))
