"""Tables over the last rounds: against memory-one chains, and against all courses of a short game, one by one."""

from itertools import product

import numpy as np
import pytest

from commonweal.analysis.exact.lookback_games import read_table, score_game
from commonweal.analysis.exact.memory_one_games import Dilemma, find_mean_states, open_game, read_strategies, score
from commonweal.core.errors import StudyError
from commonweal.minds.strategies import Lookback

GAME = Dilemma(2.5, -1.0, 4.0, 0.5)


def enumerate_game(one, other, rounds: int) -> np.ndarray:
    """Each course of a game and its chance: [depth, first, table] by (own, other's) acts, written without states."""
    depth = {4: 1, 16: 2, 64: 3}[one.after.size]
    paid = np.zeros(2)
    worth = {(1, 1): GAME.reward, (1, 0): GAME.sucker, (0, 1): GAME.temptation, (0, 0): GAME.punishment}
    for course in product(product((0, 1), repeat=2), repeat=rounds):
        chance = 1.0
        for turn, acts in enumerate(course):
            past = [(1, 1)] * depth + list(course[:turn])
            for side, own in enumerate((one, other)):
                entry = 0
                for back in past[-depth:]:
                    entry = 4 * entry + 2 * back[side] + back[1 - side]
                yes = own.first if turn == 0 else float(own.after[entry])
                chance *= yes if acts[side] else 1 - yes
        for a, b in course:
            paid += chance * np.array([worth[a, b], worth[b, a]]) / rounds
    return paid


def test_all_courses_of_a_short_game_one_by_one() -> None:
    draws = np.random.default_rng(2017)
    for size, rounds in ((4, 4), (16, 4), (64, 4)):
        tables = [read_table(draws.random(size), float(draws.random())) for _ in range(2)]
        assert score_game(*tables, GAME, rounds) == pytest.approx(enumerate_game(*tables, rounds), abs=1e-12)


def test_over_one_round_it_is_the_chain_of_memory_one_strategies() -> None:
    """Entries here run DD, DC, CD, CC; there CC, CD, DC, DD. The same strategy over two rounds is paid the same."""
    draws = np.random.default_rng(1990)
    for _ in range(5):
        rows, firsts, tremble = draws.random((2, 4)), draws.random(2), draws.uniform(0, 0.3)
        known = read_strategies(rows[:, ::-1], firsts, tremble)
        start = open_game(known.first[0], known.first[1])
        expected = score(find_mean_states(known.after[0], known.after[1], start, 37), GAME)
        for copies in (1, 4):
            tables = [read_table(np.tile(row, copies), float(first)) for row, first in zip(rows, firsts, strict=True)]
            assert score_game(*tables, GAME, 37, tremble)[0] == pytest.approx(float(expected))


def test_tables_are_those_of_strategies() -> None:
    """Tit for two tats forgives a lone slip; tit for tat echoes it until the next one."""
    patient = read_table(np.asarray([float(odds) for odds in Lookback.tit_for_two_tats().table]) / 2**16)
    assert patient.after.tolist() == [0, 1, 0, 1, 1, 1, 1, 1, 0, 1, 0, 1, 1, 1, 1, 1]
    strict = read_table(np.tile([0.0, 1.0, 0.0, 1.0], 4))
    game = Dilemma()
    tats, tat = (score_game(own, own, game, 400, 0.01)[0] for own in (patient, strict))
    # A slip costs R - (S + T) / 2 each: one round in 50 where it is let pass.
    assert tats == pytest.approx(3 - 2 * 0.01 * (3 - 2.5), abs=0.005)
    assert tat < 2.5


def test_errors() -> None:
    with pytest.raises(StudyError, match="4\\^d chances"):
        read_table([0.0, 1.0, 0.5])
    with pytest.raises(StudyError, match="from 0 to 1"):
        read_table([0.0, 1.0, 0.5, 1.5])
    with pytest.raises(StudyError, match="a game of 0 rounds"):
        score_game(read_table([0] * 4), read_table([1] * 4), GAME, 0)
    with pytest.raises(StudyError, match="tables over as many rounds"):
        score_game(read_table([0] * 4), read_table([1] * 16), GAME, 5)
