"""The norm index: agreement within societies beyond agreement between societies, over the trials of a cell.

    index = (W - B) / (1 - B),   W = mean agreement of a trial,   B = mean over pairs of trials of sum_k p_ik p_jk

1 where each society has settled on an option of its own; 0 where seats choose on their own, and where all societies react
alike, however much they agree. It is no number of one trial: a trial has none (NaN), and the table of a run gives each trial
of a cell its pseudo-value (`statistics.norm_index`), whose mean over trials is the index. So no stopping
rule can go by it. A single pseudo-value may lie outside of the index's range.

Source: Fisher, Statistical Methods for Research Workers (1925), chapter VII; Wright, Annals of Eugenics 15 (1951); as pseudo-
values, Andersen, Klein and Rosthoj, Biometrika 90 (2003).
"""

from __future__ import annotations

from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp

from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.numbers import Total, total
from commonweal.core.parts import EndMetric, Readings
from commonweal.core.views import End


class NormIndex(EndMetric):
    """Agreement within societies beyond agreement between societies; a trial's number is its pseudo-value.

    Raises:
        StudyError: fewer than two shares, or a column twice.
    """

    unit: ClassVar[str] = "1"
    low: ClassVar[float] = -1.0
    high: ClassVar[float] = 1.0
    source: ClassVar[str] = "intraclass correlation, Fisher (1925); pseudo-values, Andersen, Klein and Rosthoj (2003)"
    null: ClassVar[str] = "0 of seats that choose on their own and of a common reaction; 1 / (1 + sum a) of Polya urns"

    agreement: str = eqx.field(static=True, default="agreement")
    """The study's metric of agreement within a trial (`Agreement`), by name."""
    shares: tuple[str, ...] = eqx.field(static=True, default=("share-0", "share-1"))
    """Its metrics of the share of every option (`ChoiceShare`), over the same ticks, by name. [k]"""

    def __check_init__(self) -> None:
        """Refuse what cannot be the shares of all options."""
        if len(self.shares) < 2 or len({self.agreement, *self.shares}) <= len(self.shares):
            raise StudyError(
                f"a norm index of agreement {self.agreement!r} and shares {', '.join(map(repr, self.shares)) or 'none'}; "
                "expected the names of different metrics of the study, with a share for every option"
            )

    @property
    def across(self) -> tuple[str, ...]:
        """Agreement, and the share of every option."""
        return (self.agreement, *self.shares)

    def read(self, end: End) -> Named[Total]:
        """How many seats there are: what a trial has to say of it stands in other columns."""
        return Named.of(("seats", total(jnp.ones(end.seats.n, bool))))

    def value(self, readings: Readings) -> float:
        """NaN: the table has it."""
        return float("nan")
