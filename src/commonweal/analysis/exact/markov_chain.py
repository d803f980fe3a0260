"""Finite Markov chains: the stationary distribution, the long-run mean from any start, and where a chain is absorbed.

    pi M = pi                                  stationary
    L = lim (1/T) sum_{t<T} M^t                the long-run mean, which exists for every chain
    (I - Q) phi = R,  (I - Q) t = 1            absorption: where, and after how many steps

M is row-stochastic: M[i, j] is the probability of j after i. All in float64.

Source: J. Kemeny and J. Snell, Finite Markov Chains (1960); W. Grassmann, M. Taksar and D. Heyman, "Regenerative analysis and
steady state distributions for Markov chains", Operations Research 33 (1985).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.sparse import csgraph
from scipy.sparse.linalg import splu

from commonweal.core.errors import StudyError

Floats: TypeAlias = NDArray[np.float64]
"""Real numbers, any shape."""

_ROW_SUM_TOLERANCE = 1e-9
_DENSE = 0.1
"""From this share of entries on, a sparse solver only loses time."""


def check_stochastic(matrix: ArrayLike) -> Floats:
    """The matrix [..., n, n] as float64.

    Raises:
        StudyError: it is not square, has a negative entry, or a row that does not sum to 1 within 1e-9.
    """
    chain = np.asarray(matrix, dtype=np.float64)
    if chain.ndim < 2 or chain.shape[-1] != chain.shape[-2] or chain.shape[-1] == 0:
        raise StudyError(f"a transition matrix of shape {chain.shape}; expected [n, n], or a batch [..., n, n]")
    if not bool((chain >= 0).all()):
        raise StudyError("a transition matrix with a negative or missing entry; expected probabilities, row by row")
    worst = float(np.abs(chain.sum(-1) - 1.0).max())
    if worst > _ROW_SUM_TOLERANCE:
        raise StudyError(f"a row of the transition matrix is {worst:.3g} off the sum 1; expected each row to sum to 1")
    return chain


def find_recurrent_classes(matrix: ArrayLike) -> list[NDArray[np.int64]]:
    """The closed communicating classes of a chain [n, n]: each the states from which only those states are reached."""
    chain = check_stochastic(matrix)
    steps = chain > 0
    count, label = csgraph.connected_components(sparse.csr_array(steps), directed=True, connection="strong")
    leaves = np.zeros(int(count), dtype=bool)
    source, target = np.nonzero(steps)
    leaves[label[source[label[source] != label[target]]]] = True
    return [np.flatnonzero(label == index) for index in range(int(count)) if not leaves[index]]


def find_stationary(matrix: ArrayLike) -> Floats:
    """The stationary distribution [n] of a chain [n, n] with one recurrent class; 0 on transient states.

    By elimination without subtraction, so that every share is right to a relative 1e-13 or so, however small it is.

    Raises:
        StudyError: it is no transition matrix, or has more than one recurrent class.

    Source: Grassmann, Taksar and Heyman, Operations Research 33 (1985).
    """
    chain = check_stochastic(matrix)
    classes = find_recurrent_classes(chain)
    if len(classes) > 1:
        shown = ", ".join(str(one[:4].tolist()) for one in classes[:3])
        raise StudyError(
            f"the chain has {len(classes)} recurrent classes ({shown} ...), so its long run depends on the start; "
            "expected one: add mutation or tremble, or use `find_limit`"
        )
    stationary = np.zeros(chain.shape[0])
    stationary[classes[0]] = _eliminate(chain[np.ix_(classes[0], classes[0])])
    return stationary


def _eliminate(chain: Floats) -> Floats:
    """The stationary distribution of an irreducible chain, states taken out from the last to the first."""
    work = chain.copy()
    n = work.shape[0]
    for last in range(n - 1, 0, -1):
        work[:last, last] /= work[last, :last].sum()
        work[:last, :last] += np.outer(work[:last, last], work[last, :last])
    weights = np.ones(n)
    for state in range(1, n):
        weights[state] = weights[:state] @ work[:state, state]
        # A later state can be many powers of ten the likelier: kept in range, so nothing overflows.
        weights[: state + 1] /= weights[: state + 1].max()
    return weights / weights.sum()


def find_log_stationary(log_rates: ArrayLike) -> Floats:
    """ln pi [n] of an irreducible chain from the logarithms of its rates [n, n], -inf where there is no way.

    The diagonal is ignored. Chances of a step and rates in continuous time alike. The same elimination, for rates too small
    for float64.

    Raises:
        StudyError: not every state is reached from every other.
    """
    work = np.array(log_rates, dtype=np.float64)
    n = work.shape[0]
    if work.shape != (n, n) or n == 0 or bool(np.isnan(work).any()):
        raise StudyError(f"logarithms of rates of shape {work.shape}; expected numbers [n, n]")
    np.fill_diagonal(work, -np.inf)
    parts, _ = csgraph.connected_components(sparse.csr_array(work > -np.inf), directed=True, connection="strong")
    if parts > 1:
        raise StudyError(f"the chain falls into {parts} parts; expected that every state is reached from every other")
    for last in range(n - 1, 0, -1):
        work[:last, last] -= np.logaddexp.reduce(work[last, :last])
        work[:last, :last] = np.logaddexp(work[:last, :last], work[:last, last, None] + work[last, :last])
    weights = np.zeros(n)
    for state in range(1, n):
        weights[state] = np.logaddexp.reduce(weights[:state] + work[:state, state])
    return weights - np.logaddexp.reduce(weights)


def count_recurrent_classes(matrix: ArrayLike) -> NDArray[np.int64]:
    """How many recurrent classes each chain of a batch [..., n, n] has. [...]"""
    recurrent, same = _classify(check_stochastic(matrix))
    size = np.where(recurrent, same.sum(-1), 1)
    return np.rint((recurrent / size).sum(-1)).astype(np.int64)


def _classify(chain: Floats) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which states are recurrent [..., n], and which pairs lie in one class [..., n, n]."""
    n = chain.shape[-1]
    reach = (chain > 0) | np.eye(n, dtype=bool)
    for _ in range(max(1, (n - 1).bit_length())):
        reach = np.matmul(reach, reach)
    same = reach & np.swapaxes(reach, -1, -2)
    return (reach == same).all(-1), same


def find_limit(matrix: ArrayLike) -> Floats:
    """The long-run mean L [..., n, n] of chains [..., n, n]: L[i, j] is the share of time in j from a start in i.

    It exists for every chain, periodic ones and those with several recurrent classes included. A start distribution x
    gives x L. Where there is one recurrent class, every row is the stationary distribution.

    Raises:
        StudyError: it is no transition matrix.

    Source: Kemeny and Snell (1960).
    """
    chain = check_stochastic(matrix)
    n = chain.shape[-1]
    recurrent, same = _classify(chain)
    settles, one = recurrent[..., :, None], np.eye(n)
    within = settles & same
    # On a class, u (I - M + 1 u)^-1 is its stationary distribution for any distribution u; here u is the uniform one.
    uniform = within / np.maximum(within.sum(-1, keepdims=True), 1)
    settled = uniform @ np.linalg.inv(np.where(settles, one - chain + uniform, one))
    limit = np.linalg.solve(np.where(settles, one, one - chain), settled)
    return np.clip(limit, 0.0, 1.0)


def find_absorption(matrix: ArrayLike | sparse.csr_array, ends: Sequence[int]) -> Floats:
    """The probability [n, ends] that a chain [n, n], dense or sparse, is absorbed in each of the given end states.

    Args:
        matrix: transition probabilities.
        ends: absorbing states, of which one is reached from every other state.

    Raises:
        StudyError: from some state no end is reached.
    """
    chain, stop = sparse.csr_array(matrix, dtype=np.float64), np.asarray(ends, dtype=np.int64)
    answer = _solve_passing(chain, stop, chain[:, stop].toarray())
    answer[stop] = np.eye(stop.size)
    return answer


def find_absorption_steps(matrix: ArrayLike | sparse.csr_array, ends: Sequence[int]) -> Floats:
    """The mean number of steps [n] until a chain [n, n], dense or sparse, is in one of the given end states.

    Raises:
        StudyError: from some state no end is reached.
    """
    chain = sparse.csr_array(matrix, dtype=np.float64)
    return find_absorption_total(chain, ends, np.ones(len(chain.indptr) - 1))


def find_absorption_total(matrix: ArrayLike | sparse.csr_array, ends: Sequence[int], gain: ArrayLike) -> Floats:
    """The mean total [n] of what is gained in each state visited before one of the given end states is reached.

    Args:
        matrix: transition probabilities [n, n], dense or sparse.
        ends: states of which one is reached from every other state.
        gain: per step spent in each state [n]; that of the end states does not count.

    Raises:
        StudyError: from some state no end is reached.
    """
    chain, stop = sparse.csr_array(matrix, dtype=np.float64), np.asarray(ends, dtype=np.int64)
    return _solve_passing(chain, stop, np.asarray(gain, dtype=np.float64)[:, None])[:, 0]


def _solve_passing(chain: sparse.csr_array, stop: NDArray[np.int64], right: Floats) -> Floats:
    """x = right + Q x on the states that are no ends, and 0 on these. [n, columns]"""
    _check_absorbed(chain, stop)
    passing = np.setdiff1d(np.arange(right.shape[0]), stop)
    answer = np.zeros_like(right)
    within = chain[passing][:, passing]
    if within.nnz > _DENSE * passing.size**2:
        answer[passing] = np.linalg.solve(np.eye(passing.size) - within.toarray(), right[passing])
    elif passing.size:
        left = sparse.eye_array(passing.size, format="csc") - within
        answer[passing] = splu(sparse.csc_array(left)).solve(right[passing])
    return answer


def _check_absorbed(chain: sparse.csr_array, stop: NDArray[np.int64]) -> None:
    """Refuse a chain that can stay away from its ends for ever."""
    n = len(chain.indptr) - 1
    steps = sparse.csr_array((np.ones(chain.nnz), chain.indices, chain.indptr), shape=chain.shape)
    steps.data[np.asarray(chain.data) == 0] = 0.0
    steps.eliminate_zeros()
    # One more node, from which a walk against the arrows starts in all ends at once.
    first = sparse.csr_array((np.ones(stop.size), (np.zeros(stop.size, np.int64), stop)), shape=(1, n))
    backward = sparse.block_array([[steps.T.tocsr(), None], [first, sparse.csr_array((1, 1))]], format="csr")
    seen = csgraph.breadth_first_order(backward, n, return_predecessors=False)
    if len(seen) != n + 1:
        lost = int(np.setdiff1d(np.arange(n), seen)[0])
        raise StudyError(f"from state {lost} the chain never reaches any of its end states; expected that it always can")
