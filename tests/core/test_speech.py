"""Fixed phrases, and what is heard of them."""

import jax.numpy as jnp
import numpy as np

from commonweal.core.named import Named
from commonweal.core.questions import Amount, Say
from commonweal.core.speech import PHRASES, PROMISES, ask_to_speak, heard, quote


def test_there_is_a_phrase_for_each_promise_from_all_to_none():
    assert len(PHRASES) == len(set(PHRASES)) == len(PROMISES)
    assert PROMISES[0] == 1.0
    assert PROMISES[-1] == 0.0
    assert list(PROMISES) == sorted(PROMISES, reverse=True)


def test_seats_may_speak_while_anything_is_asked():
    for asked in (True, False):
        menu = Named.of(("take", Amount(jnp.asarray([asked, False]), jnp.zeros(2, jnp.int32), jnp.ones(2, jnp.int32))))
        question = ask_to_speak(menu, 2, 17)["say"]
        assert isinstance(question, Say)
        assert question.words == 17
        assert np.array_equal(question.asked, [asked, asked])


def test_what_is_heard_is_quoted_with_its_speaker_and_silence_is_not():
    handle, by = jnp.asarray([[1, -1], [-1, -1]]), jnp.asarray([[4, 2], [0, 1]])
    inbox = heard(handle, by)
    assert np.array_equal(inbox.by, [[4, -1], [-1, -1]])
    assert quote(inbox, 0, ("zero", "one")) == 'Seat 4 said: "one"'
    assert quote(inbox, 1, ("zero", "one")) == ""
