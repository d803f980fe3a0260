"""One trial as a reader can follow it: who said what, who did what, what the world and the rules did, tick by tick.

Ticks and agents are counted from 0, as in the log.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from commonweal.analysis.forks import Fork, read_fork
from commonweal.analysis.logs import LogRow, TrialKey, read_trial
from commonweal.analysis.plans import Part, read_plan, say_level

_ESCAPES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # control sequences: colours, cursor
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d\x9e\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)"  # strings to the terminal: titles, links
    r"|\x9b[0-?]*[ -/]*[@-~]"
    r"|\x1b[ -/]+[0-~]"  # character sets
    r"|\x1b."
)
_INDENT = "    "
_BREAKS = "\n\r\t\u2028\u2029"


@dataclass(frozen=True)
class Line:
    """One thing that happened."""

    kind: str
    """`reading`, `say`, `act` or `event`."""
    agent: int | None
    """Who, from 0; None for the world and the rules."""
    name: str
    """Of the stream or event."""
    text: str
    """In words; safe for a terminal, not for HTML."""


@dataclass(frozen=True)
class Scene:
    """One tick of a trial."""

    tick: int
    """From 0."""
    lines: tuple[Line, ...]
    """World first, then talk, acts, events."""


@dataclass(frozen=True)
class Story:
    """A trial, scene by scene."""

    part: Part
    """The part it belongs to."""
    cell: int
    """Its cell."""
    seed: int
    """Its seed."""
    traced: bool
    """Whether what each agent did or said was recorded."""
    readings: tuple[tuple[str, tuple[int, ...]], ...]
    """The readings that tell its course, one integer a tick."""
    values: tuple[tuple[str, float], ...]
    """Each metric's value."""
    scenes: tuple[Scene, ...]
    """Tick by tick, as many as were asked for."""
    length: int
    """Ticks of the trial."""
    fork: Fork | None = None
    """Where it left the trial that it is a fork of; None: it is no fork."""

    @property
    def name(self) -> str:
        """`part/cell/seed`."""
        return f"{self.part.name}/{self.cell}/{self.seed}"

    @property
    def levels(self) -> str:
        """The cell's levels in words."""
        cell = next((cell for cell in self.part.cells if cell.cell == self.cell), None)
        return ", ".join(f"{label} {say_level(level)}" for label, level in cell.levels.items()) if cell else ""


def clean_text(text: str, limit: int | None = None) -> str:
    """Words of an agent without terminal escape sequences, control characters and marks that turn the text around.

    Args:
        text: Anything.
        limit: Characters to keep; what is cut is counted. None keeps all.
    """
    if limit is not None and len(text) > 20 * limit:
        # A reply can be enormous; escapes are looked for only in what may be shown.
        return f"{clean_text(text[: 4 * limit])[:limit]} … ({len(text) - limit:,} more characters)"
    plain = _ESCAPES.sub("", text)
    kept = "".join(" " if c in _BREAKS else c for c in plain if c in _BREAKS or _is_printed(c))
    kept = re.sub(" {2,}", " ", kept).strip()
    if limit is not None and len(kept) > limit:
        return f"{kept[:limit]} … ({len(kept) - limit:,} more characters)"
    return kept


def _is_printed(character: str) -> bool:
    return (
        unicodedata.category(character) not in ("Cc", "Cs")
        and character not in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    )


def read_story(directory: Path, key: TrialKey, limit: int | None = None, most: int | None = None) -> Story:
    """One trial from the logs.

    Args:
        directory: Folder of the run.
        key: Its part, cell and seed.
        limit: Characters to keep of each thing said; None keeps all.
        most: Scenes to make, from the first tick on; None: all. A trial may have a hundred thousand.

    Raises:
        LogError: plan or logs are missing or damaged, or hold no such trial.
    """
    part, cell, seed = key
    spec = read_plan(directory).part(part)
    rows = read_acts(directory, key, None if most is None else range(most))
    readings = choose_readings(rows)
    traces = [row for row in rows if row.kind == "trace"]
    events = [row for row in rows if row.kind == "event"]
    words = {row.values[0]: row.text or "" for row in rows if row.kind == "text" and row.values}
    lengths = [len(row.values) for row in rows if row.kind in ("reading", "trace")] or [spec.ticks]
    by_tick: dict[int, list[LogRow]] = {}
    for row in events:
        by_tick.setdefault(row.tick or 0, []).append(row)
    acts, length = list_acts(rows), max(*lengths, *(tick + 1 for tick in by_tick), 0)
    scenes = tuple(
        Scene(tick, (*_world(readings, tick), *_happenings(by_tick.get(tick, []), acts, words, tick, limit)))
        for tick in range(length if most is None else min(length, most))
    )
    return Story(
        part=spec,
        cell=cell,
        seed=seed,
        traced=bool(traces or words),
        readings=readings,
        values=tuple((row.name, row.value) for row in rows if row.kind == "value" and row.value is not None),
        scenes=scenes,
        length=length,
        fork=read_fork(directory),
    )


def read_acts(directory: Path, key: TrialKey, ticks: range | None) -> tuple[LogRow, ...]:
    """The rows of a trial with these ticks of its traces alone; of one in which words fell, with all of them.

    Whether an answer is the handle of a text is seen by all that was said.

    Args:
        directory: folder of the run.
        key: the trial.
        ticks: which ticks; None: all.
    """
    rows = read_trial(directory, key, ticks)
    return read_trial(directory, key) if ticks is not None and has_words(rows) else rows


def has_words(rows: Sequence[LogRow]) -> bool:
    """Whether something was said in a trial with these rows."""
    return any(row.kind == "event" and row.name == "say" for row in rows)


def choose_readings(rows: Sequence[LogRow]) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """The readings that tell a trial's course: the world's that vary, the stock first, and all purses together.

    Metrics keep readings of their own, which say the same in sums; they are shown where the world has none.
    """
    found = {clean_text(row.name): row.values for row in rows if row.kind == "reading" and row.values}
    world = {name: values for name, values in found.items() if name.startswith("world.")}
    varied = {name: values for name, values in world.items() if len(set(values)) > 1} or world
    if not varied:
        return tuple(sorted(found.items()))
    chosen = varied | {name: found[name] for name in ("ledger.purse",) if name in found}
    return tuple(sorted(chosen.items(), key=lambda item: (item[0].startswith("ledger."), item[0] != "world.stock", item[0])))


def list_acts(rows: Sequence[LogRow], step: int = 1) -> dict[tuple[str, int], tuple[int | None, ...]]:
    """What each agent did tick by tick, by (question, agent); None where it gave no answer.

    Answers that are handles of texts are left out, since the words themselves are there.

    Args:
        rows: of a trial.
        step: ticks from one value of its traces to the next; 1 where something was said.
    """
    traces = {(row.name, row.agent or 0): row.values for row in rows if row.kind == "trace"}
    said = [row for row in rows if row.kind == "event" and row.name == "say" and row.values]
    spoken = {
        name
        for (name, agent), values in traces.items()
        if (own := [row for row in said if row.agent == agent and (row.tick or 0) < len(values)])
        and all(values[row.tick or 0] == row.values[0] for row in own)
    }
    defaults = {(row.tick, row.agent) for row in rows if row.kind == "event" and row.name == "default"}
    acts: dict[tuple[str, int], tuple[int | None, ...]] = {}
    for (name, agent), values in sorted(traces.items(), key=lambda item: (item[0][1], item[0][0])):
        question = name.removeprefix("act.")
        if name == question or name in spoken:
            continue
        answered = traces.get((f"answered.{question}", agent), (1,) * len(values))
        acts[clean_text(question), agent] = tuple(
            value if yes or (i * step, agent) in defaults else None
            for i, (value, yes) in enumerate(zip(values, answered, strict=False))
        )
    return acts


def _world(readings: tuple[tuple[str, tuple[int, ...]], ...], tick: int) -> list[Line]:
    return [Line("reading", None, name, f"{values[tick]:,}") for name, values in readings if tick < len(values)]


def _happenings(
    events: list[LogRow],
    acts: dict[tuple[str, int], tuple[int | None, ...]],
    words: dict[int, str],
    tick: int,
    limit: int | None,
) -> list[Line]:
    """Talk, then acts seat by seat, then what the rules and the engine did."""
    said, done = list[Line](), list[Line]()
    # A repair comes before the default that it may end in.
    for row in sorted(events, key=lambda row: (-1 if row.agent is None else row.agent, row.name != "repair", row.name)):
        text = row.text
        if row.name == "say":
            text = words.get(row.values[0], row.text) if row.values else row.text
            said.append(Line("say", row.agent, "say", clean_text(text or "(words not recorded)", limit)))
            continue
        numbers = " ".join(f"{value:,}" for value in row.values)
        done.append(Line("event", row.agent, clean_text(row.name), clean_text(text or numbers, limit)))
    parts: dict[int, list[str]] = {}
    for (question, agent), values in acts.items():
        value = values[tick] if tick < len(values) else None
        if value is not None:
            parts.setdefault(agent, []).append(f"{question} {value:,}")
    return [*said, *(Line("act", agent, "act", ", ".join(found)) for agent, found in parts.items()), *done]


def render_trial(directory: Path, part: str, cell: int, seed: int) -> str:
    """One trial as plain text: a header, then tick by tick what was said, done, read and ruled.

    Where per-agent traces were not kept, the readings stand as a table, and the text says so.

    Raises:
        LogError: plan or logs are missing or damaged, or hold no such trial.
    """
    story = read_story(directory, (part, cell, seed))
    spec = story.part
    title = f"Trial {story.name}"
    head = [
        title,
        "=" * len(title),
        clean_text(story.levels),
        clean_text(f"the part's society, before these levels: {spec.society}"),
    ]
    if spec.null_model:
        head.append("NULL MODEL: a negative control; nothing here is evidence about language models.")
    counts = f"{len(story.scenes)} {spec.tick_name}s" + (f", {spec.agents} agents" if spec.agents else "")
    head.append(f"{counts}; ticks and agents are counted from 0, as in the log")
    if story.fork is not None:
        head.append(clean_text(f"a fork: {story.part.tick_name}s before {story.fork.tick} are its parent's"))
    head.append("; ".join(f"{name} {value:g}" for name, value in story.values))
    body = _render_scenes(story) if story.traced else _render_table(story)
    return "\n".join([*(line for line in head if line), "", *body]) + "\n"


def _render_scenes(story: Story) -> list[str]:
    text: list[str] = []
    for scene in story.scenes:
        text += _fork_mark(story, scene.tick)
        state = ", ".join(f"{line.name} {line.text}" for line in scene.lines if line.kind == "reading")
        text.append(f"{story.part.tick_name} {scene.tick}" + (f"   [{state}]" if state else ""))
        for line in scene.lines:
            who = "" if line.agent is None else f"agent {line.agent}"
            if line.kind == "say":
                text.append(f"{_INDENT}{who or 'someone'}: “{line.text}”")
            elif line.kind == "act":
                text.append(f"{_INDENT}{who} · {line.text}")
            elif line.kind == "event":
                text.append(f"{_INDENT}* {line.name}" + (f", {who}" if who else "") + (f": {line.text}" if line.text else ""))
        text.append("")
    return text


def _fork_mark(story: Story, tick: int) -> list[str]:
    """The line that stands before the first tick of a fork that is not its parent's."""
    if story.fork is None or story.fork.tick != tick:
        return []
    return [f"---- {clean_text(story.fork.words, 400)} ----"]


def _render_table(story: Story) -> list[str]:
    names = [name for name, _ in story.readings]
    rows = [[story.part.tick_name, *names]]
    for scene in story.scenes:
        cells = [f"{values[scene.tick]:,}" if scene.tick < len(values) else "" for _, values in story.readings]
        rows.append([str(scene.tick), *cells])
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    text = ["Per-agent traces were not recorded for this trial; its readings:", ""]
    lines = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    text.append(lines[0])
    for scene, line in zip(story.scenes, lines[1:], strict=True):
        text += [*_fork_mark(story, scene.tick), line]
    events = [(scene.tick, line) for scene in story.scenes for line in scene.lines if line.kind == "event"]
    if events:
        text += ["", "Events:"]
    for tick, line in events:
        who = f", agent {line.agent}" if line.agent is not None else ""
        text.append(f"{_INDENT}{story.part.tick_name} {tick}  {line.name}{who}" + (f": {line.text}" if line.text else ""))
    return text
