"""Zero-determinant strategies: memory-one strategies that force a line between the two sides' long-run payoffs.

    p = (1, 1, 0, 0) + alpha s_X + beta s_Y + gamma      forces   alpha s_X + beta s_Y + gamma = 0

over CC, CD, DC, DD, own act first, with s_X = (R, S, T, P) and s_Y = (R, T, S, P). It holds in the infinite game, whatever the
other side plays. With T rounds the left-hand side is, exactly,

    (P(X cooperates in round T) - P(X cooperates in round 0)) / T        rounds counted from 0, T the one after the last

so at most 1 / T. With a tremble e on X the line fails: in the infinite game the left-hand side is then e (2 x - 1) / (1 - 2 e),
with x the share of rounds in which X cooperates.

Source: W. Press and F. Dyson, PNAS 109 (2012); E. Akin, "The iterated prisoner's dilemma: good strategies and their dynamics"
(2016), for the sum over rounds; with a tremble, our own derivation from it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from commonweal.analysis.exact.markov_chain import Floats
from commonweal.analysis.exact.memory_one_games import Dilemma, count_cooperation, find_turn_states
from commonweal.core.errors import StudyError

_REPEAT = np.array([1.0, 1.0, 0.0, 0.0])
"""Repeating the own last act."""


def zero_determinant(alpha: float, beta: float, gamma: float, dilemma: Dilemma) -> Floats:
    """The strategy [4] that forces alpha s_X + beta s_Y + gamma = 0.

    Args:
        alpha: weight of the own payoff.
        beta: weight of the other's payoff.
        gamma: constant.
        dilemma: payoffs of a round.

    Raises:
        StudyError: it would need a probability outside 0 to 1.
    """
    chances = _REPEAT + alpha * dilemma.own + beta * dilemma.other + gamma
    if not bool(((chances >= -1e-12) & (chances <= 1 + 1e-12)).all()):
        shown = ", ".join(f"{chance:.4g}" for chance in chances)
        raise StudyError(
            f"the line needs chances of cooperating of {shown}; expected 0 to 1: take smaller weights, or another line"
        )
    return np.clip(chances, 0.0, 1.0)


def extort(chi: float, phi: float, dilemma: Dilemma) -> Floats:
    """The extortioner [4]: s_X - P = chi (s_Y - P), its surplus chi times the other's.

    p = (1 - phi (chi - 1)(R - P), 1 - phi (chi (T - P) + P - S), phi (T - P + chi (P - S)), 0)

    Args:
        chi: extortion factor, at least 1 (1: tit for tat's equal shares).
        phi: above 0 and at most `limit_extortion`.
        dilemma: payoffs of a round.

    Raises:
        StudyError: chi or phi is out of range.
    """
    top = limit_extortion(chi, dilemma)
    if chi < 1 or not 0 < phi <= top * (1 + 1e-12):
        raise StudyError(
            f"extortion with chi = {chi:g} and phi = {phi:g}; expected chi of at least 1 and phi above 0, up to {top:.6g}"
        )
    return zero_determinant(phi, -phi * chi, phi * (chi - 1) * dilemma.punishment, dilemma)


def limit_extortion(chi: float, dilemma: Dilemma) -> float:
    """The largest phi with which an extortioner's chances stay in 0 to 1."""
    slopes = np.abs((dilemma.own - dilemma.punishment) - chi * (dilemma.other - dilemma.punishment))
    return float(1.0 / slopes.max())


def find_residual(own: ArrayLike, other: ArrayLike, start: ArrayLike, turns: int) -> Floats:
    """What alpha s_X + beta s_Y + gamma is with T rounds: (P(X cooperates in round T) - P(in round 0)) / T. [...]

    For an extortioner divide by phi: that is its s_X - P - chi (s_Y - P).

    Args:
        own: zero-determinant strategies, without tremble [..., 4].
        other: their opponents, any memory-one strategies [..., 4].
        start: distribution over CC, CD, DC, DD in round 0 [..., 4], as from `open_game`.
        turns: T, rounds, at least 1.

    Source: Akin 2016.
    """
    if turns < 1:
        raise StudyError(f"a game of {turns} rounds; expected at least 1")
    last = count_cooperation(find_turn_states(own, other, start, turns))
    return (last - count_cooperation(start)) / turns
