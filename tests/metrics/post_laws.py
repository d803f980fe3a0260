"""Random logs of a forum with effects planted in them, and the laws of a metric of such logs.

A log is made post by post: an author, due after a gap, speaks near its persona, perhaps in reply to an earlier post; how many
likes that gets is a matter of chance alone, and known at once. Whatever a metric looks for is absent unless it is planted.
"""

from __future__ import annotations

import dataclasses
import heapq
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from commonweal.core.posts import PostMetric, Posts

DAYS = 10
REPLIES = 0.5
"""The share of posts that reply to an earlier post of another."""
LIKES = 3.0
"""Mean likes of a post."""
HIGH = 6
"""Likes from which on a post has a high score (about one in twelve)."""
LOGS = 100
SHUFFLES = 39
"""The measured value is within the least and the largest of 39 shuffled ones in 38 of 40 logs: a 95 % interval."""
COVERED = 90
"""So many of 100 logs at least must be covered: fewer than 90 have a chance of .01."""


@dataclasses.dataclass(frozen=True)
class Planted:
    """Effects in a log; all absent by default."""

    learning: float = 0.0
    """How far a persona moves to what it said, for each like above the mean (and away for each below). 0 to .3"""
    pull: float = 0.0
    """How far a persona moves to the common centre at each post. 0 to 1"""
    influence: float = 0.0
    """How far a persona moves to what it replied to. 0 to 1"""
    copies: float = 0.0
    """The share of posts that repeat an earlier one exactly."""
    regular: float = 1.0
    """The shape of the gamma distribution of an author's gaps, whose coefficient of variation is its root's inverse: 1,
    Poisson; above, regular; below, bursts."""
    spurred: float = 0.0
    """An author posts 1 + this times as often from its first high-score post on."""
    swayed: float = 0.0
    """How far a persona moves to a random direction, once, at its first high-score post. 0 to 1"""
    quarrels: float | None = None
    """The chance that a reply contradicts (cosine below 0), if replies are about their parent at all (None: they are not)."""
    again: float = 0.0
    """How much larger that chance is between two whose first exchange was a contradiction."""
    crowd: float = 1.0
    """How much of a persona is the common centre; 0: personas are uniformly random."""


def random_log(
    draw: np.random.Generator, authors: int = 12, posts: int = 240, d: int = 8, planted: Planted | None = None
) -> Posts:
    """A log with vectors and texts (six words, a Zipf law of 200 words), likes with their givers, and ten days of about
    24 hours each in seconds. All authors post at the same rate."""
    plant = planted or Planted()
    centre = _unit(draw.normal(size=d))
    persona = _rows(plant.crowd * centre + _rows(draw.normal(size=(authors, d))))
    noise = _rows(draw.normal(size=(posts, d)))
    score = draw.poisson(LIKES, posts)
    chance = draw.random((posts, 4))
    gaps = draw.gamma(plant.regular, 1 / plant.regular, (posts + authors,))
    words = draw.zipf(1.5, (posts, 6)) % 200
    due = [(gaps[posts + i] * draw.random(), i) for i in range(authors)]
    heapq.heapify(due)
    author, time = np.zeros(posts, np.int64), np.zeros(posts)
    parent, vector = np.full(posts, -1, np.int64), np.zeros((posts, d))
    rate, first_exchange = np.ones(authors), dict[tuple[int, int], bool]()
    for at in range(posts):
        time[at], who = heapq.heappop(due)
        author[at] = who
        said = _unit(persona[who] + 0.7 * noise[at])
        others = np.flatnonzero(author[max(0, at - 40) : at] != who) + max(0, at - 40)
        if len(others) and chance[at, 0] < REPLIES:
            parent[at] = others[int(chance[at, 1] * len(others))]
            heard, pair = vector[parent[at]], (min(who, author[parent[at]]), max(who, author[parent[at]]))
            if plant.quarrels is not None:
                worse = plant.quarrels + plant.again * first_exchange.get(pair, False)
                against = bool(chance[at, 2] < worse)
                first_exchange.setdefault(pair, against)
                said = _unit((-1 if against else 1) * heard + 0.35 * noise[at])
            persona[who] = _unit(persona[who] + plant.influence * (heard - persona[who]))
        if at and chance[at, 3] < plant.copies:
            old = int(chance[at, 3] / plant.copies * at)
            said, words[at] = vector[old], words[old]
        vector[at] = said
        persona[who] = _unit(persona[who] + plant.learning * (score[at] - LIKES) * (said - persona[who]))
        persona[who] = _unit(persona[who] + plant.pull * (centre - persona[who]))
        if score[at] >= HIGH and rate[who] == 1.0:
            rate[who] = 1.0 + max(plant.spurred, 1e-12)
            persona[who] = _unit((1 - plant.swayed) * persona[who] + plant.swayed * noise[(at + 1) % posts])
        heapq.heappush(due, (time[at] + gaps[at] / rate[who], who))
    return _log_of(draw, (author, time, parent, vector, score, words), authors)


def log_by_hand(author: list[int], time: list[float], vector: object = None, texts: list[str] | None = None) -> Posts:
    """A log of posts at the top without likes, written down by hand; a day is 1 long."""
    return Posts(
        author=np.array(author, np.int64),
        time=np.array(time, np.float64),
        parent=np.full(len(author), -1, np.int64),
        score=np.zeros(len(author)),
        authors=max(author, default=-1) + 1,
        day=1.0,
        vector=None if vector is None else np.array(vector, np.float32),
        text=np.arange(len(author)) if texts is not None else np.zeros(0, np.int64),
        texts=tuple(texts or ()),
    )


def check_post_metric(metric: PostMetric, says: bool = True) -> None:
    """Laws of a metric of posts, on random logs: within its bounds, also of shuffled logs; the same when authors are
    renumbered and when nothing is appended; NaN, not an error, of a log without posts.

    Args:
        metric: of posts.
        says: whether it reads what is said: then posts that say nothing and authors who never post change nothing, and the
            value of a log that says nothing is NaN.
    """
    assert metric.source, f"{metric} lacks a source"
    assert metric.unit, f"{metric} lacks a unit"
    assert metric.null, f"{metric} lacks a null model"
    draw = np.random.default_rng(71)
    for planted in (Planted(), Planted(learning=0.1, copies=0.2, regular=4.0), Planted(pull=0.1, influence=0.2, quarrels=0.3)):
        log = random_log(draw, planted=planted)
        value = metric.measure(log)
        assert metric.low <= value <= metric.high, f"{value} is out of [{metric.low}, {metric.high}]"
        other = metric.measure(metric.shuffled(log, draw))
        assert metric.low <= other <= metric.high, f"shuffled, {other} is out of [{metric.low}, {metric.high}]"
        same = [renumbered(log, draw), log.where(np.ones(len(log), bool))]
        same += [dataclasses.replace(silenced(log), authors=log.authors + 3)] if says else []
        for again in same:
            assert np.isclose(metric.measure(again), value, rtol=1e-6, atol=1e-9), f"{metric.measure(again)}, not {value}"
    nothing = log.where(np.zeros(len(log), bool))
    assert np.isnan(metric.measure(nothing))
    assert len(metric.shuffled(nothing, draw)) == 0
    if says:
        assert np.isnan(metric.measure(dataclasses.replace(log, vector=None, text=np.zeros(0, np.int64), texts=())))
        assert np.isnan(
            metric.measure(dataclasses.replace(log, vector=np.zeros_like(log.vector), texts=("",) * len(log.texts)))
        )


def covered(metric: PostMetric, make: Callable[[np.random.Generator], Posts], seed: int = 72) -> int:
    """Of how many of 100 random logs, in which the effect is absent, the value is in the 95 % interval of shuffled ones.

    Args:
        metric: of posts; a log of which it has no value counts as covered.
        make: makes a log.
        seed: of all logs and shuffles.
    """
    draw = np.random.default_rng(seed)
    inside = 0
    for _ in range(LOGS):
        log = make(draw)
        value = metric.measure(log)
        shuffled = [metric.measure(metric.shuffled(log, draw)) for _ in range(SHUFFLES)]
        inside += bool(np.isnan(value) or np.nanmin(shuffled) - 1e-12 <= value <= np.nanmax(shuffled) + 1e-12)
    return inside


def renumbered(log: Posts, draw: np.random.Generator) -> Posts:
    """The same log with other numbers for its authors."""
    number = draw.permutation(log.authors)
    return dataclasses.replace(log, author=number[log.author], liker=number[log.liker] if len(log.liker) else log.liker)


def silenced(log: Posts) -> Posts:
    """The same log and, after each tenth post, one by the same author at the same time that says nothing."""
    mask = np.arange(len(log)) % 10 == 0
    place = np.arange(len(log)) + np.cumsum(mask) - mask
    order = np.repeat(np.arange(len(log)), 1 + mask)
    empty = np.ones(len(order), bool)
    empty[place] = False
    assert log.vector is not None
    return dataclasses.replace(
        log,
        author=log.author[order],
        time=log.time[order],
        parent=np.where(log.parent[order] >= 0, place[np.maximum(log.parent[order], 0)], -1),
        score=np.where(empty, 0.0, log.score[order]),
        vector=np.where(empty[:, None], 0, log.vector[order]).astype(np.float32),
        text=np.where(empty, len(log.texts), log.text[order]),
        texts=(*log.texts, ""),
        liked=place[log.liked],
    )


def _log_of(draw: np.random.Generator, columns: tuple[NDArray, ...], authors: int) -> Posts:
    author, time, parent, vector, score, words = columns
    spans = time[-1] - time[0] + 1e-9
    time = time * DAYS / spans * 86_400
    said = [" ".join(f"word{word}" for word in row) for row in words]
    texts = tuple(dict.fromkeys(said))
    places = {text: place for place, text in enumerate(texts)}
    liked = np.repeat(np.arange(len(author)), score)
    return Posts(
        author=author,
        time=time,
        parent=parent,
        score=score.astype(np.float64),
        authors=authors,
        day=86_400.0,
        vector=vector.astype(np.float32),
        text=np.array([places[text] for text in said], np.int64),
        texts=texts,
        liker=(author[liked] + draw.integers(1, authors, len(liked))) % authors,
        liked=liked,
        like_time=time[liked] + 60.0,
    )


def _unit(vector: NDArray[np.float64]) -> NDArray[np.float64]:
    return vector / max(float(np.sqrt(vector @ vector)), 1e-12)


def _rows(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
