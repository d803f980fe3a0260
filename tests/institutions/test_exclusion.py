"""Exclusion against a plain loop, with the ledger, and against its closed forms."""

import equinox as eqx
import numpy as np
import pytest

from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.parts import Mind
from commonweal.core.peers import Circle
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.core.streams import Key
from commonweal.engine.compiled import run
from commonweal.engine.log import TrialLog
from commonweal.institutions.exclusion import Exclusion
from commonweal.minds.scripted import Scripted
from commonweal.testing import Wild, check_institution
from commonweal.worlds.network_game import NetworkGame

N, TICKS = 8, 600
R, S, T, P = 4, -3, 6, -1
"""Payoffs a contact: both who do not answer lose."""


def played(rule: Exclusion, mind: Mind | None = None, seed: int = 1, punishment: int = P) -> TrialLog:
    """Eight seats, everybody in contact with everybody."""
    minds = Named.of(("one", Wild() if mind is None else mind))
    society = Society(NetworkGame(R, S, T, punishment), minds, Seating(N), Named.of(("exclusion", rule)))
    return run(society, seed, TICKS, record=("acts", "payoff", "purse"))


@pytest.mark.slow
def test_laws() -> None:
    circle = Circle("contacts", period=2, stage=1)
    rule = Exclusion(term=2, tolerance=0.6, share=0.2, shared=True, circle=circle)
    check_institution(rule, Exclusion(term=0, share=0.2, shared=True, circle=circle))


@pytest.mark.slow
def test_every_tick_against_a_plain_loop() -> None:
    """Random rules among random choosers: who is out, what they are paid, what is burnt and held, in Python's whole numbers."""
    draws = np.random.default_rng(2005)
    for shared in (False, True, True):
        term, strikes, percent = (int(draws.integers(*span)) for span in ((1, 5), (0, 5), (30, 101)))
        log = played(Exclusion(term, 0.5, strikes, percent / 100, shared), seed=int(draws.integers(100)))
        acts, ballots = log.traces["act.act"], log.traces["act.exclude"]
        left, offences, rest = [0] * N, [0] * N, 0
        for tick in range(TICKS):
            inside = [rounds == 0 for rounds in left]
            act = acts[tick].tolist()
            # Who is out does not answer: the world sees its default, answer 0, and it has no ballot.
            assert all(inside[i] or (act[i] == 0 and not ballots[tick, i].any()) for i in range(N))
            made = [sum(((P, T), (S, R))[act[i]][act[j]] for j in range(N) if j != i) for i in range(N)]
            withheld = [0 if inside[i] else max(made[i], 0) for i in range(N)]
            pool = rest + (sum(withheld) if shared else 0)
            each, then = divmod(pool, sum(inside)) if any(inside) else (0, pool)
            paid = [made[i] - withheld[i] + (each if inside[i] else 0) for i in range(N)]
            assert log.traces["payoff"][tick].tolist() == paid
            assert log.readings["ledger.burnt"][tick] == (0 if shared else sum(withheld))
            assert log.readings["ledger.held"][tick] == then - rest
            rest = then
            for i in range(N):
                voters = sum(inside[j] for j in range(N) if j != i) if inside[i] and percent < 100 else 0
                against = sum(int(ballots[tick, j, (i - j) % N - 1]) for j in range(N) if j != i)
                assert against <= voters
                offences[i] += inside[i] and act[i] == 0
                caught = strikes > 0 and offences[i] >= strikes
                voted = 100 * against > percent * voters
                left[i] = term if inside[i] and (voted or caught) else max(left[i] - 1, 0)
                offences[i] = 0 if voted or caught else offences[i]


@pytest.mark.slow
def test_constant_offenders_come_and_go_in_a_fixed_rhythm() -> None:
    """In at tick t where t mod (strikes + term) < strikes, and paid only then; a loss is borne in and out alike."""
    draws = np.random.default_rng(1990)
    for _ in range(3):
        term, strikes = (int(x) for x in draws.integers(1, 9, 2))
        rule = Exclusion(term, 0.5, strikes)
        inside = np.arange(TICKS) % (strikes + term) < strikes
        paid = played(rule, Scripted(level=0.0), punishment=2).traces["payoff"]
        assert (paid == np.where(inside, 2 * (N - 1), 0)[:, None]).all()
        assert (played(rule, Scripted(level=0.0)).traces["payoff"] == P * (N - 1)).all()


@pytest.mark.slow
def test_the_share_of_time_out() -> None:
    """Random choosers offend with probability 1/2: p term / (p term + strikes), to 5 standard errors of the renewal process.

    The time in of a cycle is negative binomial, of variance strikes (1 - p) / p^2; who is in answers 1 with probability 1 - p
    and who is out never. The first cycle starts in, which is worth at most a cycle.
    """
    draws = np.random.default_rng(1)
    p = 0.5
    for _ in range(3):
        term, strikes = int(draws.integers(1, 12)), int(draws.integers(1, 6))
        share, cycle = p * term / (p * term + strikes), strikes / p + term
        acts = played(Exclusion(term, 0.5, strikes), seed=term).traces["act.act"]
        variance = share**2 * strikes * (1 - p) / p**2 / cycle + (1 - share) * p / (1 - p)
        out = 1 - acts.mean() / (1 - p)
        assert abs(out - share) < 5 * np.sqrt(variance / acts.size) + share * cycle / TICKS


def test_words_and_limits(bench) -> None:
    rule = Exclusion(term=3, strikes=2, share=0.5, shared=True)
    memory = rule.begin(bench.ring(3))
    words = rule.describe(memory)
    for part in ("2 times", "more than 0.5", "for 3 rounds", "Excluded now: 0"):
        assert part in words
    assert Exclusion().describe(memory) == Exclusion(term=3, strikes=0).describe(memory) == ""
    for name, wrong in (("term", {"term": -1}), ("tolerance", {"tolerance": 1.5}), ("share", {"share": -0.1})):
        with pytest.raises(StudyError, match=name):
            Exclusion(**wrong)
    with pytest.raises(StudyError, match="no groups"):
        Exclusion(circle=Circle("group")).begin(bench.ring(3))


def test_what_a_seat_is_told(bench) -> None:
    """One offence, below half the fair share's level: out for two ticks, in which the payment is withheld."""
    settled = eqx.filter_jit(lambda rule, memory, tick: rule.settle(memory, tick, Key.root(0)))
    menu, acts = bench.harvest([5, 30, 10], fair=10.0)
    rule = Exclusion(term=2, tolerance=0.5, share=0.5)
    seats = bench.ring(3)
    ask = rule.permit(rule.begin(seats), seats, menu)
    ballots = Named.of(*acts.items(), ("exclude", ask["exclude"].default()))
    first = settled(rule, rule.begin(seats), bench.tick(ask, ballots, [5, 30, 10], seats=seats))
    assert first.public.left.tolist() == [0, 2, 0]
    assert first.payoff.tolist() == [5, 30, 10]
    assert "excluded for 2 more rounds" in rule.tell(first.public, 1)
    ask = rule.permit(first.memory, seats, menu)
    assert ask["harvest"].asked.tolist() == ask["exclude"].asked.tolist() == [True, False, True]
    second = settled(rule, first.memory, bench.tick(ask, ballots, [5, 30, 10], seats=seats))
    assert second.payoff.tolist() == [5, 0, 10]
    assert int(second.burnt) == 30
    assert "30 units were withheld from you" in rule.tell(second.public, 1)
    assert "excluded" not in rule.tell(second.public, 0)
