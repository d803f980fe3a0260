"""The study of mechanisms: its theory against simulation and in its limits."""

from typing import Any

import numpy as np
import pytest

from arms import play
from commonweal.engine.check import check
from commonweal.engine.compiled import run_batch
from commonweal.lab.plan import make_plan
from commonweal.studies.coopeval_mechanisms import (
    CREDIBILITY,
    DEPOSIT,
    NORM,
    QUORUM,
    REACH,
    SEATS,
    USERS,
    R,
    T,
    exact_contracts,
    exact_mediation,
    exact_repetition,
    exact_strangers,
    study,
)


@pytest.fixture(scope="module")
def plan() -> dict[str, Any]:
    return make_plan(study, None, None)


def test_theory_in_its_limits() -> None:
    """Without users all parts are one game; users raise cooperation, the more of them and the surer the mediator the more."""
    bare = exact_repetition(0.0)
    reach = float(np.random.default_rng(7).uniform())
    assert exact_mediation(0.0, reach) == pytest.approx(bare)
    assert exact_contracts(0.0, 0.0, 1.0) == pytest.approx(bare, abs=1e-6)
    shares = (0.0, 0.1, 0.25, 0.5)
    for found in (
        [exact_repetition(users) for users in shares],
        [exact_mediation(users, 1.0) for users in shares],
        [exact_mediation(0.25, often) for often in (0.0, reach, 1.0)],
    ):
        assert found == sorted(found)
        assert 0 < found[0] < 0.1 < found[-1] < 1


def test_contracts_gain_with_credibility_and_a_breach_pays_below_the_threshold() -> None:
    """(n - 1) (T - R) = 12 of a deposit of 20: a lone breach pays below credibility 0.6."""
    rng = np.random.default_rng(12)
    chances = np.sort(rng.uniform(size=5))
    found = [exact_contracts(0.25, float(chance), 1.0) for chance in chances]
    assert found == sorted(found)
    assert (SEATS - 1) * (T - R) / DEPOSIT == 0.6


def test_every_cell_is_planned_with_its_theory(plan: dict[str, Any]) -> None:
    parts = plan["parts"]
    assert isinstance(parts, list)
    assert [len(part["cells"]) for part in parts] == [6, 2, 12, 6, 2]
    assert all(0 < cell["theory"] < 1 for part in parts[:3] for cell in part["cells"])
    assert [cell["theory"] is None for cell in parts[3]["cells"]] == [bool(cell["levels"][USERS]) for cell in parts[3]["cells"]]


def test_a_published_figure_is_compared_by_direction_alone() -> None:
    assert study.replication is not None
    assert study.replication.kind == "re-run"
    assert study.replication.low < study.replication.published < study.replication.high
    rows = [row for row in study.replication.rows if row.part]
    assert [row.part for row in rows] == ["mediation", "repetition", "reputation", "contracts", "language"]
    assert all(row.compared == "direction" for row in rows)
    assert "sizes cannot" in study.doc


def test_the_language_part_is_a_control_of_few_calls(plan: dict[str, Any]) -> None:
    part = study.part("language")
    assert part.role == "control"
    check(part.society, study.metrics)
    assert plan["predicted"]["model_calls"] == 2 * 10 * 5


@pytest.mark.slow
def test_any_endpoint_takes_the_seats_of_the_language_part() -> None:
    """One call a seat and round, for the act and for the mediator together; the rule is told where it is in force."""
    for reach in (0.0, 1.0):
        log, asked = play(study.part("language"), study.metrics, {REACH: reach}, 2)
        assert len(asked) == 2 * 5
        assert 0 <= log.values["cooperation"] <= 1


@pytest.mark.slow
def test_among_strangers_a_reputation_recovers_what_theory_has_without_it() -> None:
    """Without users: within 4 standard errors and a point of the chain, which has fitness at its mean."""
    part = study.part("reputation")
    bare, shown = (
        np.asarray(
            [log.values["cooperation"] for log in run_batch(part.society_of(levels), (), range(120), part.ticks, study.metrics)]
        )
        for levels in ({USERS: 0.0, NORM: "simple standing"}, {USERS: 0.25, NORM: "simple standing"})
    )
    assert abs(bare.mean() - exact_strangers()) < 4 * bare.std(ddof=1) / np.sqrt(bare.size) + 0.01
    assert shown.mean() > bare.mean()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "levels"), [("mediation", {USERS: 0.25, REACH: 0.5}), ("contracts", {USERS: 0.25, CREDIBILITY: 1.0, QUORUM: 1.0})]
)
def test_simulated_cooperation_agrees_with_the_chain(name: str, levels: dict[str, float]) -> None:
    """Within 4 standard errors of 200 trials."""
    part = study.part(name)
    logs = run_batch(part.society_of(levels), (), range(2000, 2200), part.ticks, study.metrics)
    found = np.asarray([log.values["cooperation"] for log in logs])
    assert part.theory is not None
    expected = part.theory(levels)
    assert expected is not None
    assert abs(found.mean() - expected) < 4 * found.std(ddof=1) / np.sqrt(found.size)
