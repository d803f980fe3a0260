"""Polarisation: fixtures, extremes, networkx, and walks that are simulated."""

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonweal.core.errors import StudyError
from commonweal.statistics.polarisation import (
    Camps,
    agreement,
    bimodality,
    controversy,
    dispersion,
    esteban_ray,
    modularity,
)


@pytest.mark.parametrize(
    ("shares", "places", "alpha", "value"),
    [
        ((0.5, 0.5), (0, 1), 1.0, 0.25),
        ((0.5, 0.5), (0, 1), 1.6, 0.164938),
        ((0.2, 0.5, 0.3), (0, 0.4, 1), 1.3, 0.096495),
    ],
)
def test_esteban_ray_fixtures(shares, places, alpha, value):
    assert esteban_ray(shares, places, alpha) == pytest.approx(value, abs=5e-7)


def test_esteban_ray_is_largest_of_two_equal_poles():
    rng = np.random.default_rng(4)
    for _ in range(300):
        g, alpha = int(rng.integers(1, 8)), float(rng.uniform(0.01, 1.6))
        shares, places = rng.dirichlet(rng.uniform(0.1, 3, g)), rng.random(g)
        assert esteban_ray(shares, places, alpha) <= 2 ** -(1 + alpha) + 1e-12
    assert esteban_ray([3.0], [0.4]) == 0.0
    for alpha in (0.0, 1.61):
        with pytest.raises(StudyError, match="alpha"):
            esteban_ray([0.5, 0.5], [0, 1], alpha)
    with pytest.raises(StudyError, match="all 0"):
        esteban_ray([0, 0], [0, 1])


def test_bimodality_of_known_distributions():
    # Skewness and kurtosis: two places 0, 1; uniform 0, 1.8; normal 0, 3; exponential 2, 9.
    rng = np.random.default_rng(1)
    assert bimodality([-1, 1] * 8) == pytest.approx(1.0)
    assert bimodality([0, 0, 0, 1]) == pytest.approx(1.0)  # Pearson's bound holds with equality of any two places
    for draw, value in ((rng.random, 5 / 9), (rng.standard_normal, 1 / 3), (rng.standard_exponential, 5 / 9)):
        assert bimodality(draw(400_000)) == pytest.approx(value, abs=0.02)
    assert np.isnan(bimodality([0.3] * 5))
    assert np.isnan(bimodality([]))


def test_dispersion():
    assert dispersion([-1, 1], -1, 1) == 1.0
    assert dispersion(np.linspace(0, 1, 100_001), 0, 1) == pytest.approx(1 / 3, abs=1e-4)
    assert np.isnan(dispersion([], 0, 1))


@pytest.mark.parametrize(
    ("counts", "value"),
    [
        ((0, 0, 5, 0), 1.0),
        ((3, 3, 3, 3, 3), 0.0),
        ((7, 0, 0, 0, 0, 7), -1.0),
        ((0, 2, 2, 0, 0, 0, 0), 5 / 6),
        # The example of the R package agrmt (Ruedin), of 1,000 answers.
        ((30, 40, 210, 130, 530, 50, 10), 0.6113333),
    ],
)
def test_van_der_eijk(counts, value):
    assert agreement(counts) == pytest.approx(value, abs=1e-6)


@given(st.lists(st.integers(0, 20), min_size=3, max_size=7).filter(any))
def test_agreement_is_bounded_and_sees_no_direction(counts):
    assert -1 - 1e-9 <= agreement(counts) <= 1 + 1e-9
    assert agreement(counts) == pytest.approx(agreement(counts[::-1]))
    with pytest.raises(StudyError, match="at least 3"):
        agreement(counts[:2])


def camps_of(graph, camp, weight=None):
    edges = [(one, other, data.get(weight, 1.0)) for one, other, data in graph.edges(data=True)]
    one, other, weights = (np.array(column) for column in zip(*edges, strict=True))
    return Camps(one.astype(np.int64), other.astype(np.int64), weights.astype(float), np.asarray(camp, np.int64))


def test_modularity_of_the_karate_club():
    graph = nx.karate_club_graph()
    camp = [int(graph.nodes[node]["club"] != "Mr. Hi") for node in graph]
    assert modularity(camps_of(graph, camp)) == pytest.approx(0.358235, abs=5e-7)
    assert modularity(camps_of(graph, camp, "weight")) == pytest.approx(0.391438, abs=5e-7)
    assert modularity(camps_of(graph, [0] * 34)) == pytest.approx(0.0)


def test_modularity_is_that_of_networkx():
    rng = np.random.default_rng(9)
    for _ in range(10):
        n = int(rng.integers(4, 30))
        graph = nx.gnp_random_graph(n, 0.4, seed=int(rng.integers(1 << 30)))
        graph.add_edge(0, 1)
        graph.add_edge(2, 2)
        for one, other in graph.edges:
            graph[one][other]["weight"] = float(rng.uniform(0.1, 3))
        camp = rng.integers(0, 3, n)
        groups = [set(np.flatnonzero(camp == own).tolist()) for own in range(3)]
        expected = nx.community.modularity(graph, [group for group in groups if group], weight="weight")
        assert modularity(camps_of(graph, camp, "weight")) == pytest.approx(expected)
    assert np.isnan(modularity(Camps(np.zeros(0, int), np.zeros(0, int), np.zeros(0), np.zeros(3, int))))
    with pytest.raises(StudyError, match="weights of edges"):
        Camps(np.zeros(1, int), np.zeros(1, int), -np.ones(1), np.zeros(1, int))


def test_controversy_of_walks():
    apart = nx.disjoint_union(nx.complete_graph(8), nx.complete_graph(8))
    camp = [0] * 8 + [1] * 8
    assert controversy(camps_of(apart, camp), 2) == pytest.approx(1.0)
    # A fifth begins at its end, the rest ends anywhere: .6^2 - .4^2.
    assert controversy(camps_of(nx.complete_graph(40), [0, 1] * 20), 4) == pytest.approx(0.2)
    # A lone pair cannot reach any end: its walks do not count.
    lone = nx.disjoint_union(apart, nx.path_graph(2))
    assert controversy(camps_of(lone, [*camp, 0, 1]), 2) == pytest.approx(1.0)
    with pytest.raises(StudyError, match="3 camps"):
        controversy(camps_of(nx.path_graph(3), [0, 1, 2]))
    assert np.isnan(controversy(camps_of(nx.path_graph(3), [0, 0, 0])))


def test_controversy_agrees_with_simulated_walks():
    rng = np.random.default_rng(6)
    graph = nx.stochastic_block_model([12, 15], [[0.5, 0.08], [0.08, 0.5]], seed=3)
    camp, degree = np.array([0] * 12 + [1] * 15), np.array([degree for _, degree in graph.degree])
    assert degree.min() > 0
    ends = np.concatenate([np.flatnonzero(camp == own)[np.argsort(-degree[camp == own], kind="stable")[:3]] for own in (0, 1)])
    ended = np.zeros((2, 2))
    start = np.where(rng.random(20_000) < 0.5, rng.integers(0, 12, 20_000), rng.integers(12, 27, 20_000))
    near = [np.array(list(graph[node])) for node in graph]
    for node in start:
        at = node
        while at not in ends:
            at = near[at][int(rng.random() * len(near[at]))]
        ended[camp[node], camp[at]] += 1
    began = ended / ended.sum(0)
    expected = began[0, 0] * began[1, 1] - began[1, 0] * began[0, 1]
    assert controversy(camps_of(graph, camp), 3) == pytest.approx(expected, abs=0.03)
