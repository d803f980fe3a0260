"""Offices against elections, terms, recalls and settings counted by hand."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core.ballots import Approval, Schulze
from commonweal.core.errors import StudyError
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.institutions.audit import Audit
from commonweal.institutions.office import VACANT, Incumbent, Office
from commonweal.institutions.quota import Quota
from commonweal.institutions.tax import Tax
from commonweal.testing import check_institution

N = 5
ALL = Office.on(Quota(3.0), Quota, lambda rule: rule.multiple, (1.0, 2.0), every=2)
KEEP = [0] * N
SEATS = Seats(jnp.zeros(N, jnp.int32), card=jnp.asarray([0, 1, 0, 1, 1], jnp.int32))


def with_(rule: Office, **changes: object) -> Office:
    """A copy with some fields changed."""
    return dataclasses.replace(rule, **changes)


@pytest.fixture(scope="module")
def serve(bench):
    """Memories after ticks with these answers: ballots for the office, on a recall, and of the holder."""

    @eqx.filter_jit
    def one(rule, memory, answers, seed):
        menu, acts = bench.harvest([10] * N, 10.0)
        menu = rule.permit(memory, SEATS, menu)
        for name, answer in zip(menu.names[1:], answers, strict=True):
            acts = acts.add(name, answer)
        tick = bench.tick(menu, acts, [10] * N, seats=SEATS)
        ruling = rule.settle(memory, tick, Key.root(seed))
        return ruling.memory, [question.asked for question in menu.values[1:]], menu["harvest"].high[0]

    def ticks(rule: Office, rows: list[tuple[list[int], list[int], list[int]]], seed: int = 0):
        memory, found = rule.begin(SEATS), []
        for number, row in enumerate(rows):
            given = [jnp.asarray(own, jnp.int32) for own in row]
            memory, asked, high = one(rule, memory, given, jnp.int32(1000 * seed + number))
            found.append((jax.device_get(memory), [np.asarray(own).tolist() for own in asked], int(high)))
        return found

    return ticks


def election(ballots: list[int]) -> tuple[list[int], list[int], list[int]]:
    return ballots, KEEP, KEEP


IDLE = election(KEEP)


def test_the_holder_alone_is_asked_and_sets_the_parameter(serve) -> None:
    # All set option 1 whenever they are asked to: nobody is, before seat 3 is elected at tick 2.
    rows = [(own, KEEP, [1] * N) for own in (KEEP, KEEP, [4, 4, 4, 0, 1], KEEP, KEEP, KEEP)]
    found = serve(ALL, rows)
    assert [int(memory.holder) for memory, _, _ in found] == [VACANT, VACANT, 3, 3, 3, 3]
    assert [asked[0][0] for _, asked, _ in found] == [False, False, True, False, True, False]
    assert [asked[2] for _, asked, _ in found] == [[False] * N] * 3 + [[False, False, False, True, False]] * 3
    # The setting of tick 3 holds from tick 4 on.
    assert [float(memory.value) for memory, _, _ in found] == [3.0, 3.0, 3.0, 1.0, 1.0, 1.0]
    assert [high for _, _, high in found] == [30, 30, 30, 30, 10, 10]


def test_term_limits(serve) -> None:
    again = [4] * N  # everyone for seat 3
    rows = [IDLE, IDLE, election(again), IDLE, election(KEEP), IDLE, election(again), IDLE]
    holders = [int(memory.holder) for memory, _, _ in serve(with_(ALL, terms=2), rows)]
    # Elected, then kept; then nobody may vote it in again, and the votes for it are void: who is kept may not serve.
    assert holders == [VACANT, VACANT, 3, 3, 3, 3, VACANT, VACANT]
    served = serve(with_(ALL, terms=2), rows)[-1][0].served
    assert served.tolist() == [0, 0, 0, 2, 0]
    assert int(serve(ALL, rows)[-1][0].holder) == 3


@pytest.mark.parametrize(("against", "out"), [(2, False), (3, True), (5, True)])
def test_recall(serve, against: int, out: bool) -> None:
    recall = [1] * against + [0] * (N - against)
    rows = [IDLE, IDLE, election([2] * N), (KEEP, recall, KEEP), IDLE, IDLE]
    found = serve(with_(ALL, recall=0.5), rows)
    assert [asked[1][0] for _, asked, _ in found] == [False, False, False, True, False, not out]
    assert int(found[3][0].holder) == (VACANT if out else 1)
    assert not any(asked[1][0] for _, asked, _ in serve(ALL, rows))


def test_cards(serve) -> None:
    rule = with_(ALL, card=1)
    rows = [IDLE, IDLE, election([1, 1, 1, 1, 2])]
    # Seat 0 has another card: votes for it are void, so that one vote for seat 1 decides.
    assert int(serve(rule, rows)[-1][0].holder) == 1


def test_ties_are_broken_by_lot(serve) -> None:
    rows = [IDLE, IDLE, election([1, 1, 2, 2, 0])]
    holders = [int(serve(ALL, rows, seed)[-1][0].holder) for seed in range(60)]
    assert set(holders) == {0, 1}
    assert abs(np.mean(holders) - 0.5) < 4 * 0.5 / np.sqrt(60)


def test_nominees_are_drawn_by_lot_from_those_who_may_serve(serve) -> None:
    # One term each: the first holder can be no nominee again.
    rule = with_(ALL, nominees=2, card=1, terms=1, count=Approval())
    rows = [IDLE, IDLE, election([1] * N), IDLE, election([2] * N)]
    seen = set()
    for seed in range(40):
        found = serve(rule, rows, seed)
        first, second = found[1][0].nominees.tolist(), found[3][0].nominees.tolist()
        holders = int(found[2][0].holder), int(found[4][0].holder)
        assert set(first) < {1, 3, 4}
        assert len(set(first)) == 2
        assert holders == (first[0], second[1])
        assert set(second) == {1, 3, 4} - {holders[0]}
        seen.add(tuple(first))
    assert len(seen) == 6
    # Only three seats have the card: the third nominee of four is there, the fourth is nobody.
    four = serve(with_(rule, nominees=4), [IDLE, IDLE], 1)[-1][0].nominees
    assert sorted(four.tolist()) == [VACANT, 1, 3, 4]


@pytest.mark.slow
def test_laws() -> None:
    rule = Office.on(Tax(), Tax, lambda tax: tax.rate, (0.3, 0.6), every=1)
    check_institution(with_(rule, nominees=3, terms=1, recall=0.2, count=Schulze()), Office())


def test_words_and_errors() -> None:
    begun = ALL.begin(SEATS)
    words = ALL.describe(dataclasses.replace(begun, holder=jnp.int32(2)))
    assert "An elected office sets multiple (now 3); seat 2 holds it." in words
    drawn = with_(ALL, nominees=2, terms=1, recall=0.5)
    named, other = (
        drawn.describe(dataclasses.replace(drawn.begin(SEATS), nominees=jnp.asarray([4, 1]), tick=jnp.int32(now)))
        for now in (2, 3)
    )
    assert "candidate" not in other
    assert "it is vacant" in named
    assert "candidate 0 is seat 4, candidate 1 is seat 1" in named
    assert "more than 1 times" in named
    assert "more than 0.5 of you vote to recall" in named
    assert Office().describe(Incumbent((), jnp.float32(0), jnp.int32(-1), jnp.zeros(N), jnp.zeros(0), jnp.int32(0))) == ""
    for wrong, message in (
        (lambda: Office(every=0), "terms of 0 ticks"),
        (lambda: Office(recall=1.5), "recall = 1.5"),
        (lambda: Office(Audit(), ("schedule",), (1.0,)), "no single number"),
        (lambda: with_(ALL, nominees=5, count=Schulze()), "6 alternatives"),
        (lambda: with_(ALL, card=1).begin(Seats(jnp.zeros(N, jnp.int32))), "no seat has one"),
        (lambda: ALL.begin(Seats(jnp.zeros(1001, jnp.int32))), "1001 seats could stand"),
    ):
        with pytest.raises(StudyError, match=message):
            wrong()
