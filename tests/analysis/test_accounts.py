"""The posterior of planted simulators against closed forms, verdicts on numbers that have a fit and that have none."""

import dataclasses
import json
import math

import numpy as np
import pytest

from commonweal.analysis.accounts import LEFT_OUT, LEVEL, TOGETHER, Prediction, Rivals, find_rivals, judge_number
from commonweal.analysis.plans import read_plan
from commonweal.analysis.storing import decode, encode
from commonweal.core.errors import LogError
from commonweal.core.named import Named
from commonweal.lab.designs.sobol import Sobol
from commonweal.metrics.welfare import Welfare
from planted import DETECT, HOLD, TOLERANCE, plant, write_plan

METRICS = Named.of(("one", Welfare()), ("two", Welfare()), ("three", Welfare()))
ENDS = (DETECT, TOLERANCE)


def target(metric, published, error, account, part="main"):
    return {
        "metric": metric, "published": published, "error": error, "account": account, "part": part, "source": "s", "note": "",
    }  # fmt: skip


def planted(folder, targets, outcome, factors=ENDS, draws=400):
    """What is found of a run whose numbers a formula gives."""
    write_plan(folder, Sobol(draws, replicates=1), factors, METRICS)
    raw = json.loads((folder / "plan.json").read_text())
    raw["study"]["targets"] = targets
    (folder / "plan.json").write_text(json.dumps(raw))
    plan = read_plan(folder)
    trials = plant(plan, outcome)
    return plan, trials, find_rivals(folder, plan, trials)


def linear(levels, number, rng):
    """Two numbers that each tell of one parameter, and one that is always near 5."""
    x, y = levels["detection"], math.log(levels["tolerance"])
    return {"one": x + 0.05 * rng.normal(), "two": y + 0.1 * rng.normal(), "three": 5 + 0.1 * rng.normal()}


def test_the_posterior_is_normal_around_what_was_published_and_known_parameters_are_found(tmp_path) -> None:
    # Flat prior, number = parameter + N(0, .05^2) and error N(0, .05^2): posterior N(.4, .005), far from the ends.
    y = math.log(0.1)
    targets = [target("one", 0.4, 0.05, "A"), target("two", y, 0.1, "B"), target("three", 5.0, 0.1, "A")]
    plan, trials, (found,) = planted(tmp_path, targets, linear)
    assert [account.name for account in found.accounts] == ["A", "B", TOGETHER]
    a, b, both = found.accounts
    for account in (a, both):
        x = account.parameters[0]
        assert (x.label, x.least, x.greatest) == ("detection", 0.0, 1.0)
        assert x.mean == pytest.approx(0.4, abs=0.04)
        assert (x.low, x.high) == (pytest.approx(0.4 - 1.96 * 0.005**0.5, abs=0.06), pytest.approx(0.54, abs=0.06))
        assert x.error < 0.5
    for account in (b, both):
        # Even in the logarithm, and so read there.
        z = account.parameters[1]
        assert (z.least, z.greatest) == (0.01, 1.0)
        assert math.log(z.mean) == pytest.approx(y, abs=0.1)
        # No narrower than the exact interval; where a third number says nothing, what is kept is further away, and it is wider.
        assert 0.9 < math.log(z.high / z.low) / (2 * 1.96 * 0.02**0.5) < 2.0
    # What an account does not ask for it does not know.
    assert a.parameters[1].error > 0.9
    assert a.parameters[1].high / a.parameters[1].low > 20
    assert b.parameters[0].high - b.parameters[0].low > 0.8
    for account in found.accounts:
        for own in account.parameters:
            assert own.coverage.n == LEFT_OUT
            assert own.coverage.value == pytest.approx(LEVEL, abs=0.08)
        assert account.surprise > 0.05
    assert [number.verdict for number in found.numbers] == ["fits"] * 3
    # The same again, and after it was kept.
    assert find_rivals(tmp_path, plan, trials) == (found,)
    assert decode(Rivals, json.loads(json.dumps(encode(found), allow_nan=False))) == found


def test_rivals_that_ask_for_other_parameters_fit_apart_and_not_together(tmp_path) -> None:
    def outcome(levels, number, rng):
        return {"one": levels["detection"], "two": levels["detection"], "three": 0.0}

    _, _, (found,) = planted(tmp_path, [target("one", 0.1, 0.02, "A"), target("two", 0.9, 0.02, "B")], outcome)
    assert [number.verdict for number in found.numbers] == ["fits only under A", "fits only under B"]
    a, b, both = found.accounts
    assert (a.parameters[0].mean, b.parameters[0].mean) == (pytest.approx(0.1, abs=0.03), pytest.approx(0.9, abs=0.03))
    assert min(a.surprise, b.surprise) > 0.02
    assert both.surprise == 0.0
    assert both.tolerance > 2 * both.typical


def test_what_no_parameters_give_has_no_fit(tmp_path) -> None:
    def outcome(levels, number, rng):
        return {"one": levels["detection"], "two": 0.0, "three": rng.normal()}

    _, _, (found,) = planted(tmp_path, [target("one", 0.1, 0.02, "A"), target("three", 9.0, 0.1, "A")], outcome)
    assert found.numbers[1].verdict == "has no fit: no parameters of the prior give it"
    assert (found.numbers[1].least, found.numbers[1].greatest) == (pytest.approx(-2.6, abs=0.5), pytest.approx(2.6, abs=0.5))
    assert found.accounts[0].surprise == 0.0


def test_too_few_simulations_give_nothing_and_missing_numbers_are_never_kept(tmp_path) -> None:
    def outcome(levels, number, rng):
        gone = levels["detection"] < 0.97
        return linear(levels, number, rng) | ({"two": math.nan} if gone else {})

    targets = [target("one", 0.5, 0.05, "A"), target("two", -2.0, 0.05, "B")]
    _, _, (found,) = planted(tmp_path, targets, outcome, draws=60)
    assert [account.name for account in found.accounts] == ["A"]
    assert [one.account for one in found.numbers[1].predictions] == ["A"]
    assert planted(tmp_path, targets, lambda *_: dict.fromkeys(METRICS.names, math.nan), draws=20)[2] == ()
    assert planted(tmp_path, [], linear, draws=4)[2] == ()


def test_one_account_stands_alone_and_whole_numbers_are_a_prior_too(tmp_path) -> None:
    def outcome(levels, number, rng):
        return {"one": float(levels["hold"]), "two": 0.0, "three": 0.0}

    _, _, (found,) = planted(tmp_path, [target("one", 6.0, 0.3, "A")], outcome, (DETECT, HOLD), 200)
    assert [account.name for account in found.accounts] == ["A"]
    hold = found.accounts[0].parameters[1]
    assert (hold.least, hold.greatest) == (1.0, 8.0)
    assert hold.mean == pytest.approx(6.0, abs=0.3)


def test_a_damaged_plan_is_told(tmp_path) -> None:
    broken = target("one", 0.5, 0.05, "A")
    del broken["account"]
    with pytest.raises(LogError, match=r"targets\[0\]\.account"):
        planted(tmp_path, [broken], linear, draws=20)


def test_verdicts() -> None:
    yes, no = (Prediction("A", 0.0, 0.5, 1.0, fits) for fits in (True, False))
    other = dataclasses.replace(yes, account="B")
    assert judge_number(True, (yes, other)) == "fits"
    assert judge_number(True, (no, other)) == "fits only under B"
    assert judge_number(True, (no,)) == "fits under no account, though the prior allows it"
    assert judge_number(False, (yes,)).startswith("has no fit")
    assert not np.isnan(yes.middle)
