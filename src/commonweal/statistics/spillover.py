"""Effects within and between societies from a two-stage (saturation) design: what a treatment does to others.

Stage one gives each society a saturation p, the share of its seats that is treated; stage two draws which seats. A society then
gives one number for its treated seats, Y(1; p), one for the others, Y(0; p), and one for all. With bars for expectations:

    direct(p)     Y(1; p) - Y(0; p)    treated against untreated seats of the same society
    spillover(p)  Y(0; p) - Y(0; 0)    untreated seats, against a society without any treatment
    total(p)      Y(1; p) - Y(0; 0)    = direct(p) + spillover(p)
    overall(p)    Y(p) - Y(0)          a mean seat of the society, against one without any treatment

A comparison of treated and untreated seats in one society gives direct(p) alone: it says nothing of what the treatment does to
a society, and its sign may be the opposite. Societies are the unit: `r` trials. Signs are treated minus untreated.

Source: M. Hudgens and M. E. Halloran, "Toward causal inference with interference", J. American Statistical Association 103
(2008); S. Baird, A. Bohren, C. McIntosh and B. Özler, Review of Economics and Statistics 100 (2018), for saturation designs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from commonweal.core.errors import StudyError
from commonweal.statistics.inference import Bounds, Column, Estimate, estimate_difference, estimate_mean, oppose

_TOLERANCE = 1e-9


@dataclass(frozen=True)
class Saturated:
    """The trials of a saturation design. `r` trials."""

    share: Column
    """Saturation, 0 to 1: share of the seats that is treated. [r]"""
    seed: NDArray[np.int64]
    """Seed of each trial: trials of one seed at two saturations are a matched pair. [r]"""
    treated: Column
    """Mean outcome of the treated seats; NaN where there are none. [r]"""
    untreated: Column
    """Mean outcome of the others; NaN where there are none. [r]"""
    everybody: Column
    """Mean outcome of all seats. [r]"""


@dataclass(frozen=True)
class SpilloverEffects:
    """The effects at one saturation, each with its interval over societies."""

    share: float
    """The saturation p."""
    societies: int
    """Trials at this saturation."""
    direct: Estimate
    """Treated minus untreated seats of the same societies."""
    spillover: Estimate
    """Untreated seats, minus those of societies without treatment."""
    total: Estimate
    """Treated seats, minus those of societies without treatment."""
    overall: Estimate
    """All seats, minus those of societies without treatment."""
    treated: Estimate
    """Mean of the treated seats."""
    untreated: Estimate
    """Mean of the untreated seats."""


def estimate_spillover(trials: Saturated, level: float = 0.95, bounds: Bounds | None = None) -> tuple[SpilloverEffects, ...]:
    """The effects at each saturation above 0, in order.

    The direct effect is a mean of differences within societies (paired t). The others compare societies: by Welch's t, or in
    pairs where every society of a saturation has one of the same seed without treatment.

    Args:
        trials: of the design.
        level: nominal coverage of each interval.
        bounds: range of the outcome, for intervals where nothing varies; None: it has none.

    Raises:
        StudyError: there are no societies without treatment, or none with.
    """
    shares = sorted({round(share, 9) for share in trials.share.tolist()})
    if not shares or shares[0] != 0.0 or len(shares) < 2:
        there = ", ".join(f"{share:g}" for share in shares) or "none"
        raise StudyError(
            f"a saturation design with the shares {there}; expected 0, the untreated societies, and at least one above. "
            "Without 0 what spills over cannot be told from what everybody has"
        )
    width = None if bounds is None else Bounds(bounds.low - bounds.high, bounds.high - bounds.low)
    none = np.abs(trials.share) < _TOLERANCE
    found: list[SpilloverEffects] = []
    for share in shares[1:]:
        here = np.abs(trials.share - share) < _TOLERANCE

        def against(column: Column, control: Column, here: NDArray[np.bool_] = here) -> Estimate:
            return _compare((trials.seed[here], column[here]), (trials.seed[none], control[none]), level, bounds)

        within = trials.treated[here] - trials.untreated[here]
        found.append(
            SpilloverEffects(
                share=share,
                societies=int(here.sum()),
                direct=estimate_mean(_known(within), level, width),
                spillover=against(trials.untreated, trials.untreated),
                total=against(trials.treated, trials.untreated),
                overall=against(trials.everybody, trials.everybody),
                treated=estimate_mean(_known(trials.treated[here]), level, bounds),
                untreated=estimate_mean(_known(trials.untreated[here]), level, bounds),
            )
        )
    return tuple(found)


def _known(values: ArrayLike) -> Column:
    column = np.asarray(values, dtype=np.float64)
    return column[np.isfinite(column)]


def _compare(
    treatment: tuple[NDArray[np.int64], Column], control: tuple[NDArray[np.int64], Column], level: float, bounds: Bounds | None
) -> Estimate:
    """The difference between two groups of (seed, value), in pairs of one seed where all of the first group have a partner."""
    one, nil = (
        {seed: value for seed, value in zip(seeds.tolist(), values.tolist(), strict=True) if np.isfinite(value)}
        for seeds, values in (treatment, control)
    )
    paired = bool(one) and len(one) == int(np.isfinite(treatment[1]).sum()) and one.keys() <= nil.keys()
    if paired:
        return estimate_difference(oppose([*one.values()], [nil[seed] for seed in one], paired=True), level, bounds)
    return estimate_difference(oppose(_known(treatment[1]), _known(control[1])), level, bounds)
