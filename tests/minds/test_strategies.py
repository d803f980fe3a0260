"""Strategies against the moves of the Axelrod library's players of the same name, and against their definitions.

`MOVES` and `LINES` were recorded with the Axelrod library 4.14.0 (axelrod.Match against axelrod.Cycler, no noise).
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonweal.core.errors import StudyError
from commonweal.minds.memory_one import MemoryOne
from commonweal.minds.strategies import (
    ONE,
    Contrite,
    Gradual,
    Grim,
    Lookback,
    Majority,
    Omega,
    fixed,
    size_of,
    slip,
    trembled,
)

LINES = ("CDDCDDDCCDCDCCDDDDCCCCDC", "DDCDCCCDDCCCDCDDCDCCDDDC")
ALTERNATOR = MemoryOne(p_start=1.0, cc=0.0, cd=0.0, dc=1.0, dd=1.0)
MOVES = {
    "TitForTat": (MemoryOne.tit_for_tat().strategy(), "CCDDCDDDCCDCDCCDDDDCCCCD", "CDDCDCCCDDCCCDCDDCDCCDDD"),
    "TitFor2Tats": (Lookback.tit_for_two_tats(), "CCCDCCDDCCCCCCCCDDDCCCCC", "CCDCCCCCCDCCCCCCDCCCCCDD"),
    "TwoTitsForTat": (Lookback.two_tits_for_tat(), "CCDDDDDDDCDDDDCDDDDDCCCD", "CDDDDDCCDDDCCDDDDDDDCDDD"),
    "Grudger": (Grim(), "CCDDDDDDDDDDDDDDDDDDDDDD", "CDDDDDDDDDDDDDDDDDDDDDDD"),
    "GoByMajority": (Majority(), "CCCDCDDDDDDDDDCDDDDDDDCD", "CDDDDDCCCDCCCCCCCCCCCCCD"),
    "HardGoByMajority": (Majority(hard=True), "DCDDDDDDDDDDDDDDDDDDDDDD", "DDDDDDDCDDDCCCCCDCDCCCDD"),
    "WinStayLoseShift": (Lookback.all_or_none(1), "CCDCCDCDDDCCDDDCDCDDDDDC", "CDCCDDDDCDDDDCCDCCDDDCDC"),
    "OriginalGradual": (Gradual(), "CCDCCDDCCCDDDCCDDDDCCCCD", "CDCCDDCCDDDCCDDDDCCCCDDD"),
    "WinShiftLoseStay": (Lookback.win_shift_lose_stay(), "DCCCDDDDCDDCCDCCCCCDCDCC", "DDDCCDCDDDCDCCDDDCCDCCCC"),
    "ContriteTitForTat": (Contrite(), "CCDDCDDDCCDCDCCDDDDCCCCD", "CDDCDCCCDDCCCDCDDCDCCDDD"),
    "OmegaTFT": (Omega(), "CCDDCDDDDDDDDDDDDDDDDDDD", "CDDCDCCCDDDDDDDDDDDDDDDD"),
    "Cooperator": (MemoryOne.always_cooperate().strategy(), "C" * 24, "C" * 24),
    "Defector": (MemoryOne.always_defect().strategy(), "D" * 24, "D" * 24),
    "Alternator": (ALTERNATOR.strategy(), "CD" * 12, "CD" * 12),
}


STRATEGIES = [own for own, *_ in MOVES.values()] + [Lookback.generous(0.3), Lookback.all_or_none(3)]


def against(strategy, theirs, slips=()):
    """The acts of a deterministic strategy against fixed acts; at `slips` the opposite comes out."""
    memory, made = strategy.start((1,)), []
    for turn, act in enumerate(theirs):
        odds = int(np.broadcast_to(strategy.odds(memory), (1,))[0])
        assert odds in (0, ONE)
        mine = (odds == ONE) != (turn in slips)
        made.append("DC"[mine])
        memory = strategy.after(memory, jnp.array([mine]), jnp.array([act == "C"]))
    return "".join(made)


@pytest.mark.parametrize("name", MOVES)
def test_moves_are_those_of_the_library(name):
    strategy, *expected = MOVES[name]
    assert [against(strategy, line) for line in LINES] == expected


@given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=8), st.integers(1, 3), st.integers(0, 10**6))
def test_a_table_looks_at_the_last_turns(history, depth, seed):
    # The oracle is the rule itself, on the last acts in plain Python; missing turns are mutual cooperation.
    salt = np.random.default_rng(seed).integers(1, 97, 2 * depth)

    def rule(mine, theirs):
        return float(int(np.dot(salt, [*mine, *theirs]) % 7)) / 8

    table = Lookback.of(depth, rule, first=0.125)
    memory = table.start((2, 3))
    for mine, theirs in history:
        memory = table.after(memory, jnp.full((2, 3), mine), jnp.full((2, 3), theirs))
    seen = [(True, True)] * depth + history
    mine, theirs = zip(*seen[-depth:], strict=True)
    expected = rule(mine, theirs) if history else 0.125
    assert np.broadcast_to(table.odds(memory), (2, 3)).tolist() == [[int(expected * ONE)] * 3] * 2


@pytest.mark.parametrize("strategy", STRATEGIES, ids=[f"{type(own).__name__}{place}" for place, own in enumerate(STRATEGIES)])
def test_relations_do_not_mix(strategy):
    # The law of strategies: six relations at once are six relations one by one; shapes stay; odds are odds.
    acts = np.random.default_rng(3).random((2, 30, 2, 3)) < 0.6
    memory = strategy.start((2, 3))
    shapes = [(leaf.shape, leaf.dtype) for leaf in jax.tree.leaves(memory)]
    wide = []
    for mine, theirs in zip(*acts, strict=True):
        wide.append(np.broadcast_to(strategy.odds(memory), (2, 3)))
        memory = strategy.after(memory, jnp.asarray(mine), jnp.asarray(theirs))
        assert [(leaf.shape, leaf.dtype) for leaf in jax.tree.leaves(memory)] == shapes
    assert np.min(wide) >= 0
    assert np.max(wide) <= ONE
    one = strategy.start(())
    for turn in range(30):
        assert int(strategy.odds(one)) == wide[turn][1, 2]
        one = strategy.after(one, *(jnp.asarray(side[turn, 1, 2]) for side in acts))


def test_all_or_none():
    # Hilbe and others (2017): cooperation where in each of the last n turns both acted alike.
    for depth in (1, 2, 3):
        table = Lookback.all_or_none(depth)
        memory = table.start(())
        alike = []
        for mine, theirs in np.random.default_rng(depth).random((40, 2)) < 0.5:
            memory = table.after(memory, jnp.asarray(mine), jnp.asarray(theirs))
            alike.append(mine == theirs)
            assert int(table.odds(memory)) == ONE * all(alike[-depth:])


def meet(one, other, slips, turns=10):
    """Two strategies by hand, the first slipping at some turns."""
    memories, made = [one.start(()), other.start(())], []
    for turn in range(turns):
        mine = (int(one.odds(memories[0])) == ONE) != (turn in slips)
        theirs = int(other.odds(memories[1])) == ONE
        memories = [
            one.after(memories[0], jnp.asarray(mine), jnp.asarray(theirs)),
            other.after(memories[1], jnp.asarray(theirs), jnp.asarray(mine)),
        ]
        made.append("DC"[mine] + "DC"[theirs])
    return made


def test_contrition_ends_what_a_slip_began():
    # Wu and Axelrod (1995): the slip at turn 2 is punished once and not answered; tit for tat echoes it for ever.
    contrite = meet(Contrite(), Contrite(), {2})
    assert contrite == ["CC", "CC", "DC", "CD"] + ["CC"] * 6
    assert meet(MemoryOne.tit_for_tat().strategy(), MemoryOne.tit_for_tat().strategy(), {2})[3:7] == ["CD", "DC", "CD", "DC"]
    # A slip while contrite leaves it contrite: one more turn of the other's defection.
    assert meet(Contrite(), Contrite(), {2, 3})[3:6] == ["DD", "CD", "CC"]


def test_omega_breaks_a_deadlock():
    # By hand: one slips at turn 1. The other has seen three changes in a row after turn 3, and cooperates at turns 5 and 6;
    # the first at 6 and 7. Two of tit for tat alternate for ever.
    assert meet(Omega(), Omega(), {1}, 12) == ["CC", "DC", "CD", "DC", "CD", "DC"] + ["CC"] * 6


def test_generous_tit_for_two_tats_forgives():
    table = Lookback.generous(0.25)
    memory = table.start(())
    for theirs, expected in ((False, ONE), (False, ONE // 4), (True, ONE), (False, ONE)):
        memory = table.after(memory, jnp.asarray(True), jnp.asarray(theirs))
        assert int(table.odds(memory)) == expected


@given(st.integers(0, ONE), st.floats(0, 0.5))
def test_tremble(odds, e):
    # p' = (1 - 2 e) p + e, to within the rounding of e and p'.
    found = int(trembled(jnp.int32(odds), slip(e)))
    assert found == pytest.approx(((1 - 2 * e) * odds / ONE + e) * ONE, abs=2)
    assert int(trembled(jnp.int32(odds), slip(0.0))) == odds


def test_odds_are_cut_off():
    assert [int(fixed(jnp.float32(p))) for p in (-1.0, 0.0, 0.5, 1.0, 2.0)] == [0, 0, ONE // 2, ONE, ONE]
    assert [int(slip(e)) for e in (-1.0, 0.25, 0.9)] == [0, ONE // 4, ONE // 2]


def test_families_have_a_size():
    assert size_of(Grim()) is None
    assert size_of(Lookback.tit_for_two_tats()) is None
    assert size_of(MemoryOne(p_start=np.ones(7)).strategy()) == 7
    with pytest.raises(StudyError, match="rows of one length"):
        size_of(Lookback(1, np.ones(3), (0, 0, 0, np.ones(4))))


def test_a_table_that_does_not_fit_is_refused():
    with pytest.raises(StudyError, match="looks 4 turns back"):
        Lookback.of(4, lambda mine, theirs: 1.0)
    with pytest.raises(StudyError, match="a table of 3 entries"):
        Lookback(1, 0, (0, 0, 0))
