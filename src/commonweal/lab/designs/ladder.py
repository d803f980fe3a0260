"""A ladder of sizes or horizons: the smaller ones are run, the largest is predicted in writing, and then it is run."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from commonweal.core.errors import StudyError
from commonweal.lab.designs.design import Allowed, Cell, Design, Seen, Stage
from commonweal.lab.factors import Factor, Level, Levels
from commonweal.statistics.inference import Bounds
from commonweal.statistics.scaling import LEAST_SIZES, Prediction, gather_rungs, predict_mean

HELD_OUT = "held out"
"""Why a cell of the second stage is run."""

APART = 1_000_000
"""Seeds between two horizons. With the same seeds a longer trial would begin with the shorter one, and tell nothing new."""


@dataclasses.dataclass(frozen=True)
class Ladder(Design):
    """All combinations of levels, the largest sizes held out until the mean outcome there has been predicted.

    The held-out cells have fresh seeds, so that nothing that was predicted from is seen again. Of a ladder of horizons every
    rung has seeds of its own.

    Source: `commonweal.statistics.scaling`.
    """

    kind: ClassVar[str] = "ladder"
    factor: str
    """Label of the factor whose levels are the sizes (or ticks): numbers above 0."""
    hold: int = 1
    """How many of the largest levels are held out, at least 1."""
    level: float = 0.95
    """Nominal coverage of the predictions, in (0, 1)."""

    def __post_init__(self) -> None:
        """Refuse a ladder that holds nothing out."""
        if self.hold < 1 or not 0 < self.level < 1:
            raise StudyError(
                f"a ladder holds out {self.hold} sizes with coverage {self.level:g}; expected at least 1, and between 0 and 1"
            )

    def begin(self, factors: tuple[Factor, ...], allowed: Allowed) -> tuple[Cell, ...]:
        """Every allowed combination without the held-out sizes, the last factor running fastest.

        Args:
            factors: what the part varies, all with levels.
            allowed: which combinations may be run.

        Raises:
            StudyError: the ladder's factor is not there, has too few sizes or no numbers, or a factor has a range.
        """
        held = self._held(factors)
        rows = [levels for levels in _combinations(factors) if levels[self.factor] not in held and allowed(levels)]
        cells = tuple(Cell(levels, first=self._first(factors, levels)) for levels in rows)
        if not cells:
            raise StudyError("the constraint allows no combination of levels below the held-out sizes; expected at least one")
        return cells

    def extend(self, seen: Seen) -> Stage | None:
        """The held-out cells, and for each the prediction from the smaller sizes; None once they are there.

        Args:
            seen: all trials of the first stage.
        """
        if seen.stages:
            return None
        held = self._held(seen.factors)
        rows = [levels for levels in _combinations(seen.factors) if levels[self.factor] in held and seen.allowed(levels)]
        fresh = [seen.seeds + self._first(seen.factors, levels) for levels in rows]
        cells = tuple(Cell(levels, seen.seeds, first, HELD_OUT) for levels, first in zip(rows, fresh, strict=True))
        predicted = [self._predict(seen, levels) for levels in rows]
        return Stage(cells, {"kind": self.kind, "factor": self.factor, "level": self.level, "cells": predicted})

    def further(self, factors: tuple[Factor, ...], seeds: int) -> int:
        """Trials of the held-out sizes, where no constraint leaves any out.

        Args:
            factors: what the part varies.
            seeds: trials a cell.
        """
        held = self._held(factors)
        return seeds * sum(levels[self.factor] in held for levels in _combinations(factors))

    def _first(self, factors: tuple[Factor, ...], levels: Levels) -> int:
        """The first seed of a cell."""
        own = next(factor for factor in factors if factor.label == self.factor)
        return APART * own.levels.index(levels[self.factor]) if own.lens.lasts else 0

    def _held(self, factors: tuple[Factor, ...]) -> frozenset[Level]:
        own = next((factor for factor in factors if factor.label == self.factor), None)
        if own is None:
            labels = ", ".join(factor.label for factor in factors) or "none"
            raise StudyError(f"the ladder climbs {self.factor!r}; expected one of the part's factors: {labels}")
        ranged = [factor.label for factor in factors if factor.ranged]
        if ranged:
            raise StudyError(f"factor {ranged[0]!r} has a range; a ladder runs every combination: give it levels")
        sizes = sorted(float(level) for level in own.levels if isinstance(level, (int, float)) and not isinstance(level, bool))
        if len(sizes) < len(own.levels) or not sizes or sizes[0] <= 0:
            raise StudyError(f"the ladder's factor {self.factor!r} has levels {own.levels}; expected numbers above 0")
        if len(sizes) < LEAST_SIZES + self.hold:
            raise StudyError(
                f"the ladder's factor {self.factor!r} has {len(sizes)} levels of which {self.hold} are held out; expected at "
                f"least {LEAST_SIZES} that are not: give it more, as in 8, 16, 32, 64"
            )
        return frozenset(level for level in own.levels if level in sizes[-self.hold :])

    def _predict(self, seen: Seen, levels: Levels) -> Mapping[str, object]:
        """What is expected of one held-out cell, as JSON."""
        others = {label: level for label, level in levels.items() if label != self.factor}
        chosen = [
            number
            for number, cell in enumerate(seen.cells)
            if all(cell.levels[label] == level for label, level in others.items())
        ]
        mask = np.isin(seen.cell, chosen)
        sizes = np.array([float(seen.cells[number].levels[self.factor]) for number in seen.cell[mask]])
        size, bounds = float(levels[self.factor]), seen.bounds
        known = Bounds(*bounds) if np.isfinite(bounds).all() else None
        try:
            prediction = predict_mean(gather_rungs(sizes, seen.outcome[mask], known), size, seen.seeds, self.level)
        except StudyError as error:
            # The run goes on: what cannot be predicted is said, not guessed.
            return {"levels": dict(levels), "size": size, "trials": seen.seeds, "none": str(error)}
        return {"levels": dict(levels), **_as_json(prediction)}


def _as_json(prediction: Prediction) -> dict[str, object]:
    laws = [{"law": fit.law, "formula": fit.formula, "weight": round(fit.weight, 6)} for fit in prediction.fits]
    return {
        "size": prediction.size,
        "trials": prediction.trials,
        "value": prediction.value,
        "low": prediction.low,
        "high": prediction.high,
        "laws": laws,
    }


def _combinations(factors: tuple[Factor, ...]) -> list[dict[str, Level]]:
    labels = [factor.label for factor in factors]
    grids = itertools.product(*(factor.levels for factor in factors))
    return [dict(zip(labels, levels, strict=True)) for levels in grids]
