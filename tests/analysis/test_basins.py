"""Basins read from a run's plan and trials: a fold whose loop has a known width, and three ways of having none."""

import dataclasses
import json
import math

import numpy as np
import pytest
from tests.planted import plant, write_plan

from commonweal.analysis.basins import Basins, find_basins, say_places
from commonweal.analysis.storing import decode, encode
from commonweal.core import lens
from commonweal.core.errors import LogError
from commonweal.lab.designs.basins import Basins as Design
from commonweal.lab.factors import Factor
from commonweal.statistics.inference import estimate_difference, oppose

FIELD = Factor("field", lens.share("x"), tuple(round(-0.8 + 0.1 * i, 1) for i in range(17)))
START = Factor("start", lens.share("y"), ("low", "high"))
SIZE = Factor("size", lens.size(), (5, 50))
FIVE = Factor("field", FIELD.lens, (-0.8, -0.4, 0.0, 0.4, 0.8))
FOLD = 2 / (3 * math.sqrt(3))


def settle(field, start):
    """Where x' = field + x - x^3 comes to rest from far below or far above: its folds are at +-FOLD."""
    roots = np.roots([1.0, 0.0, -1.0, -field])
    real = np.sort(roots[np.abs(roots.imag) < 1e-9].real)
    return float(real[0] if start == "low" else real[-1])


def fold(levels, seed, rng):
    """Every seed's society has a field of its own on top, the same from both starts, and its outcome is read with noise."""
    own = np.random.default_rng(seed).normal(0, 0.03)
    return {"welfare": settle(levels["field"] + own, levels["start"]) + rng.normal(0, 0.03)}


def smooth(levels, seed, rng):
    return {"welfare": math.tanh(2 * levels["field"]) + rng.normal(0, 0.1)}


def flip(levels, seed, rng):
    """Which basin it is, a coin decides that the field weighs; the start does not matter."""
    up = rng.random() < 1 / (1 + math.exp(-6 * levels["field"]))
    return {"welfare": (0.8 if up else -0.8) + rng.normal(0, 0.1)}


def run(folder, outcome, factors=(FIELD, START), design=None, seeds=16, draw=0, card=None):
    plan = write_plan(folder, design or Design("field", "start"), factors)
    part = plan.parts[0]
    cells = tuple(dataclasses.replace(cell, seeds=(0, seeds)) for cell in part.cells)
    plan = dataclasses.replace(plan, parts=(dataclasses.replace(part, cells=cells),))
    if card is not None:
        plan = dataclasses.replace(plan, metrics={"welfare": dataclasses.replace(plan.metrics["welfare"], **card)})
    return plan, plant(plan, outcome, draw), plan.part("main")


def test_the_loop_of_a_fold_is_as_wide_as_its_folds_are_apart(tmp_path):
    found = find_basins(*run(tmp_path, fold))
    (own,) = found.branches
    assert (found.along, found.start, found.starts, found.metric) == ("field", "start", ("low", "high"), "welfare")
    assert own.level == pytest.approx(0.0, abs=0.03)
    # A branch flips between the last setting before the fold and the first one beyond it.
    assert own.hysteresis
    assert own.decided.value == pytest.approx(2 * FOLD, abs=0.1)
    assert own.decided.low < own.decided.value < own.decided.high
    assert own.loop.found
    assert own.loop.up.value == pytest.approx(FOLD, abs=0.06)
    assert own.loop.down.value == pytest.approx(-FOLD, abs=0.06)
    assert own.loop.width.value == pytest.approx(2 * FOLD, abs=0.1)
    assert (own.bistable[0], own.bistable[-1]) == (-0.3, 0.3)
    assert (own.loop.stayed, own.none) == (0, "")
    assert "Hysteresis: " in found.words[0]
    assert "Bistable from \u22120.3 to 0.3." in found.words[0]


def test_settings_hold_the_means_and_a_difference_for_all_of_them_together(tmp_path):
    plan, trials, part = run(tmp_path, fold)
    setting = find_basins(plan, trials, part).branches[0].settings[3]
    low, high = (
        trials.metrics["welfare"][
            np.isin(
                trials.cell, [c.cell for c in part.cells if c.levels["field"] == setting.place and c.levels["start"] == own]
            )
        ]
        for own in ("low", "high")
    )
    assert setting.place == FIELD.levels[3]
    assert [mean.value for mean in setting.means] == pytest.approx([low.mean(), high.mean()])
    theirs = estimate_difference(oppose(high, low, True), 1 - 0.05 / 17)
    assert (setting.difference.value, setting.difference.low) == pytest.approx((theirs.value, theirs.low))
    assert setting.values[0] == pytest.approx(low)


def test_a_smooth_outcome_has_no_basins(tmp_path):
    found = find_basins(*run(tmp_path, smooth))
    (own,) = found.branches
    assert not own.hysteresis
    assert own.bistable == own.flipping == ()
    assert abs(own.decided.value) < 0.05
    assert found.words[0].startswith("No sign of two basins (the start decides along ")


def test_a_flip_across_seeds_is_no_hysteresis(tmp_path):
    found = find_basins(*run(tmp_path, flip, (FIVE, START), seeds=40))
    (own,) = found.branches
    # First flips come early where every trial is a coin's toss, so the width between these would be below 0.
    assert own.decided.low < 0 < own.decided.high
    assert own.bistable == ()
    assert 0.0 in own.flipping
    modes = next(setting for setting in own.settings if setting.place == 0.0).modes[0]
    assert (modes.low, modes.high) == pytest.approx((-0.8, 0.8), abs=0.1)
    assert "No hysteresis" in found.words[0]
    assert "it flips across seeds, not across starts" in found.words[0]


def test_starts_in_the_wrong_order_are_said(tmp_path):
    turned = Factor("start", START.lens, ("high", "low"))
    found = find_basins(*run(tmp_path, fold, (FIELD, turned)))
    assert found.branches[0].decided.value == pytest.approx(-2 * FOLD, abs=0.1)
    assert found.words[0] == "The starts end the wrong way round: give the levels of start in the other order."


def test_an_outcome_of_0_and_1_has_a_loop_and_no_modes(tmp_path):
    def survived(levels, seed, rng):
        return {"welfare": float(fold(levels, seed, rng)["welfare"] > 0)}

    found = find_basins(*run(tmp_path, survived, card={"low": 0.0, "high": 1.0}))
    (own,) = found.branches
    assert own.level == 0.5
    assert own.loop.width.value == pytest.approx(2 * FOLD, abs=0.1)
    assert not own.asked
    assert (own.bistable[0], own.bistable[-1]) == pytest.approx((-FOLD, FOLD), abs=0.1)


def test_a_branch_that_never_flips_leaves_the_loop_open(tmp_path):
    short = Factor("field", FIELD.lens, (-0.8, -0.6, -0.2, 0.0, 0.2))
    found = find_basins(*run(tmp_path, fold, (short, START), Design("field", "start", level=0.0)))
    (own,) = found.branches
    assert own.loop is None
    assert own.hysteresis
    assert own.bistable == (-0.2, 0.0, 0.2)
    assert "From one of the starts no seed crosses 0" in found.words[0]


def test_each_combination_has_its_own_branches(tmp_path):
    def outcome(levels, seed, rng):
        return (fold if levels["size"] == 50 else smooth)(levels, seed, rng)

    found = find_basins(*run(tmp_path, outcome, (FIELD, SIZE, START), seeds=12))
    assert [own.levels for own in found.branches] == [{"size": 5.0}, {"size": 50.0}]
    assert [own.hysteresis for own in found.branches] == [False, True]
    assert "needs 20 trials of a continuous outcome" in found.words[0]
    assert found.words[1].startswith("At size 50: hysteresis:")


def test_an_offset_of_the_start_alone_is_no_second_basin(tmp_path):
    # From a small stock the outcome is lower at every setting, and yet it crosses the level at the same place.
    def outcome(levels, seed, rng):
        return {"welfare": math.copysign(1.0, levels["field"] - 0.05) + 0.2 * (levels["start"] == "high") + rng.normal(0, 0.05)}

    (own,) = find_basins(*run(tmp_path, outcome)).branches
    assert all(setting.difference.above_zero for setting in own.settings)
    assert own.bistable == ()


def test_no_more_than_5_percent_of_null_studies_have_a_loop_or_a_bistable_setting(tmp_path):
    # Of 2,000 studies of 4 settings and 6 seeds without basins: any bistable setting 5 % at most, hysteresis 2.5 %.
    four = Factor("field", FIELD.lens, (-0.3, -0.1, 0.1, 0.3))
    plan, trials, part = run(tmp_path, smooth, (four, START), seeds=6)
    field = np.array([float(part.cells[cell].levels["field"]) for cell in trials.cell])
    rng = np.random.default_rng(11)
    loops = settings = 0
    for outcome in np.tanh(2 * field) + rng.normal(0, 0.3, (2000, field.size)):
        (own,) = find_basins(plan, dataclasses.replace(trials, metrics={"welfare": outcome}), part).branches
        loops += own.hysteresis
        settings += bool(own.bistable)
    assert loops / 2000 < 0.025 + 3 * math.sqrt(0.025 * 0.975 / 2000)
    assert settings / 2000 < 0.05 + 3 * math.sqrt(0.05 * 0.95 / 2000)


def test_it_is_stored_and_comes_back(tmp_path):
    found = find_basins(*run(tmp_path, flip, (FIVE, START), seeds=20))
    again = decode(Basins, json.loads(json.dumps(encode(found))))
    assert again == found
    assert again.words == found.words


def test_no_basins_without_the_design_or_its_trials(tmp_path):
    plan, trials, part = run(tmp_path, fold, seeds=2)
    low = [cell.cell for cell in part.cells if cell.levels["start"] == "low"]
    assert find_basins(plan, trials.where(np.isin(trials.cell, low)), part) is None
    assert find_basins(plan, trials, dataclasses.replace(part, design={"kind": "full"})) is None
    with pytest.raises(LogError, match="plan the study again"):
        find_basins(plan, trials, dataclasses.replace(part, design={"kind": "basins", "along": "x", "start": "start"}))


def test_a_seed_that_misses_a_trial_is_left_out_of_the_loop(tmp_path):
    plan, trials, part = run(tmp_path, fold, seeds=5)
    found = find_basins(plan, trials.where(~((trials.cell == 3) & (trials.seed == 2))), part)
    assert found.branches[0].decided.n == 4
    one = find_basins(plan, trials.where(trials.seed == 0), part)
    assert one.branches[0].loop is None
    assert "1 seeds were run" in one.branches[0].none


def test_places_in_words():
    assert (say_places(()), say_places((0.3,)), say_places((0.1, 0.2, 0.3))) == ("", "at 0.3", "from 0.1 to 0.3")
