"""The audit on the page: everything said, nothing unescaped."""

import dataclasses
import re

import numpy as np

from audits import Made, pairs, run_of
from commonweal.analysis.robustness import Robustness, find_robustness
from commonweal.analysis.robustness_page import draw_curve, write_robustness


def audit(claimed: float = 0.5) -> Robustness:
    random = np.random.default_rng(15)
    base = pairs(claimed, random)
    cued = tuple(np.add(arm, 0.2 + 0.01 * np.arange(40)).tolist() for arm in base)
    made = [
        Made(None, *base),
        Made(("fresh seeds", "nothing"), *base),
        Made(("topology", "<script>alert(1)</script>"), *pairs(-0.2, random)),
        Made(("observation cue", "watched"), *base, cued=cued),
        Made(("mute", "quiet"), *pairs(0.0, random)),
        Made(("random minds", "draw 1"), *pairs(0.5, random)),
    ]
    found = find_robustness(*run_of(made))
    assert found is not None
    return found


def test_the_page_says_share_worst_interaction_cue_and_label():
    page = write_robustness(audit())
    for words in ("in 3 of 4 specifications (75 %)", "The worst: topology", "Flagged", "Robust:", "axes that were not run"):
        assert words in page
    assert "Interaction matters" in page or "Whether interaction matters is not told" in page


def test_what_a_study_wrote_is_no_markup():
    page = write_robustness(audit())
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_the_curve_has_a_dot_and_a_row_for_each_specification_and_names_the_worst():
    figure = draw_curve(audit())
    (svg,) = figure.panels
    assert svg.count("<circle") == 2 * 5
    assert svg.count(">worst<") == 1
    heights = [float(y) for y in re.findall(r'<circle cx="[\d.]+" cy="([\d.]+)"', svg)[::2]]
    assert heights == sorted(heights, reverse=True)  # rising estimates
    assert "Dashed" in figure.caption


def test_without_a_claim_the_page_says_so():
    page = write_robustness(audit(0.0))
    assert "makes no claim" in page
    assert "claim holds in" not in page


def test_a_null_model_is_marked_on_the_page_and_on_its_figure():
    found = dataclasses.replace(audit(), null_model=True)
    assert "Null model" in write_robustness(found)
    assert draw_curve(found).caption.startswith("Null model.")
