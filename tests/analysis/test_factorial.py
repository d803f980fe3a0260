"""From a real plan and planted outcomes: the effects of a two-level design, by their labels."""

import dataclasses
import json

import numpy as np
import pytest

from commonweal.analysis.factorial import find_factorial
from commonweal.lab.designs.full import Full
from commonweal.lab.designs.sobol import Sobol
from commonweal.lab.factors import Factor
from planted import DETECT, HOLD, OTHERS, PAYER, main_part, plant, write_plan

FACTORS = (
    Factor("detection", DETECT.lens, (0.1, 0.9)),
    PAYER,
    Factor("hold", HOLD.lens, (0, 2)),
)


def outcome(levels, seed, rng):
    """4 for detection, -2 where all pay, 3 more where both; the draw of a pair of detections is one."""
    high, everybody = levels["detection"] > 0.5, levels["payer"] == "all"
    shared = np.random.default_rng([seed, everybody, int(levels["hold"])]).normal(0, 0.02)
    return {"welfare": 4.0 * high - 2.0 * everybody + 3.0 * high * everybody + shared + rng.normal(0, 0.001)}


def test_effects_are_found_from_the_files_by_name(tmp_path):
    plan = write_plan(tmp_path, Full(), FACTORS)
    found = find_factorial(plan, plant(plan, outcome), main_part(plan))
    assert found is not None
    assert found.levels == {"detection": ("0.1", "0.9"), "payer": ("nobody", "all"), "hold": ("0", "2")}
    assert (found.metric, found.left_out, found.null_model) == ("welfare", 0, False)
    values = {own.factors: own.finding.value for own in found.effects}
    assert values["detection",] == pytest.approx(5.5, abs=0.01)  # 4 where nobody pays, 7 where all do
    assert values["payer",] == pytest.approx(-0.5, abs=0.05)
    assert values["detection", "payer"] == pytest.approx(1.5, abs=0.01)  # (7 - 4) / 2
    assert values["hold",] == pytest.approx(0, abs=0.05)
    widths = {own.factors: own.finding.high - own.finding.low for own in found.effects}
    assert widths["detection",] < 0.3 * widths["payer",]
    assert {own.finding.n for own in found.effects} == {8}
    json.dumps(dataclasses.asdict(found), allow_nan=False)


def test_a_trial_whose_seed_is_missing_elsewhere_is_left_out(tmp_path):
    plan = write_plan(tmp_path, Full(), FACTORS)
    trials = plant(plan, outcome)
    kept = trials.where(~((trials.cell == 3) & (trials.seed == trials.seed.max())))
    assert find_factorial(plan, kept, main_part(plan)) is None  # one seed alone is left, and no interval


def test_other_designs_have_none(tmp_path):
    for i, (design, factors) in enumerate(
        (
            (Full(), FACTORS[:2]),
            (Full(), (Factor("detection", DETECT.lens, (0.1, 0.5, 0.9)), *FACTORS[1:])),
            (Sobol(8), (DETECT, OTHERS, HOLD)),
        )
    ):
        (tmp_path / str(i)).mkdir()
        plan = write_plan(tmp_path / str(i), design, factors)
        trials = plant(plan, lambda levels, seed, rng: {"welfare": rng.normal()})
        assert find_factorial(plan, trials, main_part(plan)) is None
