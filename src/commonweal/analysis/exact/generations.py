"""Fixation where everybody is replaced or reconsiders at once: the whole transition matrix over the count of mutants.

    j = i + Binomial(n - i, r u) - Binomial(i, r v)

    Wright-Fisher    u = i f / (i f + n - i),  v = 1 - u       the place is drawn anew, by fitness
    Fermi            u = i / (n - 1) s(+),  v = (n - i) / (n - 1) s(-),  s(+-) = 1 / (1 + exp(-+ beta lead))

These are `institutions.generations` and `institutions.fermi` in a well-mixed society of two minds whose payoffs depend on
nothing but their counts: a tick is a step, and all seats draw from the same payoffs, so the two binomials are independent.
At r = 1 Wright-Fisher is j ~ Binomial(n, u). From there `markov_chain`:

    find_absorption(imitate_at_once(20, payoff, beta), (0, 20))[1, 1]        one mutant takes over

Source: S. Wright, Genetics 16 (1931); M. Kimura, "On the probability of fixation of mutant genes in a population",
Genetics 47 (1962), for the diffusion; the synchronous Fermi matrix is our own derivation.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, gammaln, xlog1py, xlogy

from commonweal.analysis.exact.fixation import compare_payoffs
from commonweal.analysis.exact.markov_chain import Floats
from commonweal.core.errors import StudyError


def wright_fisher(n: int, log_fitness: ArrayLike, rate: float = 1.0) -> Floats:
    """The Wright-Fisher matrix [n + 1, n + 1] over 0 to n mutants, as `institutions.generations`.

    Args:
        n: size of the haploid population, at least 2.
        log_fitness: ln(f_M / f_R), one number, or for 1 to n - 1 mutants [n - 1] (see `fixation.rate_fitness`).
        rate: r, the probability that a seat is replaced at the end of a generation, 0 to 1.
    """
    if n < 2:
        raise StudyError(f"a population of {n}; expected at least 2")
    i = np.arange(1, n, dtype=np.float64)
    share = expit(np.log(i) - np.log(n - i) + np.asarray(log_fitness, dtype=np.float64))
    return _exchange(n, rate * share, rate * (1.0 - share))


def diffuse_wright_fisher(n: int, selection: ArrayLike, start: int = 1) -> Floats:
    """Kimura's diffusion: (1 - exp(-2 s i)) / (1 - exp(-2 s n)), for small s and large n only; i / n where s is 0. [...]

    Args:
        n: size of the haploid population.
        selection: s = ln of the relative fitness. [...]
        start: i, mutants at the beginning, 0 to n.

    Source: Kimura 1962, for haploids.
    """
    s = np.asarray(selection, dtype=np.float64)
    safe = np.where(s == 0, 1.0, s)
    return np.where(s == 0, start / n, np.expm1(-2 * safe * start) / np.expm1(-2 * safe * n))


def imitate_at_once(n: int, payoff: ArrayLike, beta: float, rate: float = 1.0) -> Floats:
    """The matrix [n + 1, n + 1] over 0 to n mutants of the synchronous Fermi rule in a well-mixed population.

    Args:
        n: size of the population, at least 2.
        payoff: [2, 2], the mutant's type first; payoffs are means over the n - 1 others. Where a society's are sums over
            them, beta is n - 1 times as large.
        beta: strength of selection, at least 0, per unit of payoff.
        rate: probability that a seat reconsiders, 0 to 1.
    """
    mutant, resident = compare_payoffs(n, payoff)
    lead = beta * (mutant - resident)
    if lead.ndim != 1:
        raise StudyError(f"payoffs for a batch of shape {lead.shape[:-1]}; expected one payoff matrix [2, 2]")
    i = np.arange(1, n, dtype=np.float64)
    return _exchange(n, rate * i / (n - 1) * expit(lead), rate * (n - i) / (n - 1) * expit(-lead))


def _exchange(n: int, gain: Floats, loss: Floats) -> Floats:
    """The matrix [n + 1, n + 1] where residents turn with chance `gain` [n - 1] and mutants with `loss`, each by itself."""
    matrix = np.zeros((n + 1, n + 1))
    matrix[0, 0] = matrix[n, n] = 1.0
    gained, lost = _binomials(n - np.arange(1, n), gain), _binomials(np.arange(1, n), loss)
    for i in range(1, n):
        matrix[i] = np.convolve(lost[i - 1, : i + 1][::-1], gained[i - 1, : n - i + 1])
    return matrix


def _binomials(draws: NDArray[np.int64], share: Floats) -> Floats:
    """Row by row the binomial distribution of `draws` with chance `share`, padded by zeros. [rows, most draws + 1]"""
    count = draws[:, None].astype(np.float64)
    k = np.arange(int(draws.max()) + 1, dtype=np.float64)
    rest = np.maximum(count - k, 0.0)
    ways = gammaln(count + 1) - gammaln(k + 1) - gammaln(rest + 1)
    chance = np.where(k <= count, np.exp(ways + xlogy(k, share[:, None]) + xlog1py(rest, -share[:, None])), 0.0)
    return chance / chance.sum(-1, keepdims=True)
