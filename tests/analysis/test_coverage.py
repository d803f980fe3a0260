"""How much of a space was looked at: closed forms for a grid, and where later stages went."""

import dataclasses
import json
import math

import numpy as np
import pytest

from commonweal.analysis.coverage import find_axis, find_coverage, locate_cells
from commonweal.analysis.plans import Cell
from commonweal.lab.designs.cube import find_axes
from commonweal.lab.designs.fraction import Fraction
from commonweal.lab.designs.full import Full
from commonweal.lab.designs.sobol import Sobol
from commonweal.statistics.sampling import draw_allowed
from planted import DETECT, HOLD, OTHERS, PAYER, TOLERANCE, main_part, plant, write_plan

FLAT = {"welfare": 0.0}


def flat(levels, seed, rng):
    return FLAT


def test_cells_lie_where_the_design_put_them(tmp_path):
    factors = (DETECT, TOLERANCE, HOLD, PAYER)
    plan = write_plan(tmp_path, Sobol(32), factors)
    part = main_part(plan)
    assert tuple(find_axis(factor) for factor in part.factors) == find_axes(factors)
    points = draw_allowed(32, 4, lambda points: np.ones(len(points), bool))
    found = locate_cells(part.factors, part.cells)
    assert found[:, :2] == pytest.approx(points[:, :2], abs=1e-9)
    assert np.abs(found[:, 2] - points[:, 2]).max() <= 1 / 16
    assert np.abs(found[:, 3] - points[:, 3]).max() <= 1 / 4


def test_a_sobol_part_covers_its_space(tmp_path):
    plan = write_plan(tmp_path, Sobol(64), (DETECT, OTHERS))
    trials = plant(plan, flat)
    found = find_coverage(trials, main_part(plan))
    assert found is not None
    assert (found.design, found.factors, found.cells, found.planned) == ("sobol", ("detection", "others"), 64, 64)
    assert min(found.share, found.even_share) > 0.99
    assert found.within == pytest.approx(0.1 * math.sqrt(2))
    assert found.dispersion < 0.25
    assert found.discrepancy is not None
    assert found.discrepancy < 0.01
    (visit,) = found.visits
    assert (visit.stage, visit.why, visit.cells, visit.trials) == (0, "", 64, 128)
    json.dumps(dataclasses.asdict(found), allow_nan=False)
    half = find_coverage(trials.where(trials.cell < 4), main_part(plan))
    assert half is not None
    assert half.cells == 4
    assert half.share < 0.3
    assert half.dispersion > found.dispersion


def test_words_are_an_axis_of_their_own(tmp_path):
    plan = write_plan(tmp_path, Full(), (PAYER,))
    trials = plant(plan, flat)
    found = find_coverage(trials.where(trials.cell == 0), main_part(plan))
    assert found is not None
    assert found.dispersion == pytest.approx(1.0)
    assert found.share == pytest.approx(0.5, abs=0.01)
    assert found.discrepancy is None
    assert find_coverage(trials.where(trials.cell < 0), main_part(plan)) is None


def test_a_fraction_says_what_it_confuses(tmp_path):
    # Box and Hunter (1961): the half fraction of three factors confuses every one with the product of the other two.
    plan = write_plan(tmp_path, Fraction(generators=("AB",)), (DETECT, TOLERANCE, PAYER))
    found = find_coverage(plant(plan, flat), main_part(plan))
    assert found is not None
    a, b, c = found.factors
    assert found.aliases == (f"{a} = {b} x {c}", f"{b} = {a} x {c}", f"{c} = {a} x {b}")


def test_where_later_stages_went(tmp_path):
    plan = write_plan(tmp_path, Sobol(16), (DETECT, OTHERS))
    part = main_part(plan)
    later = tuple(Cell(16 + i, {"detection": 0.4 + 0.05 * i, "others": 0.9}, None, (0, 2), "boundary", 1) for i in range(4))
    part = dataclasses.replace(part, cells=(*part.cells, *later))
    grown = dataclasses.replace(plan, parts=(part,))
    found = find_coverage(plant(grown, flat), part)
    assert found is not None
    first, boundary = found.visits
    assert (first.stage, first.cells) == (0, 16)
    assert (boundary.stage, boundary.why, boundary.cells, boundary.trials) == (1, "boundary", 4, 8)
    assert [(span.factor, span.low, span.high) for span in boundary.spans] == [
        ("detection", pytest.approx(0.4), pytest.approx(0.55)),
        ("others", 0.9, 0.9),
    ]
    assert boundary.spans[0].middle == pytest.approx(0.475)


def test_a_part_in_which_nothing_varies_has_no_space(tmp_path):
    plan = write_plan(tmp_path, Full(), (PAYER,))
    fixed = dataclasses.replace(main_part(plan).factors[0], levels=("nobody",))
    assert find_coverage(plant(plan, flat), dataclasses.replace(main_part(plan), factors=(fixed,))) is None
