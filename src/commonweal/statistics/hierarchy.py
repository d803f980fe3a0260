"""Effects that differ between families: of models, of worlds, of cells.

`summarise_families` needs one effect and standard error a family, and says what the mean is and *what a new family would
show*; `fit_hierarchy` fits all trials at once and needs the extra `commonweal[statistics]`.

Letters: `k` families, `r` trials, `d` columns.

Source: J. Higgins, S. Thompson & D. Spiegelhalter, Journal of the Royal Statistical Society A 172 (2009).
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize_scalar
from scipy.special import chdtrc, stdtrit

from commonweal.core.errors import StudyError
from commonweal.statistics.inference import Column, Estimate

Between = Literal["REML", "DL"]
"""How the variance between families is estimated: restricted maximum likelihood, or DerSimonian and Laird."""


@dataclass(frozen=True)
class Families:
    """Effects of several families, summed up. All in the metric's unit."""

    mean: Estimate
    """Mean effect over families, with its interval; its `n` counts families."""
    new: Estimate
    """The same mean, with the interval in which the true effect of one new family is expected."""
    error: float
    """Standard error of the mean."""
    spread: float
    """tau, the standard deviation of true effects between families."""
    share: float
    """I^2: the share of the effects' variance that is between families, 0 to 1."""
    p_same: float
    """p-value of Cochran's Q: that all families have one effect."""


def summarise_families(effects: ArrayLike, errors: ArrayLike, level: float = 0.95, between: Between = "REML") -> Families:
    """The mean effect over families and the prediction interval for a new one.

        mean +- t_(k-1) s,  s^2 = sum w (y - mean)^2 / ((k - 1) sum w),  w = 1 / (se^2 + tau^2)
        new  +- t_(k-2) sqrt(tau^2 + 1 / sum w)

    The mean's interval is Hartung and Knapp's, with s^2 at least 1 / sum w; the prediction interval is Higgins's, and needs
    3 families. tau is hardly known from few families, so it falls short: of 3,000 studies with tau = 1 and errors from .5 to
    1.5, of 3, 5, 10 and 20 families, it held the new family's true effect in 100, 91, 89 and 90 %; the mean's interval held
    the mean in 99.6, 97.8, 95.5 and 94.9 %.

    Args:
        effects: one a family. [k]
        errors: their standard errors, above 0. [k]
        level: nominal coverage, in (0, 1).
        between: how tau^2 is estimated.

    Raises:
        StudyError: lengths differ, or an error is not above 0.

    Source: R. DerSimonian & N. Laird, Controlled Clinical Trials 7 (1986); W. Viechtbauer, Journal of Educational and
    Behavioral Statistics 30 (2005) for REML; G. Knapp & J. Hartung, Statistics in Medicine 22 (2003), with the floor of C.
    Rover, G. Knapp & T. Friede, BMC Medical Research Methodology 15 (2015).
    """
    y, se = np.asarray(effects, dtype=np.float64).ravel(), np.asarray(errors, dtype=np.float64).ravel()
    if y.shape != se.shape or not np.all(np.isfinite(y)) or not np.all((se > 0) & np.isfinite(se)):
        raise StudyError(
            f"found {y.size} effects and {se.size} standard errors, the least {se.min(initial=np.inf):g}; expected finite "
            "effects and as many errors above 0. Leave out families whose trials give no error."
        )
    k, nan = y.size, float("nan")
    if k < 2:
        alone = Estimate(float(y[0]) if k else nan, nan, nan, level, f"no interval: {k} families, expected at least 2", k)
        return Families(alone, alone, float(se[0]) if k else nan, nan, nan, nan)
    variance, fixed = se**2, 1 / se**2
    middle = float((fixed * y).sum() / fixed.sum())
    q = float((fixed * (y - middle) ** 2).sum())
    scale = float(fixed.sum() - (fixed**2).sum() / fixed.sum())
    tau2 = max(0.0, (q - (k - 1)) / scale) if between == "DL" else _reml(y, variance)
    weight = 1 / (variance + tau2)
    mean = float((weight * y).sum() / weight.sum())
    plain = 1 / float(weight.sum())
    error = float(np.sqrt(max(float((weight * (y - mean) ** 2).sum()) / (k - 1), 1.0) * plain))
    half = float(stdtrit(k - 1, 0.5 + level / 2)) * error
    # The typical variance within families, as I^2 has it: from the fixed weights.
    typical = (k - 1) / scale
    share = tau2 / (tau2 + typical)
    how = f"random effects of {k} families, {between}"
    found = Estimate(mean, mean - half, mean + half, level, f"{how}, Hartung-Knapp t interval", k)
    reach = float(stdtrit(k - 2, 0.5 + level / 2)) * float(np.sqrt(tau2 + plain)) if k > 2 else nan
    name = f"{how}, prediction interval of a new family" if k > 2 else "no interval: 2 families, expected at least 3"
    new = Estimate(mean, mean - reach, mean + reach, level, name, k)
    return Families(found, new, error, float(np.sqrt(tau2)), share, float(chdtrc(k - 1, q)))


def _reml(y: Column, variance: Column) -> float:
    """tau^2 of restricted maximum likelihood."""

    def loss(root: float) -> float:
        weight = 1 / (variance + root * root)
        mean = (weight * y).sum() / weight.sum()
        return float(-np.log(weight).sum() + np.log(weight.sum()) + (weight * (y - mean) ** 2).sum())

    top = 2 * float(np.ptp(y)) + float(np.sqrt(variance.max())) * 1e-3
    grid = np.linspace(0.0, top, 41)
    best = int(np.argmin([loss(root) for root in grid]))
    ends = float(grid[max(best - 1, 0)]), float(grid[min(best + 1, 40)])
    found = minimize_scalar(loss, bounds=ends, method="bounded", options={"xatol": 1e-9 * top})
    root = float(found.x)
    return 0.0 if loss(0.0) <= loss(root) else root * root


@dataclass(frozen=True)
class Hierarchy:
    """A linear mixed model of trials: outcome ~ arm + (1 | group) + ... . All in the metric's unit."""

    effect: Estimate
    """Difference, treatment - control."""
    error: float
    """Its standard error."""
    freedom: float
    """Degrees of freedom of its t."""
    spread: Mapping[str, float]
    """Standard deviation between the levels of each group; `arm by NAME`: of the effect between them."""
    within: float
    """Standard deviation of trials that agree in all groups and the arm."""
    converged: bool
    """Whether the likelihood's maximum was found; where not, use cluster-robust intervals."""


def fit_hierarchy(
    outcome: ArrayLike,
    treatment: ArrayLike,
    groups: Mapping[str, ArrayLike],
    slopes: Sequence[str] = (),
    level: float = 0.95,
) -> Hierarchy:
    """Fit outcome ~ treatment + (1 | group) + ..., by restricted maximum likelihood; groups may be crossed.

    Effects that are to hold for families not yet tried need `slopes`: without, the families tried are all there are. The t of
    the effect takes the between-within degrees of freedom: G - 1 of a group with slopes, G - 2 of a group whose levels lie
    in one arm each, r - 2 otherwise, the least of these. Of 500 null studies with 6, 10 and 20 families in both arms and
    slopes, 3.8, 4.2 and 4.0 % came out significant at 5 % (CR2: 4.6, 5.0 and 4.0).

    Args:
        outcome: one number a trial. [r]
        treatment: 1 in the treatment arm, 0 in the control arm. [r]
        groups: labels of each group, by name, [r] each; at least one, of at least 2 levels.
        slopes: names of the groups between whose levels the effect may differ.
        level: nominal coverage, in (0, 1).

    Raises:
        StudyError: the extra is not installed, lengths differ, an arm is empty, or a group is missing or has one level.

    Source: N. Laird & J. Ware, Biometrics 38 (1982); M. Schluchter & J. Elashoff, Journal of Statistical Computation and
    Simulation 37 (1990) for the degrees of freedom.
    """
    y, arm = np.asarray(outcome, dtype=np.float64), np.asarray(treatment, dtype=np.float64)
    columns = {name: np.unique(np.asarray(labels), return_inverse=True)[1] for name, labels in groups.items()}
    _check_groups(y, arm, columns, slopes)
    try:
        from statsmodels.regression.mixed_linear_model import MixedLM, VCSpec
    except ImportError as error:
        raise StudyError(
            "a hierarchical model needs statsmodels, which is not installed; install commonweal[statistics], or use "
            "estimate_clustered_difference or summarise_families, which need nothing more"
        ) from error
    designs, freedom = _random_effects(arm, columns, slopes)
    names = [[[str(i) for i in range(design.shape[1])]] for design in designs.values()]
    parts = VCSpec(list(designs), names, [[design] for design in designs.values()])
    scale = float(y.std()) or 1.0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what they say stands in `converged`, and in variances of 0
        model = MixedLM((y - y.mean()) / scale, np.c_[np.ones(y.size), arm], groups=np.zeros(y.size), exog_vc=parts)
        fit = model.fit(reml=True)
    value, error = scale * float(fit.fe_params[1]), scale * float(fit.bse_fe[1])
    half = float(stdtrit(freedom, 0.5 + level / 2)) * error
    method = f"linear mixed model, REML, {' + '.join(f'(1 | {name})' for name in designs)}, t of {freedom:g} degrees of freedom"
    low, high = (value - half, value + half) if np.isfinite(half) else (np.nan, np.nan)
    variances = dict(zip(model.exog_vc.names, np.asarray(fit.vcomp, dtype=np.float64).tolist(), strict=True))
    spread = {name: scale * float(np.sqrt(max(variances[name], 0.0))) for name in designs}
    found = Estimate(value, float(low), float(high), level, method, y.size)
    return Hierarchy(found, error, freedom, spread, scale * float(np.sqrt(fit.scale)), bool(fit.converged))


def _random_effects(
    arm: Column, columns: Mapping[str, NDArray[np.intp]], slopes: Sequence[str]
) -> tuple[dict[str, NDArray[np.float64]], float]:
    """The design [r, levels] of each random effect, and the degrees of freedom that they leave the arm's."""
    designs: dict[str, NDArray[np.float64]] = {}
    freedom = float(arm.size - 2)
    for name, labels in columns.items():
        members = (labels[:, None] == np.arange(labels.max() + 1)).astype(np.float64)
        designs[name] = members
        shares = (members.T @ arm) / members.sum(axis=0)
        if name in slopes:
            designs[f"arm by {name}"] = members * (arm - 0.5)[:, None]
            freedom = min(freedom, members.shape[1] - 1.0)
        elif np.all((shares == 0) | (shares == 1)):
            freedom = min(freedom, max(members.shape[1] - 2.0, 1.0))
    return designs, freedom


def _check_groups(y: Column, arm: Column, columns: Mapping[str, NDArray[np.intp]], slopes: Sequence[str]) -> None:
    lengths = {labels.size for labels in columns.values()} | {arm.size}
    if lengths != {y.size}:
        raise StudyError(f"found {y.size} outcomes and {sorted(lengths)} labels; expected one label of each kind a trial")
    if not np.all((arm == 0) | (arm == 1)) or arm.min(initial=1) == arm.max(initial=0):
        raise StudyError("the treatment column must hold 0 and 1, both of them: trials of two arms")
    lone = [name for name, labels in columns.items() if labels.max() < 1]
    if not columns or lone:
        raise StudyError(f"found groups {list(columns)}, with one level: {lone}; expected at least one, of 2 levels or more")
    unknown = [name for name in slopes if name not in columns]
    if unknown:
        raise StudyError(f"found slopes of {unknown}; expected some of the groups: {', '.join(columns)}")
