"""Two retributive players, exactly: a chain over their grudges, how often each attacks, and how long their feuds last.

Each round, with g the rounds that a player's grudge still lasts (0: it bears none),

    attack with chance   p = retaliate if g > 0 else attack            and, with a tremble e, (1 - 2 e) p + e
    seen as an attack    if it was one and not misread, or was none and misread (chance m)
    g -> grudge          after what was seen as an attack, else max(g - 1, 0); then 0 with chance `forgive`

A feud is a run of rounds in which both attack. With grudges of one round the two are memory-one strategies, and a feud lasts
1 / (1 - q) rounds on average, q the chance that both attack once more. Where each answers what it sees and forgives with chance
f, that is q = x^2 with x = (1 - m)(1 - f) without trembles.

States are, own act first, CC, CD, DC, DD, with C for holding back, as in `memory_one_games`.

Beside a study's simulation: `Part(theory=lambda levels: meet(Fighter(), Fighter(), float(levels["misread"])).length)`.

Source: M. Nowak and K. Sigmund, "Tit for tat in heterogeneous populations", Nature 355 (1992), for generosity; the chain over
grudges is our own derivation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from commonweal.analysis.exact.markov_chain import Floats, find_limit
from commonweal.analysis.exact.memory_one_games import Dilemma, add_tremble
from commonweal.core.errors import StudyError


@dataclass(frozen=True)
class Fighter:
    """A player, as in `commonweal.minds.retributive`; probabilities from 0 to 1.

    Raises:
        StudyError: a number is out of range.
    """

    attack: float = 0.0
    """Of an unprovoked attack."""
    retaliate: float = 1.0
    """Of an attack while it bears a grudge."""
    forgive: float = 0.0
    """Of dropping a grudge, each round."""
    grudge: int = 1
    """Rounds that a grudge lasts, 0 to 50."""

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        if not all(0 <= chance <= 1 for chance in (self.attack, self.retaliate, self.forgive)) or not 0 <= self.grudge <= 50:
            raise StudyError(f"{self}; expected probabilities from 0 to 1 and a grudge of 0 to 50 rounds")

    def chances(self, tremble: float) -> Floats:
        """How likely it attacks by the rounds that its grudge still lasts. [grudge + 1]"""
        meant = np.where(np.arange(self.grudge + 1) > 0, self.retaliate, self.attack)
        return add_tremble(meant, tremble)

    def moves(self, misread: float) -> Floats:
        """How its grudge changes after the other held back (0) and attacked (1). [2, grudge + 1, grudge + 1]"""
        size = self.grudge + 1
        calm, struck = np.zeros((size, size)), np.zeros((size, size))
        for left in range(size):
            for to, row in ((max(left - 1, 0), calm), (self.grudge, struck)):
                row[left, to] += 1 - self.forgive
                row[left, 0] += self.forgive
        return np.stack([(1 - misread) * calm + misread * struck, misread * calm + (1 - misread) * struck])


@dataclass(frozen=True)
class Feud:
    """How two players get on."""

    states: Floats
    """Shares of rounds that end in CC, CD, DC, DD, the first player's act first. [4]"""
    length: float
    """Mean rounds of a feud: rounds in which both attack, over feuds that begin; 0 where none does."""

    def score(self, game: Dilemma) -> float:
        """The first player's mean payoff a round."""
        return float(self.states @ game.own)


def meet(one: Fighter, other: Fighter, misread: float = 0.0, tremble: float = 0.0, rounds: int | None = None) -> Feud:
    """How two players get on, exactly.

    Args:
        one: the first player.
        other: the second one.
        misread: m, the chance that a player sees the opposite of what the other did, 0 to 1.
        tremble: e, the chance that an act comes out as the opposite, 0 to 1.
        rounds: how many, from the first one, in which nobody bears a grudge; None: the long run from there.

    Raises:
        StudyError: a number is out of range.
    """
    _check(misread, rounds)
    chain = _chain(one, other, misread, tremble)
    if rounds is None:
        shares = find_limit(chain.moves.sum(0))[0]
        again = float(shares @ chain.moves[3] @ chain.acts[:, 3])
    else:
        now, shares, again = chain.start, np.zeros_like(chain.start), 0.0
        for turn in range(rounds):
            shares = shares + now / rounds
            again += float(now @ chain.moves[3] @ chain.acts[:, 3]) / rounds if turn < rounds - 1 else 0.0
            now = now @ chain.moves.sum(0)
    states = shares @ chain.acts
    begun = float(states[3]) - again
    return Feud(states, float(states[3]) / begun if begun > 1e-15 else 0.0)


@dataclass(frozen=True)
class Spread:
    """What a number of rounds is worth in all."""

    mean: float
    variance: float


def find_spread(
    one: Fighter, other: Fighter, worth: ArrayLike, misread: float = 0.0, tremble: float = 0.0, rounds: int = 1
) -> Spread:
    """Mean and variance of a sum over rounds, exactly: of a player's payoffs, or of the difference of both players'.

    Args:
        one: the first player.
        other: the second one.
        worth: of a round that ends in CC, CD, DC, DD. [4]
        misread: the chance that a player sees the opposite of what the other did, 0 to 1.
        tremble: the chance that an act comes out as the opposite, 0 to 1.
        rounds: at least 1; in the first one nobody bears a grudge.

    Raises:
        StudyError: a number is out of range.
    """
    _check(misread, rounds)
    chain, worths = _chain(one, other, misread, tremble), np.asarray(worth, np.float64)
    step, gain = chain.moves.sum(0), np.tensordot(worths, chain.moves, axes=1)
    first, second = chain.acts @ worths, chain.acts @ worths**2
    # `past` is the mean of the sum so far, split by the state that it has led to.
    now, past, mean, square = chain.start, np.zeros_like(chain.start), 0.0, 0.0
    for _ in range(rounds):
        square += float(now @ second + 2 * past @ first)
        mean += float(now @ first)
        now, past = now @ step, past @ step + now @ gain
    return Spread(mean, max(square - mean**2, 0.0))


@dataclass(frozen=True)
class _Chain:
    """Both players' grudges, one state a pair of them."""

    start: Floats
    """Nobody bears a grudge. [s]"""
    acts: Floats
    """Chances of CC, CD, DC, DD in each state. [s, 4]"""
    moves: Floats
    """Chances of such a round and the next state, by how the round ends. [4, s, s]"""


def _chain(one: Fighter, other: Fighter, misread: float, tremble: float) -> _Chain:
    left, right = one.chances(tremble), other.chances(tremble)
    mine, theirs = one.moves(misread), other.moves(misread)
    acts = np.stack([np.outer(a, b).ravel() for a in (1 - left, left) for b in (1 - right, right)], -1)
    seen = np.stack([np.kron(mine[b], theirs[a]) for a in (0, 1) for b in (0, 1)])
    return _Chain(np.eye(len(acts))[0], acts, acts.T[:, :, None] * seen)


def _check(misread: float, rounds: int | None) -> None:
    if not 0 <= misread <= 1 or (rounds is not None and rounds < 1):
        raise StudyError(
            f"perception that errs with chance {misread:g} over {rounds} rounds; expected 0 to 1 and at least 1 round"
        )


def fight(value: float, cost: float, arms: float = 0.0) -> Dilemma:
    """The payoffs of one contact and round in `commonweal.worlds.conflict`, in tokens."""
    return Dilemma(value / 2, 0.0, value - arms, (value - cost) / 2 - arms)


def find_generosity(game: Dilemma) -> float:
    """The most forgiveness that no player gains by exploiting: min(1 - (T-R)/(R-S), (R-P)/(T-P)), at least 0.

    For a prisoner's dilemma T > R > P > S. The first bound is for who attacks now and then, the second for who always does.

    Raises:
        StudyError: it is no prisoner's dilemma.

    Source: Nowak and Sigmund, Nature 355 (1992).
    """
    R, S, T, P = game.own
    if not T > R > P > S:
        raise StudyError(f"R, S, T, P = {R:g}, {S:g}, {T:g}, {P:g}; expected T > R > P > S")
    return float(max(0.0, min(1 - (T - R) / (R - S), (R - P) / (T - P))))
