"""From a run's files to `report.html`: one self-contained page that opens from disk."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import cast

from commonweal.analysis.accounts_page import write_rivals
from commonweal.analysis.basins_page import write_basins
from commonweal.analysis.boundary_page import write_boundary
from commonweal.analysis.card_page import write_card
from commonweal.analysis.cards import read_card
from commonweal.analysis.coverage_page import write_coverage
from commonweal.analysis.detection_page import write_detection
from commonweal.analysis.discovery_page import write_discovery_section
from commonweal.analysis.estimates import list_missing
from commonweal.analysis.factorial_page import write_factorial
from commonweal.analysis.figures import Means, draw_acts, draw_arms, draw_phase_map, draw_theory, draw_trace
from commonweal.analysis.finding import Finding, say_number
from commonweal.analysis.findings import THEORY, Findings, read_findings
from commonweal.analysis.grade import Evidence, Grade, grade_report
from commonweal.analysis.judging.judge_card import read_judge_card
from commonweal.analysis.judging.judge_page import write_judge
from commonweal.analysis.ladder_page import write_ladder
from commonweal.analysis.linear_spillover_page import write_departures
from commonweal.analysis.logs import TrialKey, list_recorded
from commonweal.analysis.page import (
    escape_text,
    write_figure,
    write_page,
    write_pairs,
    write_section,
    write_table_html,
    write_tabs,
    write_warning,
)
from commonweal.analysis.plans import Factor, Part, Plan, read_plan, say_level
from commonweal.analysis.replication_page import write_replication
from commonweal.analysis.robustness_page import write_robustness
from commonweal.analysis.science import Science
from commonweal.analysis.science_page import (
    write_claim,
    write_fidelity,
    write_gap,
    write_registration,
    write_unit,
    write_verdicts,
)
from commonweal.analysis.sensitivity_page import write_sensitivity
from commonweal.analysis.spillover_page import write_spillover
from commonweal.analysis.threshold_page import write_threshold
from commonweal.analysis.transcript import Line, Story, read_story
from commonweal.analysis.trials import Trials, read_trials
from commonweal.analysis.unit import keep_sample
from commonweal.core.errors import LogError

NULL_WARNING = (
    "Null model. Part {part} runs on {model}, a negative control. "
    "Whatever its figures show is the size of the wording artefact; it is no evidence about language models and "
    "cannot raise the grade of this report."
)
"""Stands on everything that comes from a part whose model is a negative control."""

NO_AUDIT = "<p>No robustness audit was run: <code>commonweal run STUDY --audit</code> runs one with the study.</p>"
"""Stands in the audit's place."""

_FIRST_SCENES, _WORDS = 24, 600
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def write_report(directory: Path) -> Path:
    """Write `report.html` from the plan, the table, the estimates, the logs and, where there is one, the mind card.

    Raises:
        LogError: one of them is missing, damaged or of another version, or the page cannot be written.
    """
    directory = Path(directory)
    plan, table, findings = read_plan(directory), read_trials(directory), read_findings(directory)
    means, card, judge = findings.index_means(), read_card(directory), read_judge_card(directory)
    science = findings.science
    trials = keep_sample(plan, table, science.unit.stopped)
    grade = grade_report(plan, findings, Evidence(list_missing(plan, table, science.unit.stopped), card, judge))
    recorded = _choose_recorded(plan, list_recorded(directory))
    parts = sorted((part for part in plan.parts if part.role != "audit"), key=lambda part: part.name != plan.primary.part)
    body = "\n".join(
        (
            _write_head(plan, findings, grade),
            write_claim(plan, findings),
            write_replication(science.replication),
            *(_write_part(plan, part, trials, means, science) for part in parts),
            write_detection(plan, science.detections),
            write_section("One trial, tick by tick", write_figure(draw_trace(plan, trials, directory), "Trace.")),
            *(_write_story(directory, plan, part, recorded.get(part.name, ())) for part in parts),
            write_registration(science.registration),
            write_unit(plan, science.unit),
            write_verdicts(plan, science),
            write_gap(plan, science),
            write_fidelity(science),
            write_section("Robustness audit", write_robustness(science.robustness) if science.robustness else NO_AUDIT),
            write_section("Start states", *(write_coverage(found) for found in science.coverage)),
            write_section("What was run", _write_runs(plan, table)),
            write_section("The mind card", write_card(card) if card else ""),
            write_section("The judge card", write_judge(judge) if judge else ""),
            write_section("Discovery log", write_discovery_section(directory, plan)),
            write_section("Estimates", _write_estimates(plan, findings)),
            write_section("Hypotheses", _write_list(plan.hypotheses)),
            write_section("The model (ODD)", write_pairs(list(plan.odd.items())) if plan.odd else ""),
            write_section("Cost", _write_costs(findings)),
            write_section("Grade", _write_grade(grade)),
            write_section("Sources", _write_list((*plan.cite, *(s for s in plan.sources if s not in plan.cite)))),
            write_section("Reproduce", _write_lock(plan, findings)),
        )
    )
    path = directory / "report.html"
    scratch = path.with_suffix(".html.part")
    try:
        # Labels of drawings are escaped and not cleaned: what a terminal would obey goes here.
        page = _CONTROL.sub("", write_page(f"{plan.name}: {plan.question}", body))
        scratch.write_text(page, encoding="utf-8")
        os.replace(scratch, path)
    except OSError as error:
        raise LogError(f"{path}: cannot be written ({error.strerror}). Make room or a writable folder.") from error
    return path


def _choose_recorded(plan: Plan, recorded: dict[str, tuple[TrialKey, ...]]) -> dict[str, tuple[TrialKey, ...]]:
    """The recorded trials of parts in which minds may speak; where there are none, of all parts."""
    hosted = {part.name for part in plan.parts if part.engine == "hosted"}
    return {name: keys for name, keys in recorded.items() if name in hosted} or recorded


def _write_head(plan: Plan, findings: Findings, grade: Grade) -> str:
    letter, _, rest = grade.line.partition(".")
    warning = write_warning(_null_words(plan, plan.part(plan.primary.part))) if findings.primary.null_model else ""
    answer = re.sub(r"(?<=\d) (?=%)|(?<=\bp) (?=[<=])|(?<=p [<=]) ", "\u00a0", findings.answer)
    return (
        f'<header><div class="study">commonweal study · {escape_text(plan.name)}</div>'
        f"<h1>{escape_text(plan.question)}</h1>"
        f'<p class="answer">{escape_text(answer)}</p>{warning}'
        f'<p class="grade"><b>{escape_text(letter)}.</b>{escape_text(rest) and " " + escape_text(rest)}</p>'
        f"<p>{escape_text(plan.doc)}</p></header>"
    )


def _null_words(plan: Plan, part: Part) -> str:
    return NULL_WARNING.format(part=part.name, model=plan.model.name if plan.model else "a model")


def _write_part(plan: Plan, part: Part, trials: Trials, means: Means, science: Science) -> str:
    """Figures of one part: what its design asks for; else map and dots of every metric, the primary one first, and theory."""
    if not (trials.part == part.name).any():
        return write_section(f"Part {part.name}", "<p>No trial of this part is finished yet.</p>")
    special = _write_special(plan, part, science)
    if special:
        return write_section(f"Part {part.name}: {part.design.get('kind')}", special)
    names = sorted(plan.metrics, key=lambda name: name != plan.primary.metric)
    warning = write_warning(_null_words(plan, part)) if part.null_model else ""
    mark = "Null model. " if part.null_model else ""
    tabs: list[tuple[str, str]] = []
    for name in names:
        card = plan.metrics[name]
        about = f"{name}: {card.doc.rstrip('.')}. Source: {card.source.rstrip('.')}."
        words = f"<p class=meta>{escape_text(about)}</p>"
        phase = write_figure(draw_phase_map(plan, part, name, means), f"{mark}Phase map.")
        dots = write_figure(draw_arms(plan, part, name, trials), f"{mark}Trial by trial.")
        tabs.append((name, words + phase + dots))
    theory = write_figure(draw_theory(plan, part, means), f"{mark}Theory and simulation.")
    if theory:
        theory = "<h3>Theory beside the simulation</h3>" + theory
    elif part.role == "main":
        theory = f"<p class=meta>Theory: {escape_text(plan.theory)}.</p>"
    role = "the primary outcome" if part.name == plan.primary.part else part.role
    effects = [write_factorial(found) for found in science.factorials if found.part == part.name]
    return write_section(f"Part {part.name}: {role}", warning, *effects, write_tabs(tabs), theory)


def _write_special(plan: Plan, part: Part, science: Science) -> str:
    """What the design of a part asks for: a map, a ladder, shares of variance, spillover; nothing for a plain design."""
    return "".join(
        (
            *(write_boundary(plan, part, found) for found in science.boundaries if found.part == part.name),
            *(write_threshold(plan, found) for found in science.thresholds if found.part == part.name),
            *(write_basins(plan, found) for found in science.basins if found.part == part.name),
            *(write_ladder(plan, found) for found in science.ladders if found.part == part.name),
            *(write_sensitivity(found) for found in (*science.sensitivities, *science.screenings) if found.part == part.name),
            *(write_spillover(found) for found in science.spillovers if found.part == part.name),
            *(write_departures(found) for found in science.departures if found.part == part.name),
            write_rivals([found for found in science.rivals if found.part == part.name]),
        )
    )


def _write_story(directory: Path, plan: Plan, part: Part, recorded: tuple[TrialKey, ...]) -> str:
    """What was said and done in the first recorded trial of a part; nothing where none was recorded."""
    if not recorded:
        return ""
    key = recorded[0]
    story = read_story(directory, key, _WORDS, _FIRST_SCENES)
    warning = write_warning(_null_words(plan, part)) if part.null_model else ""
    acts = write_figure(draw_acts(directory, key, part), "Acts.")
    scenes = [_write_scene(story, i) for i in range(len(story.scenes))]
    first, later = "".join(scenes[:4]), "".join(scenes[4:])
    rest = f"<details><summary>the following {part.tick_name}s</summary>{later}</details>" if later else ""
    cut = ""
    if story.length > len(scenes):
        command = f"commonweal show DIR {story.name}"
        cut = f"<p class=meta>{story.length - len(scenes)} more: <code>{escape_text(command)}</code></p>"
    about = (
        f"Trial {story.name}" + (f" ({story.levels})" if story.levels else "") + ", the first that was recorded; "
        f"an example, not evidence. {part.tick_name.capitalize()}s and agents are counted from 0, as in the log."
    )
    told = f'<p class=meta>{escape_text(about)}</p><div class="story">{first}{rest}</div>{cut}'
    return write_section(f"Transcript of one trial of part {part.name}", warning, acts, told)


def _write_scene(story: Story, i: int) -> str:
    scene = story.scenes[i]
    state = ", ".join(f"{line.name} {line.text}" for line in scene.lines if line.kind == "reading")
    head = f"{escape_text(story.part.tick_name)} {scene.tick}<span class=levels>{escape_text(state)}</span>"
    acts = " · ".join(f"agent {line.agent}: {line.text}" for line in scene.lines if line.kind == "act")
    told = [_write_line(line) for line in scene.lines if line.kind in ("say", "event")]
    told += [f"<div class=act>{escape_text(acts)}</div>"] if acts else []
    return f'<div class="scene"><div class="tick-name">{head}</div>{"".join(told)}</div>'


def _write_line(line: Line) -> str:
    who = "" if line.agent is None else f"agent {line.agent}"
    if line.kind == "say":
        return f"<div class=said><span class=who>{who or 'someone'}</span>“{escape_text(line.text)}”</div>"
    words = ", ".join(word for word in (line.name, who) if word) + (f": {line.text}" if line.text else "")
    return f"<div class=rule>{escape_text(words)}</div>"


def _write_runs(plan: Plan, trials: Trials) -> str:
    rows: list[tuple[str, ...]] = []
    missing = list_missing(plan, trials)
    for part in plan.parts:
        count = int((trials.part == part.name).sum())
        planned = f"{count:,} of {part.trials:,}" if part.name in missing else f"{count:,}"
        agents = "varied" if part.agents is None else f"{part.agents:,}"
        seeds = _say_seeds(part)
        lengths = sorted({part.ticks_of(cell) for cell in part.cells})
        ticks = f"{' to '.join(f'{length}' for length in sorted({lengths[0], lengths[-1]}))} {part.tick_name}s"
        null = ", null model" if part.null_model else ""
        rows.append((part.name + null, part.role, part.engine, f"{len(part.cells):,}", planned, seeds, ticks, agents))
    head = ("part", "role", "engine", "cells", "trials", "seeds of a cell", "length", "agents")
    factors = [(part.name, factor.label, factor.lens, _say_levels(factor)) for part in plan.parts for factor in part.factors]
    societies = [(f"society of {part.name}", part.society) for part in plan.parts]
    model = [("model", "none")]
    if plan.model is not None:
        kind = " (null model: a negative control)" if plan.model.null_model else ""
        model = [("model", plan.model.name + kind), ("model digest", plan.model.digest)]
    versions = ", ".join(f"{name} {version}" for name, version in plan.versions.items())
    return (
        write_table_html(head, rows, frozenset({3, 4}))
        + write_table_html(("part", "factor", "parameter", "levels"), factors, frozenset())
        + write_pairs([*societies, *model, ("versions", versions), ("unit of replication", "the trial, never the agent")], True)
    )


def _say_seeds(part: Part) -> str:
    own = {cell.seeds for cell in part.cells} or {(0, part.seeds)}
    first, last = min(start for start, _ in own), max(start + count for start, count in own) - 1
    told = f"{first} to {last}" if last > first else f"{first}"
    return told if len(own) == 1 else f"{told}, each cell its own"


def _say_levels(factor: Factor) -> str:
    if factor.low is None or factor.high is None:
        return ", ".join(say_level(level) for level in factor.levels)
    whole, scale = ", whole numbers" if factor.whole else "", ", by its logarithm" if factor.logarithmic else ""
    return f"{factor.low:g} to {factor.high:g}{whole}{scale}"


def _write_estimates(plan: Plan, findings: Findings) -> str:
    """The contrasts in full; the cells' means behind a fold, with the theory value beside each."""
    primary = findings.primary
    test = f"p = {primary.p_value:.2g}, {primary.p_method}" if primary.p_value is not None else "no test"
    contrasts = [primary.finding, primary.control, primary.treatment]
    contrasts += [finding for finding in findings.estimates if finding.cell is None]
    head = ("part", "metric", "estimand", "value", "interval", "n", "method")
    rows = [
        (f.part, f.name, f.estimand, _number(f.value), _limits(f), f"{f.n:,}", f.method + (f"; {test}" if i == 0 else ""))
        for i, f in enumerate(contrasts)
    ]
    theory = {(f.part, f.cell): f.value for f in findings.estimates if f.estimand == THEORY}
    places = {(part.name, cell.cell): cell.levels for part in plan.parts for cell in part.cells}
    cells: list[tuple[str, ...]] = []
    for f in findings.estimates:
        if f.cell is not None and f.estimand != THEORY:
            known = theory.get((f.part, f.cell)) if f.name == plan.primary.metric else None
            null = ", null model" if plan.part(f.part).null_model else ""
            where = ", ".join(f"{label} {say_level(level)}" for label, level in places[f.part, f.cell].items())
            cells.append((f"{f.part}/{f.cell}{null}", where, f.name, _number(f.value), _limits(f), _number(known), f"{f.n:,}"))
    shown = cells[:4000]
    titles = ("cell", "levels", "metric", "mean", "95 % interval", "theory", "n")
    note = f" (the first {len(shown):,}; all are in estimates.json)" if len(shown) < len(cells) else ""
    fold = (
        f"<details><summary>All {len(cells):,} means of cells{note}</summary>"
        f"{write_table_html(titles, shown, frozenset({3, 4, 5, 6}))}</details>"
    )
    left = ""
    if primary.left_out:
        left = f"<p class=meta>{primary.left_out:,} trials of the two arms had no counterpart and are left out.</p>"
    words = "<p class=meta>The primary outcome is the first row; what is confirmatory stands above, under every contrast.</p>"
    return write_table_html(head, rows, frozenset({3, 4, 5})) + words + left + fold


def _number(value: float | None) -> str:
    return "" if value is None else say_number(value)


def _limits(finding: Finding) -> str:
    return "none" if finding.low is None or finding.high is None else f"{_number(finding.low)} to {_number(finding.high)}"


def _write_costs(findings: Findings) -> str:
    units = {"prompt_tokens": "prompt tokens", "new_tokens": "new tokens", "wall_s": "wall, s", "cpu_s": "processor, s"}
    columns = ("trials", "calls", "prompt_tokens", "new_tokens", "wall_s", "cpu_s")
    rows = [
        (name, *(f"{cost.get(column, 0):,.{1 if column.endswith('_s') else 0}f}" for column in columns))
        for name, cost in findings.costs.items()
        if name != "predicted"
    ]
    table = write_table_html(("", *(units.get(c, c) for c in columns)), rows, frozenset(range(1, 7)))
    predicted = ", ".join(f"{k.replace('_', ' ')} {v:,.0f}" for k, v in findings.costs.get("predicted", {}).items())
    answers = [
        (
            part,
            *(f"{rate.get(name) or 0:,.0f}" for name in ("calls", "answers", "repairs", "defaults", "refusals")),
            _share(rate),
        )
        for part, rate in findings.rates.items()
    ]
    titles = ("part", "calls", "answered", "repairs", "defaults", "refusals", "share answered, by trial")
    rates = write_table_html(titles, answers, frozenset(range(1, 7))) if answers else ""
    return table + (f"<p class=meta>Predicted: {escape_text(predicted)}.</p>" if predicted else "") + rates


def _share(rate: object) -> str:
    numbers = cast("dict[str, float | None]", rate)
    value, low, high = (numbers.get(f"answers_{end}") for end in ("share", "low", "high"))
    return "" if value is None or low is None or high is None else f"{value:.3f} ({low:.2f} to {high:.2f})"


def _write_grade(grade: Grade) -> str:
    rows = [(r.grade, r.words, "yes" if r.met else "missing") for r in grade.requirements]
    return write_table_html(("for", "asked for", ""), rows, frozenset())


def _write_list(entries: tuple[str, ...]) -> str:
    return "<ul>" + "".join(f"<li>{escape_text(entry)}</li>" for entry in entries) + "</ul>" if entries else ""


def _write_lock(plan: Plan, findings: Findings) -> str:
    pairs = [("log digest", findings.log_digest), ("plan digest", plan.digest)]
    command = f"<pre><code>{escape_text(plan.order or f'commonweal run {plan.name}')} --out DIR</code></pre>"
    words = "The same plan on the same versions gives the same log digest."
    return write_pairs(pairs, code=True) + command + f"<p class=meta>{words}</p>"
