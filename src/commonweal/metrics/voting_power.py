"""The power of the richest where wealth votes: how often it decides, not how much it owns.

Decisions are taken by more than half of all wealth, as in a meeting of shareholders. The `majors` richest seats vote as
single voters, all others as an ocean of small ones; the value is the Shapley-Shubik index of the richest in that oceanic game:

    phi_1 in [0, 1];  1 as soon as it owns more than half, and more than its share of wealth where others are small

Among equally small owners who own c of all wealth, phi = c / (1 - c) while c is at most 1/2. Who owes owns no share. All purses
empty: 1 / n. The ocean is an approximation to seats that own little each.

With `index="banzhaf"` it is Banzhaf's index instead, not normalised: the chance that the richest decides where all others vote
yes or no by fair coins. Of the coins of the small, only their sum counts, which is taken to be normal with its own spread s
around half of what the small own. So, of m majors who own M together, over the 2^(m - 1) sets S of all but the richest,

    eta_1 = mean of  Phi((w(S) + w_1 - M / 2) / s) - Phi((w(S) - M / 2) / s),     4 s^2 = sum of w_j^2 over the small

which is exact where all are majors, about sqrt(2 / (pi n)) where all own alike, and 1 as soon as one owns more than half. All
purses empty: as if all owned alike.

Source: J. Milnor and L. Shapley, "Values of large games II: oceanic games", Mathematics of Operations Research 3 (1978); of
Banzhaf's index by a normal approximation, G. Owen, "Multilinear extensions and the Banzhaf value", Naval Research Logistics
Quarterly 22 (1975).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import ClassVar, Literal

import equinox as eqx
import jax
import jax.numpy as jnp

from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.numbers import Total
from commonweal.core.parts import EndMetric, Readings
from commonweal.core.views import End
from commonweal.statistics.power_indices import oceanic

_INDICES = ("shapley-shubik", "banzhaf")
_SHARE_BITS = 30


class VotingPower(EndMetric):
    """The Shapley-Shubik index of the richest seat, wealth voting; by choice, Banzhaf's.

    Raises:
        StudyError: `majors` is not from 1 to 12, or there is no such index.
    """

    unit: ClassVar[str] = "1"
    low: ClassVar[float] = 0.0
    high: ClassVar[float] = 1.0
    source: ClassVar[str] = (
        "Milnor and Shapley, Mathematics of Operations Research 3 (1978); Owen, Naval Res. Logist. Q. 22 (1975)"
    )
    null: ClassVar[str] = "about 1 / n where all own alike, by Banzhaf sqrt(2 / (pi n)); 1 where one owns more than half"

    majors: int = eqx.field(static=True, default=5)
    """How many of the richest seats vote as single voters, 1 to 12; all, where there are no more seats."""
    index: Literal["shapley-shubik", "banzhaf"] = eqx.field(static=True, default="shapley-shubik")
    """Whether coalitions form in a random order, or every voter by a coin: then not normalised."""

    def __check_init__(self) -> None:
        """Refuse a number of majors that cannot be reckoned, and an unknown index."""
        if not 1 <= self.majors <= 12:
            raise StudyError(f"voting power with {self.majors} major voters; expected from 1 to 12")
        if self.index not in _INDICES:
            raise StudyError(f"voting power by {self.index!r}; expected one of {', '.join(_INDICES)}")

    def read(self, end: End) -> Named[Total]:
        """Purses of the majors, `major 1` the largest; `sum` of all; `seats`; of Banzhaf's index, `squares` of small shares."""
        n = end.purse.shape[0]
        with jax.enable_x64(True):
            purse = -jnp.sort(-jnp.maximum(end.purse, 0).astype(jnp.int64))
            whole = jnp.sum(purse)
            majors = [(f"major {place + 1}", purse[place]) for place in range(min(self.majors, n))]
            read = (*majors, ("sum", whole), ("seats", jnp.asarray(n, jnp.int64)))
            if self.index == "banzhaf":
                small = (purse[self.majors :] << _SHARE_BITS) // jnp.maximum(whole, 1)
                read = (*read, ("squares", jnp.sum(small * small)))
            return Named.of(*read)

    def value(self, readings: Readings) -> float:
        """0 to 1."""
        whole, seats = int(readings["sum"][0]), int(readings["seats"][0])
        majors = [int(readings[f"major {place + 1}"][0]) for place in range(min(self.majors, seats))]
        if self.index == "banzhaf":
            return _coins(majors, whole * _root(int(readings["squares"][0]))) if whole else _alike(seats)
        if not whole:
            return 1.0 / seats
        shares = [units / whole for units in majors]
        ocean = max(0.0, 1.0 - sum(shares)) if len(shares) < seats else 0.0
        return min(1.0, max(0.0, oceanic(0.5, shares, ocean)[0]))


def _root(squares: int) -> float:
    """The square root of a sum of squared shares, 0 to 1."""
    return math.sqrt(squares) / 2**_SHARE_BITS


def _coins(majors: Sequence[int], spread: float) -> float:
    """Banzhaf's index of the first major voter, 0 to 1: the mean over sets of the others of the chance that it swings.

    Args:
        majors: [m] what each owns, ledger units.
        spread: standard deviation of twice the sum of the small who vote yes, ledger units; 0: there are none.
    """
    first, others = majors[0], majors[1:]
    found = 0.0
    for size in range(len(others) + 1):
        for members in itertools.combinations(others, size):
            # Twice what a set has above half of what majors own; in whole units, so that ties are ties.
            without = 2 * sum(members) - sum(majors)
            found += _wins(without + 2 * first, spread) - _wins(without, spread)
    return found / 2 ** len(others)


def _wins(above: int, spread: float) -> float:
    """The chance that a set wins which has so much above what it needs on average."""
    return float(above > 0) if spread == 0 else 0.5 * math.erfc(-above / (spread * math.sqrt(2)))


def _alike(n: int) -> float:
    """Banzhaf's index of one of n equal voters, more than half of whom decide: C(n - 1, (n - 1) // 2) / 2^(n - 1)."""
    most, half = n - 1, (n - 1) // 2
    return math.exp(math.lgamma(most + 1) - math.lgamma(half + 1) - math.lgamma(most - half + 1) - most * math.log(2))
