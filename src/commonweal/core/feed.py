"""What a forum shows a seat: posts in at most `k` places, and what became of its own.

A value of zeros is an empty feed: the first tick's inbox. What a switch hides is not in it.

Source: ours.
"""

from __future__ import annotations

import equinox as eqx
from jaxtyping import Array, Bool, Int32, UInt8

from commonweal.core.arrays import Index
from commonweal.core.content import Vectors

POST = "post"
"""Name of the question what to post."""
REPLY = "reply"
"""Name of the question which place is replied to: 0, none; j: place j - 1."""
LIKE = "like"
"""Name of the question which places are liked: bit j, place j."""
FOLLOW = "follow"
"""Name of the question whose author is followed: 0, nobody; j: that of place j - 1."""

ANCHOR = "anchor"
"""Name of the question whom everybody looks to: 0, nobody; j: the seat j - 1."""


class Feed(eqx.Module):
    """What each seat sees of the forum: row i is what seat i sees, in `k` places."""

    handle: Int32[Array, "a k"]
    """Handle into the text table; -1 where there is none, or posts are vectors."""
    vector: Vectors
    """What posts say, [a, k, d] in units of 2^-10; d is 0 where posts are texts."""
    there: Bool[Array, "a k"]
    """Whether there is a post in this place."""
    number: Int32[Array, "a k"]
    """The post's number: posts are numbered from 0 in the order of ticks, and of seats within one. Means nothing to minds."""
    by: Int32[Array, "a k"]
    """Its author; -1 where there is none or authors are hidden."""
    likes: Int32[Array, "a k"]
    """Likes it has; 0 where scores are hidden."""
    age: Int32[Array, "a k"]
    """Ticks since it was posted, at least 1 where there is a post."""
    answer: Int32[Array, "a k"]
    """What its author answered in that tick to the question whose answers posts carry; -1: nothing, or posts carry none."""
    mine: Index
    """Likes that the seat's posts got in the last tick; 0 where scores are hidden."""
    karma: Index
    """Likes that the seat's posts have got in all; 0 where scores are hidden."""
    replied: Index
    """Replies that the seat's posts got in the last tick."""


class Watched(eqx.Module):
    """What a rule tells each seat of its audience in the coming tick."""

    watched: Bool[Array, "a"]
    """Whether it is being watched, as far as it is told."""


Likes = UInt8[Array, "a"]
"""Bit j of row i: whether seat i likes the post in its place j."""
