"""The study of conventions: its theory is the mean field, and small runs of its parts agree with it."""

import numpy as np
import pytest

from arms import play
from commonweal.analysis.exact.naming_game import find_critical_share, tips
from commonweal.core.seats import Seating
from commonweal.engine.check import check
from commonweal.engine.compiled import run_batch
from commonweal.lab.batches import data_factors
from commonweal.lab.plan import make_plan
from commonweal.studies.conventions import (
    COMMITTED,
    DIFFER,
    FIVE,
    SWEEPS,
    expected,
    study,
    with_language,
)


def test_every_cell_is_planned_with_its_theory() -> None:
    parts = make_plan(study, None, None)["parts"]
    assert isinstance(parts, list)
    assert [len(part["cells"]) for part in parts] == [7, 8, 3, 2, 2]
    assert [cell["theory"] for cell in parts[0]["cells"]] == [0, 0, 0, 0, 1, 1, 1]
    assert [cell["theory"] for cell in parts[3]["cells"]] == [1 / len(FIVE), 0]
    assert all(len(data_factors(part)) == len(part.factors) for part in study.parts)


def test_theory_is_a_step_at_the_critical_share() -> None:
    """At random shares away from the place where 500 sweeps are too few."""
    critical = find_critical_share()
    for share in np.random.default_rng(979).uniform(0.0, 0.3, 8):
        if abs(share - critical) > 0.002:
            assert expected({COMMITTED: float(share)}) == float(share > critical) == float(tips(float(share), SWEEPS))


def values(part: str, levels, metric: str, seeds: int) -> np.ndarray:
    own = study.part(part)
    logs = run_batch(own.society_of(levels), (), range(seeds), own.ticks, study.metrics)
    return np.asarray([log.values[metric] for log in logs])


@pytest.mark.slow
def test_learners_agree_where_it_pays_alone() -> None:
    """Twelve societies a task: pairs agree, but for a little exploring that is left, or no more often than at random."""
    same, different = (values("tasks, learners", {DIFFER: differ}, "agreement", 12) for differ in (False, True))
    assert (same > 0.99).all()
    assert (different < 1 / len(FIVE) + 0.03).all()


@pytest.mark.slow
def test_copiers_agree_whatever_is_paid() -> None:
    for differ in (False, True):
        assert (values("tasks, copiers", {DIFFER: differ}, "agreement", 12) == 1).all()


@pytest.mark.slow
def test_minorities_tip_as_the_mean_field_says() -> None:
    """Six societies of a thousand at .08 and .12."""
    assert not values("minority", {COMMITTED: 0.08}, "tipped", 6).any()
    assert values("minority", {COMMITTED: 0.12}, "tipped", 6).all()


@pytest.mark.slow
def test_one_name_wins_whoever_forgets() -> None:
    for speakers, hearers in ((True, True), (True, False), (False, True)):
        levels = {"speakers forget": speakers, "hearers forget": hearers}
        assert (values("emergence", levels, "consensus time", 4) < study.part("emergence").ticks).all()


def test_the_language_arm_is_off_by_default_and_of_few_calls() -> None:
    arm = with_language()
    part = arm.part("language")
    assert part.role == "control"
    assert [own.name for own in arm.parts[:-1]] == [own.name for own in study.parts]
    check(part.society, arm.metrics)
    assert (part.trials, part.ticks, part.society.seats) == (2, 10, Seating(6))


@pytest.mark.slow
def test_any_endpoint_takes_the_seats_of_the_language_arm() -> None:
    arm = with_language()
    log, asked = play(arm.part("language"), arm.metrics, {DIFFER: True}, 2)
    assert len(asked) == 2 * 6
    assert all(name in asked[0].message("user") for name in FIVE)
    assert set(log.values) == set(arm.metrics.names)
