"""Threads of a forum: who answers whom, how deep, under which post; and a null model in which it is left to chance.

Letters: `p` posts and comments, `c` comments, as in `core/posts.py`: the parent of a comment is an earlier place.

Source: ours; paths are followed by pointer jumping as in J. Wyllie, The Complexity of Parallel Computations (1979).
"""

from __future__ import annotations

import dataclasses
from typing import Literal

import numpy as np

from commonweal.core.errors import StudyError
from commonweal.core.posts import Ints, Posts

TRIES = 16
"""How often a parent is drawn again when it is by the commenter."""


def _climb(parent: Ints) -> tuple[Ints, Ints]:
    """The number of steps from each place to the top of its thread, and that top. [p] each."""
    place = np.arange(len(parent))
    if (parent >= place).any():
        raise StudyError("a parent does not stand before its comment; expected posts in order of time, parents first")
    up = np.where(parent >= 0, parent, place)
    steps = (parent >= 0).astype(np.int64)
    while True:
        # Each round doubles the way that is known: a thread of depth 2^k takes k rounds.
        further = up[up]
        if np.array_equal(further, up):
            return steps, up
        steps += steps[up]
        up = further


def depths(parent: Ints) -> Ints:
    """How deep each stands in its thread: a post 0, a comment on it 1, an answer to that 2. [p]

    Args:
        parent: place of what it replies to; -1: nothing. [p]

    Raises:
        StudyError: a parent stands behind its comment.
    """
    return _climb(parent)[0]


def roots(parent: Ints) -> Ints:
    """The place of the post at the top of each one's thread; of a post, its own. [p]

    Args:
        parent: place of what it replies to; -1: nothing. [p]

    Raises:
        StudyError: a parent stands behind its comment.
    """
    return _climb(parent)[1]


def exchanges(log: Posts) -> Ints:
    """The places of comments on what somebody else said, in order of time. [c]"""
    comments = np.flatnonzero(log.parent >= 0)
    return comments[log.author[comments] != log.author[log.parent[comments]]]


Among = Literal["alike", "any", "posts"]


def parents_redrawn(log: Posts, draw: np.random.Generator, among: Among = "alike") -> Posts:
    """The log with each comment moved to a random parent: of the day of its own, before it, by somebody else.

    Comments on oneself stay where they are, as do those for which no other parent is found.

    Args:
        log: of posts.
        draw: where parents come from.
        among: `alike`: comments on posts stay so, and answers to comments; `any`: any post or comment may be answered;
            `posts`: posts alone, of the day of the thread's.
    """
    replies = exchanges(log)
    target = roots(log.parent)[replies] if among == "posts" else log.parent[replies]
    days = log.days
    first = np.searchsorted(days, days[target], side="left")
    end = np.minimum(np.searchsorted(days, days[target], side="right"), replies)
    parent = log.parent.copy()
    kinds = {"alike": (log.tops, ~log.tops), "any": (np.ones(len(log), bool),), "posts": (log.tops,)}[among]
    for kind in kinds:
        places, mine = np.flatnonzero(kind), kind[target]
        asking = replies[mine]
        low, high = np.searchsorted(places, first[mine]), np.searchsorted(places, end[mine])
        for _ in range(TRIES):
            found = places[np.minimum(low + np.floor(draw.random(len(low)) * (high - low)).astype(np.int64), len(places) - 1)]
            good = (high > low) & (log.author[found] != log.author[asking])
            parent[asking[good]] = found[good]
            asking, low, high = asking[~good], low[~good], high[~good]
            if not len(asking):
                break
    return dataclasses.replace(log, parent=parent)
