"""The exponent of a discrete power law, by maximum likelihood.

    P(x) = x^-alpha / zeta(alpha, x_min),  x = x_min, x_min + 1, ...
    alpha = argmax -n log zeta(alpha, x_min) - alpha sum log x

Source: A. Clauset, C. Shalizi and M. Newman, "Power-law distributions in empirical data", SIAM Review 51 (2009), eq. 3.5.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import zeta

from commonweal.core.posts import Ints

STEEPEST = 50.0
"""The largest exponent that is looked for."""


def exponent(values: Ints, x_min: int) -> float:
    """The exponent of those values that are at least `x_min`; NaN where there are none, or all of them are `x_min`.

    Args:
        values: whole numbers.
        x_min: where the law begins, at least 1.

    Returns:
        Above 1, at most 50.
    """
    tail = values[values >= x_min]
    if not (tail > x_min).any():
        return float("nan")
    mean = float(np.log(tail / x_min).mean())

    def less_likely(alpha: float) -> float:
        # Both terms without x_min^-alpha, so that steep laws do not underflow.
        return float(np.log(zeta(alpha, x_min)) + alpha * np.log(x_min) + alpha * mean)

    found = minimize_scalar(less_likely, bounds=(1.0 + 1e-6, STEEPEST), method="bounded", options={"xatol": 1e-9})
    return float(found.x)
