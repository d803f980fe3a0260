"""Thresholds read from a run's plan and trials: planted curves, open sides, and the statistics that they are made of."""

import json

import numpy as np
import pytest
from scipy.special import expit

from commonweal.analysis.plans import read_plan
from commonweal.analysis.storing import decode, encode
from commonweal.analysis.threshold import Threshold, find_threshold, say_limits
from commonweal.analysis.trials import Trials
from commonweal.core import lens
from commonweal.core.errors import LogError
from commonweal.lab.designs.design import Seen
from commonweal.lab.designs.threshold import Threshold as Design
from commonweal.lab.factors import Factor
from commonweal.statistics.inference import Bounds, Estimate
from commonweal.statistics.isotonic import fit_monotone
from commonweal.statistics.thresholds import Scan, fit_logistic

SHARE = Factor("share", lens.share("ruthless"), low=0.0, high=0.6)
RULE = Factor("rule", lens.share("x"), (0.0, 1.0))


@pytest.fixture
def run(tmp_path, synthetic):
    """Runs a threshold design on a curve P(survived) of a cell's levels, stages and all, and reads its plan and trials back."""

    def make(curve, design=None, factors=(SHARE,), null_model=False, seed=1):
        design, rng = design or Design(factors[0].label), np.random.default_rng(seed)
        cells, outcome, written = design.begin(factors, lambda levels: True), [], []

        def draw(new):
            outcome.extend(float(rng.random() < curve(cell.levels)) for cell in new for _ in range(cell.seeds))

        def rows(new, start):
            return [
                {"cell": i, "levels": own.levels, "theory": None, "seeds": [own.first, own.seeds], "why": own.why}
                for i, own in enumerate(new, start)
            ]

        first = rows(cells, 0)
        draw(cells)
        while True:
            cell = np.repeat(np.arange(len(cells)), [own.seeds for own in cells])
            seed = np.concatenate([np.arange(own.first, own.first + own.seeds) for own in cells])
            stage = design.extend(
                Seen(factors, lambda levels: True, 1, cells, cell, seed, np.array(outcome), np.ones(cell.size), (0.0, 1.0))
            )
            if stage is None:
                break
            written.append(rows(stage.cells, len(cells)))
            draw(stage.cells)
            cells = (*cells, *stage.cells)
        described = [
            {"label": own.label, "lens": "x", "levels": list(own.levels), "range": [own.low, own.high] if own.ranged else None,
             "whole": own.whole, "logarithmic": own.logarithmic}
            for own in factors
        ]  # fmt: skip
        part = {
            "name": "scripted", "role": "main", "engine": "compiled", "ticks": 12, "seeds": 1, "agents": 5,
            "tick_name": "month", "society": "S", "null_model": null_model, "design": design.facts(),
            "factors": described, "cells": first,
        }  # fmt: skip
        plan = synthetic.write_plan(tmp_path, parts=[part])
        plan["study"]["primary"]["factor"] = factors[0].label
        (tmp_path / "plan.json").write_text(json.dumps(plan))
        (tmp_path / "stages").mkdir(exist_ok=True)
        for number, new in enumerate(written, 1):
            text = json.dumps({"schema": "commonweal.stage/1", "part": "scripted", "stage": number, "cells": new})
            (tmp_path / "stages" / f"{number:04d}.json").write_text(text)
        n = cell.size
        trials = Trials(
            np.array(["scripted"] * n), cell, seed, np.full(n, 12), {},
            {"survived": np.array(outcome)}, {}, np.array(["sha256:0"] * n),
        )  # fmt: skip
        plan = read_plan(tmp_path)
        return plan, trials, plan.part("scripted")

    return make


def falling(levels):
    return expit(-80 * (levels["share"] - 0.2 - 0.2 * float(levels.get("rule", 0.0))))


def test_a_planted_threshold_is_in_both_intervals(run):
    plan, trials, part = run(falling)
    found = find_threshold(plan, trials, part)
    (own,) = found.crossings
    assert (found.metric, found.factor, found.level, found.low, found.high) == ("survived", "share", 0.5, 0.0, 0.6)
    assert own.trials == 64
    assert own.slope < 0
    for estimate in (own.logistic, own.monotone):
        assert estimate.low < 0.2 < estimate.high
        assert estimate.value == pytest.approx(0.2, abs=0.02)
    assert own.agree
    assert "survived falls below 0.5 at share 0." in found.words[0]
    # The same numbers as the statistics give on the trials themselves.
    x = np.array([float(part.cells[cell].levels["share"]) for cell in trials.cell])
    scan = Scan(0.0, 0.6)
    theirs = fit_logistic(x, trials.metrics["survived"], scan, integrated=True)
    assert (own.logistic.value, own.logistic.low, own.logistic.high) == pytest.approx(
        (theirs.threshold.value, theirs.threshold.low, theirs.threshold.high), abs=1e-9
    )
    assert [mean for _, mean in own.curve] == pytest.approx(theirs.at([place for place, _ in own.curve]), abs=1e-5)
    monotone = fit_monotone(x, trials.metrics["survived"], scan).threshold
    assert (own.monotone.low, own.monotone.high) == pytest.approx((monotone.low, monotone.high), abs=1e-9)
    assert sum(point.mean * point.n for point in own.points) == trials.metrics["survived"].sum()
    assert {point.why for point in own.points} == {"coverage", "boundary"}


def test_each_combination_has_its_own_threshold(run):
    found = find_threshold(*run(falling, factors=(SHARE, RULE)))
    assert [own.levels for own in found.crossings] == [{"rule": 0.0}, {"rule": 1.0}]
    assert [own.logistic.value for own in found.crossings] == pytest.approx([0.2, 0.4], abs=0.03)
    assert found.words[1].startswith("At rule 1 the mean of survived")


def test_a_side_that_trials_leave_open_is_nan_and_said(run):
    # Nobody survives anywhere: the threshold is below the range, if the outcome rises, above it.
    design = Design("share", rising=True, runs=24)
    found = find_threshold(*run(lambda levels: 0.0, design))
    (own,) = found.crossings
    assert np.isnan(own.logistic.value)
    assert np.isnan(own.logistic.high)
    assert own.logistic.low > 0.3
    assert np.isnan(own.monotone.high)
    assert "does not cross 0.5" in found.words[0]
    assert "open above" in found.words[0]


def test_a_logarithmic_range_is_read_in_its_own_unit(run):
    rate = Factor("rate", lens.share("x"), low=0.001, high=10.0, logarithmic=True)
    found = find_threshold(*run(lambda levels: expit(8 * np.log10(levels["rate"] / 0.03)), Design("rate"), (rate,)))
    (own,) = found.crossings
    assert own.logistic.low < 0.03 < own.logistic.high
    assert own.monotone.low < 0.03 < own.monotone.high
    assert own.logistic.value == pytest.approx(0.03, rel=0.5)
    assert "rises above" in found.words[0]


def test_whole_numbers_have_a_threshold_between_two_of_them(run):
    size = Factor("size", lens.size(), low=2, high=9, whole=True)
    (own,) = find_threshold(*run(lambda levels: float(levels["size"] > 5), Design("size", runs=40), (size,))).crossings
    assert 5 < own.logistic.value < 6
    assert (own.monotone.low, own.monotone.value, own.monotone.high) == pytest.approx((5, 5.5, 6))


def test_a_curve_that_is_not_logistic_is_caught():
    # An interval that the monotone curve excludes.
    one, two = Estimate(0.2, 0.18, 0.22, 0.95, "", 64), Estimate(0.3, 0.25, 0.4, 0.95, "", 64)
    from commonweal.analysis.threshold import Crossing

    own = Crossing({}, one, two, -3.0, (), (), ())
    assert not own.agree
    found = Threshold("scripted", "survived", "share", 0.5, 0.0, 0.6, False, (own,), False)
    assert "nothing in common" in found.words[0]
    assert Crossing({}, one, Estimate(0.3, np.nan, 0.4, 0.95, "", 64), -3.0, (), (), ()).agree


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [(0.1, 0.2, "0.1 to 0.2"), (np.nan, 0.2, "up to 0.2, open below"), (0.1, np.nan, "from 0.1 on, open above"),
     (np.nan, np.nan, "open on both sides")],
)  # fmt: skip
def test_limits_in_words(low, high, words):
    assert say_limits(Estimate(0.15, low, high, 0.95, "", 8)) == f"95 % interval {words}"


def test_it_is_stored_and_comes_back(run):
    for curve in (falling, lambda levels: 0.0):
        found = find_threshold(*run(curve, Design("share", runs=24)))
        again = decode(Threshold, json.loads(json.dumps(encode(found))))
        np.testing.assert_equal(encode(again), encode(found))
        assert again.words == found.words
        assert again.crossings[0].points == found.crossings[0].points


def test_no_threshold_without_the_design_or_without_trials(run):
    plan, trials, part = run(falling, Design("share", runs=16))
    assert find_threshold(plan, trials.where(trials.seed < 7), part) is None
    object.__setattr__(part, "design", {"kind": "full"})
    assert find_threshold(plan, trials, part) is None
    object.__setattr__(part, "design", {"kind": "threshold", "factor": "greed", "level": 0.5})
    with pytest.raises(LogError, match="plan the study again"):
        find_threshold(plan, trials, part)


def test_another_metric_and_level_are_followed(run):
    plan, trials, part = run(falling, Design("share", level=0.3, outcome="survived"))
    object.__setattr__(plan.primary, "metric", "welfare")
    found = find_threshold(plan, trials, part)
    assert (found.metric, found.level) == ("survived", 0.3)
    x = np.array([float(part.cells[cell].levels["share"]) for cell in trials.cell])
    theirs = fit_logistic(x, trials.metrics["survived"], Scan(0.0, 0.6, 0.3, Bounds(0.0, 1.0)), integrated=True)
    assert found.crossings[0].logistic.value == pytest.approx(theirs.threshold.value)
