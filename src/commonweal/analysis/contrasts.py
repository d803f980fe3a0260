"""Which trials are compared with which: the arms of a factor, in blocks of the other factors, paired by seed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from commonweal.analysis.plans import Level, MetricCard, Part
from commonweal.analysis.trials import Trials
from commonweal.statistics.inference import (
    Bounds,
    Contrast,
    Estimate,
    estimate_difference,
    estimate_mean,
    estimate_proportion,
    estimate_proportion_difference,
    is_binary,
)


@dataclass(frozen=True)
class Arms:
    """Two levels of a factor, set against each other."""

    contrast: Contrast
    """The trials compared."""
    left_out: int
    """Trials of the two levels that have no counterpart (their partner is missing), or no value."""
    seed: NDArray[np.int64]
    """Seed of each treatment trial. [r1]"""


def compare_levels(trials: Trials, part: Part, metric: str, factor: str, levels: tuple[Level, Level]) -> Arms:
    """Set the trials of `part` at `levels` (control, treatment) of `factor` against each other.

    Trials that agree in every other factor are a block; those that also share the seed share their random draws and
    are a pair. They are paired where every block has pairs; a trial without partner is then left out. A block that only
    one arm has is left out, so that both arms hold the other factors at the same mix of levels. A fraction has no such
    blocks, and holds that mix equal by its design: all its cells are one block, without pairs.

    Args:
        trials: The table of the run.
        part: The part whose trials are compared.
        metric: The metric that is compared.
        factor: Label of the factor.
        levels: Its level in the control arm, and in the treatment arm.
    """
    others = [other.label for other in part.factors if other.label != factor]
    own = trials.where((trials.part == part.name) & np.isfinite(trials.metrics[metric]))
    total = int((trials.part == part.name)[_at(trials, factor, levels)].sum())
    arms: list[dict[tuple[object, ...], dict[int, float]]] = []
    for level in levels:
        arm: dict[tuple[object, ...], dict[int, float]] = {}
        chosen = own.where(_at(own, factor, (level,)))
        columns = [chosen.factors[label].tolist() for label in others]
        values = chosen.metrics[metric].tolist()
        for i, (seed, value) in enumerate(zip(chosen.seed.tolist(), values, strict=True)):
            arm.setdefault(tuple(column[i] for column in columns), {})[seed] = value
        arms.append(arm)
    control, treatment = arms
    blocks = [block for block in control if block in treatment]
    fraction = not blocks and part.design.get("kind") == "fraction"
    if fraction:
        arms = [{("all cells",): dict(enumerate(x for own in arm.values() for x in own.values()))} for arm in arms]
        control, treatment = arms
        blocks = [block for block in control if control[block] and treatment[block]]
    shared = [sorted(control[block].keys() & treatment[block].keys()) for block in blocks]
    paired = bool(blocks) and all(shared) and not fraction
    kept: list[tuple[list[float], list[int], list[int]]] = []
    for arm in (treatment, control):
        values, numbers, drawn = [], [], []
        for number, block in enumerate(blocks):
            seeds = shared[number] if paired else sorted(arm[block])
            values += [arm[block][seed] for seed in seeds]
            numbers += [number] * len(seeds)
            drawn += seeds
        kept.append((values, numbers, drawn))
    (one, one_block, seed), (nil, nil_block, _) = kept
    contrast = Contrast(
        np.array(one, dtype=np.float64),
        np.array(nil, dtype=np.float64),
        np.array(one_block, dtype=np.int64),
        np.array(nil_block, dtype=np.int64),
        paired,
    )
    return Arms(contrast, total - len(one) - len(nil), np.array(seed, dtype=np.int64))


def _at(trials: Trials, factor: str, levels: tuple[Level, ...]) -> np.ndarray:
    column = trials.factors[factor]
    # A factor with a word among its levels is a column of words, numbers printed as in the table.
    words = column.dtype.kind == "U"
    return np.isin(column, [f"{x:g}" if words and not isinstance(x, str) else x for x in levels])


def measure(values: np.ndarray, card: MetricCard, level: float = 0.95) -> Estimate:
    """The mean of a metric over trials [r], by Wilson where it is a share, else by t; NaN values are left out."""
    known = values[np.isfinite(values)]
    if card.low == 0 and card.high == 1 and is_binary(known):
        return estimate_proportion(known, level)
    return estimate_mean(known, level, find_bounds(card))


def measure_difference(contrast: Contrast, card: MetricCard, level: float = 0.95) -> Estimate:
    """The difference between two arms, by Newcombe where the metric is a share on all trials, else by t."""
    both = np.concatenate([contrast.treatment, contrast.control])
    if card.low == 0 and card.high == 1 and is_binary(both):
        return estimate_proportion_difference(contrast, level)
    return estimate_difference(contrast, level, find_bounds(card))


def find_bounds(card: MetricCard) -> Bounds | None:
    """The range of a metric, where it has one."""
    return None if card.low is None or card.high is None else Bounds(card.low, card.high)
