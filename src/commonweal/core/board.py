"""What a forum's platform remembers: posts in a ring, who saw and liked them, what each seat likes and follows."""

from __future__ import annotations

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Int32

from commonweal.core.arrays import Flags, Index
from commonweal.core.content import ONE_PART, Vectors, inner
from commonweal.core.feed import Feed
from commonweal.core.ranking import Weights
from commonweal.core.streams import Key
from commonweal.core.views import Tick


class Board(eqx.Module):
    """What the platform remembers. A slot is a place in the ring; communities lie one after the other in it."""

    number: Int32[Array, "s"]
    """Number of the post in each slot; -1: none."""
    vector: Vectors
    """What it says, [s, d]; no parts where posts are texts."""
    handle: Int32[Array, "s"]
    """Its text; -1 where posts are vectors."""
    by: Int32[Array, "s"]
    """Its author."""
    at: Int32[Array, "s"]
    """The tick of it."""
    answer: Int32[Array, "s"]
    """What its author answered in that tick to the question that posts carry; -1: nothing."""
    votes: Int32[Array, "s 4"]
    """Likes by readers of the one camp and the other, and views by them."""
    filled: Int32[Array, "c"]
    """Posts in each community so far."""
    count: Int32[Array, ""]
    """Posts in all so far."""
    shown: Int32[Array, "a k"]
    """The slots of what each seat is shown."""
    feed: Feed
    """What each seat is shown."""
    taste: Vectors
    """Each seat's taste, [a, d]."""
    karma: Index
    """Likes each seat's posts have got."""
    follows: Int32[Array, "a f"]
    """Whom each seat follows; -1: nobody."""
    latest: Index
    """The slot of each seat's latest post; -1: none."""
    weights: Weights
    """The ranking's weights, as learnt."""
    half: Flags
    """Which half of the ranking's trial each seat was served in."""
    way: Weights
    """The direction of that trial."""
    stance: Index
    """Size of the first part of each seat's latest post, in units of 2^-10; -1: none yet."""

    def features(self, slots: Int32[Array, "a c"], tick: Tick, key: Key) -> list[Int32[Array, "a c"]]:
        """The features of what each seat could be shown, in the order of `FEATURES`, in units of 2^-10."""
        age = jnp.maximum(tick.tick + 1 - self.at, 1)
        likes = self.votes[:, :2].sum(1, dtype=jnp.int32) + 1
        octave = 31 - jax.lax.clz(likes)
        # log2 by its whole part and a straight line between powers of two, an eighth of it.
        popular = jnp.minimum((octave << 7) + (((likes << 7) >> octave) - 128), ONE_PART)
        rates = ((self.votes[:, :2] + 1) * ONE_PART) // (self.votes[:, 2:] + 2)
        nothing = jnp.zeros(slots.shape, jnp.int32)
        personal, extreme = nothing, jnp.zeros_like(self.at)
        if self.vector.shape[1]:
            personal = inner(self.taste[:, None], self.vector[slots].astype(jnp.int32))
            extreme = jnp.abs(self.vector[:, 0].astype(jnp.int32))
        followed = nothing
        if self.follows.shape[1]:
            followed = (self.by[slots][:, :, None] == self.follows[:, None]).any(2).astype(jnp.int32) * ONE_PART
        chance = (key.bits(slots.shape) >> 21).astype(jnp.int32) - ONE_PART
        bridging = jnp.minimum(rates.min(1), ONE_PART)
        return [(ONE_PART // age)[slots], popular[slots], personal, extreme[slots], bridging[slots], followed, chance]


def empty_feed(n: int, places: int, size: int) -> Feed:
    """A feed in which nothing is shown."""
    none, row = jnp.zeros((n, places), jnp.int32), jnp.zeros(n, jnp.int32)
    return Feed(
        none - 1, jnp.zeros((n, places, size), jnp.int32), none > 0, none - 1, none - 1, none, none, none - 1, row, row, row
    )


def tell_feed(feed: Feed, agent: int, texts: tuple[str, ...]) -> str:
    """One seat's feed in words."""
    lines: list[str] = []
    for place in range(feed.there.shape[1]):
        if not bool(feed.there[agent, place]):
            continue
        by, likes, answer = (int(leaf[agent, place]) for leaf in (feed.by, feed.likes, feed.answer))
        whose = f" by seat {by}" if by >= 0 else ""
        liked = f", {likes} {'like' if likes == 1 else 'likes'}" if likes else ""
        chose = f", who chose option {answer + 1}" if answer >= 0 else ""
        handle = int(feed.handle[agent, place])
        words = f': "{texts[handle]}"' if handle >= 0 else ""
        lines.append(f"Post {place + 1}{whose}{chose}{liked}{words}")
    if int(feed.mine[agent]):
        lines.append(f"Your posts got {int(feed.mine[agent])} likes in the last round.")
    if int(feed.replied[agent]):
        lines.append(f"Your posts got {int(feed.replied[agent])} replies in the last round.")
    return "\n".join(lines)
