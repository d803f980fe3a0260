"""A later stage is written down before it is run, read back as it was, and told no more than the finished trials."""

import dataclasses
import hashlib
import json
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from commonweal_plugin.study import study as tithe

from commonweal.core import lens
from commonweal.core.errors import LogError, StudyError
from commonweal.lab.batches import trial_seconds
from commonweal.lab.designs.design import Allowed, Cell, Design, Seen, Stage
from commonweal.lab.factors import Factor
from commonweal.lab.finished import read_outcomes
from commonweal.lab.logs import write_logs
from commonweal.lab.order import Order, prepare
from commonweal.lab.stages import SCHEMA, grow, look, staged
from commonweal.lab.study import Part, Study
from commonweal.lab.worker import run_trials


@dataclasses.dataclass(frozen=True)
class Doubling(Design):
    """The two ends of a tithe, then in each of two stages a cell at a level that depends on what was seen."""

    kind: ClassVar[str] = "doubling"
    wrong: bool = False

    def begin(self, factors: tuple[Factor, ...], allowed: Allowed) -> tuple[Cell, ...]:
        """No tithe and a whole one."""
        return tuple(Cell({"tithe": level}) for level in (0.0, 1.0))

    def extend(self, seen: Seen) -> Stage | None:
        """A cell more, at most twice."""
        if seen.stages == 2:
            return None
        level = 2.0 if self.wrong else float(np.mean(seen.outcome)) / 64
        return Stage((Cell({"tithe": level}, 2, 10 * (seen.stages + 1), "halfway"),), {"expected": float(seen.outcome.max())})

    def further(self, factors: tuple[Factor, ...], seeds: int) -> int:
        """Two stages of two trials."""
        return 4


PART = dataclasses.replace(
    tithe.parts[0],
    factors=(Factor("tithe", tithe.parts[0].factors[0].lens, low=0.0, high=1.0),),
    design=Doubling(),
    allowed=lambda levels: float(levels["tithe"]) != 0.25,
)
STUDY = dataclasses.replace(tithe, parts=(PART,), primary=dataclasses.replace(tithe.primary, treatment=1.0))
TRIALS = ((0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2))


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The logs of the first stage."""
    directory = tmp_path_factory.mktemp("first") / "logs"
    directory.mkdir()
    prepared = dataclasses.replace(prepare(Order("tithe")), study=STUDY)
    found = run_trials(prepared, PART, TRIALS, ())
    write_logs(directory / "scripted-000001.parquet", "scripted", [(*own, log) for own, log in zip(TRIALS, found, strict=True)])
    return directory


@pytest.fixture
def run(logs: Path, tmp_path: Path) -> Path:
    (tmp_path / "logs").symlink_to(logs)
    return tmp_path


def read(run: Path, number: int) -> dict:
    return json.loads((run / "stages" / f"{number:04d}.json").read_text())


def test_a_design_is_told_the_finished_trials_and_no_measured_time(run: Path):
    seen = look(STUDY, PART, run)
    assert list(zip(seen.cell.tolist(), seen.seed.tolist(), strict=True)) == list(TRIALS)
    # Five agents gain 30 together and a whole tithe leaves nothing.
    assert seen.outcome.tolist() == [30.0] * 3 + [0.0] * 3
    assert seen.seconds.tolist() == [trial_seconds(PART.society, PART.ticks)] * 6
    assert (seen.factors, seen.seeds, seen.cells, seen.stages) == (PART.factors, 3, PART.plan, 0)
    assert seen.bounds == (-np.inf, np.inf)
    assert [seen.allowed({"tithe": level}) for level in (0.25, 0.5)] == [False, True]
    # Where cells differ in size their trials differ in what they are predicted to cost.
    sized = Part("scripted", PART.society, (Factor("size", lens.size(), (5, 5000)),), 3, 3)
    told = look(dataclasses.replace(STUDY, parts=(PART, dataclasses.replace(sized, name="sized"))), sized, run)
    assert told.seconds[3] > told.seconds[0]
    assert told.seconds[3] == trial_seconds(sized.society_of({"size": 5000}), sized.ticks)


def test_stages_are_written_numbered_on_and_read_back(run: Path):
    assert staged(STUDY, run) == STUDY
    study = STUDY
    for number, level in ((1, 15 / 64), (2, 15 / 64)):
        assert grow(study, study.part("scripted"), run)
        stage = read(run, number)
        (cell,) = stage["cells"]
        assert (stage["schema"], stage["part"], stage["stage"]) == (SCHEMA, "scripted", number)
        assert cell["cell"] == 1 + number
        assert cell["levels"] == {"tithe": level}
        assert (cell["seeds"], cell["why"]) == ([10 * number, 2], "halfway")
        assert cell["theory"] == 30.0 * (1 - level)
        assert cell["society_digest"] == PART.society_of({"tithe": level}).digest
        assert stage["prediction"] == {"expected": 30.0}
        rows = np.array([[row[at] for row in read_outcomes(run, "scripted", "welfare")] for at in range(3)])
        assert stage["seen"] == {"trials": 6, "digest": f"sha256:{hashlib.sha256(rows.tobytes()).hexdigest()}"}
        study = staged(STUDY, run)
        assert study.part("scripted").plan[1 + number] == Cell({"tithe": level}, 2, 10 * number, "halfway")
    assert not grow(study, study.part("scripted"), run)
    assert sorted(path.name for path in (run / "stages").iterdir()) == ["0001.json", "0002.json"]
    # A study that has its stages is not given them twice.
    assert staged(study, run) == study


def test_cells_that_a_part_cannot_have_are_not_written(run: Path):
    wrong = dataclasses.replace(PART, design=Doubling(wrong=True))
    with pytest.raises(StudyError, match=r"tithe = 2\.0; expected a number from 0 to 1"):
        grow(dataclasses.replace(STUDY, parts=(wrong,)), wrong, run)
    assert not (run / "stages").exists()


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        "{}",
        '{"part": "scripted"}',
        '{"part": "scripted", "cells": [{}]}',
        '{"part": "scripted", "cells": [{"levels": {}, "seeds": [0, 1], "why": ""}]}',
        '{"part": "scripted", "cells": [{"levels": [], "seeds": [0, 1], "why": ""}]}',
        '{"part": "scripted", "cells": [{"levels": {"tithe": 0.5}, "seeds": 3, "why": ""}]}',
        '{"part": "scripted", "cells": [{"levels": {"tithe": 0.5}, "seeds": [0], "why": ""}]}',
    ],
)
def test_a_damaged_stage_says_what_to_do(text: str, run: Path):
    (run / "stages").mkdir()
    (run / "stages" / "0001.json").write_text(text)
    with pytest.raises(LogError, match=r"0001.json is damaged .* move it and later ones away"):
        staged(STUDY, run)


def test_a_stage_of_another_study_is_refused(run: Path):
    (run / "stages").mkdir()
    (run / "stages" / "0001.json").write_text('{"part": "script", "cells": []}')
    with pytest.raises(StudyError, match="did you mean scripted"):
        staged(STUDY, run)


def test_a_folder_that_cannot_be_written_is_told(run: Path):
    (run / "stages").write_text("")
    with pytest.raises(LogError, match="another folder"):
        grow(STUDY, PART, run)
    assert isinstance(STUDY, Study)
