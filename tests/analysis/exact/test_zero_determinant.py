import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonweal.analysis.exact.memory_one_games import (
    Dilemma,
    add_tremble,
    count_cooperation,
    find_mean_states,
    find_states,
    open_game,
    score,
)
from commonweal.analysis.exact.zero_determinant import extort, find_residual, limit_extortion, zero_determinant
from commonweal.core.errors import StudyError

AXELROD = Dilemma()
Q = [0.6, 0.4, 0.8, 0.3]


def _gap(states: np.ndarray, chi: float) -> np.ndarray:
    return (score(states, AXELROD) - 1) - chi * (states @ AXELROD.other - 1)


def test_the_oracles_extortioner() -> None:
    """chi = 3, phi = 1/26: p = (11/13, 1/2, 7/26, 0), and 3.727273, 1.909091 against AllC, infinite game. Press and Dyson
    2012."""
    own = extort(3.0, 1 / 26, AXELROD)
    assert own == pytest.approx([11 / 13, 1 / 2, 7 / 26, 0])
    states = find_states(own, [1, 1, 1, 1])
    assert score(states, AXELROD) == pytest.approx(3.727273, abs=5e-7)
    assert states @ AXELROD.other == pytest.approx(1.909091, abs=5e-7)


def test_the_residual_of_a_finite_game() -> None:
    """T = 200 from CC against q = (.6, .4, .8, .3): s_X - P - 3 (s_Y - P) = -.097402, within the bound 1/(phi T) = .13.
    Oracles A."""
    own, start = extort(3.0, 1 / 26, AXELROD), open_game(1, 1)
    known = float(find_residual(own, Q, start, 200)) * 26
    assert known == pytest.approx(-0.097402, abs=5e-7)
    assert _gap(find_mean_states(own, Q, start, 200), 3.0) == pytest.approx(known, abs=1e-12)
    assert abs(known) <= 26 / 200


def test_the_line_fails_with_a_tremble() -> None:
    """Tremble .01 on the extortioner, chi = 3, phi = 1/26: s_X - P - 3 (s_Y - P) is -.125 against q, in the oracles' range;
    against anybody it is e (2x - 1) / ((1 - 2e) phi) with x its cooperation: from p' - r = (1 - 2e)(p - r) + e (1 - 2r), r =
    (1, 1, 0, 0). Against AllC and AllD that lies outside the oracles' range."""
    own = add_tremble(extort(3.0, 1 / 26, AXELROD), 0.01)
    assert _gap(find_states(own, Q), 3.0) == pytest.approx(-0.1251, abs=5e-5)
    states = find_states(own, np.concatenate([np.random.default_rng(1).random((50, 4)), [Q, [1] * 4, [0] * 4]]))
    known = 0.01 * (2 * count_cooperation(states) - 1) / 0.98 * 26
    np.testing.assert_allclose(_gap(states, 3.0), known, atol=1e-12)
    assert known[-2] > 0.06
    assert known[-1] < -0.25


@given(st.integers(0, 10**6), st.floats(1, 20), st.floats(0.05, 1), st.integers(1, 400))
def test_any_extortioner_forces_its_line(seed: int, chi: float, share: float, turns: int) -> None:
    """Infinite game: surplus chi times the other's, against anybody; T rounds: Akin's sum, exactly, from any first round."""
    rng = np.random.default_rng(seed)
    phi = share * limit_extortion(chi, AXELROD)
    own, others = extort(chi, phi, AXELROD), rng.uniform(0.02, 0.98, (8, 4))
    np.testing.assert_allclose(_gap(find_states(own, others), chi), 0, atol=1e-9 * chi)
    start = open_game(rng.random(8), rng.random(8))
    residual = find_residual(own, others, start, turns) / phi
    np.testing.assert_allclose(_gap(find_mean_states(own, others, start, turns), chi), residual, atol=1e-9 / phi)
    assert (np.abs(residual) <= 1 / (phi * turns) + 1e-12).all()


def test_an_equalizer_sets_the_others_payoff() -> None:
    """Boerlijst, Nowak and Sigmund 1997: alpha = 0 holds the other at -gamma / beta = 2, whatever it plays."""
    own = zero_determinant(0.0, -0.2, 0.4, AXELROD)
    others = np.random.default_rng(3).random((50, 4))
    np.testing.assert_allclose(find_states(own, others) @ AXELROD.other, 2.0, atol=1e-9)


def test_tit_for_tat_is_the_fair_extortioner() -> None:
    """chi = 1 at the largest phi, 1/5: (1, 0, 1, 0). Press and Dyson 2012."""
    assert extort(1.0, limit_extortion(1.0, AXELROD), AXELROD) == pytest.approx([1, 0, 1, 0])


def test_out_of_range_is_refused() -> None:
    with pytest.raises(StudyError, match=r"up to 0\.0769231"):
        extort(3.0, 0.1, AXELROD)
    with pytest.raises(StudyError, match="chi of at least 1"):
        extort(0.5, 0.01, AXELROD)
    with pytest.raises(StudyError, match="expected 0 to 1"):
        zero_determinant(1.0, 0.0, 0.0, AXELROD)
    with pytest.raises(StudyError, match="at least 1"):
        find_residual(Q, Q, open_game(1, 1), 0)
