"""A metric that is read as a detector: which trials of a part are known to be innocent, and what the guilty have more of."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Literal

from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.parts import Metric
from commonweal.lab.factors import Factor, Level


@dataclasses.dataclass(frozen=True)
class Screen:
    """A metric by which trials are accused, and cells of a part that are known to be innocent.

    The report shows how well it tells the trials of every other cell of the part from these: ROC curve and area under it.
    """

    metric: str
    """The study's metric whose value accuses a trial."""
    part: str
    """The part whose cells are told apart."""
    innocent: tuple[tuple[str, Level], ...]
    """(label, level) of the factors that choose the innocent cells."""
    guilty: Literal["more", "less"] = "more"
    """Whether the guilty are said to have more of the metric, or less."""


def check_screens(
    screens: Sequence[Screen], factors: Mapping[str, tuple[Factor, ...]], metrics: Named[Metric], study: str
) -> None:
    """Refuse screens that name a metric, part or level that the study does not have.

    Args:
        screens: of the study.
        factors: of each part of the study, by its name.
        metrics: of the study.
        study: its name.

    Raises:
        StudyError: a screen names what is not there, or no innocent cell, or a metric screens a part twice.
    """
    for i, screen in enumerate(screens):
        metrics[screen.metric]
        where = f"study {study!r} screens part {screen.part!r} by {screen.metric!r}"
        if screen.part not in factors:
            raise StudyError(f"{where}; expected one of {', '.join(factors)}")
        if any((screen.metric, screen.part) == (other.metric, other.part) for other in screens[:i]):
            raise StudyError(f"{where} twice; expected each metric once a part")
        if not screen.innocent:
            raise StudyError(f"{where} and names no innocent cells; give the levels of those that are known to be innocent")
        known = {factor.label: factor for factor in factors[screen.part]}
        for label, level in screen.innocent:
            if label not in known or not known[label].admits(level):
                expected = known[label].words if label in known else f"a factor among {', '.join(known) or 'none'}"
                raise StudyError(f"{where} with innocent {label} = {level}; expected {expected}")
