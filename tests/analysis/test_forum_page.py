"""The page of logs: every value is there, names are words, and what there is none of is said."""

import dataclasses
import math
import re

import numpy as np
import pytest

from commonweal.analysis.dumps.synthetic import Recipe, synthesize
from commonweal.analysis.forum_page import write_forum_page
from commonweal.analysis.forum_report import Card, NamedLog, Published, Value, measure_forum
from commonweal.core.errors import LogError


@pytest.fixture
def report():
    posts = synthesize(Recipe(60, 100, seed=2))
    logs = (
        NamedLog("<b>real</b>", posts, "synthetic; read from x", (("no author", 1234),), ("12 replies <i>moved</i>",)),
        NamedLog("run", dataclasses.replace(posts, score=posts.score * 0), "simulated"),
    )
    cards = (
        Card("reply-depth", "How deep.", "1", "Holtz", "random trees", Published("1.07", "arXiv 2602.10131")),
        Card("pull", "How far.", "1/day", "Li", "shuffled", Published("", "")),
    )
    values = (
        (Value(0.4321, (0.25, 0.25), 1.5, 2.5), Value(0.25, (0.25, 0.25), 1.0, 1.0)),
        (Value(math.nan, (), 0.0, 0.0), Value(-12.5, (), 0.0, 0.0)),
    )
    return dataclasses.replace(
        measure_forum(logs, {}), cards=cards, values=values, shuffles=2, skipped=("odd: needs arguments",)
    )


def read(report, folder):
    return write_forum_page(report, folder).read_text()


def test_every_value_is_on_the_page(report, tmp_path):
    page = read(report, tmp_path / "new")
    for words in (
        "0.432 ◆",
        "0.250 (0.250 to 0.250)",
        "−12.50",
        "pull (1/day)",
        "1.07 (arXiv 2602.10131)",
        "nothing that is known here",
        "1,234",
        "1 of 1 outside what their null models give",
        "Not measured: odd: needs arguments.",
        "Synthetic.",
    ):
        assert words in page, words
    assert page.count("◆") == 2
    assert len(re.findall("<svg", page)) == 4
    assert "<b>real</b>" not in page
    assert "&lt;b&gt;real&lt;/b&gt;" in page
    assert "<i>moved" not in page
    assert not re.search(r"(src|href)=", page)


def test_one_log_without_shuffles(report, tmp_path):
    one = dataclasses.replace(
        report,
        logs=report.logs[1:],
        values=tuple((dataclasses.replace(row[1], null=()),) for row in report.values),
        shuffles=0,
    )
    page = read(one, tmp_path)
    assert "whether a value is more than chance is not said" in page
    assert "◆" not in page
    assert "Not drawn, for no log has any: scores of 1 and more." in page
    assert "Synthetic." not in page
    assert "No row was left out." in page


def test_nothing_at_all(tmp_path):
    posts = synthesize(Recipe(5, 0)).where(np.zeros(5, bool))
    page = read(measure_forum((NamedLog("empty", posts, "ours"),), {}), tmp_path)
    assert "No metric of posts is installed" in page
    assert "Not drawn, for no log has any" in page


def test_no_room(report, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(LogError, match="cannot be written"):
        write_forum_page(report, tmp_path / "file")
