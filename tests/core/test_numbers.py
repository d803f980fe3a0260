"""Whole numbers beyond 32 bits, exact shares, fixed-point means, the logistic table."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonweal.core.numbers import (
    ONE_LEVEL,
    added,
    difference,
    fixed_levels,
    kept,
    logistic_word,
    mean_level,
    nothing,
    share_of,
    total,
)

whole = st.integers(-(2**31), 2**31 - 1)


@given(st.lists(whole, min_size=8, max_size=8), st.lists(whole, min_size=8, max_size=8))
def test_totals_are_exact(one, other):
    a, b = (total(jnp.asarray(np.array(own, np.int32))) for own in (one, other))
    assert (int(a), int(b)) == (sum(one), sum(other))
    assert int(added(a, b, a)) == 2 * sum(one) + sum(other)
    assert int(difference(a, b)) == sum(one) - sum(other)


def test_totals_beyond_two_to_the_31():
    # 2^16 seats of 2^31 - 1 units, the same inside a compiled program; the global switch stays off.
    units = jnp.full(1 << 16, 2**31 - 1, jnp.int32)
    assert int(total(units)) == int(jax.jit(total)(units)) == (1 << 16) * (2**31 - 1)
    assert total(jnp.ones((3, 5), bool), axis=0).tolist() == [3] * 5
    assert total(units).dtype == np.int64
    assert not jax.config.jax_enable_x64
    assert (int(nothing()), int(added())) == (0, 0)


def test_kept_only_where_on():
    big = total(jnp.full(4, 2**31 - 1, jnp.int32))
    assert (int(kept(jnp.array(True), big)), int(kept(jnp.array(False), big))) == (4 * (2**31 - 1), 0)


@given(st.integers(0, 2**31 - 1), st.integers(0, 1_000_000))
def test_shares_are_exact_to_a_millionth(amount, millionths):
    # Python's whole numbers are the independent implementation; the share passes through float32 on its way.
    share = np.float32(millionths / 1e6)
    assert int(share_of(jnp.int32(amount), jnp.asarray(share))) == amount * millionths // 1_000_000


def test_shares_that_binary_fractions_would_miss():
    amounts = jnp.array([10, 100, 1000, 7, 0], jnp.int32)
    assert share_of(amounts, jnp.float32(0.3)).tolist() == [3, 30, 300, 2, 0]
    assert share_of(amounts, jnp.float32(0.7)).tolist() == [7, 70, 700, 4, 0]
    assert share_of(amounts, jnp.array([0.0, 1.0, 0.5, 1.0, 1.0])).tolist() == [0, 100, 500, 7, 0]


@given(st.lists(st.floats(0, 1, width=32), min_size=4, max_size=4))
def test_means_of_levels_are_the_same_in_any_order(levels):
    fixed = fixed_levels(jnp.asarray(levels, jnp.float32))
    mean = mean_level(total(fixed), jnp.int32(4))
    assert float(mean) == pytest.approx(np.mean(levels), abs=0.5 / ONE_LEVEL)
    assert float(mean_level(total(fixed[::-1]), jnp.int32(4))) == float(mean)


def test_mean_of_nobody_is_zero():
    assert float(mean_level(nothing(), jnp.int32(0))) == 0.0
    assert fixed_levels(jnp.array([0.0, 0.5, 1.0])).tolist() == [0, 32768, 65536]


def test_logistic_curve():
    # 1 / (1 + exp(-x)) in float64 is the truth; half a step of 1/256 times the largest slope 1/4 is 0.0005.
    x = np.linspace(-20, 20, 40_001)
    found = np.asarray(logistic_word(jnp.asarray(x, jnp.float32)), np.float64) / 2**32
    assert np.abs(found - 1 / (1 + np.exp(-x))).max() < 0.0005
    assert (np.diff(found) >= 0).all()
    assert float(np.asarray(logistic_word(jnp.float32(0.0)))) == 2**31
    np.testing.assert_allclose(found + found[::-1], 1.0, atol=1e-9)


def test_logistic_curve_is_the_same_bits_everywhere():
    x = jnp.linspace(-3, 3, 1001)
    np.testing.assert_array_equal(logistic_word(x), jax.jit(logistic_word)(x))
    np.testing.assert_array_equal(logistic_word(x), jax.vmap(logistic_word)(x))
