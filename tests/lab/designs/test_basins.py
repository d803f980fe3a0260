"""A basins design is a full factorial of a setting and two start states, with the same seeds everywhere."""

import json

import pytest

from commonweal.core import lens
from commonweal.core.errors import StudyError
from commonweal.lab.designs.basins import Basins
from commonweal.lab.designs.design import check_cells
from commonweal.lab.designs.full import Full
from commonweal.lab.factors import Factor

SHARE = Factor("share", lens.share("ruthless"), (0.0, 0.1, 0.2, 0.3))
STOCK = Factor("stock", lens.share("stock"), ("full", "small"))
SIZE = Factor("size", lens.size(), (5, 50))
DESIGN = Basins("share", "stock")


def anything(levels):
    return True


def test_it_is_the_full_factorial_with_shared_seeds():
    cells = DESIGN.begin((SHARE, SIZE, STOCK), anything)
    assert cells == Full().begin((SHARE, SIZE, STOCK), anything)
    assert len(cells) == 4 * 2 * 2
    assert {(cell.first, cell.seeds) for cell in cells} == {(0, None)}
    check_cells((SHARE, SIZE, STOCK), cells)
    assert {cell.first for cell in Basins("share", "stock", first=500).begin((SHARE, STOCK), anything)} == {500}
    assert DESIGN.further((), 20) == 0


def test_the_plan_holds_it_as_json():
    design = Basins("share", "stock", outcome="stock left", level=0.3)
    assert json.loads(json.dumps(design.facts())) == design.facts()
    assert (design.metric("survived"), DESIGN.metric("survived")) == ("stock left", "survived")


@pytest.mark.parametrize(
    ("design", "factors", "words"),
    [
        (Basins("greed", "stock"), (SHARE, STOCK), "two of the part's factors: share, stock"),
        (Basins("share", "share"), (SHARE, STOCK), "two of the part's factors"),
        (Basins("stock", "share"), (SHARE, STOCK), "at least 3 numbers"),
        (DESIGN, (Factor("share", SHARE.lens, low=0.0, high=1.0), STOCK), "at least 3 numbers"),
        (DESIGN, (Factor("share", SHARE.lens, (0.0, 0.1)), STOCK), "at least 3 numbers"),
        (DESIGN, (SHARE, Factor("stock", STOCK.lens, ("full", "half", "small"))), "belongs to the lowest share"),
    ],
)
def test_factors_that_do_not_fit_are_refused(design, factors, words):
    with pytest.raises(StudyError, match=words):
        design.begin(factors, anything)
