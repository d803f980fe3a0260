"""The study of SanctSim: its plan, its closed forms, the published figure, and a small run that agrees."""

from typing import Any

import numpy as np
import pytest

from arms import play
from commonweal.engine.check import check
from commonweal.engine.compiled import run_batch
from commonweal.lab.plan import make_plan
from commonweal.studies.sanctioning_institutions import (
    BUDGET,
    DEFECTORS,
    MODELS,
    PATTERN,
    PATTERNS,
    PERIODS,
    PUBLISHED,
    START,
    mind_of,
    predicted,
    published,
    read_genes,
    study,
)


@pytest.fixture(scope="module")
def plan() -> dict[str, Any]:
    return make_plan(study, None, None)


def test_the_prediction_is_the_recursion() -> None:
    random = np.random.default_rng(5)
    for start, climb in zip(random.random(30), random.uniform(-1, 1, 30), strict=True):
        level, levels = float(start), []
        for _ in range(PERIODS):
            levels.append(level)
            level += climb * (1 - level) if climb > 0 else climb * level
        assert predicted(start, climb) == pytest.approx(np.mean(levels), abs=1e-12)
    assert predicted(0.3, 0.0) == 0.3


def test_genes_meet_the_first_and_third_published_round() -> None:
    for pattern in PATTERNS:
        start, climb = read_genes(pattern)
        level = start
        for _ in range(2):
            level += climb * (1 - level) if climb > 0 else climb * level
        models = np.asarray(PUBLISHED[pattern]) / 20
        assert (start, level) == pytest.approx((models[:, 0].mean(), models[:, 2].mean()))
        assert published(pattern) == pytest.approx(models.mean())
    # The figure was read right: means of o1-mini over five runs of seven seats are whole tokens in sum.
    sums = np.asarray(PUBLISHED["falling"]) * 35
    assert np.abs(sums - np.round(sums)).max() < 35 * 0.005 + 1e-9


def test_every_cell_is_planned_with_its_theory(plan: dict[str, Any]) -> None:
    parts = {part["name"]: part["cells"] for part in plan["parts"]}
    assert {name: len(cells) for name, cells in parts.items()} == {"patterns": 4, "identities": 4, "mixed": 10, "language": 1}
    known = {cell["levels"][PATTERN]: cell["theory"] for cell in parts["patterns"]}
    assert known["unstable"] is None
    for pattern in PATTERNS[:3]:
        assert known[pattern] == pytest.approx(predicted(*read_genes(pattern)))
    assert study.replication is not None
    assert study.replication.published == pytest.approx(0.5137, abs=1e-3)


@pytest.mark.slow
def test_a_small_run_agrees_with_the_closed_form() -> None:
    """Within 5 standard errors over 40 trials, and never further than .02; nobody who keeps to one pattern punishes."""
    part = study.part("patterns")
    for pattern in PATTERNS[:3]:
        logs = run_batch(part.society_of({PATTERN: pattern}), (), range(40), part.ticks, study.metrics)
        found = np.asarray([log.values["contribution"] for log in logs])
        error = abs(found.mean() - predicted(*read_genes(pattern)))
        assert error < 5 * found.std(ddof=1) / np.sqrt(40) + 1e-4
        assert error < 0.02
        assert all(log.values["punishment"] == 0 for log in logs)


@pytest.mark.slow
def test_the_identities_are_met_exactly() -> None:
    part = study.part("identities")
    for start in (0.25, 1.0):
        for log in run_batch(part.society_of({START: start}), (), range(2), part.ticks, study.metrics):
            assert log.values["pay"] == pytest.approx(40 + 12 * start, abs=1e-12)
            assert log.values["contribution"] == pytest.approx(start)


@pytest.mark.slow
def test_punishment_keeps_defectors_contributing_in_this_model() -> None:
    part = study.part("mixed")
    means = []
    for budget in (0, 20):
        society = part.society_of({DEFECTORS: 0.45, BUDGET: budget})
        means.append(np.mean([log.values["contribution"] for log in run_batch(society, (), range(20), 45, study.metrics)]))
    assert means[1] > means[0] + 0.05


def test_the_published_table_has_every_model_and_the_mean_of_its_pattern() -> None:
    assert study.replication is not None
    rows = study.replication.rows
    assert len(rows) == 9 + len(PATTERNS)
    assert [len(PUBLISHED[pattern]) for pattern in PATTERNS] == [len(MODELS[pattern]) for pattern in PATTERNS]
    for pattern in PATTERNS:
        (mean,) = [row for row in rows if row.name.startswith(f"{pattern}:")]
        assert dict(mean.levels) == {PATTERN: pattern}
        assert mean.figures[0].value == published(pattern)
        assert mean.figures[0].compared == (pattern != "unstable")


def test_the_language_part_is_a_control_of_few_calls(plan: dict[str, Any]) -> None:
    part = study.part("language")
    assert part.society.hosted
    assert part.role == "control"
    check(part.society, study.metrics)
    assert part.trials == 1
    assert plan["predicted"]["model_calls"] == PERIODS * 3 * 7
    assert mind_of("unstable").climb == 0


@pytest.mark.slow
def test_any_endpoint_takes_the_seats_of_the_language_part() -> None:
    """One period: everybody chooses a group, contributes, and members of the sanctioning group may sanction."""
    log, asked = play(study.part("language"), study.metrics, {BUDGET: 20}, 3)
    assert 14 <= len(asked) <= 21
    assert all("six others" in own.message("user") + own.message("system") for own in asked)
    assert 0 <= log.values["contribution"] <= 1
