"""The unit and the sample: raw agents are planted, and what the table's columns say of them is held against those agents."""

import dataclasses
import json

import numpy as np
import pytest
from scipy import stats

from audits import Made, run_of
from commonweal.analysis.estimates import list_missing, write_estimates
from commonweal.analysis.findings import read_findings
from commonweal.analysis.plans import Cell, Factor, MetricCard
from commonweal.analysis.trials import Trials
from commonweal.analysis.unit import Stopped, find_unit, keep_sample, read_stopped
from commonweal.core.errors import LogError
from commonweal.statistics.agents import estimate_likeness, exact_agent_error, sum_agents

CARDS = {
    "good": MetricCard("1", None, None, "", ""),
    "gain": MetricCard("tokens", None, None, "", "", "Welfare"),
    "spread": MetricCard("tokens", 0.0, None, "", "", "EarningsVariance"),
}


def society(agents, levels=(0.0, 1.0), cell=None):
    """A plan and its table from raw agents: one row [n] a trial, `cell` its cell, whose law is `levels[cell]`."""
    plan, _ = run_of([Made(None, [0.0], [0.0])])
    rows = len(agents)
    cell = np.repeat([0, 1], rows // 2) if cell is None else cell
    seed = np.concatenate([np.arange((cell == c).sum()) for c in np.unique(cell)])
    cells = tuple(Cell(int(c), {"law": levels[c]}, None, (0, int((cell == c).sum()))) for c in np.unique(cell))
    part = dataclasses.replace(plan.parts[0], agents=len(agents[0]), cells=cells)
    columns = {
        "good": np.array([np.mean(own) for own in agents]),
        "gain": np.array([np.mean(own) for own in agents]),
        "spread": np.array([np.var(own, ddof=1) for own in agents]),
    }
    trials = Trials(
        np.array(["main"] * rows), cell, seed, np.full(rows, 9), {"law": np.array(levels)[cell]}, columns, {}, np.full(rows, "")
    )
    return dataclasses.replace(plan, parts=(part,), metrics=CARDS), trials


def draw(rng, trials, agents, icc, shift=0.0):
    return shift + rng.normal(0, np.sqrt(icc), (trials, 1)) + rng.normal(0, np.sqrt(1 - icc), (trials, agents))


@pytest.mark.parametrize("icc", [0.0, 0.05, 0.3])
def test_likeness_of_one_cell_is_that_of_its_raw_agents(icc):
    agents = draw(np.random.default_rng(3), 40, 9, icc)
    plan, trials = society(agents, cell=np.zeros(40, np.int64))
    found, raw = find_unit(plan, trials, None).likeness, estimate_likeness(sum_agents(list(agents)))
    assert (found.icc.value, found.icc.low, found.icc.high) == pytest.approx((raw.icc.value, raw.icc.low, raw.icc.high))
    assert (found.design_effect, found.effective, found.agents) == pytest.approx((raw.design_effect, raw.effective, 360))
    assert found.icc.n == 40


def test_a_difference_between_cells_is_no_likeness():
    """Shifting a cell moves its mean, and says nothing of how alike the agents of one trial are."""
    rng = np.random.default_rng(4)
    low, high = draw(rng, 30, 9, 0.1), draw(rng, 30, 9, 0.1)
    alike = [find_unit(*society(np.concatenate([low, high + shift])), None).likeness for shift in (0.0, 50.0)]
    assert alike[0].icc.value == pytest.approx(alike[1].icc.value)
    assert alike[1].icc.value < 0.3
    naive = estimate_likeness(sum_agents(list(np.concatenate([low, high + 50.0]))))
    assert naive.icc.value > 0.99


def searle(means, variances, n, freedom):
    """Searle's F interval from centred means [..., r] on `freedom` and variances [..., r], in closed form. [2, ...]"""
    trials = means.shape[-1]
    ratio = n * (means**2).sum(-1) / freedom / variances.mean(-1)
    limits = (ratio / stats.f.ppf(p, freedom, trials * (n - 1)) for p in (0.975, 0.025))
    return np.array([(limit - 1) / (limit + n - 1) for limit in limits])


def test_the_limits_cover_with_two_seeds_a_cell():
    """Each cell's mean is estimated too: with the degrees of freedom of one common mean, 20 cells of 2 cover .84."""
    rng, truth, n = np.random.default_rng(5), 0.2, 10
    cell = np.repeat(np.arange(20), 2)
    agents = rng.normal(0, np.sqrt(truth), (4000, 20, 2, 1)) + rng.normal(0, np.sqrt(1 - truth), (4000, 20, 2, n))
    agents += rng.normal(0, 3, (4000, 20, 1, 1))
    means, variances = agents.mean(-1), agents.var(-1, ddof=1).reshape(4000, 40)
    left = (means - means.mean(-1, keepdims=True)).reshape(4000, 40)
    low, high = searle(left, variances, n, 20)
    assert ((low <= truth) & (truth <= high)).mean() == pytest.approx(0.95, abs=0.0104)  # three standard errors
    low_of_one, high_of_one = searle(left * np.sqrt(39 / 20), variances, n, 39)
    assert ((low_of_one <= truth) & (truth <= high_of_one)).mean() < 0.87
    for i in range(5):
        plan, trials = society(agents[i].reshape(40, n), levels=np.arange(20.0), cell=cell)
        found = find_unit(plan, trials, None).likeness.icc
        assert (found.low, found.high) == pytest.approx((low[i], high[i]), abs=1e-9)


@pytest.mark.parametrize(("trials", "agents", "icc"), [(20, 20, 0.3), (12, 9, 0.05)])
def test_the_error_of_counting_agents_is_the_exact_one_at_the_sample(trials, agents, icc):
    plan, table = society(draw(np.random.default_rng(6), 2 * trials, agents, icc))
    unit = find_unit(plan, table, None)
    found = min(max(unit.likeness.icc.value, 0.0), 1.0)
    assert unit.agent_error == pytest.approx(exact_agent_error(trials, agents, found))
    assert unit.agent_error > 0.05


def test_that_error_is_what_a_test_of_agents_makes():
    """An agent-level t test on null societies, simulated at the estimated correlation."""
    rng, trials, agents, repetitions = np.random.default_rng(7), 10, 20, 4000
    unit = find_unit(*society(draw(rng, 2 * trials, agents, 0.2)), None)
    icc = max(unit.likeness.icc.value, 0.0)
    arms = rng.normal(0, np.sqrt(icc), (2, repetitions, trials, 1)) + rng.normal(
        0, np.sqrt(1 - icc), (2, repetitions, trials, agents)
    )
    one, nil = arms.reshape(2, repetitions, -1)
    rate = (stats.ttest_ind(one, nil, axis=1).pvalue < 0.05).mean()
    assert rate == pytest.approx(unit.agent_error, abs=3 * np.sqrt(rate * (1 - rate) / repetitions))


def test_arms_count_what_was_planned_finished_and_known():
    plan, trials = society(draw(np.random.default_rng(8), 20, 9, 0.1))
    values = trials.metrics["good"].copy()
    values[[0, 1, 12]] = np.nan
    gone = dataclasses.replace(trials, metrics=trials.metrics | {"good": values}).where(np.arange(20) != 5)
    control, treatment = find_unit(plan, gone, None).arms
    assert (control.name, control.planned, control.finished, control.known) == ("0", 10, 9, 7)
    assert (treatment.name, treatment.planned, treatment.finished, treatment.known) == ("1", 10, 10, 9)


def test_without_the_two_columns_or_two_trials_nothing_is_said():
    plan, trials = society(draw(np.random.default_rng(9), 20, 9, 0.1))
    bare = dataclasses.replace(plan, metrics={"good": CARDS["good"], "gain": CARDS["gain"]})
    unit = find_unit(bare, trials, None)
    assert (unit.likeness, unit.agent_error) == (None, None)
    few = trials.where(trials.seed == 0)
    assert find_unit(plan, few, None).likeness is None
    none = trials.where(trials.seed < 0)
    assert find_unit(plan, none, None).arms[0].finished == 0


def test_agents_that_all_gain_alike_tell_nothing():
    plan, trials = society(np.ones((20, 9)))
    unit = find_unit(plan, trials, None)
    assert np.isnan(unit.likeness.icc.value)
    assert unit.agent_error is None


def test_where_the_population_varies_one_size_is_looked_at():
    rng = np.random.default_rng(10)
    small, large = draw(rng, 15, 5, 0.2), draw(rng, 15, 50, 0.2)
    plan, trials = society([*small, *large], levels=(5.0, 50.0))
    factors = (Factor("law", "seats.n", (5.0, 50.0)),)
    part = dataclasses.replace(plan.parts[0], agents=None, factors=factors)
    primary = dataclasses.replace(plan.primary, control=5.0, treatment=50.0)
    found = find_unit(dataclasses.replace(plan, parts=(part,), primary=primary), trials, None).likeness
    raw = estimate_likeness(sum_agents(list(large)))
    assert (found.agents, found.size) == (15 * 50, 50)
    assert (found.icc.value, found.icc.low, found.icc.high) == pytest.approx((raw.icc.value, raw.icc.low, raw.icc.high))
    other = dataclasses.replace(part, factors=(Factor("law", "rules.law:Law.force", (5.0, 50.0)),))
    assert find_unit(dataclasses.replace(plan, parts=(other,), primary=primary), trials, None).likeness is None


STOPPED = {"part": "scripted", "n": 6, "seeds": 10, "why": "the interval is narrow enough", "estimate": 0.4, "low": 0.3,
           "high": 0.5, "stop": True}  # fmt: skip


def test_a_run_that_stopped_early_rests_on_the_seeds_before_the_stop(synthetic, tmp_path):
    """Trials that were in flight are in the table and in the costs, and no estimate looks at them."""
    from commonweal.analysis.plans import read_plan
    from commonweal.analysis.trials import read_trials, write_table

    synthetic.write_run(tmp_path, seeds=10)
    (tmp_path / "stopped.json").write_text(json.dumps(STOPPED))
    write_table(tmp_path)
    plan, table, stopped = read_plan(tmp_path), read_trials(tmp_path), read_stopped(tmp_path)
    assert stopped == Stopped(6, 10, "the interval is narrow enough", 0.4, 0.3, 0.5)
    kept = keep_sample(plan, table, stopped)
    assert kept.seed[kept.part == "scripted"].max() == 5
    assert (len(kept), (kept.part == "language").sum()) == (66 * 6 + 2, 2)
    assert keep_sample(plan, table, None) is table
    findings = read_findings(write_estimates(tmp_path).parent)
    assert findings.primary.finding.n == 22 * 6
    assert findings.costs["part scripted"]["trials"] == 660
    unit = findings.science.unit
    assert unit.stopped == stopped
    assert [(arm.planned, arm.finished) for arm in unit.arms] == [(132, 132), (132, 132)]
    assert list_missing(plan, table, stopped) == {}
    assert list_missing(plan, kept, stopped) == {}
    assert list_missing(plan, kept) == {"scripted": 66 * 4}
    gone = table.where((table.part != "scripted") | (table.seed != 3))
    assert list_missing(plan, gone, stopped) == {"scripted": 66}


def test_without_a_stop_there_is_none_and_a_damaged_one_is_said(tmp_path):
    assert read_stopped(tmp_path) is None
    for text in ("{", "[]", "{}", json.dumps(STOPPED | {"n": 2.5}), json.dumps(STOPPED | {"low": "x"})):
        (tmp_path / "stopped.json").write_text(text)
        with pytest.raises(LogError, match=r"stopped\.json"):
            read_stopped(tmp_path)
