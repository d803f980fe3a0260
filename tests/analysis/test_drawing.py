import itertools
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonweal.analysis.drawing import (
    Course,
    DotColumn,
    Interval,
    MapPanel,
    ProfilePoint,
    Range,
    color_value,
    draw_courses,
    draw_dots,
    draw_map,
    draw_profile,
    draw_scale,
    span_range,
)
from commonweal.analysis.lettering import measure_text

UNIT = Range(0.0, 1.0)
EVIL = "<script>alert(1)</script>"


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6))
def test_ticks_are_few_round_and_inside(low, width):
    ticks = Range(low, low + width).ticks()
    assert 1 <= len(ticks) <= 7
    assert all(low - 1e-6 * width - 1e-9 <= tick <= low + width * (1 + 1e-6) + 1e-9 for tick in ticks)


def test_ticks_of_known_ranges():
    assert UNIT.ticks() == [0, 0.2, 0.4, 0.6, 0.8, 1.0]
    assert Range(0, 24).ticks() == [0, 5, 10, 15, 20]
    assert UNIT.place(0.25, 100, 0) == 75


def test_ranges():
    assert span_range([0.3, None, 0.9], 0.0, 1.0) == UNIT
    assert span_range([5.0, 100.0]) == Range(0.0, 100.0)
    assert span_range([95.0, 100.0]) == Range(95.0, 100.0)
    assert span_range([]) == Range(0.0, 1.0)
    # Ends that dwarf what there is to see give way, but not those of a share.
    assert span_range([0.02, 0.2], -4.0, 4.0) == Range(0.0, 0.2)
    assert span_range([-3.0, 2.0], -4.0, 4.0) == Range(-4.0, 4.0)
    assert span_range([0.02, 0.05], 0.0, 1.0) == UNIT
    assert span_range([0.0], -4.0, 4.0) == Range(-4.0, 4.0)


def test_colours_go_from_pale_to_deep():
    assert (color_value(0), color_value(1)) == ("#f4ecda", "#12475a")

    def lightness(share):
        value = color_value(share)
        return sum(w * int(value[i : i + 2], 16) for w, i in ((0.2126, 1), (0.7152, 3), (0.0722, 5)))

    levels = [lightness(i / 20) for i in range(21)]
    assert levels == sorted(levels, reverse=True)  # so that the map can be read in grey


def panel(theory):
    return MapPanel(
        EVIL, "x", "y", ("0", "1", "2"), ("a", "b"), ((1.0, 0.5, 0.0), (None, 0.25, 0.0)), theory, (("h",) * 3,) * 2
    )


def test_a_map_has_a_cell_a_value_and_draws_where_theory_flips():
    drawn = draw_map(panel(((1.0, 0.0, 0.0), (1.0, 1.0, None))), UNIT)
    root = ET.fromstring(drawn)
    assert [r.get("class") for r in root.iter("rect")].count("cell") == 5
    assert [r.get("class") for r in root.iter("rect")].count("empty") == 1
    assert [t.text for t in root.iter("text") if t.get("class") in ("onpale", "ondeep")] == ["1", "0.5", "0", "0.25", "0"]
    line = next(p.get("d") for p in root.iter("path") if p.get("class") == "theory")
    # Row a flips between columns 0 and 1 (a step up), column 1 between rows a and b (a step across): nothing else.
    assert re.sub(r"M[\d. ]+", "M", line) == "Mv-44.0Mh105.3"
    assert 'class="theory"' not in draw_map(panel(((None,) * 3,) * 2), UNIT)
    assert "<script" not in drawn


@pytest.mark.parametrize("top", [1.0, 3000.0])
@pytest.mark.parametrize("columns", [2, 9, 12, 13, 16, 30])
def test_no_number_and_no_label_of_a_map_meets_the_next(columns, top):
    rng = np.random.default_rng(columns)
    values = tuple(map(tuple, rng.uniform(0, top, (2, columns)).tolist()))
    levels = tuple(f"{x:.3g}" for x in rng.uniform(0, 1, columns))
    drawn = draw_map(
        MapPanel("", "x", "y", levels, ("a", "b"), values, ((None,) * columns,) * 2, (("",) * columns,) * 2), Range(0, top)
    )
    texts = [t for t in ET.fromstring(drawn).iter("text") if t.get("class") in ("onpale", "ondeep", "tick")]
    rows = {}
    for t in texts:
        if t.get("text-anchor") == "middle":
            half = measure_text(t.text, float(t.get("style").removeprefix("font-size:").removesuffix("px"))) / 2
            rows.setdefault(t.get("y"), []).append((float(t.get("x")) - half, float(t.get("x")) + half))
    for spans in rows.values():
        assert all(one[1] < two[0] for one, two in itertools.pairwise(sorted(spans)))
    numbers = sum(t.get("class") != "tick" for t in texts)
    # Too narrow for all of them, a map has none: every cell says its number on hover.
    assert numbers in ({2: (4,), 9: (18,), 30: (0,)}.get(columns) or (0, 2 * columns))


def test_long_names_of_levels_are_cut_and_none_is_left_out():
    names = ("none", "weighted by the stake of each", "quadratic voting", "sortition")
    root = ET.fromstring(
        draw_map(MapPanel("", "x", "y", names, names, ((0.5,) * 4,) * 4, ((None,) * 4,) * 4, (("",) * 4,) * 4), UNIT)
    )
    told = [t.text for t in root.iter("text") if t.get("class") == "tick"]
    assert len(told) == 8
    assert all(any(name.startswith(text.rstrip("\u2026")) for name in names) for text in told)
    assert all(float(t.get("x")) > 20 for t in root.iter("text") if t.get("text-anchor") == "end")


def test_every_trial_is_one_dot_at_its_height():
    values = tuple(i / 100 for i in range(101))
    root = ET.fromstring(draw_dots("t", "m", [DotColumn("0", values, Interval(0.5, 0.4, 0.6), "control")], UNIT, False))
    path = next(p.get("d") for p in root.iter("path") if "dots" in (p.get("class") or ""))
    heights = [float(y) for _, y in re.findall(r"M([\d.]+) ([\d.]+)h0", path)]
    assert len(heights) == 101
    assert heights == sorted(heights, reverse=True)
    middle = next(c for c in root.iter("circle") if c.get("class") == "mean")
    assert float(middle.get("cy")) == pytest.approx(heights[50], abs=0.06)
    assert draw_dots("", "m", [], UNIT, True).startswith("<svg")


def test_ten_thousand_dots_stay_small():
    assert len(draw_dots("t", "m", [DotColumn("0", (0.5,) * 10_000, None, "other")], UNIT, True)) < 200_000


def test_a_profile_has_theory_and_means():
    points = [ProfilePoint(EVIL, Interval(0.9, 0.7, 1.2), 1.0), ProfilePoint("1", None, None), ProfilePoint("2", None, 0.0)]
    root = ET.fromstring(draw_profile("t", "x", "m", points, UNIT))
    assert sum(p.get("class") == "expected" for p in root.iter("path")) == 2
    assert sum(c.get("class") == "mean" for c in root.iter("circle")) == 1


def test_a_course_has_a_point_a_tick_gaps_and_rings():
    course = Course("trial", (100, 50, None, 0), "control", ((1, EVIL), (2, "unseen"), (99, "out")))
    root = ET.fromstring(draw_courses("stock", "month", [course]))
    line = next(p.get("d") for p in root.iter("path") if "course" in (p.get("class") or ""))
    assert (line.count("M"), line.count("L")) == (2, 1)
    assert sum("mark" in (c.get("class") or "") for c in root.iter("circle")) == 1
    long = draw_courses("stock", "tick", [Course("t", tuple(range(100_000)), "other", ())])
    assert len(long) < 30_000
    assert draw_courses("x", "t", [Course("t", (None,), "other", ())]).startswith("<svg")


def test_a_scale_shows_both_ends():
    texts = [t.text for t in ET.fromstring(draw_scale("survived", Range(0, 1200))).iter("text")]
    assert texts == ["0", "1,200", "survived"]


def test_large_numbers_up_the_side_are_not_cut_off():
    root = ET.fromstring(draw_courses("purse", "tick", [Course("t", (0, 2_000_000), "other", ())]))
    side = [t for t in root.iter("text") if t.get("text-anchor") == "end"]
    assert "2,000,000" in [t.text for t in side]
    assert all(float(t.get("x")) - measure_text(t.text, 11) > 0 for t in side)
