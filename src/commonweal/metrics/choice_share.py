"""How often an option is chosen.

    share = seats that chose the option / seats that answered, over the last ticks

of one question; a default is no answer, and what a rule made of an answer counts. Nobody answered: NaN.

Source: ours; the frequency of a trait of L. Cavalli-Sforza and M. Feldman, Cultural Transmission and Evolution (1981).
"""

from __future__ import annotations

from typing import ClassVar

import equinox as eqx

from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.numbers import Total, total
from commonweal.core.parts import Readings, TickMetric
from commonweal.core.questions import Choice
from commonweal.core.views import Tick


class ChoiceShare(TickMetric):
    """The share of seats that chose an option, of those that answered.

    Raises:
        StudyError: fewer than one tick or an option below 0; in a trial, the question is no choice with one answer for all, or
            lacks the option.
    """

    unit: ClassVar[str] = "1"
    low: ClassVar[float] = 0.0
    high: ClassVar[float] = 1.0
    source: ClassVar[str] = "Cavalli-Sforza and Feldman, Cultural Transmission and Evolution (1981): frequency of a trait"
    null: ClassVar[str] = "1 / k where answers are drawn from k options alike"

    question: str = eqx.field(static=True, default="custom")
    """Which question of the menu; a choice with one answer for all."""
    option: int = eqx.field(static=True, default=0)
    """Which of its options, from 0."""
    last: int = eqx.field(static=True, default=1)
    """How many ticks at the end of a trial count, at least 1."""

    def __check_init__(self) -> None:
        """Refuse an end without ticks, and an option that cannot be."""
        if self.last < 1 or self.option < 0:
            raise StudyError(
                f"the share of option {self.option} in the last {self.last} ticks; expected an option's place, from 0, and at "
                "least 1 tick"
            )

    def read(self, tick: Tick) -> Named[Total]:
        """`chose`, how many seats chose it, and `answered`, of how many."""
        question = tick.menu[self.question]
        if not isinstance(question, Choice) or question.to is not None or self.option >= len(question.options):
            raise StudyError(
                f"ChoiceShare reads option {self.option} of {self.question!r}, and that is no such choice; expected the name "
                "of a choice with one answer for all, and the place of one of its options"
            )
        answered = question.asked & tick.answered[self.question]
        return Named.of(
            ("chose", total(answered & (tick.bound[self.question] == self.option))),
            ("answered", total(answered)),
        )

    def value(self, readings: Readings) -> float:
        """0 to 1; NaN where nobody answered."""
        answered = int(readings["answered"][-self.last :].sum())
        return int(readings["chose"][-self.last :].sum()) / answered if answered else float("nan")
