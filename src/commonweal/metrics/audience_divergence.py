"""How differently seats act when they are told that they are watched: the behavioural plane.

    JS = H((p + q) / 2) - (H(p) + H(q)) / 2                bits, 0 (alike) to 1 (nothing in common)

p, q: the shares of acts of each kind among those of seats that were told, and of those that were not, over the last ticks and
all seats; H: Shannon entropy in bits. Kinds are the answers to one choice or, where none is named, whether an act meets the
norm level `standard`. Shares of few acts differ by chance, which makes JS larger: what chance adds, to second order,

    sum over kinds of [ v(p) / (4 p) + v(q) / (4 q) - (v(p) + v(q)) / (4 (p + q)) ] / ln 2,     v(p) = p (1 - p) / (n - 1)

with n the number of acts, is taken off; so the value can fall below 0, by no more than .1.

Who was told is counted by the minds (their tally `audience`: 2 told, 1 not told, 0 not asked): a tick does not hold what rules
tell. Minds that do not count are left out. Fewer than two acts on either side: 0.

Source: J. Lin, IEEE Transactions on Information Theory 37 (1991), for the divergence; G. Miller, "Note on the bias of
information estimates" (1955), for the correction, here by the same expansion.
"""

from __future__ import annotations

import math
from typing import ClassVar

import equinox as eqx
import jax.core
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from numpy.typing import ArrayLike, NDArray

from commonweal.core.arrays import Index, real
from commonweal.core.errors import StudyError
from commonweal.core.menu import standing
from commonweal.core.named import Named
from commonweal.core.numbers import Total, total
from commonweal.core.parts import Readings, TickMetric
from commonweal.core.questions import Choice
from commonweal.core.views import Tick

TALLY = "audience"
"""What minds call their count: 2 acted told that they are watched, 1 acted not told, 0 was not asked."""


def jensen_shannon(one: ArrayLike, other: ArrayLike) -> float:
    """The Jensen-Shannon divergence of two distributions, bits.

    Args:
        one: probabilities, [k].
        other: probabilities, [k].

    Source: Lin (1991).
    """
    p, q = np.asarray(one, np.float64), np.asarray(other, np.float64)
    return _entropy((p + q) / 2) - (_entropy(p) + _entropy(q)) / 2


class AudienceDivergence(TickMetric):
    """Divergence of acts of seats that are told they are watched from acts of seats that are not.

    Raises:
        StudyError: fewer than one tick, or a standard out of range; in a trial, there is nothing to tell acts apart by.

    Source: Lin (1991).
    """

    unit: ClassVar[str] = "bits"
    low: ClassVar[float] = -0.1
    high: ClassVar[float] = 1.0
    source: ClassVar[str] = "Lin, IEEE Transactions on Information Theory 37 (1991); Miller (1955) for the bias"
    null: ClassVar[str] = "0 on average where the cue is shuffled among acts, or nobody counts who was told"

    question: str = eqx.field(static=True, default="")
    """The choice whose answers are compared, one answer for all; empty: whether norm levels meet `standard`."""
    last: int = eqx.field(static=True, default=1)
    """How many ticks at the end of a trial count, at least 1."""
    standard: Float[Array, ""] = eqx.field(converter=real, default=0.95)
    """Norm level that an act meets or does not, 0 to 1."""

    def __check_init__(self) -> None:
        """Refuse an end without ticks, and a standard out of range."""
        if self.last < 1:
            raise StudyError(f"a divergence of the last {self.last} ticks; expected at least 1")
        if not isinstance(self.standard, jax.core.Tracer) and not 0.0 <= float(self.standard) <= 1.0:
            raise StudyError(f"a divergence around norm level {float(self.standard):g}; expected 0 to 1")

    def read(self, tick: Tick) -> Named[Total]:
        """`told.k` and `untold.k`: how many acts of kind k seats gave that were told, and that were not."""
        found = jnp.zeros(tick.payoff.shape, jnp.int32)
        for name, count in tick.tallies.items():
            if name.rsplit(".", 1)[-1] == TALLY:
                found = found + count
        act, kinds = self._kinds(tick)
        rows = ((what, code, kind) for what, code in (("told", 2), ("untold", 1)) for kind in range(kinds))
        return Named.of(*((f"{what}.{kind}", total((found == code) & (act == kind))) for what, code, kind in rows))

    def _kinds(self, tick: Tick) -> tuple[Index, int]:
        """The kind of each seat's act, -1 where it did nothing, and how many kinds there are."""
        if not self.question:
            stand = standing(tick.menu, tick.bound)
            return jnp.where(stand.known, (stand.level >= self.standard).astype(jnp.int32), -1), 2
        question = tick.menu[self.question]
        if not isinstance(question, Choice) or question.to is not None:
            raise StudyError(
                f"AudienceDivergence compares answers to {self.question!r}, and that is no choice with one answer for all; "
                "name one, or none to compare norm levels"
            )
        return jnp.where(question.asked, tick.bound[self.question], -1), len(question.options)

    def value(self, readings: Readings) -> float:
        """-.1 to 1 bit; 0 where either side has fewer than two acts."""
        told, untold = (self._counts(readings, what) for what in ("told", "untold"))
        if min(told.sum(), untold.sum()) < 2:
            return 0.0
        p, q = told / told.sum(), untold / untold.sum()
        spread = p * (1 - p) / (told.sum() - 1), q * (1 - q) / (untold.sum() - 1)
        chance = sum(
            np.divide(own, 4 * by, out=np.zeros_like(by), where=by > 0).sum()
            for own, by in ((spread[0], p), (spread[1], q), (-(spread[0] + spread[1]), p + q))
        )
        return float(np.clip(jensen_shannon(p, q) - float(chance) / math.log(2), self.low, self.high))

    def _counts(self, readings: Readings, what: str) -> NDArray[np.float64]:
        """How many acts of each kind there were on one side. [k]"""
        kinds = [readings[name][-self.last :].sum() for name in readings if name.startswith(f"{what}.")]
        return np.asarray(kinds, np.float64)


def _entropy(shares: NDArray[np.float64]) -> float:
    """Shannon entropy, bits."""
    there = shares[shares > 0]
    return float(-(there * np.log2(there)).sum())
