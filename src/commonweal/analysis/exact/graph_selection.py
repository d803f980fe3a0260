"""Weak selection for cooperation on any graph, from coalescence times: polynomial in n, where the full chain takes 2^n.

Two random walkers from i and j, one of the two moving in each step, meet after tau_ij steps. On a graph with walk p, in which i
lends its type with reproductive value pi_i:

    tau_ii = 0,   tau_ij = 1 + 1/2 sum_k (p_ik tau_kj + p_jk tau_ik)
    t(m)   = sum_ij pi_i m_ij tau_ij,   t_n = t(p^n)

    death-birth           (b/c)* = t_2 / (t_3 - t_1)
    pairwise comparison   (b/c)* = t_1 / (t_2 - t_1) = -t_1: never, on any graph without self-ties
    imitation             (b/c)* = t(q^2) / (t(q^2 p) - t(p)), with q_ij = (delta_ij + w_ij) / (1 + w_i) the walk of who
                          replaces whom, which tau and pi then follow

The donation game: a cooperator pays c for its neighbours' mean b. One cooperator is placed at a uniformly drawn node of n;
it is favoured (rho_C > 1/n, to first order in the strength of selection) iff b/c > (b/c)* > 0. An infinite or negative
value means: never, for any b > c > 0. Payoffs are means over neighbours; on regular graphs sums give the same ratio.

On a k-regular graph without multiple ties, (b/c)* of death-birth is (n - 2) / (n/k - 2), and k only as n grows; imitation
comes to k + 2.

Beside a study's simulation: `Part(theory=lambda levels: approximate_fixation(graph, float(levels["b"]), cost, 0.01))`.

Source: B. Allen et al., "Evolutionary dynamics on any population structure", Nature 544 (2017); P. Taylor, T. Day and G. Wild,
Nature 447 (2007), for the regular form; for imitation and pairwise comparison the same argument, our own derivation.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np
from scipy import sparse

from commonweal.analysis.exact.graphs import Graph, count_degrees, count_nodes, find_walk
from commonweal.analysis.exact.markov_chain import Floats
from commonweal.core.errors import StudyError

Update: TypeAlias = Literal["death-birth", "imitation", "pairwise-comparison"]
"""Who takes whose type, as in `graph_fixation`."""

_RESIDUAL = 1e-13


def find_coalescence_times(graph: Graph) -> Floats:
    """tau [n, n]: the mean number of steps until two walkers meet, one of the two, drawn evenly, moving in each step.

    Solved by conjugate gradients on sqrt(w_i w_j) tau_ij, where the system is symmetric. Takes some n^2 floats of memory.

    Args:
        graph: connected.

    Raises:
        StudyError: the solution does not settle, on a graph with bottlenecks many orders of magnitude apart.
    """
    root = np.sqrt(count_degrees(graph))
    scaled = sparse.diags_array(1 / root) @ graph @ sparse.diags_array(1 / root)
    apart = ~np.eye(root.size, dtype=bool)
    pairs = np.zeros((root.size, root.size))
    rest = apart * np.outer(root, root)
    way = rest.copy()
    left = first = float((rest * rest).sum())
    for _ in range(200 * root.size + 1000):
        if left <= _RESIDUAL**2 * first:
            return pairs / np.outer(root, root)
        moved = scaled @ way
        bent = apart * (way - 0.5 * (moved + moved.T))
        stride = left / float((way * bent).sum())
        pairs += stride * way
        rest -= stride * bent
        before, left = left, float((rest * rest).sum())
        way = rest + (left / before) * way
    raise StudyError(
        f"coalescence times on {root.size} nodes did not settle; expected a graph without ties many orders of magnitude apart"
    )


def find_critical_ratio(graph: Graph, update: Update = "death-birth") -> float:
    """(b/c)*: the benefit-to-cost ratio above which weak selection favours one cooperator; infinite or negative: never.

    Args:
        graph: connected, without self-ties.
        update: who takes whose type.

    Raises:
        StudyError: the graph has self-ties, or the coalescence times do not settle.
    """
    gained, paid = _weigh(graph, update)
    return float("inf") if abs(gained) < 1e-9 * paid else paid / gained


def approximate_fixation(graph: Graph, benefit: float, cost: float, strength: float, update: Update = "death-birth") -> float:
    """rho_C of one cooperator at a uniformly drawn node, to first order in the strength of selection w.

    rho_C = 1/n + w/(2 n) (b (t(q^2 p) - t(p)) - c t(q^2)), with q instead of q^2 for pairwise comparison.

    Args:
        graph: connected, without self-ties.
        benefit: b, to the neighbours of a cooperator, shared by weight as means over neighbours are.
        cost: c, to a cooperator.
        strength: w, so small that w times a payoff is well below 1 / n.
        update: who takes whose type.

    Raises:
        StudyError: the graph has self-ties, or the coalescence times do not settle.
    """
    gained, paid = _weigh(graph, update)
    return (1 + strength * (benefit * gained - cost * paid) / 2) / count_nodes(graph)


def _weigh(graph: Graph, update: Update) -> tuple[float, float]:
    """What a unit of b adds to a cooperator's lead, and what a unit of c takes: t(q^2 p) - t(p) and t(q^2)."""
    if graph.diagonal().any():
        raise StudyError("a graph with self-ties; expected none, for nobody plays against itself: leave the diagonal out")
    play = find_walk(graph)
    replaced = sparse.csr_array(graph + sparse.eye_array(count_nodes(graph))) if update == "imitation" else graph
    follow = find_walk(replaced)
    times, values = find_coalescence_times(replaced), count_degrees(replaced)
    values = values / values.sum()

    def meet(*walks: Graph) -> float:
        reached = times
        for walk in walks[::-1]:
            reached = walk @ reached
        # reached[i, j] = sum_k m[i, k] tau[k, j]: the two of a pair are the ends of the walk m from i.
        return float(values @ np.diagonal(reached))

    rivals = (follow,) if update == "pairwise-comparison" else (follow, follow)
    return meet(*rivals, play) - meet(play), meet(*rivals)


def find_regular_ratio(n: int, k: int, update: Update = "death-birth") -> float:
    """(b/c)* on every unweighted k-regular graph of n nodes; infinite or negative: never.

    death-birth (n - 2) / (n/k - 2), so never where n <= 2k; imitation ((k + 2) n - 2 (k + 1)) / (n - 2 (k + 1)); pairwise
    comparison -(n - 1). From t_1 = n - 1, t_2 = n - 2 and t_3 = n - 3 + n/k.

    Args:
        n: nodes, above k.
        k: neighbours of each node, at least 1.
        update: who takes whose type.

    Source: Taylor, Day and Wild, Nature 447 (2007); that it holds for every regular graph, Allen et al. 2017.
    """
    if not 1 <= k < n:
        raise StudyError(f"a {k}-regular graph of {n} nodes; expected 1 <= k < n")
    paid, gained = {
        "death-birth": (n - 2, n / k - 2),
        "imitation": ((k + 2) * n - 2 * (k + 1), n - 2 * (k + 1)),
        "pairwise-comparison": (n - 1, -1),
    }[update]
    return paid / gained if gained else float("inf")
