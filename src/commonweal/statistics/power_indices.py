"""Power in weighted voting: how often a voter turns a losing coalition into a winning one.

A coalition wins where its weights reach the quota q. Voter i swings coalition S where w(S) < q <= w(S) + w_i.

    Shapley-Shubik  phi_i = sum over swung S of |S|! (n - |S| - 1)! / n!          sums to 1
    Banzhaf         eta_i = swings of i,  raw index eta_i / 2^(n-1),  normalised eta_i / sum(eta)

Both are exact: coalitions are counted by size and weight with generating functions, prod_j (1 + x^w_j z), in whole numbers
without bound, in O(n^2 q) additions for all voters (O(n q) for Banzhaf).

An oceanic game has a few major voters and an ocean of so many small ones that each is nothing alone. They arrive at uniform
times in (0, 1), so that by time t a part t of the ocean has joined:

    phi_i = sum over S of majors without i, of the measure of t^|S| (1 - t)^(m - 1 - |S|) over the t at which i swings.

Letters: `n` voters, `m` major ones.

Source: L. Shapley and M. Shubik, American Political Science Review 48 (1954); J. Banzhaf, Rutgers Law Review 19 (1965); the
algorithm as in S. Brams and P. Affuso, Theory and Decision 7 (1976); J. Milnor and L. Shapley, "Values of large games II:
oceanic games", Mathematics of Operations Research 3 (1978).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from scipy.special import betainc

from commonweal.core.errors import StudyError


@dataclass(frozen=True)
class Banzhaf:
    """Swings of each voter, and the two indices made of them."""

    swings: tuple[int, ...]
    """Coalitions that each voter swings. [n]"""

    @property
    def raw(self) -> tuple[Fraction, ...]:
        """The chance that a voter swings a coalition of the others drawn by fair coins. [n]"""
        return tuple(Fraction(count, 2 ** (len(self.swings) - 1)) for count in self.swings)

    @property
    def normalised(self) -> tuple[Fraction, ...]:
        """Shares of all swings; 0 where nobody swings anything. [n]"""
        return tuple(Fraction(count, max(sum(self.swings), 1)) for count in self.swings)


def banzhaf(quota: int, weights: Sequence[int]) -> Banzhaf:
    """Banzhaf's swings, exactly.

    Args:
        quota: what a winning coalition's weights reach, from 1 to their sum.
        weights: [n] whole numbers, at least 0.

    Raises:
        StudyError: numbers out of range.
    """
    _check(quota, weights)
    ways = [1] + [0] * (quota - 1)
    for weight in weights:
        ways = _with(ways, weight)
    return Banzhaf(tuple(sum(_without(ways, weight)[max(quota - weight, 0) :]) for weight in weights))


def shapley_shubik(quota: int, weights: Sequence[int]) -> tuple[Fraction, ...]:
    """The Shapley-Shubik index of each voter, exactly; they sum to 1. [n]

    Args:
        quota: what a winning coalition's weights reach, from 1 to their sum.
        weights: [n] whole numbers, at least 0.

    Raises:
        StudyError: numbers out of range.
    """
    _check(quota, weights)
    n = len(weights)
    by_size = [[1] + [0] * (quota - 1)] + [[0] * quota for _ in range(n)]
    for number, weight in enumerate(weights):
        for size in range(number, -1, -1):
            joined = ([0] * weight + by_size[size])[:quota]
            by_size[size + 1] = [old + new for old, new in zip(by_size[size + 1], joined, strict=True)]
    orders = [math.factorial(size) * math.factorial(n - size - 1) for size in range(n)]
    known: dict[int, Fraction] = {}
    for weight in set(weights):
        found, previous = 0, [0] * quota
        for size in range(n):
            # Coalitions of this size without the voter: all, less those that it joined at one size less.
            joined = ([0] * weight + previous)[:quota]
            previous = [whole - part for whole, part in zip(by_size[size], joined, strict=True)]
            found += orders[size] * sum(previous[max(quota - weight, 0) :])
        known[weight] = Fraction(found, math.factorial(n))
    return tuple(known[weight] for weight in weights)


def oceanic(quota: float, majors: Sequence[float], ocean: float) -> tuple[float, ...]:
    """The Shapley-Shubik index of each major voter of an oceanic game; the ocean has the rest of 1. [m]

    Args:
        quota: what a winning coalition's weights exceed, at least 0 and below the sum of all weights.
        majors: [m] weights of the major voters, at least 0.
        ocean: weight of all small voters together, at least 0.

    Raises:
        StudyError: numbers out of range.
    """
    if not 0 <= quota < sum(majors) + ocean or min(*majors, ocean, 0) < 0:
        raise StudyError(
            f"an oceanic game with quota {quota:g}, majors {list(majors)} and an ocean of {ocean:g}; expected weights of at "
            "least 0 that together exceed the quota"
        )
    return tuple(_swing(quota, weight, [*majors[:i], *majors[i + 1 :]], ocean) for i, weight in enumerate(majors))


def _swing(quota: float, weight: float, others: Sequence[float], ocean: float) -> float:
    """The value of one major voter among others."""
    found = 0.0
    for size in range(len(others) + 1):
        # The integral of t^s (1 - t)^r is a beta function; the incomplete one gives it up to each end.
        whole = math.exp(math.lgamma(size + 1) + math.lgamma(len(others) - size + 1) - math.lgamma(len(others) + 2))
        for members in itertools.combinations(others, size):
            reached = sum(members)
            low, high = _time(quota - weight - reached, ocean), _time(quota - reached, ocean)
            found += whole * float(
                betainc(size + 1, len(others) - size + 1, high) - betainc(size + 1, len(others) - size + 1, low)
            )
    return found


def _time(missing: float, ocean: float) -> float:
    """When the ocean has brought what is missing, cut off at 0 and 1."""
    if missing < 0:
        return 0.0
    return min(1.0, missing / ocean) if ocean > 0 else 1.0


def _with(ways: list[int], weight: int) -> list[int]:
    """Coalitions by weight, below the quota, with one more voter."""
    return [old + new for old, new in zip(ways, ([0] * weight + ways)[: len(ways)], strict=True)]


def _without(ways: list[int], weight: int) -> list[int]:
    """Coalitions by weight, below the quota, without one of the voters."""
    if weight == 0:
        return [count // 2 for count in ways]
    rest = list(ways)
    for at in range(weight, len(rest)):
        rest[at] -= rest[at - weight]
    return rest


def _check(quota: int, weights: Sequence[int]) -> None:
    if not weights or min(weights) < 0 or not 1 <= quota <= sum(weights):
        raise StudyError(
            f"a vote with quota {quota} among weights {list(weights)[:8]}; expected weights of at least 0 and a quota from 1 "
            "to their sum"
        )
