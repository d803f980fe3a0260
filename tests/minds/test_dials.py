"""Dials: five settings that differ in one word, and a study that varies them as text of a mind."""

import pytest

from commonweal.core import lens
from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.lab.study import Factor, Part
from commonweal.minds.dials import DIALS, FORGIVENESS, STEPS, Dial
from commonweal.minds.language import Language
from commonweal.minds.prompts import role_of
from commonweal.worlds.commons import Commons

LEVELS = (0.0, 0.25, 0.5, 0.75, 1.0)


@pytest.mark.parametrize("dial", DIALS, ids=lambda dial: dial.name)
def test_settings_differ_in_the_word_alone(dial):
    texts = [dial.say(level) for level in LEVELS]
    assert len(set(texts)) == len(STEPS)
    for text, step in zip(texts, STEPS, strict=True):
        assert text.replace(step, "{}", 1) == dial.sentence
        # Beside a persona and a wish there is room for it.
        role_of("You live from this resource with your neighbours.", f"You want it to last. {text}")


def test_dials_are_told_apart_by_name():
    assert len({dial.name for dial in DIALS}) == len(DIALS)


def test_a_factor_varies_it_as_any_number():
    society = Society(Commons(), Named.of(("one", Language(persona="You fish."))), Seating(5))
    place = lens.mind("one", Language, lambda mind: mind.disposition)
    texts = FORGIVENESS.texts((0.0, 1.0), before="You want to last.")
    part = Part("language", society, (Factor(FORGIVENESS.name, place, (0.0, 1.0), values=texts),), 3, 1, role="control")
    told = [part.society_of(levels).minds["one"] for levels in part.cells()]
    assert [mind.disposition for mind in told] == [
        "You want to last. You never forgive somebody who has wronged you.",
        "You want to last. You always forgive somebody who has wronged you.",
    ]
    assert {mind.persona for mind in told} == {"You fish."}
    assert part.factors[0].numeric


@pytest.mark.parametrize("value", [-0.25, 0.3, 1.25, float("nan")])
def test_there_is_nothing_between_two_words(value):
    with pytest.raises(StudyError, match="expected one of 0"):
        FORGIVENESS.say(value)


@pytest.mark.parametrize("sentence", ["You forgive.", "You {} forgive {}.", "You {} forgive.\n\nAlways."])
def test_a_sentence_has_one_place_for_the_word(sentence):
    with pytest.raises(StudyError, match="one plain sentence"):
        Dial("forgiveness", sentence)
