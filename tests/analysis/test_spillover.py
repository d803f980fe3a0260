"""From a real plan and planted outcomes: effects within and between societies, by the levels of other factors."""

import dataclasses
import json

import numpy as np
import pytest

from commonweal.analysis.spillover import find_spillover
from commonweal.core.errors import LogError
from commonweal.core.named import Named
from commonweal.lab.designs.saturation import Saturation
from commonweal.lab.designs.sobol import Sobol
from commonweal.metrics.payoff_of import PayoffOf
from planted import OTHERS, PAYER, main_part, plant, write_plan

METRICS = Named.of(("of treated", PayoffOf(1)), ("of untreated", PayoffOf(0)), ("of all", PayoffOf()))
DIRECT, PEERS = -3.0, 10.0


def outcome(levels, seed, rng):
    p, society = levels["others"], np.random.default_rng(seed).normal(0, 2.0)
    untreated = society + PEERS * p * (2 if levels.get("payer") == "all" else 1) + rng.normal(0, 0.2)
    treated = untreated + DIRECT + rng.normal(0, 0.2)
    return {
        "of treated": treated if p > 0 else np.nan,
        "of untreated": untreated if p < 1 else np.nan,
        "of all": p * treated + (1 - p) * untreated,
    }


def design(**changes):
    given = {"share": "others", "treated": "of treated", "untreated": "of untreated", "everybody": "of all", "replicates": 60}
    return Saturation(**{**given, **changes})


def test_effects_are_found_from_the_files(tmp_path):
    plan = write_plan(tmp_path, design(), (OTHERS,), METRICS)
    found = find_spillover(plan, plant(plan, outcome), main_part(plan))
    assert found is not None
    assert (found.factor, found.unit, found.matched, found.null_model) == ("others", "ledger units a tick", False, False)
    (stratum,) = found.strata
    assert stratum.levels == {}
    assert [row.share for row in stratum.effects] == [0.25, 0.5, 0.75]
    for row in stratum.effects:
        assert row.societies == 60
        assert row.direct.value == pytest.approx(DIRECT, abs=0.1)
        assert row.spillover.value == pytest.approx(PEERS * row.share, abs=1.5)
        assert 1.0 < row.spillover.high - row.spillover.low < 2.0  # about 2 x 1.98 x 2 sqrt(2 / 60)
        assert row.total.value == pytest.approx(row.direct.value + row.spillover.value)
        assert row.overall.value == pytest.approx((PEERS + DIRECT) * row.share, abs=1.5)
        assert row.spillover.method.startswith("Welch")
    json.dumps(dataclasses.asdict(found), allow_nan=False)


def test_matched_societies_are_compared_in_pairs_and_strata_apart(tmp_path):
    plan = write_plan(tmp_path, design(matched=True, levels=(0.0, 0.5, 1.0)), (OTHERS, PAYER), METRICS)
    found = find_spillover(plan, plant(plan, outcome), main_part(plan))
    assert found is not None
    assert found.matched
    assert [stratum.levels for stratum in found.strata] == [{"payer": "nobody"}, {"payer": "all"}]
    for stratum, times in zip(found.strata, (1, 2), strict=True):
        half, whole = stratum.effects
        assert half.spillover.value == pytest.approx(PEERS * times / 2, abs=0.2)
        assert half.spillover.method.startswith("paired")
        assert whole.direct.value is None  # nobody is untreated
        assert whole.total.value == pytest.approx(PEERS * times + DIRECT, abs=0.2)


def test_other_designs_have_none_and_a_damaged_one_is_told(tmp_path):
    plan = write_plan(tmp_path, design(), (OTHERS,), METRICS)
    trials, part = plant(plan, outcome), main_part(plan)
    assert find_spillover(plan, trials.where(np.zeros(len(trials), bool)), part) is None
    assert find_spillover(plan, trials, dataclasses.replace(part, design=Sobol(3).facts())) is None
    with pytest.raises(LogError, match="found 'x'"):
        find_spillover(plan, trials, dataclasses.replace(part, design={**part.design, "treated": "x"}))
