"""Features of posts by hand, and a feed in words; the board at work is tested with the forum, tests/channels/test_forum.py."""

import dataclasses
import math

import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.channels.forum import Forum
from commonweal.core.board import empty_feed, tell_feed
from commonweal.core.menu import Acts
from commonweal.core.named import Named
from commonweal.core.ranking import FEATURES
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.core.views import Tick

N = 3


def tick(now):
    none, acts = jnp.zeros(N, jnp.int32), Named[Acts]((), ())
    return Tick(
        jnp.asarray(now, jnp.int32), Seats(none), Named((), ()), acts, acts, Named((), ()), none, none, none, None, none > 0
    )


def test_features_are_those_of_the_ranking_by_hand():
    """Four posts of two parts, of ticks 0, 3, 6 and 7, read after tick 7 by three seats, of whom one follows seat 2."""
    forum = Forum(size=2, room=4, follows=1)
    vectors = np.asarray([[1024, 0], [-614, 819], [0, -1024], [-724, -724]])
    votes = np.asarray([[0, 0, 0, 0], [3, 1, 5, 2], [200, 57, 400, 60], [0, 2, 0, 9]])
    taste = np.asarray([[1024, 0], [0, 1024], [0, 0]])
    board = dataclasses.replace(
        forum.begin(Seats(jnp.zeros(N, jnp.int32))),
        vector=jnp.asarray(vectors, jnp.int16),
        votes=jnp.asarray(votes, jnp.int32),
        at=jnp.asarray([0, 3, 6, 7], jnp.int32),
        by=jnp.asarray([0, 1, 2, 2], jnp.int32),
        taste=jnp.asarray(taste, jnp.int32),
        follows=jnp.asarray([[2], [-1], [0]], jnp.int32),
    )
    slots = jnp.asarray([[0, 1, 2, 3], [3, 2, 1, 0], [0, 0, 1, 1]], jnp.int32)
    found = dict(zip(FEATURES, (np.asarray(leaf) for leaf in board.features(slots, tick(7), Key.root(1))), strict=True))
    assert found["recent"][0].tolist() == [1024 // 8, 1024 // 5, 1024 // 2, 1024]
    likes = votes[:, :2].sum(1)
    # A straight line between powers of two is at most .0861 below log2 (and 1/128 for rounding), an eighth of it.
    for post in range(4):
        exact = min(math.log2(1 + likes[post]) / 8, 1.0)
        assert -1024 * (0.0861 + 1 / 128) / 8 <= found["popular"][0, post] - 1024 * exact <= 0
    assert found["popular"][0, [0, 2]].tolist() == [0, 1024]
    assert found["personal"][0].tolist() == [1024, -614, 0, -724]
    assert found["personal"][1].tolist() == [-724, -1024, 819, 0]
    assert found["personal"][2].tolist() == [0] * 4
    assert found["extreme"][0].tolist() == [1024, 614, 0, 724]
    assert found["bridging"][0].tolist() == [512, 2 * 1024 // 4, 201 * 1024 // 402, 3 * 1024 // 11]
    assert found["followed"].tolist() == [[0, 0, 1024, 1024], [0] * 4, [1024, 1024, 0, 0]]
    assert np.abs(found["chance"]).max() <= 1024
    assert len(np.unique(found["chance"])) == 12


def test_texts_have_no_taste_and_no_stance():
    board = Forum(size=0, room=4).begin(Seats(jnp.zeros(N, jnp.int32)))
    found = dict(zip(FEATURES, board.features(jnp.zeros((N, 2), jnp.int32), tick(0), Key.root(1)), strict=True))
    assert not any(found[name].any() for name in ("personal", "extreme", "followed", "popular"))


def test_chance_is_even():
    """Uniform from -1 to 1: mean 0, standard deviation 1/sqrt 3."""
    board = Forum(size=0, room=4).begin(Seats(jnp.zeros(N, jnp.int32)))
    chance = np.asarray(board.features(jnp.zeros((N, 4000), jnp.int32), tick(0), Key.root(2))[-1]) / 1024
    assert abs(chance.mean()) < 5 / math.sqrt(3 * chance.size)
    assert chance.std() == pytest.approx(1 / math.sqrt(3), abs=0.02)


def test_a_feed_in_words():
    feed = empty_feed(2, 3, 0)
    assert tell_feed(feed, 0, ()) == ""
    assert not feed.there.any()
    feed = dataclasses.replace(
        feed,
        there=jnp.asarray([[True, False, True], [False] * 3]),
        handle=jnp.asarray([[1, -1, 0], [-1] * 3]),
        by=jnp.asarray([[5, -1, -1], [-1] * 3]),
        likes=jnp.asarray([[1, 0, 2], [0] * 3]),
        answer=jnp.asarray([[-1, -1, 0], [-1] * 3]),
        mine=jnp.asarray([0, 4]),
        replied=jnp.asarray([0, 2]),
    )
    assert tell_feed(feed, 0, ("yes", "no")) == 'Post 1 by seat 5, 1 like: "no"\nPost 3, who chose option 1, 2 likes: "yes"'
    own = "Your posts got 4 likes in the last round.\nYour posts got 2 replies in the last round."
    assert tell_feed(feed, 1, ("yes", "no")) == own
