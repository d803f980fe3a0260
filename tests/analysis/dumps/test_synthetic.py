"""What is made up has the tails, trees and rate of learning that its recipe says, and is the same for the same seed."""

import dataclasses

import numpy as np
import pytest

from commonweal.analysis.dumps.synthetic import Recipe, synthesize
from commonweal.core.errors import StudyError


def test_the_same_recipe_gives_the_same_log():
    one, two, other = (synthesize(Recipe(50, 200, seed=seed, parts=4)) for seed in (1, 1, 2))
    assert one.texts == two.texts != other.texts
    assert np.array_equal(one.vector, two.vector)


def test_trees_and_tails():
    draw = np.random.default_rng(5)
    posts = synthesize(Recipe(4_000, 24_000, seed=int(draw.integers(1000))))
    assert posts.tops.sum() == 4_000
    replies = np.flatnonzero(posts.parent >= 0)
    assert (posts.parent[replies] < replies).all()
    assert (np.diff(posts.time) >= 0).all()
    nested = posts.parent[posts.parent[replies]] >= 0
    # 6.5 % of comments that could be: first comments under a post cannot.
    assert 0.05 < nested.mean() < 0.07
    count = np.sort(np.bincount(posts.author))[::-1]
    assert count[: len(count) // 100].sum() > 0.1 * len(posts)
    under = np.bincount(posts.parent[replies], minlength=len(posts))[posts.tops]
    # Maximum likelihood of a Pareto tail; the law that posts' fame follows has 1.72.
    tail = under[under >= 5]
    assert 1.4 < 1 + 1 / np.log(tail / 4.5).mean() < 2.1
    assert (posts.community[replies] == posts.community[posts.parent[replies]]).all()


def repeats(alpha):
    """How much more often authors go on with what was liked than with what was not: cosines of vectors without noise."""
    posts = synthesize(Recipe(3_000, 9_000, seed=4, alpha=alpha, parts=32))
    order, _ = posts.by_author()
    own = posts.author[order][:-1] == posts.author[order][1:]
    close = (posts.vector[order][:-1] * posts.vector[order][1:]).sum(1)
    liked = posts.score[order][:-1] > np.quantile(posts.score, 0.7)
    return close[own & liked].mean() - close[own & ~liked].mean()


def test_learning_is_planted_and_grows_with_its_rate():
    none, some, much = (repeats(alpha) for alpha in (0.0, 0.05, 0.3))
    assert abs(none) < 0.02
    assert none < some < much
    assert much > 0.02


@pytest.mark.parametrize("wrong", [{"posts": 0}, {"comments": -1}, {"alpha": 1.5}, {"days": 0}, {"parts": -2}, {"seed": -1}])
def test_what_cannot_be_made_is_refused(wrong):
    with pytest.raises(StudyError, match=next(iter(wrong))):
        dataclasses.replace(Recipe(10, 10), **wrong)
