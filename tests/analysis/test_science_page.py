"""The sections that a sceptic reads first: all of it said, nothing unescaped, the type of the claim by what was found."""

import dataclasses
import re

import numpy as np
import pytest

from audits import Made, pairs, run_of
from commonweal.analysis.estimates import write_estimates
from commonweal.analysis.findings import read_findings
from commonweal.analysis.plans import read_plan
from commonweal.analysis.registration import NOT_LOCKED, Deviation, Registration
from commonweal.analysis.robustness import find_robustness
from commonweal.analysis.science_page import say_type, write_claim, write_gap, write_registration, write_unit, write_verdicts
from commonweal.analysis.unit import Stopped
from commonweal.analysis.verdicts import find_verdicts
from commonweal.statistics.agents import estimate_likeness, sum_agents
from commonweal.statistics.equivalence import Equivalence
from commonweal.statistics.inference import Estimate

EVIL = "<img src=x onerror=alert(1)>\x1b[31m"
KEPT = Registration(True, True, "2026-01-01", "sha256:l", "commit abc", "m", (("scripted", "survived"),), ())


@pytest.fixture(scope="module")
def run(finished):
    return read_plan(finished), read_findings(write_estimates(finished).parent)


def words_of(html):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", html))


def with_science(findings, **changes):
    return dataclasses.replace(findings, science=dataclasses.replace(findings.science, **changes))


def with_verdict(findings, verdict):
    """The findings with a verdict on the smallest effect of interest."""
    estimate = Estimate(0.1, 0.02, 0.2, 0.9, "t", 40)
    found = Equivalence(estimate, 0.15, 0.2, 0.03, verdict)
    return with_science(findings, verdicts=dataclasses.replace(findings.science.verdicts, equivalence=found))


def with_limits(findings, low, high):
    finding = dataclasses.replace(findings.primary.finding, low=low, high=high)
    return dataclasses.replace(findings, primary=dataclasses.replace(findings.primary, finding=finding))


@pytest.mark.parametrize(
    ("verdict", "limits", "expected"),
    [
        (None, (0.2, 0.4), "effect"),
        (None, (-0.4, -0.2), "effect"),
        (None, (-0.1, 0.1), "undecided: neither an effect nor its absence is shown"),
        (None, (None, None), "none: no interval"),
        ("effect", (0.2, 0.4), "effect"),
        ("equivalent", (-0.1, 0.1), "null-equivalence"),
        ("effect, but smaller than matters", (0.01, 0.1), "effect, but smaller than matters"),
        ("undecided", (-0.1, 0.3), "undecided: neither an effect nor its absence is shown"),
        ("undecided", (None, None), "none: no interval"),
    ],
)
def test_the_type_of_the_claim_is_what_was_found(run, verdict, limits, expected):
    _, findings = run
    findings = with_limits(findings, *limits)
    assert say_type(findings if verdict is None else with_verdict(findings, verdict)) == expected


def test_the_claim_card_says_claim_type_scope_mechanism_and_refutation(run):
    plan, findings = run
    page = words_of(write_claim(plan, findings))
    for words in (findings.answer.split(" raises")[0], "effect", "robustness audit not run", "exploratory", "not said"):
        assert words in page
    assert "part scripted: a varied number of agents, 24 months; nothing beyond is claimed" in page
    assert "whose interval for survived (detection probability 0.5 against 0) reaches 0" in page
    assert "none: no real trace is compared" in page
    own = dataclasses.replace(
        plan, scope="small lakes", mechanism="fines deter", primary=dataclasses.replace(plan.primary, smallest=0.1)
    )
    page = words_of(write_claim(own, with_science(findings, registration=KEPT)))
    for words in ("small lakes", "fines deter", "reaches 0.10", "confirmatory"):
        assert words in page
    assert "null model" not in page


def test_the_standing_of_the_claim_is_the_audits(run):
    plan, findings = run
    rng = np.random.default_rng(5)
    audit = find_robustness(*run_of([Made(None, *pairs(0.5, rng)), Made(("topology", "a ring"), *pairs(-0.5, rng))]))
    page = words_of(write_claim(plan, with_science(findings, robustness=audit)))
    assert f"{audit.label}. {audit.reasons[0][:20]}" in page
    assert "not run" not in page


def test_a_null_model_in_the_primary_part_is_the_first_thing_said(run):
    plan, findings = run
    findings = dataclasses.replace(findings, primary=dataclasses.replace(findings.primary, null_model=True))
    page = words_of(write_claim(plan, findings))
    assert page.index("it claims nothing of language models") < page.index("claim ", page.index("claims nothing") + 10)


def test_registration_without_a_lock_kept_and_broken():
    assert "Not locked" in write_registration(NOT_LOCKED)
    page = words_of(write_registration(KEPT))
    for words in ("Locked 2026-01-01", "no deviation", "confirmatory: survived", "sha256:l", "commit abc"):
        assert words in page
    assert "<table" not in write_registration(KEPT)
    deviations = (Deviation("parts.scripted.ticks", "24", "12", part="scripted"), Deviation("hypotheses", EVIL, "none"))
    broken = dataclasses.replace(KEPT, deviations=deviations)
    page = write_registration(broken)
    assert page.count("<tr>") == 3
    assert "2 deviations; no figure is confirmatory" in page
    assert "<img" not in page
    assert "\x1b" not in page
    assert "counts for nothing" in write_registration(dataclasses.replace(KEPT, sound=False))


def test_earlier_locks_stand_on_the_claim_card_and_under_registration(run):
    plan, findings = run
    own = dataclasses.replace(KEPT, earlier=(("2025-12-01", "sha256:first"),))
    page = words_of(write_registration(own))
    assert "after 1 earlier lock of this study (2025-12-01); no deviation" in page
    assert "sha256:first, 2025-12-01" in page
    card = words_of(write_claim(plan, with_science(findings, registration=own)))
    assert "confirmatory, after 1 earlier lock of this study (2025-12-01)" in card
    assert "earlier lock" not in words_of(write_claim(plan, with_science(findings, registration=KEPT)))


def test_unit_and_sample_count_trials_and_say_what_counting_agents_would_do(run):
    plan, findings = run
    page = words_of(write_unit(plan, findings.science.unit))
    assert "One observation is one trial: a society of a varied number of agents over 24" in page
    assert re.search(r"detection probability 0 +220 +220 +0 +220", page)
    assert "No smallest effect of interest was declared" in page
    rng = np.random.default_rng(6)
    agents = rng.normal(0, 0.5, (40, 1)) + rng.normal(0, 1, (40, 30))
    likeness = estimate_likeness(sum_agents(list(agents)))
    unit = dataclasses.replace(findings.science.unit, likeness=likeness, agent_error=0.61, agents=30)
    page = words_of(write_unit(plan, unit))
    assert f"{likeness.icc.value:.3f}" in page
    assert f"{likeness.design_effect:.1f}" in page
    assert "61" in page
    assert "30 agents" in page


def test_an_early_stop_exclusions_and_power_are_said(run):
    plan, findings = run
    unit = dataclasses.replace(findings.science.unit, stopped=Stopped(6, 10, "narrow enough", 0.4, 0.3, 0.5))
    own = dataclasses.replace(plan, exclusions=("crashed trials", EVIL), power={"words": "220 trials find 0.1 in 80 %"})
    page = write_unit(own, unit)
    for words in ("narrow enough", "0.40 (0.30 to 0.50)", "Excluded: crashed trials", "220 trials find 0.1 in 80 %"):
        assert words in page
    assert "<img" not in page


def test_every_contrast_has_its_row_its_mark_and_its_correction(run):
    plan, findings = run
    own = dataclasses.replace(plan, family=("efficiency",))
    rng = np.random.default_rng(7)
    made, trials = run_of([Made(None, *pairs(0.0, rng, spread=0.05))], smallest=0.5)
    science = dataclasses.replace(findings.science, verdicts=find_verdicts(made, trials), registration=KEPT)
    page = words_of(write_verdicts(made, science))
    assert "Smallest effect of interest 0.50: equivalent (two one-sided tests" in page
    assert "The declared family has 1 test (Holm); all others are exploratory." in page
    page = words_of(write_verdicts(own, dataclasses.replace(findings.science, registration=KEPT)))
    assert "No smallest effect of interest was declared, so no effect can be called absent" in page
    assert re.search(r"scripted +survived +confirmatory", page)
    assert re.search(r"scripted +equality +exploratory", page)
    assert page.count("Benjamini-Hochberg") == 3
    assert "nan" not in page


def test_the_wording_floor_is_said(run):
    _, findings = run
    rng = np.random.default_rng(8)
    plan, trials = run_of([Made(None, *pairs(0.5, rng)), Made(None, *pairs(0.0, rng))])
    other = dataclasses.replace(plan.parts[1], role="control", null_model=True)
    plan = dataclasses.replace(plan, parts=(plan.parts[0], other))
    science = dataclasses.replace(findings.science, verdicts=find_verdicts(plan, trials))
    page = words_of(write_verdicts(plan, science))
    assert "Wording floor: with the null model of part audit-1" in page
    assert "audit-1, null model" in page


def test_the_gap_beside_its_theory(run):
    plan, findings = run
    page = words_of(write_gap(plan, findings.science))
    assert "Simulation minus theory of the primary outcome" in page
    assert "mean field" in page
    bare = dataclasses.replace(findings.science, gap=dataclasses.replace(findings.science.gap, primary=None, cells=()))
    assert "Theory: none known." in words_of(write_gap(dataclasses.replace(plan, theory="none known"), bare))


def test_what_a_study_wrote_is_no_markup(run):
    plan, findings = run
    evil = dataclasses.replace(plan, scope=EVIL, mechanism=EVIL, theory=EVIL, exclusions=(EVIL,), power={"words": EVIL})
    said = dataclasses.replace(findings, answer=EVIL)
    pages = (
        write_claim(evil, said), write_unit(evil, findings.science.unit), write_gap(evil, findings.science),
        write_verdicts(evil, findings.science),
    )  # fmt: skip
    for page in pages:
        assert "<img" not in page
        assert "\x1b" not in page
