import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonweal.analysis.exact.graph_fixation import Update
from commonweal.analysis.exact.graph_replicator import transform_payoffs
from commonweal.analysis.exact.replicator import find_growth, find_path, find_rest_points
from commonweal.core.errors import StudyError


@given(st.integers(3, 12), st.floats(0.01, 0.99), st.floats(-0.5, 0.5))
def test_who_is_favoured_in_the_donation_game(degree: int, share: float, more: float) -> None:
    """Cooperators grow at every share iff b/c > k (death-birth) or k + 2 (imitation), and never under the other two. Ohtsuki et
    al. 2006."""
    thresholds: dict[Update, tuple[int, int]] = {"death-birth": (degree, 1), "imitation": (degree + 2, 3)}
    for update, (threshold, plus) in thresholds.items():
        benefit = threshold + more
        game = transform_payoffs([[benefit - 1, -1], [benefit, 0]], degree, update)
        lead = find_growth([share, 1 - share], game)[0] / (share * (1 - share))
        # By hand, the lead is k (b - threshold) / ((k + 1)(k - 2)), or with 3 for 1, at every share.
        assert lead == pytest.approx(degree * more / ((degree + plus) * (degree - 2)), abs=1e-9)
    for update in ("birth-death", "pairwise-comparison"):
        assert find_growth([share, 1 - share], transform_payoffs([[99, -1], [100, 0]], degree, update))[0] < 0


def test_many_contacts_are_a_mixed_population() -> None:
    """B falls as 1 / k, so A + B tends to A; it moves no strategy against itself."""
    game = np.random.default_rng(1).normal(size=(4, 4))
    for update in ("death-birth", "imitation", "birth-death"):
        np.testing.assert_allclose(transform_payoffs(game, 10**7, update), game, atol=1e-5)
        moved = transform_payoffs(game, 5, update) - game
        np.testing.assert_allclose(moved, -moved.T, atol=1e-12)


def test_snowdrift_by_hand() -> None:
    """b = 1.5, c = 1, A = [[1, .5], [1.5, 0]], k = 4, death-birth: b_12 = (5 - 1) / 10 = .4, so the lead of cooperators is
    x (1 - 1.1) + (1 - x) .9, and 9 of 10 cooperate where 1/2 did in the mixed population."""
    game = transform_payoffs([[1, 0.5], [1.5, 0]], 4)
    np.testing.assert_allclose(game, [[1, 0.9], [1.1, 0]])
    inner = find_rest_points(game)[-1]
    assert inner.shares == pytest.approx([0.9, 0.1])
    assert find_path(game, (0.1, 0.9), (0.0, 200.0))[-1] == pytest.approx([0.9, 0.1], abs=1e-6)


def test_a_cycle_is_refused() -> None:
    with pytest.raises(StudyError, match="expected at least 3"):
        transform_payoffs(np.eye(2), 2)
