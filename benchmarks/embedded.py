"""The embedded model against its runtime alone, on the very prompts of two small societies, in their order.

The questions are those of language minds in a network game (`choice`: one letter, scored) and in a commons with messages
(`form`: a harvest and a message, written under a grammar), recorded by a model that answers at once. The raw runtime is
xllamacpp by itself, one slot and one thread, with flash attention and all that its cache can reuse of the question before; what
it computes depends on that question. Ours depends on its own question alone: each prompt is evaluated from the end of the
prefix that seats share. Core-seconds are those of all processes, workers included, without their start; runs of the raw
runtime and of ours take turns. `of_raw` is decisions per core-second over the raw runtime's of the same turn, median of the
turns; `of_one_worker` the wall time of one worker over that of two, all cores allowed; `agree` the share of answers that equal
the raw runtime's. The embedded model is a null model: these figures are of speed, none says how well it decides.
"""

import asyncio
import hashlib
import json
import os
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, cast

from benchmarks.machine import Row, cpu_seconds, ours, peer, say

if TYPE_CHECKING:
    from commonweal.models.model import Form, Model, Reply, Scores, Vectors

RUNTIME = "xllamacpp==2026.10.11549"
REPEATS = 3
ROUNDS = {"choice": 5, "form": 3}
SEATS = {"choice": 8, "form": 6}
Question = tuple[str, str, "Form | tuple[str, ...]", int]
"""Prefix, suffix, form or labels, most tokens."""


def measure(repeats: int = REPEATS) -> list[Row]:
    """A row for each kind of decision and each way to ask."""
    found: dict[tuple[str, str], list[Row]] = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "prompts.json"
        (prompts,) = ours("embedded", "prompts", path)
        for _ in range(repeats):
            turn = {
                "raw runtime": peer("raw_runtime", (RUNTIME,), str(prompts["weights"]), path),
                "1 worker": ours("embedded", "run", 1),
                "1 worker, all cores": ours("embedded", "run", 1, "all"),
                "2 workers, all cores": ours("embedded", "run", 2, "all"),
            }
            for who, rows in turn.items():
                for row in rows:
                    found.setdefault((str(row["kind"]), who), []).append(row)
    return [_row(found, kind, who) for kind, who in sorted(found)]


def _row(found: dict[tuple[str, str], list[Row]], kind: str, who: str) -> Row:
    own, raw, one = (found[kind, name] for name in (who, "raw runtime", "1 worker, all cores"))
    answers = _answers(own[0])
    rates = sorted(len(answers) / float(row["cpu_s"]) for row in own)
    row: Row = {"kind": kind, "who": who, "decisions": len(answers), "per_core_s": median(rates)}
    row |= {"low": rates[0], "high": rates[-1], "of_raw": median(_ratios("cpu_s", raw, own))}
    row |= {"wall_s": median(float(run["wall_s"]) for run in own), "prompt_tokens": own[0]["prompt_tokens"]}
    if who.startswith("2"):
        row["of_one_worker"] = median(_ratios("wall_s", one, own))
    row["agree"] = sum(a == b for a, b in zip(answers, _answers(raw[0]), strict=True)) / len(answers)
    return row


def _answers(row: Row) -> list[str]:
    return json.loads(str(row["answers"]))


def _ratios(name: str, first: list[Row], second: list[Row]) -> list[float]:
    return [float(a[name]) / float(b[name]) for a, b in zip(first, second, strict=True)]


@dataclass
class Recorder:
    """A model that answers at once, by a hash of the prompt, and keeps what it was asked."""

    asked: "list[Question]" = field(default_factory=list)
    name: str = "recorder"
    digest: str = "sha256:" + "0" * 64
    null_model: bool = True

    async def score(self, prefix: str, suffix: str, options: tuple[str, ...]) -> "Scores":
        from commonweal.models.model import Scores, Usage

        self.asked.append((prefix, suffix, options, 1))
        return Scores(tuple(-1.0 - (_luck(suffix) + k) % len(options) for k in range(len(options))), Usage())

    async def generate(
        self, prefix: str, suffix: str, form: "Form | None", *, max_tokens: int, temperature: float, draw: int
    ) -> "Reply":
        from commonweal.models.model import IntegerField, Reply, Usage

        assert form is not None
        self.asked.append((prefix, suffix, form, min(max_tokens, form.max_tokens)))
        values: dict[str, object] = {field.name: "Let us all take less, so that it lasts." for field in form.fields}
        values |= {own.name: own.low + _luck(suffix) % 12 for own in form.fields if isinstance(own, IntegerField)}
        return Reply(form.render(values), Usage())

    async def embed(self, texts: tuple[str, ...]) -> "Vectors":
        raise NotImplementedError("these societies embed nothing")

    async def close(self) -> None:
        """There is nothing to end."""


def _luck(text: str) -> int:
    return int(hashlib.sha256(text.encode()).hexdigest(), 16)


def questions() -> "dict[str, list[Question]]":
    """What language minds ask of their model, by kind of decision, in order."""
    from benchmarks.scheduler import society
    from commonweal.core.named import Named
    from commonweal.core.seats import Seating
    from commonweal.core.society import Society
    from commonweal.engine.hosted import run_hosted
    from commonweal.minds.language import Language
    from commonweal.worlds.network_game import NetworkGame

    def play(kind: str, model: "Model") -> Society:
        if kind == "form":
            return cast("Society", society(SEATS[kind], model))
        mind = Language(model=model, persona="You live beside your neighbours.", disposition="You want to do well.")
        return Society(world=NetworkGame(), minds=Named.of(("civil", mind)), seats=Seating(SEATS[kind]))

    found: dict[str, list[Question]] = {}
    for kind, rounds in ROUNDS.items():
        recorder = Recorder()
        asyncio.run(run_hosted(play(kind, recorder), 1, rounds))
        found[kind] = recorder.asked
    return found


def _write(path: str) -> Row:
    """Writes the questions for a peer, and says where the weights are."""
    from commonweal.models.embedded import find_weights
    from commonweal.models.grammar import form_grammar
    from commonweal.models.prompt import LEAD

    rows: dict[str, list[dict[str, object]]] = {}
    for kind, asked in questions().items():
        rows[kind] = []
        for prefix, suffix, wanted, max_tokens in asked:
            row: dict[str, object] = {"prefix": prefix, "suffix": suffix, "max_tokens": max_tokens}
            if isinstance(wanted, tuple):
                rows[kind].append({**row, "op": "score", "lead": LEAD, "labels": list(wanted)})
            else:
                rows[kind].append({**row, "op": "generate", "lead": "", "grammar": form_grammar(wanted)})
    Path(path).write_text(json.dumps(rows))
    return {"weights": str(find_weights())}


async def _run(workers: int, given: "dict[str, list[Question]]") -> None:
    """Asks the embedded model everything; all calls wait at once, so that no worker idles."""
    from commonweal.models.embedded import EmbeddedModel

    model = EmbeddedModel(workers)

    async def ask(question: "Question") -> tuple[str, int]:
        prefix, suffix, wanted, most = question
        if isinstance(wanted, tuple):
            scores = await model.score(prefix, suffix, wanted)
            return wanted[scores.logprobs.index(max(scores.logprobs))], scores.usage.prompt_tokens
        reply = await model.generate(prefix, suffix, wanted, max_tokens=most, temperature=0.0, draw=0)
        return reply.text, reply.usage.prompt_tokens

    for kind, asked in given.items():
        # Starts the workers and loads the weights.
        await asyncio.gather(*(model.score("p", "s", ("A",)) for _ in range(workers)))
        began, used = time.perf_counter(), _spent(model.pids)
        found = await asyncio.gather(*map(ask, asked))
        row: Row = {"kind": kind, "wall_s": time.perf_counter() - began, "cpu_s": _spent(model.pids) - used}
        row["prompt_tokens"] = sum(tokens for _, tokens in found)
        say({**row, "answers": json.dumps([text for text, _ in found])})
    await model.close()


def _spent(pids: tuple[int, ...]) -> float:
    """Core-seconds of this process and of others that still run."""
    spent = cpu_seconds()
    for pid in pids:
        values = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        spent += (int(values[11]) + int(values[12])) / os.sysconf("SC_CLK_TCK")
    return spent


if __name__ == "__main__":
    if sys.argv[1] == "prompts":
        say(_write(sys.argv[2]))
    else:
        if "all" in sys.argv:
            # A benchmark's process starts on one core; the kernel leaves out the cores that it may not have.
            os.sched_setaffinity(0, range(os.cpu_count() or 1))
        asyncio.run(_run(int(sys.argv[2]), questions()))
