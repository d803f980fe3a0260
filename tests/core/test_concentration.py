"""Sums of squares against Python's own whole numbers."""

import jax
import numpy as np

from commonweal.core.concentration import read_squares, sum_of_squares


def test_squares_of_any_purses_are_exact() -> None:
    random = np.random.default_rng(5)
    for top in (9, 2**16, 2**31 - 1):
        purse = random.integers(-top, top, 1000)
        read = {name: np.asarray([value]) for name, value in jax.device_get(read_squares(purse.astype(np.int32))).items()}
        owned = [max(int(own), 0) for own in purse]
        assert sum_of_squares(read) == sum(own**2 for own in owned)
        assert int(read["sum"][0]) == sum(owned)
        assert int(read["seats"][0]) == 1000
