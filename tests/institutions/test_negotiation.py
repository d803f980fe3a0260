"""Alternating offers: games by hand, perfect play against backward induction, and books that balance."""

import dataclasses
from fractions import Fraction

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core.errors import StudyError
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.institutions.negotiation import AlternatingOffers, Games
from commonweal.statistics.bargaining import divide, divide_forever
from commonweal.testing import check_institution

HUNDREDTHS = tuple(hundredth / 100 for hundredth in range(101))
STAKE = 500_000


@pytest.fixture(scope="module")
def move(bench):
    """One tick in which everybody would give this answer, [a]: the ruling, who was asked, what is legal."""

    @eqx.filter_jit
    def one(rule, memory, answers, purse, seed):
        n = answers.shape[0]
        menu, acts = bench.harvest([0] * n, 10.0)
        menu = rule.permit(memory, bench.ring(n), menu)
        # What a seat would answer to one question it answers to the other: it is asked one at most.
        tick = bench.tick(menu, acts.add("bargain", answers).add("bargain_demand", answers), [0] * n)
        by = menu["bargain"].asked & menu["bargain"].lawful(answers)
        tick = dataclasses.replace(tick, purse=purse, answered=tick.answered.replace("bargain", by))
        return rule.settle(memory, tick, Key.root(seed)), menu["bargain"].asked

    return one


def balanced(ruling, payoff: np.ndarray) -> bool:
    """made - burnt = change of purses + held, where the world made nothing."""
    return -int(ruling.burnt) == int(payoff.sum()) + int(ruling.held)


def play(move, rule: AlternatingOffers, n: int, answer, ticks: int, seed: int = 0):
    """Purses after each tick, [t, a], and who moved first, with answers by a function of what is told."""
    memory, purse, told = rule.begin(_seats(n)), np.full(n, STAKE, np.int32), None
    purses, first = [], None
    for tick in range(ticks):
        answers = np.zeros(n, np.int32) if told is None else answer(told)
        ruling, asked = move(rule, memory, jnp.asarray(answers), jnp.asarray(purse), jnp.int32(seed + tick))
        payoff = np.asarray(ruling.payoff)
        assert balanced(ruling, payoff)
        if told is not None:
            assert np.asarray(asked).tolist() == (told.moves == 1).tolist()
        memory, told, purse = ruling.memory, jax.device_get(ruling.public), purse + payoff
        first = np.asarray(memory.first) if first is None else first
        purses.append(purse)
    return np.asarray(purses), first


def _seats(n: int) -> Seats:
    return Seats(jnp.zeros(n, jnp.int32))


def perfect(patience: Fraction, turns: int):
    """Play that is best at every move, by backward induction, with the least favour where it makes no difference."""

    def answer(told) -> np.ndarray:
        answers = []
        for turn, offered in zip(told.turn, told.offered, strict=True):
            left = turns - int(turn)
            mine = 1 - Fraction(HUNDREDTHS[offered - 1]).limit_denominator(100) if offered else Fraction(0)
            worth = patience * divide(patience, left) if left > 0 else Fraction(0)
            if offered and mine >= worth:
                answers.append(1)
            else:
                ask = 1 - patience * divide(patience, left - 1) if left > 1 else Fraction(1)
                answers.append(2 + int(ask * 100))
        return np.asarray(answers, np.int32)

    return answer


@pytest.mark.slow
@pytest.mark.parametrize(("patience", "turns"), [(0.5, 1), (0.5, 2), (0.5, 3), (0.8, 4), (0.9, 9), (0.6, 60)])
def test_perfect_play_divides_as_backward_induction_says(move, patience: float, turns: int) -> None:
    exact = Fraction(patience).limit_denominator(1000)
    rule = AlternatingOffers(STAKE, patience, turns, every=100, shares=HUNDREDTHS)
    purses, first = play(move, rule, 6, perfect(exact, turns), 4)
    share = purses[-1].reshape(3, 2) / (2 * STAKE)
    mover = share[np.arange(3), first]
    # Agreed at once: nothing melts, and shares can be asked for in hundredths.
    assert (purses[2] == purses[-1]).all()
    assert np.allclose(share.sum(1), 1)
    expected = float(divide(exact, turns))
    assert (np.abs(mover - expected) <= 0.01 + 1e-9).all()
    if turns == 60:
        assert abs(expected - divide_forever(patience)) < 1e-9
        assert abs(expected - 1 / (1 + patience)) < 1e-9


@pytest.mark.slow
def test_games_by_hand(move) -> None:
    rule = AlternatingOffers(100, 0.5, 2, every=100, shares=HUNDREDTHS)
    asks = 2 + 75

    def script(*answers: int):
        rest = iter(answers)
        return lambda told: np.full(6, next(rest), np.int32)

    # Asked 3/4, refused with a demand for 3/4 of the 100 that are left, which is accepted.
    purses, first = play(move, rule, 6, script(asks, asks, 1, 0), 5)
    assert (purses[0] - STAKE).tolist() == [-100] * 6
    last = (purses[-1] - STAKE).reshape(3, 2)
    assert last[np.arange(3), first].tolist() == [25 - 100] * 3
    assert last[np.arange(3), 1 - first].tolist() == [75 - 100] * 3
    # Two demands, and the last refused (an answer that asks again is not legal then): all is lost.
    assert (play(move, rule, 6, script(asks, asks, asks, 0), 5)[0][-1] - STAKE == -100).all()
    # Nothing to accept: an acceptance is no answer, and time goes by.
    assert (play(move, rule, 6, script(1, 0, 0, 0), 5)[0][-1] - STAKE == -100).all()


@pytest.mark.slow
def test_cheap_talk_is_kept_where_nobody_takes_more(move) -> None:
    """An agreement on 3/4 of 200 that does not bind: whatever either side takes instead of its part, it gets no more."""
    rule = AlternatingOffers(100, 0.5, 2, every=100, shares=HUNDREDTHS, binds=0.0)
    asks = 2 + 75
    for taken in (0, 1 + 20, 1 + 25, 1 + 26, 1 + 75, 1 + 76, 1 + 100):
        for deviator in (0, 1):

            def answer(told, taken=taken, deviator=deviator):
                if told.agreed.any():
                    first = told.agreed.reshape(3, 2).argmax(1)
                    assert sorted(told.agreed.reshape(3, 2)[0].tolist()) == [51, 151]
                    own = np.zeros((3, 2), np.int32)
                    own[np.arange(3), first if deviator == 0 else 1 - first] = taken
                    return own.reshape(-1)
                return np.where(told.offered > 0, 1, asks).astype(np.int32)

            purses, first = play(move, rule, 6, answer, 5)
            got = (purses[-1] - STAKE + 100).reshape(3, 2)
            part = (150, 50)[deviator]
            mine = got[np.arange(3), first if deviator == 0 else 1 - first]
            wants = part if taken == 0 else 2 * (taken - 1)
            assert mine.tolist() == [wants if wants <= part else 0] * 3
            assert (got.sum(1) == (200 - part + wants if wants <= part else 0)).all()


@pytest.mark.slow
def test_how_often_an_agreement_binds(move) -> None:
    rule = AlternatingOffers(100, 0.5, 2, every=100, shares=HUNDREDTHS, binds=0.3)
    offered = Games(*(jnp.full(3, x) for x in (200, 1, 0, 75)), jnp.int32(5), jnp.full(3, -1))
    accept = jnp.ones(6, jnp.int32)
    rulings = [move(rule, offered, accept, jnp.full(6, STAKE), jnp.int32(seed))[0] for seed in range(100)]
    bound = np.asarray([ruling.memory.fund for ruling in rulings]) == 0
    assert abs(bound.mean() - 0.3) < 4 * np.sqrt(0.3 * 0.7 / 300)
    for ruling, row in zip(rulings, bound, strict=True):
        assert ruling.memory.agreed.tolist() == np.where(row, -1, 150).tolist()
        assert np.asarray(ruling.payoff).reshape(3, 2).tolist() == [[150, 50] if own else [0, 0] for own in row]


def test_who_cannot_pay_does_not_play_and_lots_are_fair(move) -> None:
    rule, still = AlternatingOffers(100, every=100, shares=HUNDREDTHS), jnp.zeros(6, jnp.int32)
    begun = rule.begin(_seats(6))
    ruling, _ = move(rule, begun, still, jnp.asarray([100, 99, 100, 100, 0, 500]), jnp.int32(3))
    assert ruling.memory.fund.tolist() == [0, 200, 0]
    first = [np.asarray(move(rule, begun, still, jnp.full(6, 100), jnp.int32(seed))[0].memory.first) for seed in range(100)]
    assert abs(np.mean(first) - 0.5) < 4 * 0.5 / np.sqrt(300)


@pytest.mark.slow
def test_laws() -> None:
    check_institution(AlternatingOffers(1, 0.5, 2, binds=0.5), AlternatingOffers(0))


def test_words_and_errors() -> None:
    rule = AlternatingOffers(10)
    memory = Games(jnp.asarray([20]), jnp.asarray([1]), jnp.asarray([0]), jnp.asarray([6]), jnp.int32(2), jnp.asarray([-1]))
    told = jax.device_get(eqx.filter_jit(lambda given: rule.told(given, 3))(memory))
    assert rule.tell(told, 0) == "The fund you bargain over holds 20 units; the other side moves."
    assert rule.tell(told, 1).endswith("it is your move. The other side asks for 0.7 of it for itself.")
    assert rule.tell(told, 2) == AlternatingOffers().describe(memory) == ""
    assert "each of the two pays 10 units" in rule.describe(memory)
    assert rule.describe(memory).endswith("or all of it is lost.")
    assert "An agreement binds with probability 0.25; else" in AlternatingOffers(10, binds=0.25).describe(memory)
    talked = dataclasses.replace(memory, agreed=jnp.asarray([6]))
    told = jax.device_get(eqx.filter_jit(lambda given: rule.told(given, 3))(talked))
    assert rule.tell(told, 1) == "The fund holds 20 units. You have agreed that you get 14 of them; it does not bind."
    assert rule.words[:3] == ("Keep things as they are: say nothing", "Accept the offer", "Ask for 0.1 of the fund")
    for wrong, message in (
        (lambda: AlternatingOffers(-1), "stake = -1"),
        (lambda: AlternatingOffers(patience=1.5), "patience = 1.5"),
        (lambda: AlternatingOffers(turns=0), "turns = 0"),
        (lambda: AlternatingOffers(shares=(2.0,)), "for shares"),
    ):
        with pytest.raises(StudyError, match=message):
            wrong()
