"""The voter model and the invasion process: opinions copied between neighbours, until all agree.

    voter      a node drawn evenly takes the opinion of a neighbour        (death-birth without selection)
    invasion   a node drawn evenly gives its opinion to a neighbour        (birth-death without selection)

A step is one such copy, also where the two already agree; n steps are a sweep. On any graph the chance that all end at 1 is the
mean of the start, weighted by degree (voter) or by one over it (invasion); on regular graphs it is the plain mean.

Times are exact on the complete graph and, from one block of ones, on the ring. On other graphs they come from the chain itself
(`graph_fixation.find_graph_steps`) up to 12 nodes, or from `approximate_voter_sweeps`.

Source: V. Sood and S. Redner, Physical Review Letters 94 (2005); V. Sood, T. Antal and S. Redner, Physical Review E 77
(2008); T. Liggett, Interacting Particle Systems (1985).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import entr

from commonweal.analysis.exact.graphs import Graph, count_degrees
from commonweal.analysis.exact.markov_chain import Floats
from commonweal.core.errors import StudyError


def find_voter_exit(graph: Graph, ones: ArrayLike) -> Floats:
    """The probability that all end at 1 in the voter model: sum k_i x_i / sum k_i. [...]

    Args:
        graph: connected; k_i its degrees (weights).
        ones: x, opinions of 0 and 1 at the start [..., n].
    """
    weight = count_degrees(graph)
    return _read_ones(ones, weight.size) @ (weight / weight.sum())


def find_invasion_exit(graph: Graph, ones: ArrayLike) -> Floats:
    """The probability that all end at 1 in the invasion process: sum x_i / k_i over sum 1 / k_i. [...]

    Args:
        graph: connected; k_i its degrees (weights).
        ones: x, opinions of 0 and 1 at the start [..., n].
    """
    weight = 1.0 / count_degrees(graph)
    return _read_ones(ones, weight.size) @ (weight / weight.sum())


def _read_ones(ones: ArrayLike, n: int) -> Floats:
    opinions = np.asarray(ones, dtype=np.float64)
    if opinions.shape[-1:] != (n,) or not bool(((opinions == 0) | (opinions == 1)).all()):
        raise StudyError(f"opinions of shape {opinions.shape}; expected 0 or 1 for each of {n} nodes [..., n]")
    return opinions


def count_complete_steps(n: int, ones: int) -> float:
    """Mean steps to consensus of the voter model on the complete graph, copying one of the n - 1 others.

    (n - 1) [sum_{j<=i} (n - i) / (n - j) + sum_{i<j<n} i / j], with i ones at the start; about -n^2 [x ln x + (1 - x) ln(1 -
    x)] with x = i / n, 2 % too high at n = 100.

    Args:
        n: nodes, at least 2.
        ones: 0 to n.
    """
    _check_ones(n, ones)
    if ones in (0, n):
        return 0.0
    below, above = np.arange(1, ones + 1), np.arange(ones + 1, n)
    return float((n - 1) * (((n - ones) / (n - below)).sum() + (ones / above).sum()))


def count_ring_steps(n: int, ones: int) -> float:
    """Mean steps to consensus of the voter model on a ring of degree 2 that starts with one block of ones: n i (n - i) / 2.

    The two ends of the block walk at random, so its length is an even game with a bet of 1, on average each n / 2 steps.

    Args:
        n: nodes, at least 3.
        ones: length of the block, 0 to n.
    """
    _check_ones(n, ones)
    if n < 3:
        raise StudyError(f"a ring of {n} nodes; expected at least 3")
    return n * ones * (n - ones) / 2


def _check_ones(n: int, ones: int) -> None:
    if n < 2 or not 0 <= ones <= n:
        raise StudyError(f"{ones} ones on {n} nodes; expected at least 2 nodes and 0 to {n} ones")


def approximate_voter_sweeps(graph: Graph, ones: ArrayLike) -> Floats:
    """Mean sweeps to consensus of the voter model on a mixed heterogeneous graph, to leading order for many nodes only. [...]

    n mu_1^2 / mu_2 [(1 - w) ln 1/(1 - w) + w ln 1/w], with mu_m the mean of k^m and w the exit probability.

    Args:
        graph: without strong structure; on rings and lattices it fails.
        ones: opinions of 0 and 1 at the start [..., n].

    Source: Sood and Redner 2005.
    """
    degrees, share = count_degrees(graph), find_voter_exit(graph, ones)
    size = degrees.size * float(degrees.mean()) ** 2 / float((degrees**2).mean())
    return size * (entr(share) + entr(1.0 - share))
