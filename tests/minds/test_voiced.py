"""Two minds in one seat: each answers its own questions."""

import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.channels.forum import Forum
from commonweal.core.feed import POST
from commonweal.core.named import Named
from commonweal.core.parts import Mind
from commonweal.core.questions import Choice, Say
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.core.views import Decision, View
from commonweal.minds.adopters import Adopter
from commonweal.minds.posters import Poster
from commonweal.minds.voiced import Voiced
from commonweal.testing import check_mind
from commonweal.worlds.platform import Platform


class Answers(Mind):
    """Answers everything with one number, and counts how often it was asked."""

    number: int = 0

    def init(self, key, seats):
        return jnp.full(seats.n, self.number, jnp.int32)

    def act(self, memory, view, key):
        answers = {name: jnp.full_like(question.default(), self.number) for name, question in view.menu.items()}
        return Decision(Named.of(*answers.items()), memory + 10)

    def tally(self, memory):
        return Named.of(("memory", memory))


def test_the_voice_answers_the_forum_and_the_inner_mind_all_else():
    n, zero = 3, jnp.zeros(3, jnp.int32)
    menu = Named.of(
        ("custom", Choice(jnp.ones(n, bool), ("a", "b", "c"))),
        (POST, Say(jnp.ones(n, bool), ("yes", "no", "why"))),
        ("report", Choice(jnp.ones(n, bool), ("a", "b", "c"))),
    )
    seen = View(
        Named((), ()), None, None, Named((), ()), menu, zero, zero, zero, zero > 0, None, None, jnp.asarray(1, jnp.int32)
    )
    mind = Voiced(Answers(1), Answers(2))
    memory = mind.init(Key.root(1), Seats(zero))
    done = mind.act(memory, seen, Key.root(2))
    assert {name: act.tolist() for name, act in done.acts.items()} == {"custom": [1] * 3, POST: [2] * 3, "report": [1] * 3}
    assert [own.tolist() for own in done.memory] == [[11] * 3, [12] * 3]
    counted = mind.tally(done.memory)
    assert counted.names == ("memory",)
    assert np.array_equal(counted["memory"], [11] * 3)


@pytest.mark.slow
def test_the_laws_hold():
    check_mind(Voiced(Adopter(copies=0.5), Poster(size=4)), Platform(size=4), Forum(size=4, room=32, carries="custom"))
