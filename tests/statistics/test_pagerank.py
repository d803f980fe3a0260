"""PageRank equals that of networkx 3.6.1 (karate club with weights and without, a digraph), and the printed figures."""

import dataclasses

import networkx as nx
import numpy as np
import pytest

from commonweal.core.errors import StudyError
from commonweal.statistics.pagerank import Graph, daily_ranks, pagerank, top_places
from metrics.post_laws import log_by_hand, random_log


def graph_of(graph, weight="weight"):
    directed = graph.to_directed()
    edges = [(source, target, float(data.get(weight, 1))) for source, target, data in directed.edges(data=True)]
    source, target, weights = (np.array(column) for column in zip(*edges, strict=True))
    return Graph(source, target, weights, directed.number_of_nodes())


def test_the_published_figures():
    karate = nx.karate_club_graph()
    plain = pagerank(graph_of(karate, weight="none"))
    assert plain[[33, 0]] == pytest.approx([0.100919, 0.096997], abs=5e-7)
    digraph = Graph(np.array([0, 1, 2, 0]), np.array([1, 2, 0, 2]), np.ones(4), 3)
    assert pagerank(digraph) == pytest.approx([0.387790, 0.214811, 0.397400], abs=5e-7)


def test_it_is_that_of_networkx():
    karate = nx.karate_club_graph()
    known = nx.pagerank(karate, 0.85, weight="weight", tol=1e-14, max_iter=1000)
    assert pagerank(graph_of(karate)) == pytest.approx([known[node] for node in range(34)], abs=1e-10)
    draw = np.random.default_rng(1)
    for _ in range(10):
        n = int(draw.integers(2, 30))
        some = nx.gnp_random_graph(n, 0.15, seed=int(draw.integers(1000)), directed=True)
        some.add_edge(0, 1)
        for edge in some.edges:
            some.edges[edge]["weight"] = float(draw.integers(1, 6))
        damping = float(draw.uniform(0.1, 0.95))
        known = nx.pagerank(some, damping, tol=1e-14, max_iter=5000)
        assert pagerank(graph_of(some), damping) == pytest.approx([known[node] for node in range(n)], abs=1e-9)


def test_graphs_side_by_side_are_each_alone():
    one = Graph(np.array([0, 1, 2, 0]), np.array([1, 2, 0, 2]), np.ones(4), 3)
    other = Graph(np.array([0, 0]), np.array([1, 3]), np.array([1.0, 3.0]), 4)
    both = Graph(
        np.concatenate([one.source, other.source + 3]),
        np.concatenate([one.target, other.target + 3]),
        np.concatenate([one.weight, other.weight]),
        7,
        np.array([0, 0, 0, 1, 1, 1, 1]),
    )
    assert pagerank(both) == pytest.approx(np.concatenate([pagerank(one), pagerank(other)]), abs=1e-12)
    assert len(pagerank(Graph(np.zeros(0, int), np.zeros(0, int), np.zeros(0), 0))) == 0
    with pytest.raises(StudyError, match="damping"):
        pagerank(one, 1.0)
    with pytest.raises(StudyError, match="less than 0"):
        Graph(np.array([0]), np.array([0]), np.array([-1.0]), 1)


def test_who_ties_for_the_last_place_shares_it():
    assert top_places(np.array([0.1, 0.4, 0.2, 0.2, 0.1]), 2).tolist() == [0, 1, 0.5, 0.5, 0]
    assert top_places(np.array([0.3, 0.3, 0.4]), 3).tolist() == [1, 1, 1]


def test_the_graph_of_a_day_is_the_one_counted_by_hand():
    log = random_log(np.random.default_rng(2))
    ranks = daily_ranks(log)
    seen = []
    for day, part in ranks.days():
        graph = nx.DiGraph()
        for place in np.flatnonzero((log.parent >= 0) & (log.days == day)):
            one, other = int(log.author[place]), int(log.author[log.parent[place]])
            if one != other:
                weight = graph.get_edge_data(one, other, {"weight": 0})["weight"]
                graph.add_edge(one, other, weight=weight + 1)
        known = nx.pagerank(graph, 0.85, tol=1e-14, max_iter=1000)
        assert ranks.author[part].tolist() == sorted(known)
        assert ranks.rank[part] == pytest.approx([known[who] for who in sorted(known)], abs=1e-10)
        seen.append(day)
    assert seen == np.unique(log.days[log.parent >= 0]).tolist()
    alone = dataclasses.replace(log_by_hand([0, 0], [0, 1]), parent=np.array([-1, 0]))
    assert list(daily_ranks(alone).days()) == []
