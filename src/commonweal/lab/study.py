"""A study: a question, the parts that answer it, and the one outcome that counts. The study file is the configuration."""

from __future__ import annotations

import dataclasses
import importlib.util
import itertools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

from commonweal.core.catalogue import find
from commonweal.core.errors import StudyError
from commonweal.core.lens import Lens
from commonweal.core.named import Named
from commonweal.core.parts import Metric
from commonweal.core.society import Society
from commonweal.models.budget import Budget

Level = float | int | str | bool
Levels = Mapping[str, Level]
"""The level of each factor in one cell, by the factor's label."""


@dataclasses.dataclass(frozen=True)
class Factor:
    """One thing that is varied, and its levels."""

    label: str
    """What it is called in tables and figures, as in `detection probability`."""
    lens: Lens
    """Where it is in the society."""
    levels: tuple[Level, ...]
    """At least one, each once."""
    values: tuple[object, ...] | None = None
    """What each level stands for, where that is no number or word: a mind, a rule, a channel; None: the levels themselves."""

    def __post_init__(self) -> None:
        """Refuse a factor without levels."""
        if self.values is not None and len(self.values) != len(self.levels):
            raise StudyError(
                f"factor {self.label!r} has {len(self.levels)} levels and {len(self.values)} values; give one each"
            )
        if not self.levels or len(set(self.levels)) != len(self.levels):
            raise StudyError(f"factor {self.label!r} has levels {self.levels}; expected at least one, each once")

    def value(self, level: Level) -> object:
        """What a level stands for."""
        return level if self.values is None else self.values[self.levels.index(level)]


@dataclasses.dataclass(frozen=True)
class Part:
    """One society, varied: every combination of the factors' levels is a cell, run with every seed."""

    name: str
    society: Society
    factors: tuple[Factor, ...]
    ticks: int
    seeds: int
    """Trials a cell. Cells share seeds, and so random draws: trials that differ in one factor only are pairs."""
    role: Literal["main", "control"] = "main"
    """`main`: the primary outcome is estimated here."""
    theory: Callable[[Levels], float | None] | None = None
    """What theory says the primary metric is in a cell; None: not known there."""
    record: tuple[str, ...] = ()
    """What is traced per agent in every trial; the first seed of each small cell is traced anyhow."""

    def __post_init__(self) -> None:
        """Refuse a part that cannot be run."""
        if self.ticks < 1 or self.seeds < 1:
            raise StudyError(f"part {self.name!r} has {self.ticks} ticks and {self.seeds} seeds; expected at least 1 of each")
        labels = [factor.label for factor in self.factors]
        if len(set(labels)) != len(labels):
            raise StudyError(f"part {self.name!r} has two factors of one label in {labels}; expected each once")

    def cells(self) -> list[dict[str, Level]]:
        """The levels of each cell, in the order of the last factor running fastest."""
        grids = itertools.product(*(factor.levels for factor in self.factors))
        return [dict(zip((factor.label for factor in self.factors), levels, strict=True)) for levels in grids]

    def society_of(self, levels: Levels) -> Society:
        """The society of a cell.

        Raises:
            StudyError: a lens names nothing, or a level is not possible there.
        """
        society = self.society
        # A whole part or network before a number inside it, which would be lost otherwise.
        for factor in sorted(self.factors, key=lambda factor: len(factor.lens.path)):
            society = factor.lens.set(society, factor.value(levels[factor.label]))
        return society


@dataclasses.dataclass(frozen=True)
class Primary:
    """The one primary outcome: the difference that a factor makes to a metric."""

    metric: str
    part: str
    factor: str
    """Label of the factor whose effect is asked for."""
    control: Level
    treatment: Level
    claim: str
    """The subject of the answer's sentence, as in `An audit that finds half of all over-harvests`."""
    outcome: str = ""
    """What the metric's mean is in the answer's sentence, as in `the share of societies that survive`; empty: its name."""


@dataclasses.dataclass(frozen=True)
class Study:
    """A question and how it is to be answered.

    Raises:
        StudyError: the design is empty, or the primary outcome names what is not there.
    """

    name: str
    """Lower case with `-`: its folder and its name in the catalogue."""
    question: str
    """In one sentence, ending with a question mark."""
    parts: tuple[Part, ...]
    metrics: Named[Metric]
    primary: Primary
    hypotheses: tuple[str, ...] = ()
    theory: str = "none known"
    """In one sentence, what the theory value of a cell is; or `none known`."""
    budget: Budget = dataclasses.field(default_factory=Budget)
    """What its models may cost at most: a plan that would cost more is refused, and a run stops there."""
    doc: str = ""
    """What a reader should know of the design, in a paragraph."""

    def __post_init__(self) -> None:
        """Refuse an empty design and a primary outcome that cannot be estimated."""
        if not self.parts:
            raise StudyError(f"study {self.name!r} has no parts; expected at least one: an empty design answers nothing")
        names = [part.name for part in self.parts]
        if len(set(names)) != len(names):
            raise StudyError(f"study {self.name!r} has two parts of one name in {names}; expected each once")
        self.metrics[self.primary.metric]
        part = self.part(self.primary.part)
        if part.role != "main":
            raise StudyError(f"the primary outcome is asked of {part.name!r}, a control; expected a part whose role is main")
        factors = {factor.label: factor for factor in part.factors}
        if self.primary.factor not in factors:
            raise StudyError(
                f"the primary factor {self.primary.factor!r} is not varied in {part.name!r}; expected one of "
                f"{', '.join(factors) or 'its factors: it has none'}"
            )
        for level in (self.primary.control, self.primary.treatment):
            if level not in factors[self.primary.factor].levels:
                raise StudyError(
                    f"the primary outcome compares {self.primary.factor} = {level}; expected one of "
                    f"{factors[self.primary.factor].levels}"
                )

    def part(self, name: str) -> Part:
        """The part of a name."""
        return Named(tuple(part.name for part in self.parts), self.parts)[name]

    def scaled(self, seeds: int | None, quick: bool) -> Study:
        """The study with another number of seeds in its main parts; `quick`: at most 2 seeds, and 3 ticks with language."""

        def change(part: Part) -> Part:
            count = seeds if seeds is not None and part.role == "main" else part.seeds
            ticks = min(part.ticks, 3) if quick and part.society.hosted else part.ticks
            return dataclasses.replace(part, seeds=min(count, 2) if quick else count, ticks=ticks)

        return dataclasses.replace(self, parts=tuple(change(part) for part in self.parts))


def load_study(reference: str) -> Study:
    """The study of a catalogue name, or the one in a Python file.

    Raises:
        StudyError: nothing is found, or a file holds none or several studies.
    """
    path = Path(reference)
    if path.suffix != ".py":
        value = find("studies", reference).load()
        if not isinstance(value, Study):
            raise StudyError(f"the catalogue's study {reference!r} is a {type(value).__name__}; expected a Study")
        return value
    if not path.is_file():
        raise StudyError(f"there is no file {reference}; expected a Python file that holds a Study")
    spec = importlib.util.spec_from_file_location(f"commonweal_study_{path.stem.replace('-', '_')}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except StudyError:
        raise
    except Exception as error:
        raise StudyError(f"{reference} cannot be run: {type(error).__name__}: {error}; mend the file") from error
    found = [value for value in vars(module).values() if isinstance(value, Study)]
    if len(found) != 1:
        raise StudyError(f"{reference} holds {len(found)} studies; expected exactly one Study at the top level of the file")
    return found[0]


def source_file(reference: str) -> Path | None:
    """The file that a study is written in; None if it has none."""
    if reference.endswith(".py"):
        return Path(reference)
    spec = importlib.util.find_spec(find("studies", reference).target.split(":")[0])
    return Path(spec.origin) if spec and spec.origin else None
