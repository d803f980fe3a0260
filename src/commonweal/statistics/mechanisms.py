"""Rules of decision as games of reports: how ballots are counted, how texts are agreed on, how a fund is divided.

Each seat has a type, which says what every outcome is worth to it (0 to 1), and a sincere report; what everybody gets follows
from all reports. `statistics.manipulation` looks for reports that are not sincere and pay.

Letters: n seats, k alternatives, T types, K reports, r rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations, permutations, product
from math import comb
from typing import Any, TypeAlias

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from commonweal.core.ballots import Count, Election, Jury, SchulzeByScore, VotingRule
from commonweal.core.errors import StudyError
from commonweal.core.streams import Key
from commonweal.statistics.bargaining import divide_forever

Numbers: TypeAlias = NDArray[np.float64]
Reports: TypeAlias = NDArray[np.int64]

_MOST_PANELS = 1000
_CHUNK = 1 << 13


@dataclass(frozen=True)
class Mechanism:
    """A rule of decision as a game of reports."""

    name: str
    """What it is called."""
    reports: int
    """How many different reports there are, K."""
    truth: Reports
    """The sincere report of each type. [T]"""
    values: Callable[[Reports], Numbers]
    """From reports [r, n] what seats of each type get, [r, n, T]."""


def all_orders(alternatives: int) -> Numbers:
    """Types with every strict order of the alternatives, worth evenly from 1 down to 0, [k!, k]."""
    ranks = np.asarray(list(permutations(range(alternatives))), np.float64)
    return 1.0 - ranks / max(alternatives - 1, 1)


def single_peaks(alternatives: int) -> Numbers:
    """Types to which an alternative is worth the less the further it lies from their own on a line, [k, k]."""
    place = np.arange(alternatives)
    return 1.0 - np.abs(place[:, None] - place) / max(alternatives - 1, 1)


def dichotomies(alternatives: int) -> Numbers:
    """Types that find each alternative good (1) or bad (0), some good and some bad, [2^k - 2, k]."""
    return np.asarray([row for row in product((0.0, 1.0), repeat=alternatives) if 0 < sum(row) < alternatives])


def by_voting(
    rule: VotingRule, worth: Numbers, purse: tuple[int, ...] = (), by_lot: bool = False, unit_worth: float = 0.0
) -> Mechanism:
    """An election: the report is a ballot.

    A jury's lots are looked at one and all. Where nobody wins, alternative 0 stands. Of ballots that differ in number alone, as
    scores that rank alike do, one is enough.

    Args:
        rule: how ballots are counted; a jury only around all the rest.
        worth: what the alternatives are worth to each type, 0 to 1. [T, k]
        purse: what each seat could pay, ledger units; empty: nothing.
        by_lot: whether ties are broken by lot, and worth is expected worth; else for the alternative named first.
        unit_worth: what one ledger unit is worth, in units of worth.

    Raises:
        StudyError: the rule does not take so many alternatives.
    """
    k = worth.shape[1]
    rule.check(k)
    sincere = rule.sincere(worth).astype(np.int64)
    number, truth = _distinct(rule, k, sincere)

    def values(reports: Reports) -> Numbers:
        n = reports.shape[1]
        own = np.asarray(purse if purse else (0,) * n, np.int32)
        inner, panels = _panels(rule, n)
        result = np.zeros((*reports.shape, len(worth)))
        for panel in panels:
            count = _counted(inner, number[reports], panel, own, k)
            lottery = _lottery(np.asarray(count.winners), by_lot)
            result += (lottery @ worth.T)[:, None, :] - unit_worth * count.cost[:, :, None]
        return result / len(panels)

    return Mechanism(type(rule).__name__, len(number), truth, values)


def by_identities(rule: VotingRule, worth: Numbers, most: int, price: float, by_lot: bool = False) -> Mechanism:
    """An election by heads: the report is a ballot and how many further identities cast it; the sincere one buys none.

    Report b + K s is ballot b of the rule's K, and s further identities.

    Args:
        rule: how the heads' ballots are counted; no jury.
        worth: what the alternatives are worth to each type, 0 to 1. [T, k]
        most: most further identities of a seat, at least 0.
        price: what one costs, in units of worth.
        by_lot: whether ties are broken by lot, and worth is expected worth; else for the alternative named first.

    Source: J. Douceur, "The Sybil attack", IPTPS (2002).
    """
    k = worth.shape[1]
    rule.check(k)
    ballots = rule.ballots(k)

    def values(reports: Reports) -> Numbers:
        further = reports // ballots
        count = _counted(rule, reports % ballots, 1 + further, np.zeros(reports.shape[1], np.int32), k)
        return (_lottery(np.asarray(count.winners), by_lot) @ worth.T)[:, None, :] - price * further[:, :, None]

    return Mechanism(f"{type(rule).__name__} by heads", ballots * (most + 1), rule.sincere(worth).astype(np.int64), values)


def by_offers(patience: tuple[float, ...]) -> Mechanism:
    """Bargaining by alternating offers: both sides show how patient they are, and the fund is divided as perfect play would.

    Seat 0 moves first. Types and reports are the patiences; what a seat gets is its share.

    Args:
        patience: shares of the fund that a refusal leaves to a side, 0 to 1, one of them below 1 in every pair.

    Source: Rubinstein, Econometrica 50 (1982).
    """
    share = np.asarray([[divide_forever(mover, other) for other in patience] for mover in patience])

    def values(reports: Reports) -> Numbers:
        first = share[reports[:, 0], reports[:, 1]]
        return np.repeat(np.stack([first, 1 - first], 1)[:, :, None], len(patience), axis=2)

    return Mechanism("AlternatingOffers", len(patience), np.arange(len(patience)), values)


def by_mediation(levels: int, quorum: float = 1.0) -> Mechanism:
    """A mediator's text: the median of the levels that seats name, agreed if enough accept it; else there is no agreement.

    To type p - 1 level p is best, of the levels 1 to k on a line on which no agreement is level 0; a level is worth the less
    the further it lies from p. Report (w - 1) + k (a - 1) names level w and accepts what one to whom a is best would accept,
    levels up to 2 a. The sincere report has w = a = p. Half of the seats, those who find the median too low or right, always
    accept it, so that up to that quorum the text is a median, against which nobody gains.

    Args:
        levels: how many levels there are, k.
        quorum: share of seats that must accept, 0 to 1; 0: the median stands whoever accepts it, as in a town hall.

    Source: Raiffa, The Art and Science of Negotiation (1982), chapter 14; Black, Journal of Political Economy 56 (1948).
    """
    best = np.arange(1, levels + 1)
    worth = 1.0 - np.abs(best[:, None] - np.arange(levels + 1)) / levels

    def values(reports: Reports) -> Numbers:
        n = reports.shape[1]
        text = np.sort(1 + reports % levels, axis=1)[:, (n - 1) // 2]
        accepts = (text[:, None] <= 2 * (1 + reports // levels)).sum(axis=1)
        agreed = accepts >= n - int(n * round((1 - quorum) * 1e6) // 10**6)
        return np.repeat(worth.T[np.where(agreed, text, 0)][:, None, :], n, axis=1)

    return Mechanism("Mediation", levels**2, (best - 1) * (levels + 1), values)


def _distinct(rule: VotingRule, k: int, sincere: Reports) -> tuple[Reports, Reports]:
    """Ballots of which no two say the same, and the places of the sincere ones among them."""
    number = np.arange(rule.ballots(k), dtype=np.int64)
    if not isinstance(rule, SchulzeByScore):
        return number, sincere
    points = np.asarray(rule.points(jnp.asarray(number, jnp.int32), k))
    says = (points[:, :, None] > points[:, None, :]).reshape(len(points), -1)
    _, first, place = np.unique(says, axis=0, return_index=True, return_inverse=True)
    return number[first], place.reshape(-1)[sincere].astype(np.int64)


def _panels(rule: VotingRule, n: int) -> tuple[VotingRule, list[NDArray[np.int64]]]:
    """The rule that counts, and who may be drawn to vote, each set with the same probability."""
    if not isinstance(rule, Jury):
        return rule, [np.ones(n, np.int64)]
    size = min(int(rule.size), n)
    if comb(n, size) > _MOST_PANELS:
        raise StudyError(
            f"a jury of {size} of {n} seats can be drawn in {comb(n, size)} ways; expected at most {_MOST_PANELS}: take fewer "
            "seats"
        )
    return rule.of, [np.isin(np.arange(n), drawn).astype(np.int64) for drawn in combinations(range(n), size)]


@eqx.filter_jit
def _count_all(rule: VotingRule, ballots: Any, weight: Any, purse: Any, alternatives: int) -> Count:
    def one(ballot: Any, own: Any) -> Count:
        election = Election.of(ballot, own > 0, alternatives, Key.root(0), purse)
        return rule.count(eqx.tree_at(lambda given: given.weight, election, own))

    return jax.vmap(one)(ballots, weight)


def _counted(rule: VotingRule, ballots: Reports, weight: NDArray[np.int64], purse: Any, k: int) -> Count:
    """What came of elections [r, n], in chunks of one size, so that they are compiled once."""
    rows = len(ballots)
    found: list[Any] = []
    for start in range(0, rows, _CHUNK):
        end = min(start + _CHUNK, rows)
        given = ballots[start:end], np.broadcast_to(weight, ballots.shape)[start:end]
        padded = [np.zeros((_CHUNK, ballots.shape[1]), np.int32) for _ in given]
        for whole, part in zip(padded, given, strict=True):
            whole[: end - start] = part
        count = _count_all(rule, jnp.asarray(padded[0]), jnp.asarray(padded[1]), jnp.asarray(purse), k)
        found.append(jax.device_get(count))
    return jax.tree.map(lambda *leaves: np.concatenate(leaves)[:rows], *found)


def _lottery(winners: NDArray[np.bool_], by_lot: bool) -> Numbers:
    """The probability of each alternative, [r, k]."""
    winners = winners.copy()
    winners[~winners.any(axis=1), 0] = True
    if by_lot:
        return winners / winners.sum(axis=1, keepdims=True)
    return np.eye(winners.shape[1])[winners.argmax(axis=1)]
