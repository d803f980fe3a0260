"""Simulation beside closed form: the simulated mean, its standard error, the exact value, and how far apart they are.

The trial is the unit: one number a trial goes in. A |z| of 3 or more, met by chance once in 370 times with many trials, asks
for a look: a fault in the simulation, or a theory whose conditions do not hold (infinite population, weak selection, rare
mutation).

A closed form stands beside a whole study where a part names it: `Part(theory=...)`, a function of the cell's levels; the other
modules of this kind show how. Here it stands beside one set of trials.

Example:
    compare_exact("one mutant takes over", taken_over, find_fixation(chain)).text
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from commonweal.core.errors import StudyError


@dataclass(frozen=True)
class Comparison:
    """One row: what was simulated beside what is known."""

    name: str
    """What is compared."""
    simulated: float
    """Mean over trials."""
    standard_error: float
    """Of that mean; where the exact value of a share is known, from it: sqrt(p (1 - p) / n)."""
    exact: float
    """The closed form."""
    n: int
    """Trials."""

    @property
    def z(self) -> float:
        """(simulated - exact) / standard error; 0 where both agree without spread, infinite where they do not."""
        gap = self.simulated - self.exact
        if self.standard_error == 0.0:
            return 0.0 if gap == 0.0 else float(np.copysign(np.inf, gap))
        return gap / self.standard_error

    @property
    def text(self) -> str:
        """The row as a line."""
        simulated = f"{self.simulated:.6g} +- {self.standard_error:.2g} (n = {self.n})"
        return f"{self.name}: {simulated}, exact {self.exact:.6g}, z = {self.z:.2f}"


def compare_exact(name: str, values: ArrayLike, exact: float) -> Comparison:
    """Values of trials [r], at least two, beside what theory says their mean is.

    Raises:
        StudyError: fewer than two trials.
    """
    column = np.asarray(values, dtype=np.float64).ravel()
    if column.size < 2:
        raise StudyError(f"{column.size} trials beside a closed form; expected at least two")
    share = bool(((column == 0) | (column == 1)).all()) and 0.0 <= exact <= 1.0
    # A rare event may not have happened at all: then the sample's own spread of 0 would condemn a right theory.
    spread = np.sqrt(exact * (1.0 - exact)) if share else column.std(ddof=1)
    return Comparison(name, float(column.mean()), float(spread / np.sqrt(column.size)), float(exact), int(column.size))
