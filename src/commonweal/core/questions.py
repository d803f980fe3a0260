"""Questions that a menu puts to seats: each carries who is asked, its legal answers, its default and, perhaps, a norm scale.

A norm scale says how much each answer serves the others, 0 to 1, by a standard that the world cites. Its ends are the
world's: a level never moves with population size, stock or unit, and no rule moves the scale.
"""

from __future__ import annotations

from typing import ClassVar, Protocol, runtime_checkable

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Shaped, UInt8

from commonweal.core.arrays import Contacts, Flags, Levels
from commonweal.core.content import ONE_PART, directions
from commonweal.core.numbers import ONE_LEVEL
from commonweal.core.streams import Key

Act = Shaped[Array, "a ..."]
"""Everybody's answer to one question."""
_LARGEST = 2147483520.0
"""The largest float32 below 2^31."""
PACKED_CONTACTS = 8
"""How many contacts' binary answers fit into one byte."""


@runtime_checkable
class Question(Protocol):
    """One question to every seat that is asked."""

    kind: ClassVar[str]

    @property
    def asked(self) -> Flags:
        """Who is asked now."""
        ...

    @property
    def scaled(self) -> bool:
        """Whether answers have a norm level."""
        ...

    def default(self) -> Act:
        """What stands where nobody answers: a legal answer for each seat."""
        ...

    def lawful(self, act: Act) -> Flags:
        """Whose answer is legal."""
        ...

    def level(self, act: Act) -> Levels:
        """The norm level of each answer; 1 everywhere without a scale."""
        ...

    def at(self, level: Levels, key: Key) -> Act:
        """Answers whose expected norm level is `level`, where the legal answers allow it."""
        ...

    def draw(self, key: Key) -> Act:
        """Uniformly random legal answers."""
        ...


def _ones(like: Flags) -> Levels:
    return jnp.ones(like.shape, jnp.float32)


class Choice(eqx.Module):
    """One of a few options. With `to`, one answer for each contact (two options), packed as bits for up to 8 contacts."""

    kind: ClassVar[str] = "choice"
    asked: Flags
    """Who is asked."""
    options: tuple[str, ...] = eqx.field(static=True)
    """The answers in words, answer 0 first; answer 0 is the default."""
    serves: Float[Array, "k"] | None = None
    """Norm level of each answer, 0 to 1; None: this question has no norm scale."""
    legal: Bool[Array, "a k"] | None = None
    """Which answers each seat may give; None: all. Answer 0 must stay legal."""
    to: Contacts | None = None
    """Whom the answers are meant for, one each; None: one answer for all."""

    def __check_init__(self) -> None:
        """Refuse shapes that cannot be packed."""
        if self.to is not None and (len(self.options) != 2 or self.to.shape[1] > PACKED_CONTACTS or self.legal is not None):
            from commonweal.core.errors import StudyError

            raise StudyError(
                f"a choice for each contact was given {len(self.options)} options, {self.to.shape[1]} contacts and "
                f"{'' if self.legal is None else 'a table of '}legal answers; expected two options, at most "
                f"{PACKED_CONTACTS} contacts and no such table: ask with an amount for each target instead"
            )

    @property
    def scaled(self) -> bool:
        """Whether answers have a norm level."""
        return self.serves is not None

    def default(self) -> Act:
        """Answer 0 for everyone."""
        return jnp.zeros(self.asked.shape, jnp.int32 if self.to is None else jnp.uint8)

    def lawful(self, act: Act) -> Flags:
        """Whose answer is one of the options, and legal for that seat."""
        if self.to is not None:
            return jnp.ones(self.asked.shape, bool)
        inside = (act >= 0) & (act < len(self.options))
        if self.legal is None:
            return inside
        return inside & jnp.take_along_axis(self.legal, jnp.clip(act, 0, len(self.options) - 1)[:, None], 1)[:, 0]

    def level(self, act: Act) -> Levels:
        """The norm level of each seat's answer; over contacts, the mean of its answers."""
        if self.serves is None:
            return _ones(self.asked)
        serves = self.serves.astype(jnp.float32)
        if self.to is None:
            if len(self.options) == 2:
                return jnp.where(act == 1, serves[1], serves[0])
            return serves[jnp.clip(act, 0, len(self.options) - 1)]
        slots = contact_bits(self.to)
        given, degree = popcount(act & slots), popcount(slots)
        share = given.astype(jnp.float32) / jnp.maximum(degree, 1).astype(jnp.float32)
        return serves[0] + share * (serves[1] - serves[0])

    def at(self, level: Levels, key: Key) -> Act:
        """Answers at a norm level: drawn between the two nearest legal answers, contact by contact with `to`."""
        if self.serves is None:
            return self.default()
        level = jnp.broadcast_to(jnp.asarray(level, jnp.float32), self.asked.shape)
        serves = self.serves.astype(jnp.float32)
        if self.to is not None:
            return packed_chance(_between(level, serves[0], serves[1]), key, self.to.shape[1])
        if len(self.options) == 2 and self.legal is None:
            up = key.chance(_between(level, serves[0], serves[1]), level.shape)
            return up.astype(jnp.int32)
        open_ = jnp.ones((level.shape[0], len(self.options)), bool) if self.legal is None else self.legal
        under = jnp.where(open_ & (serves <= level[:, None]), serves, -jnp.inf)
        over = jnp.where(open_ & (serves >= level[:, None]), serves, jnp.inf)
        low, high = under.max(1), over.min(1)
        low, high = jnp.where(jnp.isinf(low), high, low), jnp.where(jnp.isinf(high), low, high)
        up = key.chance(_between(level, low, high), level.shape)
        aim = jnp.where(up, high, low)
        return jnp.argmin(jnp.where(open_, jnp.abs(serves - aim[:, None]), jnp.inf), 1).astype(jnp.int32)

    def draw(self, key: Key) -> Act:
        """A uniformly random legal answer for each seat (and contact)."""
        if self.to is not None:
            return (key.bits(self.asked.shape) >> 24).astype(jnp.uint8)
        if self.legal is None:
            return key.below(len(self.options), self.asked.shape)
        pick = key.below(self.legal.sum(1, dtype=jnp.int32), self.asked.shape)
        return jnp.argmax(jnp.cumsum(self.legal, 1) > pick[:, None], 1).astype(jnp.int32)


def _between(level: Levels, low: Float[Array, "*a"], high: Float[Array, "*a"]) -> Levels:
    """How far from `low` to `high` a level lies, 0 to 1; 0 where they are equal."""
    gap = high - low
    return jnp.clip(jnp.where(gap == 0, 0.0, (level - low) / jnp.where(gap == 0, 1.0, gap)), 0.0, 1.0)


def popcount(packed: UInt8[Array, "a"]) -> UInt8[Array, "a"]:
    """How many bits of each byte are set."""
    packed = packed - ((packed >> 1) & jnp.uint8(0x55))
    packed = (packed & jnp.uint8(0x33)) + ((packed >> 2) & jnp.uint8(0x33))
    return (packed + (packed >> 4)) & jnp.uint8(0x0F)


def contact_bits(to: Contacts) -> UInt8[Array, "a"]:
    """Bit j set where a seat has a j-th contact."""
    there = (to >= 0).astype(jnp.uint8) << jnp.arange(to.shape[1], dtype=jnp.uint8)
    return there.sum(1, dtype=jnp.uint8)


def packed_chance(probability: Levels, key: Key, slots: int) -> UInt8[Array, "a"]:
    """One bit a contact, each set with the seat's probability (to the nearest 2^-16); at most 8 contacts."""
    parts = jnp.round(probability * jnp.float32(1 << 16)).astype(jnp.int32)
    packed = jnp.zeros(parts.shape, jnp.uint8)
    for pair in range((slots + 1) // 2):
        word = key.child(pair).bits(parts.shape)
        for half in range(2):
            draw = ((word >> (16 * half)) & 0xFFFF).astype(jnp.int32)
            packed = packed | ((draw < parts).astype(jnp.uint8) << (2 * pair + half))
    return packed & jnp.uint8((1 << slots) - 1)


class Scale(eqx.Module):
    """The norm scale of an amount: what serves the others as asked, and whether more of it serves them less."""

    fair: Float[Array, "..."]
    """The amount at which the norm is just met: a scalar, or one a seat; at least 0."""
    taking: bool = eqx.field(static=True, default=True)
    """True: taking from what is shared, level min(1, fair / amount). False: giving, level min(1, amount / fair)."""

    def level(self, amount: Shaped[Array, "a"]) -> Levels:
        """Norm level of each amount, 0 to 1."""
        fair, amount = jnp.asarray(self.fair, jnp.float32), amount.astype(jnp.float32)
        if self.taking:
            return jnp.where(amount <= fair, 1.0, fair / jnp.maximum(amount, 1e-9)).astype(jnp.float32)
        return jnp.where(fair <= 0, 1.0, jnp.clip(amount / jnp.maximum(fair, 1e-9), 0.0, 1.0)).astype(jnp.float32)

    def amount(self, level: Levels) -> Float[Array, "a"]:
        """The amount at a norm level; taking at level 0 is unbounded (1e9)."""
        fair = jnp.asarray(self.fair, jnp.float32)
        return jnp.where(level > 1e-9, fair / jnp.maximum(level, 1e-9), 1e9) if self.taking else fair * level


class Amount(eqx.Module):
    """A number in a range, whole or real; with `to`, one for each named target."""

    kind: ClassVar[str] = "amount"
    asked: Flags
    """Who is asked."""
    low: Shaped[Array, "a *k"]
    """Smallest legal amount of each seat (and target); the default."""
    high: Shaped[Array, "a *k"]
    """Largest legal amount."""
    scale: Scale | None = None
    """The norm scale; None: there is none. Only without `to`."""
    to: Int[Array, "a k"] | None = None
    """Whom each amount is meant for; None: one amount a seat."""
    unit: str = eqx.field(static=True, default="units")
    """What is counted, in the plural."""

    @property
    def whole(self) -> bool:
        """Whether amounts are whole numbers."""
        return jnp.issubdtype(self.low.dtype, jnp.integer)

    @property
    def scaled(self) -> bool:
        """Whether amounts have a norm level."""
        return self.scale is not None

    def default(self) -> Act:
        """The smallest legal amount."""
        return self.low

    def lawful(self, act: Act) -> Flags:
        """Whose amounts all lie in their range."""
        inside = (act >= self.low) & (act <= self.high)
        return inside if inside.ndim == 1 else inside.all(axis=tuple(range(1, inside.ndim)))

    def level(self, act: Act) -> Levels:
        """The norm level of each seat's amount."""
        return _ones(self.asked) if self.scale is None else self.scale.level(act)

    def at(self, level: Levels, key: Key) -> Act:
        """Amounts at a norm level: drawn between the two nearest legal ones so that the expected level is as asked."""
        if self.scale is None:
            return self.default()
        level = jnp.broadcast_to(jnp.asarray(level, jnp.float32), self.asked.shape)
        bounds = self.low.astype(jnp.float32), self.high.astype(jnp.float32)
        aim = jnp.clip(self.scale.amount(level), *bounds)
        if not self.whole:
            return aim
        near = jnp.round(aim)
        aim = jnp.where(jnp.abs(aim - near) < 1e-4 * jnp.maximum(near, 1.0), near, aim)
        lower, upper = jnp.clip(jnp.floor(aim), *bounds), jnp.clip(jnp.ceil(aim), *bounds)
        chance = _between(level, self.scale.level(lower), self.scale.level(upper))
        pick = jnp.where(key.chance(chance, level.shape), upper, lower)
        # Beyond 2^24 float32 misses whole numbers, and what it has for a bound may lie beyond the bound.
        inner = jnp.clip(jnp.minimum(pick, _LARGEST).astype(self.low.dtype), self.low, self.high)
        return jnp.where(pick >= bounds[1], self.high, jnp.where(pick <= bounds[0], self.low, inner))

    def draw(self, key: Key) -> Act:
        """A uniformly random legal amount for each seat (and target)."""
        if self.whole:
            with jax.enable_x64(True):
                span = jnp.maximum(self.high.astype(jnp.int64) - self.low.astype(jnp.int64), 0) + 1
            return (self.low + key.below(span, self.low.shape)).astype(self.low.dtype)
        return (self.low + key.uniform(self.low.shape) * (self.high - self.low)).astype(self.low.dtype)


class Say(eqx.Module):
    """Something said: a handle into the trial's text table, -1 for silence; or, with `size`, a vector (`core/content.py`)."""

    kind: ClassVar[str] = "say"
    asked: Flags
    """Who may speak."""
    phrases: tuple[str, ...] = eqx.field(static=True, default=())
    """The channel's fixed phrases, handles 0, 1, ... of the text table: what scripted minds say."""
    promises: tuple[float, ...] = eqx.field(static=True, default=())
    """The norm level that each phrase announces (a promise, not an act: no scale of this question)."""
    size: int = eqx.field(static=True, default=0)
    """0: a handle. More: how many parts the vector has that is said, whole numbers in units of 2^-10; zeros are silence."""
    words: int = eqx.field(static=True, default=40)
    """Most tokens of a free text."""

    @property
    def scaled(self) -> bool:
        """Never: words have no norm level."""
        return False

    def default(self) -> Act:
        """Silence: handle -1, or a vector of zeros."""
        n = self.asked.shape[0]
        return jnp.zeros((n, self.size), jnp.int32) if self.size else jnp.full(n, -1, jnp.int32)

    def lawful(self, act: Act) -> Flags:
        """Every handle from -1 on; every vector with parts from -1 to 1."""
        return (jnp.abs(act) <= ONE_PART).all(1) if self.size else act >= -1

    def level(self, act: Act) -> Levels:
        """1: words have no norm level."""
        return _ones(self.asked)

    def at(self, level: Levels, key: Key) -> Act:
        """Silence: a level is nothing that can be said (see `announce`)."""
        return self.default()

    def announce(self, level: Levels) -> Act:
        """The phrase whose promise is nearest to a norm level; silence where there are no phrases."""
        if self.size or not self.promises:
            return self.default()
        gaps = jnp.abs(jnp.asarray(self.promises, jnp.float32) - level[:, None])
        return jnp.argmin(gaps, 1).astype(jnp.int32)

    def draw(self, key: Key) -> Act:
        """Silence or one of the phrases; a vector of length 1 in a random direction."""
        if self.size:
            return directions(key, (self.asked.shape[0], self.size))
        return key.below(len(self.phrases) + 1, self.asked.shape) - 1


Simple = Choice | Amount | Say


class Record(eqx.Module):
    """Several answers that stand or fall together: an offer, a contract, a ballot with reasons."""

    kind: ClassVar[str] = "record"
    asked: Flags
    """Who is asked."""
    names: tuple[str, ...] = eqx.field(static=True)
    """The fields, in order."""
    fields: tuple[Simple, ...]
    """The question behind each field; a seat is asked them all or none."""

    @property
    def scaled(self) -> bool:
        """Whether a field has a norm scale."""
        return any(field.scaled for field in self.fields)

    def default(self) -> tuple[Act, ...]:
        """Every field's default."""
        return tuple(field.default() for field in self.fields)

    def lawful(self, act: tuple[Act, ...]) -> Flags:
        """Whose every field is legal."""
        result = jnp.ones(self.asked.shape, bool)
        for field, part in zip(self.fields, act, strict=True):
            result = result & field.lawful(part)
        return result

    def level(self, act: tuple[Act, ...]) -> Levels:
        """The mean norm level of the fields that have one."""
        parts = [field.level(part) for field, part in zip(self.fields, act, strict=True) if field.scaled]
        fixed = [jnp.round(part * ONE_LEVEL).astype(jnp.int32) for part in parts]
        return sum(fixed[1:], fixed[0]).astype(jnp.float32) / (ONE_LEVEL * len(fixed)) if fixed else _ones(self.asked)

    def at(self, level: Levels, key: Key) -> tuple[Act, ...]:
        """Every field at the norm level."""
        return tuple(field.at(level, key.child(name)) for name, field in zip(self.names, self.fields, strict=True))

    def draw(self, key: Key) -> tuple[Act, ...]:
        """Every field at random."""
        return tuple(field.draw(key.child(name)) for name, field in zip(self.names, self.fields, strict=True))
