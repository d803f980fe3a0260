"""The page of a study's screens: a row and a panel a cell, curves where the numbers say, nothing of a plan as markup."""

import re

import pytest

from commonweal.analysis.detection import Detection, Suspect
from commonweal.analysis.detection_page import say_place, usual_levels, write_detection
from commonweal.analysis.plans import read_plan
from commonweal.statistics.inference import Estimate

EVIL = "<img src=x>"


@pytest.fixture
def plan(tmp_path, synthetic):
    synthetic.write_plan(tmp_path)
    return read_plan(tmp_path)


def suspect(plan, cell, value=0.8, low=0.6, high=0.9):
    levels = plan.part("scripted").cells[cell].levels
    return Suspect(cell, levels, Estimate(value, low, high, 0.95, "t", 20), 0.25, (0.0, 0.5, 1.0), (0.0, 0.75, 1.0))


def detection(suspects, metric="welfare", guilty="less"):
    return Detection("scripted", metric, guilty, {"ruthless share": 0.0}, 10, tuple(suspects))


def words_of(html):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", html))


def test_every_cell_has_a_row_and_a_panel_with_a_curve_of_each_screen(plan):
    cells = (7, 12)
    found = (
        detection([suspect(plan, cell) for cell in cells]),
        detection([suspect(plan, 12, 0.5, float("nan"), float("nan"))], "equality", "more"),
    )
    html = write_detection(plan, found)
    assert html.count("<svg") == 2
    assert (html.count('class="course treatment"'), html.count('class="course control"')) == (2, 1)
    # From the lower left (no trial accused) over the middle to the upper right: 50 to 372 across, 216 to 26 up.
    assert html.count('d="M50.0 216.0L211.0 73.5L372.0 26.0"') == 3
    page = words_of(html)
    assert "10 trials that are known to be innocent (ruthless share 0)" in page
    assert "the guilty are said to have less welfare and more equality" in page
    rows = re.findall(r"<tr>(.*?)</tr>", html)
    told = [[words_of(cell).strip() for cell in re.findall(r"<td.*?</td>", row)][1:] for row in rows[1:]]
    assert told == [
        ["welfare", "0.80", "0.60 to 0.90", "25 %"],
        ["welfare", "0.80", "0.60 to 0.90", "25 %"],
        ["equality", "0.50", "none", "25 %"],
    ]


def test_without_screens_there_is_no_section_and_many_cells_are_cut(plan):
    assert write_detection(plan, ()) == ""
    html = write_detection(plan, (detection([suspect(plan, cell) for cell in range(6, 20)]),))
    assert html.count("<svg") == 12
    assert "The first 12 of 14 cells are shown." in html
    assert html.count("<tr>") == 15


def test_cells_are_told_by_what_is_unusual_in_them():
    cells = [{"a": 1.0, "b": "x"}, {"a": 1.0, "b": "y"}, {"a": 2.0, "b": "x"}]
    usual = usual_levels(cells)
    assert usual == {"a": 1.0, "b": "x"}
    assert [say_place(levels, usual) for levels in cells] == ["the usual levels", "b y", "a 2"]


def test_nothing_of_a_plan_is_markup(plan):
    html = write_detection(plan, (detection([suspect(plan, 7)], EVIL),))
    assert "<img" not in html
