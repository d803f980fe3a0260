import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonweal.analysis.exact.degroot import find_consensus, find_influence
from commonweal.core.errors import StudyError

CHAIN = [[0.5, 0.5, 0], [0.25, 0.5, 0.25], [0, 0.5, 0.5]]


def test_the_oracles_three() -> None:
    """W of three in a row, x = (1, 0, .4): all come to .35, with influence (1/4, 1/2, 1/4). Oracles A."""
    assert find_consensus(CHAIN, (1, 0, 0.4)) == pytest.approx(0.35)
    assert find_influence(CHAIN) == pytest.approx([0.25, 0.5, 0.25])


@given(st.integers(0, 10**6), st.integers(2, 12))
def test_random_trust_against_learning_itself(seed: int, n: int) -> None:
    """4,096 rounds of x <- W x end, for everybody and on two topics, where the eigenvector says."""
    rng = np.random.default_rng(seed)
    trust = 0.9 * rng.dirichlet(np.full(n, 0.3), n) + 0.1 * np.eye(n)[:, :1].T
    opinions = rng.normal(size=(n, 2))
    ended = np.linalg.matrix_power(trust, 4096) @ opinions
    np.testing.assert_allclose(ended, np.broadcast_to(find_consensus(trust, opinions), (n, 2)), atol=1e-9)


def test_undirected_trust_weighs_by_degree() -> None:
    """Equal weights on neighbours and oneself: influence is (degree + 1) over its sum. Golub and Jackson 2010."""
    ties = np.array([[1, 1, 1, 1], [1, 1, 0, 0], [1, 0, 1, 1], [1, 0, 1, 1]], float)
    assert find_influence(ties / ties.sum(1, keepdims=True)) == pytest.approx(ties.sum(0) / ties.sum())


def test_those_who_listen_only_have_no_influence() -> None:
    assert find_influence([[1.0, 0.0], [0.3, 0.7]]).tolist() == [1.0, 0.0]


def test_no_consensus_is_refused() -> None:
    with pytest.raises(StudyError, match="2 groups listen to nobody outside"):
        find_influence(np.eye(2))
    with pytest.raises(StudyError, match="period 2"):
        find_consensus([[0.0, 1.0], [1.0, 0.0]], (0, 1))
    with pytest.raises(StudyError, match="period 3"):
        find_influence(np.roll(np.eye(3), 1, axis=1))
    with pytest.raises(StudyError, match="one row for each of 3"):
        find_consensus(CHAIN, (1, 0))
