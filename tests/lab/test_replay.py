"""A trial is shown again from its seed, and is the trial that was run."""

import json

import pytest

from commonweal.analysis.transcript import render_trial
from commonweal.app.main import main
from commonweal.core.errors import LogError, StudyError
from commonweal.lab.order import Order
from commonweal.lab.replay import read_order, replay
from commonweal.models.choice import ModelChoice


def test_orders_are_read_back():
    for order in (
        Order("tithe"),
        Order("a.py", seeds=7),
        Order("tithe", quick=True),
        Order("tithe", audit=True),
        Order("with space.py", seeds=3, quick=True, audit=True, model=ModelChoice("m", "http://127.0.0.1:1/v1", "schema")),
        Order("x", model=ModelChoice("m", "http://127.0.0.1:1/v1")),
    ):
        assert read_order(order.words()) == order
    with pytest.raises(LogError, match="how it was asked for"):
        read_order("")


def test_a_replayed_trial_has_its_acts(tmp_path, capsys):
    run = tmp_path / "run"
    assert main(["plan", "tithe", "--out", str(run)]) == 0
    shown = render_trial(replay(run, ("scripted", 1, 2), tmp_path / "again"), "scripted", 1, 2)
    assert "harvest 10" in shown
    assert main(["show", str(run), "scripted/1/2", "--replay"]) == 0
    assert "harvest 10" in capsys.readouterr().out
    with pytest.raises(StudyError, match="2 cells and 3 seeds"):
        replay(run, ("scripted", 2, 0), tmp_path / "none")
    plan = json.loads((run / "plan.json").read_text())
    (run / "plan.json").write_text(json.dumps(plan | {"digest": "sha256:other"}))
    with pytest.raises(StudyError, match="has changed"):
        replay(run, ("scripted", 1, 2), tmp_path / "changed")
