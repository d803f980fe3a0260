"""Cosines of rows in blocks are those of rows one by one."""

import numpy as np
import pytest

from commonweal.statistics.cosines import ROWS, blocks, row_cosines, stretched


def test_blocks_cover_every_row_once():
    for rows in (0, 1, ROWS, ROWS + 1, 3 * ROWS - 1):
        assert [at for part in blocks(rows) for at in (part.start, part.stop)][1:-1:2] == list(range(ROWS, rows, ROWS))
        assert sum(part.stop - part.start for part in blocks(rows)) == rows


def test_rows_of_two_tables():
    draw = np.random.default_rng(1)
    left, right = draw.normal(size=(50, 3)).astype(np.float32), draw.normal(size=(20, 3))
    right[0] = 0
    at, to = draw.integers(50, size=ROWS + 7), draw.integers(20, size=ROWS + 7)
    found = row_cosines(left, at, right, to)
    for row in draw.integers(len(at), size=100):
        one, other = left[at[row]].astype(float), right[to[row]]
        length = np.sqrt((one @ one) * (other @ other))
        assert found[row] == pytest.approx(one @ other / length if length else np.nan, nan_ok=True)


def test_rows_stretched_where_they_stand():
    rows = np.array([[3, 4], [0, 0], [-2, 0]], np.float32)
    assert stretched(rows) is rows
    assert rows == pytest.approx(np.array([[0.6, 0.8], [0, 0], [-1, 0]]))
