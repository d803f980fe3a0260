"""`commonweal posts`: from a platform's files to a page, step by step."""

import json
from pathlib import Path

import numpy as np
import pytest

from commonweal.analysis.dumps.reading import read_dump
from commonweal.app import posts as app
from commonweal.app.main import main

DATA = Path(__file__).parents[1] / "analysis" / "dumps" / "data"


def test_from_a_dump_to_a_page(tmp_path, capsys):
    one, two, page = tmp_path / "one.parquet", tmp_path / "two.parquet", tmp_path / "page"
    assert main(["posts", "read", str(DATA), "--columns", "moltbook", "--out", str(one)]) == 0
    said = capsys.readouterr().out
    assert "300 rows in 2 files, map moltbook" in said
    assert "60 posts, 240 comments" in said
    assert main(["posts", "read", str(DATA), "--copies", "1", "--out", str(two)]) == 0
    assert "left out: a text with more than 1 identical copies" in capsys.readouterr().out
    made = ["--posts", "20", "--comments", "40", "--seed", "3", "--alpha", "0.1", "--parts", "8", "--out", str(two)]
    assert main(["posts", "synthesize", *made]) == 0
    assert "nobody wrote it" in capsys.readouterr().out
    given = ["--against", str(two), "--shuffles", "2", "--vectors", "none", "--out", str(page)]
    assert main(["posts", "measure", str(one), *given]) == 0
    report = json.loads((page / "metrics.json").read_text())
    assert [log["counts"]["comments"] for log in report["logs"]] == [240, 40]
    assert any("No vectors" in words for words in report["logs"][0]["told"])
    assert report["logs"][1]["source"].startswith("synthetic")
    assert "<svg" in (page / "report.html").read_text()


def test_few_texts_are_embedded_on_the_way_and_many_are_not(tmp_path, monkeypatch, capsys):
    path, page = tmp_path / "x.parquet", tmp_path / "page"
    assert main(["posts", "synthesize", "--posts", "3", "--comments", "2", "--out", str(path)]) == 0
    monkeypatch.setattr(app, "_FEW", 4)
    assert main(["posts", "measure", str(path), "--shuffles", "0", "--out", str(page)]) == 0
    assert "No vectors" in (page / "report.html").read_text()
    monkeypatch.setattr(app, "_FEW", 5)
    assert main(["posts", "measure", str(path), "--shuffles", "0", "--out", str(page)]) == 0
    assert "were embedded on the way" in (page / "report.html").read_text()
    assert main(["posts", "embed", str(path)]) == 0
    told = capsys.readouterr()
    assert "5 texts, 5 of them embedded now" in told.out
    assert "embedded 5 of 5 texts" in told.err
    assert np.allclose(np.linalg.norm(read_dump([path]).posts.vector, axis=1), 1, atol=1e-5)


@pytest.mark.parametrize(
    ("given", "code", "words"),
    [
        (["read", "gone.csv", "--out", "x.parquet"], 1, "there is no such file"),
        (["read", str(DATA), "--out", "x.csv"], 2, "ends in .parquet"),
        (["read", str(DATA), "--columns", "moltbok", "--out", "x.parquet"], 2, "did you mean moltbook"),
        (["measure", "gone.parquet", "--out", "page"], 1, "gone.parquet"),
        (["synthesize", "--posts", "3", "--comments", "2", "--alpha", "2", "--out", "x.parquet"], 2, "from 0 to 1"),
    ],
)
def test_mistakes_are_said(given, code, words, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["posts", *given]) == code
    assert words in capsys.readouterr().err


def test_numbers_below_0_are_refused(capsys):
    with pytest.raises(SystemExit):
        main(["posts", "measure", "x", "--shuffles", "-1", "--out", "y"])
    assert "expected 0 or more" in capsys.readouterr().err
