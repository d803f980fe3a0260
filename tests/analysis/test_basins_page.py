"""The page of basins shows both branches, every trial and where they flip, and no words of a plan as markup."""

import re

import numpy as np
import pytest

from commonweal.analysis.basins import Basins, Branches, Setting
from commonweal.analysis.basins_page import write_basins
from commonweal.analysis.page import write_page
from commonweal.analysis.plans import read_plan
from commonweal.statistics.basins import find_bistability, find_loop
from commonweal.statistics.inference import Bounds, estimate_difference, estimate_mean, oppose

PLACES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)


def branch(levels=None, up=0.35, down=0.15, seeds=10):
    rng = np.random.default_rng(4)
    noise = rng.normal(0, 0.04, (2, seeds, len(PLACES)))
    first, second = (np.where(np.array(PLACES) < at, 0.9, 0.1) + own for at, own in zip((up, down), noise, strict=True))
    settings = tuple(
        Setting(
            place,
            (estimate_mean(a), estimate_mean(b)),
            estimate_difference(oppose(b, a, True), 0.99),
            (None, None)
            if place
            else (find_bistability(a, 19), find_bistability(np.where(np.arange(seeds) % 2, b, b - 5), 99)),
            (tuple(a.tolist()), tuple(b.tolist())),
        )
        for place, a, b in zip(PLACES, first.T, second.T, strict=True)
    )
    loop = find_loop(PLACES, first, second, 0.5, paired=True)
    return Branches(levels or {}, settings, 0.5, estimate_mean([up - down] * seeds, bounds=Bounds(-0.5, 0.5)), loop, "")


def make(branches, along="share", start="stock", null_model=False):
    return Basins("scripted", "efficiency", "1", along, start, ("full", "small"), tuple(branches), null_model)


@pytest.fixture
def plan(tmp_path, synthetic):
    synthetic.write_plan(tmp_path)
    return read_plan(tmp_path)


def test_both_branches_and_where_they_flip_are_drawn(plan):
    own = branch()
    html = write_basins(plan, make([own]))
    assert html.count("<svg") == 1
    assert html.count("h0") == 2 * 6 * 10
    bands = re.findall(r'<rect x="([\d.]+)" y="[\d.]+" width="[\d.]+" height="[\d.]+" style="fill:var\(--(\w+)\)', html)
    assert [tone for _, tone in bands] == ["control", "treatment"]
    # 50 + 16 units from the left, 294 units for .5 of share.
    assert [float(x) for x, _ in bands] == pytest.approx(
        [66 + 294 * e.low / 0.5 for e in (own.loop.up, own.loop.down)], abs=0.1
    )
    assert "Hysteresis: efficiency crosses 0.50 at share 0.35" in html
    assert ">0.2 (" in html
    assert "stock full" in html


def test_the_table_has_every_setting_and_what_seeds_do(plan):
    html = write_basins(plan, make([branch({"size": float(n)}) for n in (5, 50)]))
    assert html.count("<svg") == 2
    assert html.count("<tr>") == (1 + 2) + (1 + 12)
    assert "one place (dip p = " in html
    assert "in the higher)" in html
    assert "not asked" in html


def test_a_loop_that_stays_open_is_drawn_without_bands(plan):
    own = branch()
    html = write_basins(plan, make([Branches({}, own.settings, 0.5, None, None, "The loop stays open.")]))
    assert "The loop stays open." in html
    assert "<rect" not in html


def test_a_null_model_says_so(plan):
    assert write_basins(plan, make([branch()], null_model=True)).count("Null model.") == 2


def test_words_of_a_plan_are_data(plan):
    html = write_page("x", write_basins(plan, make([branch({"<i>x</i>": "<script>"})], "<b>share</b>", "<u>stock</u>")))
    for tag in ("<b>share", "<i>x", "<u>stock"):
        assert tag not in html
    assert "&lt;b&gt;share" in html
