"""An audit's verdict: shares, the worst case, what was not run."""

import dataclasses
import json

import numpy as np
import pytest

from audits import Made, pairs, run_of
from commonweal.analysis.robustness import find_robustness
from commonweal.analysis.specifications import AXES


def audit(smallest: float | None = None):
    random = np.random.default_rng(12)
    base = pairs(0.5, random)
    made = [
        Made(None, *pairs(0.5, random)),
        Made(("fresh seeds", "nothing"), *base),
        Made(("topology", "a ring"), *pairs(0.4, random)),
        Made(("topology", "a small world"), *pairs(0.0, random)),
        Made(("population", "twice"), *pairs(-0.3, random)),
        Made(
            ("observation cue", "watched"), *base, cued=tuple(np.add(arm, 0.2 + 0.01 * np.arange(40)).tolist() for arm in base)
        ),
        Made(("mute", "quiet"), *pairs(0.0, random)),
        Made(("baseline", "one agent"), *pairs(0.0, random)),
        Made(("random minds", "draw 1"), *pairs(0.5, random)),
        Made(("norm scale", "squared"), *pairs(0.5, random)),
    ]
    return find_robustness(*run_of(made, smallest))


def test_shares_count_what_should_not_matter_and_no_ablation_or_baseline():
    found = audit()
    assert (found.claim, found.held, found.counted) == ("raises", 5, 7)
    assert found.share == pytest.approx(5 / 7)
    assert [(own.axis, own.held, own.count) for own in found.axes] == [
        ("fresh seeds", 1, 1),
        ("topology", 1, 2),
        ("population", 0, 1),
        ("observation cue", 1, 1),
        ("random minds", 1, 1),
        ("norm scale", 1, 1),
    ]


def test_the_worst_specification_is_named():
    worst = audit().worst
    assert (worst.axis, worst.what, worst.verdict) == ("population", "twice", "reversed")


def test_a_moved_outcome_flags_the_cue_and_interaction_is_answered():
    found = audit()
    assert found.cue_flagged
    assert found.cue[0].value == pytest.approx(0.2 + 0.01 * 19.5)
    assert {own.axis for own in found.shifts} == {"mute"}
    assert found.interaction == "not told"  # means of 40 societies with a spread of 1 tell little
    assert found.label == "robust"


def test_axes_without_a_specification_are_listed_with_the_reason():
    missing = dict(audit().not_run)
    run = {"fresh seeds", "topology", "population", "observation cue", "mute", "baseline", "random minds", "norm scale"}
    assert set(missing) == set(AXES) - run
    assert missing["model family"] == "no language model is in this study"


def test_it_is_json():
    assert json.loads(json.dumps(dataclasses.asdict(audit()), allow_nan=False))["label"] == "robust"


def test_without_an_audit_there_is_no_verdict_and_without_a_claim_no_share():
    random = np.random.default_rng(13)
    plain = [Made(None, *pairs(0.5, random))]
    assert find_robustness(*run_of(plain)) is None
    found = find_robustness(*run_of([Made(None, *pairs(0.0, random)), Made(("topology", "a ring"), *pairs(0.5, random))]))
    assert (found.claim, found.share, found.worst, found.label) == ("none", None, None, "no claim")


def test_a_part_without_trials_speaks_against_the_claim():
    random = np.random.default_rng(14)
    made = [
        Made(None, *pairs(0.5, random)),
        Made(("topology", "a ring"), [], []),
        Made(("horizon", "long"), *pairs(0.5, random)),
    ]
    found = find_robustness(*run_of(made))
    assert (found.held, found.counted, found.worst.axis, found.worst.verdict) == (1, 2, "topology", "no data")
