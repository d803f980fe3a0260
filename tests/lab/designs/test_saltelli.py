"""Saltelli's sample as cells: one factor changes at a time from A to B, on seeds that a base point has for itself."""

import pytest

from commonweal.core import lens
from commonweal.core.errors import StudyError
from commonweal.lab.designs.saltelli import Saltelli
from commonweal.lab.factors import Factor

FACTORS = (
    Factor("x", lens.size(), low=0.0, high=2.0),
    Factor("n", lens.size(), low=2, high=9, whole=True),
    Factor("kind", lens.size(), ("u", "v", "w")),
)


def test_between_a_and_b_one_factor_is_exchanged_at_a_time():
    cells = Saltelli(8, replicates=3).begin(FACTORS, lambda levels: True)
    assert len(cells) == 8 * 5
    for start in range(0, 40, 5):
        a, *mixed, b = (cell.levels for cell in cells[start : start + 5])
        for factor, levels in zip(FACTORS, mixed, strict=True):
            assert levels == {**a, factor.label: b[factor.label]}
        assert {(cell.first, cell.seeds) for cell in cells[start : start + 5]} == {(start // 5 * 3, 3)}
    assert Saltelli(3, replicates=3).begin(FACTORS, lambda levels: True) == cells[:15]


def test_what_gives_no_indices_is_refused():
    with pytest.raises(StudyError, match="vary independently"):
        Saltelli(8).begin(FACTORS, lambda levels: levels["x"] < 1.5)
    with pytest.raises(StudyError, match="seed's share"):
        Saltelli(8, replicates=1)
    with pytest.raises(StudyError, match="at least 1 of each"):
        Saltelli(0)
    with pytest.raises(StudyError, match="no factors"):
        Saltelli(2).begin((), lambda levels: True)
