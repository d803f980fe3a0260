"""Reciprocity by hand and by networkx; at random it is the density of ties."""

import dataclasses

import networkx as nx
import numpy as np
import pytest

from commonweal.metrics.reciprocity import Reciprocity
from metrics.post_laws import COVERED, check_post_metric, covered, log_by_hand, random_log


def ties_of(edges, authors):
    """Everybody posts, and each edge is a comment."""
    author = [*range(authors), *(source for source, _ in edges)]
    parent = [-1] * authors + [target for _, target in edges]
    return dataclasses.replace(log_by_hand(author, [0.0] * len(author)), parent=np.array(parent))


def test_by_hand():
    assert Reciprocity().measure(ties_of([(0, 1), (1, 0), (0, 2)], 3)) == pytest.approx(2 / 3)
    # Often is no more than once, and oneself is nobody.
    assert Reciprocity().measure(ties_of([(0, 1), (0, 1), (1, 0), (0, 2), (2, 2)], 3)) == pytest.approx(2 / 3)
    assert Reciprocity().measure(ties_of([(0, 1), (1, 2), (2, 0)], 3)) == 0
    assert np.isnan(Reciprocity().measure(ties_of([(0, 0)], 1)))


def test_it_is_that_of_networkx_and_at_random_the_density():
    draw = np.random.default_rng(1)
    for _ in range(6):
        chance = float(draw.uniform(0.05, 0.6))
        graph = nx.gnp_random_graph(40, chance, seed=int(draw.integers(1000)), directed=True)
        found = Reciprocity().measure(ties_of(list(graph.edges), 40))
        assert found == pytest.approx(nx.overall_reciprocity(graph))
        assert found == pytest.approx(chance, abs=0.1)


def test_laws():
    check_post_metric(Reciprocity(), says=False)


@pytest.mark.slow
def test_the_null_covers_where_nobody_returns_a_comment():
    assert covered(Reciprocity(), random_log) >= COVERED
