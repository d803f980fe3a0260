"""How far a rule of decision can be manipulated: what the best coalition of up to c seats gains by not being sincere.

Each seat has a type, which says what every outcome is worth to it (0 to 1), and a sincere report. At a profile of types, a
coalition's gain is the least that one of its members gains over sincerity by the joint reports that are best for the coalition,
while all others stay sincere: all of them must gain, or it would not form. The gain of the profile is that of its best
coalition, and 0 where none gains. With few enough seats every profile, coalition and report is looked at; beyond that, profiles
are drawn at random, each type alike, and estimates carry an interval.

By the theorem of Gibbard and Satterthwaite every rule without lots that can choose each of three or more alternatives, and is
no dictatorship, has a profile at which one seat gains, where all orders of the alternatives may occur.

Letters: n seats, k alternatives, T types, K reports, r rows.

Source: A. Gibbard, "Manipulation of voting schemes: a general result", Econometrica 41 (1973); M. Satterthwaite, Journal of
Economic Theory 10 (1975); coalitions as in strong equilibrium, R. Aumann (1959).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import combinations, permutations, product
from math import comb
from typing import Any, TypeAlias

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from commonweal.core.ballots import (
    Approval,
    Count,
    Election,
    Jury,
    Median,
    Plurality,
    Quadratic,
    Schulze,
    Stake,
    VotingRule,
)
from commonweal.core.errors import StudyError
from commonweal.core.streams import Key
from commonweal.statistics.bargaining import divide_forever
from commonweal.statistics.inference import Bounds, Estimate, estimate_mean, estimate_proportion

Numbers: TypeAlias = NDArray[np.float64]
Reports: TypeAlias = NDArray[np.int64]

EXACT_LIMIT = 1_000_000
"""With at most this many sets of reports to look at, all profiles are."""
_MOST_TRIALS = 20_000_000
_MOST_PANELS = 1000
_CHUNK = 1 << 13
_NO_GAIN = 1e-9
"""Gains below this are rounding."""


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


@dataclass(frozen=True)
class Manipulability:
    """How far a mechanism can be manipulated."""

    mechanism: str
    seats: int
    coalition: int
    """Most members of a coalition."""
    share: Estimate
    """Share of profiles at which a coalition gains."""
    gain: Estimate
    """Mean over profiles of the best coalition's gain, 0 to 1."""
    most: float
    """Largest gain found, 0 to 1."""
    example: str
    """Where it was found, in words; empty: nowhere."""

    @property
    def cells(self) -> tuple[str, ...]:
        """A row of a table, under `COLUMNS`."""
        found = [_say(self.share), _say(self.gain), f"{self.most:.3g}"]
        return (self.mechanism, str(self.seats), str(self.coalition), *found, self.share.method)


COLUMNS = ("rule", "seats", "coalition", "share of profiles", "mean gain", "largest gain", "profiles")
"""Heads of a table of manipulability."""


def _say(estimate: Estimate) -> str:
    if estimate.low == estimate.high:
        return f"{estimate.value:.3g}"
    return f"{estimate.value:.3g} [{estimate.low:.3g}, {estimate.high:.3g}]"


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

    A jury's lots are looked at one and all. Where nobody wins, alternative 0 stands.

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

    def values(reports: Reports) -> Numbers:
        n = reports.shape[1]
        own = np.asarray(purse if purse else (0,) * n, np.int32)
        inner, panels = _panels(rule, n)
        result = np.zeros((*reports.shape, len(worth)))
        for panel in panels:
            count = _counted(inner, reports, panel, own, k)
            lottery = _lottery(np.asarray(count.winners), by_lot)
            result += (lottery @ worth.T)[:, None, :] - unit_worth * count.cost[:, :, None]
        return result / len(panels)

    return Mechanism(type(rule).__name__, rule.ballots(k), rule.sincere(worth).astype(np.int64), values)


def by_offers(patience: tuple[float, ...]) -> Mechanism:
    """Bargaining through a mediator: both sides report how patient they are, and the fund is divided as perfect play would.

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


def tabulate_manipulability(seats: int = 3, alternatives: int = 3, coalition: int = 2) -> tuple[Manipulability, ...]:
    """Every way to count ballots, and bargaining, side by side; ties go to the alternative named first.

    Purses, where they count, are 3 units of the first seat and 2 of the others; under quadratic voting 9 of all, of which one
    is worth 0.05 (there a vote that changes nothing is a loss, and who buys fewer gains). Patience is 0.5, 0.7 or 0.9.

    Args:
        seats: n, of elections; two bargain.
        alternatives: k, of elections, 2 to 5.
        coalition: most members of a coalition; of one of two sides that bargain, 1.
    """
    orders, peaks = all_orders(alternatives), single_peaks(alternatives)
    elections = (
        ("plurality", by_voting(Plurality(), orders)),
        ("approval", by_voting(Approval(), orders)),
        ("approval, each alternative good or bad", by_voting(Approval(), dichotomies(alternatives), by_lot=True)),
        ("Schulze", by_voting(Schulze(), orders)),
        ("quadratic", by_voting(Quadratic(3), orders, (9,) * seats, unit_worth=0.05)),
        ("sortition: one seat by plurality", by_voting(Jury(size=1), orders)),
        ("sortition: all but one seat by plurality", by_voting(Jury(size=max(seats - 1, 1)), orders)),
        ("by stake, plurality", by_voting(Stake(), orders, (3,) + (2,) * (seats - 1))),
        ("town hall: median, single peaks", by_voting(Median(), peaks)),
        ("town hall: median, any order", by_voting(Median(), orders)),
    )
    found = [measure_manipulability(replace(own, name=name), seats, coalition) for name, own in elections]
    offers = replace(by_offers((0.5, 0.7, 0.9)), name="alternating offers: patience as reported")
    return (*found, measure_manipulability(offers, 2, 1))


def _panels(rule: VotingRule, n: int) -> tuple[VotingRule, list[NDArray[np.int32]]]:
    """The rule that counts, and who may be drawn to vote, each set with the same probability."""
    if not isinstance(rule, Jury):
        return rule, [np.ones(n, np.int32)]
    size = min(int(rule.size), n)
    if comb(n, size) > _MOST_PANELS:
        raise StudyError(
            f"a jury of {size} of {n} seats can be drawn in {comb(n, size)} ways; expected at most {_MOST_PANELS}: take fewer "
            "seats"
        )
    return rule.of, [np.isin(np.arange(n), drawn).astype(np.int32) for drawn in combinations(range(n), size)]


@eqx.filter_jit
def _count_all(rule: VotingRule, ballots: Any, weight: Any, purse: Any, alternatives: int) -> Count:
    def one(ballot: Any) -> Count:
        election = Election.of(ballot, weight > 0, alternatives, Key.root(0), purse)
        return rule.count(election)

    return jax.vmap(one)(ballots)


def _counted(rule: VotingRule, reports: Reports, panel: Any, purse: Any, k: int) -> Count:
    """What came of elections, in chunks of one size, so that they are compiled once."""
    rows = len(reports)
    found: list[Any] = []
    for start in range(0, rows, _CHUNK):
        part = reports[start : start + _CHUNK].astype(np.int32)
        padded = np.concatenate([part, np.zeros((_CHUNK - len(part), part.shape[1]), np.int32)])
        found.append(jax.device_get(_count_all(rule, jnp.asarray(padded), jnp.asarray(panel), jnp.asarray(purse), k)))
    return jax.tree.map(lambda *leaves: np.concatenate(leaves)[:rows], *found)


def _lottery(winners: NDArray[np.bool_], by_lot: bool) -> Numbers:
    """The probability of each alternative, [r, k]."""
    winners = winners.copy()
    winners[~winners.any(axis=1), 0] = True
    if by_lot:
        return winners / winners.sum(axis=1, keepdims=True)
    return np.eye(winners.shape[1])[winners.argmax(axis=1)]


def measure_manipulability(
    mechanism: Mechanism, seats: int = 3, coalition: int = 1, draws: int = 400, seed: int = 0
) -> Manipulability:
    """The gain of the best coalition, profile by profile.

    Args:
        mechanism: the rule of decision.
        seats: n, at least 1.
        coalition: most members of a coalition, 1 to n.
        draws: profiles drawn, where all are too many.
        seed: of those draws.

    Raises:
        StudyError: a number is out of range, or there is too much to look at.

    Source: Gibbard, Econometrica 41 (1973); Satterthwaite, Journal of Economic Theory 10 (1975).
    """
    if not 1 <= coalition <= seats or draws < 2:
        raise StudyError(
            f"coalitions of up to {coalition} of {seats} seats at {draws} drawn profiles; expected 1 to {seats}, and at "
            "least 2 profiles"
        )
    types, K = len(mechanism.truth), mechanism.reports
    trials = sum(comb(seats, size) * K**size for size in range(1, coalition + 1))
    exact = types**seats * trials <= EXACT_LIMIT
    if not exact and draws * trials > _MOST_TRIALS:
        raise StudyError(
            f"{trials} sets of reports at each of {draws} profiles; expected at most {_MOST_TRIALS} in all: draw fewer "
            "profiles, or take smaller coalitions"
        )
    if exact:
        profiles = np.asarray(list(product(range(types), repeat=seats)), np.int64)
    else:
        profiles = np.random.default_rng(seed).integers(0, types, (draws, seats))
    best, where = _best_gains(mechanism, profiles, coalition)
    row = int(best.argmax())
    example = "" if best[row] <= _NO_GAIN else f"types {profiles[row].tolist()}: {where[row]}"
    gains = np.where(best > _NO_GAIN, best, 0.0)
    if exact:
        share, gain = (_known(float(values.mean()), len(profiles)) for values in (gains > 0, gains))
    else:
        share, gain = estimate_proportion(gains > 0), estimate_mean(gains, bounds=Bounds(0.0, 1.0))
    return Manipulability(mechanism.name, seats, coalition, share, gain, float(gains.max()), example)


def _known(value: float, profiles: int) -> Estimate:
    return Estimate(value, value, value, 1.0, f"all {profiles} profiles", profiles)


def _best_gains(mechanism: Mechanism, profiles: Reports, coalition: int) -> tuple[Numbers, list[str]]:
    """The best coalition's gain at each profile [r, n], and which reports make it."""
    rows, n = profiles.shape
    sincere = mechanism.truth[profiles]
    base = _paid(mechanism, sincere, profiles)
    best, where = np.zeros(rows), [""] * rows
    for size in range(1, coalition + 1):
        lies = np.asarray(list(product(range(mechanism.reports), repeat=size)), np.int64)
        step = max(1, (1 << 18) // len(lies))
        for members in combinations(range(n), size):
            chosen = list(members)
            for start in range(0, rows, step):
                part = slice(start, start + step)
                reports = np.repeat(sincere[part, None, :], len(lies), axis=1)
                reports[:, :, chosen] = lies
                shape = reports.shape[:2]
                paid = _paid(mechanism, reports.reshape(-1, n), np.repeat(profiles[part], len(lies), axis=0))
                gain = (paid.reshape(*shape, n) - base[part, None, :])[:, :, chosen].min(axis=2)
                for offset, pick in enumerate(gain.argmax(axis=1)):
                    if gain[offset, pick] > best[start + offset] + _NO_GAIN:
                        best[start + offset] = gain[offset, pick]
                        where[start + offset] = f"seats {chosen} report {lies[pick].tolist()}"
    return best, where


def _paid(mechanism: Mechanism, reports: Reports, types: Reports) -> Numbers:
    """What each seat gets, [r, n]."""
    return np.take_along_axis(mechanism.values(reports), types[:, :, None], axis=2)[:, :, 0]
