"""Fixed-point logarithms against float64, at powers of two, their neighbours and at random."""

import jax
import numpy as np

from commonweal.core.logarithms import LOG_BITS, log2_fixed


def test_within_one_unit_and_never_above() -> None:
    random = np.random.default_rng(4)
    edges = [1 << k for k in range(31)] + [(1 << k) - 1 for k in range(1, 32)] + [(1 << k) + 1 for k in range(1, 31)]
    values = np.concatenate([edges, np.exp2(random.uniform(0, 31, 4000)).astype(np.int64)]).astype(np.int32)
    found = np.asarray(jax.jit(log2_fixed)(values))
    exact = np.log2(values.astype(np.float64)) * 2**LOG_BITS
    assert (found <= exact + 1e-6).all()
    assert (exact - found < 1.1).all()
    assert (found[:31] == np.arange(31) << LOG_BITS).all()


def test_what_is_not_positive_has_none() -> None:
    assert np.asarray(log2_fixed(np.asarray([0, -5, 1], np.int32))).tolist() == [0, 0, 0]
