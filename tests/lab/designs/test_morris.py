"""Morris's paths as cells: one factor changes at a step, on seeds that a path has for itself; constraints drop whole paths."""

import itertools

import pytest

from commonweal.core import lens
from commonweal.core.errors import StudyError
from commonweal.lab.designs.morris import Morris
from commonweal.lab.factors import Factor

A, B = (Factor(label, lens.size(), low=0.0, high=3.0) for label in "ab")
FACTORS = (A, B, Factor("c", lens.size(), ("u", "v")))


def test_one_factor_changes_at_a_step():
    cells = Morris(6).begin(FACTORS, lambda levels: True)
    assert len(cells) == 24
    for start in range(0, 24, 4):
        path = [cell.levels for cell in cells[start : start + 4]]
        changed = [[label for label in "abc" if one[label] != two[label]] for one, two in itertools.pairwise(path)]
        assert sorted(changed) == [["a"], ["b"], ["c"]]
        assert {cell.first for cell in cells[start : start + 4]} == {start // 4 * 2}
        assert {float(levels["a"]) for levels in path} <= {0.0, 1.0, 2.0, 3.0}
    assert Morris(9).begin(FACTORS, lambda levels: True)[:24] == cells


def test_a_path_that_meets_the_constraint_is_left_out_whole():
    def allowed(levels):
        return levels["a"] + levels["b"] < 5.5

    cells = Morris(10).begin(FACTORS, allowed)
    assert len(cells) == 40
    assert all(allowed(cell.levels) for cell in cells)
    assert Morris(14).begin(FACTORS, allowed)[:40] == cells
    with pytest.raises(StudyError, match="keep to the constraint"):
        Morris(3).begin(FACTORS, lambda levels: levels["a"] < 1)  # every path changes it by two thirds of its range


def test_an_odd_grid_and_no_paths_are_refused():
    with pytest.raises(StudyError, match="even number"):
        Morris(4, levels=5)
    with pytest.raises(StudyError, match="at least 1 of each"):
        Morris(0)
    with pytest.raises(StudyError, match="one level"):
        Morris(2).begin((*FACTORS, Factor("d", lens.size(), (5,))), lambda levels: True)
    with pytest.raises(StudyError, match="no factors"):
        Morris(2).begin((), lambda levels: True)
