"""What a judge is: one verb, from one trial's log to a judgement that cites what it rests on.

A judge sees a trial as a `Case`: its log, and none of the levels of its cell, so that no judge knows the arm that it judges.
Rules and language models judge alike (`RuleJudge`, `EmbeddingJudge`, `LanguageJudge`, `DistilledJudge`), one trial one
judgement. The unit is the trial: a judgement of a message or an agent is not a thing here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from commonweal.analysis.logs import LogRow, TrialKey, open_logs

IN_FLIGHT = 16
"""Trials that are judged side by side."""


@dataclass(frozen=True, order=True)
class Evidence:
    """One event of a trial's log, by what finds it again in the log and in the transcript."""

    tick: int
    """When, from 0."""
    agent: int | None
    """Who, from 0; None for the world and the rules."""
    name: str
    """Of the event, or of the question that was answered: `say`, `collapse`, `harvest`."""

    def __str__(self) -> str:
        """`say@3#2`: what, when, who."""
        return f"{self.name}@{self.tick}" + ("" if self.agent is None else f"#{self.agent}")


@dataclass(frozen=True)
class Case:
    """One trial as a judge sees it: its log without the levels of its cell."""

    trial: TrialKey
    """Part, cell, seed: a name, not to be read by a judge."""
    tick_name: str
    """What a tick is called."""
    rows: tuple[LogRow, ...]
    """Its log without header and costs."""

    def readings(self) -> dict[str, tuple[int, ...]]:
        """One integer a tick, by name."""
        return {row.name: row.values for row in self.rows if row.kind == "reading"}

    def events(self, name: str) -> list[LogRow]:
        """The events of a name, by tick and agent."""
        own = [row for row in self.rows if row.kind == "event" and row.name == name]
        return sorted(own, key=lambda row: (row.tick or 0, -1 if row.agent is None else row.agent, row.values))

    def acts(self, question: str) -> dict[int, tuple[int | None, ...]]:
        """What each agent answered to a question tick by tick, None where it was not asked; empty where nothing was traced."""
        own = {row.agent or 0: row.values for row in self.rows if row.kind == "trace" and row.name == f"act.{question}"}
        asked = {row.agent or 0: row.values for row in self.rows if row.kind == "trace" and row.name == f"answered.{question}"}
        return {
            agent: tuple(
                value if yes else None for value, yes in zip(values, asked.get(agent, (1,) * len(values)), strict=False)
            )
            for agent, values in sorted(own.items())
        }

    def said(self) -> list[tuple[Evidence, str]]:
        """Everything said, in order: where it stands, and the words as they were written (data: clean before showing)."""
        words = {row.values[0]: row.text or "" for row in self.rows if row.kind == "text" and row.values}
        return [
            (
                Evidence(row.tick or 0, row.agent, "say"),
                words.get(row.values[0], row.text or "") if row.values else row.text or "",
            )
            for row in self.events("say")
        ]


@dataclass(frozen=True)
class Judgement:
    """What a judge says of one trial."""

    trial: TrialKey
    """The trial."""
    value: float
    """Level of the rubric, 0 to its top; between two levels where a judge averages."""
    evidence: tuple[Evidence, ...]
    """The events that it rests on; empty where nothing was found."""
    words: str
    """Why, in a sentence; of a language judge it is data."""
    judge: str
    """Digest of the judge."""


class Judge(Protocol):
    """Says of a trial which level of its rubric it is at."""

    @property
    def name(self) -> str:
        """For people: `rule over-harvest`."""
        ...

    @property
    def digest(self) -> str:
        """`sha256:` over everything that moves a judgement: rubric, rule or model, thresholds."""
        ...

    @property
    def null_model(self) -> bool:
        """Whether its language model is a negative control, whose judgements are no evidence."""
        ...

    async def judge(self, case: Case) -> Judgement:
        """The judgement of one trial: a function of the case alone.

        Args:
            case: the trial.

        Raises:
            StudyError: the log lacks what the rubric needs.
            ModelError: its model could not be asked.
        """
        ...


def read_cases(directory: Path, keys: Sequence[TrialKey], tick_names: dict[str, str]) -> Iterator[Case]:
    """The cases of some trials, in the order of (part, cell, seed), read in one pass.

    Args:
        directory: of the run.
        keys: which trials.
        tick_names: what a tick is called, by part.

    Raises:
        LogError: the logs are missing or damaged.
    """
    with open_logs(directory) as connection:
        connection.execute("CREATE TABLE wanted (part VARCHAR, cell INTEGER, seed INTEGER)")
        if keys:
            connection.executemany("INSERT INTO wanted VALUES (?, ?, ?)", [list(key) for key in keys])
        cursor = connection.execute(
            'SELECT part, cell, seed, kind, name, tick, agent, "values", value, text FROM logs '
            "SEMI JOIN wanted USING (part, cell, seed) WHERE kind NOT IN ('header', 'cost') "
            'ORDER BY part, cell, seed, kind, name, tick, agent, "values"'
        )
        rows, at = list[LogRow](), None
        while chunk := cursor.fetchmany(20_000):
            for part, cell, seed, *row in chunk:
                if at is not None and at != (part, cell, seed):
                    yield Case(at, tick_names.get(at[0], "tick"), tuple(rows))
                    rows = []
                at = (str(part), int(cell), int(seed))
                rows.append(LogRow(row[0], row[1], row[2], row[3], tuple(row[4] or ()), row[5], row[6]))
        if at is not None:
            yield Case(at, tick_names.get(at[0], "tick"), tuple(rows))


async def judge_cases(judge: Judge, cases: Sequence[Case]) -> tuple[Judgement, ...]:
    """The judgements of cases, in their order, some of them made side by side.

    Args:
        judge: who judges.
        cases: the trials.

    Raises:
        StudyError: a log lacks what the rubric needs.
        ModelError: a model could not be asked.
    """
    gate = asyncio.Semaphore(IN_FLIGHT)

    async def one(case: Case) -> Judgement:
        async with gate:
            return await judge.judge(case)

    tasks = [asyncio.create_task(one(case)) for case in cases]
    try:
        return tuple(await asyncio.gather(*tasks))
    finally:
        # The first failure ends all: nothing is asked for a judgement that nobody will see.
        for task in tasks:
            task.cancel()
