"""Maps of zooms whose boundary is known: its share of the space, the region in words, and the control arm beside it."""

import dataclasses
import json

import numpy as np
import pytest

from commonweal.analysis.boundary import find_boundary
from commonweal.analysis.plans import Cell, Factor, MetricCard, read_plan
from commonweal.analysis.trials import Trials, read_trials
from commonweal.core.errors import LogError
from commonweal.lab.designs.zoom import Zoom

SHARE = MetricCard("1", 0.0, 1.0, "", "")


@pytest.fixture(scope="module")
def run(zoomed):
    plan, trials = read_plan(zoomed), read_trials(zoomed)
    return plan, trials, find_boundary(plan, trials, plan.part("map"))


def test_the_share_above_the_level_is_within_its_interval(run):
    """The outcome flips at 0.6 along one axis of the unit cube, so 0.6 of the space is above."""
    _, _, found = run
    for reading in (found.all, found.control):
        assert reading.share.low <= reading.share.value <= reading.share.high
        assert reading.share.value == pytest.approx(0.6, abs=0.03)
    assert found.all.share.low - 0.02 < 0.6 < found.all.share.high + 0.02
    assert found.overlap > 0.95


def test_the_box_names_the_factor_that_matters_and_its_limit_and_no_other(run):
    _, _, found = run
    words, _, limit = found.box.rpartition(" ")
    assert words == "ruthless share at most"
    assert float(limit) == pytest.approx(0.6, abs=0.03)
    assert min(found.box_density, found.box_coverage) > 0.95
    lengths = dict(zip(found.factors, found.all.lengths, strict=True))
    assert lengths["ruthless share"] < 0.5 * min(lengths["fine"], lengths["payer"])


def test_the_control_arm_is_the_coverage_cells_alone(run):
    plan, trials, found = run
    cells = {cell.cell: cell.why for cell in plan.part("map").cells}
    own = trials.cell[trials.part == "map"].tolist()
    covering = [cell for cell in own if cells[cell] == "coverage"]
    assert (found.control.trials, found.control.points) == (len(covering), len(set(covering))) == (128, 64)
    assert (found.all.trials, found.all.points) == (160, 80)
    fresh = [cell for cell in own if cells[cell] == "confirm"]
    assert found.confirmed.n == len(fresh) == 8
    alone = find_boundary(plan, trials.where(np.isin(trials.cell, covering) & (trials.part == "map")), plan.part("map"))
    assert alone.all.share == alone.control.share == found.control.share
    assert (alone.overlap, alone.confirmed.n) == (1.0, 0)


def test_every_place_of_the_map_has_a_chance_that_falls_across_the_boundary(run):
    _, _, found = run
    places, chance = np.array(found.all.places), np.array(found.all.chance)
    assert places.shape == (chance.size, 3)
    assert chance[places[:, 0] < 0.5].min() > 0.9
    assert chance[places[:, 0] > 0.7].max() < 0.1


def test_a_plain_part_has_no_boundary_and_one_barely_begun_has_none_yet(run):
    plan, trials, _ = run
    assert find_boundary(plan, trials, plan.part("scripted")) is None
    few = trials.where((trials.part == "map") & (trials.cell < 3))
    assert find_boundary(plan, few, plan.part("map")) is None


def planted(chance, level=0.5, card=SHARE, n=60, **design):
    """A plan and table of a zoom over the unit square; each cell has two trials whose outcome is `chance` of its place."""
    import audits

    rng = np.random.default_rng(3)
    plan, _ = audits.run_of([audits.Made(None, [0.0], [0.0])])
    places = rng.random((n, 2))
    cells = tuple(Cell(i, {"x": x, "y": y}, None, (2 * i, 2), "coverage") for i, (x, y) in enumerate(places.tolist()))
    factors = tuple(Factor(label, "l", tuple(sorted(places[:, i].tolist())), 0.0, 1.0) for i, label in enumerate("xy"))
    facts = Zoom(level=level, runs=2 * n, first=2 * n).facts() | design
    part = dataclasses.replace(plan.parts[0], cells=cells, factors=factors, design=facts)
    cell = np.repeat(np.arange(n), 2)
    values = np.array([chance(*places[i], rng) for i in cell])
    trials = Trials(
        np.array(["main"] * 2 * n), cell, np.arange(2 * n), np.full(2 * n, 9), {}, {"good": values}, {}, np.full(2 * n, "")
    )
    plan = dataclasses.replace(plan, metrics={"good": card}, parts=(part,))
    return plan, trials, part


def test_a_slanted_boundary_of_a_continuous_outcome_in_its_own_unit():
    """A mean of 100 (x + y) crosses 100 on the diagonal: half of the square is above, whatever the outcome's unit."""
    card = MetricCard("tokens", 0.0, 200.0, "", "")
    found = find_boundary(*planted(lambda x, y, rng: 100 * (x + y) + rng.normal(0, 10), level=100.0, card=card))
    assert found.all.share.value == pytest.approx(0.5, abs=0.03)
    assert found.all.share.low - 0.01 <= 0.5 <= found.all.share.high + 0.01
    assert found.all.noise == pytest.approx(10, rel=0.35)
    assert "x at least" in found.box or "y at least" in found.box
    assert found.box_density > 0.7


@pytest.mark.parametrize(
    ("value", "box", "share"), [(0.1, "", 0.0), (0.9, "everywhere", 1.0)], ids=["nothing above", "all above"]
)
def test_a_space_on_one_side_of_the_level(value, box, share):
    found = find_boundary(*planted(lambda x, y, rng: value + rng.normal(0, 0.01), n=20))
    assert (found.box, found.all.share.value) == (box, share)
    assert (found.box_density, found.box_coverage) == (share, share)
    assert found.overlap == 1.0


def test_the_outcome_may_be_another_metric_than_the_primary_one():
    plan, trials, part = planted(lambda x, y, rng: float(x > 0.5), n=20)
    other = dataclasses.replace(part, design={**part.design, "outcome": "other"})
    metrics = {"good": np.zeros(len(trials)), "other": trials.metrics["good"]}
    plan = dataclasses.replace(plan, metrics={"good": SHARE, "other": SHARE})
    found = find_boundary(plan, dataclasses.replace(trials, metrics=metrics), other)
    assert found.metric == "other"
    assert found.all.share.value == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize(
    ("design", "card", "words"),
    [
        ({"level": "x"}, SHARE, r"part main, design\.level: found \"x\", expected a number"),
        ({"runs": None}, SHARE, r"design\.runs: found null, expected a number"),
        ({}, MetricCard("1", None, None, "", ""), "zooms on good, which has no finite range"),
        ({"outcome": "none"}, SHARE, "zooms on none"),
        ({"replicates": 0}, SHARE, "part main, design: .* plan the study again"),
        ({"level": 2.0}, SHARE, "part main, design: .* plan the study again"),
    ],
)
def test_a_damaged_design_is_said(design, card, words):
    plan, trials, part = planted(lambda x, y, rng: float(x > 0.5), n=20, card=card, **design)
    with pytest.raises(LogError, match=words):
        find_boundary(plan, trials, part)


def test_it_is_json(run):
    from commonweal.analysis.boundary import Boundary
    from commonweal.analysis.storing import decode, encode

    _, _, found = run
    assert decode(Boundary, json.loads(json.dumps(encode(found), allow_nan=False))) == found
