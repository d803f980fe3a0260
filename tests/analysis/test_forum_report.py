"""Values and null models of logs against plain reckoning; what logs hold; and a report that comes back from its file."""

import dataclasses
import math
from typing import ClassVar

import numpy as np
import pytest

from commonweal.analysis.dumps.synthetic import Recipe, synthesize
from commonweal.analysis.forum_report import (
    PUBLISHED,
    NamedLog,
    Value,
    find_metrics,
    measure_forum,
    read_metrics,
    write_metrics,
)
from commonweal.core.errors import LogError
from commonweal.core.posts import PostMetric, shuffle_within


class Follow(PostMetric):
    """The correlation of a post's score with its author's last one."""

    unit: ClassVar[str] = "1"
    low: ClassVar[float] = -1.0
    high: ClassVar[float] = 1.0
    source: ClassVar[str] = "this test"
    null: ClassVar[str] = "scores shuffled within authors"

    def measure(self, log):
        order, _ = log.by_author()
        score, author = log.score[order], log.author[order]
        own = author[1:] == author[:-1]
        return float(np.corrcoef(score[1:][own], score[:-1][own])[0, 1]) if own.sum() > 1 else math.nan

    def shuffled(self, log, draw):
        return dataclasses.replace(log, score=shuffle_within(log.score, log.author, draw))


class Never(Follow):
    """Nothing."""

    def measure(self, log):
        return math.nan

    def shuffled(self, log, draw):
        raise AssertionError("what has no value is not shuffled")


@pytest.fixture(scope="module")
def logs():
    one = synthesize(Recipe(200, 400, seed=1))
    # A planted effect: every score is that of the author's last post, almost.
    order, start = one.by_author()
    draw = np.random.default_rng(0)
    score = one.score.copy()
    for author in range(one.authors):
        own = order[start[author] : start[author + 1]]
        score[own] = np.cumsum(draw.normal(size=len(own)))
    two = dataclasses.replace(one, score=score)
    return NamedLog("plain", one, "synthetic", (("no author", 3),), ("told",)), NamedLog("planted", two, "simulated")


def test_a_planted_effect_is_outside_its_null_model_and_none_is_inside(logs):
    told = []
    report = measure_forum(logs, {"follow": Follow(), "never": Never()}, 40, 5, lambda *words: told.append(words))
    assert told == [("follow", 0, 2), ("never", 1, 2)]
    (plain, planted), nothing = report.values
    assert [value.outside for value in (plain, planted)] == [False, True]
    draws = [np.random.default_rng((5, i)) for i in range(40)]
    known = np.array([Follow().measure(Follow().shuffled(logs[1].posts, draw)) for draw in draws])
    assert np.allclose(planted.span, (known.mean(), *np.quantile(known, (0.025, 0.975))))
    assert [(value.span, value.outside) for value in nothing] == [(None, False)] * 2
    assert [(card.name, card.words) for card in report.cards] == [
        ("follow", "The correlation of a post's score with its author's last one."),
        ("never", "Nothing."),
    ]
    assert measure_forum(logs, {"follow": Follow()}, 0).values[0][0].span is None


def test_what_a_log_holds(logs):
    posts, facts = logs[0].posts, measure_forum(logs[:1], {}).logs[0]
    assert (facts.counts["posts"], facts.counts["comments"], facts.counts["authors"]) == (200, 400, 25)
    assert facts.counts["authors who posted"] == len(set(posts.author.tolist()))
    assert facts.days.y == tuple((np.bincount(posts.days) / 600).tolist())
    assert sum(facts.depths.y) == pytest.approx(1)
    depth = [0] * 600
    for place, parent in enumerate(posts.parent):
        depth[place] = depth[parent] + 1 if parent >= 0 else 0
    assert facts.depths.y[0] == depth.count(1) / 400
    for at, share in zip(facts.scores.x, facts.scores.y, strict=True):
        assert share == pytest.approx((posts.score >= at).mean())
    gaps = [
        (later - earlier) / posts.day
        for author in range(25)
        for earlier, later in zip(
            *(posts.time[posts.author == author][cut] for cut in (slice(-1), slice(1, None))), strict=True
        )
    ]
    at = len(facts.gaps.x) // 2
    assert facts.gaps.y[at] == pytest.approx((np.array(gaps) <= facts.gaps.x[at]).mean(), abs=1e-9)


def test_an_empty_log_has_nothing(logs):
    empty = logs[0].posts.where(np.zeros(600, bool))
    report = measure_forum((NamedLog("empty", empty, "ours"),), {"follow": Follow()}, 3)
    assert report.logs[0].counts["posts"] == 0
    assert report.logs[0].days.x == report.logs[0].gaps.x == report.logs[0].scores.x == ()


def test_a_value_beside_its_null_model():
    assert Value(1.0, (1.0, 1.0, 1.0), 0.0, 0.0).outside is False
    assert Value(1.0 + 1e-12, (1.0, 1.0), 0.0, 0.0).outside is False
    assert Value(2.0, (1.0, math.nan), 0.0, 0.0).span == (1.0, 1.0, 1.0)
    assert Value(math.nan, (), 0.0, 0.0).outside is False


def test_the_report_comes_back(logs, tmp_path):
    report = measure_forum(logs, {"follow": Follow(), "never": Never()}, 3)
    assert write_metrics(report, tmp_path / "deep" / "page").name == "metrics.json"
    again = read_metrics(tmp_path / "deep" / "page")
    assert again.logs == report.logs
    assert again.cards == report.cards
    assert again.values[0] == report.values[0]
    (tmp_path / "metrics.json").write_text('{"schema": "other"}')
    for folder in (tmp_path, tmp_path / "none"):
        with pytest.raises(LogError, match="Measure again"):
            read_metrics(folder)


def test_the_catalogue_s_metrics_of_posts():
    found, skipped = find_metrics()
    assert all(isinstance(metric, PostMetric) for metric in found.values())
    assert skipped == ()
    # Published values are of metrics that there are, as far as any are installed.
    assert not found or set(PUBLISHED) <= set(found)
