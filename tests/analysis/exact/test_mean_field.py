import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit

from commonweal.analysis.exact.generations import imitate_at_once
from commonweal.analysis.exact.mean_field import find_imitation, follow_imitation, step_imitation
from commonweal.analysis.exact.replicator import find_growth
from commonweal.core.errors import StudyError

HAWK = [[-0.25, 0.5], [0.0, 0.25]]


@given(st.floats(0, 1), st.floats(0, 5), st.integers(0, 10**6))
def test_two_kinds_by_the_definition(x: float, beta: float, seed: int) -> None:
    """x' = (1 - x) x s(beta lead) - x (1 - x) s(-beta lead), meeting and copying written out; = x (1 - x) tanh(beta lead /
    2)."""
    game = np.random.default_rng(seed).normal(size=(2, 2))
    lead = game[0] @ [x, 1 - x] - game[1] @ [x, 1 - x]
    known = (1 - x) * x * (expit(beta * lead) - expit(-beta * lead))
    found = find_imitation([x, 1 - x], game, beta)
    assert found == pytest.approx([known, -known], abs=1e-12)
    assert found[0] == pytest.approx(x * (1 - x) * np.tanh(beta * lead / 2), abs=1e-12)


@given(st.integers(0, 10**6), st.integers(2, 6))
def test_weak_selection_is_the_replicator_at_half_beta(seed: int, size: int) -> None:
    """tanh(z) -> z: x' = (beta / 2) replicator, to order beta^3. Traulsen, Claussen and Hauert 2005. The simplex is kept."""
    rng = np.random.default_rng(seed)
    game, x = rng.normal(size=(size, size)), rng.dirichlet(np.ones(size))
    found = find_imitation(x, game, 1e-4)
    np.testing.assert_allclose(found, 0.5e-4 * find_growth(x, game), atol=1e-11)
    assert abs(find_imitation(x, game, 3.0).sum()) < 1e-12


def test_a_constant_lead_is_logistic() -> None:
    """Lead 1: x' = r x (1 - x), r = tanh(beta / 2), so the logistic curve in closed form."""
    times, rate = np.linspace(0, 10, 11), np.tanh(0.4)
    path = follow_imitation([[1, 1], [0, 0]], (0.1, 0.9), 0.8, times)[:, 0]
    assert path == pytest.approx(1 / (1 + 9 * np.exp(-rate * times)), rel=1e-8)


def test_hawks_and_doves_rest_at_value_over_cost() -> None:
    """The rule rests where payoffs are equal: V/C = 1/2 hawks, one by one and all at once."""
    assert follow_imitation(HAWK, (0.9, 0.1), 2.0, (0.0, 300.0))[-1] == pytest.approx([0.5, 0.5], abs=1e-6)
    assert step_imitation(HAWK, (0.9, 0.1), 2.0, 300)[-1] == pytest.approx([0.5, 0.5], abs=1e-6)


def test_all_at_once_beside_a_finite_population() -> None:
    """n = 400, the exact synchronous chain from 300 hawks: its mean share strays from the mean field's by less than
    1 / 400 a tick."""
    matrix, now = imitate_at_once(400, HAWK, 2.0), np.zeros(401)
    now[300] = 1.0
    path = step_imitation(HAWK, (0.75, 0.25), 2.0, 10)[:, 0]
    for tick in range(1, 11):
        now = now @ matrix
        assert now @ np.arange(401) / 400 == pytest.approx(path[tick], abs=tick / 400)


def test_a_lower_rate_is_a_smaller_step() -> None:
    full, half = (step_imitation(HAWK, (0.75, 0.25), 2.0, 1, rate)[1, 0] - 0.75 for rate in (1.0, 0.5))
    assert half == pytest.approx(full / 2)
    assert step_imitation(HAWK, (0.75, 0.25), 2.0, 0).shape == (1, 2)


def test_out_of_range_is_refused() -> None:
    with pytest.raises(StudyError, match="rate from 0 to 1"):
        step_imitation(HAWK, (0.5, 0.5), 1.0, 3, 2.0)
    with pytest.raises(StudyError, match="sum 1"):
        follow_imitation(HAWK, (0.5, 0.6), 1.0, (0, 1))
