"""The replicator equation on a k-regular graph: the game that a well-mixed population would have to play to move the same way.

Under weak selection and pair approximation, for a large random k-regular graph with k > 2, the shares follow the replicator
equation (`replicator`) of A + B, where B is antisymmetric and counts who meets whom along a front:

    death-birth    b_ij = ((k + 1) a_ii + a_ij - a_ji - (k + 1) a_jj) / ((k + 1)(k - 2))
    imitation      b_ij = ((k + 3) a_ii + 3 a_ij - 3 a_ji - (k + 3) a_jj) / ((k + 3)(k - 2))
    birth-death    b_ij = (a_ii + a_ij - a_ji - a_jj) / (k - 2), and pairwise comparison likewise

It is an approximation: without loops on the graph, without chance, for many nodes. The exact law of one mutant on the graph at
hand is in `graph_selection`.

Beside a study's simulation: `Part(theory=lambda levels: float(find_path(transform_payoffs(game, 8), start, times)[-1, 0]))`.

Source: H. Ohtsuki and M. Nowak, "The replicator equation on graphs", Journal of Theoretical Biology 243 (2006).
"""

from __future__ import annotations

from numpy.typing import ArrayLike

from commonweal.analysis.exact.graph_fixation import Update
from commonweal.analysis.exact.markov_chain import Floats
from commonweal.analysis.exact.replicator import read_payoffs
from commonweal.core.errors import StudyError


def transform_payoffs(payoff: ArrayLike, degree: int, update: Update = "death-birth") -> Floats:
    """A + B [s, s]: the payoffs whose replicator equation is that of the game on the graph.

    Args:
        payoff: A [s, s], row against column, for one contact.
        degree: k, contacts of each node, at least 3.
        update: who takes whose strategy.

    Raises:
        StudyError: a degree below 3: on a cycle there are no fronts that the pair approximation could see.

    Source: Ohtsuki and Nowak 2006.
    """
    game = read_payoffs(payoff)
    if degree < 3:
        raise StudyError(f"the replicator equation on a graph of degree {degree}; expected at least 3")
    alike, unlike = {"death-birth": (degree + 1, 1), "imitation": (degree + 3, 3)}.get(update, (1, 1))
    own = game.diagonal()
    return game + (alike * (own[:, None] - own[None, :]) + unlike * (game - game.T)) / (alike * (degree - 2))
