"""The study's theory against its published fixtures and against the simulation it stands beside."""

import numpy as np
import pytest

from commonweal.core import lens
from commonweal.engine.compiled import run_batch
from commonweal.lab.batches import batches
from commonweal.studies.commons_audit import DETECT, SHARE, SIZE, mean_field, mean_harvest, study


def real_units(share, greed, months=12):
    """The mean field in real units, in closed form: dead iff u > 1 - (1/20 / 2^(months - 1))^(1/months)."""
    used = (1 + share * (greed - 1)) / 2
    return float(used <= 1 - (1 / 20 / 2 ** (months - 1)) ** (1 / months))


def test_real_units_give_the_published_threshold():
    # oracles.md C: dead within 12 months iff u > .587298; with greed 3, iff the ruthless share exceeds 8.7298 %.
    assert real_units(0.087297, 3.0) == 1.0
    assert real_units(0.087299, 3.0) == 0.0


def test_the_mean_of_whole_harvests_has_the_level_on_average():
    random = np.random.default_rng(3)
    for fair, level in zip(random.uniform(0.2, 30, 200), random.uniform(0.05, 1, 200), strict=True):
        mean = mean_harvest(fair, level)
        low, high = np.floor(fair / level + 1e-9), np.ceil(fair / level - 1e-9)
        assert low <= mean <= high
    assert mean_harvest(10.0, 1 / 3) == pytest.approx(30.0)
    assert mean_harvest(6.4, 1.0) == 6.0


@pytest.mark.parametrize("detect", [0.0, 1.0])
def test_a_large_population_follows_the_mean_field_away_from_its_edge(detect):
    part = study.part("scripted")
    shares = np.asarray([0.0, 0.05, 0.12, 0.3, 0.35, 0.6])
    society = part.society_of({SHARE: 0.0, DETECT: detect, SIZE: 1000})
    logs = run_batch(society, ((lens.share("ruthless"), shares),), (1,) * 6, 12, study.metrics)
    assert [log.values["survived"] for log in logs] == [mean_field(share, detect) for share in shares]


def test_whole_units_are_kinder_than_real_ones_and_detection_helps():
    shares = np.linspace(0, 1, 41)
    free = [mean_field(share, 0.0) for share in shares]
    assert all(whole >= real_units(share, 3.0) for share, whole in zip(shares, free, strict=True))
    assert free[0] == 1.0
    assert free[-1] == 0.0
    alive = [sum(mean_field(share, detect) for share in shares) for detect in (0.0, 0.25, 0.5, 1.0)]
    assert alive == sorted(alive)


def test_the_design_has_hundreds_of_scripted_trials_and_two_of_language():
    trials = {part.name: sum(len(batch.trials) for batch in batches(part)) for part in study.parts}
    assert trials["scripted"] == 8 * 5 * 4 * 5
    assert trials["language"] == 2
    assert study.primary.metric == "survived"
