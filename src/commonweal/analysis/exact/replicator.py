"""The replicator equation: strategies of an infinite well-mixed population grow as they earn more than the mean.

    x_i' = x_i ((A x)_i - x A x)                        replicator
    x_j' = sum_i x_i (A x)_i Q_ij - x_j x A x           with mutation: a child of i is a j with probability Q_ij

Row i of A against column j; x is a point of the simplex. Time is in units of one over payoff.

Beside a study's simulation: `Part(theory=lambda levels: float(find_path(payoff, (0.5, 0.5), (0.0, 20.0))[-1, 0]))`.

Source: P. Taylor and L. Jonker, Mathematical Biosciences 40 (1978); J. Hofbauer and K. Sigmund, Evolutionary Games and
Population Dynamics (1998); M. Nowak, Evolutionary Dynamics (2006), for mutation.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.integrate import solve_ivp

from commonweal.analysis.exact.markov_chain import Floats, check_stochastic
from commonweal.core.errors import StudyError

Stability: TypeAlias = Literal["stable", "unstable", "undecided"]
"""By eigenvalues: all real parts below 0, one above 0, or neither: then the linear part does not tell."""

MOST_STRATEGIES = 12
_TOLERANCE = 1e-9


@dataclass(frozen=True)
class RestPoint:
    """An isolated rest point of the replicator equation."""

    shares: Floats
    """x. [s]"""
    eigenvalues: NDArray[np.complex128]
    """Of the linear part within the simplex, largest real part first. [s - 1]"""
    stability: Stability
    """Whether small disturbances die out."""
    nash: bool
    """Whether no strategy earns more than the mean."""


def read_payoffs(payoff: ArrayLike) -> Floats:
    """A payoff matrix [s, s] as float64.

    Raises:
        StudyError: it is not square or not finite.
    """
    game = np.asarray(payoff, dtype=np.float64)
    if game.ndim != 2 or game.shape[0] != game.shape[1] or not game.size or not bool(np.isfinite(game).all()):
        raise StudyError(f"a payoff matrix of shape {game.shape}; expected finite numbers [s, s]")
    return game


def read_shares(shares: ArrayLike, size: int) -> Floats:
    """A point of the simplex [s] as float64, its sum set to 1 exactly.

    Raises:
        StudyError: it has another length, a negative share, or a sum more than 1e-6 off 1.
    """
    point = np.asarray(shares, dtype=np.float64)
    if point.shape != (size,) or not bool((point >= 0).all()) or abs(float(point.sum()) - 1) > 1e-6:
        raise StudyError(f"shares {point.tolist()}; expected {size} numbers of at least 0 with sum 1")
    return point / point.sum()


def find_growth(shares: ArrayLike, payoff: ArrayLike, mutation: ArrayLike | None = None) -> Floats:
    """x' of the replicator equation at x [..., s], with mutation Q [s, s] where given. [..., s]"""
    x, game = np.asarray(shares, dtype=np.float64), np.asarray(payoff, dtype=np.float64)
    earned = x @ game.T
    mean = (x * earned).sum(-1, keepdims=True)
    born = x * earned if mutation is None else (x * earned) @ np.asarray(mutation, dtype=np.float64)
    return born - x * mean


def find_path(payoff: ArrayLike, start: ArrayLike, times: ArrayLike, mutation: ArrayLike | None = None) -> Floats:
    """The path of the shares at the given times, relative error 1e-9. [t, s]

    Args:
        payoff: [s, s], row against column.
        start: shares at the first time [s].
        times: increasing [t], at least two.
        mutation: Q [s, s], row-stochastic; None: children are as their parents. With it, payoffs are birth rates, at
            least 0.

    Raises:
        StudyError: shares, payoffs or Q are out of range.
    """
    game = read_payoffs(payoff)
    if mutation is None:
        return follow(lambda x: find_growth(x, game), read_shares(start, game.shape[0]), times)
    spread = check_stochastic(mutation)
    if spread.shape != game.shape or float(game.min()) < 0:
        raise StudyError(
            "mutation needs Q of the payoffs' shape and payoffs of at least 0, for they are birth rates; add a constant"
        )
    return follow(lambda x: find_growth(x, game, spread), read_shares(start, game.shape[0]), times)


def follow(growth: Callable[[Floats], Floats], start: Floats, times: ArrayLike) -> Floats:
    """The path of x' = growth(x) from `start` [s] at increasing times [t], by an explicit Runge-Kutta method of order 8. [t, s]

    Raises:
        StudyError: the times do not increase, or the path cannot be followed.

    Source: E. Hairer, S. Norsett and G. Wanner, Solving Ordinary Differential Equations I (1993), as `scipy`'s DOP853.
    """
    clock = np.asarray(times, dtype=np.float64)
    if clock.ndim != 1 or clock.size < 2 or not bool((np.diff(clock) > 0).all()):
        raise StudyError("times of a path; expected at least two, increasing")
    found = solve_ivp(
        lambda _, x: growth(x), (clock[0], clock[-1]), start, method="DOP853", t_eval=clock, rtol=1e-10, atol=1e-13
    )
    if not found.success:
        raise StudyError(f"the path cannot be followed: {found.message}")
    return np.clip(found.y.T, 0.0, 1.0)


def find_rest_points(payoff: ArrayLike) -> list[RestPoint]:
    """Every isolated rest point, the monomorphic ones first, by looking at each support in turn.

    Where a support has a whole line of rest points, or none, nothing is listed for it.

    Args:
        payoff: [s, s], up to `MOST_STRATEGIES` strategies.

    Raises:
        StudyError: too many strategies.
    """
    game = read_payoffs(payoff)
    size = game.shape[0]
    if size > MOST_STRATEGIES:
        raise StudyError(f"{size} strategies have 2^{size} supports; expected at most {MOST_STRATEGIES}: follow paths instead")
    points: list[RestPoint] = []
    for count in range(1, size + 1):
        for support in combinations(range(size), count):
            shares = _equalise(game, np.array(support))
            if shares is not None:
                points.append(describe_rest(game, shares))
    return points


def _equalise(game: Floats, support: NDArray[np.int64]) -> Floats | None:
    """The shares on a support at which all earn the same: (A x)_i = v, sum x = 1; None where there are none or many."""
    count = support.size
    system = np.zeros((count + 1, count + 1))
    system[:count, :count] = game[np.ix_(support, support)]
    system[:count, count] = -1.0
    system[count, :count] = 1.0
    if np.linalg.matrix_rank(system) <= count:
        return None
    inside = np.linalg.solve(system, np.append(np.zeros(count), 1.0))[:count]
    if not bool((inside > _TOLERANCE).all()):
        return None
    shares = np.zeros(game.shape[0])
    shares[support] = inside
    return shares


def describe_rest(payoff: ArrayLike, shares: ArrayLike) -> RestPoint:
    """A rest point with its linear stability.

    The linear part is J = diag(A x - x A x) + diag(x) (A - 1 (A x + A^T x)^T), on disturbances that sum to 0.

    Raises:
        StudyError: the shares do not rest.
    """
    game = read_payoffs(payoff)
    x = read_shares(shares, game.shape[0])
    scale = max(1.0, float(np.abs(game).max()))
    if float(np.abs(find_growth(x, game)).max()) > _TOLERANCE * scale:
        raise StudyError(f"shares {x.tolist()} do not rest; expected all strategies in use to earn the same")
    earned = game @ x
    linear = np.diag(earned - x @ earned) + x[:, None] * (game - (earned + game.T @ x)[None, :])
    # e_i - e_last spans the disturbances that sum to 0; in these coordinates the last column is taken off.
    within = linear[:-1, :-1] - linear[:-1, -1:]
    values = np.linalg.eigvals(within).astype(np.complex128)
    values = values[np.argsort(-values.real, kind="stable")]
    top = float(values[0].real) if values.size else -1.0
    stability: Stability = "stable" if top < -_TOLERANCE * scale else "unstable" if top > _TOLERANCE * scale else "undecided"
    return RestPoint(x, values, stability, bool((earned <= x @ earned + _TOLERANCE * scale).all()))


def find_invasion_rate(payoff: ArrayLike, mutant: int, resident: ArrayLike) -> float:
    """The growth rate of a rare pure strategy in a resident population [s]: (A x)_m - x A x, per unit of time."""
    game = read_payoffs(payoff)
    x = read_shares(resident, game.shape[0])
    return float(game[mutant] @ x - x @ game @ x)


def is_stable_strategy(payoff: ArrayLike, shares: ArrayLike) -> bool:
    """Whether a pure or mixed strategy [s] is evolutionarily stable: no small group of mutants of any mix can grow.

    It is a Nash equilibrium, and x A y > y A y for every other best reply y to it. With d = y - x that is -d A d > 0 on
    sum d = 0, d_i >= 0 for best replies outside the support: strict copositivity, decided exactly up to rounding.

    Source: J. Maynard Smith and G. Price, Nature 246 (1973); J. Haigh, Advances in Applied Probability 7 (1975), and I. Bomze
    (1992) for the copositive form; W. Kaplan, Linear Algebra and its Applications 313 (2000), for its test.
    """
    game = read_payoffs(payoff)
    x = read_shares(shares, game.shape[0])
    scale = max(1.0, float(np.abs(game).max()))
    lead = game @ x - x @ game @ x
    support = np.flatnonzero(x > _TOLERANCE)
    if bool((lead > _TOLERANCE * scale).any()) or bool((np.abs(lead[support]) > _TOLERANCE * scale).any()):
        return False
    replies = np.flatnonzero(lead > -_TOLERANCE * scale)
    anchor, free = support[0], support[1:]
    bound = np.setdiff1d(replies, support)
    order = np.concatenate([free, bound])
    cross = game[anchor, order][None, :] + game[order, anchor][:, None] - game[np.ix_(order, order)] - game[anchor, anchor]
    form = cross + cross.T
    k = free.size
    if k:
        if float(np.linalg.eigvalsh(form[:k, :k]).min()) <= _TOLERANCE * scale:
            return False
        form = form[k:, k:] - form[k:, :k] @ np.linalg.solve(form[:k, :k], form[:k, k:])
    return _is_copositive(form, _TOLERANCE * scale)


def _is_copositive(form: Floats, least: float) -> bool:
    """Whether z F z > 0 for all z >= 0 but 0: no principal part has an eigenvector above 0 with an eigenvalue of 0 or below."""
    size = form.shape[0]
    for count in range(1, size + 1):
        for chosen in combinations(range(size), count):
            values, vectors = np.linalg.eigh(form[np.ix_(chosen, chosen)])
            for value, vector in zip(values, vectors.T, strict=True):
                if value <= least and bool((vector * np.sign(vector.sum()) > _TOLERANCE).all()):
                    return False
    return True
