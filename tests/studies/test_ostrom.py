"""Ostrom's switches: the study plans; its mean field is a closed form where all are neighbours, and near what is simulated."""

import itertools

import numpy as np
import pytest

from commonweal.engine.compiled import run_batch
from commonweal.institutions.nested import Nested
from commonweal.lab.plan import make_plan
from commonweal.studies.ostrom import (
    FACTORS,
    GROWTH,
    MONTHS,
    OFF,
    ON,
    OUTSIDERS,
    PRINCIPLES,
    SEATS,
    SPILL,
    VILLAGES,
    custom,
    mean_field,
    society,
    study,
)
from commonweal.worlds.villages import monthly_factor


def kept(*on):
    """The levels with some principles on."""
    return {name: ON if name in on else OFF for name in PRINCIPLES}


CELLS = [dict(zip(PRINCIPLES, levels, strict=True)) for levels in itertools.product((OFF, ON), repeat=8)]


@pytest.mark.slow
def test_it_plans():
    parts = make_plan(study, None, None)["parts"]
    assert isinstance(parts, list)
    assert [len(part["cells"]) for part in parts] == [256, 256, 16]


def test_it_runs_every_setting_and_a_regular_sixteenth():
    assert [len(part.cells()) for part in study.parts] == [256, 256, 16]
    for name in PRINCIPLES:
        sixteenth = [levels[name] for levels in study.part("sixteenth").cells()]
        assert sixteenth.count(ON) == 8


def test_theory_is_the_closed_form_where_all_are_neighbours():
    """Everybody takes the village's share: left (1 - u) factor^(t - 1) after t months, over 1 - the region's share."""
    rng = np.random.default_rng(0)
    local = (GROWTH - 1) / GROWTH
    for _ in range(20):
        spill, months = float(rng.uniform(0, 0.4)), int(rng.integers(1, 8))
        on = [name for name in PRINCIPLES if name not in ("nesting", "arena") and rng.uniform() < 0.5]
        found = mean_field(kept("arena", *on), spill, months, (96, 0, 0))
        left = (1 - local) * monthly_factor(1.0, GROWTH, spill) ** (months - 1)
        assert found == pytest.approx(left / (1 - (GROWTH - 1) / (GROWTH + spill)), rel=1e-9)
    assert mean_field(kept("arena"), 0.0, 50, (96, 0, 0)) == 1.0
    assert mean_field(kept("arena", "boundaries"), 0.0, 50, (96, 0, 4)) == 1.0


def test_theory_answers_the_question():
    local = PRINCIPLES[:7]
    assert mean_field(kept(*local), 0.0) - mean_field(kept(*local)) > 0.3
    assert mean_field(kept("nesting")) < 0.1 < mean_field(kept(*local)) < 0.5 < mean_field(kept(*PRINCIPLES))
    effects = {
        name: np.mean([(1 if levels[name] == ON else -1) * 2 * mean_field(levels) for levels in CELLS]) for name in PRINCIPLES
    }
    assert all(effect > 0.005 for effect in effects.values())


def test_every_village_has_as_many_of_each_kind():
    seats = society().seats
    assert SEATS % VILLAGES == OUTSIDERS % VILLAGES == 0
    assert seats.groups is not None
    assert int(seats.groups.sum()) == OUTSIDERS
    assert custom(SPILL) == pytest.approx(2 / 2.15)
    assert isinstance(society().rules["village"], Nested)


@pytest.mark.slow
def test_the_simulation_agrees_with_the_mean_field():
    rng = np.random.default_rng(1)
    cells = [CELLS[i] for i in rng.choice(256, 22, replace=False)] + [kept(*PRINCIPLES[:7]), kept(*PRINCIPLES)]
    vary = tuple(
        (factor.lens, np.asarray([factor.value(levels[factor.label]) for levels in cells])) for factor in FACTORS
    )  # fmt: skip
    logs = run_batch(society(), vary, tuple(range(len(cells))), MONTHS, study.metrics)
    found = np.asarray([log.values["stock kept"] for log in logs])
    theory = np.asarray([mean_field(levels) for levels in cells])
    assert np.abs(found - theory).mean() < 0.05
    assert np.corrcoef(found, theory)[0, 1] > 0.9
    assert logs[-1].values["stock kept"] - logs[-2].values["stock kept"] > 0.2
