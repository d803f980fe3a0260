"""Points become levels: each on its factor's axis, each combination once, with shared or fresh seeds."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonweal.core import lens
from commonweal.core.errors import StudyError
from commonweal.lab.designs.cube import Fresh, check_counts, check_factors, find_axes, find_levels, make_cells
from commonweal.lab.factors import Factor
from commonweal.statistics.sampling import draw_sobol

SIZE = lens.size()
FACTORS = (
    Factor("share", SIZE, low=0.0, high=0.5),
    Factor("size", SIZE, low=8, high=64, whole=True, logarithmic=True),
    Factor("rounds", SIZE, (30, 10, 20)),
    Factor("network", SIZE, ("ring", "lattice")),
)


@given(st.integers(1, 40), st.integers(0, 2**32))
def test_every_level_is_one_that_its_factor_admits(n, seed):
    rows = find_levels(FACTORS, draw_sobol(n, 4, seed))
    assert len(rows) == n
    for levels in rows:
        assert list(levels) == ["share", "size", "rounds", "network"]
        assert all(factor.admits(levels[factor.label]) for factor in FACTORS)
        assert isinstance(levels["size"], int)


def test_levels_that_are_numbers_stand_in_order_on_their_axis():
    points = np.array([[0.0, 0.0, 0.1, 0.1], [1.0, 1.0, 0.5, 0.9], [0.5, 0.5, 0.9, 0.9]])
    assert [tuple(levels.values()) for levels in find_levels(FACTORS, points)] == [
        (0.0, 8, 10, "ring"),
        (0.5, 64, 20, "lattice"),
        (0.25, 22, 30, "lattice"),  # 8 (65/8)^0.5 = 22.8
    ]
    assert [axis.ordered for axis in find_axes(FACTORS)] == [True, True, True, False]


def test_a_combination_is_fresh_once_and_only_where_it_is_allowed():
    fresh = Fresh(FACTORS[2:], lambda levels: levels["rounds"] != 20)
    points = np.array([[0.1, 0.1], [0.2, 0.2], [0.5, 0.1], [0.1, 0.9]])
    assert fresh(points).tolist() == [True, False, False, True]
    assert not fresh(points).any()


def test_seeds_are_the_parts_or_fresh_ones():
    rows = [{"x": i} for i in range(4)]
    assert [(cell.seeds, cell.first) for cell in make_cells(rows, None)] == [(None, 0)] * 4
    assert [(cell.seeds, cell.first) for cell in make_cells(rows, 3)] == [(3, 0), (3, 3), (3, 6), (3, 9)]
    assert [cell.first for cell in make_cells(rows, 3, share=2)] == [0, 0, 3, 3]


def test_empty_samples_are_refused():
    for counts in ((0, None), (3, 0)):
        with pytest.raises(StudyError, match="at least 1 of each"):
            check_counts(*counts)
    with pytest.raises(StudyError, match="no factors"):
        check_factors(())
