"""Moderation of a channel: laws with talk, a plain loop, and the closed form."""

import numpy as np
import pytest

from commonweal.channels.broadcast import Broadcast
from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.peers import Circle
from commonweal.core.questions import Say
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.core.speech import NAME, PHRASES
from commonweal.core.streams import Key
from commonweal.engine.compiled import run
from commonweal.engine.log import TrialLog
from commonweal.institutions.moderation import Moderation
from commonweal.testing import RECORD, Wild, check_institution, check_society, society_for
from commonweal.worlds.network_game import NetworkGame

N, TICKS = 8, 600


def talked(rule: Moderation, seed: int = 1) -> TrialLog:
    """Eight seats that act, talk and report at random, everybody heard by everybody."""
    society = Society(NetworkGame(), Named.of(("wild", Wild())), Seating(N), Named.of(("moderation", rule)), Broadcast())
    return run(society, seed, TICKS, record=("acts", "payoff"))


@pytest.mark.slow
def test_laws() -> None:
    circle = Circle("contacts")
    check_institution(Moderation(term=2, tolerance=0.7, circle=circle), Moderation(term=0, tolerance=0.7, circle=circle))


@pytest.mark.slow
def test_laws_where_there_is_talk() -> None:
    """The same seeds, logs and books with a channel; and at a term of 0 the same log as without the rule."""
    check_society(society_for(rules=(("tried", Moderation(term=2, share=0.2, tolerance=0.7)),), channel=Broadcast()))
    inert = run(society_for(rules=(("tried", Moderation(0, 0.2, 0.7)),), channel=Broadcast()), 2, 4, record=RECORD)
    bare = run(society_for(channel=Broadcast()), 2, 4, record=RECORD)
    assert all(np.array_equal(inert.traces[name], series) for name, series in bare.traces.items())
    assert not inert.traces["act.report"].any()


@pytest.mark.slow
def test_every_tick_against_a_plain_loop() -> None:
    """Random rules: who may be reported, who is mute; with periods, reports wait for their stage."""
    draws = np.random.default_rng(2015)
    for circle in (Circle(), Circle(), Circle(period=3, stage=1)):
        term, percent = int(draws.integers(1, 6)), int(draws.integers(30, 90))
        tolerance = float(draws.integers(0, 2)) / 2
        log = talked(Moderation(term, percent / 100, tolerance, circle), seed=int(draws.integers(100)))
        acts, words, reports = log.traces["act.act"], log.traces[f"act.{NAME}"], log.traces["act.report"]
        left, spoke = [0] * N, [False] * N
        for tick in range(TICKS):
            due = tick % circle.period == circle.stage
            assert all(left[i] == 0 or words[tick, i] == -1 for i in range(N))
            against = [sum(int(reports[tick, j, (i - j) % N - 1]) for j in range(N) if j != i) for i in range(N)]
            assert all(count == 0 or (due and spoke[i]) for i, count in enumerate(against))
            for i in range(N):
                voted = due and spoke[i] and 100 * against[i] > percent * (N - 1)
                left[i] = term if voted or acts[tick, i] < tolerance else max(left[i] - 1, 0)
                spoke[i] = bool(words[tick, i] >= 0) or (spoke[i] and not due)
        assert (words >= 0).any()
        assert reports.any()


@pytest.mark.slow
def test_the_share_of_time_mute() -> None:
    """Random acts fall short half of the time: 1 - (1 - p)^term, to 5 standard errors; who may speak does so at random."""
    speaks = len(PHRASES) / (len(PHRASES) + 1)
    for term in (1, 2, 5):
        words = talked(Moderation(term, 1.0, 0.5), seed=term).traces[f"act.{NAME}"][term:]
        expected = speaks * 0.5**term
        # Seats are independent; ticks of one seat are, where they lie `term` apart.
        error = np.sqrt(expected * (1 - expected) * (2 * term - 1) / words.size)
        assert abs((words >= 0).mean() - expected) < 5 * error


@pytest.mark.slow
def test_payoffs_are_untouched() -> None:
    """Random actors draw what they drew: only what is said differs."""
    ruled, bare = talked(Moderation(3, 0.4)), talked(Moderation(0))
    assert np.array_equal(ruled.traces["payoff"], bare.traces["payoff"])
    assert (ruled.traces[f"act.{NAME}"] != bare.traces[f"act.{NAME}"]).any()


def test_words_and_limits(bench) -> None:
    rule = Moderation(term=2, share=0.5, tolerance=0.25)
    seats = bench.ring(3)
    memory = rule.begin(seats)
    words = rule.describe(memory)
    for part in ("more than 0.5", "below 0.25", "for 2 rounds", "Mute now: 0"):
        assert part in words
    assert Moderation().describe(memory) == Moderation(term=2, share=1.0).describe(memory) == ""
    for name, wrong in (("term", {"term": -1}), ("share", {"share": 1.5}), ("tolerance", {"tolerance": -0.1})):
        with pytest.raises(StudyError, match=name):
            Moderation(**wrong)
    menu, _ = bench.harvest([5, 50, 10], fair=10.0)
    with pytest.raises(StudyError, match="kind 'say'"):
        Moderation(1, said=("harvest",)).permit(memory, seats, menu)
    with pytest.raises(StudyError, match="nothing is named"):
        Moderation(1, said=("words",)).permit(memory, seats, menu)


def test_reports_follow_words_by_a_tick(bench) -> None:
    """Seat 1 speaks; the others may report it, and it alone; both do, and it is mute for two ticks."""
    rule, seats = Moderation(term=2, share=0.5), bench.ring(3)
    menu, acts = bench.harvest([5, 5, 5], fair=10.0)
    silence = Say(menu["harvest"].asked, PHRASES).default()
    menu = menu.add("words", Say(menu["harvest"].asked, PHRASES))

    def settled(memory, words, report):
        ask = rule.permit(memory, seats, menu)
        given = Named.of(*acts.items(), ("words", words), ("report", report))
        return ask, rule.settle(memory, bench.tick(ask, given, [5, 5, 5], seats=seats), Key.root(0))

    start = rule.begin(seats)
    none = rule.permit(start, seats, menu)["report"].default()
    ask, first = settled(start, silence.at[1].set(0), none)
    assert not ask["report"].asked.any()
    ask = rule.permit(first.memory, seats, menu)
    assert ask["report"].asked.tolist() == [True, False, True]
    assert ask["report"].high.sum() == 2
    _, second = settled(first.memory, silence, ask["report"].high)
    assert second.public.left.tolist() == [0, 2, 0]
    assert second.public.reports.tolist() == [0, 2, 0]
    assert rule.tell(second.public, 1) == "Others reported what you said: 2. You may say nothing for 2 more rounds."
    assert rule.tell(second.public, 0) == ""
    ask, third = settled(second.memory, silence, none)
    assert ask["words"].asked.tolist() == [True, False, True]
    assert ask["harvest"].asked.all()
    _, fourth = settled(third.memory, silence, none)
    assert rule.permit(fourth.memory, seats, menu)["words"].asked.all()
