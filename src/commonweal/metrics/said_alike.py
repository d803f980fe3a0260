"""How alike what is posted is, tick by tick, and how still its centre stands: two numbers of paper A without a log.

With S(t) the sum of the n(t) unit vectors that are posted in a tick,

    similarity   (|S|^2 - n) / (n (n - 1))               the mean cosine of all pairs of a tick's posts, exact
    stability    cos(S(t), S(t - 1))                     of the centres of two ticks

each as the mean over the last ticks in which there is one; `what` says which. Vectors have parts of 2^-10, so that a cosine is
right to about 0.001. Nothing is kept but a sum a tick: a society of any size can be read.

Source: Li, Li and Zhou, "Does socialization emerge in AI agent society?", arXiv 2602.14299: pairwise similarity and centroid
stability, by the tick instead of the day.
"""

from __future__ import annotations

from typing import ClassVar, Literal

import equinox as eqx
import jax.numpy as jnp
import numpy as np

from commonweal.core.content import ONE_PART
from commonweal.core.errors import StudyError
from commonweal.core.feed import POST
from commonweal.core.named import Named
from commonweal.core.numbers import Total, total
from commonweal.core.parts import Readings, TickMetric
from commonweal.core.questions import Say
from commonweal.core.views import Tick


class SaidAlike(TickMetric):
    """The likeness of what is posted, read off while a trial runs.

    Raises:
        StudyError: there is no tick or no such number; in a trial, nobody posts vectors.
    """

    unit: ClassVar[str] = "1"
    low: ClassVar[float] = -1.0
    high: ClassVar[float] = 1.01
    source: ClassVar[str] = "arXiv 2602.14299: S_pair and S_cent, by the tick"
    null: ClassVar[str] = "0 of directions drawn alike; stability: 1 of a centre that stands still"

    what: Literal["similarity", "stability"] = eqx.field(static=True, default="similarity")
    """Which of the two numbers."""
    last: int = eqx.field(static=True, default=10)
    """How many ticks at the end of a trial count, at least 1."""

    def __check_init__(self) -> None:
        """Refuse an end without ticks, and numbers that are not there."""
        if self.last < 1 or self.what not in ("similarity", "stability"):
            raise StudyError(
                f"{self.what!r} over the last {self.last} ticks; expected similarity or stability, over at least 1"
            )

    def read(self, tick: Tick) -> Named[Total]:
        """`posts`, how many there were, and `part.0`, `part.1`, ...: the parts of their sum, in units of 2^-10."""
        question = tick.menu.get(POST)
        if not isinstance(question, Say) or not question.size:
            raise StudyError("the likeness of posts was asked of a society that posts no vectors; expected Forum(size=16)")
        said = jnp.where(tick.answered[POST][:, None], tick.bound[POST], 0)
        parts = total(said, axis=0)
        posts = total((said != 0).any(1))
        return Named.of(("posts", posts), *((f"part.{at}", parts[at]) for at in range(question.size)))

    def value(self, readings: Readings) -> float:
        """-1 to 1; NaN where there were never two posts in a tick, or two ticks with posts."""
        posts = readings["posts"].astype(np.float64)
        sums = np.stack([readings[name] for name in readings if name.startswith("part.")], 1).astype(np.float64) / ONE_PART
        square = (sums**2).sum(1)
        if self.what == "similarity":
            found = np.divide(square - posts, posts * (posts - 1), out=np.full(len(posts), np.nan), where=posts > 1)
        else:
            length = np.sqrt(square[1:] * square[:-1])
            found = np.divide((sums[1:] * sums[:-1]).sum(1), length, out=np.full(len(length), np.nan), where=length > 0)
        found = found[-self.last :]
        return float(np.nanmean(found)) if np.isfinite(found).any() else float("nan")
