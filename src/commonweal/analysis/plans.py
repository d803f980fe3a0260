"""The plan of a run, as it stands in `plan.json`: read, checked and typed.

Source: design/002-files-of-a-run.md.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, TypeAlias, cast

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
    """The values it takes."""


@dataclass(frozen=True)
class Cell:
    """One combination of levels."""

    cell: int
    """Number of the cell in its part."""
    levels: Mapping[str, Level]
    """Level of each factor, by label."""
    theory: float | None
    """What theory says the primary metric is here; None where it says nothing."""


@dataclass(frozen=True)
class Part:
    """One part of a study: a society, its factors and its cells."""

    name: str
    """Name of the part."""
    role: str
    """`main` (the primary outcome is estimated on it) or `control`."""
    engine: str
    """`compiled` (scripted and learned minds) or `hosted` (language and outside minds sit in it)."""
    ticks: int
    """Ticks of a trial."""
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
    """The combinations that are run."""


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

    def part(self, name: str) -> Part:
        """The part of that name. Raises LogError if there is none."""
        for part in self.parts:
            if part.name == name:
                return part
        names = ", ".join(part.name for part in self.parts)
        raise LogError(f"plan.json has no part {name!r}; it has {names}. Use one of these.")


class _Fields:
    """A JSON object that names its file and place when a field is not what it should be."""

    def __init__(self, raw: object, place: str) -> None:
        self.place = place
        if not isinstance(raw, dict):
            self._refuse("", "an object", raw)
        self.raw = cast(_Json, raw)

    def _refuse(self, name: str, expected: str, found: object) -> NoReturn:
        where = f"{self.place}.{name}" if name else self.place
        raise LogError(
            f"{where}: found {json.dumps(found)[:80]}, expected {expected} (design/002). "
            "The plan is damaged or of another version: plan the study again into a new folder."
        )

    def text(self, name: str) -> str:
        value = self.raw.get(name)
        if not isinstance(value, str):
            self._refuse(name, "a string", value)
        return value

    def number(self, name: str) -> float:
        value = self.optional_number(name)
        if value is None:
            self._refuse(name, "a number", value)
        return value

    def optional_number(self, name: str) -> float | None:
        value = self.raw.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            self._refuse(name, "a number", value)
        return float(value)

    def flag(self, name: str) -> bool:
        value = self.raw.get(name)
        if not isinstance(value, bool):
            self._refuse(name, "true or false", value)
        return value

    def items(self, name: str) -> list["_Fields"]:
        return [_Fields(item, f"{self.place}.{name}[{i}]") for i, item in enumerate(self.entries(name))]

    def entries(self, name: str) -> list[object]:
        value = self.raw.get(name)
        if not isinstance(value, list):
            self._refuse(name, "a list", value)
        return cast(list[object], value)

    def inner(self, name: str) -> "_Fields":
        return _Fields(self.raw.get(name), f"{self.place}.{name}")

    def texts(self, name: str) -> tuple[str, ...]:
        return tuple(str(entry) for entry in self.entries(name))


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
    try:
        raw: object = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise LogError(f"{path}: cannot be read ({error.strerror}). Plan the study into this folder first.") from error
    except ValueError as error:
        raise LogError(f"{path}: found text that is not JSON ({error}). Plan the study again into a new folder.") from error
    fields = _Fields(raw, str(path))
    schema = fields.raw.get("schema")
    if schema != PLAN_SCHEMA:
        raise LogError(
            f"{path}: found schema {schema!r}, expected {PLAN_SCHEMA!r}. Use the version of commonweal that wrote it "
            "(`versions` in the file), or plan the study again into a new folder."
        )
    plan = _plan(fields)
    _check_primary(plan, str(path))
    return plan


def _plan(fields: _Fields) -> Plan:
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
        parts=tuple(_part(item) for item in fields.items("parts")),
        theory=fields.text("theory"),
        odd={name: str(text) for name, text in fields.inner("odd").raw.items()},
        cite=fields.texts("cite"),
        versions={name: str(version) for name, version in fields.inner("versions").raw.items()},
        predicted={name: predicted.number(name) for name in predicted.raw},
        digest=fields.text("digest"),
        order=str(fields.raw.get("order") or ""),
    )


def _primary(fields: _Fields) -> Primary:
    return Primary(
        metric=fields.text("metric"),
        factor=fields.text("factor"),
        control=read_level(fields.raw.get("control")),
        treatment=read_level(fields.raw.get("treatment")),
        part=fields.text("part"),
        claim=fields.text("claim"),
        outcome=str(fields.raw.get("outcome") or f"the mean of {fields.text('metric')}"),
    )


def _metric(fields: _Fields) -> MetricCard:
    low, high = fields.optional_number("low"), fields.optional_number("high")
    return MetricCard(fields.text("unit"), low, high, fields.text("source"), fields.text("doc"))


def _part(fields: _Fields) -> Part:
    agents = fields.optional_number("agents")
    return Part(
        name=fields.text("name"),
        role=fields.text("role"),
        engine=fields.text("engine"),
        ticks=int(fields.number("ticks")),
        seeds=int(fields.number("seeds")),
        agents=None if agents is None else int(agents),
        tick_name=fields.text("tick_name"),
        society=fields.text("society"),
        null_model=fields.flag("null_model"),
        factors=tuple(
            Factor(item.text("label"), item.text("lens"), tuple(read_level(level) for level in item.entries("levels")))
            for item in fields.items("factors")
        ),
        cells=tuple(
            Cell(
                cell=int(item.number("cell")),
                levels={label: read_level(level) for label, level in item.inner("levels").raw.items()},
                theory=item.optional_number("theory"),
            )
            for item in fields.items("cells")
        ),
    )


def _check_primary(plan: Plan, place: str) -> None:
    primary = plan.primary
    part = next((part for part in plan.parts if part.name == primary.part), None)
    labels = [] if part is None else [factor.label for factor in part.factors]
    for what, found, known in (
        ("part", primary.part, [part.name for part in plan.parts]),
        ("metric", primary.metric, list(plan.metrics)),
        ("factor", primary.factor, labels),
    ):
        if found not in known:
            raise LogError(
                f"{place}.study.primary.{what}: found {found!r}, expected one of {', '.join(known)}. "
                "Name it in the study as the part has it, and plan again into a new folder."
            )
