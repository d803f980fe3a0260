"""From a real plan and planted outcomes: each factor's share is found, chance has its own, and gaps are told."""

import dataclasses
import json

import numpy as np
import pytest

from commonweal.analysis.plans import read_plan
from commonweal.analysis.sensitivity import Screening, Sensitivity, find_sensitivity
from commonweal.core.errors import LogError
from commonweal.lab.designs.full import Full
from commonweal.lab.designs.morris import Morris
from commonweal.lab.designs.saltelli import Saltelli
from commonweal.lab.plan import make_plan
from planted import DETECT, HOLD, OTHERS, PAYER, TOLERANCE, WELFARE, main_part, plant, study_of, write_plan

FACTORS = (DETECT, OTHERS, TOLERANCE, HOLD, PAYER)
NOISE = 0.5


def outcome(levels, seed, rng):
    # Variances 16/12, 4/12, and of log10 over two decades 4/12; nothing of the others, and a noise of NOISE^2.
    y = 4 * levels["detection"] - 2 * levels["others"] + np.log10(levels["tolerance"])
    return {"welfare": y + rng.normal(0, NOISE)}


@pytest.fixture(scope="module")
def saltelli(tmp_path_factory):
    plan = write_plan(tmp_path_factory.mktemp("saltelli"), Saltelli(256, replicates=2), FACTORS)
    return plan, plant(plan, outcome)


def test_the_planted_plan_is_what_a_study_writes(tmp_path):
    plan = make_plan(study_of(Saltelli(2), (DETECT, OTHERS), WELFARE), None, None)
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    real, planted = main_part(read_plan(tmp_path)), main_part(write_plan(tmp_path, Saltelli(2), (DETECT, OTHERS)))
    assert (real.cells, real.factors, real.design) == (planted.cells, planted.factors, planted.design)


def test_shares_are_found_from_the_files(saltelli):
    plan, trials = saltelli
    found = find_sensitivity(plan, trials, main_part(plan))
    assert isinstance(found, Sensitivity)
    parts = np.array([16, 4, 4, 0, 0]) / 12
    whole = parts.sum() + NOISE**2
    assert [row.factor for row in found.factors] == ["detection", "others", "tolerance", "hold", "payer"]
    assert [row.first.value for row in found.factors] == pytest.approx(parts / whole, abs=0.05)
    assert [row.total.value for row in found.factors] == pytest.approx(parts / whole, abs=0.05)
    assert found.seed.value == pytest.approx(NOISE**2 / whole, abs=0.02)
    assert found.variance == pytest.approx(whole, rel=0.1)
    assert (found.points, found.left_out, found.replicates, found.metric) == (256, 0, 2, "welfare")
    assert found.seed.estimand == "share of variance of the seed"
    json.dumps(dataclasses.asdict(found), allow_nan=False)


def test_missing_trials_leave_their_base_point_out(saltelli):
    plan, trials = saltelli
    kept = np.ones(len(trials), bool)
    kept[[3, 5, 40]] = False  # 2 trials of a cell, 14 of a base point: two base points are hit
    found = find_sensitivity(plan, trials.where(kept), main_part(plan))
    assert isinstance(found, Sensitivity)
    assert (found.points, found.left_out) == (254, 2)


def test_effects_of_paths_are_found_from_the_files(tmp_path):
    plan = write_plan(tmp_path, Morris(60), FACTORS)
    found = find_sensitivity(plan, plant(plan, outcome), main_part(plan))
    assert isinstance(found, Screening)
    # Of a whole number or a level the middle of what it owns is its place, so steps are counted as they were made.
    assert [row.mu.value for row in found.factors] == pytest.approx([4, -2, 2, 0, 0], abs=0.35)
    assert found.factors[0].mu.unit == "ledger units"
    assert found.paths == 60
    floor = np.sqrt(2 / np.pi) * NOISE / (2 / 3)
    assert found.factors[0].noise == pytest.approx(floor, rel=0.2)
    assert found.factors[3].mu_star.value == pytest.approx(floor, rel=0.4)
    json.dumps(dataclasses.asdict(found), allow_nan=False)


def test_other_designs_and_unfinished_parts_have_none(tmp_path, saltelli):
    plan, trials = saltelli
    assert find_sensitivity(plan, trials.where(np.zeros(len(trials), bool)), main_part(plan)) is None
    other = write_plan(tmp_path, Full(), (PAYER,))
    assert find_sensitivity(other, plant(other, lambda *_: {"welfare": 1.0}), main_part(other)) is None


def test_a_null_model_is_marked(saltelli):
    plan, trials = saltelli
    found = find_sensitivity(plan, trials, dataclasses.replace(main_part(plan), null_model=True))
    assert found is not None
    assert found.null_model
    assert isinstance(found, Sensitivity)
    assert found.seed.estimand.endswith("(null model)")


def test_a_damaged_plan_is_told(saltelli):
    plan, trials = saltelli
    part = main_part(plan)
    with pytest.raises(LogError, match="a multiple of 7"):
        find_sensitivity(plan, trials, dataclasses.replace(part, cells=part.cells[:-1]))
    moved = tuple(dataclasses.replace(cell, seeds=(cell.seeds[0] + 1, 2)) for cell in part.cells)
    with pytest.raises(LogError, match="seeds that its cells do not have"):
        find_sensitivity(plan, trials, dataclasses.replace(part, cells=moved))
