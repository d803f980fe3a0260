"""The distilled classifier: its fit is scikit-learn's, its loss is measured on what it has not seen, and it is kept."""

import json

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from commonweal.analysis.judging.distil import (
    DistilledJudge,
    _fits,
    distil_judge,
    fit_logistic,
    measure_features,
    read_distilled,
    save_distilled,
)
from commonweal.analysis.judging.judge import Judgement
from commonweal.analysis.judging.rubric import Rubric, parse_rubric
from commonweal.core.errors import LogError, StudyError
from promises import RUBRIC, judged, made_case

rubric = parse_rubric(RUBRIC)


@pytest.mark.parametrize("penalty", [0.1, 1.0, 30.0])
def test_the_fit_is_scikit_learns(penalty):
    rng = np.random.default_rng(int(10 * penalty))
    x = rng.normal(size=(80, 5))
    y = (rng.random(80) < 1 / (1 + np.exp(-x[:, 0] + 0.5))).astype(float)
    theirs = LogisticRegression(C=1 / penalty, tol=1e-10, max_iter=10_000).fit(x, y)
    weights, intercept = fit_logistic(x, y, penalty)
    np.testing.assert_allclose(weights, theirs.coef_[0], atol=1e-4)
    assert intercept == pytest.approx(theirs.intercept_[0], abs=1e-4)


def test_more_features_than_trials_give_the_same_ridge():
    """By the gradient: at the optimum X'(p - y) + penalty w = 0, and the mean of p is the mean of y."""
    rng = np.random.default_rng(8)
    x, y = rng.normal(size=(40, 300)), (rng.random(40) < 0.5).astype(float)
    fit = _fits(x, y, (5.0,))[0]
    x, weights, intercept = (x - x.mean(0)) / x.std(0), fit.weights, fit.intercept
    np.testing.assert_allclose(fit_logistic(x, y, 5.0)[0], weights, atol=1e-6)
    p = 1 / (1 + np.exp(-x @ weights - intercept))
    np.testing.assert_allclose(x.T @ (p - y) + 5.0 * weights, 0, atol=1e-6)
    assert p.mean() == pytest.approx(y.mean())


def test_features_by_hand():
    case = made_case(said=[(0, 0, "four"), (1, 1, "two")], harvests={0: (3, 5), 1: (7, 9)})
    found = measure_features(case)
    assert found["act.harvest mean"] == 6
    assert found["act.harvest most"] == 9
    assert (found["world.stock mean"], found["world.stock least"], found["world.stock last"]) == (99.5, 99, 99)
    assert (found["say events"], found["words characters"]) == (2, 7)
    assert "said 0" not in found
    assert len(measure_features(case, embedded=True)) == len(found) + 32


def trials(rng, n, signal):
    """Cases in which the greatest harvest tells the label, where `signal`; a judge that is right 9 times in 10."""
    cases, gold = [], rng.random(n) < 0.5
    for seed, bad in enumerate(gold.tolist()):
        harvest = rng.integers(1, 11, 4)
        if bad and signal:
            harvest[rng.integers(4)] += 15
        cases.append(made_case(("p", 0, seed), harvests={0: harvest.tolist(), 1: rng.integers(1, 11, 4).tolist()}))
    verdict = np.where(rng.random(n) < 0.9, gold, ~gold)
    return cases, verdict, gold.astype(float)


def judge_all(cases, verdict):
    return [Judgement(case.trial, float(value), (), "", "sha256:t") for case, value in zip(cases, verdict, strict=True)]


def test_what_can_be_learned_is_learned_and_its_loss_is_told(tmp_path):
    rng = np.random.default_rng(1)
    cases, verdict, gold = trials(rng, 240, True)
    labels = np.where(np.arange(240) < 100, gold, np.nan)
    found = distil_judge(cases, judge_all(cases, verdict), labels, rubric, ("sha256:t", False))
    # It sees through the judge's one error in ten: near .9 against the judge, near 1 against gold.
    assert found.judge_accuracy.value == pytest.approx(0.9, abs=0.06)
    assert found.gold_accuracy.value > 0.95
    assert found.gold_accuracy.n == 100
    assert found.gold_loss.value < 0
    assert found.gold_loss.value == pytest.approx(((verdict == gold)[:100].mean()) - found.gold_accuracy.value)
    back = read_distilled(save_distilled(found.distilled, tmp_path / "distilled.json"))
    assert back == found.distilled
    assert back.digest == found.distilled.digest
    fresh, _, truth = trials(np.random.default_rng(2), 100, True)
    said = [one.value for one in judged(DistilledJudge(back), *fresh)]
    assert (np.array(said) == truth).mean() > 0.95


def test_what_cannot_be_learned_is_not_claimed():
    """Labels that the log does not tell of: held out it is no better than chance, however many features it has."""
    rng = np.random.default_rng(3)
    scores = []
    for _ in range(4):
        cases, verdict, gold = trials(rng, 120, False)
        found = distil_judge(cases, judge_all(cases, verdict), gold, rubric, ("sha256:t", True))
        scores.append(found.judge_accuracy.value)
        assert found.log_loss.value > 0.6
        assert found.distilled.null_model
    assert np.mean(scores) < 0.58


def test_too_few_verdicts_and_scores_are_refused():
    cases = [made_case(("p", 0, seed)) for seed in range(40)]
    with pytest.raises(StudyError, match="5 times, expected at least 20"):
        distil_judge(cases, judge_all(cases, [1] * 5 + [0] * 35), np.full(40, np.nan), rubric, ("", False))
    with pytest.raises(StudyError, match="is a score"):
        distil_judge(cases, judge_all(cases, [1] * 40), [], Rubric("s", "score", ("a", "b"), "x"), ("", False))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("schema", "other/1"),
        ("weights", [1.0]),
        ("weights", ["a"] * 3),
        ("means", None),
        ("embedded", "yes"),
        ("intercept", "0"),
    ],
)
def test_a_damaged_file_is_refused(tmp_path, name, value):
    raw = {
        "schema": "commonweal.distilled/1", "rubric": "r", "teacher": "t", "null_model": False, "features": ["a", "b", "c"],
        "means": [0, 0, 0], "scales": [1, 1, 1], "weights": [1, 2, 3], "intercept": 0, "penalty": 1, "embedded": False,
    }  # fmt: skip
    path = tmp_path / "distilled.json"
    path.write_text(json.dumps(raw))
    assert read_distilled(path).weights == (1.0, 2.0, 3.0)
    path.write_text(json.dumps(raw | {name: value}))
    with pytest.raises(LogError, match="found no classifier"):
        read_distilled(path)
