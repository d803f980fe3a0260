"""A ladder runs the smaller sizes, predicts the largest in writing, and runs it on fresh seeds."""

import json

import numpy as np
import pytest

from commonweal.core import lens
from commonweal.core.errors import StudyError
from commonweal.lab.designs.design import Cell, Seen, check_cells
from commonweal.lab.designs.ladder import HELD_OUT, Ladder
from commonweal.lab.factors import Factor
from commonweal.statistics.inference import Bounds
from commonweal.statistics.scaling import gather_rungs, predict_mean

SIZE = Factor("population", lens.size(), (8, 16, 32, 64))
DETECT = Factor("detection", lens.share("ruthless"), (0.0, 0.5))


def anything(levels):
    return True


def see(design, factors, allowed=anything, seeds=12, bounds=(0.0, 1.0)):
    """Trials whose mean falls with size and rises with detection, as the design is told of them."""
    cells = design.begin(factors, allowed)
    rng = np.random.default_rng(1)
    cell, seed = np.repeat(np.arange(len(cells)), seeds), np.tile(np.arange(seeds), len(cells))
    mean = np.array([0.3 + own.levels["population"] ** -0.5 + 0.2 * float(own.levels.get("detection", 0)) for own in cells])
    outcome = np.clip(mean[cell] + rng.normal(0, 0.05, cell.size), 0, 1)
    return Seen(factors, allowed, seeds, cells, cell, seed, outcome, np.full(cell.size, 0.1), bounds)


def test_the_largest_sizes_are_held_out():
    cells = Ladder("population").begin((SIZE, DETECT), anything)
    assert [cell.levels["population"] for cell in cells] == [8, 8, 16, 16, 32, 32]
    longer = Factor("population", SIZE.lens, (128, 8, 64, 16, 32))
    assert {cell.levels["population"] for cell in Ladder("population", hold=2).begin((longer,), anything)} == {8, 16, 32}


def test_every_horizon_has_seeds_of_its_own_since_a_longer_trial_would_begin_with_a_shorter_one():
    months = Factor("months", lens.horizon(), (4, 8, 16, 32))
    design = Ladder("months")
    cells = design.begin((months,), anything)
    assert [cell.levels["months"] for cell in cells] == [4, 8, 16]
    used = [set(range(cell.first, cell.first + 12)) for cell in cells]
    cell, seed = np.repeat(np.arange(3), 12), np.concatenate([sorted(own) for own in used])
    outcome = np.random.default_rng(2).uniform(size=36)
    stage = design.extend(Seen((months,), anything, 12, cells, cell, seed, outcome, np.full(36, 0.1), (0.0, 1.0)))
    held = set(range(stage.cells[0].first, stage.cells[0].first + stage.cells[0].seeds))
    assert stage.cells[0].levels == {"months": 32}
    assert len(set.union(held, *used)) == sum(map(len, (held, *used)))


def test_the_prediction_is_written_with_the_stage_and_nothing_follows_it():
    design = Ladder("population")
    seen = see(design, (SIZE, DETECT))
    stage = design.extend(seen)
    assert stage.cells == tuple(Cell({"population": 64, "detection": level}, 12, 12, HELD_OUT) for level in (0.0, 0.5))
    check_cells((SIZE, DETECT), stage.cells)
    assert json.loads(json.dumps(stage.prediction)) == stage.prediction
    for row, level in zip(stage.prediction["cells"], (0.0, 0.5), strict=True):
        chosen = np.array([cell.levels["detection"] == level for cell in seen.cells])[seen.cell]
        sizes = np.array([float(seen.cells[number].levels["population"]) for number in seen.cell])[chosen]
        again = predict_mean(gather_rungs(sizes, seen.outcome[chosen], Bounds(0, 1)), 64.0, 12)
        assert (row["value"], row["low"], row["high"]) == (again.value, again.low, again.high)
        assert row["low"] < 0.3 + 64**-0.5 + 0.2 * level < row["high"]
        assert sum(law["weight"] for law in row["laws"]) == pytest.approx(1, abs=1e-4)
    later = Seen(seen.factors, seen.allowed, 12, (*seen.cells, *stage.cells), seen.cell, seen.seed, seen.outcome, seen.seconds,
                 seen.bounds, stages=1)  # fmt: skip
    assert design.extend(later) is None


def test_the_same_trials_give_the_same_stage():
    design = Ladder("population")
    assert design.extend(see(design, (SIZE,))) == design.extend(see(design, (SIZE,)))


def test_what_cannot_be_predicted_is_said_and_run_all_the_same():
    def allowed(levels):
        return levels["detection"] == 0.0 or levels["population"] > 16

    design = Ladder("population")
    stage = design.extend(see(design, (SIZE, DETECT), allowed))
    assert len(stage.cells) == 2
    assert "value" in stage.prediction["cells"][0]
    assert "expected at least 3" in stage.prediction["cells"][1]["none"]


def test_an_unbounded_outcome_has_no_bounds():
    design = Ladder("population")
    stage = design.extend(see(design, (SIZE,), bounds=(0.0, np.inf)))
    assert {law["law"] for law in stage.prediction["cells"][0]["laws"]}.isdisjoint({"collective"})


@pytest.mark.parametrize(
    ("design", "factors", "words"),
    [
        (Ladder("size"), (SIZE,), "expected one of the part's factors: population"),
        (Ladder("population", hold=2), (SIZE,), "4 levels of which 2 are held out"),
        (Ladder("population"), (Factor("population", SIZE.lens, ("few", "many", "most", "all")),), "expected numbers above 0"),
        (Ladder("population"), (Factor("population", SIZE.lens, (0, 1, 2, 3)),), "expected numbers above 0"),
        (Ladder("population"), (SIZE, Factor("x", DETECT.lens, low=0.0, high=1.0)), "give it levels"),
    ],
    ids=["no factor", "too short", "words", "size 0", "range"],
)
def test_what_is_no_ladder_is_refused(design, factors, words):
    with pytest.raises(StudyError, match=words):
        design.begin(factors, anything)


@pytest.mark.parametrize(("hold", "level"), [(0, 0.95), (1, 1.0)], ids=["nothing held", "certain"])
def test_a_ladder_that_holds_nothing_out_is_refused(hold, level):
    with pytest.raises(StudyError, match="holds out"):
        Ladder("population", hold, level)


def test_a_constraint_that_leaves_nothing_is_refused():
    with pytest.raises(StudyError, match="allows no combination"):
        Ladder("population").begin((SIZE,), lambda levels: levels["population"] == 64)


def test_the_plan_knows_it_and_what_is_to_come():
    assert Ladder("population", 2).facts() == {"kind": "ladder", "factor": "population", "hold": 2, "level": 0.95}
    assert Ladder("population").further((SIZE, DETECT), 10) == 20
