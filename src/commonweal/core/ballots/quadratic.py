"""Quadratic voting: v votes for an alternative cost v^2 credits, which are bought from the purse.

Ballot j + (v - 1) k buys v votes for alternative j of k. Who cannot pay for as many buys as many as it can. What is paid is
burnt, or paid back to all seats alike, and then only what cannot be divided is burnt.

Source: S. Lalley and E. G. Weyl, "Quadratic voting: how mechanism design can radicalize democracy", AEA Papers and
Proceedings 108 (2018).
"""

from __future__ import annotations

import equinox as eqx
import jax
import jax.core
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Int32
from numpy.typing import NDArray

from commonweal.core.arrays import flag, whole
from commonweal.core.ballots.election import Count, Election, VotingRule, most_of, votes_for
from commonweal.core.errors import StudyError
from commonweal.core.numbers import total


class Quadratic(VotingRule):
    """Votes for one alternative, bought at the square of their number; the score is the number of votes.

    Raises:
        StudyError: a number is out of range.

    Source: Lalley and Weyl, AEA Papers and Proceedings 108 (2018).
    """

    votes: int = eqx.field(static=True, default=3)
    """Most votes that a seat can buy, 1 to 100."""
    price: Int32[Array, ""] = eqx.field(converter=whole, default=1)
    """Ledger units a credit, 0 (votes are free) to 100,000."""
    shared: Bool[Array, ""] = eqx.field(converter=flag, default=False)
    """Whether what is paid is shared out to all seats alike; else it is burnt."""

    def __check_init__(self) -> None:
        """Refuse numbers out of range."""
        if not 1 <= self.votes <= 100:
            raise StudyError(f"quadratic voting with up to {self.votes} votes; expected 1 to 100")
        if not isinstance(self.price, jax.core.Tracer) and not bool(((self.price >= 0) & (self.price <= 100_000)).all()):
            raise StudyError(f"quadratic voting at {self.price.tolist()} units a credit; expected 0 to 100,000")

    def ballots(self, alternatives: int) -> int:
        """One for each alternative and number of votes."""
        return alternatives * self.votes

    def words(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """Alternatives with votes and credits."""
        return tuple(
            f"{name} ({votes} vote{'s' if votes > 1 else ''} for {votes**2} credit{'s' if votes > 1 else ''})"
            for votes in range(1, self.votes + 1)
            for name in names
        )

    def count(self, election: Election) -> Count:
        """Votes bought for each alternative, and what everybody pays for them."""
        k = election.alternatives
        wanted = election.ballot // k + 1
        # As many as the purse pays for, of at most `votes`: that many squares lie below it.
        able = sum(
            ((election.purse >= self.price * v**2).astype(jnp.int32) for v in range(1, self.votes + 1)),
            jnp.zeros_like(election.ballot),
        )
        bought = jnp.where(election.weight > 0, jnp.minimum(wanted, able), 0)
        score = votes_for((election.ballot % k)[:, None] == jnp.arange(k), bought)
        paid = self.price * bought**2
        with jax.enable_x64(True):
            each = (total(paid) // paid.shape[0]).astype(jnp.int32)
        return Count(score, most_of(score, election.stands), paid - jnp.where(self.shared, each, 0))

    def sincere(self, worth: NDArray[np.float64]) -> NDArray[np.int64]:
        """Votes for the best in proportion to how much better it is than the second best, at least one."""
        best = worth.argmax(axis=1)
        top = np.sort(worth, axis=1)[:, ::-1]
        lead = top[:, 0] - top[:, 1] if worth.shape[1] > 1 else np.ones(len(worth))
        return (np.clip(np.rint(lead * self.votes).astype(np.int64), 1, self.votes) - 1) * worth.shape[1] + best

    def describe(self) -> str:
        """What votes cost."""
        rest = "shared out to all alike" if bool(self.shared) else "gone"
        return (
            f"you may buy up to {self.votes} votes for one answer, v votes for v times v credits of {int(self.price)} units "
            f"each (as many as you can pay for; the money is {rest}), and most votes win"
        )
