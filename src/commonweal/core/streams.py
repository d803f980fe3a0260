"""Random numbers from keys that are derived by path and name: adding a part shifts nobody else's draws.

A `Key` is two 32-bit words. A child's words are hashed from the parent's and a name or number; the i-th draw of a key is
`mix(mix(i + first) ^ second)`, where `mix` is the lowbias32 integer hash: a counter-based stream without sequential
state, a few integer operations a draw, the same bits in any batch, chunk, engine or device. It is made for simulation,
not for secrets. Period 2^32 draws a key.

Source: C. Wellons, "Prospecting for hash functions" (2018), lowbias32; counter-based streams after Salmon et al., SC'11.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Int32, UInt32

from commonweal.core.arrays import Word
from commonweal.core.errors import StudyError

Shape = int | tuple[int, ...]
_GOLDEN = 0x9E3779B9
_STEP = 0x85EBCA6B


def mix(x: UInt32[Array, "..."]) -> UInt32[Array, "..."]:
    """The lowbias32 hash of 32-bit words, a bijection; shape unchanged."""
    x = x ^ (x >> 16)
    x = x * jnp.uint32(0x7FEB352D)
    x = x ^ (x >> 15)
    x = x * jnp.uint32(0x846CA68B)
    return x ^ (x >> 16)


class Key(eqx.Module):
    """Where random numbers come from: a stream, and the root of as many named streams as wanted."""

    first: Word
    """First word of the stream."""
    second: Word
    """Second word of the stream."""

    @staticmethod
    def root(seed: int | Int[Array, ""]) -> Key:
        """The key of a seed, a whole number from 0 to 2^32 - 1 (larger ones wrap)."""
        word = jnp.uint32(seed % 2**32) if isinstance(seed, int) else seed.astype(jnp.uint32)
        return Key(mix(word + jnp.uint32(_GOLDEN)), mix(mix(word ^ jnp.uint32(_STEP)) + jnp.uint32(1)))

    def child(self, name: str | int | Int[Array, ""]) -> Key:
        """The key of a name (by its CRC-32) or of a number under this one."""
        if isinstance(name, str):
            word, tag = jnp.uint32(zlib.crc32(name.encode())), jnp.uint32(0x51ED270B)
        else:
            word = jnp.uint32(name % 2**32) if isinstance(name, int) else name.astype(jnp.uint32)
            tag = jnp.uint32(0xC2B2AE35)
        inner = mix(word + tag)
        return Key(mix(self.first ^ inner), mix(mix(self.second + inner) ^ self.first ^ tag))

    def bits(self, shape: Shape) -> UInt32[Array, "..."]:
        """Uniform 32-bit words of the given shape."""
        size = shape if isinstance(shape, int) else math.prod(shape)
        words = mix(mix(jnp.arange(size, dtype=jnp.uint32) + self.first) ^ self.second)
        return words if isinstance(shape, int) else words.reshape(shape)

    def uniform(self, shape: Shape) -> Float[Array, "..."]:
        """Uniform float32 in [0, 1), multiples of 2^-24: the same on every machine."""
        return (self.bits(shape) >> 8).astype(jnp.float32) * jnp.float32(2.0**-24)

    def chance(self, probability: Float[Array, "..."] | float, shape: Shape) -> Bool[Array, "..."]:
        """True with the given probability, which broadcasts to `shape`; 0 is never and 1 always."""
        return self.uniform(shape) < probability

    def below(self, high: Int[Array, "..."] | int, shape: Shape) -> Int32[Array, "..."]:
        """Uniform whole numbers from 0 to high - 1; `high` is at least 1 and broadcasts to `shape`."""
        words = self.bits(shape)
        with jax.enable_x64(True):
            top = jnp.asarray(high).astype(jnp.uint64)
            return ((words.astype(jnp.uint64) * top) >> jnp.uint64(32)).astype(jnp.int32)

    def order(self, size: int) -> Int32[Array, "a"]:
        """A uniform random order of the numbers 0 to size - 1."""
        return jnp.argsort(self.bits(size)).astype(jnp.int32)

    def normal(self, shape: Shape) -> Float[Array, "..."]:
        """Standard normal float32 (through the inverse error function; last bits may differ between machines)."""
        return jax.scipy.special.ndtri(jnp.clip(self.uniform(shape) + jnp.float32(2.0**-25), 2.0**-25, 1 - 2.0**-25))


def check_seeds(seeds: Sequence[int]) -> None:
    """Refuse seeds that have no stream of their own.

    Raises:
        StudyError: one is not from 0 to 2^32 - 1.
    """
    wrong = [seed for seed in seeds if not 0 <= seed < 2**32]
    if wrong:
        raise StudyError(f"a seed of {wrong[0]}; expected a whole number from 0 to {2**32 - 1}")
