"""DeGroot's learning: everybody moves to a weighted mean of what those they trust hold, again and again.

    x(t + 1) = W x(t),    x(t) -> pi x(0) for everybody,    pi W = pi

W is row-stochastic: W[i, j] is the weight that i gives j. There is one limit for all where W has one closed class and that
class is aperiodic; pi_j is then j's social influence, 0 outside the class.

Source: M. DeGroot, "Reaching a consensus", Journal of the American Statistical Association 69 (1974); B. Golub and M. Jackson,
American Economic Journal: Microeconomics 2 (2010).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse
from scipy.sparse import csgraph

from commonweal.analysis.exact.markov_chain import Floats, check_stochastic, find_recurrent_classes, find_stationary
from commonweal.core.errors import StudyError


def find_influence(trust: ArrayLike) -> Floats:
    """Social influence pi [n], at least 0 with sum 1: the left unit eigenvector of the trust matrix [n, n].

    Raises:
        StudyError: opinions need not converge to one: there are several closed classes, or the one there is has a period.
    """
    weights = check_stochastic(trust)
    classes = find_recurrent_classes(weights)
    if len(classes) > 1:
        raise StudyError(f"{len(classes)} groups listen to nobody outside, so there is no consensus; expected one such group")
    period = _find_period(weights[np.ix_(classes[0], classes[0])])
    if period > 1:
        raise StudyError(f"opinions go round for ever with period {period}; expected somebody with some trust in themselves")
    return find_stationary(weights)


def find_consensus(trust: ArrayLike, opinions: ArrayLike) -> Floats:
    """The opinion that all converge to, pi x. [...]

    Args:
        trust: W [n, n], row-stochastic.
        opinions: x at the start [n], or with topics [n, ...].

    Raises:
        StudyError: there is none.
    """
    influence, start = find_influence(trust), np.asarray(opinions, dtype=np.float64)
    if start.shape[:1] != influence.shape:
        raise StudyError(f"opinions of shape {start.shape}; expected one row for each of {influence.size}")
    return np.asarray(np.tensordot(influence, start, axes=1), dtype=np.float64)


def _find_period(weights: Floats) -> int:
    """The greatest common divisor of all cycle lengths of an irreducible chain, from distances to one state."""
    distance = csgraph.shortest_path(sparse.csr_array(weights > 0), unweighted=True, indices=0)
    source, target = np.nonzero(weights > 0)
    return math.gcd(*(int(gap) for gap in distance[source] + 1 - distance[target]))
