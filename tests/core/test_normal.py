"""The normal distribution in fixed point against the error function, and by counts of words."""

import jax
import jax.numpy as jnp
import numpy as np
from scipy.special import ndtr

from commonweal.core.normal import ONE_DEVIATION, normal_word
from commonweal.core.streams import Key


def test_words_follow_the_curve_everywhere_and_never_fall() -> None:
    marks = np.sort(np.random.default_rng(0).integers(-9 * ONE_DEVIATION, 9 * ONE_DEVIATION, 20_000))
    words = np.asarray(normal_word(jnp.asarray(marks, jnp.int32))).astype(np.float64)
    np.testing.assert_allclose(words / 2**32, ndtr(marks / ONE_DEVIATION), atol=5e-7)
    assert (np.diff(words) >= 0).all()
    assert int(normal_word(jnp.int32(0))) == 2**31


def test_ranks_below_a_mark_are_as_many_as_the_curve_says() -> None:
    words = Key.root(3).bits(200_000)
    for z in (-1.3, 0.2, 2.1):
        share = float((words < normal_word(jnp.int32(round(z * ONE_DEVIATION)))).mean())
        assert abs(share - ndtr(z)) < 4 * 0.5 / np.sqrt(200_000)


def test_the_same_bits_compiled_and_in_a_batch() -> None:
    marks = jnp.asarray(np.random.default_rng(1).integers(-5 * ONE_DEVIATION, 5 * ONE_DEVIATION, (50, 4)), jnp.int32)
    plain = np.asarray(normal_word(marks))
    np.testing.assert_array_equal(plain, jax.jit(jax.vmap(normal_word))(marks))
