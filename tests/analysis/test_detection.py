"""Areas and curves of planted trials against scikit-learn's, and which trials are set against which."""

import dataclasses
import json

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score, roc_curve

from commonweal.analysis.detection import ALARMS, Detection, find_detection
from commonweal.analysis.plans import read_plan
from commonweal.analysis.storing import decode, encode
from commonweal.core.errors import LogError
from commonweal.lab.designs.full import Full
from planted import HOLD, PAYER, plant, write_plan


def planted(folder, screens, outcome=None, seed=0):
    """A run of four cells, innocent where nobody is paid, the guilty of `hold` 8 further apart; and what its screens see."""
    hold = dataclasses.replace(HOLD, low=None, high=None, whole=False, levels=(1, 8))
    write_plan(folder, Full(), (PAYER, hold))
    raw = json.loads((folder / "plan.json").read_text())
    raw["study"]["screens"] = screens
    for cell in raw["parts"][0]["cells"]:
        cell["seeds"] = [0, 12]
    (folder / "plan.json").write_text(json.dumps(raw))
    plan = read_plan(folder)

    def usual(levels, number, rng):
        far = 0.0 if levels["payer"] == "nobody" else 0.4 if levels["hold"] == 1 else 2.0
        return {"welfare": float(rng.normal(-far, 1))}

    trials = plant(plan, outcome or usual, seed)
    return trials, find_detection(folder, plan, trials)


def screen(**changes):
    return {"metric": "welfare", "part": "main", "innocent": [["payer", "nobody"]], "guilty": "less"} | changes


def test_areas_and_curves_are_those_of_scikit_learn(tmp_path):
    trials, (found,) = planted(tmp_path, [screen()])
    assert (found.part, found.metric, found.guilty, found.innocent) == ("main", "welfare", "less", {"payer": "nobody"})
    values = -trials.metrics["welfare"]
    innocent = values[np.isin(trials.cell, [0, 1])]
    assert found.n == innocent.size == 24
    assert [one.levels for one in found.suspects] == [{"payer": "all", "hold": 1}, {"payer": "all", "hold": 8}]
    for one in found.suspects:
        accused = values[trials.cell == one.cell]
        truth, scores = np.repeat([1, 0], [accused.size, innocent.size]), np.concatenate([accused, innocent])
        alarms, caught, _ = roc_curve(truth, scores, drop_intermediate=False)
        assert one.area.value == pytest.approx(roc_auc_score(truth, scores))
        assert one.alarms == pytest.approx(tuple(alarms))
        assert one.found == pytest.approx(tuple(caught))
        assert one.power == pytest.approx(caught[alarms <= ALARMS].max())
        assert one.area.low < one.area.value < one.area.high
    # The further apart, the better told.
    assert found.suspects[0].area.value < found.suspects[1].area.value


def test_a_screen_that_points_the_other_way_has_the_rest_of_the_area(tmp_path):
    _, (less, more) = planted(tmp_path, [screen(), screen(guilty="more")])
    for one, two in zip(less.suspects, more.suspects, strict=True):
        assert one.area.value + two.area.value == pytest.approx(1)


def test_trials_without_a_value_are_left_out_and_cells_without_trials_too(tmp_path):
    def outcome(levels, number, rng):
        gone = levels == {"payer": "all", "hold": 1} or number == 3
        return {"welfare": float("nan") if gone else float(number)}

    _, (found,) = planted(tmp_path, [screen()], outcome)
    assert found.n == 22
    assert [one.levels for one in found.suspects] == [{"payer": "all", "hold": 8}]
    assert found.suspects[0].area.value == pytest.approx(0.5)
    _, none = planted(tmp_path, [screen()], lambda levels, number, rng: {"welfare": float("nan")})
    assert none == ()


def test_without_screens_there_is_nothing_and_a_damaged_plan_is_told(tmp_path):
    assert planted(tmp_path, [])[1] == ()
    with pytest.raises(LogError, match=r"screens\[0\]\.guilty"):
        planted(tmp_path, [{"metric": "welfare"}])


def test_what_is_found_is_kept_with_the_estimates(tmp_path):
    _, (found,) = planted(tmp_path, [screen()])
    assert decode(Detection, json.loads(json.dumps(encode(found), allow_nan=False))) == found
