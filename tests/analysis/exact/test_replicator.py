import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonweal.analysis.exact.replicator import (
    describe_rest,
    find_growth,
    find_invasion_rate,
    find_path,
    find_rest_points,
    follow,
    is_stable_strategy,
)
from commonweal.core.errors import StudyError

ROCK = np.array([[0.0, -1, 1], [1, 0, -1], [-1, 1, 0]])
DILEMMA = [[3, 0], [5, 1]]


@given(st.floats(0.1, 0.9), st.floats(0.05, 0.95))
def test_hawks_and_doves_come_to_value_over_cost(value: float, start: float) -> None:
    """Maynard Smith and Price 1973: V/C hawks (C = 1), from any mix; it is the only stable rest point, and ESS."""
    game = [[(value - 1) / 2, value], [0.0, value / 2]]
    assert find_path(game, (start, 1 - start), (0.0, 2000.0))[-1, 0] == pytest.approx(value, abs=1e-6)
    points = find_rest_points(game)
    stable = [point for point in points if point.stability == "stable"]
    assert len(points) == 3
    assert [point.shares[0] for point in stable] == pytest.approx([value])
    # x' = x (1 - x)(V - x) / 2 has slope -V (1 - V) / 2 there.
    assert stable[0].eigenvalues.real == pytest.approx([-value * (1 - value) / 2])
    assert is_stable_strategy(game, (value, 1 - value))
    assert not is_stable_strategy(game, (1.0, 0.0))


def test_rock_paper_scissors_goes_round() -> None:
    """Zero-sum: prod x_i stays for ever; the centre has eigenvalues +-i/sqrt(3), is Nash and no ESS. Hofbauer and Sigmund
    1998."""
    path = find_path(ROCK, (0.6, 0.3, 0.1), np.linspace(0, 100, 50))
    assert path.prod(-1) == pytest.approx(np.full(50, 0.018), rel=1e-7)
    assert np.ptp(path[:, 0]) > 0.4
    centre = find_rest_points(ROCK)[-1]
    assert centre.shares == pytest.approx([1 / 3] * 3)
    assert centre.stability == "undecided"
    assert centre.nash
    assert sorted(centre.eigenvalues.imag) == pytest.approx([-1 / np.sqrt(3), 1 / np.sqrt(3)])
    assert not is_stable_strategy(ROCK, centre.shares)


@pytest.mark.parametrize(("win", "stable"), [(2.0, True), (0.5, False)])
def test_generalised_rock_paper_scissors(win: float, stable: bool) -> None:
    """The centre attracts iff a win is more than a loss costs (det A > 0). Hofbauer and Sigmund 1998."""
    game = np.where(ROCK > 0, win, ROCK)
    centre = find_rest_points(game)[-1]
    assert centre.stability == ("stable" if stable else "unstable")
    assert is_stable_strategy(game, centre.shares) is stable


def test_a_dilemma_ends_in_defection_logistically() -> None:
    """Equal gains from defection, d: x(t) = 1 / (1 + (1/x0 - 1) e^(d t)), d = 1: the logistic curve; AllD is the ESS."""
    times = np.linspace(0, 8, 9)
    path = find_path([[2, -1], [3, 0]], (0.9, 0.1), times)[:, 0]
    assert path == pytest.approx(1 / (1 + (1 / 0.9 - 1) * np.exp(times)), rel=1e-8)
    assert find_path(DILEMMA, (0.99, 0.01), (0.0, 60.0))[-1] == pytest.approx([0, 1], abs=1e-12)
    assert is_stable_strategy(DILEMMA, (0, 1))
    assert find_invasion_rate(DILEMMA, 1, (1, 0)) == 2.0
    assert find_invasion_rate(DILEMMA, 0, (0, 1)) == -1.0


@given(st.integers(0, 10**6), st.integers(2, 4))
def test_random_games(seed: int, size: int) -> None:
    """Listed points rest; eigenvalues are those of a numerical derivative; an ESS is stable and Nash (Hofbauer and Sigmund
    1998), and earns more against any mix y of its own support than y does."""
    rng = np.random.default_rng(seed)
    game = rng.normal(size=(size, size))
    for point in find_rest_points(game):
        np.testing.assert_allclose(find_growth(point.shares, game), 0, atol=1e-12)
        basis = np.concatenate([np.eye(size - 1), -np.ones((1, size - 1))])
        slopes = [
            (find_growth(point.shares + 1e-6 * d, game) - find_growth(point.shares - 1e-6 * d, game)) / 2e-6 for d in basis.T
        ]
        known = np.linalg.eigvals(np.array(slopes).T[:-1])
        np.testing.assert_allclose(np.sort_complex(known), np.sort_complex(point.eigenvalues), atol=1e-4)
        used = np.flatnonzero(point.shares)
        others = np.zeros((200, size))
        others[:, used] = rng.dirichlet(np.ones(used.size), 200)
        lead = ((point.shares - others) * (others @ game.T)).sum(-1)
        if used.size == 1:
            assert is_stable_strategy(game, point.shares) is bool(game[:, used[0]].argmax() == used[0])
        elif is_stable_strategy(game, point.shares):
            assert point.stability == "stable"
            assert point.nash
            assert (lead > 0).all()
        elif used.size == 2:
            assert not point.nash or (lead < 0).all()


def test_a_stable_point_need_not_be_evolutionarily_stable() -> None:
    """Zeeman's game: the interior point (1, 1, 1)/3 attracts, but is no ESS. Zeeman 1980; Hofbauer and Sigmund 1998."""
    game = [[0, 6, -4], [-3, 0, 5], [-1, 3, 0]]
    centre = find_rest_points(game)[-1]
    assert centre.shares == pytest.approx([1 / 3] * 3)
    assert centre.stability == "stable"
    assert not is_stable_strategy(game, centre.shares)


def test_strict_copositivity_decides_among_tied_replies() -> None:
    """Strategy 0 with all replies tied, a_0j = 1 and a_jj = 0: ESS iff no mix of mutants does well; two that help each other
    by 3 break it, though either alone fails (by hand: y = (0, 1/2, 1/2) has y A y = 3/2 > 1)."""
    weak = np.array([[1.0, 1, 1], [1, 0, 0], [1, 0, 0]])
    helpers = np.array([[1.0, 1, 1], [1, 0, 3], [1, 3, 0]])
    assert is_stable_strategy(weak, (1, 0, 0))
    assert is_stable_strategy(helpers[:2, :2], (1, 0))
    assert not is_stable_strategy(helpers, (1, 0, 0))


def test_image_scoring_threshold() -> None:
    """Discriminators are ESS against defectors iff q > c/b = .2: one shot, errorless knowledge w.p. q. Oracles A, Nowak
    2006."""
    for q, stable in ((0.19, False), (0.21, True)):
        assert is_stable_strategy([[4.0, -(1 - q)], [5 * (1 - q), 0.0]], (1, 0)) is stable


def test_mutation_between_equals_is_an_even_mix() -> None:
    """Equal payoffs f and mutation u either way: x - 1/2 decays as exp(-2 u f t). By hand."""
    times = np.linspace(0, 3, 4)
    path = find_path(np.full((2, 2), 2.0), (0.9, 0.1), times, [[0.9, 0.1], [0.1, 0.9]])
    assert path[:, 0] - 0.5 == pytest.approx(0.4 * np.exp(-2 * 0.1 * 2 * times), rel=1e-8)


def test_lines_of_rest_points_are_left_out() -> None:
    assert [point.shares.tolist() for point in find_rest_points(np.zeros((2, 2)))] == [[1, 0], [0, 1]]


def test_out_of_range_is_refused() -> None:
    with pytest.raises(StudyError, match="numbers of at least 0 with sum 1"):
        find_path(DILEMMA, (0.9, 0.3), (0, 1))
    with pytest.raises(StudyError, match="increasing"):
        find_path(DILEMMA, (0.9, 0.1), (1, 0))
    with pytest.raises(StudyError, match="birth rates"):
        find_path(ROCK, (0.2, 0.3, 0.5), (0, 1), np.eye(3))
    with pytest.raises(StudyError, match="at most 12"):
        find_rest_points(np.zeros((13, 13)))
    with pytest.raises(StudyError, match="do not rest"):
        describe_rest(DILEMMA, (0.5, 0.5))
    with pytest.raises(StudyError, match="cannot be followed"):
        follow(lambda x: x * x * 1e3, np.array([1.0]), (0.0, 1.0))
