"""The verb measures a model behind a real endpoint on loopback, faults and all, and leaves a card and a page."""

import json
import subprocess
import sys

import pytest

from commonweal.app.card import folder_name
from commonweal.app.main import main
from commonweal.lab.probes import FULL, list_questions
from faults import Faulty


def test_a_card_of_an_endpoint_is_written_and_said(tmp_path, capsys):
    out = tmp_path / "card"
    with Faulty() as server:
        assert main(["card", "fake", "--endpoint", server.url, "--out", str(out), "--repeats", "2"]) == 0
    said = capsys.readouterr().out
    card = json.loads((out / "card.json").read_text())
    assert card["summary"] in said
    assert str(out / "card.html") in said
    assert "Null model" not in (out / "card.html").read_text()
    assert (card["schema"], card["null_model"], card["determinism"]["repeats"]) == ("commonweal.card/2", False, 2)
    assert card["questions"] == len(list_questions(FULL))
    # The endpoint's reply is a function of the request: it repeats itself, and answers by letters of its own.
    assert card["determinism"]["same"] == card["determinism"]["calls"] == FULL.steady
    assert card["batch"]["same"] == FULL.steady
    assert card["legal"]["letters"]["share"] == 1.0
    # Its letters are drawn by a hash, so payoffs do not move it (a fixed draw, not a chance of this test).
    payoffs = next(probe for probe in card["probes"] if probe["name"] == "payoffs")
    assert payoffs["low"] <= 0 <= payoffs["high"]


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("embedded", "embedded"),
        ("org/Model-7B", "org-Model-7B"),
        ("../../etc/passwd", "etc-passwd"),
        ("..", "model"),
        ("", "model"),
        ("<b>\x1b[31m", "b-31m"),
    ],
)
def test_a_model_name_is_never_a_path(name, folder):
    assert folder_name(name) == folder
    assert len(folder_name(name * 100)) <= 80


def test_mistakes_are_the_callers(tmp_path, capsys):
    assert main(["card", "fake", "--out", str(tmp_path / "card")]) == 2
    assert "needs an endpoint" in capsys.readouterr().err
    with pytest.raises(SystemExit) as ended:
        main(["card", "embedded", "--repeats", "1"])
    assert ended.value.code == 2
    assert "below 2" in capsys.readouterr().err


def test_a_folder_that_cannot_be_made_costs_no_call(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    with Faulty() as server:
        assert main(["card", "fake", "--endpoint", server.url, "--out", str(tmp_path / "file" / "card")]) == 1
        assert not server.asked
    assert "cannot be made" in capsys.readouterr().err


def test_the_verb_loads_nothing_heavy():
    code = "import sys, commonweal.app.card; print([m for m in ('numpy', 'scipy', 'jax', 'aiohttp') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
