"""Two memory-one strategies against each other, exactly: a chain over the four ways a round can end.

The states are, own act first, CC, CD, DC, DD. `own` [..., 4] holds the probabilities of cooperating after each; `other`
likewise in the other's own order, so that what the other does after CD is other[2]. All functions work on batches of pairs.

    m = (a b, a (1 - b), (1 - a) b, (1 - a)(1 - b))   the next round after a state with chances a = own, b = other, swapped
    v m = v                                           the infinite game
    (1/T) x sum_{t<T} m^t                             T rounds, from the first round's distribution x

Where the chain has one recurrent class (any tremble in (0, 1) suffices) the infinite game does not depend on the first round;
elsewhere it is the long-run mean from it, which always exists.

Beside a study's simulation of two minds for 200 rounds: `Part(theory=lambda levels: float(score(
find_mean_states(own, other, open_game(1.0, 1.0), 200), Dilemma())))`.

Source: M. Nowak and K. Sigmund, Acta Applicandae Mathematicae 20 (1990); W. Press and F. Dyson, PNAS 109 (2012).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from commonweal.analysis.exact.markov_chain import Floats, count_recurrent_classes, find_limit
from commonweal.core.errors import StudyError

_SWAPPED = (0, 2, 1, 3)
_TILE = 128
"""Strategies on a side of the blocks that `play_all` works through: small enough for the cache."""


@dataclass(frozen=True)
class Dilemma:
    """Payoffs of one round; by default R. Axelrod's prisoner's dilemma (1984)."""

    reward: float = 3.0
    """R: both cooperate."""
    sucker: float = 0.0
    """S: to a cooperator whose opponent defects."""
    temptation: float = 5.0
    """T: to a defector whose opponent cooperates."""
    punishment: float = 1.0
    """P: both defect."""

    @property
    def own(self) -> Floats:
        """Own payoff in each state: R, S, T, P. [4]"""
        return np.array([self.reward, self.sucker, self.temptation, self.punishment])

    @property
    def other(self) -> Floats:
        """The other's payoff in each state: R, T, S, P. [4]"""
        return self.own[list(_SWAPPED)]


@dataclass(frozen=True)
class Strategies:
    """Some memory-one strategies."""

    after: Floats
    """Probability of cooperating after CC, CD, DC, DD, own act first. [s, 4]"""
    first: Floats
    """Probability of cooperating in the first round. [s]"""


@dataclass(frozen=True)
class Tournament:
    """Every strategy against every one, itself included. Row: the strategy; column: its opponent."""

    payoff: Floats
    """Mean payoff a round of the row's strategy. [s, s]"""
    cooperation: Floats
    """Share of rounds in which the row's strategy cooperates, 0 to 1. [s, s]"""


def read_strategies(after: ArrayLike, first: ArrayLike = 1.0, tremble: float = 0.0) -> Strategies:
    """Strategies from probabilities, with a tremble laid over all of them: p' = (1 - 2 e) p + e.

    Args:
        after: probability of cooperating after CC, CD, DC, DD, own act first. [s, 4]
        first: probability of cooperating in the first round; a number or [s].
        tremble: e, the probability that an act comes out as the opposite, 0 to 1.

    Raises:
        StudyError: a probability is not from 0 to 1.
    """
    rows = np.atleast_2d(add_tremble(after, tremble))
    if rows.ndim != 2:
        raise StudyError(f"strategies of shape {rows.shape}; expected [s, 4]")
    return Strategies(rows, np.broadcast_to(add_tremble(first, tremble), rows.shape[:1]).copy())


def add_tremble(probability: ArrayLike, tremble: float) -> Floats:
    """p' = (1 - 2 e) p + e: the chance of cooperating when each act comes out as the opposite with probability e. [...]

    Raises:
        StudyError: a probability is not from 0 to 1.
    """
    chance = _check(np.asarray(probability, dtype=np.float64))
    if not 0.0 <= tremble <= 1.0:
        raise StudyError(f"a tremble of {tremble:g}; expected 0 to 1")
    return (1.0 - 2.0 * tremble) * chance + tremble


def _check(chance: Floats) -> Floats:
    if not bool(((chance >= 0) & (chance <= 1)).all()):
        raise StudyError("a probability of cooperating that is not from 0 to 1; expected probabilities")
    return chance


def _pair(own: ArrayLike, other: ArrayLike) -> tuple[Floats, Floats]:
    """Both sides' chances in each state, states first. [4, ...] each"""
    mine, theirs = (np.asarray(side, dtype=np.float64) for side in (own, other))
    if mine.shape[-1:] != (4,) or theirs.shape[-1:] != (4,):
        raise StudyError(f"strategies of shapes {mine.shape} and {theirs.shape}; expected [..., 4]: after CC, CD, DC, DD")
    mine, theirs = np.broadcast_arrays(_check(mine), _check(theirs)[..., _SWAPPED])
    return np.moveaxis(mine, -1, 0), np.moveaxis(theirs, -1, 0)


def find_transitions(own: ArrayLike, other: ArrayLike) -> Floats:
    """The chain of two strategies [..., 4] over CC, CD, DC, DD. [..., 4, 4]"""
    a, b = _pair(own, other)
    return np.moveaxis(np.stack([a * b, a * (1 - b), (1 - a) * b, (1 - a) * (1 - b)]), (0, 1), (-1, -2))


def open_game(own: ArrayLike, other: ArrayLike) -> Floats:
    """The distribution over CC, CD, DC, DD of a first round in which the two cooperate with chances [...]. [..., 4]"""
    a, b = np.broadcast_arrays(_check(np.asarray(own, dtype=np.float64)), _check(np.asarray(other, dtype=np.float64)))
    return np.stack([a * b, a * (1 - b), (1 - a) * b, (1 - a) * (1 - b)], axis=-1)


def find_states(own: ArrayLike, other: ArrayLike) -> Floats:
    """The stationary distribution over CC, CD, DC, DD of strategies [..., 4] in the infinite game. [..., 4]

    Raises:
        StudyError: a pair has more than one recurrent class, so that its long run depends on the first round.
    """
    a, b = _pair(own, other)
    states, open_pairs = _eliminate(a, b)
    if open_pairs.any():
        chains = find_transitions(np.asarray(own), np.asarray(other))[open_pairs]
        classes = count_recurrent_classes(chains)
        if int(classes.max()) > 1:
            place = tuple(np.argwhere(open_pairs)[np.argmax(classes > 1)].tolist())
            raise StudyError(
                f"pair {place} has {int(classes.max())} recurrent classes, so its long run depends on the first round; "
                "expected one: add a tremble, or use `find_limit_states` with the first round"
            )
        states[open_pairs] = find_limit(chains)[:, 0]
    return states


def find_limit_states(own: ArrayLike, other: ArrayLike, start: ArrayLike) -> Floats:
    """The long-run shares of CC, CD, DC, DD from a first round: exists for every pair, deterministic ones included. [..., 4]

    Args:
        own: strategies [..., 4].
        other: their opponents [..., 4].
        start: distribution over the states in the first round [..., 4], as from `open_game`.
    """
    a, b = _pair(own, other)
    states, open_pairs = _eliminate(a, b)
    if open_pairs.any():
        first = np.broadcast_to(np.asarray(start, dtype=np.float64), states.shape)[open_pairs]
        limit = find_limit(find_transitions(np.asarray(own), np.asarray(other))[open_pairs])
        states[open_pairs] = (first[..., None, :] @ limit)[..., 0, :]
    return states


def _eliminate(a: Floats, b: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Stationary distributions [..., 4], and for which pairs [...] it is not one because CC is not reached from everywhere.

    Elimination without subtraction, states taken out from DD on; no sum below loses digits however rare the trembles.
    """
    x, y = 1.0 - a, 1.0 - b
    cc, cd, dc = a * b, a * y, x * b
    leave_dd = cc[3] + cd[3] + dc[3]
    with np.errstate(divide="ignore", invalid="ignore"):
        to_dd = x[:3] * y[:3] / leave_dd
        cc_dc, cd_dc = dc[0] + to_dd[0] * dc[3], dc[1] + to_dd[1] * dc[3]
        cc_cd, dc_cd = cd[0] + to_dd[0] * cd[3], cd[2] + to_dd[2] * cd[3]
        cd_cc, dc_cc = cc[1] + to_dd[1] * cc[3], cc[2] + to_dd[2] * cc[3]
        leave_dc = dc_cc + dc_cd
        cc_dc, cd_dc = cc_dc / leave_dc, cd_dc / leave_dc
        leave_cd = cd_cc + cd_dc * dc_cc
        v1 = (cc_cd + cc_dc * dc_cd) / leave_cd
        v2 = cc_dc + v1 * cd_dc
        v3 = to_dd[0] + v1 * to_dd[1] + v2 * to_dd[2]
        total = 1.0 + v1 + v2 + v3
        states = np.stack([1.0 / total, v1 / total, v2 / total, v3 / total], axis=-1)
    return states, np.asarray(~np.isfinite(states).all(-1))


def find_mean_states(own: ArrayLike, other: ArrayLike, start: ArrayLike, turns: int) -> Floats:
    """The mean shares of CC, CD, DC, DD over a number of rounds, exactly. [..., 4]

    Args:
        own: strategies [..., 4].
        other: their opponents [..., 4].
        start: distribution over the states in the first round [..., 4], as from `open_game`.
        turns: rounds, at least 1, the first one included.
    """
    if turns < 1:
        raise StudyError(f"a game of {turns} rounds; expected at least 1")
    return _add_powers(own, other, start, turns)[0] / turns


def find_turn_states(own: ArrayLike, other: ArrayLike, start: ArrayLike, turn: int) -> Floats:
    """The distribution over CC, CD, DC, DD in one round, `turn` rounds after the first (0: the first itself). [..., 4]"""
    if turn < 0:
        raise StudyError(f"round {turn}; expected 0, the first round, or a later one")
    return _add_powers(own, other, start, turn)[1]


def _add_powers(own: ArrayLike, other: ArrayLike, start: ArrayLike, turns: int) -> tuple[Floats, Floats]:
    """x sum_{t<T} m^t and x m^T [..., 4], by doubling: sum_{t<2n} m^t = (1 + m^n) sum_{t<n} m^t."""
    power = find_transitions(own, other)
    series = np.broadcast_to(np.eye(4), power.shape)
    now = np.broadcast_to(np.asarray(start, dtype=np.float64), power.shape[:-1])[..., None, :]
    total, left = np.zeros_like(now), turns
    while left:
        if left & 1:
            total, now = total + now @ series, now @ power
        left >>= 1
        if left:
            series, power = series + power @ series, power @ power
    return total[..., 0, :], now[..., 0, :]


def score(states: ArrayLike, dilemma: Dilemma) -> Floats:
    """Mean payoff a round from shares of CC, CD, DC, DD [..., 4]. [...]"""
    return np.asarray(states, dtype=np.float64) @ dilemma.own


def count_cooperation(states: ArrayLike) -> Floats:
    """Share of rounds in which the own side cooperates, from shares of CC, CD, DC, DD [..., 4]. [...]"""
    shares = np.asarray(states, dtype=np.float64)
    return shares[..., 0] + shares[..., 1]


def play_all(strategies: Strategies, dilemma: Dilemma, turns: int | None = None) -> Tournament:
    """Every strategy against every one, in blocks, so that memory stays that of the answer.

    Args:
        strategies: s of them.
        dilemma: payoffs of a round.
        turns: rounds of a game; None: the infinite game, from the first round's acts where it depends on them.
    """
    size = strategies.after.shape[0]
    payoff, cooperation = np.empty((size, size)), np.empty((size, size))
    blocks = [slice(low, min(low + _TILE, size)) for low in range(0, size, _TILE)]
    solve: Callable[[Floats, Floats, Floats], Floats] = (
        find_limit_states if turns is None else lambda own, other, start: find_mean_states(own, other, start, turns)
    )
    for index, rows in enumerate(blocks):
        for columns in blocks[index:]:
            start = open_game(strategies.first[rows, None], strategies.first[None, columns])
            states = solve(strategies.after[rows, None], strategies.after[None, columns], start)
            # One game is two entries: the opponent's is read off the same states.
            payoff[columns, rows] = (states @ dilemma.other).T
            cooperation[columns, rows] = (states[..., 0] + states[..., 2]).T
            payoff[rows, columns] = states @ dilemma.own
            cooperation[rows, columns] = count_cooperation(states)
    return Tournament(payoff, cooperation)
