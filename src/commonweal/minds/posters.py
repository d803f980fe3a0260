"""Posters of vectors on a forum: one family from frozen ones, that read and never learn, to learners at a known rate.

A poster has a persona m, a direction drawn at birth. When it posts, it says

    v = keeps m + reads f + news n + heeds p + noise e,   stretched to length 1

with f the mean of what it sees, n the news, p the post that it replies to, and e a random direction. What it sees and is told
may move its persona for good:

    absorbs    m <- m + absorbs f              where f is the mean of what it sees with cosine to m of at least `within`
    learns     m <- m + learns (g - G) w       w: what it said last; g: likes in the last tick; G <- G + (g - G) / 8

both stretched to length 1, so that with these genes a seat is

    frozen               absorbs = learns = 0: whatever it reads moves what it says, and is gone at the next tick
    imitator             absorbs > 0              contrarian     absorbs < 0 or reads < 0
    feedback learner     learns = alpha > 0       committed      keeps = 1 alone: a persona that nothing moves
    bounded confidence   absorbs > 0, within > -1

It posts with probability `activity`; a regular one at evenly spaced ticks, a bursty one in and out of spells: a fifth of the
time in a spell, in which it posts more, (1 + 4 bursty) times, than outside, (1 - bursty) times. `spurred` adds to its activity
after likes. It likes what has a cosine to m of at least `taste`, and replies to a place drawn at random.

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
from commonweal.core.feed import FOLLOW, LIKE, POST, REPLY, Feed
from commonweal.core.named import Named
from commonweal.core.parts import Mind
from commonweal.core.questions import Act
from commonweal.core.seats import Seats
from commonweal.core.streams import Key
from commonweal.core.views import Decision, View

Gene = Float[Array, "*a"]
_SPELL = 0.2
_LEAVES = 0.1
_MOST_LIKES = 64
_BASE_BITS = 8


class Persona(eqx.Module):
    """What posters remember."""

    persona: Vectors
    """Each seat's direction, [a, d]."""
    said: Vectors
    """What it said last, [a, d]; zeros: nothing yet."""
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
        return Persona(persona, jnp.zeros_like(persona), none, spell, none, none)

    def act(self, memory: Persona, view: View, key: Key) -> Decision:
        """Be moved by what was seen and liked; then post, reply, like and follow."""
        feed = self._feed(view)
        n = memory.age.shape[0]
        persona, base = self._moved(memory, feed)
        spur = jnp.minimum(memory.spur - (memory.spur >> 3) + jnp.minimum(feed.mine, 1) * ONE_PART, ONE_PART)
        spell = jnp.where(
            memory.spell,
            ~key.child("leave").chance(_LEAVES, n),
            key.child("enter").chance(_LEAVES * _SPELL / (1 - _SPELL), n),
        )
        posts = self._posts(memory.age, spell, spur, key)
        place = jnp.where(
            key.child("reply").chance(self.replies, n) & posts, key.child("place").below(feed.there.shape[1], n) + 1, 0
        )
        whom = jnp.maximum(place - 1, 0)[:, None]
        answers = (place > 0) & jnp.take_along_axis(feed.there, whom, 1)[:, 0]
        parent = jnp.where(answers[:, None], jnp.take_along_axis(feed.vector, whom[..., None], 1)[:, 0], 0)
        noise = directions(key.child("noise"), (n, self.size))
        news = view.seen["news"] if "news" in view.seen else jnp.zeros_like(noise)
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
        acts = Named.of(*((name, given[name]) for name in view.menu if name in given))
        said = jnp.where(posts[:, None], says, memory.said)
        return Decision(acts, Persona(persona, said, base, spell, spur, memory.age + 1))

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

    def _moved(self, memory: Persona, feed: Feed) -> tuple[Vectors, Index]:
        """The persona after what was seen and liked, and the likes that it is used to."""
        n = memory.age.shape[0]
        near = inner(feed.vector, memory.persona[:, None]) >= _rows(_fixed(self.within), n)[:, None]
        seen = _mean(feed, feed.there & near)
        likes = jnp.minimum(feed.mine, _MOST_LIKES) << _BASE_BITS
        surprise = jnp.clip(likes - memory.base, -ONE_PART, ONE_PART)
        # An eighth of 2^-8 is lost at each step by rounding towards minus infinity: the base settles within that of the mean.
        base = memory.base + ((likes - memory.base) >> 3)
        pull = (_fixed(self.learns) * (surprise << (PART_BITS - _BASE_BITS) >> 2)) >> (PART_BITS - 2)
        heard = jnp.where((memory.said != 0).any(1), pull, 0)
        unmoved = (_rows(_fixed(self.absorbs), n) == 0) & (heard == 0)
        moved = _mixed((memory.persona, _fixed(1.0)), (seen, _fixed(self.absorbs)), (memory.said, heard))
        return jnp.where(unmoved[:, None], memory.persona, moved), base

    def _posts(self, age: Index, spell: Flags, spur: Index, key: Key) -> Flags:
        """Who posts."""
        n = age.shape[0]
        more = 1.0 + self.spurred * (spur.astype(jnp.float32) / ONE_PART)
        rate = self.activity * more * jnp.where(spell, 1.0 + 4.0 * self.bursty, 1.0 - self.bursty)
        gap = jnp.maximum(jnp.round(1.0 / jnp.maximum(_rows(self.activity, n), 1e-4)).astype(jnp.int32), 1)
        due = (age + jnp.arange(n, dtype=jnp.int32)) % gap == 0
        return jnp.where(_rows(self.regular, n), due & (_rows(self.activity, n) > 0), key.child("posts").chance(rate, n))


def _fixed(value: Gene | float) -> Int32[Array, "*a"]:
    """A gene in units of 2^-10."""
    return jnp.round(jnp.asarray(value, jnp.float32) * ONE_PART).astype(jnp.int32)


def _rows(value: Array, n: int) -> Array:
    """A gene with one value a seat."""
    return jnp.broadcast_to(value, (n,))


def _mean(feed: Feed, chosen: Bool[Array, "a k"]) -> Vectors:
    """The mean of what is seen in the chosen places, stretched to length 1."""
    return of_length_one(jnp.where(chosen[..., None], feed.vector, 0).sum(1, dtype=jnp.int32))


def _mixed(*parts: tuple[Vectors, Int32[Array, "*a"]]) -> Vectors:
    """A weighted sum of vectors, [a, d], stretched to length 1."""
    n = parts[0][0].shape[0]
    terms = [_rows(weight, n)[:, None] * vector >> 4 for vector, weight in parts]
    return of_length_one(sum(terms[1:], terms[0]))
