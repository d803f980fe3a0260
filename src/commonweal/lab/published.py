"""A row of a published table, and which of our societies stands beside it on the report."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Literal

from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.parts import Metric
from commonweal.lab.factors import Factor, Level


@dataclasses.dataclass(frozen=True)
class Figure:
    """One published number."""

    metric: str
    """The study's metric that it is a value of."""
    value: float
    """As published, in the metric's unit."""
    within: float = 0.0
    """How much the print rounds, at least 0: what lies no further away is the same figure."""
    compared: bool = True
    """Whether ours should come out so; else it is shown beside ours and no verdict is given."""

    def __post_init__(self) -> None:
        """Refuse a rounding that is none."""
        if not self.within >= 0:
            raise StudyError(f"a published {self.metric} is rounded by {self.within}; expected 0 or more")


@dataclasses.dataclass(frozen=True)
class Published:
    """One published row, and where ours stands beside it: the mean of cells, or what a change of levels does to it."""

    name: str
    """What the row is of, as in `GPT-4o`."""
    figures: tuple[Figure, ...]
    part: str = ""
    """The part of ours that is set beside it; empty: none is, the row is shown alone."""
    levels: tuple[tuple[str, Level], ...] = ()
    """(label, level) of the factors that choose the part's cells; none: all of them."""
    against: tuple[tuple[str, Level], ...] = ()
    """The cells of comparison, where the figures are differences: `levels` with one of them otherwise; none: they are means."""
    compared: Literal["size", "direction"] = "size"
    """Whether ours must come out as large, or with the same sign only."""
    note: str = ""
    """What a reader must know of the comparison, in a sentence; empty: nothing."""


def check_published(
    rows: Sequence[Published], factors: Mapping[str, tuple[Factor, ...]], metrics: Named[Metric], study: str
) -> None:
    """Refuse rows that name a metric, part or level that the study does not have.

    Args:
        rows: of the published table.
        factors: of each part of the study, by its name.
        metrics: of the study.
        study: its name.

    Raises:
        StudyError: a row names what is not there, or a direction of what is no difference.
    """
    for row in rows:
        where = f"study {study!r} sets its published row {row.name!r} beside"
        for figure in row.figures:
            metrics[figure.metric]
        if row.part and row.part not in factors:
            raise StudyError(f"{where} part {row.part!r}; expected one of {', '.join(factors)}")
        if not row.part and (row.levels or row.against):
            raise StudyError(f"{where} levels of no part; name the part too")
        if row.compared == "direction" and row.part and not row.against:
            raise StudyError(f"{where} a mean and compares directions; give it the levels `against` which it differs")
        apart = dict(row.levels).keys() ^ dict(row.against).keys()
        if row.against and (apart or len({*row.levels} - {*row.against}) != 1):
            raise StudyError(f"{where} {row.levels} against {row.against}; expected the same factors, one at another level")
        known = {factor.label: factor for factor in factors.get(row.part, ())}
        for label, level in (*row.levels, *row.against):
            if label not in known or not known[label].admits(level):
                expected = known[label].words if label in known else f"a factor among {', '.join(known) or 'none'}"
                raise StudyError(f"{where} {label} = {level} of part {row.part!r}; expected {expected}")
