"""Posters of vectors on a forum: one family from frozen ones, that read and never learn, to learners at a known rate.

A poster has a persona m, a direction drawn at birth. When it posts, it says

    v = keeps m + reads f + news n + heeds p + noise e,   stretched to length 1

with f the direction of the mean of what it sees, n the news, p the post that it replies to, and e a random direction. What it
sees and is told may move its persona for good:

    absorbs    m <- m + absorbs f          f: the direction of the mean of what it sees with cosine to m of at least `within`
    learns     m <- m + learns (g - G) w   g: likes in the last tick; w: what it had said last when they were given
                                           G <- G + (g - G) / 8, and g - G from -4 to 4

both stretched to length 1 and rounded at random, so that small steps add up. Rates and weights count to the nearest 2^-10. With
these genes a seat is

    frozen               absorbs = learns = 0: whatever it reads moves what it says, and is gone at the next tick
    imitator             absorbs > 0              contrarian     absorbs < 0 or reads < 0
    feedback learner     learns = alpha > 0       committed      keeps = 1 alone: a persona that nothing moves
    bounded confidence   absorbs > 0, within > -1

It posts with probability `activity`; a regular one at evenly spaced ticks, a bursty one in and out of spells: a fifth of the
time in a spell, in which it posts more, (1 + 4 bursty) times, than outside, (1 - bursty) times: `activity` is its mean as long
as activity (1 + 4 bursty) <= 1. `spurred` adds to its activity after likes. It likes what has a cosine to m of at least
`taste`, and replies to a place drawn at random.
Asked whom everybody looks to, it names the author of the most liked post that it sees.

Source: ours; absorption after M. DeGroot, JASA 69 (1974), and R. Hegselmann and U. Krause, JASSS 5 (2002); bursts after
A.-L. Barabasi, Nature 435 (2005); learning from likes as the feedback adaptation that arXiv 2602.14299 looked for.
"""

from __future__ import annotations

from typing import ClassVar

import equinox as eqx
import jax.core
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int32

from commonweal.core.arrays import Flags, Index, flag, real
from commonweal.core.content import ONE_PART, PART_BITS, Vectors, directions, inner, of_length_one
from commonweal.core.errors import StudyError
from commonweal.core.feed import ANCHOR, FOLLOW, LIKE, POST, REPLY, Feed
from commonweal.core.named import Named
from commonweal.core.parts import Mind
from commonweal.core.questions import Act, Amount
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.core.views import Decision, View

Gene = Float[Array, "*a"]
_SPELL = 0.2
_LEAVES = 0.1
_MOST_LIKES = 64
_BASE_BITS = 8
_LOT_BITS = 8


class Persona(eqx.Module):
    """What posters remember."""

    persona: Vectors
    """Each seat's direction, [a, d]."""
    said: Vectors
    """What it said last, [a, d]; zeros: nothing yet."""
    aired: Vectors
    """What it had said last a tick earlier: what others could see when they gave the latest likes. [a, d]"""
    base: Index
    """Likes that it is used to get in a tick, in units of 2^-8."""
    spell: Flags
    """Whether it is in a spell of activity."""
    spur: Index
    """How much likes have spurred it on, in units of 2^-10."""
    age: Index
    """Ticks since birth."""


class Poster(Mind):
    """A poster of vectors; every number is a scalar, or one value a seat. By default frozen: it reads, and never learns.

    Raises:
        StudyError: a number is out of range; in a trial, there is no forum of vectors.

    Source: ours.
    """

    family: ClassVar[bool] = True
    memory_depth: ClassVar[float] = float("inf")

    size: int = eqx.field(static=True, default=16)
    """Parts of a vector: those of the forum."""
    activity: Gene = eqx.field(converter=real, default=0.5)
    """Probability of a post at a tick, 0 to 1."""
    bursty: Gene = eqx.field(converter=real, default=0.0)
    """How much it posts in spells, 0 to 1."""
    regular: Bool[Array, "*a"] = eqx.field(converter=flag, default=False)
    """Whether it posts at evenly spaced ticks."""
    keeps: Gene = eqx.field(converter=real, default=1.0)
    """Weight of its persona, -4 to 4, as all weights."""
    reads: Gene = eqx.field(converter=real, default=0.5)
    """Weight of what it sees."""
    news: Gene = eqx.field(converter=real, default=0.0)
    """Weight of the news, where the world has some."""
    heeds: Gene = eqx.field(converter=real, default=0.0)
    """Weight of the post that it replies to."""
    noise: Gene = eqx.field(converter=real, default=1.0)
    """Weight of a random direction."""
    absorbs: Gene = eqx.field(converter=real, default=0.0)
    """Rate at which what it sees moves its persona, -1 to 1."""
    within: Gene = eqx.field(converter=real, default=-1.0)
    """Least cosine to its persona of what can move it, -1 (all) to 1."""
    learns: Gene = eqx.field(converter=real, default=0.0)
    """Rate at which likes move its persona, 0 to 1."""
    spurred: Gene = eqx.field(converter=real, default=0.0)
    """How much more it posts after likes, 0 to 4: times 1 + spurred; it wears off by an eighth a tick."""
    taste: Gene = eqx.field(converter=real, default=0.3)
    """Least cosine to its persona of what it likes, -1 (all) to 1."""
    keen: Gene = eqx.field(converter=real, default=0.5)
    """Probability that it says so, 0 to 1."""
    replies: Gene = eqx.field(converter=real, default=0.3)
    """Probability that a post is a reply, 0 to 1."""
    poles: Gene = eqx.field(converter=real, default=0.0)
    """At birth, weight of the first part, up or down by a coin, beside a random direction of weight 1: 0 to 16."""

    def __check_init__(self) -> None:
        """Refuse numbers out of range."""
        unit, weight, cosine = (0.0, 1.0), (-4.0, 4.0), (-1.0, 1.0)
        ranges = dict.fromkeys(("activity", "bursty", "learns", "keen", "replies"), unit)
        ranges |= dict.fromkeys(("keeps", "reads", "news", "heeds", "noise"), weight)
        ranges |= dict.fromkeys(("absorbs", "within", "taste"), cosine)
        ranges |= {"spurred": (0.0, 4.0), "poles": (0.0, 16.0)}
        for name, (low, high) in ranges.items():
            value = getattr(self, name)
            if not isinstance(value, jax.core.Tracer) and not bool(((value >= low) & (value <= high)).all()):
                raise StudyError(f"a poster with {name} = {value.tolist()}; expected numbers from {low:g} to {high:g}")

    def init(self, key: Key, seats: Seats) -> Persona:
        """A persona in a random direction, or near one of two poles."""
        n = seats.n
        side = jnp.where(key.child("side").bits(n) >> 31 > 0, ONE_PART, -ONE_PART)
        pole = jnp.zeros((n, self.size), jnp.int32).at[:, 0].set(side)
        persona = _mixed((directions(key.child("persona"), (n, self.size)), _fixed(1.0)), (pole, _fixed(self.poles)))
        none = jnp.zeros(n, jnp.int32)
        spell = key.child("spell").chance(_SPELL, n)
        silence = jnp.zeros_like(persona)
        return Persona(persona, silence, silence, none, spell, none, none)

    def act(self, memory: Persona, view: View, key: Key) -> Decision:
        """Be moved by what was seen and liked; then post, reply, like and follow."""
        feed = self._feed(view)
        n = memory.age.shape[0]
        # The likes that a seat got are not those of a mind that has just come to it.
        liked = jnp.where(view.born, 0, feed.mine)
        persona, base = self._moved(memory, feed, liked, key.child("rounds"))
        spur = jnp.minimum(memory.spur - (memory.spur >> 3) + jnp.minimum(liked, 1) * ONE_PART, ONE_PART)
        spell = jnp.where(
            memory.spell,
            ~key.child("leave").chance(_LEAVES, n),
            key.child("enter").chance(_LEAVES * _SPELL / (1 - _SPELL), n),
        )
        posts = self._posts(memory.age, spell, spur, key) & view.menu[POST].asked
        place = jnp.where(
            key.child("reply").chance(self.replies, n) & posts, key.child("place").below(feed.there.shape[1], n) + 1, 0
        )
        # Without an address: one that ends a chain of hashes is looked through by the compiler for a minute.
        whom = feed.there & (place[:, None] == jnp.arange(1, feed.there.shape[1] + 1))
        answers = whom.any(1)
        parent = jnp.where(whom[..., None], feed.vector, 0).sum(1, dtype=jnp.int32)
        noise = directions(key.child("noise"), (n, self.size))
        news = self._news(view, noise)
        says = _mixed(
            (persona, _fixed(self.keeps)),
            (_mean(feed, feed.there), _fixed(self.reads)),
            (news, _fixed(self.news)),
            (parent, _fixed(self.heeds)),
            (noise, _fixed(self.noise)),
        )
        near = inner(feed.vector, persona[:, None])
        likes = feed.there & (near >= _rows(_fixed(self.taste), n)[:, None])
        likes = likes & key.child("keen").chance(_rows(self.keen, n)[:, None], likes.shape)
        bits = (likes.astype(jnp.uint8) << jnp.arange(likes.shape[1], dtype=jnp.uint8)).sum(1, dtype=jnp.uint8)
        best = jnp.where(likes.any(1), jnp.argmax(jnp.where(likes, near, -ONE_PART - 1), 1).astype(jnp.int32) + 1, 0)
        given: dict[str, Act] = {
            POST: jnp.where(posts[:, None], says, 0),
            REPLY: jnp.where(answers, place, 0),
            LIKE: bits,
            FOLLOW: best,
        }
        if isinstance(view.menu.get(ANCHOR), Amount):
            given[ANCHOR] = _looked_to(feed)
        acts = Named.of(*((name, given[name]) for name in view.menu if name in given))
        said = jnp.where(posts[:, None], says, memory.said)
        return Decision(acts, Persona(persona, said, memory.said, base, spell, spur, memory.age + 1))

    def _feed(self, view: View) -> Feed:
        """The forum's feed.

        Raises:
            StudyError: there is none, or one of other vectors.
        """
        if isinstance(view.inbox, Feed) and view.inbox.vector.shape[2] == self.size:
            return view.inbox
        raise StudyError(
            f"a poster of vectors of {self.size} parts found no such forum; expected the channel Forum(size={self.size})"
        )

    def _news(self, view: View, like: Vectors) -> Vectors:
        """The news; zeros where the world has none.

        Raises:
            StudyError: it has other parts than posts.
        """
        news = view.seen["news"] if "news" in view.seen else jnp.zeros_like(like)
        if news.shape == like.shape:
            return news
        raise StudyError(
            f"a poster of vectors of {self.size} parts found news of shape {news.shape}; expected news of as many parts: give "
            "the world and the forum one size"
        )

    def _moved(self, memory: Persona, feed: Feed, liked: Index, key: Key) -> tuple[Vectors, Index]:
        """The persona after what was seen and liked, and the likes that it is used to."""
        n = memory.age.shape[0]
        near = inner(feed.vector, memory.persona[:, None]) >= _rows(_fixed(self.within), n)[:, None]
        seen = _mean(feed, feed.there & near)
        likes = jnp.minimum(liked, _MOST_LIKES) << _BASE_BITS
        surprise = jnp.clip(likes - memory.base, -ONE_PART, ONE_PART)
        # Rounded to the nearest 2^-8: the base settles within 4 of these of the mean.
        base = memory.base + ((likes - memory.base + 4) >> 3)
        pull = (_fixed(self.learns) * surprise + (1 << _BASE_BITS >> 1)) >> _BASE_BITS
        heard = jnp.where((memory.aired != 0).any(1), pull, 0)
        absorbs = jnp.where((seen != 0).any(1), _rows(_fixed(self.absorbs), n), 0)
        moved = memory.persona * ONE_PART + absorbs[:, None] * seen + heard[:, None] * memory.aired
        return jnp.where(((absorbs == 0) & (heard == 0))[:, None], memory.persona, _rounded(moved, key)), base

    def _posts(self, age: Index, spell: Flags, spur: Index, key: Key) -> Flags:
        """Who posts."""
        n = age.shape[0]
        # In whole numbers: a float sum of a product may be rounded once or twice.
        more = (ONE_PART + ((_fixed(self.spurred) * spur) >> PART_BITS)).astype(jnp.float32) / ONE_PART
        rate = self.activity * more * jnp.where(spell, 1.0 + 4.0 * self.bursty, 1.0 - self.bursty)
        gap = jnp.maximum(jnp.round(1.0 / jnp.maximum(_rows(self.activity, n), 1e-4)).astype(jnp.int32), 1)
        due = (age + jnp.arange(n, dtype=jnp.int32)) % gap == 0
        return jnp.where(_rows(self.regular, n), due & (_rows(self.activity, n) > 0), key.child("posts").chance(rate, n))


def _looked_to(feed: Feed) -> Index:
    """Whom a seat would name if it was asked whom everybody looks to: the author of the most liked post that it sees."""
    known = jnp.where(feed.by >= 0, feed.likes, 0)
    best = jnp.argmax(known, 1)[:, None]
    return jnp.where(known.max(1) > 0, jnp.take_along_axis(feed.by, best, 1)[:, 0] + 1, 0)


def _fixed(value: Gene | float) -> Int32[Array, "*a"]:
    """A gene in units of 2^-10."""
    return jnp.round(jnp.asarray(value, jnp.float32) * ONE_PART).astype(jnp.int32)


def _rows(value: Array, n: int) -> Array:
    """A gene with one value a seat."""
    return jnp.broadcast_to(value, (n,))


def _mean(feed: Feed, chosen: Bool[Array, "a k"]) -> Vectors:
    """The mean of what is seen in the chosen places, stretched to length 1."""
    return of_length_one(jnp.where(chosen[..., None], feed.vector, 0).sum(1, dtype=jnp.int32))


def _rounded(whole: Vectors, key: Key) -> Vectors:
    """Vectors in units of 2^-20, of length at most 8, stretched to length 1 in units of 2^-10.

    Rounded up or down by lot, so that on average nothing is lost: a persona that is moved a little at each tick would
    otherwise stay where it is, or creep in the direction of the rounding.
    """
    coarse = (whole + (ONE_PART >> 1)) >> PART_BITS
    square = (coarse * coarse).sum(-1, keepdims=True, dtype=jnp.int32)
    length = jnp.sqrt(jnp.maximum(square, 1).astype(jnp.float32))
    fine = jnp.round(whole.astype(jnp.float32) * (jnp.float32(1 << _LOT_BITS) / length)).astype(jnp.int32)
    lot = (key.bits(whole.shape) >> (32 - _LOT_BITS)).astype(jnp.int32)
    return jnp.clip((fine + lot) >> _LOT_BITS, -ONE_PART, ONE_PART)


def _mixed(*parts: tuple[Vectors, Int32[Array, "*a"]]) -> Vectors:
    """A weighted sum of vectors, [a, d], stretched to length 1."""
    n = parts[0][0].shape[0]
    terms = [_rows(weight, n)[:, None] * vector >> 4 for vector, weight in parts]
    return of_length_one(sum(terms[1:], terms[0]))
