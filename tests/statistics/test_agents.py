"""Known answers: Searle's interval from scipy's F, oracles of agent-level tests (.43, .68, .58 of null studies), coverage."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from commonweal.core.errors import StudyError
from commonweal.statistics.agents import (
    AgentSums,
    approximate_agent_error,
    estimate_likeness,
    exact_agent_error,
    refuse_agents,
    sum_agents,
)

# Trials an arm, agents, ICC, the formula, and its rate in 4,000 simulated studies.
ORACLES = [(5, 100, 0.05, 0.421673, 0.4245), (10, 100, 0.2, 0.667371, 0.6525), (10, 1000, 0.01, 0.554366, 0.5623)]


@pytest.mark.parametrize(("trials", "agents", "icc", "formula", "simulated"), ORACLES)
def test_the_rates_of_the_oracles(trials, agents, icc, formula, simulated):
    assert approximate_agent_error(agents, icc) == pytest.approx(formula, abs=2e-5)
    # Standard error of theirs .0078.
    assert exact_agent_error(trials, agents, icc) == pytest.approx(simulated, abs=0.025)


@pytest.mark.parametrize(("trials", "agents", "icc", "formula", "simulated"), ORACLES)
def test_the_rates_by_simulated_agents(trials, agents, icc, formula, simulated):
    # Whole agents, drawn; only the sums of squares of normal agents within a trial come from their own chi-square.
    rng, studies = np.random.default_rng(7), 20_000
    within = (1 - icc) * rng.chisquare(agents - 1, (studies, 2, trials)).sum(axis=2)
    noise = np.sqrt((1 - icc) / agents) * rng.normal(size=(studies, 2, trials))
    means = np.sqrt(icc) * rng.normal(size=(studies, 2, trials)) + noise
    squares = within + agents * trials * means.var(axis=2)
    n = trials * agents
    t = (means[:, 0].mean(1) - means[:, 1].mean(1)) / np.sqrt(squares.sum(1) / (n - 1) / n)
    rate = float(np.mean(np.abs(t) > stats.t.ppf(0.975, 2 * n - 2)))
    assert rate == pytest.approx(exact_agent_error(trials, agents, icc), abs=0.0105)  # three standard errors
    assert rate == pytest.approx(simulated, abs=0.03)
    ours = stats.ttest_ind(means[:, 0], means[:, 1], axis=1, equal_var=False).pvalue < 0.05
    assert np.mean(ours) <= 0.0546  # the trial as unit: nominal


def test_without_correlation_or_with_one_agent_the_rate_is_nominal():
    for trials, agents in ((2, 1), (3, 50), (20, 7)):
        assert exact_agent_error(trials, agents, 0.0) == pytest.approx(0.05, abs=2e-4)
    assert exact_agent_error(8, 1, 0.4) == pytest.approx(0.05, abs=2e-4)
    assert exact_agent_error(4, 20, 0.0, 0.9) == pytest.approx(0.1, abs=3e-4)
    assert approximate_agent_error(1, 0.9) == pytest.approx(0.05)


def test_the_exact_rate_tends_to_the_formula():
    assert exact_agent_error(2_000, 50, 0.1) == pytest.approx(approximate_agent_error(50, 0.1), abs=5e-4)


def test_what_no_study_has_is_refused():
    for given_ in ((0, 10, 0.1), (1, 1, 0.1), (5, 10, 1.5)):
        with pytest.raises(StudyError, match="expected at least 1 trial"):
            exact_agent_error(*given_)


def test_agents_are_refused_with_the_number():
    with pytest.raises(StudyError, match=r"'gini' .* agents as the unit.* 67 of 100 studies, not in 5\. Test the trials"):
        refuse_agents("gini", trials=10, agents=100, icc=0.2)
    with pytest.raises(StudyError, match="42 of 100"):
        refuse_agents("gini")


def test_searles_interval_from_scipys_f():
    rng = np.random.default_rng(2)
    values = rng.normal(size=(9, 1)) + rng.normal(size=(9, 6))
    found, f = estimate_likeness(sum_agents(values)), stats.f_oneway(*values).statistic
    low, high = ((f / q - 1) / (f / q + 5) for q in stats.f.ppf([0.975, 0.025], 8, 45))
    assert (found.icc.value, found.icc.low, found.icc.high) == pytest.approx(((f - 1) / (f + 5), low, high), abs=1e-9)
    assert (found.size, found.agents, found.icc.n) == (6, 54, 9)
    assert found.design_effect == pytest.approx(1 + 5 * found.icc.value)
    assert found.effective == pytest.approx(54 / found.design_effect)
    assert "Searle" in found.icc.method


def test_shrout_and_fleiss():
    # Shrout & Fleiss 1979, table 2: six targets, four judges; table 4: ICC(1,1) = .17.
    ratings = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
    found = estimate_likeness(sum_agents(ratings)).icc
    assert found.value == pytest.approx(0.1657, abs=5e-5)
    assert (found.low, found.high) == pytest.approx((-0.1329, 0.7226), abs=5e-5)  # R, psych::ICC, ICC1


def test_unequal_sizes_by_the_definition():
    trials = [[1.0, 2.0], [3.0, 4.0, 8.0], [0.0, 0.5, 1.0, 2.0]]
    found, n = estimate_likeness(sum_agents(trials)), np.array([2, 3, 4])
    size = (9 - (n**2).sum() / 9) / 2
    f = stats.f_oneway(*trials).statistic
    assert found.size == pytest.approx(size)
    assert found.icc.value == pytest.approx((f - 1) / (f + size - 1))
    assert found.design_effect == pytest.approx(1 + ((n**2).sum() / 9 - 1) * found.icc.value)
    assert "Wald" in found.icc.method


@given(st.integers(2, 8), st.integers(2, 9), st.integers(0, 10_000), st.floats(0.1, 100.0))
def test_the_correlation_has_no_unit_and_lies_in_its_interval(trials, agents, seed, scale):
    values = np.random.default_rng(seed).normal(size=(trials, agents))
    one, other = (estimate_likeness(sum_agents(own)) for own in (values, 3.0 - scale * values))
    assert one.icc.low - 1e-9 <= one.icc.value <= one.icc.high + 1e-9
    assert -1 / (agents - 1) - 1e-9 <= one.icc.low
    assert one.icc.high <= 1
    assert (other.icc.value, other.icc.low, other.icc.high) == pytest.approx(
        (one.icc.value, one.icc.low, one.icc.high), abs=1e-6
    )
    assert one.effective <= trials * agents
    assert one.design_effect >= 1


def test_sums_say_what_raw_values_say():
    values = [[1.0, 2.0, 4.0], [5.0], [2.0, 2.5]]
    sums = AgentSums(np.array([3, 1, 2]), np.array([7 / 3, 5.0, 2.25]), np.array([7 / 3, 0.0, 0.125]))
    assert estimate_likeness(sums).icc.value == pytest.approx(estimate_likeness(sum_agents(values)).icc.value)


@pytest.mark.parametrize("icc", [0.0, 0.05, 0.3])
def test_the_interval_covers_at_unequal_sizes(icc):
    rng, hits, studies = np.random.default_rng(11), 0, 2_000
    for _ in range(studies):
        n = rng.integers(2, 60, 10)
        mean = np.sqrt(icc) * rng.normal(size=10) + np.sqrt((1 - icc) / n) * rng.normal(size=10)
        found = estimate_likeness(AgentSums(n, mean, (1 - icc) * rng.chisquare(n - 1) / (n - 1))).icc
        hits += found.low <= icc <= found.high
    assert hits / studies == pytest.approx(0.95, abs=0.015)


def test_what_cannot_be_told():
    for trials, reason in (([[1.0, 2.0]], "fewer than 2"), ([[1.0], [2.0]], "one agent"), ([[1.0, 1.0]] * 3, "no variation")):
        found = estimate_likeness(sum_agents(trials))
        assert np.isnan(found.icc.value)
        assert reason in found.icc.method
    same = estimate_likeness(sum_agents([[1.0, 1.0], [2.0, 2.0]])).icc
    assert (same.value, same.high) == (1.0, 1.0)
    with pytest.raises(StudyError, match="no agent"):
        sum_agents([[1.0], []])
    with pytest.raises(StudyError, match="shapes"):
        AgentSums(np.array([1]), np.zeros(2), np.zeros(2))
    with pytest.raises(StudyError, match="negative variance"):
        AgentSums(np.array([1]), np.zeros(1), np.array([-1.0]))
