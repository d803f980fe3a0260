"""What a design may choose: cells that fit the part's factors, told where they do not."""

import dataclasses
import json
from typing import ClassVar

import numpy as np
import pytest
from commonweal_plugin.study import study as tithe

from commonweal.core import lens
from commonweal.core.errors import StudyError
from commonweal.lab.designs.design import Allowed, Cell, Design, Seen, check_cells
from commonweal.lab.designs.full import Full
from commonweal.lab.designs.ladder import Ladder
from commonweal.lab.designs.sobol import Sobol
from commonweal.lab.designs.zoom import Zoom
from commonweal.lab.factors import Factor
from commonweal.lab.study import Part

(PART,) = tithe.parts
A = Factor("a", lens.share("other"), (0.0, 1.0))
B = Factor("b", lens.size(), low=5, high=9, whole=True)
"""Two factors: levels, and a range of whole numbers."""


@dataclasses.dataclass(frozen=True)
class Chosen(Design):
    """Cells that an author wrote down."""

    kind: ClassVar[str] = "chosen"
    cells: tuple[Cell, ...]

    def begin(self, factors: tuple[Factor, ...], allowed: Allowed) -> tuple[Cell, ...]:
        """All of them."""
        return self.cells


@pytest.mark.parametrize(
    ("levels", "message"),
    [
        ({"a": 0.0}, r"cell 1 has levels of \['a'\]; expected one for each of \['a', 'b'\], in order"),
        ({"b": 5, "a": 0.0}, r"levels of \['b', 'a'\]"),
        ({"a": 0.0, "b": 5, "c": 1}, "levels of"),
        ({"a": 0.5, "b": 5}, r"cell 1 has a = 0.5; expected one of \(0.0, 1.0\)"),
        ({"a": 0.0, "b": 5.5}, "cell 1 has b = 5.5; expected a whole number from 5 to 9"),
        ({"a": 0.0, "b": 10}, "cell 1 has b = 10; expected a whole number from 5 to 9"),
        ({"a": 0.0, "b": "six"}, "cell 1 has b = 'six'"),
    ],
    ids=str,
)
def test_cells_that_do_not_fit_are_refused(levels: dict, message: str):
    fits = Cell({"a": 0.0, "b": 5})
    check_cells((A, B), (fits,))
    with pytest.raises(StudyError, match=message):
        check_cells((A, B), (fits, Cell(levels)))
    part = dataclasses.replace(PART, factors=(A, B), design=Chosen((fits, Cell(levels))))
    with pytest.raises(StudyError, match=message):
        _ = part.plan
    with pytest.raises(StudyError, match=message):
        _ = dataclasses.replace(PART, factors=(A, B), design=Chosen((fits,)), later=(Cell(levels),)).plan


def test_a_parts_plan_is_its_designs_cells_then_the_later_ones():
    later = (Cell({"a": 1.0, "b": 9}, 2, 3, "boundary"),)
    part = dataclasses.replace(PART, factors=(A, B), design=Chosen((Cell({"a": 0.0, "b": 5}),)), later=later, seeds=4)
    assert [cell.levels["b"] for cell in part.plan] == [5, 9]
    assert [part.seeds_of(cell) for cell in range(2)] == [range(4), range(3, 5)]
    assert part.trials == 6
    assert part.cells() == [cell.levels for cell in part.plan]


@pytest.mark.parametrize("design", [Full(), Sobol(6), Sobol(6, replicates=2, seed=3)], ids=["full", "sobol", "fresh"])
def test_constraints_hold_for_every_design(design: Design):
    factors = (A, Factor("b", lens.size(), (5, 6, 7, 8)))
    part = Part("p", PART.society, factors, 2, 1, design=design, allowed=lambda levels: levels["a"] == 1.0 or levels["b"] > 6)
    assert part.plan
    assert len(part.plan) == 6  # of the 8 combinations
    assert all(levels["a"] == 1.0 or levels["b"] > 6 for levels in part.cells())
    assert part.plan == dataclasses.replace(part).plan


def test_a_plain_design_has_one_stage_and_takes_any_metric():
    nothing = np.zeros(0, np.int64)
    seen = Seen((A,), lambda levels: True, 1, (), nothing, nothing, np.zeros(0), np.zeros(0))
    design = Chosen(())
    assert design.extend(seen) is None
    assert design.further((), 7) == 0
    assert design.metric("survived") == "survived"
    design.accept((-np.inf, np.inf))


def test_facts_are_json():
    assert Full().facts()["kind"] == "full"
    for design in (Full(), Sobol(8, 2), Ladder("size"), Zoom(0.5, runs=64)):
        facts = design.facts()
        assert json.loads(json.dumps(facts)) == facts
        own = {name: value for name, value in facts.items() if name != "kind"}
        assert type(design)(**own) == design
