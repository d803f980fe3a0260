"""Earlier trials become groups, and groups become records."""

import numpy as np
import pytest

from commonweal.core.errors import LogError, StudyError
from commonweal.lab.logs import write_logs
from commonweal.lab.order import Order, prepare
from commonweal.lab.records import groups_of_run
from commonweal.lab.run import plan_run
from commonweal.lab.worker import run_trials
from commonweal.minds.record import Record

STUDY = """
from commonweal.core import lens
from commonweal.core.named import Named
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.lab.study import Factor, Part, Primary, Study
from commonweal.metrics.cooperation import Cooperation
from commonweal.minds.memory_one import MemoryOne
from commonweal.worlds.network_game import NetworkGame

mind = MemoryOne(p_start=0.5, cc=0.9, cd=0.2, dc=0.6, dd=0.1)
study = Study(
    name="earlier", question="What did they do?", metrics=Named.of(("cooperation", Cooperation())),
    parts=(Part(
        name="pairs", society=Society(NetworkGame(), Named.of(("m", mind)), Seating(2)),
        factors=(Factor("reward", lens.world(NetworkGame, lambda world: world.reward), (3, 4)),),
        ticks=50, seeds=30, record=("acts",),
    ),),
    primary=Primary("cooperation", "pairs", "reward", 3, 4, "A reward"),
)
"""


def test_a_record_of_a_run_holds_the_chances_of_its_minds(tmp_path):
    path, run = tmp_path / "earlier.py", tmp_path / "run"
    path.write_text(STUDY)
    plan_run(Order(str(path)), run)
    with pytest.raises(LogError, match=r"no \*.parquet"):
        groups_of_run(run, "pairs", "act")
    prepared = prepare(Order(str(path)))
    trials = tuple((cell, seed) for cell in range(2) for seed in range(30))
    logs = run_trials(prepared, prepared.study.parts[0], trials)
    write_logs(run / "logs" / "pairs-000001.parquet", "pairs", [(*own, log) for own, log in zip(trials, logs, strict=True)])
    groups = groups_of_run(run, "pairs", "act")
    assert groups.shape == (60, 2, 50)
    assert np.array_equal(groups[31], logs[31].traces["act.act"].T)
    assert np.array_equal(groups_of_run(run, "pairs", "act", cell=1), groups[30:])
    # 6,000 decisions of memory-one minds: the frequencies are their chances, within 4.5 standard errors.
    counts = np.asarray(Record.of_groups(groups).counts)
    for place, chance in (((0, 0), 0.5), ((2, 2), 0.9), ((2, 1), 0.2), ((1, 2), 0.6), ((1, 1), 0.1)):
        n = counts[place].sum()
        assert abs(counts[place][1] / n - chance) < 4.5 * np.sqrt(chance * (1 - chance) / n)
    with pytest.raises(LogError, match="was traced"):
        groups_of_run(run, "pairs", "harvest")
    with pytest.raises(StudyError, match="nothing is named"):
        groups_of_run(run, "nobody", "act")


def test_amounts_are_not_read_off_a_log(tmp_path):
    plan_run(Order("tithe"), tmp_path)
    prepared = prepare(Order("tithe"))
    (log,) = run_trials(prepared, prepared.study.parts[0], ((0, 0),))
    write_logs(tmp_path / "logs" / "scripted-000001.parquet", "scripted", [(0, 0, log)])
    with pytest.raises(StudyError, match="cannot be read off a log"):
        groups_of_run(tmp_path, "scripted", "harvest")
