"""Rungs by cost, and what precision costs on each."""

from dataclasses import replace

import numpy as np
import pytest

from commonweal.analysis.fidelity import find_fidelity
from commonweal.analysis.plans import read_plan
from commonweal.analysis.trials import read_trials
from commonweal.analysis.verdicts import Tested as Row
from commonweal.analysis.verdicts import Verdicts
from commonweal.statistics.inference import Estimate


def row(part, low, high):
    return Row(part, "survived", Estimate((low + high) / 2, low, high, 0.95, "t", 20), 0.01, 0.01, True, part == "language")


def test_rungs_stand_by_cost_and_say_whether_they_agree(finished):
    plan, trials = read_plan(finished), read_trials(finished)
    verdicts = Verdicts((row("scripted", 0.2, 0.4), row("language", 0.5, 0.9)), None)
    rungs = find_fidelity(plan, trials, verdicts)
    assert [rung.seconds for rung in rungs] == sorted(rung.seconds for rung in rungs)
    by_part = {rung.part: rung for rung in rungs}
    assert by_part["scripted"].agrees is None
    assert by_part["language"].agrees is False
    assert by_part["language"].minds.startswith("null model")
    own = trials.costs["wall_ms"][trials.part == "scripted"].sum() / 1000
    assert by_part["scripted"].cost_of_precision == pytest.approx(own * 0.04)
    near = Verdicts((row("scripted", 0.2, 0.4), row("language", 0.3, 0.9)), None)
    assert {rung.part: rung.agrees for rung in find_fidelity(plan, trials, near)}["language"] is True
    one = replace(near, tests=near.tests[:1])
    assert find_fidelity(plan, trials, one) == ()
    assert not np.isnan(by_part["scripted"].calls)
