"""A study: a question, the parts that answer it, and the one outcome that counts. The study file is the configuration."""

from __future__ import annotations

import ast
import dataclasses
import hashlib
import importlib.util
import math
import sys
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Literal

from commonweal.core.catalogue import find
from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.parts import Metric
from commonweal.core.society import Society
from commonweal.lab.designs.design import Cell, Design, check_cells
from commonweal.lab.designs.full import Full
from commonweal.lab.factors import Factor, Level, Levels
from commonweal.lab.published import Figure, Published, check_published
from commonweal.lab.screens import Screen, check_screens
from commonweal.lab.targets import Target, check_targets
from commonweal.models.budget import Budget

if TYPE_CHECKING:
    from commonweal.statistics.sequential import Stopping
    from commonweal.statistics.variation import Assumed, Share

__all__ = [
    "Factor",
    "Figure",
    "Level",
    "Levels",
    "Part",
    "Primary",
    "Published",
    "Replication",
    "Screen",
    "Specification",
    "Study",
    "Target",
    "load_study",
    "source_file",
]


@dataclasses.dataclass(frozen=True)
class Specification:
    """What a part of a robustness audit changes in the society that the study claims something of."""

    axis: str
    """What kind of thing is changed, as in `topology`."""
    what: str
    """What it is changed to, as in `small world instead of a ring`."""


@dataclasses.dataclass(frozen=True)
class Part:
    """One society, varied: a design says which combinations of levels are cells, and each is run with several seeds."""

    name: str
    society: Society
    factors: tuple[Factor, ...]
    ticks: int
    """Ticks of a trial where no factor varies them."""
    seeds: int
    """Trials a cell. Cells that differ in the study's primary factor alone share their random draws, seed by seed."""
    role: Literal["main", "control", "audit"] = "main"
    """`main`: the primary outcome is estimated here; `audit`: asked once more under another specification."""
    theory: Callable[[Levels], float | None] | None = None
    """What theory says the primary metric is in a cell; None: not known there."""
    record: tuple[str, ...] = ()
    """What is traced per agent in every trial; the first seed of each small cell is traced anyhow."""
    design: Design = dataclasses.field(default_factory=Full)
    """Which combinations of levels are run."""
    allowed: Callable[[Levels], bool] | None = None
    """Constraints between factors: whether a combination may be run; None: all may."""
    specification: Specification | None = None
    """What an audit changed here; None: this is no part of an audit."""
    later: tuple[Cell, ...] = ()
    """Cells that the design added in later stages of a run; a study's file leaves it empty."""

    def __post_init__(self) -> None:
        """Refuse a part that cannot be run."""
        if self.ticks < 1 or self.seeds < 1:
            raise StudyError(f"part {self.name!r} has {self.ticks} ticks and {self.seeds} seeds; expected at least 1 of each")
        labels = [factor.label for factor in self.factors]
        if len(set(labels)) != len(labels):
            raise StudyError(f"part {self.name!r} has two factors of one label in {labels}; expected each once")
        lasting = [factor for factor in self.factors if factor.lens.lasts]
        if len(lasting) > 1:
            raise StudyError(f"part {self.name!r} has {len(lasting)} factors of ticks; expected one at most")
        for level in (level for factor in lasting for level in (*factor.levels, factor.low) if level is not None):
            if isinstance(level, (str, bool)) or level < 1 or not float(level).is_integer():
                raise StudyError(f"part {self.name!r} would run trials of {level!r} ticks; expected whole numbers, at least 1")

    @cached_property
    def plan(self) -> tuple[Cell, ...]:
        """All cells so far, in the order of their numbers.

        Raises:
            StudyError: the design cannot be made of the part's factors.
        """
        first = self.design.begin(self.factors, self.allowed or _anything)
        check_cells(self.factors, (*first, *self.later))
        return (*first, *self.later)

    def cells(self) -> list[Levels]:
        """The levels of each cell, in the order of their numbers."""
        return [cell.levels for cell in self.plan]

    def seeds_of(self, cell: int) -> range:
        """The seeds that a cell is run with.

        Args:
            cell: its number.
        """
        own = self.plan[cell]
        return range(own.first, own.first + (self.seeds if own.seeds is None else own.seeds))

    def ticks_of(self, levels: Levels) -> int:
        """The ticks of a cell's trials: the level of a factor that varies them, else the part's.

        Args:
            levels: of the cell.
        """
        varied = [levels[factor.label] for factor in self.factors if factor.lens.lasts]
        return int(varied[0]) if varied else self.ticks

    @property
    def trials(self) -> int:
        """Trials of all cells so far."""
        return sum(len(self.seeds_of(cell)) for cell in range(len(self.plan)))

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


def _anything(levels: Levels) -> bool:
    """No constraint."""
    del levels
    return True


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
    smallest: float | None = None
    """Smallest effect of interest, in the metric's unit, above 0: what is surely smaller is no effect; None: not said."""
    unit: str = "trial"
    """What is counted: trials, always."""
    assumed: Assumed | Share | None = None
    """How trials are taken to vary where there is no pilot; None: an outcome between 0 and 1 as badly as it can."""
    power: float = 0.8
    """Chance of finding an effect of the smallest size that matters, for which a plan says how many trials are needed."""

    def __post_init__(self) -> None:
        """Refuse agents as evidence, and a smallest effect that is none."""
        if self.unit != "trial":
            from commonweal.statistics.agents import refuse_agents

            refuse_agents(self.metric)
        if self.smallest is not None and not 0 < self.smallest < math.inf:
            raise StudyError(f"the smallest effect of interest is {self.smallest}; expected a finite number above 0")


@dataclasses.dataclass(frozen=True)
class Replication:
    """What a study repeats: its primary contrast was published."""

    kind: Literal["re-run", "re-analysis", "fixture"]
    """The published design run again, published raw data analysed again with the trial as unit, or a published exact number."""
    source: str
    """Where it was published."""
    published: float
    """The published figure of the primary contrast, in the metric's unit."""
    low: float | None = None
    """Its published lower limit; None: none was given."""
    high: float | None = None
    """Its published upper limit."""
    rows: tuple[Published, ...] = ()
    """Rows of published tables that the report sets beside ours; none: the figure stands alone."""


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
    family: tuple[str, ...] = ()
    """Further metrics whose primary contrast is declared beforehand: with the primary outcome they are one family of tests."""
    exclusions: tuple[str, ...] = ()
    """Which trials are left out of estimates and why, in words; empty: none."""
    stopping: Stopping | None = None
    """When the primary part may stop before its last seed; None: all planned trials are run."""
    mechanism: str = ""
    """How plausible the mechanism is that the model claims, in a sentence; empty: not said."""
    scope: str = ""
    """What the claim holds for (minds, numbers, horizon) and what would refute it, in a sentence; empty: not said."""
    replication: Replication | None = None
    """The published finding that is repeated; None: it is no replication."""
    screens: tuple[Screen, ...] = ()
    """Metrics that are read as detectors: the report has their ROC curves."""
    targets: tuple[Target, ...] = ()
    """Published numbers that rival accounts ask of one simulator: the report infers its parameters from them."""
    draws: str = ""
    """What else random draws depend on: the digest of the lock that a run keeps to. A study's file leaves it empty."""
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
        for metric in (self.primary.metric, *self.family):
            self.metrics[metric]
        varied = {part.name: part.factors for part in self.parts}
        if self.replication is not None:
            check_published(self.replication.rows, varied, self.metrics, self.name)
        check_screens(self.screens, varied, self.metrics, self.name)
        designs = {part.name: part.design.kind for part in self.parts}
        check_targets(self.targets, varied, designs, self.metrics, self.name)
        part = self.part(self.primary.part)
        if self.stopping is not None and self.stopping.most < part.seeds:
            raise StudyError(
                f"study {self.name!r} has {part.seeds} seeds, and its stopping rule ends it at {self.stopping.most}; give the "
                f"rule most={part.seeds}, or the part fewer seeds"
            )
        if part.role != "main":
            raise StudyError(f"the primary outcome is asked of {part.name!r}, a control; expected a part whose role is main")
        factors = {factor.label: factor for factor in part.factors}
        if self.primary.factor not in factors:
            raise StudyError(
                f"the primary factor {self.primary.factor!r} is not varied in {part.name!r}; expected one of "
                f"{', '.join(factors) or 'its factors: it has none'}"
            )
        for level in (self.primary.control, self.primary.treatment):
            if not factors[self.primary.factor].admits(level):
                raise StudyError(
                    f"the primary outcome compares {self.primary.factor} = {level}; expected "
                    f"{factors[self.primary.factor].words}"
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

    A file is a module like any other while it runs and after: its classes can be dataclasses, can be pickled and are found by
    name, and it may import files that lie beside it. Of two files of one name the one that was loaded last is the module.

    Args:
        reference: a name of the catalogue, or a path that ends in `.py`.

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
    found = [value for value in vars(_module_of(path)).values() if isinstance(value, Study)]
    if len(found) != 1:
        raise StudyError(f"{reference} holds {len(found)} studies; expected exactly one Study at the top level of the file")
    return found[0]


def _module_of(path: Path) -> ModuleType:
    """The module that a study's file is, run anew; its name is the file's alone, since digests of societies hold it."""
    spec = importlib.util.spec_from_file_location(f"commonweal_study_{path.stem.replace('-', '_')}", path)
    assert spec is not None
    assert spec.loader is not None
    module, before = importlib.util.module_from_spec(spec), sys.modules.get(spec.name)
    folder = str(path.resolve().parent)
    if folder not in sys.path:
        # As Python does with the file that it is given, so that `import` finds what lies beside it, now and later.
        sys.path.insert(0, folder)
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[spec.name]
        if before is not None:
            sys.modules[spec.name] = before
        if isinstance(error, StudyError):
            raise
        raise StudyError(f"{path} cannot be run: {type(error).__name__}: {error}; mend the file") from error
    return module


def code_digest(source: Path | None) -> str:
    """SHA-256, in hexadecimal, of a study's file and of every file beside it that it imports; empty: there is no file.

    A study of one's own may import minds, worlds and theory from files that lie with it: they are part of what is locked. What
    is installed is known by its version.

    Args:
        source: the study's file.
    """
    if source is None:
        return ""
    whole = hashlib.sha256(source.read_bytes())
    for path in _imported(source, source.parent, set())[1:]:
        whole.update(path.relative_to(source.parent).as_posix().encode() + b"\0" + path.read_bytes())
    return whole.hexdigest()


def _imported(path: Path, folder: Path, seen: set[Path]) -> list[Path]:
    """A file, and the files of a folder that it imports, and those that they import, each once."""
    seen.add(path)
    found = [path]
    for node in ast.walk(ast.parse(path.read_bytes())):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            names = [node.module] if node.module else [alias.name for alias in node.names]
        for top in dict.fromkeys(name.split(".")[0] for name in names):
            for near in (folder / f"{top}.py", *sorted((folder / top).rglob("*.py"))):
                if near.is_file() and near not in seen:
                    found += _imported(near, folder, seen)
    return found


def source_file(reference: str) -> Path | None:
    """The file that a study is written in; None if it has none."""
    if reference.endswith(".py"):
        return Path(reference)
    spec = importlib.util.find_spec(find("studies", reference).target.split(":")[0])
    return Path(spec.origin) if spec and spec.origin else None
