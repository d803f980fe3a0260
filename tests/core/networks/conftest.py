"""What the tests of all networks share: a network as a matrix, and the laws of contacts."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy.sparse import csr_array

from commonweal.core.networks import Adjacency, Network


def matrix(network: Network, n: int) -> csr_array:
    """How often each seat names each other: symmetric, with nothing on the diagonal; of an adjacency, each at most once."""
    found = network.contacts(n)
    if isinstance(found, Adjacency):
        source, target = found.source, found.target
        assert (found.n, found.first[0], found.first[-1]) == (n, 0, target.size)
        assert (np.diff(source.astype(np.int64) * n + target) > 0).all()
    else:
        assert found.dtype == np.int32
        source, target = np.nonzero(found >= 0)[0], found[found >= 0]
    counts = csr_array((np.ones(target.size, np.int64), (source, target)), shape=(n, n))
    assert abs(counts - counts.T).sum() == 0
    assert not counts.diagonal().any()
    return counts


def triangles(counts: csr_array) -> int:
    """How many triangles there are."""
    return int((counts @ counts).multiply(counts).sum()) // 6


@pytest.fixture(scope="session")
def matrix_of() -> Callable[[Network, int], csr_array]:
    return matrix


@pytest.fixture(scope="session")
def triangles_of() -> Callable[[csr_array], int]:
    return triangles
