"""The study of mechanisms: its theory against simulation and in its limits."""

import numpy as np
import pytest

from commonweal.engine.compiled import run_batch
from commonweal.lab.plan import make_plan
from commonweal.studies.coopeval_mechanisms import (
    CREDIBILITY,
    DEPOSIT,
    QUORUM,
    REACH,
    SEATS,
    USERS,
    R,
    T,
    exact_contracts,
    exact_mediation,
    exact_repetition,
    study,
)


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


def test_every_cell_is_planned_with_its_theory_and_no_figure_of_language_models_is_claimed() -> None:
    plan = make_plan(study, None, None)
    parts = plan["parts"]
    assert isinstance(parts, list)
    assert [len(part["cells"]) for part in parts] == [6, 2, 12]
    assert all(0 < cell["theory"] < 1 for part in parts for cell in part["cells"])
    assert study.replication is None
    assert "no verdict" in study.doc


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
