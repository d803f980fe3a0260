"""What a design is: it chooses the cells of a part, at once or stage by stage."""

from __future__ import annotations

import abc
import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from commonweal.lab.factors import Factor, Levels

Allowed = Callable[[Levels], bool]
"""Whether a combination of levels may be run: the constraints between factors."""


@dataclasses.dataclass(frozen=True)
class Cell:
    """One combination of levels, and which seeds it is run with."""

    levels: Levels
    """The level of every factor of the part, by label."""
    seeds: int | None = None
    """Trials; None: as many as the part says."""
    first: int = 0
    """Seed of its first trial; cells that share seeds share random draws, and later seeds are fresh ones."""
    why: str = ""
    """Why it is run, in a word or two: `coverage`, `boundary`, `held out`; empty: it belongs to a plain design."""


@dataclasses.dataclass(frozen=True)
class Seen:
    """What a design is told of a part before it chooses the next stage: its finished trials. `r` trials."""

    factors: tuple[Factor, ...]
    """What the part varies."""
    allowed: Allowed
    """The part's constraints."""
    seeds: int
    """Trials a cell where a cell does not say otherwise."""
    cells: tuple[Cell, ...]
    """All cells so far, in the order of their numbers."""
    cell: NDArray[np.int64]
    """Number of each trial's cell. [r]"""
    seed: NDArray[np.int64]
    """Seed of each trial. [r]"""
    outcome: NDArray[np.float64]
    """The design's metric; NaN where a trial has none. [r]"""
    seconds: NDArray[np.float64]
    """What each trial was predicted to cost, in seconds: what it took differs from run to run, the next stage must not. [r]"""
    bounds: tuple[float, float] = (-np.inf, np.inf)
    """The metric's range."""
    stages: int = 0
    """Stages that followed the first, so far."""


@dataclasses.dataclass(frozen=True)
class Stage:
    """What is run next."""

    cells: tuple[Cell, ...]
    """New cells, numbered on from those that are there."""
    prediction: Mapping[str, object] | None = None
    """What is expected of them, as JSON, written down before they are run; None: nothing."""


class Design(abc.ABC):
    """Which cells of a part are run. A frozen dataclass whose fields are its parameters, all of them JSON values."""

    kind: ClassVar[str]
    """Its name in plans, as in `full`."""

    @abc.abstractmethod
    def begin(self, factors: tuple[Factor, ...], allowed: Allowed) -> tuple[Cell, ...]:
        """The cells of the first stage, the same on every call.

        Args:
            factors: what the part varies.
            allowed: which combinations may be run.

        Raises:
            StudyError: the design cannot be made of these factors.
        """

    def extend(self, seen: Seen) -> Stage | None:
        """The next stage, the same for the same trials; None: the design is complete.

        Args:
            seen: all trials of the part so far; every planned one is finished.
        """
        del seen

    def further(self, factors: tuple[Factor, ...], seeds: int) -> int:
        """Trials of later stages, at most: what a plan predicts.

        Args:
            factors: what the part varies.
            seeds: trials a cell where a cell does not say otherwise.
        """
        del factors, seeds
        return 0

    def metric(self, primary: str) -> str:
        """Name of the metric that `extend` is told.

        Args:
            primary: the study's primary metric.
        """
        return primary

    def accept(self, bounds: tuple[float, float]) -> None:
        """Refuse a metric that `extend` could not follow, before anything runs.

        Args:
            bounds: range of the metric that `extend` is told.

        Raises:
            StudyError: it cannot be followed.
        """
        del bounds

    def facts(self) -> dict[str, object]:
        """The design as JSON: its kind and parameters."""
        assert dataclasses.is_dataclass(self)
        return {"kind": self.kind, **dataclasses.asdict(self)}


def check_cells(factors: Sequence[Factor], cells: Sequence[Cell]) -> None:
    """Refuse cells that name other factors than the part has, or levels that these do not admit.

    Args:
        factors: what the part varies.
        cells: chosen by a design.

    Raises:
        StudyError: a cell does not fit; the message says where.
    """
    from commonweal.core.errors import StudyError

    labels = [factor.label for factor in factors]
    for number, cell in enumerate(cells):
        if list(cell.levels) != labels:
            raise StudyError(f"cell {number} has levels of {list(cell.levels)}; expected one for each of {labels}, in order")
        for factor in factors:
            if not factor.admits(cell.levels[factor.label]):
                raise StudyError(f"cell {number} has {factor.label} = {cell.levels[factor.label]!r}; expected {factor.words}")
