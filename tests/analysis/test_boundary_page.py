"""The map on the page: two panels, every cell that was run, the region in words, and nothing that gets out of its escape."""

import dataclasses
import re
import xml.etree.ElementTree as ET

import pytest

from commonweal.analysis.boundary import find_boundary
from commonweal.analysis.boundary_page import draw_boundary, write_boundary
from commonweal.analysis.plans import Factor, read_plan
from commonweal.analysis.trials import read_trials
from commonweal.statistics.inference import Estimate

EVIL = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def run(zoomed):
    plan, trials = read_plan(zoomed), read_trials(zoomed)
    part = plan.part("map")
    return plan, part, find_boundary(plan, trials, part)


def spots(panel):
    drawn = [item.get("class") for item in ET.fromstring(panel).iter() if "spot" in (item.get("class") or "")]
    return {kind: sum(own == f"spot {kind}" for own in drawn) for kind in ("covered", "searched", "confirmed")}


def test_every_cell_is_a_mark_and_the_control_panel_has_the_coverage_cells_alone(run):
    plan, part, found = run
    every, control = draw_boundary(plan, part, found).panels
    assert spots(every) == {"covered": 64, "searched": 12, "confirmed": 4}
    assert spots(control) == {"covered": 64, "searched": 0, "confirmed": 0}


def test_a_mark_stands_where_its_cell_is(run):
    """Along the foot the range is 0 to 1, so that ticks and marks share one scale."""
    plan, part, found = run
    panel = draw_boundary(plan, part, found).panels[0]
    assert found.factors.index("ruthless share") in sorted(range(3), key=lambda i: found.all.lengths[i])[:2]
    root = ET.fromstring(panel)
    ticks = [
        (float(t.get("x")), t.text) for t in root.iter("text") if t.get("class") == "tick" and t.get("text-anchor") != "end"
    ]
    left, right = (next(x for x, text in ticks if text == end) for end in ("0", "1"))
    for mark in root.iter("circle"):
        share = float(re.search(r"ruthless share ([\d.e-]+)", mark.find("title").text).group(1))
        assert float(mark.get("cx")) == pytest.approx(left + share * (right - left), abs=0.1)


def test_a_logarithmic_axis_is_labelled_in_its_own_values(run):
    plan, part, found = run
    lengths = (found.all.lengths[0], 0.1, 9.0)
    drawn = draw_boundary(plan, part, dataclasses.replace(found, all=dataclasses.replace(found.all, lengths=lengths)))
    ticks = [t.text for t in ET.fromstring(drawn.panels[0]).iter("text") if t.get("text-anchor") == "end"]
    assert ticks == ["1", "3.16", "10", "31.6", "100"]
    assert "Averaged over payer." in drawn.caption


def test_levels_that_are_words_stand_on_their_axis(run):
    plan, part, found = run
    lengths = (found.all.lengths[0], 9.0, 0.1)
    drawn = draw_boundary(plan, part, dataclasses.replace(found, all=dataclasses.replace(found.all, lengths=lengths)))
    ticks = {t.text for t in ET.fromstring(drawn.panels[0]).iter("text") if t.get("text-anchor") == "end"}
    assert ticks == {"nobody", "all"}


def test_the_page_says_region_share_control_and_confirmation(run):
    plan, part, found = run
    page = write_boundary(plan, part, found)
    assert f"survived is above 0.5 on average where {found.box}" in page
    for words in ("all cells", "coverage cells alone (control)", "Fresh seeds on the boundary", "The two maps agree on"):
        assert words in page
    rows = re.findall(r"<tr><td>(all cells|coverage cells alone \(control\))</td>(.*?)</tr>", page)
    numbers = [re.findall(r"<td class=num>(.*?)</td>", row) for _, row in rows]
    assert [row[2:4] for row in numbers] == [["80", "160"], ["64", "128"]]
    assert "Null model" not in page


def test_a_null_model_says_so(run):
    plan, part, found = run
    page = write_boundary(plan, part, dataclasses.replace(found, null_model=True))
    assert "Null model." in page
    assert 'class="warn"' in page
    assert draw_boundary(plan, part, dataclasses.replace(found, null_model=True)).caption.startswith("Null model.")


def test_a_region_that_is_nowhere_or_everywhere_is_said_in_words(run):
    plan, part, found = run
    assert "Nowhere in the space" in write_boundary(plan, part, dataclasses.replace(found, box="", box_density=0.0))
    page = write_boundary(plan, part, dataclasses.replace(found, box="everywhere"))
    assert "above 0.5 on average everywhere" in page


def test_without_confirmation_and_without_interval_nothing_is_made_up(run):
    plan, part, found = run
    nan = float("nan")
    none = Estimate(nan, nan, nan, 0.95, "no trials", 0)
    page = write_boundary(plan, part, dataclasses.replace(found, confirmed=none))
    assert "Fresh seeds" not in page
    assert "nan" not in page


def test_a_single_axis_has_no_map(run):
    plan, part, found = run
    one = dataclasses.replace(part, factors=part.factors[:1])
    reading = dataclasses.replace(found.all, lengths=found.all.lengths[:1])
    alone = dataclasses.replace(found, factors=found.factors[:1], all=reading)
    assert draw_boundary(plan, one, alone) is None
    assert "all cells" in write_boundary(plan, one, alone)


def test_what_an_author_wrote_is_no_markup(run):
    plan, part, found = run
    evil = dataclasses.replace(
        part,
        factors=(
            dataclasses.replace(part.factors[0], label=EVIL),
            part.factors[1],
            Factor(EVIL + "2", "l", (EVIL, "all")),
        ),
        cells=tuple(
            dataclasses.replace(
                cell, levels={EVIL: cell.levels["ruthless share"], "fine": cell.levels["fine"],
                              EVIL + "2": EVIL if cell.levels["payer"] == "nobody" else "all"}
            )
            for cell in part.cells
        ),
    )  # fmt: skip
    own = dataclasses.replace(found, factors=(EVIL, "fine", EVIL + "2"), metric=EVIL, box=f"{EVIL} at most 0.6")
    own = dataclasses.replace(own, all=dataclasses.replace(found.all, lengths=(0.1, 9.0, 0.2)))
    page = write_boundary(plan, evil, own)
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    for panel in draw_boundary(plan, evil, own).panels:
        ET.fromstring(panel)
