"""Shares of PageRank by hand: a star, a circle; against networkx day by day."""

import dataclasses

import networkx as nx
import numpy as np
import pytest

from commonweal.core.errors import StudyError
from commonweal.metrics.supernode_share import SupernodeShare
from metrics.post_laws import COVERED, check_post_metric, covered, log_by_hand, random_log


def test_a_star_and_a_circle():
    # All 9 others comment on author 0: x_0 = 9 x + (.15 + .85 x_0) / 10 with x = (.15 + .85 x_0) / 10, so x_0 = .09 + .01 + ...
    star = dataclasses.replace(log_by_hand(list(range(10)), [0.0] * 10), parent=np.array([-1] + [0] * 9))
    leaf = 0.15 / 10 / (1 - 0.85 / 10 * (1 + 9 * 0.85) / 1)
    known = 1 - 9 * leaf
    assert SupernodeShare(top=1).measure(star) == pytest.approx(known, abs=1e-9)
    # Everybody comments on the next one's post: all are alike.
    circle = dataclasses.replace(
        log_by_hand([*range(10), *range(10)], [0.0] * 20), parent=np.array([-1] * 10 + [(who + 1) % 10 for who in range(10)])
    )
    assert SupernodeShare(top=3).measure(circle) == pytest.approx(0.3, abs=1e-9)
    assert np.isnan(SupernodeShare(top=10).measure(circle))
    with pytest.raises(StudyError, match="at least 1"):
        SupernodeShare(top=0)


def test_it_is_the_mean_over_days_by_networkx():
    log = random_log(np.random.default_rng(1))
    shares = []
    for day in np.unique(log.days):
        here = np.flatnonzero((log.parent >= 0) & (log.days == day))
        graph = nx.MultiDiGraph()
        graph.add_edges_from(zip(log.author[here], log.author[log.parent[here]], strict=True))
        if len(graph) > 5:
            shares.append(sum(sorted(nx.pagerank(graph, 0.85, tol=1e-14, max_iter=1000).values())[-5:]))
    assert SupernodeShare().measure(log) == pytest.approx(np.mean(shares), abs=1e-9)


def test_laws():
    check_post_metric(SupernodeShare(), says=False)


@pytest.mark.slow
def test_the_null_covers_where_nobody_is_chosen():
    assert covered(SupernodeShare(), random_log) >= COVERED
