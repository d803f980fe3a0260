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

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations, product
from math import comb

import numpy as np

from commonweal.core.ballots import Approval, Heads, Jury, Median, Plurality, Quadratic, Schulze, SchulzeByScore, Stake
from commonweal.core.errors import StudyError
from commonweal.statistics.inference import Bounds, Estimate, estimate_mean, estimate_proportion
from commonweal.statistics.mechanisms import (
    Mechanism,
    Numbers,
    Reports,
    all_orders,
    by_identities,
    by_mediation,
    by_offers,
    by_voting,
    dichotomies,
    single_peaks,
)

EXACT_LIMIT = 1_000_000
"""With at most this many sets of reports to look at, all profiles are."""
_MOST_TRIALS = 20_000_000
_NO_GAIN = 1e-9
"""Gains below this are rounding."""


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


def tabulate_manipulability(seats: int = 3, alternatives: int = 3, coalition: int = 2) -> tuple[Manipulability, ...]:
    """Every way to count ballots and every way to negotiate, side by side; ties go to the alternative named first.

    Purses, where they count, are 3 units of the first seat and 2 of the others, or n of the one who owns most and 1 of the
    others; under quadratic voting 9 of all, of which one is worth 0.05 (there a vote that changes nothing is a loss, and who
    buys fewer gains). Two further identities of a seat at most, at 0.1 each. Patience is 0.5, 0.7 or 0.9.

    Args:
        seats: n; two bargain by offers.
        alternatives: k, of elections and of levels to agree on, 2 to 5.
        coalition: most members of a coalition; of one of two sides that bargain, 1.
    """
    return tuple(row[-1] for row in tabulate_coalitions(seats, alternatives, coalition))


def tabulate_coalitions(
    seats: int = 3, alternatives: int = 3, coalition: int = 2, limit: int = EXACT_LIMIT
) -> tuple[tuple[Manipulability, ...], ...]:
    """As `tabulate_manipulability`, for every coalition's size from 1 on, of the same profiles: one row a rule.

    Args:
        seats: n; two bargain by offers.
        alternatives: k, of elections and of levels to agree on, 2 to 5.
        coalition: most members of a coalition; of one of two sides that bargain, 1.
        limit: with at most this many sets of reports to look at, all profiles are.
    """
    games = (*_elections(seats, alternatives), *_negotiations(alternatives))
    found = [measure_coalitions(replace(own, name=name), seats, coalition, limit=limit) for name, own in games]
    offers = replace(by_offers((0.5, 0.7, 0.9)), name="alternating offers: patience as shown")
    return (*found, measure_coalitions(offers, 2, 1))


def _elections(seats: int, k: int) -> tuple[tuple[str, Mechanism], ...]:
    """Ways to count ballots, by name."""
    orders = all_orders(k)
    return (
        ("plurality", by_voting(Plurality(), orders)),
        ("plurality, two alternatives", by_voting(Plurality(), all_orders(2))),
        ("approval", by_voting(Approval(), orders)),
        ("approval, each alternative good or bad", by_voting(Approval(), dichotomies(k), by_lot=True)),
        ("Schulze", by_voting(Schulze(), orders)),
        ("Schulze by score", by_voting(SchulzeByScore(), orders)),
        ("quadratic", by_voting(Quadratic(3), orders, (9,) * seats, unit_worth=0.05)),
        ("sortition: one seat by plurality", by_voting(Jury(size=1), orders)),
        ("sortition: all but one seat by plurality", by_voting(Jury(size=max(seats - 1, 1)), orders)),
        ("by stake, plurality", by_voting(Stake(), orders, (3,) + (2,) * (seats - 1))),
        ("by stake, one seat owns most", by_voting(Stake(), orders, (seats,) + (1,) * (seats - 1))),
        ("by heads, two seats with one further identity", by_voting(Heads(further=np.arange(seats) < 2), orders)),
        ("by heads, identities for sale", by_identities(Plurality(), orders, 2, 0.1)),
        ("median, any order", by_voting(Median(), orders)),
    )


def _negotiations(k: int) -> tuple[tuple[str, Mechanism], ...]:
    """Ways to negotiate, by name, offers apart."""
    return (
        ("town hall: median, single peaks", by_voting(Median(), single_peaks(k))),
        ("town hall: plurality, single peaks", by_voting(Plurality(), single_peaks(k))),
        ("mediation, all must accept", by_mediation(k)),
        ("mediation, half must accept", by_mediation(k, 0.5)),
        ("mediation, nobody must accept", by_mediation(k, 0.0)),
    )


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
    return measure_coalitions(mechanism, seats, coalition, draws, seed)[-1]


def measure_coalitions(
    mechanism: Mechanism, seats: int = 3, coalition: int = 1, draws: int = 400, seed: int = 0, limit: int = EXACT_LIMIT
) -> tuple[Manipulability, ...]:
    """The gain of the best coalition of at most one seat, of two, and so on, at the same profiles.

    Args:
        mechanism: the rule of decision.
        seats: n, at least 1.
        coalition: most members of the largest coalition, 1 to n.
        draws: profiles drawn, where all are too many.
        seed: of those draws.
        limit: with at most this many sets of reports to look at, all profiles are.

    Raises:
        StudyError: a number is out of range, or there is too much to look at.
    """
    if not 1 <= coalition <= seats or draws < 2:
        raise StudyError(
            f"coalitions of up to {coalition} of {seats} seats at {draws} drawn profiles; expected 1 to {seats}, and at "
            "least 2 profiles"
        )
    types, K = len(mechanism.truth), mechanism.reports
    trials = sum(comb(seats, size) * K**size for size in range(1, coalition + 1))
    exact = types**seats * trials <= limit
    if not exact and draws * trials > _MOST_TRIALS:
        raise StudyError(
            f"{trials} sets of reports at each of {draws} profiles; expected at most {_MOST_TRIALS} in all: draw fewer "
            "profiles, or take smaller coalitions"
        )
    if exact:
        profiles = np.asarray(list(product(range(types), repeat=seats)), np.int64)
    else:
        profiles = np.random.default_rng(seed).integers(0, types, (draws, seats))
    found: list[Manipulability] = []
    for size, (best, where) in enumerate(_best_gains(mechanism, profiles, coalition), 1):
        row = int(best.argmax())
        example = "" if best[row] <= _NO_GAIN else f"types {profiles[row].tolist()}: {where[row]}"
        gains = np.where(best > _NO_GAIN, best, 0.0)
        if exact:
            share, gain = (_known(float(values.mean()), len(profiles)) for values in (gains > 0, gains))
        else:
            share, gain = estimate_proportion(gains > 0), estimate_mean(gains, bounds=Bounds(0.0, 1.0))
        found.append(Manipulability(mechanism.name, seats, size, share, gain, float(gains.max()), example))
    return tuple(found)


def _known(value: float, profiles: int) -> Estimate:
    return Estimate(value, value, value, 1.0, f"all {profiles} profiles", profiles)


def _best_gains(mechanism: Mechanism, profiles: Reports, coalition: int) -> Iterator[tuple[Numbers, list[str]]]:
    """The gain at each profile [r, n] of the best coalition of at most 1, 2, ... seats, and which reports make it."""
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
        yield best.copy(), list(where)


def _paid(mechanism: Mechanism, reports: Reports, types: Reports) -> Numbers:
    """What each seat gets, [r, n]."""
    return np.take_along_axis(mechanism.values(reports), types[:, :, None], axis=2)[:, :, 0]
