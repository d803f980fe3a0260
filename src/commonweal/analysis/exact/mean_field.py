"""The Fermi rule in an infinite well-mixed population: what the finite simulation tends to, without its chance.

    x_i' = x_i sum_j x_j tanh(beta (pi_i - pi_j) / 2),   pi = A x

Time is in rounds: one unit in which everybody reconsiders once on average. The factor is exact: somebody of kind j meets a
model of kind i with chance x_i and copies it with 1 / (1 + exp(-beta lead)); the way back has the same chance of meeting and
exp(-beta lead) times that of copying, and s(z) - s(-z) = tanh(z / 2). Two kinds: x' = x (1 - x) tanh(beta lead / 2). Payoffs
are means over those one meets.

Where all reconsider at the same tick (`institutions.fermi` with `every` = 1), the step x + rate x' is exact, not the flow: it
is `step_imitation`. Of n individuals, shares stray from it by about 1 / sqrt(n) in the first rounds.

Beside a study's simulation: `Part(theory=lambda levels: float(step_imitation(payoff, start, beta, ticks=20)[-1, 0]))`.

Source: A. Traulsen, J. Claussen and C. Hauert, Physical Review Letters 95 (2005); A. Traulsen, M. Nowak and J. Pacheco,
Physical Review E 74 (2006).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from commonweal.analysis.exact.markov_chain import Floats
from commonweal.analysis.exact.replicator import follow, read_payoffs, read_shares
from commonweal.core.errors import StudyError


def find_imitation(shares: ArrayLike, payoff: ArrayLike, beta: float) -> Floats:
    """x' a round at shares x [..., s]. [..., s]

    Args:
        shares: points of the simplex [..., s].
        payoff: [s, s], row against column.
        beta: strength of selection, at least 0, per unit of payoff.
    """
    x = np.asarray(shares, dtype=np.float64)
    earned = x @ np.asarray(payoff, dtype=np.float64).T
    lead = earned[..., :, None] - earned[..., None, :]
    return x * (np.tanh(0.5 * beta * lead) * x[..., None, :]).sum(-1)


def follow_imitation(payoff: ArrayLike, start: ArrayLike, beta: float, times: ArrayLike) -> Floats:
    """The path of the shares where individuals reconsider one by one. [t, s]

    Args:
        payoff: [s, s], row against column.
        start: shares at the first time [s].
        beta: strength of selection, at least 0, per unit of payoff.
        times: in rounds, increasing [t], at least two.
    """
    game = read_payoffs(payoff)
    return follow(lambda x: find_imitation(x, game, beta), read_shares(start, game.shape[0]), times)


def step_imitation(payoff: ArrayLike, start: ArrayLike, beta: float, ticks: int, rate: float = 1.0) -> Floats:
    """The path of the shares where all reconsider at once, each tick, from the start on. [ticks + 1, s]

    Args:
        payoff: [s, s], row against column.
        start: shares before the first tick [s].
        beta: strength of selection, at least 0, per unit of payoff.
        ticks: how many, at least 0.
        rate: probability that an individual reconsiders at a tick, 0 to 1.
    """
    game = read_payoffs(payoff)
    if ticks < 0 or not 0 <= rate <= 1:
        raise StudyError(f"{ticks} ticks at a rate of {rate:g}; expected at least 0 ticks and a rate from 0 to 1")
    path = [read_shares(start, game.shape[0])]
    for _ in range(ticks):
        path.append(path[-1] + rate * find_imitation(path[-1], game, beta))
    return np.stack(path)
