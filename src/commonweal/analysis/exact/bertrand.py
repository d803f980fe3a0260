"""Price competition with logit demand: what firms sell, the prices of competition and of a cartel, and a grid around them.

    q_i = exp((a_i - p_i) / mu) / (sum_j exp((a_j - p_j) / mu) + exp(a_0 / mu)),    profit_i = (p_i - c_i) q_i

with quality a_i, cost c_i, an outside good of quality a_0 and mu how unlike the goods are to buyers. First-order conditions:

    Nash       p_i - c_i = mu / (1 - q_i)              each firm for itself
    monopoly   p_i - c_i = mu / (1 - sum_j q_j)        joint profit: one markup for all goods

Both have one solution. For the Nash prices the shares that solve their condition fall with D = sum_j exp(.) + exp(a_0 / mu),
so that one number is sought, at which all shares and the outside good's add up to 1. With two firms of a = 2, c = 1, mu = 1/4,
a_0 = 0: Nash price 1.4729 and profit .2229, monopoly 1.9250 and .3375.

Letters: `f` firms, `k` prices of a grid.

Source: E. Calvano, G. Calzolari, V. Denicolo and S. Pastorello, "Artificial intelligence, algorithmic pricing, and collusion",
American Economic Review 110 (2020); S. Anderson, A. de Palma and J.-F. Thisse, Discrete Choice Theory of Product
Differentiation (1992), for existence and uniqueness.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq

from commonweal.core.errors import StudyError

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class LogitDemand:
    """What buyers want of each firm.

    Raises:
        StudyError: there is no firm, lengths differ, or mu is not above 0.

    Source: Calvano et al. (2020), equation (5).
    """

    quality: tuple[float, ...] = (2.0, 2.0)
    """a_i of each firm, in tokens."""
    cost: tuple[float, ...] = (1.0, 1.0)
    """c_i, tokens for a good."""
    mu: float = 0.25
    """How unlike the goods are to buyers, tokens, above 0; near 0 all buy the best offer."""
    outside: float = 0.0
    """a_0, the quality of what buyers have instead, tokens."""

    def __post_init__(self) -> None:
        """Refuse a market that is none."""
        if (
            not self.quality
            or len(self.quality) != len(self.cost)
            or not 0 < self.mu < math.inf
            or not math.isfinite(self.outside)
        ):
            raise StudyError(
                f"{len(self.quality)} qualities, {len(self.cost)} costs, mu = {self.mu:g} and an outside good of "
                f"{self.outside:g}; expected one of each a firm, mu above 0 and finite numbers"
            )

    @staticmethod
    def alike(firms: int, quality: float = 2.0, cost: float = 1.0, mu: float = 0.25, outside: float = 0.0) -> LogitDemand:
        """A market of so many firms that differ in nothing but their price."""
        return LogitDemand((quality,) * firms, (cost,) * firms, mu, outside)

    def sold(self, prices: ArrayLike) -> Floats:
        """Quantities, a share of a market of size 1, at prices [..., f]."""
        wants = (np.asarray(self.quality) - np.asarray(prices, np.float64)) / self.mu
        top = np.maximum(wants.max(-1, keepdims=True), self.outside / self.mu)
        weights = np.exp(wants - top)
        return weights / (weights.sum(-1, keepdims=True) + np.exp(self.outside / self.mu - top))

    def profit(self, prices: ArrayLike) -> Floats:
        """Profits, tokens a round, at prices [..., f]."""
        return (np.asarray(prices, np.float64) - np.asarray(self.cost)) * self.sold(prices)


def find_nash(demand: LogitDemand) -> Floats:
    """The prices [f] from which no firm gains by moving alone.

    Source: the module's first-order condition.
    """
    worth = (np.asarray(demand.quality) - np.asarray(demand.cost)) / demand.mu
    outside = demand.outside / demand.mu

    def share(value: float, log_total: float) -> float:
        """The share q with q = exp(value - 1 / (1 - q)) / D: the right-hand side falls with q."""
        return _root(lambda q: math.exp(min(value - 1 / (1 - q) - log_total, 700.0)) - q, 0.0, 1 - 1e-9)

    def surplus(log_total: float) -> float:
        return sum(share(value, log_total) for value in worth) + math.exp(outside - log_total) - 1

    # D holds the outside good's term, and of each firm at most exp(value - 1), what it has at a share of 0.
    log_total = _root(surplus, outside, float(np.logaddexp.reduce([outside, *(worth - 1)])) + 1e-9)
    shares = np.asarray([share(value, log_total) for value in worth])
    return np.asarray(demand.cost) + demand.mu / (1 - shares)


def find_monopoly(demand: LogitDemand) -> Floats:
    """The prices [f] of highest joint profit.

    Source: the module's first-order condition.
    """
    worth = (np.asarray(demand.quality) - np.asarray(demand.cost)) / demand.mu

    def lacking(markup: float) -> float:
        """markup / mu less 1 / (share of the outside good): rises with the markup."""
        return markup - 1 - float(np.exp(worth - markup - demand.outside / demand.mu).sum())

    markup = _root(lacking, 1.0, 2.0 + float(np.exp(min(worth.max() - 1 - demand.outside / demand.mu, 600.0))) * len(worth))
    return np.asarray(demand.cost) + demand.mu * markup


def _root(function: object, low: float, high: float) -> float:
    """Where a monotone function is 0, between two numbers that hold it."""
    return float(brentq(function, low, high, xtol=1e-14, rtol=1e-14, maxiter=500))  # pyright: ignore[reportArgumentType]


def space_prices(nash: float, monopoly: float, count: int = 15, beyond: float = 0.1) -> Floats:
    """Prices [k] in equal steps from a little below Nash to a little above monopoly.

    Args:
        nash: the price of competition.
        monopoly: the price of a cartel, above it.
        count: how many prices, at least 2. Calvano et al.: 15.
        beyond: how far the grid goes on at both ends, as a share of the gap. Calvano et al.: .1.

    Raises:
        StudyError: the grid would be none.

    Source: Calvano et al. (2020), section II.
    """
    if count < 2 or not nash < monopoly:
        raise StudyError(f"{count} prices from {nash:g} to {monopoly:g}; expected at least 2, and a Nash price below monopoly")
    margin = beyond * (monopoly - nash)
    return np.linspace(nash - margin, monopoly + margin, count)


def find_grid_equilibria(demand: LogitDemand, prices: ArrayLike) -> list[tuple[int, ...]]:
    """The Nash equilibria in pure strategies where firms may ask the prices of a grid alone, by enumeration.

    Args:
        demand: of f firms.
        prices: [k], the same for each firm; k^f tables are looked at.

    Returns:
        The number of each firm's price, one tuple an equilibrium, in order; ties count.
    """
    grid = np.asarray(prices, np.float64)
    firms = len(demand.quality)
    profits = demand.profit(np.stack(np.meshgrid(*[grid] * firms, indexing="ij"), -1))
    stable = np.ones(profits.shape[:-1], bool)
    for firm in range(firms):
        own = profits[..., firm]
        stable &= own >= own.max(axis=firm, keepdims=True) - 1e-12
    return [at for at in itertools.product(range(grid.size), repeat=firms) if stable[at]]
