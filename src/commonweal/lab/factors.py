"""What a study varies: a factor has levels, or a range that a design samples."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping

from commonweal.core.errors import StudyError
from commonweal.core.lens import Lens

Level = float | int | str | bool
Levels = Mapping[str, Level]
"""The level of each factor in one cell, by the factor's label."""


@dataclasses.dataclass(frozen=True)
class Factor:
    """One thing that is varied, and its levels, or the range in which a design chooses them."""

    label: str
    """What it is called in tables and figures, as in `detection probability`."""
    lens: Lens
    """Where it is in the society."""
    levels: tuple[Level, ...] = ()
    """Each once; empty where there is a range."""
    values: tuple[object, ...] | None = None
    """What each level stands for, where that is no number or word: a mind, a rule, a channel; None: the levels themselves."""
    low: float | None = None
    """Least value of a range; None: there is none."""
    high: float | None = None
    """Greatest value of a range, above `low`."""
    whole: bool = False
    """Whether a range holds whole numbers only."""
    logarithmic: bool = False
    """Whether a range is sampled evenly in the logarithm; `low` is then above 0."""

    def __post_init__(self) -> None:
        """Refuse a factor without levels and without a range, or with a range that holds nothing."""
        if self.values is not None and len(self.values) != len(self.levels):
            raise StudyError(
                f"factor {self.label!r} has {len(self.levels)} levels and {len(self.values)} values; give one each"
            )
        if self.low is None and self.high is None:
            if not self.levels or len(set(self.levels)) != len(self.levels):
                raise StudyError(
                    f"factor {self.label!r} has levels {self.levels}; expected at least one, each once, or a range low, high"
                )
            return
        if self.levels or self.values is not None:
            raise StudyError(f"factor {self.label!r} has levels and a range; give one of the two")
        if self.low is None or self.high is None or not -math.inf < self.low < self.high < math.inf:
            raise StudyError(f"factor {self.label!r} has the range {self.low} to {self.high}; expected low < high, both finite")
        if self.logarithmic and self.low <= 0:
            raise StudyError(f"factor {self.label!r} is sampled in the logarithm from {self.low}; expected a low above 0")
        if self.whole and not (float(self.low).is_integer() and float(self.high).is_integer()):
            raise StudyError(f"factor {self.label!r} has whole numbers from {self.low} to {self.high}; expected whole limits")

    @property
    def ranged(self) -> bool:
        """Whether it has a range instead of levels."""
        return self.low is not None

    @property
    def words(self) -> str:
        """What a cell may have, in words."""
        if self.ranged:
            return f"a {'whole ' if self.whole else ''}number from {self.low:g} to {self.high:g}"
        return f"one of {self.levels}"

    @property
    def numeric(self) -> bool:
        """Whether its levels are numbers, in an order that means something."""
        return self.ranged or all(isinstance(level, (int, float)) and not isinstance(level, bool) for level in self.levels)

    def value(self, level: Level) -> object:
        """What a level stands for."""
        return level if self.values is None else self.values[self.levels.index(level)]

    def admits(self, level: Level) -> bool:
        """Whether a cell may have this level."""
        if self.low is None or self.high is None:
            return level in self.levels
        number = not isinstance(level, (str, bool)) and self.low <= level <= self.high
        return number and (not self.whole or float(level).is_integer())
