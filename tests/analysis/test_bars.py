"""Bars: their ends stand where their values are, names are escaped, what is missing is said."""

import re
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonweal.analysis.bars import Bar, BarRow, draw_bars
from commonweal.analysis.drawing import Interval, Range

EVIL = "<script>alert(1)</script>"


def ends(svg, tone):
    return [tuple(map(float, found)) for found in re.findall(rf'<path d="M([\d.]+) [\d.]+H([\d.]+)" class="{tone}"', svg)]


@given(st.floats(0.01, 1.0), st.floats(0.01, 1.0))
def test_lengths_are_in_proportion(one, two):
    rows = [BarRow("a", (Bar("x", Interval(one, None, None), "treatment"), Bar("y", Interval(two, None, None), "treatment")))]
    (zero, first), (same, second) = ends(draw_bars("", "share", rows, Range(0.0, 1.0)), "treatment")
    assert zero == same
    assert (first - zero) / one == pytest.approx((second - zero) / two, abs=0.1 / min(one, two))


def test_negative_values_go_left_of_zero_and_limits_are_cut_at_the_range():
    rows = [BarRow("a", (Bar("x", Interval(-0.2, -9.0, 0.1), "control"),))]
    svg = draw_bars("title", "share", rows, Range(-0.5, 1.0))
    ((zero, end),) = ends(svg, "control")
    assert end < zero
    low = float(re.search(r'<path d="M([\d.]+) [\d.]+v6', svg)[1])
    assert low == pytest.approx(8.0)
    assert "interval -9 to 0.1" in svg


def test_words_of_others_are_escaped_and_a_missing_value_is_said():
    rows = [BarRow(EVIL * 4, (Bar(EVIL, None, "other"), Bar("x", Interval(0.5, 0.4, 0.6), "other", floor=0.45)))]
    svg = draw_bars(EVIL, EVIL, rows, Range(0.0, 1.0))
    ET.fromstring(svg)
    assert "<script" not in svg
    assert "no estimate" in svg
    assert "by the seed alone 0.45" in svg
