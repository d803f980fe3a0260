"""The plan of a run, as it stands in `plan.json`: read, checked and typed.

Source: design/002-files-of-a-run.md.
"""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from commonweal.analysis.fields import Fields, read_facts
from commonweal.core.errors import LogError

PLAN_SCHEMA = "commonweal.plan/1"
"""The only version of `plan.json` that this version reads."""

Level: TypeAlias = float | str
"""A level of a factor: a number, or words (anything else, such as `true`, is read as its JSON text)."""

_Json: TypeAlias = dict[str, object]


@dataclass(frozen=True)
class Factor:
    """Something that the study varies."""

    label: str
    """Name of the factor and of its column."""
    lens: str
    """The parameter that is varied, as `room.part:Class.field`."""
    levels: tuple[Level, ...]
    """The values it takes; where it has a range, those that its cells have, in order."""
    low: float | None = None
    """Least value of its range; None where it has levels."""
    high: float | None = None
    """Greatest value of its range."""
    whole: bool = False
    """Whether the range holds whole numbers only."""
    logarithmic: bool = False
    """Whether the range is sampled evenly in the logarithm."""


@dataclass(frozen=True)
class Cell:
    """One combination of levels."""

    cell: int
    """Number of the cell in its part."""
    levels: Mapping[str, Level]
    """Level of each factor, by label."""
    theory: float | None
    """What theory says the primary metric is here; None where it says nothing."""
    seeds: tuple[int, int] = (0, 0)
    """First seed and number of trials."""
    why: str = ""
    """Why it is run: `coverage`, `boundary`, `held out`; empty in a plain design."""
    stage: int = 0
    """0 where the plan has it; else the later stage that added it."""


@dataclass(frozen=True)
class Part:
    """One part of a study: a society, its factors and its cells."""

    name: str
    """Name of the part."""
    role: str
    """`main` (the primary outcome is estimated on it), `control` or `audit`."""
    engine: str
    """`compiled` (scripted and learned minds) or `hosted` (language and outside minds sit in it)."""
    ticks: int
    """Ticks of a trial where no factor varies them."""
    seeds: int
    """Trials of a cell."""
    agents: int | None
    """Seats of a society; None where a factor varies it."""
    tick_name: str
    """What a tick is called: `month`."""
    society: str
    """The society, printed."""
    null_model: bool
    """Whether its language model is a negative control."""
    factors: tuple[Factor, ...]
    """What varies."""
    cells: tuple[Cell, ...]
    """The combinations that are run, later stages included."""
    design: Mapping[str, object] = dataclasses.field(default_factory=lambda: {"kind": "full"})
    """How the cells were chosen: `kind` and its parameters."""
    specification: tuple[str, str] | None = None
    """What an audit changed here: axis, and what; None outside of audits."""
    stages: tuple[Mapping[str, object], ...] = ()
    """Later stages as they were written down: `stage`, `prediction`, `written`, `log_digest`, without their cells."""

    @property
    def trials(self) -> int:
        """Trials that are planned, later stages included."""
        return sum(cell.seeds[1] for cell in self.cells)

    def ticks_of(self, cell: Cell) -> int:
        """Ticks of a cell's trials: the level of a factor that varies them, else the part's.

        Args:
            cell: one of the part's.
        """
        varied = [cell.levels[factor.label] for factor in self.factors if factor.lens == "horizon"]
        return int(varied[0]) if varied else self.ticks

    @property
    def plain(self) -> bool:
        """Whether every combination of levels is run."""
        return self.design.get("kind") == "full"


@dataclass(frozen=True)
class MetricCard:
    """What a metric is."""

    unit: str
    """Its unit; `1` for a pure number."""
    low: float | None
    """The least value it can take; None if unbounded."""
    high: float | None
    """The greatest value it can take; None if unbounded."""
    source: str
    """Where it is defined."""
    doc: str
    """What it measures."""
    kind: str = ""
    """Its class, as in `Welfare`; empty where the plan does not say."""
    across: tuple[str, ...] = ()
    """Metrics that it is reckoned from over the trials of a cell; empty: it is a trial's own."""


@dataclass(frozen=True)
class Primary:
    """The primary outcome: the difference in the mean of a metric between two levels of a factor."""

    metric: str
    """The metric."""
    factor: str
    """Label of the factor."""
    control: Level
    """Its level in the control arm."""
    treatment: Level
    """Its level in the treatment arm."""
    part: str
    """The part whose trials are compared."""
    claim: str
    """Subject of the answer's sentence: "An audit that finds half of the ruthless harvests"."""
    outcome: str = ""
    """What the mean of the metric is, in words: "the share of societies that survive"; empty: named after the metric."""
    smallest: float | None = None
    """Smallest effect of interest, in the metric's unit; None: none was declared."""
    power: float = 0.8
    """Chance of finding it for which the plan says how many trials are needed."""


@dataclass(frozen=True)
class Model:
    """The language model of a run."""

    name: str
    """Its name."""
    digest: str
    """Digest of its weights, or of what the endpoint says it is."""
    null_model: bool
    """Whether it is a negative control."""


@dataclass(frozen=True)
class Plan:
    """What a run set out to do."""

    name: str
    """Name of the study."""
    question: str
    """Its question."""
    doc: str
    """Its description."""
    hypotheses: tuple[str, ...]
    """What was expected, stated before the run."""
    primary: Primary
    """The primary outcome."""
    sources: tuple[str, ...]
    """Keys or references that the study names."""
    metrics: Mapping[str, MetricCard]
    """Every metric that the trials are measured by."""
    model: Model | None
    """The language model; None if no part has one."""
    parts: tuple[Part, ...]
    """The parts."""
    theory: str
    """What the theory value of a cell is, in one sentence, or `none known`."""
    odd: Mapping[str, str]
    """The model description (Overview, Design concepts, Details), section by section."""
    cite: tuple[str, ...]
    """References of every part used."""
    versions: Mapping[str, str]
    """Versions of the software."""
    predicted: Mapping[str, float]
    """Predicted trials, agent steps, model calls and seconds."""
    digest: str
    """Digest of specification and code."""
    order: str = ""
    """The command that was typed, without the folder; empty where the plan does not say."""
    family: tuple[str, ...] = ()
    """Further metrics whose primary contrast was declared beforehand."""
    exclusions: tuple[str, ...] = ()
    """Which trials are left out and why."""
    stopping: Mapping[str, object] | None = None
    """The rule by which the primary part may stop early; None: it may not."""
    mechanism: str = ""
    """How plausible the mechanism is, in words; empty: not said."""
    scope: str = ""
    """What the claim holds for and what would refute it; empty: not said."""
    power: Mapping[str, object] | None = None
    """What was reckoned of trials needed before the run; None: nothing."""

    def part(self, name: str) -> Part:
        """The part of that name. Raises LogError if there is none."""
        for part in self.parts:
            if part.name == name:
                return part
        names = ", ".join(part.name for part in self.parts)
        raise LogError(f"plan.json has no part {name!r}; it has {names}. Use one of these.")


def read_level(raw: object) -> Level:
    """A level from its JSON value: numbers as float, words as they are, the rest as JSON text."""
    if isinstance(raw, bool) or not isinstance(raw, int | float | str):
        return json.dumps(raw)
    return raw if isinstance(raw, str) else float(raw)


def say_level(level: Level) -> str:
    """A level as it is printed: `0.25`, `50`, `written rule`."""
    return level if isinstance(level, str) else f"{level:g}"


def read_plan(directory: Path) -> Plan:
    """The plan of the run in `directory`.

    Raises:
        LogError: `plan.json` is missing, damaged, or of another version.
    """
    path = Path(directory) / "plan.json"
    fields = read_facts(directory)
    schema = fields.raw.get("schema")
    if schema != PLAN_SCHEMA:
        raise LogError(
            f"{path}: found schema {schema!r}, expected {PLAN_SCHEMA!r}. Use the version of commonweal that wrote it "
            "(`versions` in the file), or plan the study again into a new folder."
        )
    plan = _plan(fields, read_stages(path.parent))
    _check_primary(plan, str(path))
    return plan


def read_stages(directory: Path) -> list[tuple[str, _Json]]:
    """The later stages of a run's adaptive parts as (part, JSON), in the order in which they were written.

    Raises:
        LogError: one of them is damaged.
    """
    found: list[tuple[str, _Json]] = []
    for path in sorted((directory / "stages").glob("*.json")):
        try:
            raw = Fields(json.loads(path.read_text(encoding="utf-8")), str(path))
        except (OSError, ValueError) as error:
            raise LogError(f"{path}: cannot be read ({error}). Move it away and run the study again.") from error
        raw.entries("cells")
        found.append((raw.text("part"), raw.raw))
    return found


def _plan(fields: Fields, stages: list[tuple[str, _Json]]) -> Plan:
    study = fields.inner("study")
    metrics = fields.inner("metrics")
    model = None
    if fields.raw.get("model") is not None:
        card = fields.inner("model")
        model = Model(card.text("name"), card.text("digest"), card.flag("null_model"))
    predicted = fields.inner("predicted")
    return Plan(
        name=study.text("name"),
        question=study.text("question"),
        doc=study.text("doc"),
        hypotheses=study.texts("hypotheses"),
        primary=_primary(study.inner("primary")),
        sources=study.texts("sources"),
        metrics={name: _metric(metrics.inner(name)) for name in metrics.raw},
        model=model,
        parts=tuple(
            _part(item, [stage for part, stage in stages if part == item.text("name")]) for item in fields.items("parts")
        ),
        theory=fields.text("theory"),
        odd={name: str(text) for name, text in fields.inner("odd").raw.items()},
        cite=fields.texts("cite"),
        versions={name: str(version) for name, version in fields.inner("versions").raw.items()},
        predicted={name: predicted.number(name) for name in predicted.raw},
        digest=fields.text("digest"),
        order=str(fields.raw.get("order") or ""),
        family=tuple(str(name) for name in study.optional("family")),
        exclusions=tuple(str(words) for words in study.optional("exclusions")),
        stopping=study.inner("stopping").raw if study.raw.get("stopping") else None,
        mechanism=str(study.raw.get("mechanism") or ""),
        scope=str(study.raw.get("scope") or ""),
        power=fields.inner("power").raw if fields.raw.get("power") else None,
    )


def _primary(fields: Fields) -> Primary:
    return Primary(
        metric=fields.text("metric"),
        factor=fields.text("factor"),
        control=read_level(fields.raw.get("control")),
        treatment=read_level(fields.raw.get("treatment")),
        part=fields.text("part"),
        claim=fields.text("claim"),
        outcome=str(fields.raw.get("outcome") or f"the mean of {fields.text('metric')}"),
        smallest=fields.optional_number("smallest"),
        power=fields.optional_number("power") or 0.8,
    )


def _metric(fields: Fields) -> MetricCard:
    low, high = fields.optional_number("low"), fields.optional_number("high")
    kind, across = str(fields.raw.get("kind") or ""), tuple(str(name) for name in fields.optional("across"))
    return MetricCard(fields.text("unit"), low, high, fields.text("source"), fields.text("doc"), kind, across)


def _part(fields: Fields, stages: list[_Json]) -> Part:
    agents = None if fields.raw.get("agents") is None else fields.whole("agents")
    seeds = fields.whole("seeds")
    cells = [_cell(item, seeds, 0) for item in fields.items("cells")]
    for number, stage in enumerate(stages, 1):
        cells += [_cell(item, seeds, number) for item in Fields(stage, f"{fields.place}, stage {number}").items("cells")]
    audited = fields.inner("specification") if fields.raw.get("specification") else None
    return Part(
        name=fields.text("name"),
        role=fields.text("role"),
        engine=fields.text("engine"),
        ticks=fields.whole("ticks"),
        seeds=seeds,
        agents=agents,
        tick_name=fields.text("tick_name"),
        society=fields.text("society"),
        null_model=fields.flag("null_model"),
        factors=tuple(_factor(item, cells) for item in fields.items("factors")),
        cells=tuple(cells),
        design=fields.inner("design").raw if fields.raw.get("design") else {"kind": "full"},
        specification=None if audited is None else (audited.text("axis"), audited.text("what")),
        stages=tuple({name: value for name, value in stage.items() if name != "cells"} for stage in stages),
    )


def _cell(fields: Fields, seeds: int, stage: int) -> Cell:
    first, count = fields.pair("seeds") if fields.raw.get("seeds") is not None else (0, seeds)
    return Cell(
        cell=fields.whole("cell"),
        levels={label: read_level(level) for label, level in fields.inner("levels").raw.items()},
        theory=fields.optional_number("theory"),
        seeds=(int(first), int(count)),
        why=str(fields.raw.get("why") or ""),
        stage=stage,
    )


def _factor(fields: Fields, cells: list[Cell]) -> Factor:
    label, levels = fields.text("label"), tuple(read_level(level) for level in fields.entries("levels"))
    if fields.raw.get("range") is None:
        return Factor(label, fields.text("lens"), levels)
    low, high = fields.pair("range")
    numbers = {level for cell in cells if isinstance(level := cell.levels.get(label), float)}
    flags = (bool(fields.raw.get(name)) for name in ("whole", "logarithmic"))
    return Factor(label, fields.text("lens"), tuple(sorted(numbers)), low, high, *flags)


def _check_primary(plan: Plan, place: str) -> None:
    primary = plan.primary
    part = next((part for part in plan.parts if part.name == primary.part), None)
    labels = [] if part is None else [factor.label for factor in part.factors]
    for what, found, known in (
        ("primary.part", primary.part, [part.name for part in plan.parts]),
        ("primary.metric", primary.metric, list(plan.metrics)),
        ("primary.factor", primary.factor, labels),
        *(("family", name, list(plan.metrics)) for name in plan.family),
    ):
        if found not in known:
            raise LogError(
                f"{place}.study.{what}: found {found!r}, expected one of {', '.join(known)}. "
                "Name it in the study as the part has it, and plan again into a new folder."
            )
