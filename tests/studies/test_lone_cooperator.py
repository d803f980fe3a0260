"""The study of a lone cooperator: its exact theory, and simulations that agree with it."""

import numpy as np
import pytest

from commonweal.analysis.exact.graph_selection import find_regular_ratio
from commonweal.engine.compiled import run_batch
from commonweal.lab.batches import data_factors
from commonweal.lab.plan import make_plan
from commonweal.studies.lone_cooperator import BENEFIT, CONTACTS, COST, SEATS, SELECTION, exact, study


def test_theory_is_one_in_ten_without_selection_and_on_the_side_of_the_rule_of_weak_selection() -> None:
    """Taylor, Day and Wild (2007), N = 10: b/c = 8 lies above (N-2)/(N/k-2) for k = 2 alone, which is below 0 for k > 5."""
    for contacts in (2, 4, 6, 8):
        assert exact("death-birth", contacts, 0.0) == pytest.approx(1 / SEATS)
        ratio = find_regular_ratio(SEATS, contacts, "death-birth")
        favoured = 0 < ratio < BENEFIT / COST
        assert favoured == (contacts == 2)
        assert (exact("death-birth", contacts, 0.01) > 1 / SEATS) == favoured
        assert exact("birth-death", contacts, 0.01) < 1 / SEATS


def test_every_cell_is_planned_with_its_theory() -> None:
    plan = make_plan(study, None, None)
    parts = plan["parts"]
    assert isinstance(parts, list)
    for part in parts:
        assert len(part["cells"]) == 12
        assert all(0 < cell["theory"] < 1 for cell in part["cells"])
    assert [factor.label for factor in data_factors(study.part("death-birth"))] == [CONTACTS, SELECTION]


@pytest.mark.parametrize("order", ["death-birth", "birth-death"])
def test_simulated_takeovers_agree_with_the_chain(order: str) -> None:
    """Within 4 standard errors at the strongest selection, where the two orders and the rings differ most."""
    part = study.part(order)
    for contacts in (2, 8):
        society = part.society_of({CONTACTS: contacts, SELECTION: 0.2})
        logs = run_batch(society, (), range(1500), part.ticks, study.metrics)
        share = np.mean([log.values["took over"] for log in logs])
        theory = exact(part.name, contacts, 0.2)  # pyright: ignore[reportArgumentType]
        assert abs(share - theory) < 4 * np.sqrt(theory * (1 - theory) / len(logs))
        assert all({event.kind for event in log.events} == {"extinction", "fixation"} for log in logs[:50])
