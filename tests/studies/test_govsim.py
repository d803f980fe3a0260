"""The GovSim replication: its published table against arithmetic, its theory in closed form, and a small run."""

import numpy as np
import pytest

from commonweal.core import lens
from commonweal.engine.compiled import run_batch
from commonweal.lab.plan import make_plan
from commonweal.minds.scripted import Scripted
from commonweal.studies.govsim import ALL, FAILED, FAIR, GREED, GREEDY, TABLE, TAKES, real_efficiency, study


def test_the_published_table_keeps_its_own_arithmetic():
    """Efficiency is gain / 120 in every row, up to two roundings to a tenth; who failed at once has gain 20."""
    assert len(TABLE) == 13
    assert all(row.efficiency == pytest.approx(row.gain / 1.2, abs=0.1) for row in TABLE)
    assert {(row.gain, row.efficiency, row.survival) for row in FAILED} == {(20.0, 16.7, 0.0)}
    assert len(FAILED) == 4
    # No fixtures: the over-use of those that took all, by its formula, would be 100 %.
    assert max(row.over_use for row in FAILED) < 40


def test_theory_in_closed_form():
    """Real units: with u > 1/2 the stock falls by r = 2 (1 - u) until (1 - u) h < 5, and u (1 + r + ...) is harvested."""
    assert real_efficiency(0.5) == 1.0
    assert real_efficiency(1.0) == pytest.approx(1 / 6)
    for used in np.random.default_rng(7).uniform(0.505, 0.99, 200):
        ratio = 2 * (1 - used)
        last = next((k for k in range(12) if (1 - used) * 100 * ratio**k < 5), 11)
        assert real_efficiency(used) == pytest.approx(used * 100 * (1 - ratio ** (last + 1)) / (1 - ratio) / 600)
    for used in np.random.default_rng(8).uniform(0.0, 0.5, 50):
        assert real_efficiency(used) == pytest.approx(2 * used)


def test_every_cell_is_planned_with_its_theory():
    parts = make_plan(study, None, None)["parts"]
    assert [len(part["cells"]) for part in parts] == [2, 24, 2]
    assert [cell["theory"] for cell in parts[0]["cells"]] == [pytest.approx(1 / 6), 1.0]
    assert study.replication.published == pytest.approx(5 / 6)


@pytest.mark.slow
def test_the_two_rows_are_exact_and_the_others_lie_near_theory():
    part = study.part("rows")
    names = ("efficiency", "survived", "months survived", "gain", "equality", "over-use")
    fair, everything = (part.society_of({TAKES: level}) for level in (FAIR, ALL))
    share, greed = lens.share("greedy"), lens.mind("greedy", Scripted, lambda mind: mind.greed)
    level = lens.mind("fair", Scripted, lambda mind: mind.level)
    cells = [(1.0, 0.0, 3.0), (0.0, 0.0, 3.0), (1.0, 0.2, 3.0), (1.0, 0.4, 2.0), (1.0, 0.8, 3.0), (1.0, 1.0, 1.5)]
    rows = np.repeat(np.asarray(cells, np.float32), 8, 0)
    vary = ((level, rows[:, 0]), (share, rows[:, 1]), (greed, rows[:, 2]))
    logs = run_batch(fair, vary, list(range(8)) * len(cells), 12, study.metrics)
    assert [logs[0].values[name] for name in names] == [1.0, 1.0, 12.0, 120.0, 1.0, 0.0]
    assert [logs[8].values[name] for name in names] == [pytest.approx(1 / 6), 0.0, 1.0, 20.0, 1.0, 1.0]
    assert logs[8].society_digest == everything.digest
    for log in logs:
        assert log.values["efficiency"] == pytest.approx(log.values["gain"] / 120)
    means = np.asarray([log.values["efficiency"] for log in logs]).reshape(len(cells), 8).mean(1)
    theory = [study.part("greedy").theory({GREEDY: s, GREED: g}) for _, s, g in cells[2:]]
    # Whole harvests of five seats stay below a fair share that is no whole number: within a fifteenth above.
    assert np.abs(means[2:] - theory).max() < 0.07
