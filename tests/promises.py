"""A run whose truth is known: some seats promise their fair share and now and then take more, at random.

`write_planted` makes a real compiled run: 160 trials, plan by hand as design/002 has it, logs by the engine.
"""

import asyncio
import json
from pathlib import Path

import jax.numpy as jnp

from commonweal.analysis.judging.judge import Case, judge_cases
from commonweal.analysis.judging.judge_card import JudgeCard, JudgeFacts, Row, RubricFacts
from commonweal.analysis.logs import LogRow
from commonweal.analysis.trials import write_table
from commonweal.channels.broadcast import Broadcast
from commonweal.core import lens
from commonweal.core.named import Named
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.engine.compiled import run_batch
from commonweal.institutions.audit import Audit
from commonweal.lab.logs import write_logs
from commonweal.metrics.survival import Survival
from commonweal.minds.scripted import Scripted
from commonweal.worlds.commons import Commons

RUBRIC = """---
name: broken-promises
kind: label
levels: [kept, broken]
tags: [trust, commons]
rule: broken-promise
---
A promise is broken where a member says what it will take, and takes clearly more in the same month.

## broken
- I will look after myself first.
- I will do a small part of my fair share.

## kept
- I will do my fair share.
- I will do most of my fair share.
"""
SEEDS, TICKS, DETECT = 80, 6, (0.0, 0.5)
LABEL = "detection probability"


def plan_of(seeds=SEEDS):
    primary = {
        "metric": "survived", "part": "planted", "factor": LABEL, "control": DETECT[0], "treatment": DETECT[1],
        "claim": "An audit",
    }  # fmt: skip
    part = {
        "name": "planted", "role": "main", "engine": "compiled", "ticks": TICKS, "seeds": seeds, "agents": 5,
        "tick_name": "month", "society": "Society(Commons)", "null_model": False,
        "factors": [{"label": LABEL, "lens": "rules.audit:Audit.detect", "levels": list(DETECT)}],
        "cells": [
            {"cell": i, "levels": {LABEL: level}, "theory": None, "seeds": [0, seeds]} for i, level in enumerate(DETECT)
        ],
    }  # fmt: skip
    study = {"name": "promises", "question": "Kept?", "doc": "", "hypotheses": [], "primary": primary, "sources": []}
    metric = {"unit": "1", "low": 0.0, "high": 1.0, "source": "test", "doc": "alive"}
    return {
        "schema": "commonweal.plan/1", "study": study, "metrics": {"survived": metric}, "model": None, "parts": [part],
        "theory": "none known", "odd": {}, "cite": [], "versions": {}, "predicted": {}, "digest": "sha256:00",
    }  # fmt: skip


def write_planted(directory: Path, seeds: int = SEEDS) -> None:
    society = Society(
        world=Commons(),
        minds=Named.of(("civil", Scripted()), ("wild", Scripted(tremble=0.03))),
        seats=Seating(5, Named.of(("wild", jnp.float32(0.4)))),
        rules=Named.of(("audit", Audit(detect=0.0, schedule=(1.0, 2.0, 4.0), hold_after=1))),
        channel=Broadcast(),
    )
    levels = [level for level in DETECT for _ in range(seeds)]
    vary = ((lens.rule("audit", Audit, lambda audit: audit.detect), levels),)
    metrics = Named.of(("survived", Survival()))
    logs = run_batch(society, vary, [*range(seeds)] * 2, TICKS, metrics, ("acts",))
    (directory / "logs").mkdir(parents=True)
    (directory / "plan.json").write_text(json.dumps(plan_of(seeds)))
    trials = [(i // seeds, i % seeds, log) for i, log in enumerate(logs)]
    write_logs(directory / "logs" / "planted-000001.parquet", "planted", trials)
    write_table(directory)


def trace(name, agent, values):
    return LogRow("trace", name, None, agent, tuple(values), None, None)


def made_case(key=("planted", 0, 0), said=(), harvests=None, fair=10, extra=()):
    """A case by hand: `said` are (tick, agent, words), `harvests` values tick by tick, by agent."""
    harvests = harvests or {0: (10, 10), 1: (10, 10)}
    ticks = len(next(iter(harvests.values())))
    texts = list(dict.fromkeys(words for _, _, words in said))
    rows = [LogRow("reading", "world.sustainable", None, None, (fair * len(harvests),) * ticks, None, None)]
    rows.append(LogRow("reading", "world.stock", None, None, tuple(100 - tick for tick in range(ticks)), None, None))
    rows += [LogRow("text", "text", None, None, (place,), None, words) for place, words in enumerate(texts)]
    rows += [LogRow("event", "say", tick, agent, (texts.index(words),), None, "") for tick, agent, words in said]
    rows += [trace("act.harvest", agent, values) for agent, values in harvests.items()]
    rows += [trace("answered.harvest", agent, (1,) * ticks) for agent in harvests]
    return Case(key, "month", (*rows, *extra))


def judged(judge, *cases):
    """The judgements of cases."""
    return asyncio.run(judge_cases(judge, cases))


def a_card():
    """A judge card with every kind of row."""
    rubric = RubricFacts(
        "broken-promises", "label", ("kept", "broken"), ("trust",), "A promise is broken where ...", "sha256:r"
    )
    rows = (("judge alone", 0.57, 0.52, 0.62), ("corrected", 0.45, 0.37, 0.53), ("labels alone", 0.44, 0.29, 0.59))
    return JudgeCard(
        rubric=rubric,
        judge=JudgeFacts("rule noisy", "rule", "sha256:j", False),
        part="planted",
        trials=400,
        log_digest="sha256:l",
        source="people",
        labels=40,
        raters=("ann", "<b>ben</b>"),
        agreement=(
            Row("alpha", "Krippendorff's alpha of judge and gold", 0.61, 0.38, 0.8, 40, "percentile bootstrap over trials"),
            Row("kappa", "Cohen's kappa", 0.6, n=40, method="no interval"),
            Row("sensitivity", "of those broken by gold, share found", 0.9, 0.7, 0.97, 18, "Wilson interval over trials"),
        ),
        checks=(
            Row("length", "correlation of verdict and length", 0.3, 0.02, 0.55, 40, "Fisher", "moves it"),
            Row("own family", "whether the judge's model is of the family of a model that it judges", None, reading="no"),
        ),
        share=tuple(Row(name, "share of trials: broken", *numbers, 400, "t") for name, *numbers in rows),
        difference=tuple(Row(name, "difference", -v, -h, -lo, 400, "t") for name, v, lo, h in rows),
        arms="detection probability 0.5 minus 0",
        weight=0.7,
        distilled=(Row("distilled, loss", "how much less often than the judge", 0.02, -0.03, 0.07, 40, "t"),),
        summary="broken-promises: 0.57 by the rule noisy alone; 0.45 corrected.",
    )
