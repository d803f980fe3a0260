"""Sortition: of all who cast a ballot some are drawn by lot, and theirs alone are counted.

The lot is drawn when ballots are counted, so that everybody fills one in: who votes alike whether or not it will be drawn makes
the same decision as a jury that is asked alone.

Source: J. Fishkin, When the People Speak (2009), for juries of citizens; N. de Condorcet, Essai sur l'application de l'analyse
(1785), for how often n jurors are right.
"""

from __future__ import annotations

import equinox as eqx
import jax.core
import jax.numpy as jnp
from jaxtyping import Array, Int32

from commonweal.core.arrays import whole
from commonweal.core.ballots.counted import Counted
from commonweal.core.ballots.election import Count, Election
from commonweal.core.errors import StudyError


class Jury(Counted):
    """Counts, by another rule, the ballots of a jury drawn by lot from those who voted.

    Raises:
        StudyError: the jury has no member.

    Source: Fishkin, When the People Speak (2009).
    """

    size: Int32[Array, ""] = eqx.field(converter=whole, default=12)
    """How many are drawn, at least 1; all, where fewer voted."""

    def __check_init__(self) -> None:
        """Refuse an empty jury."""
        if not isinstance(self.size, jax.core.Tracer) and not bool((self.size >= 1).all()):
            raise StudyError(f"a jury of {self.size.tolist()}; expected at least 1")

    def count(self, election: Election) -> Count:
        """Draw the jury, and count its ballots."""
        n = election.ballot.shape[0]
        idle = election.weight <= 0
        # Who voted comes first, in an order drawn by lot; the others are behind, and have no vote anyway.
        order = jnp.lexsort((election.key.child("jury").bits(n), idle))
        drawn = jnp.zeros(n, bool).at[order].set(jnp.arange(n) < self.size)
        weight = jnp.where(drawn, election.weight, 0)
        return self.of.count(eqx.tree_at(lambda e: (e.weight, e.key), election, (weight, election.key.child("of"))))

    def describe(self) -> str:
        """Who decides, and how."""
        return (
            f"{int(self.size)} of those who answer are drawn by lot, and only their answers are counted: {self.of.describe()}"
        )
