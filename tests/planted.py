"""Runs whose truth is known: the plan of a real study with a design, and trials whose outcomes a formula gives."""

import dataclasses
import json
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from commonweal.analysis.plans import Part, Plan, read_plan
from commonweal.analysis.trials import Trials
from commonweal.core import lens
from commonweal.core.named import Named
from commonweal.core.parts import Metric
from commonweal.institutions.audit import Audit
from commonweal.lab.designs.design import Design
from commonweal.lab.factors import Factor
from commonweal.lab.study import Part as StudyPart
from commonweal.lab.study import Primary, Study
from commonweal.metrics.welfare import Welfare
from commonweal.testing import society_for

DETECT = Factor("detection", lens.rule("audit", Audit, lambda audit: audit.detect), low=0.0, high=1.0)
TOLERANCE = Factor("tolerance", lens.rule("audit", Audit, lambda audit: audit.tolerance), low=0.01, high=1.0, logarithmic=True)
OTHERS = Factor("others", lens.share("other"), low=0.0, high=1.0)
HOLD = Factor("hold", lens.rule("audit", Audit, lambda audit: audit.hold_after), low=1, high=8, whole=True)
PAYER = Factor("payer", lens.rule("audit", Audit, lambda audit: audit.payer), ("nobody", "all"))
WELFARE: Named[Metric] = Named.of(("welfare", Welfare()))
Outcome = Callable[[Mapping[str, float], int, np.random.Generator], Mapping[str, float]]


def study_of(design: Design, factors: tuple[Factor, ...], metrics: Named[Metric]) -> Study:
    """A study with this design in its one part `main`."""
    part = StudyPart("main", society_for(rules=(("audit", Audit()),)), factors, 2, 2, design=design)
    ends = factors[0].levels[:2] or (factors[0].low, factors[0].high)
    primary = Primary(metrics.names[0], "main", factors[0].label, ends[0], ends[1], "A change")
    return Study("planted", "Is it found?", (part,), metrics, primary)


def write_plan(folder: Path, design: Design, factors: tuple[Factor, ...], metrics: Named[Metric] = WELFARE) -> Plan:
    """The plan of such a study as a real one would stand in `plan.json`, read back; societies are not looked at."""
    study = study_of(design, factors, metrics)
    part = study.parts[0]
    cells = [
        {
            "cell": number,
            "levels": dict(cell.levels),
            "theory": None,
            "seeds": [part.seeds_of(number).start, len(part.seeds_of(number))],
            "why": cell.why,
        }
        for number, cell in enumerate(part.plan)
    ]
    shown = [
        {
            "label": factor.label,
            "lens": str(factor.lens),
            "levels": list(factor.levels),
            "range": [factor.low, factor.high] if factor.ranged else None,
            "whole": factor.whole,
            "logarithmic": factor.logarithmic,
        }
        for factor in factors
    ]
    own = {
        "name": "main", "role": "main", "engine": "compiled", "ticks": 2, "seeds": 2, "agents": 5, "tick_name": "month",
        "society": "", "null_model": False, "design": design.facts(), "factors": shown, "cells": cells,
    }  # fmt: skip
    plan = {
        "schema": "commonweal.plan/1",
        "study": {
            "name": study.name, "question": study.question, "doc": "", "hypotheses": [], "sources": [],
            "primary": dataclasses.asdict(study.primary),
        },
        "metrics": {
            name: {"unit": metric.unit, "low": None, "high": None, "source": metric.source, "doc": ""}
            for name, metric in metrics.items()
        },
        "model": None, "parts": [own], "theory": "none known", "odd": {}, "cite": [], "versions": {}, "predicted": {},
        "digest": "",
    }  # fmt: skip
    (folder / "plan.json").write_text(json.dumps(plan))
    return read_plan(folder)


def plant(plan: Plan, outcome: Outcome, seed: int = 0) -> Trials:
    """A trial for each cell and seed of part `main`, with metrics that the formula gives."""
    part, rng = plan.part("main"), np.random.default_rng(seed)
    rows = [(cell, number) for cell in part.cells for number in range(cell.seeds[0], sum(cell.seeds))]
    values = [outcome(cell.levels, number, rng) for cell, number in rows]
    n = len(rows)
    return Trials(
        part=np.array(["main"] * n),
        cell=np.array([cell.cell for cell, _ in rows]),
        seed=np.array([number for _, number in rows]),
        ticks=np.full(n, part.ticks),
        factors={},
        metrics={name: np.array([value[name] for value in values], float) for name in plan.metrics},
        costs={},
        log_digest=np.array([""] * n),
    )


def main_part(plan: Plan) -> Part:
    """The part `main`."""
    return plan.part("main")
