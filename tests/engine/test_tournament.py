"""Tournaments against exact chains, exact powers of chains, and the Axelrod library's own scores.

Oracles: reference table of memory-one payoffs (4 x 4 chains); `SCORES` was recorded with the Axelrod library 4.14.0
(axelrod.Match, 50 turns, no noise, R, S, T, P = 3, 0, 5, 1): the points of the row's player.
"""

import numpy as np
import pytest

from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.engine import tournament as module
from commonweal.engine.tournament import tournament
from commonweal.minds.memory_one import MemoryOne
from commonweal.minds.programs import Program
from commonweal.minds.strategies import Contrite, Gradual, Grim, Lookback, Majority
from commonweal.minds.strategist import Strategist
from commonweal.worlds.network_game import NetworkGame

ENTRANTS = Named.of(
    ("TitForTat", MemoryOne.tit_for_tat()),
    ("TitFor2Tats", Lookback.tit_for_two_tats()),
    ("TwoTitsForTat", Lookback.two_tits_for_tat()),
    ("Grudger", Grim()),
    ("GoByMajority", Majority()),
    ("HardGoByMajority", Majority(hard=True)),
    ("WinStayLoseShift", MemoryOne.win_stay_lose_shift()),
    ("OriginalGradual", Gradual()),
    ("WinShiftLoseStay", Lookback.win_shift_lose_stay()),
    ("ContriteTitForTat", Contrite()),
    ("Cooperator", MemoryOne.always_cooperate()),
    ("Defector", MemoryOne.always_defect()),
    ("Alternator", MemoryOne(1.0, 0.0, 0.0, 1.0, 1.0)),
)
SCORES = [
    [150, 150, 150, 150, 150, 125, 150, 150, 133, 150, 150, 49, 123],
    [150, 150, 150, 150, 150, 147, 150, 150, 75, 150, 150, 48, 75],
    [150, 150, 150, 150, 150, 53, 150, 150, 161, 150, 150, 49, 147],
    [150, 150, 150, 150, 150, 53, 150, 150, 245, 150, 150, 49, 147],
    [150, 150, 150, 150, 150, 125, 150, 150, 77, 150, 150, 49, 75],
    [125, 152, 53, 53, 125, 50, 149, 151, 50, 125, 152, 50, 125],
    [150, 150, 150, 150, 150, 29, 150, 150, 245, 150, 150, 25, 111],
    [150, 150, 150, 150, 150, 146, 150, 150, 196, 150, 150, 35, 122],
    [133, 200, 101, 5, 197, 50, 5, 61, 50, 133, 200, 50, 113],
    [150, 150, 150, 150, 150, 125, 150, 150, 133, 150, 150, 49, 123],
    [150, 150, 150, 150, 150, 147, 150, 150, 75, 150, 150, 0, 75],
    [54, 58, 54, 54, 54, 50, 150, 110, 50, 54, 250, 50, 150],
    [128, 200, 32, 32, 200, 125, 116, 97, 113, 128, 200, 25, 100],
]
PAYOFFS = np.array([3.0, 0.0, 5.0, 1.0])


class Tally(Program):
    """Go by majority as a program that keeps its own count: hard or soft."""

    hard: bool = False

    def begin(self, seed):
        lead = [0]

        def move(mine, theirs):
            if theirs:
                lead[0] += 1 if theirs[-1] else -1
            return int(lead[0] > 0 if self.hard else lead[0] >= 0)

        return move


def test_scores_without_noise_are_those_of_the_axelrod_library():
    found = tournament(ENTRANTS, turns=50)
    assert found.names == ENTRANTS.names
    assert (found.earned // 2).tolist() == SCORES
    assert (found.earned % 2 == 0).all()
    totals = np.array(SCORES).sum(1)
    assert found.ranking()[0] == ENTRANTS.names[int(totals.argmax())]
    assert found.scores.tolist() == pytest.approx((totals / 50 / 13).tolist())
    assert str(found).splitlines()[1].split()[:2] == ["1", found.ranking()[0]]


def exact(p, q, turns, tremble=0.0):
    """Mean payoff of p against q over a finite match, and the stationary one; p, q = (start, cc, cd, dc, dd)."""
    p, q = ((1 - 2 * tremble) * np.asarray(own, float) + tremble for own in (p, q))
    a, b = p[1:], q[1:][[0, 2, 1, 3]]
    chain = np.stack([a * b, a * (1 - b), (1 - a) * b, (1 - a) * (1 - b)], 1)
    state = np.array([p[0] * q[0], p[0] * (1 - q[0]), (1 - p[0]) * q[0], (1 - p[0]) * (1 - q[0])])
    total = np.zeros(4)
    for _ in range(turns):
        total += state
        state = state @ chain
    v = np.linalg.lstsq(np.vstack([chain.T - np.eye(4), np.ones(4)]), np.array([0, 0, 0, 0, 1.0]), rcond=None)[0]
    return float(total / turns @ PAYOFFS), float(v @ PAYOFFS)


COPIES = 48


def family(*genes):
    """The same strategy `COPIES` times: as many independent matches of each pair."""
    return MemoryOne(*(np.full(COPIES, gene, np.float32) for gene in genes))


def blocks(found, count):
    """Payoffs [count, count, pairs]: by strategy, of all pairs of different players."""
    rows = found.payoff.reshape(count, COPIES, count, COPIES)
    off = ~np.eye(COPIES, dtype=bool)
    return [[rows[i, :, j][off] for j in range(count)] for i in range(count)]


def close(values, truth, slack=0.0):
    # A pair and its reverse are one sample: count half of them.
    assert values.mean() == pytest.approx(truth, abs=4 * values.std(ddof=1) / np.sqrt(values.size / 2) + slack)


def test_memory_one_payoffs_are_those_of_their_chains():
    # reference oracles A: 2.329154, 2.164577, the stationary payoffs; finite matches by powers of the chain.
    p, q = (0.5, 0.9, 0.2, 0.7, 0.1), (0.5, 0.6, 0.4, 0.8, 0.3)
    assert (exact(p, q, 1)[1], exact(q, p, 1)[1]) == pytest.approx((2.329154, 2.164577), abs=1e-6)
    found = blocks(tournament(Named.of(("p", family(*p)), ("q", family(*q))), turns=400, seed=1), 2)
    close(found[0][1], exact(p, q, 400)[0])
    close(found[1][0], exact(q, p, 400)[0])
    close(found[0][1], 2.329154, slack=abs(exact(p, q, 400)[0] - 2.329154))


def test_payoffs_with_tremble():
    # reference oracles A, e = .01: TFT-TFT 2.25, WSLS-WSLS 2.951092, WSLS-AllD .535 / 2.985 in the long run.
    genes = {"tft": (1, 1, 0, 1, 0), "wsls": (1, 1, 0, 0, 1), "alld": (0, 0, 0, 0, 0)}
    made = Named.of(*((name, family(*own)) for name, own in genes.items()))
    found = blocks(tournament(made, turns=400, seed=2, tremble=0.01), 3)
    for i, one in enumerate(genes.values()):
        for j, other in enumerate(genes.values()):
            close(found[i][j], exact(one, other, 400, 0.01)[0], slack=1e-3)
    for (i, j), truth in {(0, 0): 2.25, (1, 1): 2.951092, (1, 2): 0.535, (2, 1): 2.985}.items():
        assert exact(list(genes.values())[i], list(genes.values())[j], 1, 0.01)[1] == pytest.approx(truth, abs=1e-6)
    # The long run itself, where the start is forgotten: within the finite match's own distance from it.
    assert found[1][1].mean() == pytest.approx(2.951092, abs=0.01)
    assert found[2][1].mean() == pytest.approx(2.985, abs=0.02)


def test_extortion():
    # reference oracles A: chi = 3, f = 1/26 against AllC without tremble: 3.727273, 1.909091 in the long run.
    extorter, giver = (1.0, 11 / 13, 1 / 2, 7 / 26, 0.0), (1.0, 1.0, 1.0, 1.0, 1.0)
    assert (exact(extorter, giver, 1)[1], exact(giver, extorter, 1)[1]) == pytest.approx((3.727273, 1.909091), abs=1e-6)
    found = blocks(tournament(Named.of(("zd", family(*extorter)), ("allc", family(*giver))), turns=400, seed=3), 2)
    close(found[0][1], exact(extorter, giver, 400)[0])
    close(found[1][0], exact(giver, extorter, 400)[0])
    assert found[0][1].mean() == pytest.approx(3.727273, abs=0.01)


def test_random_strategies_agree_with_powers_of_their_chains():
    # 40 random strategies, each pair once in both orders, 3 repetitions: z-scores must look standard.
    draw = np.random.default_rng(5).uniform(0, 1, (40, 5)).astype(np.float32)
    turns, repetitions = 60, 3
    runs = [
        tournament(Named.of(("random", MemoryOne(*draw.T))), turns=turns, repetitions=repetitions, seed=s).payoff
        for s in range(12)
    ]
    truth = np.array([[exact(p, q, turns, 0.0)[0] for q in draw] for p in draw])
    mean, error = np.mean(runs, 0), np.std(runs, 0, ddof=1) / np.sqrt(12)
    z = ((mean - truth) / np.maximum(error, 1e-6))[~np.eye(40, dtype=bool)]
    assert abs(z.mean()) < 5 / np.sqrt(z.size / 2)
    assert 0.9 < z.std() < 1.35  # Student's t with 11 degrees of freedom: 1.11
    assert np.abs(np.diag(mean - truth)).max() < 0.3


def test_a_result_does_not_depend_on_who_else_is_in(monkeypatch):
    plan = {"turns": 30, "repetitions": 2, "tremble": 0.1}
    names = ("TitForTat", "OriginalGradual", "Alternator", "Grudger")
    whole = tournament(Named.of(*((name, ENTRANTS[name]) for name in names)), seed=4, **plan)
    for fewer in (("Alternator", "OriginalGradual"), ("OriginalGradual", "Alternator", "TitForTat")):
        few = tournament(Named.of(*((name, ENTRANTS[name]) for name in fewer)), seed=4, **plan)
        at = [whole.names.index(name) for name in few.names]
        assert few.earned.tolist() == whole.earned[np.ix_(at, at)].tolist()
        assert few.cooperated.tolist() == whole.cooperated[np.ix_(at, at)].tolist()
    other = tournament(Named.of(*((name, ENTRANTS[name]) for name in names)), seed=5, **plan)
    assert other.earned.tolist() != whole.earned.tolist()
    monkeypatch.setattr(module, "BLOCK_CELLS", 9)
    draw = np.random.default_rng(1).random((5, 7)).astype(np.float32)
    small = tournament(Named.of(("random", MemoryOne(*draw))), turns=30, seed=4)
    monkeypatch.setattr(module, "BLOCK_CELLS", 1 << 13)
    assert small.earned.tolist() == tournament(Named.of(("random", MemoryOne(*draw))), turns=30, seed=4).earned.tolist()


def test_programs_play_in_the_same_tournament():
    # The same strategies, once as programs and once as arrays, under the same names: the same sums, noise and all.
    def entrants(soft, hard):
        return Named.of(("soft", soft), ("random", MemoryOne(*np.full((5, 3), 0.5, np.float32))), ("hard", hard))

    plan = {"turns": 25, "repetitions": 2, "seed": 9, "tremble": 0.05}
    arrays = tournament(entrants(Majority(), Majority(hard=True)), **plan)
    programs = tournament(entrants(Tally(), Tally(hard=True)), **plan)
    mixed = tournament(entrants(Tally(), Majority(hard=True)), **plan)
    assert arrays.names == ("soft", "random[0]", "random[1]", "random[2]", "hard")
    for found in (programs, mixed):
        assert found.earned.tolist() == arrays.earned.tolist()
        assert found.cooperated.tolist() == arrays.cooperated.tolist()


def test_payoffs_are_the_games():
    # The donation game b = 3, c = 1: T = 3, R = 2, P = 0, S = -1; grim and a defector, 4 turns: S + 3 P and T + 3 P.
    found = tournament(Named.of(("grim", Grim()), ("alld", MemoryOne.always_defect())), NetworkGame(2, -1, 3, 0), turns=4)
    assert (found.payoff * 4).tolist() == [[8.0, -1.0], [3.0, 0.0]]
    assert found.cooperation.tolist() == [[1.0, 0.25], [0.0, 0.0]]
    assert found.counted == 8


def test_a_reduction_never_bears_the_name_of_its_original():
    reduced = MemoryOne(reduction_of="tit-for-two-tats")
    found = tournament(Named.of(("reduced", reduced), ("tit-for-two-tats", Lookback.tit_for_two_tats())), turns=5)
    assert found.names[0] == "reduced (memory-one reduction of tit-for-two-tats)"
    assert "reduction of tit-for-two-tats" in str(found)
    with pytest.raises(StudyError, match="a name of its own"):
        tournament(Named.of(("tit-for-two-tats", reduced)), turns=5)


def test_plans_that_cannot_be_played_are_refused():
    with pytest.raises(StudyError, match="without entrants"):
        tournament(Named((), ()))
    with pytest.raises(StudyError, match="fewer than 2\\^31"):
        tournament(ENTRANTS, turns=2**16, repetitions=2**15)


def test_a_mind_that_is_no_strategy_is_refused():
    with pytest.raises(StudyError, match="enter the strategy"):
        tournament(Named.of(("seated", Strategist(Grim()))))  # pyright: ignore[reportArgumentType]
