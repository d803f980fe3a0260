"""From a real plan and planted outcomes: where a minority brings more or less than its share."""

import dataclasses
import json

import numpy as np
import pytest

from commonweal.analysis.linear_spillover import find_departures
from commonweal.core.errors import LogError
from commonweal.core.named import Named
from commonweal.lab.designs.saturation import Saturation
from commonweal.lab.designs.sobol import Sobol
from commonweal.metrics.payoff_of import PayoffOf
from planted import OTHERS, PAYER, main_part, plant, write_plan

METRICS = Named.of(("of treated", PayoffOf(1)), ("of untreated", PayoffOf(0)), ("of all", PayoffOf()))
BEND = 8.0


def outcome(levels, seed, rng):
    """Society + 5 p, and where all pay BEND p (1 - p) besides."""
    p, society = levels["others"], np.random.default_rng(seed).normal(0, 2.0)
    bend = BEND * p * (1 - p) if levels.get("payer") == "all" else 0.0
    return {name: society + 5 * p + bend + rng.normal(0, 0.2) for name in METRICS}


def design(**changes):
    given = {"share": "others", "treated": "of treated", "untreated": "of untreated", "everybody": "of all", "replicates": 30}
    return Saturation(**{**given, "levels": (0.0, 0.25, 0.5, 1.0), "matched": True, **changes})


def test_departures_are_found_from_the_files_by_the_levels_of_other_factors(tmp_path):
    plan = write_plan(tmp_path, design(), (OTHERS, PAYER), METRICS)
    found = find_departures(plan, plant(plan, outcome), main_part(plan))
    assert found is not None
    assert (found.factor, found.everybody, found.unit, found.null_model) == ("others", "of all", "ledger units a tick", False)
    straight, bent = found.bends
    assert straight.levels == {"payer": "nobody"}
    assert bent.levels == {"payer": "all"}
    assert straight.p > 0.001
    assert bent.p < 1e-6
    for row in bent.departures:
        assert row.benchmark == pytest.approx(5 * row.share, abs=0.2)
        assert row.overall - row.benchmark == pytest.approx(row.deviation.value)
        assert row.deviation.value == pytest.approx(BEND * row.share * (1 - row.share), abs=0.2)
        assert row.deviation.method.startswith("paired")
        assert row.deviation.low < row.deviation.value < row.deviation.high
    json.dumps(dataclasses.asdict(found), allow_nan=False)


def test_without_whole_societies_there_is_no_benchmark_and_a_damaged_design_is_told(tmp_path):
    plan = write_plan(tmp_path, design(levels=(0.0, 0.25, 0.5)), (OTHERS,), METRICS)
    assert find_departures(plan, plant(plan, outcome), main_part(plan)) is None
    plan = write_plan(tmp_path, design(), (OTHERS,), METRICS)
    trials, part = plant(plan, outcome), main_part(plan)
    assert find_departures(plan, trials, part) is not None
    assert find_departures(plan, trials.where(np.zeros(len(trials), bool)), part) is None
    assert find_departures(plan, trials, dataclasses.replace(part, design=Sobol(3).facts())) is None
    with pytest.raises(LogError, match="found 'x'"):
        find_departures(plan, trials, dataclasses.replace(part, design={**part.design, "everybody": "x"}))
