"""The oligarch's share in the extended yard-sale economy: the phase transition, and the mean field on the way to it.

A seat that owns a share c of all wealth, all others owning little each, gains from each trade what its partner stakes times the
lean of the coin, and pays a tax on wealth:

    c' = zeta c (1 - c) - chi c,   so c = max(0, 1 - chi / zeta) at rest, and a logistic curve on the way.

(In the continuum the same share condenses: there it is a point mass at infinity of the Fokker-Planck equation.) With influence
in the coin, b = trades a tick times the stake, and y(c) the leader's share of influence,

    c' = (1 - c) (b advantage c + b sway y(c)) - chi (c - 1/n) - what is spent - what comes back,

which is the first with zeta = b (advantage + sway) where every seat spends a like share of its wealth, y = c. Where a
coalition of a share f of the seats spends for its leader, y = c + f (1 - c): a field that rounds the transition off, and leaves
the leader a share below it too. A cap on spending, or one vote a seat, leaves y at about f, whatever the leader owns.

`follow` takes three classes (the leader, its coalition, all others), each at its mean wealth: that is a mean field. It neglects
how wealth is spread within a class (the rest's Herfindahl index against c (1 - c)) and chance: of n seats the largest share
never falls to 0.

Source: B. Boghosian et al., "Oligarchy as a phase transition", Physica A 476 (2017); influence is our own derivation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from commonweal.core.errors import StudyError


def rest_share(zeta: float, chi: float) -> float:
    """The oligarch's share of wealth at rest in an infinite population: max(0, 1 - chi / zeta); 0 without advantage.

    Args:
        zeta: wealth-attained advantage a tick, at least 0.
        chi: tax on wealth a tick, at least 0.

    Raises:
        StudyError: a rate is below 0.
    """
    if min(zeta, chi) < 0:
        raise StudyError(f"an advantage of {zeta:g} and a tax of {chi:g} a tick; expected rates of at least 0")
    return max(0.0, 1.0 - chi / zeta) if zeta > 0 else 0.0


@dataclass(frozen=True)
class Economy:
    """A commonwealth in the mean field.

    Raises:
        StudyError: a number is out of range.
    """

    seats: int
    """At least 2; an even number, of which nobody is idle."""
    turnover: float
    """Trades a tick times the stake: what a seat stakes in a tick, as a share of the poorer one's wealth."""
    advantage: float
    """Lean of the coin per mean wealth of difference."""
    sway: float
    """Lean of the coin per mean influence of difference."""
    tax: float
    """Share of wealth that is taken a tick and paid out equally."""
    effort: float
    """Share of its wealth that every seat spends on influence a tick, as long as influence can be bought."""
    coalition: int = 0
    """Seats that back the leader, itself included; 0: it has itself alone."""
    franchise: float = 0.0
    """Weight of votes in influence, 0 to 1."""
    cap: float = np.inf
    """Most that a seat can spend a tick, in mean wealths."""

    def __post_init__(self) -> None:
        """Refuse numbers out of range."""
        if self.seats < 2 or not 0 <= self.coalition < self.seats:
            raise StudyError(f"{self.coalition} of {self.seats} seats in a coalition; expected fewer than seats, of at least 2")
        rates = (self.turnover, self.advantage, self.sway, self.tax, self.effort, self.franchise, self.cap)
        if not min(rates) >= 0 or max(self.tax, self.effort, self.franchise) > 1:
            raise StudyError(f"an economy of {self}; expected rates of at least 0, and shares of at most 1")

    @property
    def zeta(self) -> float:
        """The wealth-attained advantage a tick, influence being bought with like shares of wealth."""
        return self.turnover * (self.advantage + self.sway)

    @property
    def counts(self) -> NDArray[np.float64]:
        """Seats of each class: the leader, its coalition, all others. [3]"""
        members = max(self.coalition - 1, 0)
        return np.asarray([1.0, members, self.seats - 1.0 - members])

    def influence(self, wealth: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Shares of wealth spent by each class, and shares of influence of a seat of each class. [3], [3]

        Args:
            wealth: of each class, as a share of all. [3]
        """
        counts = self.counts
        effort = self.effort if self.franchise < 1 else 0.0
        spent = np.where(counts > 0, np.minimum(effort * wealth, np.maximum(counts, 1.0) * self.cap / self.seats), 0.0)
        own = spent / spent.sum() if spent.sum() > 0 else counts / self.seats
        bought = np.asarray([own[0] + own[1], 0.0, own[2] / max(counts[2], 1.0)])
        voted = np.asarray([max(self.coalition, 1), 0.0, 1.0]) / self.seats
        return spent, (1 - self.franchise) * bought + self.franchise * voted

    def step(self, wealth: NDArray[np.float64], trades: bool) -> NDArray[np.float64]:
        """Wealth of each class a tick later. [3]

        Args:
            wealth: of each class, as a share of all. [3]
            trades: whether there is trade in this tick.
        """
        counts, n = self.counts, self.seats
        spent, influence = self.influence(wealth)
        after = wealth - spent + (counts * spent.sum() - spent) / (n - 1)
        if trades:
            each = after / np.maximum(counts, 1.0)
            gap, lead = each[:, None] - each, influence[:, None] - influence
            lean = np.clip(n * (self.advantage * gap + self.sway * lead), -1.0, 1.0)
            meetings = counts[:, None] * counts / (n - 1)
            after = after + (self.turnover * meetings * np.minimum(each[:, None], each) * lean).sum(1)
        return after + self.tax * (counts / n - after)


def follow(economy: Economy, first: float, ticks: int) -> NDArray[np.float64]:
    """The leader's share of wealth, tick by tick; the first tick has no trade. [t + 1]

    Args:
        economy: the commonwealth.
        first: its share at the start, 0 to 1; the others own alike.
        ticks: at least 1.

    Raises:
        StudyError: a number is out of range.
    """
    if not 0 <= first <= 1 or ticks < 1:
        raise StudyError(f"a first share of {first:g} and {ticks} ticks; expected a share from 0 to 1 and at least 1 tick")
    counts = economy.counts
    wealth = np.concatenate([[first], (1 - first) * counts[1:] / (economy.seats - 1)])
    path = [first]
    for tick in range(ticks):
        wealth = economy.step(wealth, tick > 0)
        path.append(float(wealth[0]))
    return np.asarray(path)
