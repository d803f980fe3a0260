"""No effect, no finding: trials of the catalogue's worlds, all of one society, dealt at random into two arms.

Nominal is 5 %; the tolerance is three binomial standard errors. The commons' welfare is skewed (many collapse early).
"""

import numpy as np
import pytest
from scipy import stats

from commonweal.core.named import Named
from commonweal.core.networks import Regular
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.engine.compiled import run_batch
from commonweal.metrics.gini import Gini
from commonweal.metrics.welfare import Welfare
from commonweal.minds.scripted import Scripted
from commonweal.statistics.bootstrap import bootstrap_difference
from commonweal.statistics.inference import estimate_difference, estimate_proportion_difference, oppose
from commonweal.statistics.permutation import permute_arms
from commonweal.worlds.commons import Commons
from commonweal.worlds.network_game import NetworkGame

SOCIETIES = {
    "commons": (Commons(), Scripted(tremble=0.03), None),
    "network-game": (NetworkGame(), Scripted(level=0.6, tremble=0.2), Regular(4)),
}


def most(studies, nominal=0.05):
    return nominal + 3 * np.sqrt(nominal * (1 - nominal) / studies)


def missed(found):
    return not found.low <= 0 <= found.high


@pytest.fixture(scope="module")
def measured():
    """Welfare and Gini of 240 trials of each society."""
    metrics, found = Named.of(("welfare", Welfare()), ("gini", Gini())), {}
    for name, (world, mind, network) in SOCIETIES.items():
        society = Society(world=world, minds=Named.of(("scripted", mind)), seats=Seating(12, network=network))
        logs = run_batch(society, (), tuple(range(240)), 8, metrics)
        for metric in ("welfare", "gini"):
            found[name, metric] = np.array([log.values[metric] for log in logs])
    return found


@pytest.mark.parametrize("world", SOCIETIES)
@pytest.mark.parametrize("metric", ["welfare", "gini"])
def test_false_positives_are_nominal(measured, world, metric):
    values, rng, studies, few = measured[world, metric], np.random.default_rng(9), 4_000, 100
    assert np.unique(values).size > 50
    for n in (6, 30):
        dealt = rng.permuted(np.broadcast_to(values, (studies, values.size)), axis=1)
        one, nil = dealt[:, :n], dealt[:, n : 2 * n]
        welch = stats.ttest_ind(one, nil, axis=1, equal_var=False).pvalue < 0.05
        assert np.mean(welch) <= most(studies)
        own = [oppose(*arms) for arms in zip(one[:few], nil[:few], strict=True)]
        assert [missed(estimate_difference(arms)) for arms in own] == welch[:few].tolist()
        assert np.mean([permute_arms(arms, draws=99, seed=i).p <= 0.05 for i, arms in enumerate(own)]) <= most(few)
        assert np.mean([missed(bootstrap_difference(arms, draws=199)) for arms in own]) <= most(few, 0.06)
        middle = np.median(values)
        high = [oppose((arms.treatment > middle) * 1.0, (arms.control > middle) * 1.0) for arms in own]
        assert np.mean([missed(estimate_proportion_difference(arms)) for arms in high]) <= most(few, 0.06)
