"""No effect, no finding: false positives of every test on drawn societies that do not differ.

Agents share what befell their society: intraclass correlation .01 to .3. Nominal is 5 %, the tolerance three binomial standard
errors. Societies that are run: `test_null_worlds.py`; more repetitions: `benchmarks/inference.py`.
"""

import numpy as np
import pytest
from scipy import stats

from commonweal.statistics.agents import exact_agent_error
from commonweal.statistics.bootstrap import bootstrap_difference
from commonweal.statistics.clusters import estimate_clustered_difference
from commonweal.statistics.inference import estimate_difference, estimate_proportion_difference, oppose
from commonweal.statistics.permutation import permute_arms


def most(studies, nominal=0.05):
    return nominal + 3 * np.sqrt(nominal * (1 - nominal) / studies)


def missed(found):
    return not found.low <= 0 <= found.high


@pytest.mark.parametrize("icc", [0.01, 0.1, 0.3])
@pytest.mark.parametrize("trials", [10, 40])
def test_drawn_societies_trial_by_trial(icc, trials):
    rng, studies, agents = np.random.default_rng(int(1000 * icc) + trials), 4_000, 50
    noise = np.sqrt((1 - icc) / agents) * rng.normal(size=(studies, 2, trials))
    means = np.sqrt(icc) * rng.normal(size=(studies, 2, trials)) + noise
    welch = stats.ttest_ind(means[:, 0], means[:, 1], axis=1, equal_var=False).pvalue < 0.05
    assert np.mean(welch) <= most(studies)
    # scipy's test over all studies at once is ours, one by one.
    ours = [missed(estimate_difference(oppose(*own))) for own in means[:100]]
    assert ours == welch[:100].tolist()
    assert exact_agent_error(trials, agents, icc) > most(studies)  # what counting agents would have given
    # Whether most agents of a society did well: a share of trials.
    high = (means > 0) * 1.0
    share = [missed(estimate_proportion_difference(oppose(*own))) for own in high[:500]]
    # Newcombe's is no exact test: at 10 trials an arm its worst is 6 %.
    assert np.mean(share) <= most(500, 0.06 if trials == 10 else 0.055)
    dealt = [permute_arms(oppose(*own), draws=99, seed=i).p <= 0.05 for i, own in enumerate(means[:200])] if trials > 10 else []
    assert sum(dealt) <= 200 * most(200)


@pytest.mark.parametrize("icc", [0.01, 0.1, 0.3])
def test_drawn_agents_with_their_society_as_cluster(icc):
    rng, studies, trials, agents = np.random.default_rng(int(100 * icc)), 500, 8, 6
    labels, hits = np.repeat(np.arange(2 * trials), agents), {"CR2": 0, "BCa": 0}
    half = trials * agents
    sides = labels[:half], labels[half:]
    for i in range(studies):
        values = np.sqrt(icc) * rng.normal(size=2 * trials)[labels] + np.sqrt(1 - icc) * rng.normal(size=labels.size)
        arms = oppose(values[:half], values[half:])
        hits["CR2"] += estimate_clustered_difference(arms, sides).p < 0.05
        hits["BCa"] += i < 300 and missed(bootstrap_difference(arms, draws=199, clusters=sides))
    assert hits["CR2"] / studies <= most(studies)
    assert hits["BCa"] / 300 <= most(300, 0.06)  # a little above nominal below 10 clusters an arm: see its docstring
