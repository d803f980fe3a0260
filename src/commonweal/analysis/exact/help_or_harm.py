"""Where to refuse: thresholds and welfare of assistants that see a noisy score of how suspicious a request is.

A share b of requests is bad. The score is Gaussian with deviation sigma, about 0 for a good request and about m = mu (1 - s)
for a bad one of sophistication s. An assistant refuses where the score x is above its threshold tau. Helping a good request is
worth v, helping a bad one costs h, refusing a good one costs o. By Neyman and Pearson, with one assistant and one try,

    refuse iff LR(x) = exp((m x - m^2 / 2) / sigma^2) > (1 - b)(v + o) / (b h)
           iff x > tau* = m / 2 + (sigma^2 / m) ln[(1 - b)(v + o) / (b h)]
    W(tau) = (1 - b)(v Phi(tau / sigma) - o Phi(-tau / sigma)) - b h Phi((tau - m) / sigma)

The form as a threshold needs a monotone ratio: it holds for equal deviations alone. As s -> 1, tau* -> inf where the odds
(1 - b)(v + o) / (b h) are above 1 (never refuse), -inf where they are below (refuse all).

*Elsewhere.* A refused user may bring the same request to others, T providers in all, in a uniformly random order. Providers of
one model score one request alike; of two models, independently. With S_k a random set of k providers, all of them refuse with
probability R_k = E[prod over models in S_k of Phi((mean - max tau of the model in S_k) / sigma)], and

    W = (1 - b)(v (1 - R_T) - o (R_1 + ... + R_T)) - b h (1 - R_T)            R of good, then of bad requests

*A provider on its own* meets refused requests of others: with models of their own and R the chance that another one refuses,
A = 1 + R + ... + R^(T-1) times as many requests as others bring first to it. What it has at stake (v, h, o of its own) then
leads it to tau* with the odds multiplied by A_good / A_bad; an equilibrium is a threshold that answers itself.

*Attackers that learn* by a staircase: the disguise of a harmful request, in thousandths, rises by a step after a refusal and
falls by another after help; over many attackers its distribution is a Markov chain on 0 ... 1000.

Source: J. Neyman and E. Pearson, Phil. Trans. R. Soc. A 231 (1933); the staircase is C. Kaernbach, "Simple adaptive testing
with the weighted up-down method", Perception & Psychophysics 49 (1991); providers, tries, equilibrium are our own derivation.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import cast

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq, minimize_scalar
from scipy.special import ndtr

from commonweal.core.errors import StudyError

Floats = NDArray[np.float64]

_MOST_SETS = 20_000
"""Sets of providers that are gone through one by one."""
_REACH = 12.0
"""Deviations beyond both means between which thresholds are looked for."""
_GRID = 2401
_DISGUISES = 1001


@dataclass(frozen=True)
class Requests:
    """What is asked of assistants.

    Raises:
        StudyError: a number is out of range.
    """

    bad: float
    """b, share of requests that are bad, 0 to 1."""
    sophistication: float = 0.0
    """s, how far bad requests are disguised, 0 to 1 (they look like good ones)."""
    gap: float = 2.0
    """mu, mean score of an undisguised bad request, above 0."""
    noise: float = 1.0
    """sigma, deviation of the score, above 0."""
    good_tries: int = 1
    """T of good requests: providers that are asked at most."""
    bad_tries: int = 1
    """T of bad requests."""

    def __post_init__(self) -> None:
        """Refuse numbers out of range."""
        shares = 0 <= self.bad <= 1 and 0 <= self.sophistication <= 1
        if not (shares and self.gap > 0 and self.noise > 0 and min(self.good_tries, self.bad_tries) >= 1):
            raise StudyError(
                f"requests {self}; expected shares from 0 to 1, a gap and noise above 0, and at least one try of each kind"
            )

    @property
    def mean(self) -> float:
        """m, mean score of a bad request."""
        return self.gap * (1 - self.sophistication)


@dataclass(frozen=True)
class Stakes:
    """What somebody has at stake in a request: society, or one provider."""

    value: float
    """v, of help with a good request."""
    harm: float
    """h, of help with a bad one; below 0: help with it pays."""
    over_refusal: float = 0.0
    """o, cost of refusing a good one."""


@dataclass(frozen=True)
class Peak:
    """Where a curve is highest."""

    threshold: float
    """The best threshold, score units."""
    welfare: float
    """Welfare a request there."""


@dataclass(frozen=True)
class Learning:
    """A staircase of disguise, all in thousandths."""

    start: int
    """Disguise at first."""
    rise: int
    """Step up after a harmful request that all refused."""
    ease: int
    """Step down after one that was helped."""
    most: int = 1000
    """The best disguise that can be learnt."""


@dataclass(frozen=True)
class Lessons:
    """What attackers that learn have come to, tick by tick."""

    sophistication: Floats
    """Mean disguise of the harmful requests of each tick, 0 to 1. [t]"""
    helped: Floats
    """Share of them that is helped. [t]"""


def find_likelihood_ratio(score: ArrayLike, requests: Requests) -> Floats:
    """How many times likelier a score is of a bad request than of a good one.

    Args:
        score: any shape.
        requests: what is asked.
    """
    mean = requests.mean
    return np.exp((mean * np.asarray(score, np.float64) - mean**2 / 2) / requests.noise**2)


def find_threshold(requests: Requests, stakes: Stakes, arrivals: float = 1.0) -> float:
    """tau*, the best threshold of who meets every request once: -inf refuses all, inf none.

    Args:
        requests: what is asked; tries are not looked at.
        stakes: of who chooses.
        arrivals: A_good / A_bad, how many times as often good requests arrive as bad ones do, beside their shares.
    """
    gain = (1 - requests.bad) * (stakes.value + stakes.over_refusal) * arrivals
    loss = requests.bad * stakes.harm
    if gain <= 0 or loss <= 0:
        return math.inf if gain >= loss else -math.inf
    if requests.mean == 0:
        return math.inf if gain >= loss else -math.inf
    return requests.mean / 2 + requests.noise**2 / requests.mean * math.log(gain / loss)


def find_refused(z: ArrayLike, tries: int, models: int = 0) -> Floats:
    """R_1 ... R_T: how likely the first k providers, in random order, all refuse a request. [k ...]

    Args:
        z: (threshold - mean) / sigma at each provider, [m ...]; further axes are worked on side by side.
        tries: T, at most m; beyond it nobody is left, and R stays.
        models: how many different models they run, provider r model r modulo it; 0: each its own.

    Raises:
        StudyError: there are more sets of providers than can be gone through.
    """
    z = np.asarray(z, np.float64)
    m = z.shape[0]
    found: list[Floats] = []
    for k in range(1, min(tries, m) + 1):
        if math.comb(m, k) > _MOST_SETS:
            raise StudyError(f"{math.comb(m, k)} sets of {k} of {m} providers; expected at most {_MOST_SETS}: take fewer")
        rows: list[Floats] = []
        for chosen in itertools.combinations(range(m), k):
            kinds = [r % models if models else r for r in chosen]
            laxest = [np.max([z[r] for r, own in zip(chosen, kinds, strict=True) if own == kind], 0) for kind in set(kinds)]
            rows.append(np.prod([ndtr(-own) for own in laxest], 0))
        found.append(np.mean(rows, 0))
    return np.stack(found)


def find_welfare(threshold: float | Sequence[float], requests: Requests, stakes: Stakes, models: int = 0) -> float:
    """W, welfare a request.

    Args:
        threshold: of every provider; or one number: there is one for each try, all with this threshold.
        requests: what is asked.
        stakes: of the society.
        models: how many different models the providers run; 0: each its own.
    """
    most = max(requests.good_tries, requests.bad_tries)
    own = np.asarray([threshold] * most if isinstance(threshold, (int, float)) else threshold, np.float64)
    good = find_refused(own / requests.noise, requests.good_tries, models)
    bad = find_refused((own - requests.mean) / requests.noise, requests.bad_tries, models)
    help_ = stakes.value * (1 - good[-1]) - stakes.over_refusal * good.sum()
    return float((1 - requests.bad) * help_ - requests.bad * stakes.harm * (1 - bad[-1]))


def find_best(requests: Requests, stakes: Stakes, providers: int | None = None, models: int = 0) -> Peak:
    """The threshold that, common to all providers, is best for the society: what a planner who sees all tries would choose.

    Args:
        requests: what is asked.
        stakes: of the society.
        providers: how many there are; None: as many as tries.
        models: how many different models they run; 0: each its own.
    """
    count = max(requests.good_tries, requests.bad_tries) if providers is None else providers

    def loss(threshold: float) -> float:
        return -find_welfare([threshold] * count, requests, stakes, models)

    places = _places(requests, _GRID // 8)
    at = int(np.argmin([loss(float(place)) for place in places]))
    low, high = float(places[max(at - 1, 0)]), float(places[min(at + 1, places.size - 1)])
    found = minimize_scalar(loss, bounds=(low, high), method="bounded", options={"xatol": 1e-9})
    return Peak(float(found.x), -float(found.fun))


def find_response(others: float, requests: Requests, stakes: Stakes) -> float:
    """The best threshold of one provider where all the others have one, each with a model of its own.

    Args:
        others: their threshold.
        requests: what is asked; a user's T is at most the number of providers.
        stakes: of the provider.
    """
    good = _arrivals(float(ndtr(-others / requests.noise)), requests.good_tries)
    bad = _arrivals(float(ndtr((requests.mean - others) / requests.noise)), requests.bad_tries)
    return find_threshold(requests, stakes, good / bad)


def find_equilibria(requests: Requests, stakes: Stakes) -> tuple[float, ...]:
    """All thresholds that are their own best response, ascending; those within 12 deviations of both means.

    Args:
        requests: what is asked.
        stakes: of each provider.
    """
    places = _places(requests, _GRID)
    gaps = [find_response(float(place), requests, stakes) - float(place) for place in places]
    found: list[float] = []
    for low, high, one, two in zip(places[:-1], places[1:], gaps[:-1], gaps[1:], strict=True):
        if np.isfinite([one, two]).all() and one * two <= 0 and one != 0:
            root = brentq(lambda at: find_response(at, requests, stakes) - at, float(low), float(high), xtol=1e-12)
            found.append(cast("float", root))
    return tuple(found)


def find_lessons(threshold: float, requests: Requests, learning: Learning, ticks: int, models: int = 0) -> Lessons:
    """What attackers have learnt that go by the staircase alone, each by its own refusals.

    Args:
        threshold: of every provider.
        requests: what is asked; the sophistication there is not looked at.
        learning: the staircase.
        ticks: how many requests each makes.
        models: how many different models the providers run, one provider for each try; 0: each its own.
    """
    disguise = np.arange(_DISGUISES) / (_DISGUISES - 1)
    z = (threshold - requests.gap * (1 - disguise)) / requests.noise
    refused = find_refused(np.broadcast_to(z, (requests.bad_tries, z.size)), requests.bad_tries, models)[-1]
    at = np.arange(_DISGUISES)
    # A start beyond the best that can be learnt is kept until a refusal.
    up = np.maximum(np.minimum(at + learning.rise, learning.most), np.minimum(at, learning.most))
    down = np.minimum(np.maximum(at - learning.ease, 0), learning.most)
    share = np.zeros(_DISGUISES)
    share[learning.start] = 1.0
    means, helped = np.zeros(ticks), np.zeros(ticks)
    for tick in range(ticks):
        means[tick], helped[tick] = share @ disguise, share @ (1 - refused)
        share = np.bincount(up, share * refused, _DISGUISES) + np.bincount(down, share * (1 - refused), _DISGUISES)
    return Lessons(means, helped)


def with_sophistication(requests: Requests, sophistication: float) -> Requests:
    """The same requests with another disguise of the bad ones, 0 to 1."""
    return replace(requests, sophistication=sophistication)


def _arrivals(refused: float, tries: int) -> float:
    return sum(refused**k for k in range(tries))


def _places(requests: Requests, count: int) -> Floats:
    return np.linspace(-_REACH * requests.noise, requests.mean + _REACH * requests.noise, count)
