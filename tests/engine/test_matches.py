"""Matches against hand-made histories, and programs against the same strategies as arrays."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commonweal.core.errors import StudyError
from commonweal.engine.matches import match
from commonweal.minds.memory_one import MemoryOne
from commonweal.minds.programs import Program
from commonweal.minds.strategies import Contrite, Grim, Lookback


class Copy(Program):
    """Tit for tat, or tit for two tats, as a program."""

    tats: int = 1

    def begin(self, seed):
        return lambda mine, theirs: int(any(theirs[-self.tats :]) or len(theirs) < self.tats)


class Coin(Program):
    """Cooperates where its own generator says so: its state is the generator."""

    def begin(self, seed):
        rng = np.random.default_rng(seed)
        return lambda mine, theirs: int(rng.random() < 0.5)


def letters(acts):
    return "".join("DC"[int(act)] for act in acts)


def test_deterministic_matches_by_hand():
    # Tit for two tats, and grim, against always defect; two trigger strategies never start.
    played = match(Lookback.tit_for_two_tats(), MemoryOne.always_defect(), 5)
    assert (letters(played.first[:, 0]), letters(played.second[:, 0])) == ("CCDDD", "DDDDD")
    alternator = MemoryOne(1.0, 0.0, 0.0, 1.0, 1.0)
    played = match(alternator, Grim(), 5, matches=3)
    assert [letters(row) for row in played.first.T] == ["CDCDC"] * 3
    assert [letters(row) for row in played.second.T] == ["CCDDD"] * 3


@settings(max_examples=8)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.0, 0.05, 0.5]), st.booleans())
def test_a_program_plays_as_its_strategy(seed, tremble, swapped):
    # The same draws decide on the host: bit for bit the same match, noise and all, on either side.
    sides = (MemoryOne(0.5, 0.9, 0.2, 0.7, 0.1), (Copy(tats=2), Lookback.tit_for_two_tats()))
    played = []
    for other in sides[1]:
        pair = (other, sides[0]) if swapped else (sides[0], other)
        played.append(match(*pair, 40, seed, tremble, matches=4))
    assert np.array_equal(played[0].first, played[1].first)
    assert np.array_equal(played[0].second, played[1].second)


def test_programs_of_their_own_chance():
    # Each relation has its own seed: 32 coins of 50 turns are fair (4 standard errors) and differ from one another.
    one, again = (match(Coin(), Copy(), 50, seed=3, matches=32) for _ in range(2))
    assert np.array_equal(one.first, again.first)
    assert one.first.mean() == pytest.approx(0.5, abs=4 * 0.5 / np.sqrt(1600))
    assert len({letters(row) for row in one.first.T}) == 32
    assert np.array_equal(one.second[1:], one.first[:-1])
    two = match(Coin(), Coin(), 50, seed=3, matches=8)
    assert not (two.first == two.second).all(0).any()


def test_a_family_is_one_player_a_match():
    played = match(MemoryOne(p_start=[1.0, 0.0, 1.0], cc=[1.0, 0.0, 0.0], cd=0.0, dc=[1.0, 0.0, 0.0], dd=0.0), Grim(), 3)
    assert [letters(row) for row in played.first.T] == ["CCC", "DDD", "CDD"]


def test_tremble_is_the_share_of_slips():
    # Binomial, 4 standard errors; a contrite pair under noise still cooperates mostly (Wu and Axelrod 1995).
    played = match(MemoryOne.always_cooperate(), MemoryOne.always_defect(), 400, 1, 0.1, matches=64)
    error = 4 * np.sqrt(0.1 * 0.9 / played.first.size)
    assert 1 - played.first.mean() == pytest.approx(0.1, abs=error)
    assert played.second.mean() == pytest.approx(0.1, abs=error)
    assert abs(np.corrcoef(played.first.ravel(), played.second.ravel())[0, 1]) < 4 / np.sqrt(played.first.size)
    assert match(Contrite(), Contrite(), 400, 1, 0.01, matches=16).first.mean() > 0.95


def test_what_cannot_be_played_is_refused():
    with pytest.raises(StudyError, match="0 turns"):
        match(Grim(), Grim(), 0)
    with pytest.raises(StudyError, match=r"a tremble of 0\.7"):
        match(Grim(), Grim(), 5, tremble=0.7)
    with pytest.raises(StudyError, match=r"families of \[2, 3\]"):
        match(MemoryOne(p_start=np.ones(2)), MemoryOne(p_start=np.ones(3)), 5)
