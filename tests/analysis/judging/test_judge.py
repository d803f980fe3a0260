"""A case shows the log without the levels of its cell; judgements come in order."""

import json

import pytest

from commonweal.analysis.judging.judge import Evidence, Judgement, read_cases
from commonweal.analysis.logs import LogRow
from commonweal.core.errors import LogError, StudyError
from commonweal.engine.log import TrialLog
from promises import judged, made_case, trace


def test_a_case_reads_its_rows():
    case = made_case(
        said=[(1, 1, "second"), (0, 0, "first")],
        harvests={0: (3, 4), 1: (5, 6)},
        extra=(
            LogRow("event", "collapse", 1, None, (), None, "gone"),
            trace("act.vote", 0, (1, 1)),
            trace("answered.vote", 0, (0, 1)),
        ),
    )
    assert case.said() == [(Evidence(0, 0, "say"), "first"), (Evidence(1, 1, "say"), "second")]
    assert case.acts("harvest") == {0: (3, 4), 1: (5, 6)}
    # What was not asked is no act.
    assert case.acts("vote") == {0: (None, 1)}
    assert case.readings()["world.sustainable"] == (20, 20)
    assert [str(Evidence(3, 2, "say")), str(Evidence(1, None, "collapse"))] == ["say@3#2", "collapse@1"]


class Echo:
    name, digest, null_model = "echo", "sha256:e", False

    async def judge(self, case):
        if case.trial[2] == 99:
            raise StudyError("no such thing")
        return Judgement(case.trial, float(case.trial[2]), (), "", self.digest)


def test_judgements_come_in_the_order_of_cases_and_a_failure_ends_all():
    cases = [made_case(("p", 0, seed)) for seed in (5, 3, 40, 1)]
    assert [one.value for one in judged(Echo(), *cases)] == [5, 3, 40, 1]
    with pytest.raises(StudyError, match="no such thing"):
        judged(Echo(), *cases, made_case(("p", 0, 99)))


def test_cases_are_read_from_disk_in_order_without_header_and_cost(tmp_path):
    import numpy as np

    from commonweal.lab.logs import write_logs

    (tmp_path / "logs").mkdir()

    def log(seed):
        return TrialLog("sha256:s", seed, 2, {"world.stock": np.array([seed, 7])}, {"survived": 1.0}, costs={"calls": 3})

    trials = [(1, 0, log(4)), (0, 2, log(3)), (0, 0, log(1))]
    write_logs(tmp_path / "logs" / "a-000001.parquet", "a", trials)
    found = list(read_cases(tmp_path, [("a", 1, 0), ("a", 0, 0)], {"a": "week"}))
    assert [case.trial for case in found] == [("a", 0, 0), ("a", 1, 0)]
    assert [case.readings()["world.stock"] for case in found] == [(1, 7), (4, 7)]
    assert {row.kind for case in found for row in case.rows} == {"reading", "value"}
    assert found[0].tick_name == "week"
    assert "sha256:s" not in json.dumps([row.text for case in found for row in case.rows])
    with pytest.raises(LogError):
        list(read_cases(tmp_path / "none", [], {}))
