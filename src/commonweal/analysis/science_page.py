"""The sections of a report that a sceptic reads first: claim, registration, unit and sample, verdicts, theory."""

from __future__ import annotations

from commonweal.analysis.finding import say_number
from commonweal.analysis.findings import Findings
from commonweal.analysis.page import escape_text, write_pairs, write_section, write_table_html
from commonweal.analysis.plans import Plan, say_level
from commonweal.analysis.registration import Registration
from commonweal.analysis.science import Science, floor_of
from commonweal.analysis.unit import Unit
from commonweal.analysis.verdicts import Verdicts
from commonweal.statistics.inference import Estimate


def write_claim(plan: Plan, findings: Findings) -> str:
    """The claim card: what is claimed, of which type, for what it holds, and what would refute it."""
    science, primary = findings.science, findings.primary
    audit = science.robustness
    part = plan.part(plan.primary.part)
    agents = f"{part.agents:,} agents" if part.agents else "a varied number of agents"
    rows = [
        ("claim", findings.answer),
        ("type", say_type(findings)),
        ("standing", "robustness audit not run" if audit is None else f"{audit.label}. {' '.join(audit.reasons)}"),
        ("scope", plan.scope or f"part {part.name}: {agents}, {part.ticks} {part.tick_name}s; nothing beyond is claimed"),
        ("mechanism", plan.mechanism or "not said"),
        ("would refute it", _say_refutation(plan)),
        ("primary outcome", science.registration.mark(plan.primary.part, plan.primary.metric) + science.registration.history),
        ("external contact", "none: no real trace is compared; caged (no agent reaches anything outside the society)"),
        ("harms and dual use", "nothing is withheld; a study of language minds may teach what they fall for"),
    ]
    if science.replication is not None:
        own = science.replication
        published = say_number(own.published) + (
            f" ({say_number(own.low)} to {say_number(own.high)})" if own.low == own.low else ""
        )
        rows.insert(1, ("replication", f"{own.kind} of {own.source}: published {published}; {own.verdict}"))
    if primary.null_model:
        rows.insert(0, ("note", "the primary part runs on a null model: it claims nothing of language models"))
    return write_section("Claim card", write_pairs(rows))


def say_type(findings: Findings) -> str:
    """The type of the claim, by what was found: effect, null-equivalence, or none yet."""
    verdict = findings.science.verdicts.equivalence
    found = findings.primary.finding
    if verdict is not None and verdict.verdict != "undecided":
        return {"equivalent": "null-equivalence"}.get(verdict.verdict, verdict.verdict)
    if found.low is None or found.high is None:
        return "none: no interval"
    return "effect" if not found.low <= 0 <= found.high else "undecided: neither an effect nor its absence is shown"


def _say_refutation(plan: Plan) -> str:
    primary = plan.primary
    smallest = "0" if primary.smallest is None else say_number(primary.smallest)
    return (
        f"the same design with fresh seeds, whose interval for {primary.metric} ({primary.factor} "
        f"{say_level(primary.treatment)} against {say_level(primary.control)}) reaches {smallest}"
    )


def write_registration(registration: Registration) -> str:
    """The lock, and what was done otherwise."""
    rows = [(one.field, one.locked, one.run) for one in registration.deviations]
    table = write_table_html(("deviation", "locked", "run"), rows, frozenset()) if rows else ""
    facts = [("lock digest", registration.digest), ("commit", registration.commit), ("model", registration.model)]
    facts += [("earlier lock", f"{digest}, {written}") for written, digest in registration.earlier]
    known = write_pairs([(name, value) for name, value in facts if value], code=True) if registration.locked else ""
    return write_section("Registration", f"<p>{escape_text(registration.words)}</p>", known, table)


def write_unit(plan: Plan, unit: Unit) -> str:
    """The unit of evidence, the sample of each arm, and how alike agents are."""
    counts = [(arm.planned, arm.finished, arm.planned - arm.finished, arm.known) for arm in unit.arms]
    names = [f"{plan.primary.factor} {arm.name}" for arm in unit.arms]
    rows = [(name, *(f"{n:,}" for n in own)) for name, own in zip(names, counts, strict=True)]
    table = write_table_html(("arm", "trials planned", "finished", "missing", "with a value"), rows, frozenset({1, 2, 3, 4}))
    agents = f"{unit.agents:,} agents" if unit.agents else "a varied number of agents"
    words = [f"One observation is one trial: a society of {agents} over {unit.ticks} ticks. Agents are never counted."]
    likeness = unit.likeness
    if likeness is not None and likeness.icc.value == likeness.icc.value:
        icc = likeness.icc
        words.append(
            f"What agents of one trial earn has an intraclass correlation of {icc.value:.3f} ({icc.low:.3f} to {icc.high:.3f}) "
            f"and a design effect of {likeness.design_effect:.1f}: {likeness.agents:,} agents tell as much as "
            f"{likeness.effective:,.0f} independent ones."
        )
    if unit.agent_error is not None:
        words.append(
            f"Counted as evidence, they would find an effect that is not there in {unit.agent_error:.0%} of such studies, "
            "not in 5 %.".replace("%", " %").replace("  ", " ")
        )
    if unit.stopped is not None:
        stop = unit.stopped
        words.append(
            f"Stopped early after {stop.n} of {stop.seeds} seeds by the declared rule: {stop.why}; at all looks together "
            f"{say_number(stop.estimate)} ({say_number(stop.low)} to {say_number(stop.high)})."
        )
    if plan.exclusions:
        words.append(f"Excluded: {'; '.join(plan.exclusions)}.")
    power = _say_power(plan)
    words += [power] if power else []
    return write_section("Unit and sample", f"<p>{escape_text(' '.join(words))}</p>", table)


def _say_power(plan: Plan) -> str:
    power = plan.power
    if power is None:
        return "" if plan.primary.smallest is not None else "No smallest effect of interest was declared."
    return str(power.get("words") or "")


def write_verdicts(plan: Plan, science: Science) -> str:
    """All contrasts with what is left of their p-values, and the primary one against the smallest effect of interest."""
    verdicts = science.verdicts
    rows = [
        (
            test.part + (", null model" if test.null_model else ""),
            test.metric,
            science.registration.mark(test.part, test.metric),
            say_number(test.estimate.value, sign=True) if test.estimate.n else "",
            _limits(test.estimate),
            _say_p(test.p),
            _say_p(test.adjusted),
            "Holm" if test.declared else "Benjamini-Hochberg",
        )
        for test in verdicts.tests
    ]
    head = ("part", "metric", "", "difference", "95 % interval", "p", "adjusted", "by")
    table = write_table_html(head, rows, frozenset({3, 4, 5, 6}))
    floor = floor_of(plan, science)
    words = [_say_equivalence(plan, verdicts)]
    if floor is not None:
        words.append(
            f"Wording floor: with the null model of part {floor[0].name} the same contrast moves by up to "
            f"{say_number(floor[1])}; a language effect counts beyond that only."
        )
    return write_section("Every contrast, counted", f"<p>{escape_text(' '.join(words))}</p>", table)


def _say_equivalence(plan: Plan, verdicts: Verdicts) -> str:
    found = verdicts.equivalence
    count = len(verdicts.family)
    family = f"The declared family has {count} test{'s' if count > 1 else ''} (Holm); all others are exploratory."
    if found is None:
        return f"No smallest effect of interest was declared, so no effect can be called absent. {family}"
    unit = plan.metrics[plan.primary.metric].unit
    smallest = say_number(found.smallest) + ("" if unit == "1" else f" {unit}")
    test = "by limits that hold at every look" if found.p != found.p else f"two one-sided tests, p {_say_p(found.p)}"
    limits = f"90 % interval {_limits(found.estimate)}"
    return f"Smallest effect of interest {smallest}: {found.verdict} ({test}; {limits}). {family}"


def _say_p(p: float) -> str:
    return "" if p != p else "< 0.001" if p < 0.001 else f"{p:.2g}"


def _limits(estimate: Estimate) -> str:
    return f"{say_number(estimate.low)} to {say_number(estimate.high)}" if estimate.bounded else "none"


def write_gap(plan: Plan, science: Science) -> str:
    """Theory beside the simulation."""
    gap = science.gap
    theory = f"Theory: {plan.theory}." if plan.theory != "none known" else "Theory: none known."
    words = gap.words
    if words == "none known":
        return write_section("Theory gap", f"<p>{escape_text(theory)}</p>")
    return write_section("Theory gap", f"<p>{escape_text(words)}</p><p class=meta>{escape_text(theory)}</p>")


def write_fidelity(science: Science) -> str:
    """The fidelity ladder: the primary contrast and its cost, from the cheapest society to the dearest."""
    if not science.fidelity:
        return ""
    rows = [
        (
            rung.part,
            rung.minds,
            "varied" if rung.agents is None else f"{rung.agents:,}",
            say_number(rung.estimate.value, sign=True) if rung.estimate.n else "",
            _limits(rung.estimate),
            f"{rung.seconds:.3g}",
            f"{rung.calls:,.0f}",
            "" if rung.cost_of_precision != rung.cost_of_precision else f"{rung.cost_of_precision:.3g}",
            {None: "", True: "yes", False: "no"}[rung.agrees],
        )
        for rung in science.fidelity
    ]
    head = (
        "part",
        "minds",
        "agents",
        "difference",
        "95 % interval",
        "s a trial",
        "calls",
        "s x width\u00b2",
        "overlaps the primary",
    )
    words = (
        "From the cheapest society to the dearest. The last but one column is what an interval one unit wide would cost in "
        "wall seconds: by it, parts can be compared for how much they tell. The last says whether the interval overlaps the "
        "primary part's. A null model is a negative control, not a rung of trust."
    )
    table = write_table_html(head, rows, frozenset({2, 3, 4, 5, 6, 7}))
    return write_section("Fidelity ladder", f"<p class=meta>{escape_text(words)}</p>", table)
