"""Recorded minds make no claims of societies before their record is validated."""

import dataclasses

import numpy as np
import pytest

from commonweal.core import lens
from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.lab.claims import refuse_unvalidated
from commonweal.lab.plan import make_plan
from commonweal.lab.study import Factor, Part, Primary, Study
from commonweal.metrics.cooperation import Cooperation
from commonweal.metrics.off_record import OffRecord
from commonweal.minds.record import Record, Statistic, Validation
from commonweal.minds.recorded import Recorded
from commonweal.minds.scripted import Scripted
from commonweal.worlds.network_game import NetworkGame

RECORD = Record(np.ones((3, 3, 2)), source="planted")
GOOD = Validation(RECORD.digest, (Statistic("mean", 0.5, 0.4, 0.6),), (5, 5), 199, "test")
BAD = dataclasses.replace(GOOD, statistics=(Statistic("between-group variance", 0.9, 0.4, 0.6),))


def study(main, control=None, factors=(), measured=True) -> Study:
    def part(name, mind, role):
        society = Society(NetworkGame(), Named.of(("tried", mind)), Seating(4))
        rewards = Factor("reward", lens.world(NetworkGame, lambda world: world.reward), (3, 4))
        return Part(name, society, (rewards, *factors) if role == "main" else (rewards,), 3, 2, role)

    metrics = Named.of(("cooperation", Cooperation()), *((("off-record", OffRecord()),) if measured else ()))
    parts = (part("main", main, "main"), *((part("other", control, "control"),) if control is not None else ()))
    return Study("claims", "May it?", parts, metrics, Primary("cooperation", "main", "reward", 3, 4, "A reward"))


def test_a_main_part_needs_a_validation_that_passed():
    with pytest.raises(StudyError, match="is not validated"):
        refuse_unvalidated(study(Recorded(RECORD)))
    with pytest.raises(StudyError, match=r"failed its validation \(between-group variance\)"):
        refuse_unvalidated(study(Recorded(RECORD, BAD)))
    with pytest.raises(StudyError, match="nothing was compared"):
        refuse_unvalidated(study(Recorded(RECORD, dataclasses.replace(GOOD, statistics=()))))
    refuse_unvalidated(study(Recorded(RECORD, GOOD)))
    refuse_unvalidated(study(Scripted(), measured=False))


def test_a_control_may_stand_without():
    for mind in (Recorded(RECORD), Recorded(RECORD, BAD)):
        given = study(Scripted(), mind)
        assert given.part("other").society.minds["tried"] is mind
        assert refuse_unvalidated(given) is None


def test_a_mind_that_comes_with_a_factor_is_found():
    factor = Factor("mind", lens.whole_mind("tried"), ("scripted", "recorded"), (Scripted(), Recorded(RECORD)))
    with pytest.raises(StudyError, match="is not validated"):
        refuse_unvalidated(study(Scripted(), factors=(factor,)))


def test_decisions_outside_a_record_must_be_measured():
    for given in (study(Scripted(), Recorded(RECORD), measured=False), study(Recorded(RECORD, GOOD), measured=False)):
        with pytest.raises(StudyError, match="OffRecord"):
            refuse_unvalidated(given)


def test_the_plan_refuses():
    with pytest.raises(StudyError, match="make the part a control"):
        make_plan(study(Recorded(RECORD)), None, None)
    assert make_plan(study(Recorded(RECORD, GOOD)), None, None)["metrics"].keys() == {"cooperation", "off-record"}
