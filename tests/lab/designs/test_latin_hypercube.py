"""A Latin hypercube design: one cell in each slice, and constraints kept to where there are some."""

import pytest

from commonweal.core import lens
from commonweal.core.errors import StudyError
from commonweal.lab.designs.latin_hypercube import LatinHypercube
from commonweal.lab.factors import Factor

UNIT = tuple(Factor(label, lens.size(), low=0.0, high=1.0) for label in "abc")


@pytest.mark.parametrize("points", [1, 7, 20])
def test_every_slice_of_every_range_is_looked_at_once(points):
    cells = LatinHypercube(points, seed=3).begin(UNIT, lambda levels: True)
    for label in "abc":
        assert sorted(int(float(cell.levels[label]) * points) for cell in cells) == list(range(points))
    assert cells == LatinHypercube(points, seed=3).begin(UNIT, lambda levels: True)
    assert all(cell.seeds is None for cell in cells)


def test_a_constraint_is_kept_to_and_few_levels_are_run_once():
    cells = LatinHypercube(15, replicates=2).begin(UNIT, lambda levels: levels["a"] + levels["b"] < 0.5)
    assert len(cells) == 15
    assert all(cell.levels["a"] + cell.levels["b"] < 0.5 for cell in cells)
    assert [cell.first for cell in cells] == list(range(0, 30, 2))
    whole = (Factor("n", lens.size(), low=1, high=4, whole=True), Factor("x", lens.size(), ("u", "v")))
    assert len({tuple(cell.levels.values()) for cell in LatinHypercube(8).begin(whole, lambda levels: True)}) == 8


def test_what_cannot_be_sampled_is_refused():
    with pytest.raises(StudyError, match="at least 1 %"):
        LatinHypercube(5).begin(UNIT, lambda levels: max(levels.values()) < 0.05)
    with pytest.raises(StudyError, match="at least 1 of each"):
        LatinHypercube(0)
