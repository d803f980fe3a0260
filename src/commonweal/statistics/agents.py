"""What agents can and cannot tell: how alike the agents of one trial are, and what it costs to count them as evidence.

With r trials of n agents and an intraclass correlation ICC, the mean over all r n agents is worth r n / (1 + (n - 1) ICC)
independent ones. A test that takes agents for independent finds effects that are not there; `refuse_agents` says how often.

Letters: `r` trials, `n` agents of a trial, MSB and MSW the mean squares between and within trials.

Source: S. R. Searle, Linear Models (1971), chapter 9; L. Kish, Survey Sampling (1965) for the design effect.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import root_scalar
from scipy.special import chdtri, fdtri, ndtr, ndtri, stdtrit

from commonweal.core.errors import StudyError
from commonweal.statistics.inference import Column, Estimate

_GRID = 400
"""Points of each quadrature over a chi-square distribution."""


@dataclass(frozen=True)
class AgentSums:
    """What is kept of the agents of each trial.

    Raises:
        StudyError: lengths differ, a trial has no agent, or a variance is negative.
    """

    agents: NDArray[np.int64]
    """How many agents each trial has, at least 1. [r]"""
    mean: Column
    """Their mean in each trial. [r]"""
    variance: Column
    """Their sample variance (over n - 1) in each trial; 0 with one agent. [r]"""

    def __post_init__(self) -> None:
        """Refuse what no trials can have."""
        if not self.agents.shape == self.mean.shape == self.variance.shape:
            shapes = f"{self.agents.shape}, {self.mean.shape} and {self.variance.shape}"
            raise StudyError(f"agents, means and variances have shapes {shapes}; expected one of each a trial")
        if self.agents.size and (self.agents.min() < 1 or self.variance.min() < 0):
            raise StudyError("a trial has no agent or a negative variance; leave out trials without agents")


def sum_agents(trials: Sequence[ArrayLike]) -> AgentSums:
    """The sums of raw values: one array [n] a trial, of any sizes from 1 on.

    Args:
        trials: the values of the agents of each trial.

    Raises:
        StudyError: a trial has no agent.
    """
    columns = [np.asarray(values, dtype=np.float64).ravel() for values in trials]
    if any(column.size == 0 for column in columns):
        raise StudyError("a trial has no agent; leave it out")
    return AgentSums(
        np.array([column.size for column in columns], dtype=np.int64),
        np.array([column.mean() for column in columns], dtype=np.float64),
        np.array([column.var(ddof=1) if column.size > 1 else 0.0 for column in columns], dtype=np.float64),
    )


@dataclass(frozen=True)
class Likeness:
    """How alike the agents of one trial are, and what that leaves of their number."""

    icc: Estimate
    """Intraclass correlation, -1/(n0 - 1) to 1; its `n` counts trials."""
    size: float
    """n0, the size of a trial that enters the estimate: n for equal sizes, else a little below the mean."""
    agents: int
    """Agents of all trials."""
    design_effect: float
    """1 + (m - 1) ICC: by how much the variance of the mean exceeds that of independent agents. m is n for equal sizes, else
    the size of the trial of a random agent. A negative ICC counts as 0."""
    effective: float
    """Independent agents that would tell the mean as well: agents / design effect."""


def estimate_likeness(sums: AgentSums, level: float = 0.95) -> Likeness:
    """The one-way analysis of variance of agents in trials.

        ICC = (MSB - MSW) / (MSB + (n0 - 1) MSW),  n0 = (N - sum n^2 / N) / (r - 1)

    The interval is exact for normal data whatever the sizes: with weights w = n / (1 + n q), q = ICC / (1 - ICC), the ratio of
    the weighted sum of squares of the trials' means, over r - 1, to MSW has an F distribution at the true q, and falls with
    q. For equal sizes it is Searle's interval from F = MSB / MSW. All trials are taken to share one mean: pass those of one
    arm and cell.

    Args:
        sums: of each trial. Fewer than 2 trials, or one agent in each, give no estimate.
        level: nominal coverage, in (0, 1).

    Source: Searle 1971; A. Wald, Annals of Mathematical Statistics 11 (1940) for unequal sizes.
    """
    size, trials, total = sums.agents.astype(np.float64), int(sums.agents.size), int(sums.agents.sum())
    nan = float("nan")
    if trials < 2 or total <= trials:
        reason = "no intraclass correlation: " + ("fewer than 2 trials" if trials < 2 else "one agent a trial")
        return Likeness(Estimate(nan, nan, nan, level, reason, trials), total / max(trials, 1), total, nan, nan)
    between, within_freedom = trials - 1, total - trials
    grand = float((size * sums.mean).sum() / total)
    msb = float((size * (sums.mean - grand) ** 2).sum()) / between
    msw = float(((size - 1) * sums.variance).sum()) / within_freedom
    mean_size = (total - float((size**2).sum()) / total) / between
    weighted = float((size**2).sum()) / total
    if msb + (mean_size - 1) * msw <= 0:
        return Likeness(Estimate(nan, nan, nan, level, "no variation among agents", trials), mean_size, total, nan, nan)
    value = (msb - msw) / (msb + (mean_size - 1) * msw)
    tail = (1 - level) / 2
    low, high = (_limit(sums, msw, float(fdtri(between, within_freedom, share))) for share in (1 - tail, tail))
    equal = bool(np.all(size == size[0]))
    method = "one-way analysis of variance, " + ("Searle's F interval" if equal else "Wald's F interval")
    effect = 1 + (weighted - 1) * max(value, 0.0)
    icc = Estimate(value, low, high, level, method, trials)
    return Likeness(icc, mean_size, total, effect, total / effect)


def _limit(sums: AgentSums, msw: float, ratio: float) -> float:
    """The correlation at which the means' weighted variance is `ratio` times the variance within trials."""
    size = sums.agents.astype(np.float64)

    def excess(icc: float) -> float:
        # w (1 - ICC) = n (1 - ICC) / (1 + (n - 1) ICC): written so that ICC = 1 needs no limit.
        weight = size / (1 + (size - 1) * icc)
        middle = float((weight * sums.mean).sum() / weight.sum())
        found = float((weight * (sums.mean - middle) ** 2).sum()) / (size.size - 1)
        return found * (1 - icc) - ratio * msw

    least = -1 / (float(size.max()) - 1)
    low, high = least * (1 - 1e-9), 1.0
    if excess(low) <= 0:
        return least
    return float(root_scalar(excess, bracket=(low, high), method="brentq", xtol=1e-14).root) if excess(high) < 0 else 1.0


def approximate_agent_error(agents: float, icc: float, level: float = 0.95) -> float:
    """How often an agent-level test of two arms finds an effect that is not there, with many trials an arm.

    2 Phi(-z / sqrt(1 + (n - 1) ICC))

    Args:
        agents: n of a trial, at least 1.
        icc: intraclass correlation, 0 to 1.
        level: 1 minus the rate that the test promises.
    """
    return float(2 * ndtr(-ndtri(0.5 + level / 2) / np.sqrt(1 + (agents - 1) * icc)))


def exact_agent_error(trials: int, agents: int, icc: float, level: float = 0.95) -> float:
    """The same for a few trials an arm, exactly, where agents and trials are normal and arms are equal.

    The sums of squares between and within trials of both arms are independent chi-squares, so the agent-level t is a normal
    over the root of their sum; the rate is averaged over their quantiles.

    Args:
        trials: of each arm, at least 1.
        agents: n of a trial; at least 2 agents an arm.
        icc: intraclass correlation, 0 to 1.
        level: 1 minus the rate that the test promises.

    Raises:
        StudyError: fewer agents or an impossible correlation.
    """
    if trials < 1 or trials * agents < 2 or not 0 <= icc <= 1:
        raise StudyError(
            f"found {trials} trials of {agents} agents an arm with an intraclass correlation of {icc}; "
            "expected at least 1 trial, 2 agents an arm, and a correlation from 0 to 1"
        )
    inflation = 1 + (agents - 1) * icc
    freedom = 2 * (trials * agents - 1)
    squares = inflation * _quantiles(2 * (trials - 1))[:, None] + (1 - icc) * _quantiles(2 * trials * (agents - 1))[None, :]
    limit = float(stdtrit(freedom, 0.5 + level / 2))
    return float(np.mean(2 * ndtr(-limit * np.sqrt(squares / freedom / inflation))))


def _quantiles(freedom: int) -> Column:
    """Chi-square quantiles in the middle of equal shares. [q]"""
    if freedom == 0:
        return np.zeros(1)
    return np.asarray(chdtri(freedom, (np.arange(_GRID) + 0.5) / _GRID), dtype=np.float64)


def refuse_agents(claim: str, trials: int = 10, agents: int = 100, icc: float = 0.05) -> NoReturn:
    """Refuse an agent-level test of a claim about societies, with the number that says why.

    Args:
        claim: what was to be tested, as a metric's name or a sentence.
        trials: trials an arm, for the number.
        agents: agents of a trial.
        icc: their intraclass correlation, as a pilot gave it.

    Raises:
        StudyError: always.
    """
    rate = exact_agent_error(trials, agents, max(icc, 0.0))
    raise StudyError(
        f"{claim!r} was asked to be tested with agents as the unit; expected trials. Agents of one society depend on each "
        f"other: with {trials} trials an arm of {agents} agents and an intraclass correlation of {icc:g}, such a test finds an "
        f"effect that is not there in {100 * rate:.0f} of 100 studies, not in 5. Test the trials' values, and run more trials "
        "(not more agents) for a narrower interval."
    )
