"""From the table of trials to `estimates.json`: the primary outcome, every cell's means, rates, costs, one sentence."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from commonweal.analysis.contrasts import compare_levels, measure
from commonweal.analysis.finding import Finding, make_finding, say_number
from commonweal.analysis.findings import THEORY, Findings, Headline, write_findings
from commonweal.analysis.logs import count_events
from commonweal.analysis.looks import TEST, assess_contrast, measure_contrast
from commonweal.analysis.plans import Part, Plan, read_plan, say_level
from commonweal.analysis.science import Science, find_science
from commonweal.analysis.trials import COSTS, Trials, hash_trials, read_trials
from commonweal.analysis.unit import Stopped, keep_sample, last_seed, read_stopped
from commonweal.analysis.verdicts import has_contrast
from commonweal.statistics.inference import Bounds, Estimate, estimate_mean

STANDING = {
    "theorem": "theory predicts it, so it follows from what was assumed",
    "robust": "it is robust: minds or a norm scale that its author did not choose show it too",
    "authored": "it is authored: the choice of minds or scale makes it",
    "no claim": "nothing is claimed",
}
"""What a label of the audit says."""
NULL_MARK = " (null model)"
"""Ends the estimand of every figure that comes from a part whose model is a negative control."""


def write_estimates(directory: Path) -> Path:
    """Write `estimates.json` from `plan.json`, `trials.parquet` and the logs' events.

    Raises:
        LogError: one of them is missing, damaged, of another version, or they do not fit each other.
    """
    directory = Path(directory)
    plan, table, stopped = read_plan(directory), read_trials(directory), read_stopped(directory)
    trials = keep_sample(plan, table, stopped)
    primary, science = estimate_primary(plan, trials), find_science(directory, plan, trials, stopped)
    findings = Findings(
        log_digest=hash_trials(table.log_digest.tolist()),
        answer=say_answer(plan, primary, science),
        primary=primary,
        estimates=tuple(_estimate_contrasts(plan, trials) + _estimate_cells(plan, trials)),
        rates=_count_rates(directory, plan, trials),
        costs=_sum_costs(plan, table),
        science=science,
    )
    return write_findings(directory, findings)


def estimate_primary(plan: Plan, trials: Trials) -> Headline:
    """The primary outcome: difference in means between the two arms, its interval and its permutation test."""
    primary = plan.primary
    part, card = plan.part(primary.part), plan.metrics[primary.metric]
    arms = compare_levels(trials, part, primary.metric, primary.factor, (primary.control, primary.treatment))
    test = assess_contrast(plan, part, arms, primary.metric)
    mark = NULL_MARK if part.null_model else ""

    def find(estimate: Estimate, estimand: str) -> Finding:
        return make_finding(estimate, primary.metric, part.name, None, estimand + mark, card.unit, card.source)

    at = f"{primary.factor} {{}}"
    control, treatment = (at.format(say_level(level)) for level in (primary.control, primary.treatment))
    return Headline(
        finding=find(measure_contrast(plan, part, arms, primary.metric), f"difference in means, {treatment} minus {control}"),
        control=find(measure(arms.contrast.control, card), f"mean over trials, {control}"),
        treatment=find(measure(arms.contrast.treatment, card), f"mean over trials, {treatment}"),
        p_value=test.p if np.isfinite(test.p) else None,
        p_method=test.method,
        paired=arms.contrast.paired,
        blocks=arms.contrast.blocks,
        left_out=arms.left_out,
        null_model=part.null_model,
    )


def say_answer(plan: Plan, primary: Headline, science: Science) -> str:
    """The answer with its interval, its test and what it holds for; what other specifications say of it follows.

    Args:
        plan: of the run.
        primary: its primary outcome.
        science: what else was reckoned.
    """
    answer = _say_primary(plan, primary, science)
    audit = science.robustness
    if audit is None or primary.null_model or primary.finding.value is None:
        return answer
    return f"{answer} It holds in {audit.held} of {audit.counted} other specifications; {STANDING[audit.label]}."


def _say_primary(plan: Plan, primary: Headline, science: Science) -> str:
    part, found = plan.part(plan.primary.part), primary.finding
    if found.value is None or primary.control.value is None or primary.treatment.value is None:
        return f"No answer yet: part {part.name} has no finished trials in both arms of {plan.primary.factor}."
    units = f" {found.unit}" if found.unit != "1" else ""
    interval = f"({_say_interval(found)}; {_say_p(primary)}; {_say_sample(primary)})"
    if primary.null_model:
        name = plan.model.name if plan.model else "its model"
        return (
            f"No answer: the primary outcome stands on part {part.name}, whose {name} is a null model, a negative control; "
            f"the difference of {say_number(found.value, sign=True)}{units} in {found.name} {interval} is the size of "
            "the wording artefact."
        )
    claim = plan.primary.claim[:1].lower() + plan.primary.claim[1:]
    if part.engine == "hosted" and plan.model is not None:
        opening = f"With {plan.model.name}, {claim}"
    else:
        opening = f"In this model, {claim}"
    ends = f"from {say_number(primary.control.value)} to {say_number(primary.treatment.value)}{units}"
    if found.low is None or found.high is None:
        at = f"at {say_number(primary.control.value)}{units}"
        told = f"moves {plan.primary.outcome} {ends}" if found.value else f"leaves {plan.primary.outcome} {at}"
        return f"{opening} {told} {interval}."
    verdict = science.verdicts.equivalence
    if verdict is not None and verdict.verdict in ("equivalent", "effect, but smaller than matters"):
        size, least = say_number(found.value, sign=True), say_number(verdict.smallest)
        return (
            f"{opening} has no effect that matters on {plan.primary.outcome}: {size}{units}, {ends} {interval}; the smallest "
            f"that would matter is {least}."
        )
    if found.low <= 0 <= found.high:
        size = say_number(found.value, sign=True)
        return f"{opening} has no detectable effect on {plan.primary.outcome}: {size}{units}, {ends} {interval}."
    verb = "raises" if found.value > 0 else "lowers"
    return f"{opening} {verb} {plan.primary.outcome} by {say_number(abs(found.value))}{units}, {ends} {interval}."


def _say_interval(found: Finding) -> str:
    if found.low is None or found.high is None:
        return found.method if found.method.startswith("no interval") else f"no interval by {found.method}"
    low, high = say_number(found.low), say_number(found.high)
    if low == high and found.low != found.high:
        # Too narrow for two decimals.
        low, high = (f"{limit:.3g}".replace("-", "\u2212") for limit in (found.low, found.high))
    return f"{found.level:.0%} interval {low} to {high}".replace("%", " %")


def _say_p(primary: Headline) -> str:
    if primary.p_value is None:
        return "no test"
    name = "p at every look" if primary.p_method == TEST else "permutation p"
    return f"{name} < 0.001" if primary.p_value < 0.001 else f"{name} = {primary.p_value:.2g}"


def _say_sample(primary: Headline) -> str:
    blocks = f" in {primary.blocks} blocks" if primary.blocks > 1 else ""
    return f"{primary.finding.n} {'pairs of trials' if primary.paired else 'trials'}{blocks}"


def _estimate_contrasts(plan: Plan, trials: Trials) -> list[Finding]:
    """The primary contrast on every other metric, and in every other part that has both of its levels."""
    primary, found = plan.primary, list[Finding]()
    levels = (primary.control, primary.treatment)
    for part in plan.parts:
        if part.role == "audit" or not has_contrast(plan, part):
            continue
        mark = NULL_MARK if part.null_model else ""
        words = f"difference in means, {primary.factor} {say_level(levels[1])} minus {say_level(levels[0])}"
        for name, card in plan.metrics.items():
            if (part.name, name) == (primary.part, primary.metric):
                continue
            arms = compare_levels(trials, part, name, primary.factor, levels)
            estimate = measure_contrast(plan, part, arms, name)
            found.append(make_finding(estimate, name, part.name, None, words + mark, card.unit, card.source))
    return found


def _estimate_cells(plan: Plan, trials: Trials) -> list[Finding]:
    """Every metric's mean in every cell that has trials, and the theory value beside the primary metric's."""
    found: list[Finding] = []
    for part in plan.parts:
        if part.role == "audit":
            # Its contrast is in the audit; its cells are the primary part's, under another specification.
            continue
        mark = NULL_MARK if part.null_model else ""
        own = trials.where(trials.part == part.name)
        for cell in part.cells:
            here = own.cell == cell.cell
            for name, card in plan.metrics.items():
                estimate = measure(own.metrics[name][here], card)
                if estimate.n:
                    words = "mean over trials" + mark
                    found.append(make_finding(estimate, name, part.name, cell.cell, words, card.unit, card.source))
                if name == plan.primary.metric and cell.theory is not None:
                    nan = float("nan")
                    theory = Estimate(cell.theory, nan, nan, 0.95, plan.theory, 0)
                    found.append(make_finding(theory, name, part.name, cell.cell, THEORY, card.unit, card.source))
    return found


def _count_rates(directory: Path, plan: Plan, trials: Trials) -> dict[str, Mapping[str, float | None]]:
    """Incidents of parts with language minds as shares of calls, trial by trial, with an interval over trials.

    A repair is an answer that could be read only after a repair, a default is a question left to its default, a refusal
    is a model's no; a call is answered where it ended in neither a default nor a refusal.
    """
    rates: dict[str, Mapping[str, float | None]] = {}
    events = {"repairs": "repair", "defaults": "default", "refusals": "refused"}
    found = {name: count_events(directory, event) for name, event in events.items()}
    for part in plan.parts:
        own = trials.where(trials.part == part.name)
        if part.engine != "hosted" or not len(own):
            continue
        keys = [(part.name, cell, seed) for cell, seed in zip(own.cell.tolist(), own.seed.tolist(), strict=True)]
        counts = {name: np.array([of.get(key, 0) for key in keys], float) for name, of in found.items()}
        calls = own.costs["calls"]
        counts["answers"] = np.maximum(calls - counts["defaults"] - counts["refusals"], 0)
        rate: dict[str, float | None] = {"trials": float(len(own)), "calls": float(calls.sum())}
        for name, count in counts.items():
            share = np.minimum(count[calls > 0] / calls[calls > 0], 1.0)
            row = make_finding(estimate_mean(share, bounds=Bounds(0.0, 1.0)), name, part.name, None, "", "1", "")
            rate |= {name: float(count.sum()), f"{name}_share": row.value}
            rate |= {f"{name}_low": row.low, f"{name}_high": row.high}
        rates[part.name] = rate
    return rates


def _sum_costs(plan: Plan, trials: Trials) -> dict[str, Mapping[str, float]]:
    def total(own: Trials) -> dict[str, float]:
        sums = {name: float(np.nansum(own.costs[name])) for name in COSTS}
        wall, cpu = sums.pop("wall_ms") / 1000, sums.pop("cpu_ms") / 1000
        return {"trials": float(len(own)), **sums, "wall_s": wall, "cpu_s": cpu}

    costs: dict[str, Mapping[str, float]] = {
        f"part {part.name}": total(trials.where(trials.part == part.name)) for part in plan.parts
    }
    return costs | {"total": total(trials), "predicted": dict(plan.predicted)}


def list_missing(plan: Plan, trials: Trials, stopped: Stopped | None = None) -> dict[str, int]:
    """Planned trials that are not in the table, by part; parts that are whole are left out.

    Args:
        plan: of the run.
        trials: its table.
        stopped: how the primary part ended early: what it then left out was planned to be left out.
    """

    def missing(part: Part) -> int:
        own = trials.part == part.name
        if stopped is None or part.name != plan.primary.part:
            return part.trials - int(own.sum())
        planned = sum(min(cell.seeds[1], stopped.n) for cell in part.cells)
        return planned - int((own & (trials.seed < last_seed(plan, stopped))).sum())

    return {part.name: missing(part) for part in plan.parts if missing(part) > 0}
