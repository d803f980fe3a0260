"""Fixation in a well-mixed population of two types: one number, the count of mutants, goes up or down by one.

With T+(i) and T-(i) the chances of a step up and down at i of n mutants, and g(i) = T-(i) / T+(i):

    s(i) = sum_{k<i} prod_{j<=k} g(j)                                  the scale function
    phi(i) = s(i) / s(n)                                               probability that i mutants take over
    G(i, j) = s(min(i,j)) (s(n) - s(max(i,j))) / (s(n) T+(j) prod_{m<=j} g(m))      mean visits to j
    t(i) = sum_j G(i, j),    t(i | fixation) = sum_j G(i, j) phi(j) / phi(i)

All sums are of positive terms and taken in logarithms, so that probabilities far below 1e-300 keep their digits.

The payoff matrix [2, 2] has the mutant's type first: [[a, b], [c, d]], a for a mutant that meets a mutant, b one that meets a
resident. Everybody meets all others, not themselves, and payoffs are means over them:

    pi_M(i) = ((i - 1) a + (n - i) b) / (n - 1),   pi_R(i) = (i c + (n - i - 1) d) / (n - 1)

Beside a study's simulation of one mutant with a lead in log fitness: `Part(theory=lambda levels: float(
find_fixation(moran(100, float(levels["lead"])))))`.

Source: S. Karlin and H. Taylor, A First Course in Stochastic Processes (1975); M. Nowak, Evolutionary Dynamics
(2006), chapter 6; A. Traulsen, M. Nowak and J. Pacheco, Physical Review E 74 (2006), for pairwise comparison.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import log_expit

from commonweal.analysis.exact.markov_chain import Floats
from commonweal.core.errors import StudyError


@dataclass(frozen=True)
class BirthDeath:
    """A birth-death chain on 0 to n mutants, both ends absorbing; a batch of them with leading axes."""

    log_up: Floats
    """Logarithm of T+(i), the chance of one more mutant in a step, for i = 1 to n - 1. [..., n - 1]"""
    log_down: Floats
    """Logarithm of T-(i), the chance of one mutant fewer. [..., n - 1]"""

    @property
    def n(self) -> int:
        """Size of the population."""
        return int(self.log_up.shape[-1]) + 1


def read_chain(up: ArrayLike, down: ArrayLike) -> BirthDeath:
    """Any birth-death chain, from its T+ and T- at 1 to n - 1 mutants. [..., n - 1] each

    Raises:
        StudyError: a chance is not above 0, or the two add up to more than 1.
    """
    rise, fall = np.broadcast_arrays(np.asarray(up, dtype=np.float64), np.asarray(down, dtype=np.float64))
    if rise.ndim == 0 or not bool(((rise > 0) & (fall > 0) & (rise + fall <= 1 + 1e-12)).all()):
        raise StudyError("chances of a step up and down; expected both above 0 and at most 1 together, for 1 to n - 1 mutants")
    return BirthDeath(np.log(rise), np.log(fall))


def compare_payoffs(n: int, payoff: ArrayLike) -> tuple[Floats, Floats]:
    """Mean payoffs (mutant, resident) with 1 to n - 1 mutants. [..., n - 1] each

    Args:
        n: size of the population, at least 2.
        payoff: [..., 2, 2], the mutant's type first.
    """
    game = np.asarray(payoff, dtype=np.float64)
    if game.ndim < 2 or game.shape[-2:] != (2, 2):
        raise StudyError(f"a payoff matrix of shape {game.shape}; expected [2, 2], or a batch [..., 2, 2]")
    i = _mutants(n)
    game = game[..., None]
    mutant = ((i - 1) * game[..., 0, 0, :] + (n - i) * game[..., 0, 1, :]) / (n - 1)
    resident = (i * game[..., 1, 0, :] + (n - i - 1) * game[..., 1, 1, :]) / (n - 1)
    return mutant, resident


def _mutants(n: int) -> Floats:
    if n < 2:
        raise StudyError(f"a population of {n}; expected at least 2")
    return np.arange(1, n, dtype=np.float64)


def rate_fitness(n: int, payoff: ArrayLike, strength: float, kind: Literal["linear", "exponential"] = "exponential") -> Floats:
    """ln(f_M / f_R) of a game with 1 to n - 1 mutants. [..., n - 1]

    Args:
        n: size of the population, at least 2.
        payoff: [..., 2, 2], the mutant's type first.
        strength: of selection, w at least 0, per unit of payoff.
        kind: linear, f = 1 + w pi, or exponential, f = exp(w pi).

    Raises:
        StudyError: a linear fitness is not above 0.
    """
    mutant, resident = compare_payoffs(n, payoff)
    if kind == "exponential":
        return strength * (mutant - resident)
    least = 1 + strength * float(min(mutant.min(), resident.min()))
    if least <= 0:
        raise StudyError(f"a linear fitness of {least:.3g}; expected above 0: take a smaller strength, or exponential fitness")
    return np.log1p(strength * mutant) - np.log1p(strength * resident)


def moran(n: int, log_fitness: ArrayLike) -> BirthDeath:
    """The Moran process (birth-death): a parent drawn by fitness, then the place of its child among all n.

    On a graph without self-ties the child never takes its parent's place: the same fixation, and times (n - 1) / n of these.

    Args:
        n: size of the population, at least 2.
        log_fitness: ln(f_M / f_R), constant [...] with a last axis of length 1 or a scalar, or for 1 to n - 1 mutants
            [..., n - 1].

    Source: P. Moran, Mathematical Proceedings of the Cambridge Philosophical Society 54 (1958).
    """
    i, lead = _mutants(n), np.asarray(log_fitness, dtype=np.float64)
    total = np.logaddexp(np.log(i) + lead, np.log(n - i))
    both = np.log(i) + np.log(n - i) - np.log(n)
    return BirthDeath(*np.broadcast_arrays(both + lead - total, both - total))


def death_birth(n: int, log_fitness: ArrayLike) -> BirthDeath:
    """Death-birth on the complete graph: somebody dies, the others compete for the place by fitness.

    Args:
        n: size of the population, at least 2.
        log_fitness: as for `moran`.
    """
    i, lead = _mutants(n), np.asarray(log_fitness, dtype=np.float64)
    with np.errstate(divide="ignore"):
        rivals_up = np.logaddexp(np.log(i) + lead, np.log(n - i - 1))
        rivals_down = np.logaddexp(np.log(i - 1) + lead, np.log(n - i))
    both = np.log(i) + np.log(n - i) - np.log(n)
    return BirthDeath(*np.broadcast_arrays(both + lead - rivals_up, both - rivals_down))


def compare_pairwise(n: int, payoff: ArrayLike, beta: ArrayLike) -> BirthDeath:
    """The Fermi rule, one at a time: a random individual compares itself with a random other one and copies it with 1 / (1 +
    exp(-beta (pi_other - pi_own))).

    T+-(i) = i (n - i) / (n (n - 1)) / (1 + exp(-+ beta (pi_M - pi_R))), so g(i) = exp(-beta (pi_M - pi_R)).

    Args:
        n: size of the population, at least 2.
        payoff: [..., 2, 2], the mutant's type first.
        beta: strength of selection, at least 0, per unit of payoff; a scalar, or [..., 1].

    Source: Traulsen, Nowak and Pacheco, Physical Review E 74 (2006).
    """
    mutant, resident = compare_payoffs(n, payoff)
    lead, i = np.asarray(beta, dtype=np.float64) * (mutant - resident), _mutants(n)
    meet = np.log(i) + np.log(n - i) - np.log(n) - np.log(n - 1)
    return BirthDeath(meet + log_expit(lead), meet + log_expit(-lead))


@dataclass(frozen=True)
class _Scale:
    """Logarithms of the scale function, each [..., n + 1] or as said."""

    below: Floats
    """ln s(i), from -inf at 0."""
    above: Floats
    """ln (s(n) - s(i)), to -inf at n."""
    speed: Floats
    """ln 1 / (T+(j) prod g), for j = 1 to n - 1. [..., n - 1]"""


def _scale(chain: BirthDeath) -> _Scale:
    steps = np.cumsum(chain.log_down - chain.log_up, axis=-1)
    none = np.full((*steps.shape[:-1], 1), -np.inf)
    terms = np.concatenate([np.zeros_like(none), steps], axis=-1)
    below = np.concatenate([none, np.logaddexp.accumulate(terms, axis=-1)], axis=-1)
    above = np.concatenate([np.logaddexp.accumulate(terms[..., ::-1], axis=-1)[..., ::-1], none], axis=-1)
    return _Scale(below, above, -chain.log_up - steps)


def find_log_fixation(chain: BirthDeath, start: int = 1) -> Floats:
    """ln phi(start): the logarithm of the probability that the mutants take over. [...]

    Args:
        chain: the process.
        start: mutants at the beginning, 0 to n.
    """
    scale = _scale(_check(chain, start))
    return scale.below[..., start] - scale.below[..., -1]


def find_fixation(chain: BirthDeath, start: int = 1) -> Floats:
    """phi(start): the probability that the mutants take over, 0 to 1. [...]

    Args:
        chain: the process.
        start: mutants at the beginning, 0 to n. Neutral mutants have start / n.
    """
    return np.exp(find_log_fixation(chain, start))


def find_absorption_time(chain: BirthDeath, start: int = 1) -> Floats:
    """t(start): the mean number of steps until one type is gone; a step in which nothing changes counts. [...]

    Args:
        chain: the process; n steps are a generation.
        start: mutants at the beginning, 1 to n - 1.
    """
    return np.exp(np.logaddexp.reduce(_log_visits(_check(chain, start, inner=True), start), axis=-1))


def find_fixation_time(chain: BirthDeath, start: int = 1) -> Floats:
    """t(start | fixation): the mean number of steps until the mutants have taken over, given that they do. [...]

    Args:
        chain: the process; n steps are a generation.
        start: mutants at the beginning, 1 to n - 1.

    Source: T. Antal and I. Scheuring, Bulletin of Mathematical Biology 68 (2006).
    """
    scale = _scale(_check(chain, start, inner=True))
    taken = scale.below[..., 1:-1] - scale.below[..., start, None]
    return np.exp(np.logaddexp.reduce(_log_visits(chain, start) + taken, axis=-1))


def _log_visits(chain: BirthDeath, start: int) -> Floats:
    """ln G(start, j) for j = 1 to n - 1. [..., n - 1]"""
    scale, places = _scale(chain), np.arange(1, chain.n)
    low, high = np.minimum(places, start), np.maximum(places, start)
    return scale.below[..., low] + scale.above[..., high] - scale.below[..., -1:] + scale.speed


def _check(chain: BirthDeath, start: int, inner: bool = False) -> BirthDeath:
    if not int(inner) <= start <= chain.n - int(inner):
        raise StudyError(f"{start} mutants in a population of {chain.n}; expected {int(inner)} to {chain.n - int(inner)}")
    return chain
