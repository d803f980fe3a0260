"""The log of a forum: read off a trial as a plain loop reads it, cut, sorted and shuffled; metrics watch a forum alone."""

import dataclasses

import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core.content import ONE_PART
from commonweal.core.errors import StudyError
from commonweal.core.feed import LIKE, POST, REPLY, Feed
from commonweal.core.named import Named
from commonweal.core.posts import PostMetric, Posts, posts_of, shuffle_within
from commonweal.core.questions import Choice
from commonweal.core.seats import Seats
from commonweal.core.views import Tick

T, A, K, D = 12, 5, 3, 4


class Count(PostMetric):
    """How many posts there are."""

    unit, low, high, source, null = "posts", 0.0, float("inf"), "ours", "as many, in any order"

    def measure(self, log):
        return float(len(log))

    def shuffled(self, log, draw):
        return dataclasses.replace(log, author=draw.permutation(log.author))


def trial(draw):
    """What a forum might have kept of a trial: each seat sees earlier posts in some of its places."""
    posted = draw.random((T, A)) < 0.6
    count = np.cumsum(posted.sum(1))
    there = draw.random((T, A, K)) < 0.7
    there[0] = False
    number = np.zeros((T, A, K), np.int32)
    for t in range(1, T):
        number[t] = draw.integers(0, max(count[t - 1], 1), (A, K))
        there[t] &= count[t - 1] > 0
    return {
        "posted": posted,
        "vector": draw.integers(-ONE_PART, ONE_PART, (T, A, D)).astype(np.int16),
        "there": there,
        "number": number,
        "liked": draw.integers(0, 2**K, (T, A)).astype(np.uint8),
        "reply": draw.integers(0, K + 1, (T, A)).astype(np.int8),
    }


def test_posts_of_a_trial_are_those_of_a_plain_loop():
    seen = trial(np.random.default_rng(41))
    posts, likes = [], []
    for t in range(T):
        for i in range(A):
            place = seen["reply"][t, i] - 1
            parent = seen["number"][t, i, place] if place >= 0 and seen["there"][t, i, place] else -1
            if seen["posted"][t, i]:
                posts.append((i, t, parent, seen["vector"][t, i]))
            bits = [j for j in range(K) if seen["liked"][t, i] >> j & 1 and seen["there"][t, i, j]]
            likes += [(i, seen["number"][t, i, j], t) for j in bits]
    log = posts_of(seen)
    assert list(zip(log.author, log.time, log.parent, strict=True)) == [post[:3] for post in posts]
    assert log.vector is not None
    assert np.array_equal(log.vector * ONE_PART, [post[3] for post in posts])
    assert list(zip(log.liker, log.liked, log.like_time, strict=True)) == likes
    assert log.score.tolist() == [sum(liked == p for _, liked, _ in likes) for p in range(len(posts))]
    assert (log.authors, log.views, log.day) == (A, seen["there"].sum(), T / 10)
    assert (log.parent < np.arange(len(log))).all()
    assert log.parent.max() >= 0
    assert np.array_equal(log.tops, log.parent < 0)


def test_posts_that_are_texts_keep_their_table():
    seen = {"posted": np.array([[True, False], [True, True]]), "handle": np.array([[1, -1], [0, 1]])}
    seen |= {"there": np.zeros((2, 2, 0), bool), "number": np.zeros((2, 2, 0), int)}
    log = posts_of(seen, ("yes", "no"))
    assert log.vector is None
    assert [log.texts[place] for place in log.text] == ["no", "yes", "no"]
    assert log.parent.tolist() == [-1, -1, -1]
    assert (len(log.liker), log.day) == (0, 1.0)


def test_a_part_of_a_log_is_that_of_a_plain_loop():
    draw = np.random.default_rng(42)
    log = dataclasses.replace(posts_of(trial(draw)), community=draw.integers(0, 3, 0))
    log = dataclasses.replace(log, community=draw.integers(0, 3, len(log)), text=np.arange(len(log)), texts=("",) * len(log))
    mask = draw.random(len(log)) < 0.5
    part = log.where(mask)
    kept = np.flatnonzero(mask).tolist()
    assert part.parent.tolist() == [kept.index(log.parent[p]) if log.parent[p] in kept else -1 for p in kept]
    likes = [(who, kept.index(p), at) for who, p, at in zip(log.liker, log.liked, log.like_time, strict=True) if p in kept]
    assert list(zip(part.liker, part.liked, part.like_time, strict=True)) == likes
    assert log.vector is not None
    assert np.array_equal(part.vector, log.vector[kept])
    for name in ("author", "time", "score", "community", "text"):
        assert np.array_equal(getattr(part, name), getattr(log, name)[kept])
    assert (part.authors, part.day, part.texts) == (log.authors, log.day, log.texts)
    assert len(log.where(np.zeros(len(log), bool))) == 0


def test_posts_by_author_are_in_order_of_time():
    log = posts_of(trial(np.random.default_rng(43)))
    log = dataclasses.replace(log, authors=A + 1)
    order, begin = log.by_author()
    assert len(begin) == A + 2
    for author in range(A + 1):
        assert order[begin[author] : begin[author + 1]].tolist() == np.flatnonzero(log.author == author).tolist()


def test_days_begin_with_the_first_post():
    empty = np.zeros(0, np.int64)
    log = Posts(np.array([0, 1, 0]), np.array([7.5, 17.4, 27.6]), np.full(3, -1), np.zeros(3), 2, 10.0)
    assert log.days.tolist() == [0, 0, 2]
    assert len(Posts(empty, np.zeros(0), empty, np.zeros(0), 0, 1.0).days) == 0


def test_a_shuffle_within_groups_is_uniform_and_leaves_no_group():
    draw = np.random.default_rng(44)
    groups, values = np.array([2, 0, 2, 0, 2, 1]), np.arange(6)
    seen = [tuple(shuffle_within(values, groups, draw)) for _ in range(6000)]
    assert all(np.array_equal(groups[list(found)], groups) for found in set(seen))
    counts = [seen.count(found) for found in set(seen)]
    # 3! 2! 1! orders, each of 6,000 / 12: five standard deviations.
    assert len(counts) == 12
    assert max(abs(count - 500) for count in counts) < 5 * np.sqrt(500)


def tick_of(inbox, said, posted):
    """A tick in which all that were asked answered, but for `posted`."""
    none, no = jnp.zeros(A, jnp.int32), jnp.zeros(A, bool)
    asked = {POST: posted, LIKE: ~no, REPLY: no}
    bound = Named.of((POST, said), (LIKE, none + 5), (REPLY, none + 2))
    menu = Named.of(*((name, Choice(~no, ("no", "yes"))) for name in asked))
    answered = Named.of(*((name, jnp.asarray(flags)) for name, flags in asked.items()))
    seats = Seats(none)
    return Tick(jnp.int32(0), seats, menu, bound, bound, answered, none, none, none, None, no, inbox=inbox)


def feed():
    places, seats = jnp.zeros((A, K), jnp.int32), jnp.zeros(A, jnp.int32)
    there = jnp.zeros((A, K), bool).at[:, 0].set(True)
    return Feed(places, places[..., None], there, places + 7, places, places, places, places, seats, seats, seats)


def test_what_a_metric_watches():
    posted = np.array([True, True, False, True, True])
    said = np.full((A, D), 3)
    said[1] = 0
    kept = dict(Count().watch(tick_of(feed(), jnp.asarray(said, jnp.int32), posted)).items())
    # Seat 1 posted zeros, and said nothing; seat 2 was not asked.
    assert kept["posted"].tolist() == [True, False, False, True, True]
    assert kept["vector"].dtype == jnp.int16
    assert kept["liked"].tolist() == [5] * A
    assert kept["reply"].tolist() == [0] * A
    log = Count().gather({name: np.asarray(value)[None] for name, value in kept.items()}, ())
    assert Count().measure(log) == 3
    # Bits 0 and 2 were liked; only place 0 holds a post.
    assert len(log.liker) == A
    texts = dict(Count().watch(tick_of(feed(), jnp.asarray([4, -1, 2, 0, 1]), posted)).items())
    assert texts["posted"].tolist() == [True, False, False, True, True]
    assert texts["handle"].tolist() == [4, -1, 2, 0, 1]


def test_a_society_without_a_forum_is_refused():
    with pytest.raises(StudyError, match="Forum"):
        Count().watch(tick_of((), jnp.zeros((A, D), jnp.int32), np.ones(A, bool)))
