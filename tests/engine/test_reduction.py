"""The reduction of tit for two tats, exact: it misses the program's payoff against an alternator by a third a turn."""

import numpy as np
import pytest

from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.engine.reduction import reduction
from commonweal.engine.tournament import tournament
from commonweal.minds.memory_one import MemoryOne
from commonweal.minds.programs import Program
from commonweal.minds.strategies import Lookback
from commonweal.worlds.commons import Commons

RANDOM = MemoryOne(0.5, 0.5, 0.5, 0.5, 0.5)
ALTERNATOR = MemoryOne(1.0, 0.0, 0.0, 1.0, 1.0)


def genes(mind):
    return [float(x) for x in (mind.p_start, mind.cc, mind.cd, mind.dc, mind.dd)]


@pytest.fixture(scope="module")
def reduced():
    return reduction(Lookback.tit_for_two_tats(), "tit-for-two-tats", Named.of(("random", RANDOM)), turns=2000, matches=32)


def test_frequencies_are_the_exact_ones(reduced):
    # By hand: after C against D the program has seen C (and not D) before with probability 2/3: (1/4 + 1/4) / (3/4).
    # Binomial error of about 64,000 x 3/8 occasions: .003; 4 of them.
    assert genes(reduced) == pytest.approx([1.0, 1.0, 2 / 3, 1.0, 0.0], abs=4 * 0.003)
    assert genes(reduced)[1] == 1.0
    assert genes(reduced)[4] == 0.0


def test_the_reduction_misses_the_programs_payoff():
    # By hand, an even number of turns T against C D C D ...: the program cooperates always, (R + S) / 2 = 1.5 a turn. The
    # reduction meets C with 2/3 C, 1/3 D: (2/3 R + 1/3 T) = 11/3, then S: 11/6 a turn, but for the first: 11/6 - 2/(3 T).
    turns, copies = 200, 64
    exact = MemoryOne(1.0, 1.0, 2 / 3, 1.0, 0.0, reduction_of="tit-for-two-tats")
    wide = MemoryOne(*(np.full(copies, gene, np.float32) for gene in genes(exact)), reduction_of="tit-for-two-tats")
    entrants = Named.of(("program", Lookback.tit_for_two_tats()), ("reduced", wide), ("alternator", ALTERNATOR))
    found = tournament(entrants, turns=turns, seed=7).payoff
    assert found[0, -1] == 1.5
    truth = 11 / 6 - 2 / (3 * turns)
    missed = found[1:-1, -1]
    assert missed.mean() == pytest.approx(truth, abs=4 * missed.std(ddof=1) / np.sqrt(copies))
    assert missed.mean() - found[0, -1] == pytest.approx(1 / 3, abs=0.02)
    # The alternator: (R + T) / 2 = 4 a turn against the program; (2/3 R + 1/3 S + T) / 2 = 7/2 against the reduction.
    assert found[-1, 0] == 4.0
    assert found[-1, 1:-1].mean() == pytest.approx(7 / 2, abs=0.03)


def test_a_memory_one_strategy_is_its_own_reduction():
    # Frequencies of a memory-one strategy are its probabilities, and a tremble is taken out of them again.
    mind = MemoryOne(1.0, 0.9, 0.2, 0.7, 0.1)
    found = reduction(mind, "mind", Named.of(("random", RANDOM), ("alternator", ALTERNATOR)), 1000, 32, 3, tremble=0.05)
    assert genes(found)[1:] == pytest.approx(genes(mind)[1:], abs=0.02)
    assert genes(found)[0] == pytest.approx(1.0, abs=0.2)


class TwoTats(Program):
    """Tit for two tats as a program."""

    def begin(self, seed):
        return lambda mine, theirs: int(any(theirs[-2:]) or len(theirs) < 2)


def test_a_program_is_reduced_as_its_compiled_twin():
    # The same draws decide: the same frequencies to the last bit.
    plan = {"turns": 100, "matches": 2, "tremble": 0.1}
    found = [
        reduction(original, "tf2t", Named.of(("random", RANDOM)), **plan)
        for original in (TwoTats(), Lookback.tit_for_two_tats())
    ]
    assert genes(found[0]) == genes(found[1])


def test_a_society_says_what_was_reduced(reduced):
    society = Society(Commons(), Named.of(("reduced", reduced)), Seating(3))
    assert "reduction_of='tit-for-two-tats'" in str(society)
    plain = Society(Commons(), Named.of(("reduced", MemoryOne(*genes(reduced)))), Seating(3))
    assert "reduction" not in str(plain).split("(", 1)[1]
    assert society.digest != plain.digest


def test_what_was_never_seen_is_not_made_up():
    with pytest.raises(StudyError, match="never seen after DC, DD"):
        reduction(Lookback.tit_for_two_tats(), "tf2t", Named.of(("alternator", ALTERNATOR)), 50, 1)
    with pytest.raises(StudyError, match="0 opponents"):
        reduction(RANDOM, "random", Named((), ()))
