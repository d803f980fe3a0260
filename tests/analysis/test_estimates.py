"""The synthetic run's truth is known: what the estimates must be is computed here by hand from the same rows."""

import json
import re

import numpy as np
import pytest

from commonweal.analysis.estimates import list_missing, write_estimates
from commonweal.analysis.finding import say_number
from commonweal.analysis.findings import read_findings
from commonweal.analysis.plans import read_plan
from commonweal.analysis.trials import hash_trials, read_trials, write_table


@pytest.fixture(scope="module")
def findings(finished):
    return read_findings(write_estimates(finished).parent)


def by_hand(synthetic, detect, metric="survived"):
    """The metric of every scripted trial at one detection probability, in (share, population, seed) order."""
    values = []
    for share in synthetic.SHARES:
        for population in (5, 50):
            levels = {"ruthless share": share, "detection probability": detect, "population": population}
            for seed in range(10):
                rows = synthetic.scripted_rows(("scripted", 0, seed), levels)
                values += [r["value"] for r in rows if r["name"] == metric]
    return np.array(values)


def test_the_primary_outcome_is_the_difference_of_paired_trials(synthetic, findings):
    control, treatment = by_hand(synthetic, 0.0), by_hand(synthetic, 0.5)
    primary = findings.primary
    assert primary.finding.value == pytest.approx(np.mean(treatment - control))
    assert (primary.control.value, primary.treatment.value) == pytest.approx((control.mean(), treatment.mean()))
    assert (primary.paired, primary.blocks, primary.finding.n, primary.left_out) == (True, 22, 220, 0)
    assert primary.p_value == 1 / 10_000
    assert primary.finding.low < primary.finding.value < primary.finding.high


def test_a_contrast_of_another_metric_is_the_blocked_paired_t_interval(synthetic, findings):
    row = next(f for f in findings.estimates if f.name == "welfare" and f.cell is None)
    d = (by_hand(synthetic, 0.5, "welfare") - by_hand(synthetic, 0.0, "welfare")).reshape(22, 10)
    v = d.var(axis=1, ddof=1) / 10
    freedom = v.sum() ** 2 / (v**2 / 9).sum()
    from scipy import stats

    half = stats.t.ppf(0.975, freedom) * np.sqrt(v.sum()) / 22
    assert (row.low, row.high) == pytest.approx((d.mean() - half, d.mean() + half))
    assert row.estimand == "difference in means, detection probability 0.5 minus 0"  # whether it was declared, the lock says


def test_every_cell_has_its_mean_and_its_theory(findings):
    rows = [f for f in findings.estimates if f.part == "scripted" and f.cell == 0]
    survived, theory = rows[0], rows[1]
    assert (survived.value, survived.n, survived.method) == (1.0, 10, "Wilson interval over trials")
    assert survived.low == pytest.approx(0.7225, abs=1e-4)  # Wilson, 10 of 10
    assert (theory.estimand, theory.value, theory.low, theory.n) == ("theory", 1.0, None, 0)
    assert sum(f.estimand == "theory" for f in findings.estimates) == 66


def test_the_answer_is_one_sentence_about_this_model(findings):
    found = re.fullmatch(
        r"In this model, an audit that finds a ruthless harvest half the time raises the mean of survived by 0\.\d\d, "
        r"from 0\.\d\d to 0\.\d\d \(95 % interval 0\.\d\d to 0\.\d\d; permutation p < 0\.001; "
        r"220 pairs of trials in 22 blocks\)\.",
        findings.answer,
    )
    assert found


def test_every_figure_of_a_null_model_says_so(findings):
    rows = [f for f in findings.estimates if f.part == "language"]
    assert len(rows) == 8
    assert all("null model" in f.estimand for f in rows)
    assert not any("null model" in f.estimand for f in findings.estimates if f.part == "scripted")


def test_rates_and_costs(findings):
    rate = findings.rates["language"]
    assert (rate["calls"], rate["repairs"], rate["defaults"], rate["refusals"], rate["answers"]) == (242, 2, 2, 0, 240)
    assert rate["repairs_share"] == pytest.approx(1 / 121)
    assert list(findings.rates) == ["language"]
    assert findings.costs["total"]["wall_s"] == pytest.approx(122 + 660 * 0.003)
    assert findings.costs["part language"]["new_tokens"] == 1800
    assert findings.costs["predicted"]["model_calls"] == 240


def test_the_digest_is_that_of_the_table(finished, findings):
    assert findings.log_digest == hash_trials(read_trials(finished).log_digest.tolist())


def small_run(synthetic, directory, primary, rows, **changes):
    plan = synthetic.write_plan(directory, seeds=2, **changes)
    plan["study"]["primary"] |= primary
    (directory / "plan.json").write_text(json.dumps(plan))
    synthetic.write_logs(directory, rows)
    write_table(directory)
    return read_findings(write_estimates(directory).parent)


def test_a_null_model_never_supplies_the_headline(synthetic, tmp_path):
    rows = [r for cell in (0, 1) for r in synthetic.language_rows(("language", cell, 0))]
    primary = {"part": "language", "factor": "audit", "control": "off", "treatment": "on", "metric": "welfare"}
    found = small_run(synthetic, tmp_path, primary, rows)
    assert found.answer.startswith("No answer: the primary outcome stands on part language")
    assert "+1.00 tokens" in found.answer
    assert "wording artefact" in found.answer
    assert found.primary.null_model


def test_no_variation_at_all_is_said_and_has_width(synthetic, tmp_path):
    """All survive in both arms: the interval is Newcombe's, not a point."""
    rows = []
    for cell, detect in ((0, 0.0), (4, 0.5)):
        levels = {"ruthless share": 0.0, "detection probability": detect, "population": 50}
        for seed in range(10):
            rows += synthetic.scripted_rows(("scripted", cell, seed), levels)
    found = small_run(synthetic, tmp_path, {}, rows)
    assert found.primary.finding.value == 0
    assert found.primary.finding.high == pytest.approx(1 - 0.7225, abs=1e-3)
    assert "has no detectable effect on the mean of survived" in found.answer
    equality = next(f for f in found.estimates if f.name == "equality" and f.cell is None)
    assert equality.low < 0 < equality.high
    assert equality.method.startswith("Newcombe")  # all 1: a share like any other
    efficiency = next(f for f in found.estimates if f.name == "efficiency" and f.cell is None)
    assert efficiency.low <= efficiency.value <= efficiency.high


@pytest.mark.parametrize(
    ("treatment", "said"),
    [(9.0, "moves the mean of welfare from 5.00 to 9.00 tokens (no"), (5.0, "leaves the mean of welfare at 5.00 tokens (no")],
)
def test_a_metric_without_chance_or_bounds_is_told_once_to_have_no_interval(synthetic, tmp_path, treatment, said):
    rows = []
    for cell, detect, welfare in ((0, 0.0, 5.0), (4, 0.5, treatment)):
        levels = {"ruthless share": 0.0, "detection probability": detect, "population": 50}
        for seed in range(10):
            own = synthetic.scripted_rows(("scripted", cell, seed), levels)
            rows += [row | {"value": welfare} if row["name"] == "welfare" else row for row in own]
    found = small_run(synthetic, tmp_path, {"metric": "welfare"}, rows)
    assert found.primary.finding.low is None
    assert said in found.answer
    assert found.answer.count("no interval") == 1
    assert "(no interval: no variation in 10 of a metric without bounds; permutation p " in found.answer


def test_an_unfinished_run_says_so(synthetic, tmp_path):
    levels = {"ruthless share": 0.0, "detection probability": 0.0, "population": 5}
    found = small_run(synthetic, tmp_path, {}, synthetic.scripted_rows(("scripted", 0, 0), levels))
    assert found.answer == "No answer yet: part scripted has no finished trials in both arms of detection probability."
    assert found.primary.p_value is None
    assert list_missing(read_plan(tmp_path), read_trials(tmp_path)) == {"scripted": 131, "language": 2}


@pytest.mark.parametrize(
    ("value", "text"), [(0.304, "0.30"), (-1.5, "−1.50"), (1234.6, "1,235"), (0.0004, "0.0004"), (0.0, "0.00")]
)
def test_numbers_read_as_in_a_paper(value, text):
    assert say_number(value) == text
    assert say_number(value, sign=True).lstrip("+") == text
