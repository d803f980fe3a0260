"""Whether people like their own camp more than they meet it.

    mean over likes of (1 if the liked post is of the liker's camp, else 0) - (the share of that camp among what could be liked)

What could be liked are the posts of the liked post's day, by others who have a camp. The camp of an author is the sign of the
mean stance of its posts, the first part of what each says; likes by and of others are left out. 0: liked as met; above 0: own
posts are favoured. A forum that shows people mostly their own camp gives a value above 0 too: the log does not tell who saw
what. Vectors are needed: texts have no stance.

Null model: each like goes to any of the posts that could be liked.

Source: the difference of in-group and out-group affect, S. Iyengar, G. Sood and Y. Lelkes, "Affect, not ideology", Public
Opinion Quarterly 76 (2012); its baseline, in-group ties beyond what meeting gives, J. Coleman, Human Organization 17 (1958).
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from commonweal.core.posts import Ints, PostMetric, Posts
from commonweal.statistics.stances import camps_of, stances_of


class AffectivePolarisation(PostMetric):
    """The share of likes given to the own camp, less the share of that camp among what could be liked."""

    unit: ClassVar[str] = "1"
    low: ClassVar[float] = -1.0
    high: ClassVar[float] = 1.0
    source: ClassVar[str] = (
        "Iyengar, Sood and Lelkes, Public Opinion Quarterly 76 (2012); Coleman, Human Organization 17 (1958)"
    )
    null: ClassVar[str] = "0 where likes go to any of the day's posts by others"

    def measure(self, log: Posts) -> float:
        """-1 to 1; NaN where nobody with a camp likes a post by another who has one."""
        known = _likes(log)
        if not len(known.like):
            return float("nan")
        days, writer = log.days[known.posts], log.author[known.posts]
        day, author = log.days[log.liked[known.like]], log.liker[known.like]
        own = known.camp[author]
        posted = np.zeros((int(log.days[-1]) + 1, 2))
        np.add.at(posted, (days, known.camp[writer]), 1.0)
        # The liker's own posts of that day are no candidates.
        key, of = days * log.authors + writer, day * log.authors + author
        place, count = np.unique(key, return_counts=True)
        at = np.minimum(np.searchsorted(place, of), len(place) - 1)
        mine = np.where(place[at] == of, count[at], 0)
        share = (posted[day, own] - mine) / (posted[day].sum(1) - mine)
        return float(((known.camp[log.author[log.liked[known.like]]] == own) - share).mean())

    def shuffled(self, log: Posts, draw: np.random.Generator) -> Posts:
        """Each like that counts goes to any post of the day by another who has a camp."""
        known = _likes(log)
        liked = log.liked.copy()
        days, day = log.days[known.posts], log.days[log.liked[known.like]]
        first, end = np.searchsorted(days, day), np.searchsorted(days, day, side="right")
        left = np.arange(len(known.like))
        while len(left):
            # The post that was liked is by another, so that each draw has a chance.
            place = first[left] + (draw.random(len(left)) * (end[left] - first[left])).astype(np.int64)
            chosen = known.posts[place]
            fine = log.author[chosen] != log.liker[known.like[left]]
            liked[known.like[left[fine]]] = chosen[fine]
            left = left[~fine]
        score = log.score + np.bincount(liked, minlength=len(log)) - np.bincount(log.liked, minlength=len(log))
        return dataclasses.replace(log, liked=liked, score=score)


@dataclass(frozen=True)
class _Likes:
    """What counts of a log."""

    camp: Ints
    """Camp of each author, 0 or 1; -1: none. [a]"""
    posts: Ints
    """The places of posts with a stance by authors with a camp, in order of time."""
    like: Ints
    """Which likes are of those, by another who has a camp."""


def _likes(log: Posts) -> _Likes:
    camp = camps_of(log)
    counts = ~np.isnan(stances_of(log)) & (camp[log.author] >= 0)
    fine = counts[log.liked] & (camp[log.liker] >= 0) & (log.author[log.liked] != log.liker)
    return _Likes(camp, np.flatnonzero(counts), np.flatnonzero(fine))
