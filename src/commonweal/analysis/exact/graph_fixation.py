"""Fixation on any small graph, exactly: the chain over all 2^n ways to give two types to n nodes.

In each step one node may change its type. A node's payoff pi is the mean (or the sum) over its neighbours, by weight; the
mutant's type comes first in the payoff matrix; f = 1 + w pi or exp(w pi).

    birth-death           a parent u by fitness, then a neighbour v by weight: v takes u's type
    death-birth           a node v at random; a neighbour u by weight times fitness: v takes u's type
    imitation             as death-birth, with v itself among the candidates (weight 1)
    pairwise-comparison   v at random, a neighbour u by weight; v takes u's type with 1 / (1 + exp(-w (pi_u - pi_v)))

It is an oracle that shares nothing with coalescence times or with the count of mutants. Cost grows about eightfold a node:
.05 s of CPU at n = 10, 3 s at n = 12, where it stops. A constant fitness r is the payoff [[ln r, ln r], [0, 0]] with w = 1
and exponential fitness.

Source: E. Lieberman, C. Hauert and M. Nowak, Nature 433 (2005); H. Ohtsuki et al., Nature 441 (2006), for the update rules;
G. Szabo and C. Toke, Physical Review E 58 (1998), for pairwise comparison.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from commonweal.analysis.exact.graphs import Graph, count_degrees, count_nodes, read_states
from commonweal.analysis.exact.markov_chain import Floats, find_absorption, find_absorption_steps, find_absorption_total
from commonweal.core.errors import StudyError

Update: TypeAlias = Literal["birth-death", "death-birth", "imitation", "pairwise-comparison"]
"""Who takes whose type, in one step."""

MOST_NODES = 12
_COMPLEX_STEP = 1e-20

_Values: TypeAlias = NDArray[Any]
"""Real, or complex where a derivative is taken."""


@dataclass(frozen=True)
class Selection:
    """How payoffs become offspring."""

    update: Update
    """The update rule."""
    payoff: ArrayLike
    """[2, 2], the mutant's type first."""
    strength: float
    """w of the module's text, at least 0, per unit of payoff."""
    fitness: Literal["linear", "exponential"] = "linear"
    """1 + w pi, or exp(w pi); pairwise comparison has no use for it."""
    averaged: bool = True
    """Whether a payoff is the mean over neighbours, or their sum."""


def find_graph_fixation(graph: Graph, selection: Selection) -> Floats:
    """The probability that the mutants take over, from each set of nodes. [2^n]

    Entry s starts with mutants where the bits of s are 1: 1 << i is one mutant at node i.

    Raises:
        StudyError: over `MOST_NODES` nodes, or a fitness is not above 0.
    """
    matrix = _transitions(graph, selection, selection.strength)
    return find_absorption(matrix, (0, count_nodes(matrix) - 1))[:, 1]


def find_graph_steps(graph: Graph, selection: Selection) -> Floats:
    """The mean number of steps until one type is gone, from each set of nodes; steps without a change count. [2^n]

    Raises:
        StudyError: over `MOST_NODES` nodes, or a fitness is not above 0.
    """
    matrix = _transitions(graph, selection, selection.strength)
    return find_absorption_steps(matrix, (0, count_nodes(matrix) - 1))


def average_mutants(values: Floats) -> float:
    """The mean [] of values [2^n] over a single mutant at a uniformly drawn node."""
    return float(values[1 << np.arange(values.size.bit_length() - 1)].mean())


def differentiate_fixation(graph: Graph, selection: Selection) -> Floats:
    """The derivative of each fixation probability by the strength of selection, at 0: weak selection, exactly. [2^n]

    From phi = M phi it is phi' = M phi' + M' phi, with M' by a complex step: without cancellation.

    Raises:
        StudyError: over `MOST_NODES` nodes.

    Source: W. Squire and G. Trapp, SIAM Review 40 (1998), for the complex step.
    """
    ends = (0, (1 << count_nodes(graph)) - 1)
    matrix = _transitions(graph, selection, 1j * _COMPLEX_STEP)
    neutral, bent = matrix.real, matrix.imag / _COMPLEX_STEP
    return find_absorption_total(neutral, ends, bent @ find_absorption(neutral, ends)[:, 1])


def solve_critical_ratio(graph: Graph, update: Update, averaged: bool = True) -> float:
    """The benefit-to-cost ratio above which one cooperator, placed uniformly, is favoured by weak selection: rho_C > 1/n.

    In the donation game b, c the slope of rho_C is affine in b and in c, so two derivatives give it. Infinite or negative:
    never favoured for any b > c > 0 (negative: above minus that ratio it is spite that is favoured).

    Raises:
        StudyError: over `MOST_NODES` nodes.
    """
    benefit = Selection(update, ((1.0, 0.0), (1.0, 0.0)), 0.0, averaged=averaged)
    cost = Selection(update, ((-1.0, -1.0), (0.0, 0.0)), 0.0, averaged=averaged)
    gained, lost = (average_mutants(differentiate_fixation(graph, one)) for one in (benefit, cost))
    return float("inf") if abs(gained) < 1e-12 * abs(lost) else -lost / gained


def _transitions(graph: Graph, selection: Selection, strength: complex) -> sparse.csr_array:
    """The chain over all sets of nodes. [2^n, 2^n]"""
    n = count_nodes(graph)
    if n > MOST_NODES:
        raise StudyError(f"a graph of {n} nodes has 2^{n} states; expected at most {MOST_NODES} nodes: use `graph_selection`")
    states = read_states(n)
    flips = _flip_chances(graph, selection, states, strength)
    index = np.arange(1 << n)
    source, target = np.repeat(index, n), (index[:, None] ^ (1 << np.arange(n))).ravel()
    moves = sparse.csr_array((flips.ravel(), (source, target)), shape=(index.size, index.size))
    moves.eliminate_zeros()
    return sparse.csr_array(moves + sparse.diags_array(1.0 - flips.sum(-1)))


def _flip_chances(graph: Graph, selection: Selection, states: NDArray[np.bool_], strength: complex) -> _Values:
    """The chance that a step changes node i of state s. [2^n, n]"""
    weights, degrees = graph.toarray(), count_degrees(graph)
    payoffs = _find_payoffs(weights, degrees, selection, states)
    n = degrees.size
    if selection.update == "pairwise-comparison":
        return _compare_pairs(weights / degrees[:, None], strength * payoffs, states) / n
    fitness = np.exp(strength * payoffs) if selection.fitness == "exponential" else 1.0 + strength * payoffs
    if not bool((np.real(fitness) > 0).all()):
        least = float(np.real(fitness).min())
        raise StudyError(f"a linear fitness of {least:.3g}; expected above 0: take a smaller strength, or exponential fitness")
    if selection.update == "birth-death":
        sent = fitness / fitness.sum(-1, keepdims=True) / degrees
        return np.where(states, (sent * ~states) @ weights, (sent * states) @ weights)
    mutants, residents = (fitness * states) @ weights, (fitness * ~states) @ weights
    rivals = mutants + residents + (fitness if selection.update == "imitation" else 0.0)
    return np.where(states, residents, mutants) / rivals / n


def _find_payoffs(weights: Floats, degrees: Floats, selection: Selection, states: NDArray[np.bool_]) -> Floats:
    """What each node earns in each state. [2^n, n]"""
    game = np.asarray(selection.payoff, dtype=np.float64)
    if game.shape != (2, 2):
        raise StudyError(f"a payoff matrix of shape {game.shape}; expected [2, 2]")
    mutants = states @ weights
    residents = degrees - mutants
    earned = np.where(states, game[0, 0] * mutants + game[0, 1] * residents, game[1, 0] * mutants + game[1, 1] * residents)
    return earned / degrees if selection.averaged else earned


def _compare_pairs(walk: Floats, drive: _Values, states: NDArray[np.bool_]) -> _Values:
    """Sum over the models u of each node v: p[v, u] / (1 + exp(drive_v - drive_u)) where their types differ. [2^n, n]"""
    chances = np.zeros_like(drive)
    for model in range(walk.shape[0]):
        seen = np.flatnonzero(walk[:, model])
        lead = drive[:, model, None] - drive[:, seen]
        differ = states[:, model, None] != states[:, seen]
        chances[:, seen] += walk[seen, model] * differ * 0.5 * (1.0 + np.tanh(0.5 * lead))
    return chances
