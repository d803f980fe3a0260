"""Runs with an audit, made of numbers: what the tests of its analysis share."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from commonweal.analysis.plans import Cell, Factor, MetricCard, Part, Plan, Primary
from commonweal.analysis.specifications import CUE
from commonweal.analysis.trials import COSTS, Trials


@dataclass(frozen=True)
class Made:
    """One part: the metric's values in each arm, pairs in the same order; with a cue, two of each."""

    specification: tuple[str, str] | None
    control: Sequence[float]
    treatment: Sequence[float]
    cued: tuple[Sequence[float], Sequence[float]] | None = None
    theory: tuple[float | None, float | None] = (None, None)


def run_of(
    made: Sequence[Made], smallest: float | None = None, lens: str = "rules.law:Law.force", unbounded: bool = True
) -> tuple[Plan, Trials]:
    """A plan and its table; the first part is the primary one."""
    parts, columns = [], {"part": [], "cell": [], "seed": [], "law": [], CUE: [], "good": []}
    for number, own in enumerate(made):
        name = "main" if number == 0 else f"audit-{number}"
        arms = [(0.0, None, own.control), (1.0, None, own.treatment)]
        if own.cued is not None:
            arms = [(0.0, 0.0, own.control), (1.0, 0.0, own.treatment), (0.0, 1.0, own.cued[0]), (1.0, 1.0, own.cued[1])]
        cells = []
        for cell, (law, cue, values) in enumerate(arms):
            levels = {"law": law} | ({} if cue is None else {CUE: cue})
            cells.append(Cell(cell, levels, own.theory[int(law)]))
            for seed, value in enumerate(values):
                for column, item in zip(columns.values(), (name, cell, seed, law, cue, value), strict=True):
                    column.append(np.nan if item is None else item)
        factors = [Factor("law", lens, (0.0, 1.0))]
        factors += [Factor(CUE, "rules.notice:Notice.reach", (0.0, 1.0))] if own.cued is not None else []
        role = "main" if number == 0 else "audit"
        part = Part(name, role, "compiled", 9, 9, 9, "round", "", False, tuple(factors), tuple(cells))
        parts.append(part if own.specification is None else replaced(part, own.specification))
    card = MetricCard("1", None if unbounded else 0.0, None if unbounded else 1.0, "", "")
    primary = Primary("good", "law", 0.0, 1.0, "main", "A law", smallest=smallest)
    plan = Plan("s", "q?", "", (), primary, (), {"good": card}, None, tuple(parts), "by hand", {}, (), {}, {}, "")
    size = len(columns["part"])
    trials = Trials(
        part=np.array(columns["part"]),
        cell=np.array(columns["cell"], np.int64),
        seed=np.array(columns["seed"], np.int64),
        ticks=np.full(size, 9),
        factors={"law": np.array(columns["law"], float), CUE: np.array(columns[CUE], float)},
        metrics={"good": np.array(columns["good"], float)},
        costs={name: np.zeros(size) for name in COSTS},
        log_digest=np.full(size, ""),
    )
    return plan, trials


def replaced(part: Part, specification: tuple[str, str]) -> Part:
    """The part with a specification."""
    import dataclasses

    return dataclasses.replace(part, specification=specification)


def pairs(mean: float, random: np.random.Generator, n: int = 40, spread: float = 0.1) -> tuple[list[float], list[float]]:
    """Two arms whose pairs differ by exactly `mean` on average, each by that give or take `spread`."""
    control, noise = random.normal(0.0, 1.0, n), random.normal(0.0, spread, n)
    return control.tolist(), (control + mean + noise - noise.mean()).tolist()
