"""How often two seats of one society choose alike.

    W = mean over the last ticks of sum_k n_k (n_k - 1) / (n (n - 1))

of one question, over the n seats that answer it in a tick; a default is no answer, and what a rule made of an answer counts.
Without bias: of seats that choose on their own with probabilities p it is sum_k p_k^2 on average, whatever n. Ticks with
fewer than two answers do not count; none counts: NaN. It says nothing of why they agree: `metrics.norm_index` does.

Source: E. Simpson, "Measurement of diversity", Nature 163 (1949).
"""

from __future__ import annotations

from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp

from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.numbers import Total, total
from commonweal.core.parts import Readings, TickMetric
from commonweal.core.questions import Choice
from commonweal.core.views import Tick


class Agreement(TickMetric):
    """The share of pairs of seats that choose alike.

    Raises:
        StudyError: fewer than one tick; in a trial, the question is no choice with one answer for all.
    """

    unit: ClassVar[str] = "1"
    low: ClassVar[float] = 0.0
    high: ClassVar[float] = 1.0
    source: ClassVar[str] = "Simpson, Nature 163 (1949)"
    null: ClassVar[str] = "1 / k where answers are drawn from k options alike; what societies share of it, norm_index takes off"

    question: str = eqx.field(static=True, default="custom")
    """Which question of the menu; a choice with one answer for all."""
    last: int = eqx.field(static=True, default=1)
    """How many ticks at the end of a trial count, at least 1."""

    def __check_init__(self) -> None:
        """Refuse an end without ticks."""
        if self.last < 1:
            raise StudyError(f"the agreement of the last {self.last} ticks; expected at least 1")

    def read(self, tick: Tick) -> Named[Total]:
        """`alike`, ordered pairs of seats that chose alike, and `seats`, how many answered."""
        question = tick.menu[self.question]
        if not isinstance(question, Choice) or question.to is not None:
            raise StudyError(
                f"Agreement reads the answers to {self.question!r}, and that is no choice with one answer for all; expected "
                "the name of one"
            )
        answered = question.asked & tick.answered[self.question]
        # A row for each option would need k copies of a million seats: they are counted one by one.
        counts = [total(answered & (tick.bound[self.question] == option)) for option in range(len(question.options))]
        with jax.enable_x64(True):
            chose = jnp.stack(counts)
            return Named.of(("alike", (chose * (chose - 1)).sum()), ("seats", chose.sum()))

    def value(self, readings: Readings) -> float:
        """0 to 1; NaN where no two seats answered."""
        found = [
            int(alike) / (int(seats) * (int(seats) - 1))
            for alike, seats in zip(readings["alike"][-self.last :], readings["seats"][-self.last :], strict=True)
            if seats > 1
        ]
        return sum(found) / len(found) if found else float("nan")
