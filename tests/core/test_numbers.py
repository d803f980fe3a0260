"""Whole numbers beyond 32 bits, exact shares, fixed-point means, the logistic table."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonweal.core.numbers import (
    ONE_ADVANTAGE,
    ONE_LEVEL,
    added,
    advantages,
    difference,
    exponential_weights,
    fixed_levels,
    kept,
    linear_weights,
    logistic_word,
    mean_level,
    nothing,
    share_of,
    total,
    weighted_index,
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


@given(st.lists(whole, min_size=4, max_size=4), st.floats(0, 100, width=32), st.integers(1, 1000))
def test_advantages_are_products_to_the_nearest_unit(payoffs, selection, among):
    found = advantages(jnp.asarray(np.array(payoffs, np.int32)), jnp.float32(selection), among).tolist()
    for payoff, own in zip(payoffs, found, strict=True):
        exact = min(max(selection * payoff / among * ONE_ADVANTAGE, -(2.0**40)), 2.0**40)
        assert own == pytest.approx(exact, rel=1e-15, abs=0.5)


def test_linear_fitness():
    fitness = linear_weights(advantages(jnp.array([0, 10, -5, -20], jnp.int32), jnp.float32(0.125)))
    assert (np.asarray(fitness) / ONE_ADVANTAGE).tolist() == [1.0, 2.25, 0.375, 0.0]


def test_exponential_fitness():
    # exp in float64 is the truth, relative to the highest.
    payoff = jnp.arange(-40_000, 1, dtype=jnp.int32) + 123
    advantage = advantages(payoff, jnp.float32(2.0**-10))
    found = np.asarray(exponential_weights(advantage), np.float64) / 2.0**40
    truth = np.exp((np.asarray(payoff) - 123.0) / 1024)
    assert (np.abs(found - truth) <= 2e-6 * truth + 2.0**-40).all()
    assert found[-1] == 1.0
    assert found[0] == 0.0
    np.testing.assert_array_equal(exponential_weights(advantage), jax.jit(exponential_weights)(advantage))


@given(st.lists(st.integers(0, 2**60), min_size=5, max_size=5), st.integers(0, 2**64 - 1))
def test_weighted_draws_are_exact(weights, word):
    # Python's whole numbers: the word's share of the total, and whose stretch of the total that is in.
    with jax.enable_x64(True):
        given_weights = jnp.asarray(np.array(weights, np.uint64))
    words = jnp.asarray(np.array([word >> 32, word & 0xFFFFFFFF], np.uint32))
    stretches = weights if sum(weights) else [1] * 5
    mark = word * sum(stretches) >> 64
    ends = np.cumsum(np.array(stretches, object))
    assert int(weighted_index(given_weights, words)) == next(at for at, end in enumerate(ends) if end > mark)


def test_many_draws_at_once():
    with jax.enable_x64(True):
        weights = jnp.asarray(np.array([3, 0, 1], np.uint64))
    words = jnp.asarray(np.random.default_rng(1).integers(0, 2**32, (2, 40_000), np.uint32))
    counts = np.bincount(np.asarray(weighted_index(weights, words)), minlength=3)
    assert counts[1] == 0
    assert abs(counts[0] - 30_000) < 4 * np.sqrt(40_000 * 0.75 * 0.25)
