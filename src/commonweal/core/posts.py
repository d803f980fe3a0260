"""The log of a forum as columns, simulated or real: who posted what when, in reply to what, and how it was liked.

Posts and comments are one thing here: a comment has a parent. What is said is a vector, or a text by its place in a table of
texts, or both. A metric of posts reads this and nothing else, so that the same number is read off a simulation and off a
platform's own dump; and each has a null model: the same log with what the metric looks for shuffled away.

Source: ours; the columns are those that public dumps of forums have in common.
"""

from __future__ import annotations

import abc
import dataclasses
from collections.abc import Mapping
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array
from numpy.typing import NDArray

from commonweal.core.content import ONE_PART
from commonweal.core.errors import StudyError
from commonweal.core.feed import LIKE, POST, REPLY, Feed
from commonweal.core.named import Named
from commonweal.core.parts import LogMetric, Seen
from commonweal.core.views import Tick

Ints = NDArray[np.int64]


def _none() -> Ints:
    return np.zeros(0, np.int64)


@dataclasses.dataclass(frozen=True)
class Posts:
    """Posts and comments in order of time; `p` of them, by `a` authors, in vectors of `d` parts."""

    author: Ints
    """Number of each post's author, 0 to a - 1. [p]"""
    time: NDArray[np.float64]
    """When it was posted, in seconds (of a simulation: in ticks), not falling. [p]"""
    parent: Ints
    """Place of the post it replies to; -1: it stands at the top. [p]"""
    score: NDArray[np.float64]
    """Likes less dislikes that it got in all. [p]"""
    authors: int
    """How many authors there are, those who never post included."""
    day: float
    """Length of a day in the unit of `time`."""
    community: Ints = dataclasses.field(default_factory=_none)
    """Number of its community. [p], or empty: there are none"""
    vector: NDArray[np.float32] | None = None
    """What it says, of length 1 (or 0: nothing). [p, d]"""
    text: Ints = dataclasses.field(default_factory=_none)
    """Place of its text in `texts`. [p], or empty: there are no texts"""
    texts: tuple[str, ...] = ()
    """Texts, each once."""
    liker: Ints = dataclasses.field(default_factory=_none)
    """Who gave each like. [l], or empty: not known"""
    liked: Ints = dataclasses.field(default_factory=_none)
    """Place of the post that got it. [l]"""
    like_time: NDArray[np.float64] = dataclasses.field(default_factory=lambda: np.zeros(0))
    """When. [l]"""
    views: int = 0
    """How many times a post was shown to somebody, in all; 0: not known."""
    names: tuple[str, ...] = ()
    """The authors' names; empty: not known. [a]"""

    def __len__(self) -> int:
        """How many posts and comments there are."""
        return len(self.author)

    @property
    def days(self) -> Ints:
        """The day of each post, from 0: the first post's. [p]"""
        return np.floor((self.time - (self.time[0] if len(self) else 0.0)) / self.day).astype(np.int64)

    @property
    def tops(self) -> NDArray[np.bool_]:
        """Which stand at the top: posts in the narrow sense. [p]"""
        return self.parent < 0

    def where(self, mask: NDArray[np.bool_]) -> Posts:
        """The posts that `mask` [p] selects; a reply to one that is left out stands at the top."""
        place = np.cumsum(mask) - 1
        parent = np.where(self.parent >= 0, self.parent, 0)
        kept = (self.parent >= 0) & mask[parent]
        known = mask[self.liked] if len(self.liked) else np.zeros(0, bool)
        return dataclasses.replace(
            self,
            author=self.author[mask],
            time=self.time[mask],
            parent=np.where(kept, place[parent], -1)[mask],
            score=self.score[mask],
            community=self.community[mask] if len(self.community) else self.community,
            vector=None if self.vector is None else self.vector[mask],
            text=self.text[mask] if len(self.text) else self.text,
            liker=self.liker[known],
            liked=place[self.liked[known]],
            like_time=self.like_time[known],
        )

    def by_author(self) -> tuple[Ints, Ints]:
        """The places of posts, author by author, each author's in order of time [p]; and where each begins [a + 1]."""
        order = np.argsort(self.author, kind="stable")
        return order, np.searchsorted(self.author[order], np.arange(self.authors + 1))


class PostMetric(LogMetric):
    """A metric of a forum's log. In a trial, the society's channel is a forum.

    Raises:
        StudyError: in a trial, there is no forum.
    """

    def watch(self, tick: Tick) -> Named[Array]:
        """What was posted, liked and replied to, and what was shown."""
        feed = tick.inbox
        if not isinstance(feed, Feed):
            raise StudyError(
                f"{type(self).__name__} reads the posts of a forum, and this society's channel is none; expected the channel "
                "Forum: say nothing of posts, or give the society one"
            )
        posted, said = tick.answered[POST], tick.bound[POST]
        kept: list[tuple[str, Array]] = []
        if said.ndim == 2:
            kept += [("vector", said.astype(jnp.int16)), ("posted", posted & (said != 0).any(1))]
        else:
            kept += [("handle", said), ("posted", posted & (said >= 0))]
        kept += [("number", feed.number), ("there", feed.there)]
        if LIKE in tick.menu:
            kept.append(("liked", jnp.where(tick.answered[LIKE], tick.bound[LIKE], 0).astype(jnp.uint8)))
        if REPLY in tick.menu:
            kept.append(("reply", jnp.where(tick.answered[REPLY], tick.bound[REPLY], 0).astype(jnp.int8)))
        return Named.of(*kept)

    def gather(self, seen: Seen, texts: tuple[str, ...]) -> Posts:
        """The trial's posts; a day is the tenth part of the trial, at least a tick."""
        return posts_of(seen, texts)

    @abc.abstractmethod
    def measure(self, log: Posts) -> float:
        """The value; NaN where there is none."""

    @abc.abstractmethod
    def shuffled(self, log: Posts, draw: np.random.Generator) -> Posts:
        """The null model: the same log, with what the metric looks for shuffled away.

        Args:
            log: of posts.
            draw: where the order comes from.
        """


def shuffle_within(values: NDArray[Any], groups: Ints, draw: np.random.Generator) -> NDArray[Any]:
    """The values, in a random order among those of each group: for null models.

    Args:
        values: [p, ...]
        groups: a number of the group of each. [p]
        draw: where the order comes from.
    """
    order = np.argsort(groups, kind="stable")
    mixed = np.lexsort((draw.random(len(groups)), groups))
    found = np.empty_like(values)
    found[order] = values[mixed]
    return found


def posts_of(seen: Mapping[str, NDArray[Any]], texts: tuple[str, ...] = ()) -> Posts:
    """The posts of a trial, from what post metrics keep of it.

    Args:
        seen: [t, ...] by name, as `PostMetric.watch` returns them.
        texts: the trial's text table.
    """
    posted = seen["posted"].astype(bool)
    ticks, seats = posted.shape
    at, author = np.nonzero(posted)
    there, number = seen["there"].astype(bool), seen["number"].astype(np.int64)
    parent = np.full(len(at), -1, np.int64)
    if "reply" in seen:
        place = seen["reply"][at, author].astype(np.int64) - 1
        answered = place >= 0
        answered[answered] = there[at[answered], author[answered], place[answered]]
        parent[answered] = number[at[answered], author[answered], place[answered]]
    if "liked" in seen:
        bits = (seen["liked"][..., None] >> np.arange(there.shape[2], dtype=np.uint8)) & 1
        when, liker, place = np.nonzero((bits > 0) & there)
        liked = number[when, liker, place]
    else:
        when = liker = liked = _none()
    vector = seen["vector"][at, author].astype(np.float32) / np.float32(ONE_PART) if "vector" in seen else None
    return Posts(
        author=author.astype(np.int64),
        time=at.astype(np.float64),
        parent=parent,
        score=np.bincount(liked, minlength=len(at)).astype(np.float64),
        authors=seats,
        day=max(1.0, ticks / 10),
        vector=vector,
        text=seen["handle"][at, author].astype(np.int64) if "handle" in seen else _none(),
        texts=texts if "handle" in seen else (),
        liker=liker.astype(np.int64),
        liked=liked.astype(np.int64),
        like_time=when.astype(np.float64),
        views=int(there.sum()),
    )
