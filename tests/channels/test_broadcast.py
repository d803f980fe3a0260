"""A broadcast: everybody hears everybody, bounded, and nothing that was not said."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.channels.broadcast import Broadcast
from commonweal.core.errors import StudyError
from commonweal.core.menu import Acts
from commonweal.core.named import Named
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.core.views import Tick
from commonweal.testing import check_channel


def tick(handles, answered=None):
    n = len(handles)
    spoke = jnp.asarray([handle >= 0 for handle in handles] if answered is None else answered)
    acts: Acts = Named.of(("say", jnp.asarray(handles, jnp.int32)))
    zero = jnp.zeros(n, jnp.int32)
    return Tick(
        tick=jnp.zeros((), jnp.int32),
        seats=Seats(zero),
        menu=Named((), ()),
        chosen=acts,
        bound=acts,
        answered=Named.of(("say", spoke)),
        made=zero,
        payoff=zero,
        purse=zero,
        facts=None,
        born=jnp.zeros(n, bool),
    )


def heard(channel, given, key=None):
    inbox = channel.deliver((), given, Key.root(1) if key is None else key).inbox
    return [
        {int(by): int(handle) for by, handle in zip(inbox.by[seat], inbox.handle[seat], strict=True) if handle >= 0}
        for seat in range(given.seats.n)
    ]


def test_small_societies_hear_everybody_else():
    assert heard(Broadcast(), tick([5, -1, 7])) == [{2: 7}, {0: 5, 2: 7}, {0: 5}]


def test_what_was_not_answered_is_not_heard():
    assert heard(Broadcast(), tick([5, 6], answered=[False, True])) == [{1: 6}, {}]


def test_a_lone_seat_hears_nothing():
    assert heard(Broadcast(), tick([5])) == [{}]


def test_large_societies_hear_a_bounded_sample_of_those_who_spoke():
    n, room = 60, 4
    handles = [100 + seat if seat % 3 == 0 else -1 for seat in range(n)]
    for seed in range(5):
        for seat, messages in enumerate(heard(Broadcast(room=room), tick(handles), Key.root(seed))):
            assert len(messages) == room
            assert seat not in messages
            assert all(handle == handles[by] for by, handle in messages.items())


def test_every_speaker_has_the_same_chance_of_the_floor():
    n, room, draws = 30, 3, 2000
    given = tick([seat if seat % 2 else -1 for seat in range(n)])
    keys = jax.vmap(Key.root)(jnp.arange(draws, dtype=jnp.uint32))
    inbox = eqx.filter_jit(jax.vmap(lambda key: Broadcast(room=room).deliver((), given, key).inbox))(keys)
    # A silent seat hears 3 of the 15 speakers, each with probability 1/5: chi-square on 14 degrees, 99.9 per cent at 36.1.
    counts = np.bincount(np.asarray(inbox.by)[:, 0].ravel(), minlength=n)[1::2]
    assert counts.sum() == room * draws
    expected = room * draws / 15
    assert ((counts - expected) ** 2 / (expected * (1 - room / 15))).sum() * 14 / 15 < 36.1


def test_loss_drops_the_share_it_says():
    given = tick(list(range(9)))
    for loss in (0.0, 0.3, 1.0):
        counts = [sum(map(len, heard(Broadcast(loss=loss), given, Key.root(seed)))) for seed in range(60)]
        # 60 x 72 deliveries, each lost by itself: 4 standard errors of the mean share are at most .03.
        assert abs(np.mean(counts) / 72 - (1 - loss)) <= 0.03


def test_impossible_numbers_are_refused():
    with pytest.raises(StudyError, match="from 0 to 1"):
        Broadcast(loss=1.5)
    with pytest.raises(StudyError, match="at least 1"):
        Broadcast(room=0)


def test_words_name_the_speaker():
    inbox = Broadcast().deliver((), tick([0, 1]), Key.root(1)).inbox
    assert Broadcast().describe(inbox, 0, ("hello", "goodbye")) == 'Seat 1 said: "goodbye"'


def test_the_laws_hold_with_loss_and_little_room():
    check_channel(Broadcast(loss=0.4, room=2))
