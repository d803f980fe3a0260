"""How a forum ranks what it could show: a weighted sum of features, of which each known kind of feed is a choice of weights.

Of a post that a reader could be shown, each in units of 2^-10 and from -1 to 1:

    recent      1 / age in ticks
    popular     log2(1 + likes) / 8, at most 1
    personal    cosine of the post with the reader's taste: the running mean of what it posted and liked; 0 for texts
    extreme     |stance|: the size of the post's first part; 0 for texts
    bridging    the lower of the two camps' like rates, (likes + 1) / (views + 2); camps by the sign of the reader's stance
    followed    1 where the reader follows the author
    chance      uniform noise, drawn anew for each post and reader

    recent feed           recent = 1                 random feed       chance = 1
    popular feed          popular = 1                personalised      personal = 1
    engagement feed       personal = 1, extreme = 1, popular = 1/2
    bridging feed         bridging = 1

A ranking that learns changes its weights by trial: at each tick half of the readers are served with weights moved by +1/4 and
half by -1/4 in a random direction, and the weights go along it as far as what is aimed at differs between the halves:

    likes    likes a reader gives
    calm     how much less extreme what it posts is than what it posted before: a feed that learns the change in its readers

Source: the features and weights are ours; bridging after A. Ovadya and L. Thorburn, "Bridging systems", arXiv 2301.09976, with
the smoothed rates of Polis; simultaneous perturbation: J. Spall, IEEE Transactions on Automatic Control 37 (1992).
"""

from __future__ import annotations

from typing import ClassVar, Literal

import equinox as eqx
import jax
import jax.core
import jax.numpy as jnp
from jaxtyping import Array, Float, Int32

from commonweal.core.arrays import Flags, Index, real
from commonweal.core.content import ONE_PART
from commonweal.core.errors import StudyError
from commonweal.core.numbers import total
from commonweal.core.streams import Key

FEATURES = ("recent", "popular", "personal", "extreme", "bridging", "followed", "chance")
"""Names of the features, in the order of weights."""

Weights = Int32[Array, "f"]
"""A weight for each feature, in units of 2^-10."""
_MOST = 16
_STEP = ONE_PART // 4


class Ranking(eqx.Module):
    """A feed: the weight of each feature, and how it learns. By default the most recent first.

    Raises:
        StudyError: a weight is not from -16 to 16, or the rate not from 0 to 1.
    """

    aims: ClassVar[tuple[str, ...]] = ("likes", "calm")

    recent: Float[Array, ""] = eqx.field(converter=real, default=1.0)
    """Weight of recency, -16 to 16."""
    popular: Float[Array, ""] = eqx.field(converter=real, default=0.0)
    """Weight of likes, -16 to 16."""
    personal: Float[Array, ""] = eqx.field(converter=real, default=0.0)
    """Weight of nearness to the reader's taste, -16 to 16."""
    extreme: Float[Array, ""] = eqx.field(converter=real, default=0.0)
    """Weight of extreme stances, -16 to 16."""
    bridging: Float[Array, ""] = eqx.field(converter=real, default=0.0)
    """Weight of being liked in both camps, -16 to 16."""
    followed: Float[Array, ""] = eqx.field(converter=real, default=0.0)
    """Weight of authors that the reader follows, -16 to 16."""
    chance: Float[Array, ""] = eqx.field(converter=real, default=0.0)
    """Weight of noise, -16 to 16."""
    rate: Float[Array, ""] = eqx.field(converter=real, default=0.0)
    """How far a difference of 1 between the halves moves a weight, 0 (it learns nothing) to 1."""
    aim: Literal["likes", "calm"] = eqx.field(static=True, default="likes")
    """What it learns to raise."""

    def __check_init__(self) -> None:
        """Refuse numbers out of range."""
        for name in FEATURES:
            value = getattr(self, name)
            if not isinstance(value, jax.core.Tracer) and not -_MOST <= float(value) <= _MOST:
                raise StudyError(f"a ranking with {name} = {float(value):g}; expected a weight from -{_MOST} to {_MOST}")
        if not isinstance(self.rate, jax.core.Tracer) and not 0.0 <= float(self.rate) <= 1.0:
            raise StudyError(f"a ranking that learns at rate {float(self.rate):g}; expected a number from 0 to 1")
        if self.aim not in self.aims:
            raise StudyError(f"a ranking that aims at {self.aim!r}; expected one of {', '.join(self.aims)}")

    @property
    def weights(self) -> Weights:
        """The weights that it starts with."""
        return jnp.stack([jnp.round(getattr(self, name) * ONE_PART).astype(jnp.int32) for name in FEATURES])

    def served(self, weights: Weights, key: Key, n: int) -> tuple[Int32[Array, "a f"], Flags, Weights]:
        """The weights that each reader is served with, which half it is in, and the direction of the trial.

        Args:
            weights: as learnt so far.
            key: of the tick.
            n: readers.
        """
        half = key.child("half").bits(n) >> 31 > 0
        way = jnp.where(key.child("way").bits(len(FEATURES)) >> 31 > 0, 1, -1).astype(jnp.int32)
        step = jnp.where(self.rate > 0, _STEP, 0) * way
        return weights + jnp.where(half[:, None], step, -step), half, way

    def learnt(self, weights: Weights, half: Flags, way: Weights, gain: Index, there: Flags) -> Weights:
        """The weights after a trial.

        Args:
            weights: before.
            half: which half each reader was in.
            way: the direction of the trial.
            gain: what is aimed at, of each reader, in units of 2^-10.
            there: whose gain counts.
        """
        up, down = there & half, there & ~half
        with jax.enable_x64(True):
            means = [total(jnp.where(who, gain, 0)).astype(jnp.float64) / jnp.maximum(total(who), 1) for who in (up, down)]
            gap = jnp.where(up.any() & down.any(), means[0] - means[1], 0.0)
            moved = jnp.clip(jnp.round(self.rate.astype(jnp.float64) * gap), -ONE_PART, ONE_PART).astype(jnp.int32)
        return jnp.clip(weights + moved * way, -_MOST * ONE_PART, _MOST * ONE_PART)


def recent() -> Ranking:
    """The most recent first."""
    return Ranking()


def popular() -> Ranking:
    """The most liked first."""
    return Ranking(recent=0.0, popular=1.0)


def personalised() -> Ranking:
    """What is nearest to the reader's taste first."""
    return Ranking(recent=0.0, personal=1.0)


def engaging() -> Ranking:
    """What the reader is most likely to react to first: near to its taste, extreme, and liked."""
    return Ranking(recent=0.0, personal=1.0, extreme=1.0, popular=0.5)


def bridging() -> Ranking:
    """What both camps like first."""
    return Ranking(recent=0.0, bridging=1.0)


def at_random() -> Ranking:
    """In a random order."""
    return Ranking(recent=0.0, chance=1.0)


def learning(aim: Literal["likes", "calm"], rate: float = 0.2) -> Ranking:
    """Begins at random and learns its weights.

    Args:
        aim: what it learns to raise.
        rate: how fast, 0 to 1.
    """
    return Ranking(recent=0.0, chance=0.5, rate=rate, aim=aim)
