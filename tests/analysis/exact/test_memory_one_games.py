import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonweal.analysis.exact.memory_one_games import (
    Dilemma,
    add_tremble,
    count_cooperation,
    find_limit_states,
    find_mean_states,
    find_states,
    find_transitions,
    find_turn_states,
    open_game,
    play_all,
    read_strategies,
    score,
)
from commonweal.core.errors import StudyError

AXELROD = Dilemma()
TFT, WSLS, ALLD, ALLC = [1, 0, 1, 0], [1, 0, 0, 1], [0, 0, 0, 0], [1, 1, 1, 1]
FOUR = [TFT, WSLS, ALLD, ALLC]


def test_the_oracles_pair() -> None:
    """p = (.9, .2, .7, .1), q = (.6, .4, .8, .3), R S T P = 3 0 5 1, infinite game. Oracles A, by exact algebra."""
    states = find_states([0.9, 0.2, 0.7, 0.1], [0.6, 0.4, 0.8, 0.3])
    assert states == pytest.approx([0.255486, 0.228840, 0.261755, 0.253918], abs=5e-7)
    assert score(states, AXELROD) == pytest.approx(2.329154, abs=5e-7)
    assert states @ AXELROD.other == pytest.approx(2.164577, abs=5e-7)
    swapped = find_states([0.6, 0.4, 0.8, 0.3], [0.9, 0.2, 0.7, 0.1])
    assert score(swapped, AXELROD) == pytest.approx(2.164577, abs=5e-7)


def test_trembling_strategies() -> None:
    """Tremble .01, p' = (1 - 2e) p + e: TFT-TFT 2.25, WSLS-WSLS 2.951092, WSLS-AllD .535 and 2.985. Oracles A."""
    played = play_all(read_strategies(FOUR, 1.0, 0.01), AXELROD).payoff
    assert played[0, 0] == pytest.approx(2.25, abs=1e-12)
    assert played[1, 1] == pytest.approx(2.951092, abs=5e-7)
    assert played[1, 2] == pytest.approx(0.535, abs=1e-12)
    assert played[2, 1] == pytest.approx(2.985, abs=1e-12)
    assert add_tremble([1.0, 0.0], 0.01).tolist() == [0.99, 0.01]


@given(st.integers(0, 10**6))
def test_random_pairs_against_the_powers_of_their_chain(seed: int) -> None:
    """The closed elimination equals 2^30 steps of the chain."""
    own, other = np.random.default_rng(seed).uniform(0.01, 0.99, (2, 5, 4))
    powers = np.linalg.matrix_power(find_transitions(own, other), 2**30)
    np.testing.assert_allclose(find_states(own, other), powers[:, 0], rtol=1e-6)


def test_the_rarest_trembles_keep_their_digits() -> None:
    """TFT against TFT is a quarter in every state at any tremble; a solver that subtracts loses it near 1e-12. Powers of 2,
    so that 1 - e itself is exact."""
    for tremble in (2.0**-10, 2.0**-30, 2.0**-47):
        tft = add_tremble(TFT, tremble)
        assert find_states(tft, tft) == pytest.approx([0.25] * 4, rel=1e-12)
    # Nowak and Sigmund 1993: without limit, WSLS pairs go back to cooperation.
    assert find_states(add_tremble(WSLS, 1e-10), add_tremble(WSLS, 1e-10))[0] == pytest.approx(1, abs=1e-8)


def test_generous_tit_for_tat_gives_defectors_no_more_than_they_give_up() -> None:
    """Nowak and Sigmund 1992: at forgiveness min(1 - (T-R)/(R-S), (R-P)/(T-P)) = 1/3 AllD earns P + (T - P)/3 = 7/3."""
    states = find_states(ALLD, [1, 1 / 3, 1, 1 / 3])
    assert score(states, AXELROD) == pytest.approx(1 + 4 / 3)


def test_deterministic_pairs_by_hand() -> None:
    """Without tremble: unique where it is, by the first round where it is not; periodic games have their mean."""
    assert find_states(ALLD, TFT).tolist() == [0, 0, 0, 1]
    assert find_states(WSLS, ALLD) == pytest.approx([0, 0.5, 0, 0.5])
    for first, known in (((1, 1), [1, 0, 0, 0]), ((1, 0), [0, 0.5, 0.5, 0]), ((0, 0), [0, 0, 0, 1])):
        assert find_limit_states(TFT, TFT, open_game(*first)) == pytest.approx(known)
    half = find_limit_states(TFT, TFT, open_game(0.5, 0.5))
    assert half == pytest.approx([0.25] * 4)
    with pytest.raises(StudyError, match=r"pair \(1,\) has 3 recurrent classes"):
        find_states([ALLD, TFT], [TFT, TFT])
    with pytest.raises(StudyError, match="recurrent classes"):
        find_states(TFT, TFT)


@given(st.integers(0, 10**6), st.integers(1, 70))
def test_finite_games_against_round_by_round(seed: int, turns: int) -> None:
    """The power sum is the mean of the rounds, deterministic strategies included; the last round is its own power."""
    rng = np.random.default_rng(seed)
    own, other = np.round(rng.random((2, 6, 4)) * 2) / 2
    start = open_game(rng.random(6), rng.random(6))
    chain, now, total = find_transitions(own, other), start, np.zeros((6, 4))
    for _ in range(turns):
        total, now = total + now, (now[:, None] @ chain)[:, 0]
    np.testing.assert_allclose(find_mean_states(own, other, start, turns), total / turns, atol=1e-12)
    np.testing.assert_allclose(find_turn_states(own, other, start, turns), now, atol=1e-12)


@given(st.integers(0, 10**6))
def test_long_games_tend_to_the_limit(seed: int) -> None:
    """The long-run mean from the first round is within 30 / T of T rounds, for strategies of 0, 1/2 and 1."""
    rng = np.random.default_rng(seed)
    own, other = np.round(rng.random((2, 20, 4)) * 2) / 2
    start = open_game(rng.random(20), rng.random(20))
    turns = 10**6
    np.testing.assert_allclose(
        find_limit_states(own, other, start), find_mean_states(own, other, start, turns), atol=30 / turns
    )


def test_a_direct_simulation() -> None:
    """40,000 games of 50 rounds, act by act: own payoff and cooperation within 4 standard errors of the exact mean."""
    rng, runs, turns = np.random.default_rng(9), 40_000, 50
    own, other = np.array([0.9, 0.2, 0.7, 0.1]), np.array([0.6, 0.4, 0.8, 0.3])
    me, you = rng.random(runs) < 0.3, rng.random(runs) < 0.8
    paid, cooperated = np.zeros(runs), np.zeros(runs)
    for _ in range(turns):
        state = 2 * ~me + ~you
        paid += AXELROD.own[state] / turns
        cooperated += me / turns
        me, you = rng.random(runs) < own[state], rng.random(runs) < other[2 * ~you + ~me]
    states = find_mean_states(own, other, open_game(0.3, 0.8), turns)
    for seen, known in ((paid, score(states, AXELROD)), (cooperated, count_cooperation(states))):
        assert seen.mean() == pytest.approx(float(known), abs=4 * seen.std() / np.sqrt(runs))


@pytest.mark.parametrize("turns", [None, 17])
def test_all_pairs_are_the_single_pairs(turns: int | None) -> None:
    """150 strategies (more than a block), some deterministic: payoffs and cooperation as pair by pair."""
    rng = np.random.default_rng(1)
    strategies = read_strategies(np.concatenate([rng.random((146, 4)), FOUR]), rng.random(150))
    played = play_all(strategies, AXELROD, turns)
    for row, column in [(0, 0), (3, 140), (140, 3), (146, 147), (149, 148), (127, 128), (146, 146)]:
        start = open_game(strategies.first[row], strategies.first[column])
        own, other = strategies.after[row], strategies.after[column]
        states = find_limit_states(own, other, start) if turns is None else find_mean_states(own, other, start, turns)
        assert played.payoff[row, column] == pytest.approx(float(score(states, AXELROD)), abs=1e-12)
        assert played.cooperation[row, column] == pytest.approx(float(count_cooperation(states)), abs=1e-12)


def test_out_of_range_is_refused() -> None:
    with pytest.raises(StudyError, match="not from 0 to 1"):
        read_strategies([[1.1, 0, 0, 0]])
    with pytest.raises(StudyError, match="tremble of"):
        add_tremble(0.5, 1.5)
    with pytest.raises(StudyError, match=r"expected \[\.\.\., 4\]"):
        find_states([0.5, 0.5], TFT)
    with pytest.raises(StudyError, match="at least 1"):
        find_mean_states(TFT, TFT, open_game(1, 1), 0)
    with pytest.raises(StudyError, match="round -1"):
        find_turn_states(TFT, TFT, open_game(1, 1), -1)
