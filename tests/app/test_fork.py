"""`commonweal fork` on a finished run."""

import pytest

from commonweal.app.main import main
from commonweal.lab.logs import write_logs
from commonweal.lab.order import Order, prepare
from commonweal.lab.run import plan_run
from commonweal.lab.worker import TRACED, run_trials


@pytest.fixture
def run(tmp_path):
    plan_run(Order("tithe"), tmp_path / "run")
    prepared = prepare(Order("tithe"))
    (log,) = run_trials(prepared, prepared.study.parts[0], ((1, 0),), TRACED)
    write_logs(tmp_path / "run" / "logs" / "scripted-000001.parquet", "scripted", [(1, 0, log)])
    return tmp_path / "run"


def test_a_fork_is_made_and_shown(run, capsys):
    change = ["--at", "1", "--set", "rules.tithe:Tithe.rate=0.25"]
    assert main(["fork", str(run), "scripted/1/0", *change, "--name", "quarter"]) == 0
    assert "0 calls of a language model before tick 1, 0 from there on" in capsys.readouterr().out
    assert main(["show", str(run / "forks" / "quarter"), "scripted/1/0"]) == 0
    assert "rules.tithe:Tithe.rate from 0.5 to 0.25" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["scripted/1", "--at", "1", "--set", "a=b"], "names no trial"),
        (["scripted/1/0", "--at", "1", "--set", "rate"], "expected LENS=VALUE"),
        (["scripted/1/0", "--at", "1", "--set", "rate=1"], "names nothing of this society"),
        (["scripted/1/0", "--at", "1", "--set", "a=1", "--set", "b=2"], "name the change as a whole"),
        (["scripted/1/0", "--at", "1", "--set", "world.growth=1", "--name", "../x"], "a fork named"),
    ],
)
def test_mistakes_are_the_callers(run, capsys, given, words):
    assert main(["fork", str(run), *given]) == 2
    assert words in capsys.readouterr().err
    assert not (run / "forks").exists()


def test_a_folder_that_is_no_run(tmp_path, capsys):
    assert main(["fork", str(tmp_path), "scripted/1/0", "--at", "1", "--set", "world.growth=1"]) == 1
    assert "no run's folder" in capsys.readouterr().err
