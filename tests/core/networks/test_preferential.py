"""Preferential attachment against the limit law of degrees and against small cases worked out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse.csgraph import connected_components

from commonweal.core.errors import StudyError
from commonweal.core.networks import BarabasiAlbert


@given(st.integers(1, 6), st.integers(0, 60), st.integers(0, 10**6))
def test_every_seat_makes_m_contacts(matrix_of, m, more, seed):
    n = m + 1 + more
    found = matrix_of(BarabasiAlbert(m, seed), n)
    assert found.sum() == 2 * m * (n - m - 1) + m * (m + 1)
    assert found.max() == 1
    # Whom a seat met when it came are before it.
    lower = np.asarray(found.todense())
    assert [int(lower[i, :i].sum()) for i in range(m + 1, n)] == [m] * (n - m - 1)
    assert connected_components(found)[0] == 1


@pytest.mark.parametrize("m", [1, 4])
def test_degrees_follow_the_limit_law(matrix_of, m):
    """p(k) = 2 m (m + 1) / (k (k + 1) (k + 2)), Bollobas et al. (2001); and the largest degree is of the order m sqrt(n)."""
    n = 200_000
    degree = matrix_of(BarabasiAlbert(m, 7), n).sum(1)
    k = np.arange(m, 40)
    chance = 2 * m * (m + 1) / (k * (k + 1) * (k + 2))
    count = np.bincount(degree, minlength=40)[m:40]
    assert (np.abs(count - n * chance) < 5 * np.sqrt(n * chance) + 3).all()
    assert m * np.sqrt(n) / 3 < degree.max() < 6 * m * np.sqrt(n)


def test_small_cases():
    """m = 1, 4 seats: the last joins the hub of the path of 3 with chance 2 / 4. m = 2, 5 seats: degrees before the last are
    3, 3, 2, 2, so that it joins both of the first two with chance 2 (3 / 10) (3 / 7).
    """
    trials = 2000
    stars = [BarabasiAlbert(1, seed).contacts(4).degree.max() == 3 for seed in range(trials)]
    assert abs(np.mean(stars) - 1 / 2) < 5 * np.sqrt(0.25 / trials)
    both = [sorted(BarabasiAlbert(2, seed).contacts(5).degree.tolist()) == [2, 2, 2, 4, 4] for seed in range(trials)]
    chance = 2 * (3 / 10) * (3 / 7)
    assert abs(np.mean(both) - chance) < 5 * np.sqrt(chance * (1 - chance) / trials)


def test_early_seats_are_hubs(matrix_of):
    """Barabasi and Albert (1999): the degree of seat i of n is m sqrt(n / i) on average: summed over i in (n / 4, n], m n."""
    n, m = 100_000, 3
    degree = matrix_of(BarabasiAlbert(m, 1), n).sum(1)
    for start in (n // 100, n // 4):
        known = 2 * m * n * (1 - np.sqrt(start / n))
        assert degree[start:].sum() == pytest.approx(known, rel=0.01)


@pytest.mark.parametrize(("m", "n"), [(0, 5), (5, 5)])
def test_impossible_numbers_are_refused(m, n):
    with pytest.raises(StudyError, match="preferential attachment"):
        BarabasiAlbert(m).contacts(n)
