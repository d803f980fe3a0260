"""The full factorial design: all combinations once, in a known order."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonweal.core import lens
from commonweal.core.errors import StudyError
from commonweal.lab.designs.design import Cell
from commonweal.lab.designs.full import Full
from commonweal.lab.factors import Factor


def factor(label: str, count: int) -> Factor:
    return Factor(label, lens.size(), tuple(range(1, count + 1)))


def anything(levels: object) -> bool:
    return True


@given(st.lists(st.integers(1, 4), max_size=4), st.integers(0, 5000))
def test_each_combination_is_a_cell_once_the_last_factor_fastest(counts: list[int], first: int):
    factors = tuple(factor(f"f{at}", count) for at, count in enumerate(counts))
    cells = Full(first).begin(factors, anything)
    expected = itertools.product(*(range(1, count + 1) for count in counts))
    assert [tuple(cell.levels.values()) for cell in cells] == list(expected)
    assert all((cell.seeds, cell.first, cell.why) == (None, first, "") for cell in cells)


def test_without_factors_there_is_one_cell():
    assert Full().begin((), anything) == (Cell({}),)


def test_a_range_and_a_constraint_that_allows_nothing_are_refused():
    ranged = Factor("share", lens.share("other"), low=0.0, high=1.0)
    with pytest.raises(StudyError, match=r"'share' has a range, .*a design that samples: Part\(design=Sobol"):
        Full().begin((factor("a", 2), ranged), anything)
    with pytest.raises(StudyError, match="allows none of 6 combinations of levels; expected at least one"):
        Full().begin((factor("a", 2), factor("b", 3)), lambda levels: False)
    kept = Full().begin((factor("a", 2), factor("b", 3)), lambda levels: levels["a"] != levels["b"])
    assert [tuple(cell.levels.values()) for cell in kept] == [(1, 2), (1, 3), (2, 1), (2, 3)]
