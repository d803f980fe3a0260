"""How trials vary: the outcomes that a study not yet run is taken to give, to be drawn from.

The trial is the unit: `society_sd` takes agents' variance to that of a trial's mean. Shapes are [s, b, r]: `s` simulated
studies, `b` blocks, `r` trials (or pairs) of a block in one arm.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtri

from commonweal.core.errors import StudyError
from commonweal.statistics.inference import is_binary

_Array: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True)
class Assumed:
    """Normal outcomes of an assumed standard deviation, the same in both arms."""

    sd: float
    """Standard deviation of a trial's outcome, in its unit."""
    pair_correlation: float | None = None
    """Correlation of the outcomes of a pair, in (-1, 1); None where trials are not paired."""


@dataclass(frozen=True)
class Share:
    """Outcomes 0 and 1, of which a known share is 1 in the control arm."""

    control: float
    """Probability of a 1 in the control arm, in [0, 1]."""
    pair_correlation: float | None = None
    """Correlation of the outcomes of a pair, cut to what the two shares allow; None where trials are not paired."""


@dataclass(frozen=True)
class Pilot:
    """Outcomes of trials that were run before."""

    control: tuple[float, ...]
    """One a trial; at least 2. [r]"""
    treatment: tuple[float, ...] = ()
    """The other arm's; where empty, it is taken to vary as the control. [r]"""
    paired: bool = False
    """Whether trial i of one arm shares its draws with trial i of the other."""


Variation: TypeAlias = Assumed | Share | Pilot
"""How the outcomes of trials vary."""


def society_sd(agent_sd: float, icc: float, agents: int) -> float:
    """The standard deviation of a trial's mean over its agents: agent_sd sqrt((1 + (agents - 1) icc) / agents).

    Args:
        agent_sd: Standard deviation of one agent's outcome over all societies.
        icc: Intra-class correlation: the share of that variance that lies between societies, in [0, 1].
        agents: Agents of a society.

    Raises:
        StudyError: one of these is out of range.

    Source: Kish 1965; Donner & Klar 2000.
    """
    if not (agent_sd >= 0 and 0 <= icc <= 1 and agents >= 1):
        found = f"agent_sd={agent_sd:g}, icc={icc:g}, agents={agents}"
        raise StudyError(f"power: found {found}, expected at least 0, 0 to 1 and at least 1; change them")
    return float(agent_sd * np.sqrt((1 + (agents - 1) * icc) / agents))


def cautious_sd(values: ArrayLike, level: float = 0.8) -> float:
    """The upper confidence limit of a pilot's standard deviation: power planned with it is reached in `level` of cases.

    s sqrt((r - 1) / chi2), chi2 the quantile 1 - level of r - 1 degrees of freedom; for normal outcomes.

    Args:
        values: The pilot's outcomes, at least 2. [r]
        level: Confidence, in (0, 1).

    Raises:
        StudyError: there are fewer than 2 values.

    Source: Browne 1995; Kieser & Wassmer 1996.
    """
    column = np.asarray(values, dtype=np.float64)
    if column.size < 2:
        raise StudyError(f"power: found a pilot of {column.size} trials, expected at least 2; run more of them")
    freedom = column.size - 1
    return float(column.std(ddof=1) * np.sqrt(freedom / float(chdtri(freedom, level))))


def settle(variation: Variation, effect: float) -> Variation:
    """The variation checked, a pilot of 0s and 1s made a share of (ones + 1/2) / (m + 1).

    Args:
        variation: How trials vary.
        effect: The difference that the arms are to have.

    Raises:
        StudyError: these trials cannot vary so, or cannot differ by the effect.
    """
    if isinstance(variation, Assumed) and not variation.sd > 0:
        raise StudyError(f"power: found sd={variation.sd:g}, expected a number above 0; change it")
    if isinstance(variation, Pilot):
        variation = _settle_pilot(variation)
    if isinstance(variation, Share) and not (0 <= variation.control <= 1 and 0 <= variation.control + effect <= 1):
        found = f"a share of {variation.control:g} and an effect of {effect:g}"
        raise StudyError(f"power: found {found}, expected both arms' shares in [0, 1]; change the effect")
    correlation = 0.0 if isinstance(variation, Pilot) else variation.pair_correlation or 0.0
    if not -1 < correlation < 1:
        raise StudyError(f"power: found pair_correlation={correlation:g}, expected a number inside (-1, 1); change it")
    return variation


def _settle_pilot(pilot: Pilot) -> Pilot | Share:
    sizes = [len(pilot.control), *([len(pilot.treatment)] if pilot.treatment else [])]
    values = np.array([*pilot.control, *pilot.treatment])
    if min(sizes) < 2 or not np.all(np.isfinite(values)) or (pilot.paired and len(set(sizes)) == 2):
        expected = "2 or more finite ones an arm, as many in both where they are paired"
        raise StudyError(
            f"power: found a pilot of {' and '.join(map(str, sizes))} outcomes, expected {expected}; mend the pilot"
        )
    if pilot.paired and not pilot.treatment:
        raise StudyError("power: found a paired pilot without treatment, expected both arms' outcomes; give them")
    if not is_binary(values):
        if difference_sd(pilot, 0.0) <= 1e-12 * max(1.0, float(np.abs(values).max())):
            raise StudyError(
                "power: found a pilot that does not vary, expected differing outcomes; assume a standard deviation"
            )
        return pilot
    share = (sum(pilot.control) + 0.5) / (len(pilot.control) + 1)
    if not pilot.paired:
        return Share(share)
    one, nil = np.array(pilot.treatment), np.array(pilot.control)
    scale = float(one.std() * nil.std())
    correlation = float(((one - one.mean()) * (nil - nil.mean())).mean()) / scale if scale > 0 else 0.0
    return Share(share, float(np.clip(correlation, -0.999, 0.999)))


def is_paired(variation: Variation) -> bool:
    """Whether trial i of one arm shares its draws with trial i of the other."""
    return variation.paired if isinstance(variation, Pilot) else variation.pair_correlation is not None


def say(variation: Variation) -> str:
    """How trials vary, in words."""
    if isinstance(variation, Pilot):
        return f"drawn from a pilot of {len(variation.control) + len(variation.treatment)} trials"
    pairs = "" if variation.pair_correlation is None else f", correlation of pairs {variation.pair_correlation:g}"
    if isinstance(variation, Share):
        return f"share {variation.control:g} in the control arm{pairs}"
    return f"normal with sd {variation.sd:g}{pairs}"


def feasible_correlation(share: Share, effect: float) -> float:
    """The correlation of a pair, cut to what two shares allow (Frechet's bounds)."""
    p, q = share.control + effect, share.control
    scale = np.sqrt(p * (1 - p) * q * (1 - q))
    if share.pair_correlation is None or scale == 0:
        return 0.0
    low, high = (max(0.0, p + q - 1) - p * q) / scale, (min(p, q) - p * q) / scale
    return float(np.clip(share.pair_correlation, low, high))


def difference_sd(variation: Variation, effect: float) -> float:
    """Standard deviation of the difference of two trials, one an arm."""
    if isinstance(variation, Assumed):
        return float(variation.sd * np.sqrt(2 * (1 - (variation.pair_correlation or 0.0))))
    if isinstance(variation, Pilot):
        control = np.array(variation.control)
        treatment = np.array(variation.treatment or variation.control)
        if variation.paired:
            return float((treatment - control).std(ddof=1))
        return float(np.sqrt(treatment.var(ddof=1) + control.var(ddof=1)))
    p, q = variation.control + effect, variation.control
    shared = feasible_correlation(variation, effect) * np.sqrt(p * (1 - p) * q * (1 - q))
    return float(np.sqrt(p * (1 - p) + q * (1 - q) - 2 * shared))


def draw(variation: Variation, effect: float, shape: tuple[int, int, int], rng: np.random.Generator) -> tuple[_Array, _Array]:
    """Outcomes of the treatment and of the control arm. [s, b, r] each

    A pilot is drawn from with replacement, its deviations stretched so that a draw has the sample variance.

    Args:
        variation: How trials vary, settled.
        effect: The difference in means.
        shape: (s, b, r).
        rng: Where the draws come from.
    """
    if isinstance(variation, Assumed):
        treatment, control = rng.standard_normal((2, *shape))
        c = variation.pair_correlation or 0.0
        if c:
            treatment = c * control + np.sqrt(1 - c * c) * treatment
        return effect + variation.sd * treatment, variation.sd * control
    if isinstance(variation, Pilot):
        control, treatment = (_stretch(arm) for arm in (variation.control, variation.treatment or variation.control))
        chosen = rng.integers(0, len(control), shape)
        other = chosen if variation.paired else rng.integers(0, len(treatment), shape)
        return effect + treatment[other], control[chosen]
    both, p, q = _joint(variation, effect)
    control = rng.random(shape) < q
    given_one, given_none = both / q if q > 0 else p, (p - both) / (1 - q) if q < 1 else p
    treatment = rng.random(shape) < np.where(control, given_one, given_none)
    return treatment.astype(np.float64), control.astype(np.float64)


def draw_counts(
    share: Share, effect: float, shape: tuple[int, int, int], rng: np.random.Generator
) -> tuple[_Array, _Array, _Array]:
    """Ones of the treatment arm, of the control arm, and pairs of which both are 1. [s, b] each

    Args:
        share: How trials vary, settled.
        effect: The difference in shares.
        shape: (s, b, r).
        rng: Where the draws come from.
    """
    both, p, q = _joint(share, effect)
    cells = np.clip([both, p - both, q - both, 1 - p - q + both], 0.0, 1.0)
    found = rng.multinomial(shape[2], cells / cells.sum(), size=shape[:2]).astype(np.float64)
    return found[..., 0] + found[..., 1], found[..., 0] + found[..., 2], found[..., 0]


def _joint(share: Share, effect: float) -> tuple[float, float, float]:
    """Probability that both trials of a pair are 1, and the shares of treatment and control."""
    p, q = share.control + effect, share.control
    return p * q + feasible_correlation(share, effect) * float(np.sqrt(p * (1 - p) * q * (1 - q))), p, q


def _stretch(values: tuple[float, ...]) -> _Array:
    """Deviations from the mean, stretched so that a draw from them has the sample variance."""
    column = np.array(values, dtype=np.float64)
    return (column - column.mean()) * np.sqrt(column.size / (column.size - 1))
