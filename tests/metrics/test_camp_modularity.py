"""Modularity by camps: of networkx, monotone in how much camps keep to themselves, about 0 of camps that are dealt."""

import dataclasses

import networkx as nx
import numpy as np
import pytest

from commonweal.metrics.camp_modularity import CampModularity
from metrics.post_laws import COVERED, Planted, check_post_metric, covered, log_by_hand, random_log


def replies(rng, apart, posts=400, authors=20):
    """Replies of two camps, to the own one with a chance of (1 + apart) / 2."""
    author = rng.integers(0, authors, posts)
    stance = np.where(author % 2 == 0, 0.6, -0.6)
    log = log_by_hand(author.tolist(), list(range(posts)), np.stack([stance, 0.8 * np.ones(posts)], 1))
    parent = np.full(posts, -1)
    for at in range(20, posts):
        own = rng.random() < (1 + apart) / 2
        parent[at] = rng.choice(np.flatnonzero((author[:at] % 2 == author[at] % 2) == own))
    return dataclasses.replace(log, parent=parent)


def test_it_is_that_of_networkx():
    log = replies(np.random.default_rng(8), 0.3)
    graph = nx.Graph()
    for at in np.flatnonzero(log.parent >= 0):
        one, other = int(log.author[at]), int(log.author[log.parent[at]])
        if one != other:
            weight = graph.get_edge_data(one, other, {"weight": 0})["weight"]
            graph.add_edge(one, other, weight=weight + 1)
    camps = [{node for node in graph if node % 2 == side} for side in (0, 1)]
    assert CampModularity().measure(log) == pytest.approx(nx.community.modularity(graph, camps, weight="weight"))


def test_it_grows_as_camps_keep_to_themselves():
    rng = np.random.default_rng(1)
    found = [CampModularity().measure(replies(rng, apart)) for apart in (-0.6, 0.0, 0.6)]
    assert found[0] < -0.2 < found[1] < 0.2 < found[2]
    log = replies(rng, 0.6)
    dealt = [CampModularity().measure(CampModularity().shuffled(log, rng)) for _ in range(40)]
    assert abs(np.mean(dealt)) < 0.1
    assert found[2] > max(dealt)
    assert np.isnan(CampModularity().measure(log_by_hand([0, 1], [0, 1], [[1, 0], [-1, 0]])))


def test_laws():
    check_post_metric(CampModularity())


@pytest.mark.slow
def test_coverage():
    assert covered(CampModularity(), lambda draw: random_log(draw, planted=Planted(crowd=0.0))) >= COVERED
