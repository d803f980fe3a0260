"""Random streams: the published hash, uniformity by chi-square, independence by correlation, the same bits in any batch.

Chi-square and correlation bounds are those of the null distribution at p = 1e-6 or five standard deviations; seeds are fixed.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from commonweal.core.errors import StudyError
from commonweal.core.streams import Key, check_seeds, mix

BIG = 1 << 16


def uniform(key, size=BIG):
    return np.asarray(key.uniform(size), np.float64)


def chi_square(counts):
    expected = counts.sum() / counts.size
    return stats.chi2.sf(((counts - expected) ** 2 / expected).sum(), counts.size - 1)


def inverse(x):
    """lowbias32_r, the inverse that C. Wellons published with lowbias32 (2018)."""
    x ^= x >> 16
    x = x * 0x43021123 % 2**32
    x ^= x >> 15 ^ x >> 30
    x = x * 0x1D69E2A5 % 2**32
    return x ^ x >> 16


@given(st.integers(0, 2**32 - 1))
def test_mix_is_lowbias32(x):
    assert inverse(int(mix(jnp.uint32(x)))) == x


@pytest.mark.parametrize("seed", [0, 1, 2**32 - 1])
def test_words_are_uniform(seed):
    words = np.asarray(Key.root(seed).bits(1 << 20))
    for shift in (0, 8, 16, 24):
        assert chi_square(np.bincount(words >> shift & 255, minlength=256)) > 1e-6
    ones = int(np.unpackbits(words.view(np.uint8)).sum())
    assert abs(ones - words.size * 16) < 5 * np.sqrt(words.size * 8)


def test_first_draws_of_neighbouring_keys_are_uniform():
    # What a seat or a tick gets: the first word of keys that differ in one number only, at any depth.
    root = Key.root(0)
    seeds = jax.vmap(lambda s: Key.root(s).bits(1)[0])(jnp.arange(BIG))
    children = jax.vmap(lambda i: root.child(i).bits(1)[0])(jnp.arange(BIG))
    deep = jax.vmap(lambda i: root.child("tick").child(i).child("mind").child(0).bits(1)[0])(jnp.arange(BIG))
    for words in (np.asarray(own) for own in (seeds, children, deep)):
        assert chi_square(np.bincount(words >> 24, minlength=256)) > 1e-6
        assert chi_square(np.bincount(words & 255, minlength=256)) > 1e-6
        lag = np.corrcoef(words[:-1].astype(float), words[1:].astype(float))[0, 1]
        assert abs(lag) < 5 / np.sqrt(BIG)


def test_streams_do_not_follow_each_other():
    root = Key.root(3)
    keys = [
        root,
        Key.root(4),
        Key.root(2),
        root.child(0),
        root.child(1),
        root.child(2**31 - 1),
        root.child("a"),
        root.child("b"),
    ]
    keys += [root.child("a").child("b"), root.child("b").child("a"), root.child("a").child(0), root.child(0).child("a")]
    draws = np.stack([uniform(key) for key in keys])
    bound = 5 / np.sqrt(BIG)
    assert np.abs(np.corrcoef(draws) - np.eye(len(keys))).max() < bound
    # Serial: a stream against itself some counters later.
    for lag in (1, 2, 3, 64, 256, 4096):
        assert np.abs([np.corrcoef(row[:-lag], row[lag:])[0, 1] for row in draws]).max() < bound
    # Bit by bit: two streams agree in half of their bits.
    for key in keys[1:]:
        agree = np.unpackbits((np.asarray(root.bits(BIG)) ^ np.asarray(key.bits(BIG))).view(np.uint8)).mean()
        assert abs(agree - 0.5) < 5 * 0.5 / np.sqrt(32 * BIG)


def test_pairs_fill_the_square():
    x = (uniform(Key.root(9), 1 << 18) * 32).astype(int)
    assert chi_square(np.bincount(x[0::2] * 32 + x[1::2], minlength=1024)) > 1e-6
    assert stats.kstest(uniform(Key.root(9)), "uniform").pvalue > 1e-6


def test_keys_of_paths_are_distinct():
    root = Key.root(0)
    names = [f"rule{i}" for i in range(300)] + list(range(300))
    found = {(int(k.first), int(k.second)) for k in (root.child(name) for name in names)}
    assert len(found) == 600


@pytest.mark.parametrize("high", [1, 2, 3, 6, 10, 1000])
def test_below_is_unbiased(high):
    counts = np.bincount(np.asarray(Key.root(5).below(high, 1 << 18)), minlength=high)
    assert counts.size == high
    assert high == 1 or chi_square(counts) > 1e-6


def test_below_reaches_large_numbers_and_rows():
    drawn = np.asarray(Key.root(1).below(2**31 - 1, BIG), np.float64)
    assert stats.kstest(drawn / (2**31 - 1), "uniform").pvalue > 1e-6
    highs = jnp.array([1, 5, 2**31 - 1], jnp.int32)
    many = np.asarray(Key.root(1).below(highs, (1000, 3)))
    assert many.min() >= 0
    assert (many.max(0) < np.asarray(highs)).all()


def test_chance_is_sure_at_its_ends_and_right_between():
    key = Key.root(8)
    assert not bool(key.chance(0.0, BIG).any())
    assert bool(key.chance(1.0, BIG).all())
    p = jnp.array([0.001, 0.3, 0.9])
    share = np.asarray(key.chance(p, (BIG, 3)).mean(0))
    assert np.abs(share - p).max() < 5 * 0.5 / np.sqrt(BIG)


def test_orders_are_permutations_and_fair():
    orders = np.asarray(jax.vmap(lambda s: Key.root(s).order(4))(jnp.arange(24_000)))
    assert (np.sort(orders, 1) == np.arange(4)).all()
    assert chi_square(np.unique(orders @ np.array([64, 16, 4, 1]), return_counts=True)[1]) > 1e-6


def test_normal_draws_are_normal():
    drawn = np.asarray(Key.root(2).normal(BIG))
    assert np.isfinite(drawn).all()
    assert stats.kstest(drawn, "norm").pvalue > 1e-6


def test_same_bits_alone_jitted_and_in_a_batch():
    def draws(seed):
        key = Key.root(seed).child("tick").child(3).child("world")
        return key.bits(100), key.uniform((10, 10)), key.below(jnp.arange(1, 101), 100), key.order(50)

    alone = draws(7)
    jitted = jax.jit(draws)(jnp.int32(7))
    batched = jax.vmap(draws)(jnp.arange(5, 9))
    for a, b, c in zip(alone, jitted, batched, strict=True):
        np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(a, c[2])


def test_a_stream_is_a_function_of_its_path_alone():
    # Longer draws begin with the shorter ones; names, not the order in which children are made, decide.
    key = Key.root(11)
    np.testing.assert_array_equal(key.bits(10), key.bits(1000)[:10])
    np.testing.assert_array_equal(key.bits(12).reshape(3, 4), key.bits((3, 4)))
    later = [Key.root(11).child(name) for name in ("z", "audit")][1]
    np.testing.assert_array_equal(key.child("audit").bits(5), later.bits(5))
    assert key.child("1").bits(4).tolist() != key.child(1).bits(4).tolist()
    assert key.child(jnp.int32(5)).bits(4).tolist() == key.child(5).bits(4).tolist()


def test_seeds_wrap_at_two_to_the_32():
    assert Key.root(2**32 + 5).bits(3).tolist() == Key.root(5).bits(3).tolist()
    assert Key.root(jnp.uint32(2**32 - 1)).bits(3).tolist() == Key.root(2**32 - 1).bits(3).tolist()


def test_children_by_any_32_bit_number():
    assert Key.root(0).child(2**32 - 1).bits(2).tolist() == Key.root(0).child(jnp.uint32(2**32 - 1)).bits(2).tolist()


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_seeds_without_a_stream_of_their_own_are_refused(seed):
    check_seeds((0, 2**32 - 1))
    with pytest.raises(StudyError, match=f"a seed of {seed}"):
        check_seeds((3, seed))
