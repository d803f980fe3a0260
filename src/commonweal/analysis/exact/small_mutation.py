"""The long run of a population of S strategies when mutations are rare: it is always of one kind, until a mutant takes over.

    M[i, j] = mu[i, j] rho[i, j]      a mutant of j, born with chance mu, takes over a population of i
    pi M = pi                         the share of time in which everybody plays i

rho comes from two-type fixation (`fixation`), mu is 1 / (S - 1) for every other strategy unless given. The limit is that of
vanishing mutation; how rare is rare enough depends on the game (Wu et al. 2012), and direct runs should lie beside it.

All in logarithms and without subtraction: strong selection, with rho of 1e-1000, keeps its digits.

Beside a study's simulation: `Part(theory=lambda levels: float(find_small_mutation(payoff, 100, float(levels["beta"])) @
cooperates))`.

Source: D. Fudenberg and L. Imhof, "Imitation processes with small mutations", Journal of Economic Theory 131 (2006); B. Wu,
C. Gokhale, L. Wang and A. Traulsen, "How small are small mutation rates?", Journal of Mathematical Biology 64 (2012).
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from commonweal.analysis.exact.fixation import BirthDeath, compare_pairwise, death_birth, find_log_fixation, moran, rate_fitness
from commonweal.analysis.exact.markov_chain import Floats, find_log_stationary
from commonweal.core.errors import StudyError

Process: TypeAlias = Literal["pairwise-comparison", "moran", "death-birth"]
"""Who takes whose strategy in a well-mixed population; the last two with fitness exp(w pi)."""


def find_log_takeovers(payoff: ArrayLike, n: int, strength: float, process: Process = "pairwise-comparison") -> Floats:
    """ln rho [s, s]: row the resident, column the single mutant; 1 / n on the diagonal, where the mutant is neutral.

    Args:
        payoff: [s, s], row against column; a mean over the n - 1 others is what counts.
        n: size of the population, at least 2.
        strength: of selection, at least 0, per unit of payoff.
        process: who takes whose strategy.
    """
    game = np.asarray(payoff, dtype=np.float64)
    if game.ndim != 2 or game.shape[0] != game.shape[1] or not bool(np.isfinite(game).all()):
        raise StudyError(f"a payoff matrix of shape {game.shape}; expected finite numbers [s, s]")
    if not strength >= 0:
        raise StudyError(f"a strength of selection of {strength:g}; expected at least 0")
    own, rows = np.diagonal(game), []
    for resident in range(game.shape[0]):
        # A row at a time, so that memory grows as s n and not as s^2 n.
        against, by = game[:, resident], game[resident]
        pairs = np.stack([np.stack([own, against], -1), np.stack([by, np.full_like(own, own[resident])], -1)], -2)
        rows.append(find_log_fixation(_start(pairs, n, strength, process)))
    return np.stack(rows)


def _start(pairs: Floats, n: int, strength: float, process: Process) -> BirthDeath:
    if process == "pairwise-comparison":
        return compare_pairwise(n, pairs, strength)
    lead = rate_fitness(n, pairs, strength)
    return moran(n, lead) if process == "moran" else death_birth(n, lead)


def find_transitions(log_takeovers: ArrayLike, mutation: ArrayLike | None = None) -> Floats:
    """The matrix M [s, s] over monomorphic populations; one step is one mutant and its fate.

    Args:
        log_takeovers: ln rho [s, s], row the resident, column the mutant.
        mutation: chances of each mutant [s, s], rows of at most 1, the diagonal ignored; None: 1 / (s - 1) each.
    """
    matrix = np.exp(_rate(log_takeovers, mutation))
    np.fill_diagonal(matrix, 0.0)
    np.fill_diagonal(matrix, 1.0 - matrix.sum(-1))
    return matrix


def _rate(log_takeovers: ArrayLike, mutation: ArrayLike | None) -> Floats:
    takeovers = np.asarray(log_takeovers, dtype=np.float64)
    s = takeovers.shape[0]
    if takeovers.shape != (s, s) or s < 2:
        raise StudyError(f"takeovers of shape {takeovers.shape}; expected [s, s] with at least two strategies")
    chances = np.full((s, s), 1.0 / (s - 1)) if mutation is None else np.asarray(mutation, dtype=np.float64)
    apart = np.where(np.eye(s, dtype=bool), 0.0, chances)
    if apart.shape != (s, s) or not bool((apart >= 0).all()) or float(apart.sum(-1).max()) > 1 + 1e-9:
        raise StudyError("chances of mutation; expected [s, s], at least 0, and rows that sum to at most 1 off the diagonal")
    with np.errstate(divide="ignore"):
        return takeovers + np.log(apart)


def find_long_run(log_takeovers: ArrayLike, mutation: ArrayLike | None = None) -> Floats:
    """The share of time [s] in which everybody plays each strategy, from takeovers of any process.

    Args:
        log_takeovers: ln rho [s, s], row the resident, column the mutant.
        mutation: chances of each mutant [s, s]; None: all others alike.

    Raises:
        StudyError: mutation does not lead from every strategy to every other.
    """
    return np.exp(find_log_stationary(_rate(log_takeovers, mutation)))


def find_small_mutation(
    payoff: ArrayLike,
    n: int,
    strength: float,
    process: Process = "pairwise-comparison",
    mutation: ArrayLike | None = None,
) -> Floats:
    """The share of time [s] in which everybody plays each strategy of a game, as mutations become rare.

    Args:
        payoff: [s, s], row against column.
        n: size of the population, at least 2.
        strength: of selection, at least 0, per unit of payoff.
        process: who takes whose strategy.
        mutation: chances of each mutant [s, s]; None: all others alike.
    """
    return find_long_run(find_log_takeovers(payoff, n, strength, process), mutation)
