"""Packed acts: there and back, and read from the other side by the names of both ends."""

import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core.links import Links
from commonweal.core.networks import Rows
from commonweal.core.packed import packed, toward, unpacked


def test_packing_is_undone_by_unpacking() -> None:
    flags = np.random.default_rng(1).random((20, 5)) < 0.5
    assert np.array_equal(np.asarray(unpacked(packed(jnp.asarray(flags)), 5)), flags)
    assert packed(jnp.asarray([[True, False, True]])).tolist() == [5]


@pytest.mark.parametrize(
    "path",
    [[[1, -1], [0, 2], [3, 1], [2, -1]], [[1, 3], [0, 2], [3, 1], [2, 0]]],
    ids=["0 - 1 - 2 - 3", "full ring"],
)
def test_acts_from_the_other_side_by_the_two_ends_of_each_contact(path: list[list[int]]) -> None:
    rows: Rows = np.asarray(path, np.int32)
    acts = np.random.default_rng(2).integers(0, 4, 4)
    does = {(i, int(j)): int(acts[i]) >> slot & 1 for i, row in enumerate(rows) for slot, j in enumerate(row) if j >= 0}
    got = toward(jnp.asarray(acts, jnp.uint8), Links.in_rows(rows)).tolist()
    assert got == [sum(does[int(j), i] << slot for slot, j in enumerate(row) if j >= 0) for i, row in enumerate(rows)]
