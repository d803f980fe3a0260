"""How many trials a study needs is said before it is run, from a pilot, an assumption, or the worst case."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from commonweal.app.main import main
from commonweal.core.errors import LogError, StudyError
from commonweal.core.named import Named
from commonweal.lab.finished import read_outcomes
from commonweal.lab.order import Order
from commonweal.lab.run import plan_run
from commonweal.lab.sizing import size_study
from commonweal.lab.study import Study
from commonweal.metrics.cooperation import Cooperation
from commonweal.metrics.gain import Gain
from commonweal.statistics.power import Comparison, detectable_effect, power_at, trials_needed
from commonweal.statistics.variation import Assumed, Pilot, Share
from inline import COMMONS, run_inline

STUDY = f"""{COMMONS}
study = Study(
    name="sized",
    question="Do ruthless agents end the commons?",
    metrics=Named.of(("cooperation", Cooperation()), ("survived", Survival())),
    parts=(Part("main", society, (Factor("share", share, (0.0, 0.5)), Factor("detection", detect, LEVELS)), 6, seeds=50),),
    primary=Primary("cooperation", "main", "share", 0.0, 0.5, "A crowd of ruthless agents", smallest=0.2),
)
"""
PREDICTED: dict[str, object] = {"seconds": 100.0}


@pytest.fixture(scope="module")
def order(tmp_path_factory: pytest.TempPathFactory) -> Order:
    path = tmp_path_factory.mktemp("study") / "sized.py"
    path.write_text(STUDY.replace("LEVELS", "(0.3,)").replace("greed=3.0", "greed=3.0, tremble=0.3"))
    return Order(str(path))


@pytest.fixture(scope="module")
def study(order: Order) -> Study:
    return order.study()


def primary(study: Study, **changes: object) -> Study:
    return dataclasses.replace(study, primary=dataclasses.replace(study.primary, **changes))


def test_an_assumed_share_gives_the_power_of_the_statistics(study: Study):
    facts = size_study(primary(study, assumed=Share(0.5)), PREDICTED)
    own = power_at(50, 0.2, Share(0.5), Comparison(), draws=4000)
    need = trials_needed(0.2, Share(0.5), 0.8, Comparison())
    assert (facts["power"], facts["error"], facts["planned"]) == (own.value, own.error, 50)
    assert (facts["needed"], facts["trials"]) == (need.n, need.trials)
    assert facts["detectable"] == detectable_effect(50, Share(0.5), 0.8, Comparison()).effect
    assert facts["words"] == (
        f"50 trials an arm find a difference of 0.2 in cooperation with power {own.value:.2f}; power 0.8 needs {need.n} "
        f"(about {100 * need.n / 50:.0f} core-seconds for the study); the smallest they find so is "
        f"{facts['detectable']:.2g}. How trials vary: assumed by the study."
    )
    assert json.loads(json.dumps(facts)) == facts


def test_cohens_table(study: Study):
    # d = .5 at alpha .05 two-sided: 64 an arm for power .80, 85 for .90.
    # Source: J. Cohen, Statistical Power Analysis (1988), table 2.4.1.
    half = primary(study, assumed=Assumed(1.0), smallest=0.5)
    for power, needed in ((0.8, 64), (0.9, 85)):
        assert abs(size_study(primary(half, power=power), PREDICTED)["needed"] - needed) <= 2
    # Pairs that correlate by one half need half as many: sd of a difference 1, so 34 pairs (table 2.4.1, d = .5, one sample).
    paired = size_study(primary(half, assumed=Assumed(1.0, 0.5)), PREDICTED)
    assert abs(paired["needed"] - 34) <= 1


def test_blocks_share_the_work(tmp_path: Path):
    path = tmp_path / "blocks.py"
    path.write_text(STUDY.replace("LEVELS", "(0.1, 0.2, 0.3, 0.4)"))
    facts = size_study(primary(Order(str(path)).study(), assumed=Assumed(1.0), smallest=0.5), PREDICTED)
    assert facts["blocks"] == 4
    assert abs(facts["needed"] - 16) <= 1
    assert facts["trials"] == 2 * 4 * facts["needed"]
    assert "50 trials an arm in each of 4 blocks find" in facts["words"]


def test_without_an_assumption_the_worst_case_of_a_share_is_taken(study: Study):
    facts = size_study(study, PREDICTED)
    assert facts["source"] == "the worst case of an outcome between 0 and 1, unpaired"
    # Shares of .4 and .6 vary as much as shares that are .2 apart can.
    assert facts["needed"] == trials_needed(0.2, Share(0.4), 0.8, Comparison()).n
    for share in np.random.default_rng(5).uniform(0, 0.8, 5):
        assert trials_needed(0.2, Share(float(share)), 0.8, Comparison()).n <= facts["needed"] + 2
    # An effect that only fits downwards is looked for there.
    down = size_study(primary(study, assumed=Share(0.95)), PREDICTED)
    assert down["power"] == power_at(50, -0.2, Share(0.95), Comparison(), draws=4000).value
    assert down["detectable"] is None or down["detectable"] > 0


def test_nothing_is_said_where_nothing_is_known(study: Study):
    assert size_study(primary(study, smallest=None), PREDICTED) is None
    rich = primary(
        dataclasses.replace(study, metrics=Named.of(("cooperation", Cooperation()), ("gain", Gain()))), metric="gain"
    )
    assert size_study(rich, PREDICTED) is None
    assert size_study(primary(rich, assumed=Assumed(1.0)), PREDICTED)["power"] > 0


def test_power_out_of_reach_is_said(study: Study):
    # A smallest effect of a millionth of a standard deviation: 10^13 trials.
    facts = size_study(primary(study, assumed=Assumed(1.0), smallest=1e-6), PREDICTED)
    assert (facts["needed"], "why" in facts) == (None, True)
    assert "power 0.8 is out of reach" in facts["words"]


def test_a_pilot_is_used_and_named_by_its_plan(order: Order, study: Study, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    pilot = tmp_path / "pilot"
    run_inline(dataclasses.replace(order, seeds=8), pilot)
    rows = {row[:2]: row[2] for row in read_outcomes(pilot, "main", "cooperation")}
    arms = [[rows[cell, seed] for seed in range(8)] for cell in range(2)]
    variation = Pilot(tuple(arms[0]), tuple(arms[1]), paired=True)
    facts = size_study(study, PREDICTED, pilot)
    assert facts["power"] == power_at(50, 0.2, variation, Comparison(), draws=4000).value
    digest = json.loads((pilot / "plan.json").read_text())["digest"]
    assert facts["source"] == f"pilot {digest[:23]}"
    assert main(["plan", order.reference, "--out", str(tmp_path / "run"), "--pilot", str(pilot)]) == 0
    assert str(facts["words"]).split(" (about")[0] in capsys.readouterr().out
    planned = json.loads((tmp_path / "run" / "plan.json").read_text())
    assert {name: planned["power"][name] for name in facts if name != "words"} == {
        name: value for name, value in facts.items() if name != "words"
    }
    # What a pilot was is no part of the plan's digest.
    assert planned["digest"] == plan_run(order, tmp_path / "other")["digest"]
    # Pilots of which nothing can be told: one seed, no plan, no folder, or no variation.
    short, same, path = tmp_path / "short", tmp_path / "same", tmp_path / "same.py"
    path.write_text(STUDY.replace("LEVELS", "(0.3,)"))
    run_inline(dataclasses.replace(order, seeds=1), short)
    with pytest.raises(StudyError, match="holds 1 pairs of trials of part 'main' at both levels of share; expected at least 2"):
        size_study(study, PREDICTED, short)
    (pilot / "plan.json").write_text("{}")
    with pytest.raises(StudyError, match=r"has no plan.json that can be read"):
        size_study(study, PREDICTED, pilot)
    with pytest.raises(LogError, match="run the study first"):
        size_study(study, PREDICTED, tmp_path / "gone")
    run_inline(dataclasses.replace(order, reference=str(path), seeds=2), same)
    with pytest.raises(StudyError, match="a pilot that does not vary"):
        size_study(study, PREDICTED, same)
    assert main(["plan", order.reference, "--out", str(tmp_path / "run"), "--pilot", str(tmp_path / "gone")]) != 0
    assert "expected the logs of a run" in capsys.readouterr().err
