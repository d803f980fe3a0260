"""The verdict on a published figure, by interval and by sign."""

import json

import numpy as np
import pytest

from commonweal.analysis.replication import find_replication, judge_replication
from commonweal.statistics.inference import Estimate


def ours(value, low, high, n=20):
    return Estimate(value, low, high, 0.95, "t", n)


@pytest.mark.parametrize(
    ("kind", "published", "found", "verdict"),
    [
        ("fixture", 15.0, ours(15.0, 14.9, 15.1), "replicated exactly"),
        ("re-run", 0.3, ours(0.25, 0.2, 0.35), "replicated: the published"),
        ("re-run", 0.8, ours(0.25, 0.2, 0.35), "same direction"),
        ("re-run", -0.8, ours(-0.25, -0.35, -0.2), "same direction"),
        ("re-analysis", 0.8, ours(0.1, -0.1, 0.3), "not replicated"),
        ("re-run", 0.8, ours(-0.3, -0.5, -0.1), "reversed"),
        ("re-run", 0.8, ours(0.3, np.nan, np.nan), "undecided"),
        ("fixture", 0.8, ours(np.nan, np.nan, np.nan, 0), "not run yet"),
    ],
)
def test_the_verdict_is_by_interval_then_by_sign(kind, published, found, verdict):
    assert judge_replication(kind, published, found).startswith(verdict)


def test_it_is_read_from_the_plan(tmp_path):
    facts = {"kind": "re-run", "source": "Somebody 1999", "published": 0.3, "low": None, "high": 0.5}
    (tmp_path / "plan.json").write_text(json.dumps({"study": {"replication": facts}}))
    found = find_replication(tmp_path, ours(0.25, 0.2, 0.35))
    assert found.verdict.startswith("replicated")
    assert np.isnan(found.low)
    assert found.high == 0.5
    (tmp_path / "plan.json").write_text(json.dumps({"study": {"replication": None}}))
    assert find_replication(tmp_path, ours(0.25, 0.2, 0.35)) is None
