"""The embedding judge separates what the embedder separates, and its threshold does not mark its own homework."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonweal.analysis.judging.embedding_judge import EmbeddingJudge, deal_folds, fit_threshold, judge_held_out
from commonweal.analysis.judging.judge import Evidence
from commonweal.analysis.judging.rubric import parse_rubric
from commonweal.core.errors import StudyError
from promises import RUBRIC, judged, made_case

rubric = parse_rubric(RUBRIC)


def test_it_finds_a_paraphrase_and_cites_it():
    judge = EmbeddingJudge(rubric)
    selfish = made_case(said=[(0, 0, "I will do my fair share."), (1, 1, "I shall think of myself first.")])
    fair = made_case(said=[(0, 0, "I'll do just my fair share."), (1, 1, "Most of my fair share I will do.")])
    one, two, three = judged(judge, selfish, fair, made_case())
    assert (one.value, two.value, three.value) == (1.0, 0.0, 0.0)
    assert one.evidence == (Evidence(1, 1, "say"),)
    assert judge.measure(selfish) > 0 > judge.measure(fair) > judge.measure(made_case())
    assert one.judge == judge.digest != EmbeddingJudge(rubric, 0.2).digest


def test_a_rubric_without_examples_is_refused():
    with pytest.raises(StudyError, match="no examples of 'kept'"):
        EmbeddingJudge(dataclasses.replace(rubric, examples=None))
    with pytest.raises(StudyError, match="kind 'score'"):
        EmbeddingJudge(dataclasses.replace(rubric, kind="score"))


@given(st.integers(0, 2**32 - 1))
def test_the_threshold_is_the_best_of_all_cuts(seed):
    rng = np.random.default_rng(seed)
    gold = rng.integers(0, 2, 30)
    margins = np.round(rng.normal(gold * 1.0, 1), 1)
    cut = fit_threshold(margins, gold)

    def youden(at):
        return (margins[gold == 1] > at).mean() - (margins[gold == 0] > at).mean()

    if 0 < gold.sum() < 30:
        assert youden(cut) == pytest.approx(max(youden(at) for at in np.linspace(-6, 6, 601)))
    else:
        assert cut == 0.0


def test_held_out_verdicts_are_honest():
    """Margins that say nothing: fitted in sample they seem to (on average above 1/2), held out they do not."""
    rng = np.random.default_rng(2)
    seen = held = 0.0
    for _ in range(400):
        gold, margins = rng.integers(0, 2, 20), rng.normal(size=20)
        seen += ((margins > fit_threshold(margins, gold)) == gold).mean() / 400
        held += (judge_held_out(margins, gold) == gold).mean() / 400
    assert seen > 0.6
    assert held < 0.53


def test_folds_are_even():
    counts = np.bincount(deal_folds(23, 5))
    assert sorted(counts.tolist()) == [4, 4, 5, 5, 5]
