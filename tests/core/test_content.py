"""What is said as whole numbers: lengths and cosines against float64, the same bits in any batch, directions without a side."""

import jax
import jax.numpy as jnp
import numpy as np
from scipy import stats

from commonweal.core import content
from commonweal.core.content import ONE_PART
from commonweal.core.streams import Key

DRAWN = 1 << 14
# Compiled: otherwise each operation of each shape would be compiled alone.
of_length_one, inner, mixed = jax.jit(content.of_length_one), jax.jit(content.inner), jax.jit(content.mixed)
directions = jax.jit(content.directions, static_argnums=1)


def rows(draw, size, d):
    """Whole vectors of very different scales."""
    return (draw.normal(size=(size, d)) * 10.0 ** draw.uniform(1, 7, (size, 1))).astype(np.int32)


def unit(vectors):
    vectors = np.asarray(vectors, np.float64)
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def test_length_one_is_that_of_floats_to_two_units():
    draw = np.random.default_rng(21)
    for d in (2, 16, 1024):
        vectors = rows(draw, 300, d)
        found = np.asarray(of_length_one(jnp.asarray(vectors)))
        # 10 bits are kept of the largest part: cut off, at most 1/512 of it, and rounded, at most half a unit.
        assert np.abs(found / ONE_PART - unit(vectors)).max() < 2.5 / 1024
        assert np.abs(np.linalg.norm(found, axis=1) / ONE_PART - 1).max() < 0.5 * np.sqrt(d) / ONE_PART + 1e-6
    assert not np.asarray(of_length_one(jnp.zeros((3, 4), jnp.int32))).any()
    large = jnp.asarray([[2**31 - 1, -(2**31) + 1], [1, 0]], jnp.int32)
    assert np.abs(np.asarray(of_length_one(large)) - np.array([[724, -724], [1024, 0]])).max() <= 1


def test_inner_is_the_cosine():
    draw = np.random.default_rng(22)
    for d in (2, 16):
        left, right = (np.asarray(of_length_one(jnp.asarray(rows(draw, 300, d)))) for _ in range(2))
        found = np.asarray(inner(jnp.asarray(left), jnp.asarray(right)))
        assert np.array_equal(found, (left.astype(np.int64) * right).sum(1) >> 10)
        assert np.abs(found / ONE_PART - (unit(left) * unit(right)).sum(1)).max() < 0.5 * np.sqrt(d) / ONE_PART + 0.002


def test_mixed_is_the_weighted_sum_stretched():
    draw = np.random.default_rng(23)
    vectors = [np.asarray(of_length_one(jnp.asarray(rows(draw, 300, 16)))) for _ in range(3)]
    weights = draw.integers(-(2**18), 2**18, (3, 300)).astype(np.int32)
    found = np.asarray(mixed(tuple((jnp.asarray(v), jnp.asarray(w)) for v, w in zip(vectors, weights, strict=True))))
    whole = sum(v.astype(np.float64) * w[:, None] for v, w in zip(vectors, weights, strict=True))
    assert np.abs(found / ONE_PART - unit(whole)).max() < 0.005
    one = (jnp.asarray(vectors[0]), jnp.int32([1024] * 300))
    assert not np.asarray(mixed((one, (one[0], -one[1])))).any()
    assert np.abs(np.asarray(mixed((one,))) - vectors[0]).max() <= 2


def test_the_same_bits_in_any_batch():
    draw = np.random.default_rng(24)
    vectors = jnp.asarray(rows(draw, 64, 16))
    weights = jnp.asarray(draw.integers(-1024, 1024, 64), jnp.int32)

    def all_of(vector, weight):
        one = content.of_length_one(vector)
        other = content.mixed(((one, weight), (one[..., ::-1], weight + 1)))
        return one, other, content.inner(one, other)

    with jax.disable_jit():
        plain = all_of(vectors, weights)
    single = jax.jit(all_of)
    for batched in (single, jax.jit(jax.vmap(all_of))):
        for found, value in zip(batched(vectors, weights), plain, strict=True):
            assert np.array_equal(found, value)
    for i in range(0, 64, 7):
        assert all(np.array_equal(one, of[i]) for one, of in zip(single(vectors[i], weights[i]), plain, strict=True))
    keys = [Key.root(5).child(i) for i in range(3)]
    batch = jax.jit(jax.vmap(lambda key: content.directions(key, (7, 16))))(jax.tree.map(lambda *word: jnp.stack(word), *keys))
    assert np.array_equal(batch, [np.asarray(directions(key, (7, 16))) for key in keys])


def test_directions_have_no_side():
    d = 16
    found = np.asarray(directions(Key.root(6), (DRAWN, d)), np.float64) / ONE_PART
    assert np.abs(np.linalg.norm(found, axis=1) - 1).max() < 0.5 * np.sqrt(d) / ONE_PART + 1e-6
    # Uniform on a sphere: means 0, second moments 1 / d and 0, each within five standard errors.
    error = 1 / np.sqrt(DRAWN * d)
    assert np.abs(found.mean(0)).max() < 5 * error
    second = found.T @ found / DRAWN
    assert np.abs(second - np.eye(d) / d).max() < 5 * np.sqrt(2) / d / np.sqrt(DRAWN)
    # The cosine with any fixed direction c: (c + 1) / 2 is Beta((d - 1) / 2, (d - 1) / 2).
    against = unit(np.random.default_rng(25).normal(size=d))
    assert stats.kstest((found @ against + 1) / 2, stats.beta((d - 1) / 2, (d - 1) / 2).cdf).pvalue > 1e-4
    # Neighbours have nothing in common.
    assert abs((found[1:] * found[:-1]).sum(1).mean()) < 5 / np.sqrt(DRAWN * d)
