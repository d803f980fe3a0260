"""What an audit starts from: the primary part, thinned to a few cells, and small changes of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any

import numpy as np

from commonweal.core.menu import Menu
from commonweal.core.parts import HostedMind, Mind
from commonweal.core.seats import Seats
from commonweal.core.society import Society
from commonweal.core.streams import Key
from commonweal.core.views import Start
from commonweal.lab.batches import AGENT_STEPS_PER_S
from commonweal.lab.designs.full import Full
from commonweal.lab.factors import Factor, Level
from commonweal.lab.study import Part, Specification, Study

BLOCKS = 4
"""Combinations of the other factors' levels that an audit keeps, at most: with the two arms, 8 cells."""
PART_S = 2.0
"""Predicted seconds of one part of an audit, at most, where its trials are compiled."""
LEAST_SEEDS = 4
"""Trials a cell that a compiled part of an audit has in any case, if the primary part has them."""


@dataclasses.dataclass(frozen=True)
class Change:
    """One specification, not yet made: making it fails where it does not apply."""

    axis: str
    """What kind of thing is changed."""
    what: str
    """What it is changed to."""
    make: Callable[[], Part]
    """The part; raises StudyError where the society admits no such change."""


@dataclasses.dataclass(frozen=True)
class Basis:
    """The primary part of a study, thinned, and what changes need to know of it."""

    study: str
    """Name of the study."""
    part: Part
    """The thinned part."""
    primary: str
    """Label of the primary factor."""

    @property
    def society(self) -> Society:
        """The society that is varied."""
        return self.part.society

    @cached_property
    def typical(self) -> Society:
        """The society of the first cell."""
        return self.part.society_of(self.part.cells()[0])

    @cached_property
    def seats(self) -> Seats:
        """The seats of the typical society."""
        own = self.typical
        return own.seats.seat(own.minds.names, own.seats.links(), Key.root(0))

    @cached_property
    def start(self) -> Start:
        """How a trial of its world begins."""
        return self.typical.world.reset(Key.root(0), self.seats)

    @cached_property
    def menu(self) -> Menu:
        """The menu of its world at the start."""
        return self.typical.world.menu(self.start.state, self.seats, self.start.endowment)

    @property
    def factor(self) -> Factor:
        """The primary factor."""
        return next(factor for factor in self.part.factors if factor.label == self.primary)

    def of(self, shelf: str, path: tuple[str, ...] | None = None) -> list[Factor]:
        """The factors on a shelf of the society, as `seats`; with a path, those at exactly that place."""
        return [own for own in self.part.factors if own.lens.shelf == shelf and path in (None, own.lens.path)]

    def to(self, society: Society | None = None, factors: tuple[Factor, ...] | None = None, ticks: int | None = None) -> Part:
        """The part with something changed; its theory is not of the changed society.

        Args:
            society: instead of its own; None: unchanged.
            factors: likewise.
            ticks: likewise.
        """
        return dataclasses.replace(
            self.part,
            society=self.part.society if society is None else society,
            factors=self.part.factors if factors is None else factors,
            ticks=self.part.ticks if ticks is None else ticks,
            theory=None,
        )

    def with_world(self, change: Callable[[Any], Any]) -> Part:
        """The part with another world around, or instead of, its own."""
        return self.to(dataclasses.replace(self.society, world=change(self.society.world)))

    def with_minds(self, change: Callable[[str, Mind | HostedMind], Mind | HostedMind]) -> Part:
        """The part with its minds changed, those included that stand as levels of a factor."""
        minds = self.society.minds
        changed = dataclasses.replace(minds, values=tuple(change(name, mind) for name, mind in minds.items()))
        return self.to(dataclasses.replace(self.society, minds=changed), self.revalued("minds", (), change))

    def revalued(self, shelf: str, path: tuple[str, ...], change: Callable[[str, Any], Any]) -> tuple[Factor, ...]:
        """The factors, with what their levels stand for changed where they vary this very place.

        Args:
            shelf: of the place.
            path: of the place, from its part.
            change: from the part's name and what a level stands for.
        """

        def revalue(factor: Factor) -> Factor:
            if factor.values is None or factor.lens.shelf != shelf or factor.lens.path != path:
                return factor
            return dataclasses.replace(factor, values=tuple(change(factor.lens.name, value) for value in factor.values))

        return tuple(revalue(factor) for factor in self.part.factors)

    def releveled(self, factor: Factor, level: Level) -> tuple[Factor, ...]:
        """The factors, one of them held at a level."""
        held = dataclasses.replace(factor, levels=(level,), values=None, low=None, high=None)
        return tuple(held if own.label == factor.label else own for own in self.part.factors)


def basis_of(study: Study) -> Basis:
    """The primary part of a study, restricted to the two arms and thinned to at most 8 cells.

    The other factors keep evenly spaced levels. One that shapes the program (a size) keeps its middle level, since each of its
    levels is compiled anew. There are as many trials of the two arms as in the primary part, within `PART_S` predicted
    seconds: thinning costs cells, not certainty.

    Raises:
        StudyError: the part's constraint allows none of the cells that are left.
    """
    part = study.part(study.primary.part)
    static = {factor.label for factor in part.factors if factor.lens.static(part.society)}
    others = [factor for factor in part.factors if factor.label != study.primary.factor]
    counts = {own.label: 1 if own.label in static else min(BLOCKS, _many(own)) for own in others}
    while np.prod(list(counts.values()), dtype=int) > BLOCKS:
        longest = max(counts, key=lambda label: counts[label])
        counts[longest] -= 1
    arms = (study.primary.control, study.primary.treatment)
    factors = tuple(
        _kept(own, arms) if own.label == study.primary.factor else _kept(own, _spread(own, counts[own.label]))
        for own in part.factors
    )
    thinned = dataclasses.replace(
        part, factors=factors, design=Full(), later=(), record=(), role="audit", specification=Specification("", "")
    )
    compared = sum(
        len(part.seeds_of(number)) for number, cell in enumerate(part.plan) if cell.levels[study.primary.factor] in arms
    )
    return Basis(study.name, dataclasses.replace(thinned, seeds=_seeds(part, thinned, compared)), study.primary.factor)


def _seeds(part: Part, thinned: Part, compared: int) -> int:
    """Trials a cell: of hosted parts as in the primary part, else what gives as many trials of the two arms, if time admits."""
    if thinned.society.hosted:
        return part.seeds
    cells = thinned.cells()
    agents = thinned.society_of(cells[0]).seats.n
    admitted = int(PART_S / (agents * thinned.ticks / AGENT_STEPS_PER_S + 0.002) / len(cells))
    return max(min(compared // len(cells), admitted), min(part.seeds, LEAST_SEEDS))


def _many(factor: Factor) -> int:
    return BLOCKS if factor.ranged else len(factor.levels)


def _spread(factor: Factor, count: int) -> tuple[Level, ...]:
    """So many levels, evenly spaced; one: the middle."""
    if factor.low is not None and factor.high is not None:
        ends = np.log([factor.low, factor.high]) if factor.logarithmic else np.array([factor.low, factor.high])
        places = ends[0] + (np.arange(count) + 0.5) / count * (ends[1] - ends[0])
        levels = np.exp(places) if factor.logarithmic else places
        return tuple(dict.fromkeys(round(level) if factor.whole else float(level) for level in levels.tolist()))
    last = len(factor.levels) - 1
    places = [len(factor.levels) // 2] if count == 1 else [round(last * place / (count - 1)) for place in range(count)]
    return tuple(factor.levels[place] for place in places)


def _kept(factor: Factor, levels: tuple[Level, ...]) -> Factor:
    """The factor with some of its levels."""
    values = None if factor.values is None else tuple(factor.value(level) for level in levels)
    return dataclasses.replace(factor, levels=levels, values=values, low=None, high=None, whole=False, logarithmic=False)


def inside(part: Any) -> Iterator[Any]:
    """A part and all that it wraps, from the outside in."""
    yield part
    while hasattr(part, "inner"):
        part = part.inner
        yield part
