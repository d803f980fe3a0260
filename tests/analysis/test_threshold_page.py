"""The page of a threshold shows curve, band and every trial, and nothing that was written into a plan as markup."""

import re

import numpy as np
import pytest

from commonweal.analysis.page import write_page
from commonweal.analysis.plans import read_plan
from commonweal.analysis.threshold import Crossing, Point, Threshold
from commonweal.analysis.threshold_page import write_threshold
from commonweal.statistics.inference import Bounds, Estimate
from commonweal.statistics.isotonic import fit_monotone
from commonweal.statistics.thresholds import Scan, fit_logistic


def cross(levels=None, at=0.2, seed=0):
    rng = np.random.default_rng(seed)
    x = np.concatenate([np.linspace(0.03, 0.57, 8), rng.normal(at, 0.03, 56).clip(0, 0.6)])
    y = (rng.random(64) < 1 / (1 + np.exp(60 * (x - at)))).astype(float)
    scan = Scan(0.0, 0.6, 0.5, Bounds(0.0, 1.0))
    curve, steps = fit_logistic(x, y, scan, integrated=True), fit_monotone(x, y, scan)
    shown = np.linspace(0, 0.6, 61)
    return Crossing(
        levels or {}, curve.threshold, steps.threshold, curve.slope,
        tuple(zip(shown.tolist(), curve.at(shown).tolist(), strict=True)),
        tuple(zip(steps.places.tolist(), steps.means.tolist(), strict=True)),
        tuple(Point(float(a), float(b), 1, "boundary") for a, b in sorted(zip(x, y, strict=True))),
    )  # fmt: skip


def make(crossings, factor="share", null_model=False, span=(0.0, 0.6, False)):
    return Threshold("scripted", "survived", factor, 0.5, *span, tuple(crossings), null_model)


@pytest.fixture
def plan(tmp_path, synthetic):
    synthetic.write_plan(tmp_path)
    return read_plan(tmp_path)


def test_every_trial_both_curves_and_the_band_are_drawn(plan):
    own = cross()
    html = write_threshold(plan, make([own]))
    assert html.count("<svg") == 1
    assert html.count("<circle") == 64 + 1
    assert html.count('class="course treatment"') == 2
    # The band lies where the interval is: 50 + 6 units from the left, 310 units for .6 of share.
    left, width = map(float, re.search(r'<rect x="([\d.]+)" y="[\d.]+" width="([\d.]+)"', html).groups())
    assert left == pytest.approx(56 + 310 * own.logistic.low / 0.6, abs=0.1)
    assert width == pytest.approx(310 * (own.logistic.high - own.logistic.low) / 0.6, abs=0.15)
    assert "survived falls below 0.5 at share 0." in html
    assert "with no shape assumed" in html


def test_each_crossing_has_a_panel_and_a_row(plan):
    html = write_threshold(plan, make([cross({"rule": float(i)}, 0.1 + 0.02 * i) for i in range(14)]))
    assert html.count("<svg") == 12
    assert html.count("<tr>") == 15
    assert "The first 12 of 14 are shown." in html


def test_open_sides_are_drawn_to_the_end_and_said(plan):
    nothing = Estimate(np.nan, 0.5, np.nan, 0.95, "", 64)
    own = Crossing({}, nothing, nothing, 3.0, ((0.0, 0.1), (0.6, 0.2)), ((0.1, 0.0),), (Point(0.1, 0.0, 3, "coverage"),))
    html = write_threshold(plan, make([own]))
    assert "not crossed" in html
    assert "from 0.5 on, open above" in html
    assert "nan" not in html.lower()


def test_a_logarithmic_range_has_powers_of_ten_along_the_foot(plan):
    found = Estimate(0.03, 0.01, 0.1, 0.95, "", 64)
    own = Crossing({}, found, found, 3.0, ((0.001, 0.0), (10.0, 1.0)), ((0.01, 0.0), (0.1, 1.0)), ())
    html = write_threshold(plan, make([own], span=(0.001, 10.0, True)))
    ticks = [float(x) for x in re.findall(r'<text x="([\d.]+)" y="251.0" class="tick"', html)]
    assert np.diff(ticks) == pytest.approx(np.full(4, 310 / 4), abs=0.11)
    assert ">0.001<" in html


def test_a_null_model_says_so(plan):
    html = write_threshold(plan, make([cross()], null_model=True))
    assert html.count("Null model.") == 2


def test_words_of_a_plan_are_data(plan):
    html = write_page("x", write_threshold(plan, make([cross({"<i>rule</i>": "<script>"})], factor="<b>share</b>")))
    assert "<b>share" not in html
    assert "<i>rule" not in html
    assert "&lt;b&gt;share" in html
