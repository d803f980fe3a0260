"""The study's theory against its published fixtures and against the simulation it stands beside."""

import numpy as np
import pytest

from commonweal.core import lens
from commonweal.engine.compiled import run_batch
from commonweal.lab.plan import batches
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


def test_more_detection_never_kills_and_more_ruthless_never_save():
    grid = [[mean_field(share, detect) for share in np.linspace(0, 1, 41)] for detect in np.linspace(0, 1, 11)]
    assert (np.diff(grid, axis=1) <= 0).all()
    assert (np.diff(grid, axis=0) >= 0).all()


def test_the_design_has_hundreds_of_scripted_trials_and_two_of_language():
    trials = {part.name: sum(len(batch.trials) for batch in batches(part)) for part in study.parts}
    assert trials["scripted"] == 8 * 5 * 4 * 5
    assert trials["language"] == 2
    assert study.primary.metric == "survived"
