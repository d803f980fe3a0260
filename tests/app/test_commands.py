"""One arrow a verb: plan, table, estimate, report, show, on a small real run."""

import json
import shutil

import pytest

from commonweal.app.main import main


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    directory = tmp_path_factory.mktemp("run") / "tithe"
    assert main(["run", "tithe", "--out", str(directory), "--jobs", "1"]) == 0
    return directory


def test_a_run_leaves_its_files(finished, capsys):
    for name in ("plan.json", "ledger.sqlite", "trials.parquet", "estimates.json", "report.html"):
        assert (finished / name).stat().st_size > 0
    assert list((finished / "logs").glob("*.parquet"))
    assert main(["run", "tithe", "--out", str(finished)]) == 0
    assert "nothing to do" in capsys.readouterr().out


def test_the_answer_is_the_planted_effect(finished):
    estimates = json.loads((finished / "estimates.json").read_text())
    assert estimates["answer"].startswith("In this model, a tithe of a half")
    assert "from 30.00 to 15.00" in estimates["answer"]


def test_later_arrows_need_no_earlier_ones_again(finished, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(finished, copy)
    before = json.loads((copy / "estimates.json").read_text())
    for name in ("ledger.sqlite", "trials.parquet", "estimates.json", "report.html"):
        (copy / name).unlink()
    for verb in ("table", "estimate", "report"):
        assert main([verb, str(copy)]) == 0
    assert json.loads((copy / "estimates.json").read_text()) == before
    assert (copy / "report.html").exists()


def test_show_prints_a_transcript(finished, capsys):
    assert main(["show", str(finished), "scripted/1/0"]) == 0
    shown = capsys.readouterr().out
    assert "month" in shown
    assert "harvest" in shown


def test_show_names_the_trials_where_none_was_asked_for(finished, capsys):
    assert main(["show", str(finished)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "scripted: 2 cells, seeds 0 to 2"
    assert lines[1:3] == [
        f"  commonweal show {finished} scripted/0/0   tithe 0",
        f"  commonweal show {finished} scripted/1/0   tithe 0.5",
    ]
    assert main(lines[2].split()[1:4]) == 0
    assert capsys.readouterr().out.startswith("Trial scripted/1/0")


def test_another_plan_is_refused_with_what_differs(finished, capsys):
    assert main(["run", "tithe", "--out", str(finished), "--seeds", "9"]) == 2
    assert (
        "holds another plan: parts[scripted].seeds is 3 there and 9 here; parts[scripted].cells[0]" in capsys.readouterr().err
    )


def test_a_plan_alone_runs_nothing(tmp_path, capsys):
    assert main(["plan", "tithe", "--out", str(tmp_path / "planned")]) == 0
    assert "6 trials" in capsys.readouterr().out
    assert not list((tmp_path / "planned" / "logs").iterdir())
