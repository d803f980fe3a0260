"""A fraction as cells: the published ones for two levels, an orthogonal array or the best allowed choice for more."""

import itertools

import numpy as np
import pytest

from commonweal.core import lens
from commonweal.core.errors import StudyError
from commonweal.lab.designs.fraction import Fraction
from commonweal.lab.factors import Factor

SIZE = lens.size()
TWO = tuple(Factor(label, SIZE, (0, 1)) for label in "abcdefg")


def yes(levels):
    return True


def test_seven_factors_in_eight_runs():
    cells = Fraction(runs=8).begin(TWO, yes)
    signs = np.array([[2 * int(level) - 1 for level in cell.levels.values()] for cell in cells])
    assert (signs.T @ signs == 8 * np.eye(7)).all()
    assert "a = b x d = c x e = f x g" in Fraction(runs=8).aliases(TWO)


def test_as_few_runs_as_the_resolution_needs():
    sizes = [len(Fraction(resolution=r).begin(TWO[:5], yes)) for r in (3, 4, 5)]
    assert sizes == [8, 16, 16]
    assert Fraction(resolution=5).aliases(TWO[:5]) == ()


def test_generators_of_ones_own():
    # D = -ABC is no product with a plus sign; D = AB is, of resolution III.
    cells = Fraction(generators=("AB",)).begin(TWO[:4], yes)
    assert all((2 * c.levels["a"] - 1) * (2 * c.levels["b"] - 1) == 2 * c.levels["d"] - 1 for c in cells)
    assert "d = a x b" in Fraction(generators=("AB",)).aliases(TWO[:4])


def test_of_a_range_the_ends_are_run():
    factors = (Factor("x", SIZE, low=0.2, high=0.7), Factor("n", SIZE, low=4, high=9, whole=True), *TWO[:1])
    cells = Fraction(resolution=3).begin(factors, yes)
    assert len(cells) == 4
    assert {cell.levels["x"] for cell in cells} == {0.2, 0.7}
    assert {cell.levels["n"] for cell in cells} == {4, 9}


def test_three_levels_in_nine_runs_are_a_latin_square():
    factors = tuple(Factor(label, SIZE, ("u", "v", "w")) for label in "abcd")
    cells = Fraction(runs=9).begin(factors, yes)
    for one, two in itertools.combinations("abcd", 2):
        assert len({(cell.levels[one], cell.levels[two]) for cell in cells}) == 9


def test_where_a_run_is_forbidden_the_best_allowed_ones_are_taken():
    def allowed(levels):
        return levels["a"] + levels["b"] < 2

    cells = Fraction(runs=8).begin(TWO[:5], allowed)
    assert len({tuple(cell.levels.values()) for cell in cells}) == 8
    assert all(allowed(cell.levels) for cell in cells)
    mixed = (*TWO[:2], Factor("m", SIZE, ("u", "v", "w")))
    assert len(Fraction(runs=6).begin(mixed, allowed)) == 6


def test_mistakes_are_told():
    mixed = (*TWO[:2], Factor("m", SIZE, ("u", "v", "w")))
    for mistake, message in (
        (lambda: Fraction().begin(mixed, yes), "expected a number of runs"),
        (lambda: Fraction(runs=8, generators=("AB",)).begin(TWO[:4], lambda levels: levels["a"] == 0), "number of runs"),
        (lambda: Fraction(runs=6).begin(TWO, yes), "power of 2"),
        (lambda: Fraction().begin((), yes), "no factors"),
    ):
        with pytest.raises(StudyError, match=message):
            mistake()
