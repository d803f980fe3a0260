"""Rival accounts of one system: which parameters of a simulator give the numbers that each published, and which has none.

A study names published numbers (its targets), the account that each belongs to, and a part whose cells are draws from a prior
over parameters. The parameters are inferred by approximate Bayesian computation from each account alone, and from all accounts
together. Each published number is taken to be what the simulator gives plus an error of a known standard deviation: a normal
one is added to what is simulated, so that numbers that come from elsewhere are not asked for more closely than they are known.

Source: M. Beaumont, W. Zhang and D. Balding, Genetics 162 (2002); the error, R. Wilkinson, "Approximate Bayesian computation
gives exact results under the assumption of model error", Statistical Applications in Genetics and Molecular Biology 12 (2013);
the surprise, L. Lemaire et al., "Goodness-of-fit statistics for approximate Bayesian computation", arXiv 1601.04096 (2016).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from commonweal.analysis.fields import Fields, read_facts
from commonweal.analysis.plans import Factor, Part, Plan
from commonweal.analysis.trials import Trials
from commonweal.core.errors import StudyError
from commonweal.statistics.abc import Posterior, Recovery, Simulations, check_fit, infer, leave_one_out
from commonweal.statistics.inference import Estimate

Floats = NDArray[np.float64]

TOGETHER = "all together"
"""The account that has all numbers."""
LEVEL, FIT = 0.95, 0.99
"""Probability of a posterior interval; share of simulations within which a number must lie to have a fit."""
SHARE, LEAST, LEFT_OUT = 0.1, 16, 100
"""Share of the simulations that is nearest, by which numbers are judged; how many at least parameters are regressed on, for
each coefficient (with fewer, intervals are too narrow); how many are left out and found again."""


@dataclass(frozen=True)
class Parameter:
    """One parameter of the simulator, given the numbers of an account."""

    label: str
    """The factor that varies it."""
    least: float
    """Lower end of its prior."""
    greatest: float
    """Upper end."""
    mean: float
    """Posterior mean (geometric where the prior is even in the logarithm)."""
    low: float
    """Lower end of the middle 95 % of its posterior."""
    high: float
    """Upper end."""
    coverage: Estimate
    """The share of simulations with known parameters whose interval holds the truth: .95 if all is well."""
    error: float
    """Root mean square error of the mean there, in standard deviations of the prior: 1 where nothing is learned."""


@dataclass(frozen=True)
class Account:
    """What one account says of the parameters."""

    name: str
    """Who published its numbers; or that it has all of them."""
    numbers: int
    """How many it has."""
    kept: int
    """Simulations that are nearest, by which numbers are judged."""
    regressed: int
    """Simulations that its parameters are regressed on."""
    tolerance: float
    """The largest distance of the nearest, over all numbers, each in its median absolute deviation."""
    typical: float
    """The same, the median over simulations that are left out and asked for: what the simulator's own numbers would have."""
    surprise: float
    """Share of those that are as far from all others as the published numbers are; small: the simulator does not give them."""
    parameters: tuple[Parameter, ...]
    """In the part's order."""


@dataclass(frozen=True)
class Prediction:
    """What a number is in the simulations that an account keeps."""

    account: str
    """The account."""
    low: float
    """Lower end of their middle 99 %."""
    middle: float
    """Their mean."""
    high: float
    """Upper end."""
    fits: bool
    """Whether the published number lies between."""


@dataclass(frozen=True)
class Number:
    """One published number and the simulator's."""

    metric: str
    """The metric."""
    published: float
    """As published."""
    error: float
    """Standard deviation of what it may be off."""
    account: str
    """Who published it."""
    source: str
    """Where it is from."""
    note: str
    """What a reader must know; empty: nothing."""
    least: float
    """Lower end of the middle 99 % of all simulations."""
    greatest: float
    """Upper end."""
    predictions: tuple[Prediction, ...]
    """What it is under each account."""
    verdict: str
    """In words."""


@dataclass(frozen=True)
class Rivals:
    """The accounts of a part."""

    part: str
    """Whose cells are draws from the prior."""
    simulations: int
    """Trials."""
    accounts: tuple[Account, ...]
    """Each alone, then all together; those left out of which too few simulations have all numbers."""
    numbers: tuple[Number, ...]
    """In the study's order."""


def find_rivals(directory: Path, plan: Plan, trials: Trials) -> tuple[Rivals, ...]:
    """What the targets of a run's study say, part by part; empty where it has none, or no account has simulations enough.

    Args:
        directory: the run's folder.
        plan: of the run.
        trials: those that estimates rest on.

    Raises:
        LogError: the plan is damaged.
    """
    study = read_facts(directory).inner("study")
    targets = study.items("targets") if study.raw.get("targets") else []
    names = dict.fromkeys(target.text("part") for target in targets)
    found = (_find(plan.part(name), [own for own in targets if own.text("part") == name], trials) for name in names)
    return tuple(one for one in found if one is not None)


def _find(part: Part, targets: Sequence[Fields], trials: Trials) -> Rivals | None:
    """The accounts of one part; None where none has simulations enough."""
    own = trials.where(trials.part == part.name)
    if not len(own):
        return None
    levels = {cell.cell: [_onto_axis(factor, cell.levels[factor.label]) for factor in part.factors] for cell in part.cells}
    columns = [own.metrics[target.text("metric")] for target in targets]
    errors = np.array([target.number("error") for target in targets])
    numbers = np.stack(columns, 1) + np.random.default_rng(0).normal(size=(len(own), len(targets))) * errors
    ends = [[_onto_axis(factor, end) for end in _prior(factor)] for factor in part.factors]
    low, high = np.array(ends).T
    simulations = Simulations(np.array([levels[int(cell)] for cell in own.cell]), numbers, low, high)
    published = np.array([target.number("published") for target in targets])
    whose = [target.text("account") for target in targets]
    names = list(dict.fromkeys(whose))
    accounts: list[Account] = []
    posteriors: list[Posterior] = []
    for name in (*names, TOGETHER) if len(names) > 1 else names:
        asked = np.where([name in (TOGETHER, account) for account in whose], published, np.nan)
        try:
            account, posterior = _infer(name, simulations, asked, part)
        except StudyError:
            # Of a run that is not finished, too few simulations may be there.
            continue
        accounts.append(account)
        posteriors.append(posterior)
    if not accounts:
        return None
    told = _predict(simulations, published, tuple(account.name for account in accounts), posteriors)
    rows = tuple(_number(target, *one) for target, one in zip(targets, told, strict=True))
    return Rivals(part.name, len(own), tuple(accounts), rows)


def _infer(name: str, simulations: Simulations, asked: Floats, part: Part) -> tuple[Account, Posterior]:
    """What one account says, and the simulations that are nearest to it."""
    count = int(np.isfinite(asked).sum())
    share = min(1.0, max(SHARE, LEAST * (count + 1) / len(simulations.numbers)))
    posterior = infer(simulations, asked, share)
    nearest = infer(simulations, asked, SHARE, adjust=False)
    parameters = _parameters(part, posterior, leave_one_out(simulations, asked, share, LEVEL, LEFT_OUT))
    others = _tolerances(simulations, asked)
    surprise = float((others >= nearest.tolerance).mean())
    kept = len(nearest.kept), len(posterior.kept)
    return Account(name, count, *kept, nearest.tolerance, float(np.median(others)), surprise, parameters), nearest


def _parameters(part: Part, posterior: Posterior, recovery: Recovery) -> tuple[Parameter, ...]:
    means, intervals = posterior.mean, posterior.interval(LEVEL)
    found: list[Parameter] = []
    for i, factor in enumerate(part.factors):
        least, greatest = _prior(factor)
        mean, low, high = (_off_axis(factor, float(place)) for place in (means[i], *intervals[i]))
        found.append(Parameter(factor.label, least, greatest, mean, low, high, recovery.coverage[i], float(recovery.error[i])))
    return tuple(found)


def _tolerances(simulations: Simulations, asked: Floats) -> Floats:
    """The largest distance of the nearest where a simulation's own numbers are asked for. [n]"""
    known = np.isfinite(asked)
    able = np.flatnonzero(np.isfinite(simulations.numbers[:, known]).all(1))
    chosen = np.random.default_rng(0).permutation(able)[:LEFT_OUT].tolist()
    return np.array(
        [
            infer(simulations.without(i), np.where(known, simulations.numbers[i], np.nan), SHARE, adjust=False).tolerance
            for i in chosen
        ]
    )


def _predict(
    simulations: Simulations, published: Floats, names: tuple[str, ...], posteriors: Sequence[Posterior]
) -> list[tuple[tuple[float, float, bool], tuple[Prediction, ...]]]:
    """Of each number, what all simulations give and whether it is among them, and what it is under each account."""
    fits = [check_fit(simulations, published, posterior, FIT) for posterior in posteriors]
    found: list[tuple[tuple[float, float, bool], tuple[Prediction, ...]]] = []
    for j in range(len(published)):
        predictions: list[Prediction] = []
        for name, posterior, fit in zip(names, posteriors, fits, strict=True):
            values, weights = simulations.numbers[posterior.kept, j], posterior.weights
            known = np.isfinite(values)
            whole = float(weights[known].sum())
            mean = float(weights[known] @ values[known]) / whole if whole else math.nan
            predictions.append(Prediction(name, float(fit.low[j]), mean, float(fit.high[j]), bool(fit.fits[j])))
        bounds = float(fits[0].any_low[j]), float(fits[0].any_high[j]), bool(fits[0].possible[j])
        found.append((bounds, tuple(predictions)))
    return found


def _number(target: Fields, bounds: tuple[float, float, bool], predictions: tuple[Prediction, ...]) -> Number:
    least, greatest, possible = bounds
    return Number(
        target.text("metric"),
        target.number("published"),
        target.number("error"),
        target.text("account"),
        target.text("source"),
        target.text("note"),
        least,
        greatest,
        predictions,
        judge_number(possible, predictions),
    )


def judge_number(possible: bool, predictions: Sequence[Prediction]) -> str:
    """The verdict on a published number, in words.

    Args:
        possible: whether it lies in the middle 99 % of all simulations.
        predictions: what it is under each account.
    """
    under = [one.account for one in predictions if one.fits]
    if not possible:
        return "has no fit: no parameters of the prior give it"
    if len(under) == len(predictions):
        return "fits"
    if not under:
        return "fits under no account, though the prior allows it"
    return f"fits only under {' and '.join(under)}"


def _prior(factor: Factor) -> tuple[float, float]:
    """The ends of a factor's range; those of its levels where it has none."""
    if factor.low is not None and factor.high is not None:
        return factor.low, factor.high
    numbers = [float(level) for level in factor.levels]
    return min(numbers), max(numbers)


def _onto_axis(factor: Factor, level: float | str) -> float:
    """Where a level lies on the axis on which the prior is even."""
    return math.log(float(level)) if factor.logarithmic else float(level)


def _off_axis(factor: Factor, place: float) -> float:
    return math.exp(place) if factor.logarithmic else place
