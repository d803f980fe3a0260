"""Jensen-Shannon divergence: scipy's, its bounds, its bias, and a p-value that is right by chance."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon

from commonweal.core.errors import StudyError
from commonweal.statistics.divergence import compare_acts, js_divergence


def test_it_is_that_of_scipy():
    rng = np.random.default_rng(2)
    for _ in range(20):
        p, q = rng.dirichlet(np.full(int(rng.integers(2, 7)), 0.5), 2)
        assert js_divergence(p, 3 * q) == pytest.approx(jensenshannon(p, q, base=2) ** 2, abs=1e-9)
    assert js_divergence([1, 0], [0, 5]) == 1.0
    assert js_divergence([2, 4], [1, 2]) == pytest.approx(0.0)
    # By hand: H(3/4) - H(1/2) / 2.
    assert js_divergence([1, 1], [1, 0]) == pytest.approx(0.8112781 - 0.5, abs=1e-6)
    assert np.isnan(js_divergence([0, 0], [1, 0]))


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=2, max_size=5))
def test_it_is_bounded_and_has_no_direction(rows):
    left, right = zip(*rows, strict=True)
    if sum(left) and sum(right):
        assert 0 <= js_divergence(left, right) <= 1
        assert js_divergence(left, right) == pytest.approx(js_divergence(right, left))


@pytest.mark.parametrize(("p", "q"), [((0.5, 0.3, 0.2), (0.5, 0.3, 0.2)), ((0.6, 0.3, 0.1), (0.2, 0.3, 0.5))])
def test_the_bias_is_taken_off(p, q):
    rng = np.random.default_rng(3)
    truth = js_divergence(p, q)
    found = [compare_acts(rng.multinomial(60, p), rng.multinomial(90, q), draws=1) for _ in range(3000)]
    plain, unbiased = (np.array([getattr(one, name) for one in found]) for name in ("bits", "unbiased"))
    assert plain.mean() - truth > 0.003
    assert unbiased.mean() == pytest.approx(truth, abs=4 * unbiased.std() / np.sqrt(3000) + 2e-4)


def test_the_p_value_is_right_by_chance():
    rng = np.random.default_rng(4)
    p, found = (0.4, 0.4, 0.2), []
    for at in range(400):
        found.append(compare_acts(rng.multinomial(40, p), rng.multinomial(30, p), 199, at))
    values = np.array([one.p for one in found])
    assert 0.02 <= (values <= 0.05).mean() <= 0.08
    assert np.mean([one.bits for one in found]) == pytest.approx(np.mean([one.chance for one in found]), rel=0.1)
    assert compare_acts([40, 0], [0, 40]).p == pytest.approx(1 / 1000)


def test_what_is_no_sample():
    assert np.isnan(compare_acts([0, 0], [1, 2]).p)
    with pytest.raises(StudyError, match="parts of acts"):
        compare_acts([0.5, 0.5], [1, 2])
    with pytest.raises(StudyError, match="same answers"):
        js_divergence([1, 2], [1, 2, 3])
    with pytest.raises(StudyError, match="none below 0"):
        js_divergence([1, -2], [1, 2])
