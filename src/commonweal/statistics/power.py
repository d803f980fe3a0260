"""Power before a run: how many trials an effect needs, how much a number of trials shows, by simulating the very test.

The trial is the unit here too: what varies is a trial's outcome, from which `society_sd` takes the agents' variance. A
simulated study draws its trials, runs the test of `inference` or `permutation` on them, and counts when it finds the effect.

Letters: `r` trials. n is always the number of trials in each arm of each block (pairs, where trials are paired).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import nctdtr, ndtr, ndtri, stdtrit

from commonweal.core.errors import StudyError
from commonweal.statistics.rejection import reject_by_counts, reject_by_moments, reject_by_permutation, reject_by_t
from commonweal.statistics.variation import (
    Assumed,
    Share,
    Variation,
    difference_sd,
    draw,
    draw_counts,
    feasible_correlation,
    is_paired,
    say,
    settle,
)

_Array: TypeAlias = NDArray[np.float64]

_CELLS = 2_000_000
"""Outcomes of one arm that one estimate of power simulates at most."""


@dataclass(frozen=True)
class Comparison:
    """How the two arms will be compared."""

    blocks: int = 1
    """Blocks (combinations of the other factors) of the study, all of n trials an arm."""
    level: float = 0.95
    """Level of the interval; a test at 1 - level."""
    test: Literal["interval", "permutation"] = "interval"
    """`interval`: that of `estimate_difference`, or of `estimate_proportion_difference` for 0 and 1; or `permute_arms`."""


@dataclass(frozen=True)
class Power:
    """The probability that a study finds its effect."""

    value: float
    """Share of simulated studies that found it, in [0, 1]."""
    error: float
    """Monte Carlo standard error of `value`."""
    n: int
    """Trials in each arm of each block, or pairs."""
    trials: int
    """Trials of the study, all arms and blocks together."""
    effect: float
    """The true difference, treatment - control, in the outcome's unit."""
    method: str
    """What was simulated and tested."""


def power_at(
    n: int,
    effect: float,
    variation: Variation,
    comparison: Comparison = Comparison(),
    draws: int = 10_000,
    seed: int = 0,
) -> Power:
    """The power of a study of n trials in each arm of each block.

    Args:
        n: Trials in each arm of each block, or pairs.
        effect: True difference in means, treatment - control, in the outcome's unit; 0 gives the false-positive rate.
        variation: How trials vary. A pilot is drawn from with replacement, its treatment shifted to the effect and its
            deviations stretched by sqrt(m/(m-1)); a pilot of 0s and 1s is taken as a `Share` of (ones + 1/2) / (m + 1).
        comparison: Blocks, level and test.
        draws: Simulated studies; fewer where n is large.
        seed: Of the simulation.

    Raises:
        StudyError: these trials cannot vary so, or cannot differ by the effect.
    """
    arms = _settle(variation, effect, comparison)
    if n < 1:
        raise StudyError(f"power: found n={n}, expected at least 1 trial an arm; change n")
    found, name = _simulate(arms, effect, n, comparison, draws, np.random.default_rng(seed))
    studies = len(found)
    value = float(found.mean())
    error = float(np.sqrt(max(value * (1 - value), 1 / studies) / studies))
    what = "pairs" if is_paired(arms) else "trials"
    method = f"{name} over {what}, {studies} simulated studies, {say(variation)}, seed {seed}"
    return Power(value, error, n, 2 * n * comparison.blocks, effect, method)


def _simulate(
    arms: Variation, effect: float, n: int, comparison: Comparison, draws: int, rng: np.random.Generator
) -> tuple[NDArray[np.bool_], str]:
    """Whether each simulated study finds a difference [s], and the name of the test.

    Where the test rests on counts or moments whose distribution is known, these are drawn, and not the trials.
    """
    paired, blocks, level = is_paired(arms), comparison.blocks, comparison.level
    if comparison.test == "interval" and isinstance(arms, Share):
        treatment, control, both = draw_counts(arms, effect, (draws, blocks, n), rng)
        return reject_by_counts(treatment, control, n, level, both if paired else None), "Newcombe interval"
    if comparison.test == "interval" and isinstance(arms, Assumed) and n > 1:
        value = effect + difference_sd(arms, effect) / np.sqrt(n * blocks) * rng.standard_normal(draws)
        each = difference_sd(arms, effect) if paired else arms.sd
        variance = each**2 * rng.chisquare(n - 1, (draws, blocks * (1 if paired else 2))) / (n - 1)
        return reject_by_moments(value, variance, n, blocks, level), "t interval"
    shape = (max(200, min(draws, _CELLS // (n * blocks))), blocks, n)
    treatment, control = draw(arms, effect, shape, rng)
    if comparison.test == "permutation":
        return reject_by_permutation(treatment, control, paired, level), "permutation test"
    return reject_by_t(treatment, control, paired, level), "t interval"


def trials_needed(
    effect: float,
    variation: Variation,
    power: float = 0.8,
    comparison: Comparison = Comparison(),
    most: int = 100_000,
    seed: int = 0,
) -> Power:
    """The least n (trials in each arm of each block, or pairs) whose simulated power reaches `power`, by bisection.

    Its Monte Carlo error makes n uncertain by about 1 % at 10,000 studies. The power of 0 and 1 outcomes has teeth in n, of
    which one of those near the crossing is returned.

    Args:
        effect: True difference in means, treatment - control, in the outcome's unit; not 0.
        variation: How trials vary.
        power: Wanted, in (0, 1).
        comparison: Blocks, level and test.
        most: Largest n that is looked at.
        seed: Of the simulation.

    Raises:
        StudyError: no n up to `most` is enough, or these trials cannot vary so.
    """
    arms = _settle(variation, effect, comparison)
    if effect == 0 or not 0 < power < 1:
        raise StudyError(f"power: found effect={effect:g}, power={power:g}; expected another effect than 0, power in (0, 1)")

    def at(n: int) -> float:
        return approximate_power(n, effect, arms, comparison)

    guess = _bisect(at, power, 2, most)
    low, high = max(2, int(guess * 0.7)), min(most, int(guess * 1.4) + 3)

    def simulated(n: int) -> float:
        return power_at(n, effect, arms, comparison, seed=seed).value

    while simulated(high) < power:
        if high >= most:
            raise StudyError(
                f"power: {most} trials an arm reach {simulated(most):.2f} for an effect of {effect:g}, expected {power:g}; "
                "look for a larger effect, lower the variance (pairs, blocks, more agents a society) or raise most"
            )
        low, high = high, min(most, 2 * high)
    while low > 2 and simulated(low) >= power:
        low, high = max(2, low // 2), low
    return power_at(_bisect(simulated, power, low, high), effect, variation, comparison, seed=seed)


def detectable_effect(
    n: int,
    variation: Variation,
    power: float = 0.8,
    comparison: Comparison = Comparison(),
    seed: int = 0,
) -> Power:
    """The smallest effect that n trials in each arm of each block find with probability `power`; above 0 if one exists.

    For shares the search goes up from the control's, and down where there is no room above.

    Args:
        n: Trials in each arm of each block, or pairs.
        variation: How trials vary.
        power: Wanted, in (0, 1).
        comparison: Blocks, level and test.
        seed: Of the simulation, the same for all effects.

    Raises:
        StudyError: no effect is large enough, or these trials cannot vary so.
    """
    arms = _settle(variation, 0.0, comparison)

    def found(effect: float) -> float:
        return power_at(n, effect, arms, comparison, seed=seed).value

    if isinstance(arms, Share):
        room = 1 - arms.control
        top = room if room > 0 and found(room) >= power else -arms.control
        if top == 0 or found(top) < power:
            raise StudyError(f"power: {n} trials an arm find no share with power {power:g}; run more trials")
    else:
        top = 4 * difference_sd(arms, 0.0) / np.sqrt(n * comparison.blocks)
        for _ in range(20):
            if found(top) >= power:
                break
            top *= 2
        else:
            raise StudyError(f"power: {n} trials an arm find no effect with power {power:g}; run more trials")
    low, high = 0.0, float(top)
    for _ in range(12):
        middle = 0.5 * (low + high)
        low, high = (low, middle) if found(middle) >= power else (middle, high)
    return power_at(n, high, variation, comparison, seed=seed)


def approximate_power(n: int, effect: float, variation: Variation, comparison: Comparison = Comparison()) -> float:
    """The power in closed form: noncentral t for means, the pooled normal approximation for shares.

    Exact for the equal-variance t test of normal outcomes; otherwise a quick guess, which the simulation corrects.

    Source: Cohen 1988; Fleiss, Levin & Paik 2003, section 4.2.
    """
    arms = _settle(variation, effect, comparison)
    size = n * comparison.blocks
    if isinstance(arms, Share):
        p, q = arms.control + effect, arms.control
        z = float(ndtri(0.5 + comparison.level / 2))
        shared = feasible_correlation(arms, effect) * np.sqrt(p * (1 - p) * q * (1 - q))
        null = 2 * (p + q) / 2 * (1 - (p + q) / 2) - 2 * shared
        true = p * (1 - p) + q * (1 - q) - 2 * shared
        if true <= 0:
            return 1.0 if effect else 0.0
        return float(ndtr((abs(effect) * np.sqrt(size) - z * np.sqrt(max(null, 0.0))) / np.sqrt(true)))
    # A pair has one degree of freedom, two trials two; every block costs its own mean.
    each = 1 if is_paired(arms) else 2
    freedom = each * (n - 1) * comparison.blocks if n > 1 else each * (comparison.blocks - 1)
    spread = difference_sd(arms, effect)
    if freedom < 1:
        return 0.0
    shift, t = abs(effect) * np.sqrt(size) / spread, float(stdtrit(freedom, 0.5 + comparison.level / 2))
    upper = 1 - float(nctdtr(freedom, shift, t)) if shift < 30 else 1.0
    return upper + (float(nctdtr(freedom, shift, -t)) if shift < 5 else 0.0)


def power_of_counts(rejects: Callable[[_Array, _Array], NDArray[np.bool_]], n: int, treatment: float, control: float) -> float:
    """The exact power of any test of two independent counts of n trials each, summed over all pairs of counts.

    Args:
        rejects: The test: counts [s] and [s] of the two arms to whether it finds a difference [s].
        n: Trials of each arm.
        treatment: Probability of a 1 in one arm.
        control: Probability of a 1 in the other.
    """
    k = np.arange(n + 1.0)
    first, second = (_binomial(k, n, p) for p in (treatment, control))
    ones, nils = (grid.ravel() for grid in np.meshgrid(k, k, indexing="ij"))
    return float(np.outer(first, second).ravel()[rejects(ones, nils)].sum())


def _settle(variation: Variation, effect: float, comparison: Comparison) -> Variation:
    if comparison.blocks < 1 or not 0 < comparison.level < 1:
        raise StudyError(f"power: found {comparison}, expected at least 1 block and a level in (0, 1); change the comparison")
    return settle(variation, effect)


def _binomial(k: _Array, n: int, p: float) -> _Array:
    """Probabilities of k ones among n. [k]"""
    from scipy.stats import binom

    return np.asarray(binom.pmf(k, n, p))


def _bisect(power: Callable[[int], float], wanted: float, low: int, high: int) -> int:
    """The least n above `low` with the wanted power where it rises with n; `low` if that is enough, `high` if none is."""
    if power(low) >= wanted:
        return low
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if power(middle) >= wanted else (middle, high)
    return high
