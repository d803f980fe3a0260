"""Rows in words, and answers as acts."""

import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core.named import Named
from commonweal.core.questions import Amount, Choice, Record, Say
from commonweal.core.views import Ask, HostedDecision, Told, Words
from commonweal.engine.words import asks_of, blank_rows, illegal, told_acts, write_answers

YES = jnp.asarray([True, True])
TO = jnp.asarray([[1, -1], [0, -1]], jnp.int32)
MENU = Named.of(
    ("vote", Choice(YES, ("keep", "low", "high"), legal=jnp.asarray([[True, True, False], [True, True, True]]))),
    ("game", Choice(jnp.asarray([True, False]), ("defect", "cooperate"), to=TO)),
    ("take", Amount(YES, jnp.zeros(2, jnp.int32), jnp.asarray([5, 9], jnp.int32), unit="fish")),
    ("punish", Amount(YES, jnp.zeros((2, 2), jnp.int32), jnp.full((2, 2), 3, jnp.int32), to=TO)),
    ("say", Say(YES, ("hello",), (1.0,))),
    ("deal", Record(YES, ("price", "sign"), (Amount(YES, jnp.ones(2), jnp.full(2, 2.0)), Choice(YES, ("no", "yes"))))),
)


def asks(seat):
    return tuple(ask for name, question in MENU.items() for ask in asks_of(name, question, seat))


def words(seat):
    return Words(seat, 0, "rules", "here", "", "", (), asks(seat))


def test_every_kind_of_question_is_asked_of_those_it_asks():
    assert [ask.name for ask in asks(0)] == ["vote", "game/0", "take", "punish/0", "say", "deal/price", "deal/sign"]
    assert [ask.name for ask in asks(1)] == ["vote", "take", "punish/0", "say", "deal/price", "deal/sign"]
    assert asks(0)[0].options == ("keep", "low")
    assert asks(0)[0].answers == (0, 1)
    assert (asks(1)[1].high, asks(1)[1].unit) == (9, "fish")


def test_answers_are_written_where_they_belong():
    rows, table = blank_rows(MENU), []

    def handle(text):
        table.append(text)
        return 10 + len(table)

    given = {"vote": 1, "game/0": 1, "take": 4, "punish/0": 2, "say": "stop!", "deal/price": 1.5, "deal/sign": 1}
    answered, incidents = write_answers(MENU, rows, words(0), HostedDecision(given), handle)
    assert answered == {"vote", "game", "take", "punish", "say", "deal"}
    assert not incidents
    assert rows["vote"].tolist() == [1, 0]
    assert rows["game"].tolist() == [1, 0]
    assert rows["punish"].tolist() == [[2, 0], [0, 0]]
    assert (rows["say"].tolist(), table) == ([11, -1], ["stop!"])
    assert [field.tolist() for field in rows["deal"]] == [[1.5, 1.0], [1, 0]]


def test_what_is_not_legal_is_an_incident_and_the_default_stands():
    rows = blank_rows(MENU)
    given = {"vote": 2, "take": 6, "punish/0": "lots", "deal/price": float("nan"), "deal/sign": 1}
    answered, incidents = write_answers(MENU, rows, words(0), HostedDecision(given), lambda text: 0)
    assert answered == set()
    assert [incident.question for incident in incidents] == ["vote", "game/0", "take", "punish/0", "deal/price"]
    assert all(np.array_equal(rows[name], MENU[name].default()) for name in ("vote", "take", "punish"))


@pytest.mark.parametrize("answer", [True, "3", float("inf"), 2.5, -1, 6])
def test_illegal_amounts(answer):
    assert illegal(Ask("take", "amount", low=0, high=5), answer)
    assert not illegal(Ask("take", "amount", low=0, high=5), 3)


def test_acts_are_told_by_slot():
    # Bits of a byte, slot by slot: 5 is 101, 2 is 010; a seat that is told nothing gets nothing.
    bits = np.array([5, 2], np.uint8)
    told = Told(np.ones(2), np.array([True, False]), contacts=bits[::-1].copy(), mine=bits)
    links = np.array([[1, 1, 1], [0, 0, 0]])
    assert told_acts(told, links, 0) == ((1, 0, 1), (0, 1, 0))
    assert told_acts(told, links, 1) == ((), ())
    assert told_acts(None, links, 0) == ((), ())
    assert told_acts(Told(np.ones(2), np.array([True, True])), links, 0) == ((), ())
