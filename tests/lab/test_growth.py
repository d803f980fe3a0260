"""An adaptive run grows by its stages, and its trials are the same however it was run, cut off, or gone on with."""

import json
import os
from pathlib import Path

import duckdb
import numpy as np
import pytest

from commonweal.analysis.trials import hash_trials, read_trials, write_table
from commonweal.app.main import main
from commonweal.core.errors import StudyError
from commonweal.lab.finished import list_finished, read_finished
from commonweal.lab.growth import Growth
from commonweal.lab.ledger import Ledger
from commonweal.lab.order import Order, prepare
from commonweal.lab.plan import make_plan
from commonweal.lab.run import plan_run, run_study
from commonweal.lab.stages import staged
from conftest import CACHE
from inline import COMMONS, run_inline, run_killed

STUDY = f"""{COMMONS}
study = Study(
    name="grown",
    question="Where does the commons die?",
    metrics=Named.of(("survived", Survival()), ("cooperation", Cooperation())),
    parts=(
        Part(
            "sizes",
            society,
            (Factor("share", share, (0.0, 0.6)), Factor("detection", detect, (0.1, 0.2, 0.4, 0.8))),
            ticks=6,
            seeds=3,
            design=Ladder("detection"),
        ),
        Part(
            "flip",
            society,
            (Factor("share", share, low=0.0, high=1.0), Factor("detection", detect, low=0.0, high=1.0)),
            ticks=6,
            seeds=1,
            role="control",
            design=Zoom(0.5, runs=24, first=16, batch=4),
        ),
    ),
    primary=Primary("survived", "sizes", "share", 0.0, 0.6, "A crowd of ruthless agents"),
)
"""


@pytest.fixture(scope="module", autouse=True)
def environment():
    """Workers take programs from the cache that all tests share; what a run sets for them does not outlast these tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XLA_FLAGS", f"{os.environ.get('XLA_FLAGS', '')} --xla_cpu_multi_thread_eigen=false".strip())
        for name in ("NPROC", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
            patch.setenv(name, "1")
        patch.setenv("JAX_COMPILATION_CACHE_DIR", str(CACHE))
        patch.setenv("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
        yield


@pytest.fixture(scope="module")
def order(tmp_path_factory: pytest.TempPathFactory) -> Order:
    path = tmp_path_factory.mktemp("study") / "grown.py"
    path.write_text(STUDY)
    return Order(str(path))


@pytest.fixture(scope="module")
def whole(order: Order, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run in one go."""
    directory = tmp_path_factory.mktemp("whole")
    assert run_inline(order, directory).open == 0
    return directory


def digests(directory: Path) -> dict[tuple[str, int, int], str]:
    """The digest of each trial's log, in (part, cell, seed) order; no trial is there twice."""
    query = f"SELECT part, cell, seed, text FROM '{directory}/logs/*.parquet' WHERE kind = 'header' ORDER BY part, cell, seed"
    rows = duckdb.sql(query).fetchall()
    assert len({row[:3] for row in rows}) == len(rows)
    return {(part, cell, seed): json.loads(text)["log_digest"] for part, cell, seed, text in rows}


def stages(directory: Path) -> list[dict]:
    """What was written down of each stage, but for when."""
    found = [json.loads(path.read_text()) for path in sorted((directory / "stages").glob("*.json"))]
    return [{name: value for name, value in stage.items() if name != "written"} for stage in found]


def test_all_stages_are_run_and_cells_numbered_on(order: Order, whole: Path):
    trials = digests(whole)
    assert len([trial for trial in trials if trial[0] == "sizes"]) == 2 * 3 * 3 + 6
    assert len([trial for trial in trials if trial[0] == "flip"]) == 24
    found = stages(whole)
    assert [stage["part"] for stage in found].count("sizes") == 1
    assert [stage["stage"] for stage in found if stage["part"] == "flip"] == [1, 2]
    study = staged(order.study(), whole)
    for part in study.parts:
        later = [cell["cell"] for stage in found if stage["part"] == part.name for cell in stage["cells"]]
        first = len(order.study().part(part.name).plan)
        assert later == list(range(first, len(part.plan)))
        assert {(part.name, cell, seed) for cell in range(len(part.plan)) for seed in part.seeds_of(cell)} == {
            trial for trial in trials if trial[0] == part.name
        }
    # All trials of the zoom have seeds of their own, but for none at all: a seed stands for one trial.
    seeds = [seed for part, _, seed in trials if part == "flip"]
    assert len(set(seeds)) == len(seeds)


def test_what_is_held_out_is_predicted_in_writing_before_it_is_run(whole: Path):
    (stage,) = [stage for stage in stages(whole) if stage["part"] == "sizes"]
    assert [cell["levels"]["detection"] for cell in stage["cells"]] == [0.8, 0.8]
    assert [cell["seeds"] for cell in stage["cells"]] == [[3, 3], [3, 3]]
    predicted = stage["prediction"]["cells"]
    assert [(own["levels"], own["size"], own["trials"]) for own in predicted] == [
        ({"share": share, "detection": 0.8}, 0.8, 3) for share in (0.0, 0.6)
    ]
    for own in predicted:
        assert "none" in own or own["low"] <= own["value"] <= own["high"]
    held = {cell["cell"] for cell in stage["cells"]}
    files = duckdb.sql(
        f"SELECT filename, list(DISTINCT cell) FROM read_parquet('{whole}/logs/sizes-*.parquet', filename=true) GROUP BY ALL"
    ).fetchall()
    written = [path for path in (whole / "stages").glob("*.json") if json.loads(path.read_text())["part"] == "sizes"]
    at = written[0].stat().st_mtime_ns
    for name, cells in files:
        # A file holds trials of one stage.
        assert set(cells) <= held or not held & set(cells)
        assert (Path(name).stat().st_mtime_ns > at) is (set(cells) <= held)
    assert any(set(cells) <= held for _, cells in files)


def test_stages_do_not_move_the_plan(order: Order, whole: Path):
    plan = json.loads((whole / "plan.json").read_text())
    assert make_plan(order.study(), None, prepare(order).source)["digest"] == plan["digest"]
    assert plan_run(order, whole)["digest"] == plan["digest"]
    assert plan["predicted"]["trials"] == len(digests(whole))
    before = Ledger(whole / "ledger.sqlite").progress()
    assert (before.open, before.done) == (0, len(digests(whole)))
    growth = Growth(order, whole, Ledger(whole / "ledger.sqlite"))
    assert growth.step() is False
    assert growth.waiting == []
    assert Ledger(whole / "ledger.sqlite").growing is False


def test_a_trial_of_a_later_stage_is_replayed(whole: Path, capsys):
    held = max(cell for part, cell, _ in digests(whole) if part == "sizes")
    assert main(["show", str(whole), f"sizes/{held}/4", "--replay"]) == 0
    assert "harvest" in capsys.readouterr().out
    assert main(["show", str(whole), f"sizes/{held}/2", "--replay"]) != 0
    assert "seeds" in capsys.readouterr().err


@pytest.mark.parametrize("cut", [1, 3])
def test_cut_off_after_any_chunk_it_goes_on_to_the_same_trials(cut: int, order: Order, whole: Path, tmp_path: Path):
    chunks: list[int] = []

    def until() -> bool:
        chunks.append(0)
        return len(chunks) == cut

    run_inline(order, tmp_path, until)
    assert len(chunks) == cut
    assert run_inline(order, tmp_path).open == 0
    assert digests(tmp_path) == digests(whole)
    # Parts take turns differently; each part has its own stages.
    for part in ("sizes", "flip"):
        assert [own for own in stages(tmp_path) if own["part"] == part] == [own for own in stages(whole) if own["part"] == part]


def test_killed_after_its_first_stage_it_goes_on_with_two_jobs_to_the_same_log(order: Order, whole: Path, tmp_path: Path):
    directory = tmp_path / "run"
    run_killed(order, directory, "stages/*.json")
    kept = {path: path.stat().st_mtime_ns for path in directory.rglob("logs/*.parquet")}
    assert 0 < len(digests(directory)) < len(digests(whole))
    assert (first := stages(directory))
    plan_run(order, directory)
    progress = run_study(order, directory, 2, lambda progress: None)
    assert (progress.open, progress.failed, progress.stopped) == (0, (), "")
    assert hash_trials(list(digests(directory).values())) == hash_trials(list(digests(whole).values()))
    assert stages(directory)[: len(first)] == first
    assert all(path.stat().st_mtime_ns == when for path, when in kept.items())


def test_a_design_that_cannot_follow_its_metric_is_refused_before_anything_runs(order: Order, tmp_path: Path):
    for wrong, message in (
        ("Zoom(0.5, outcome='gini', runs=24", "did you mean|expected one of"),
        ("Zoom(1.0, runs=24", "crosses 1, and its range is 0 to 1"),
    ):
        path = tmp_path / "wrong.py"
        path.write_text(STUDY.replace("Zoom(0.5, runs=24", wrong))
        with pytest.raises(StudyError, match=message):
            plan_run(Order(str(path)), tmp_path / "run")
    path.write_text(
        STUDY.replace("runs=24", "outcome='welfare', runs=24")
        .replace('Named.of(("survived"', 'Named.of(("welfare", Welfare()), ("survived"')
        .replace("import jax", "from commonweal.metrics.welfare import Welfare\nimport jax")
    )
    with pytest.raises(StudyError, match="to inf; expected finite limits"):
        plan_run(Order(str(path)), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_ladder_of_horizons_runs_each_trial_as_long_as_its_level_says(tmp_path: Path):
    study = f"""{COMMONS}
STUDY = Study(
    name="lasting",
    question="Does the commons last?",
    metrics=Named.of(("survived", Survival())),
    parts=(
        Part(
            "horizons",
            society,
            (Factor("share", share, (0.0, 0.6)), Factor("months", lens.horizon(), (2, 3, 4, 6))),
            ticks=1,
            seeds=3,
            design=Ladder("months"),
        ),
    ),
    primary=Primary("survived", "horizons", "share", 0.0, 0.6, "A crowd of ruthless agents"),
)
"""
    (tmp_path / "lasting.py").write_text(study)
    assert run_inline(Order(str(tmp_path / "lasting.py")), tmp_path / "run").open == 0
    write_table(tmp_path / "run")
    trials = read_trials(tmp_path / "run")
    assert np.array_equal(trials.ticks, trials.factors["months"])
    assert sorted(set(trials.ticks.tolist())) == [2, 3, 4, 6]
    for own in list_finished(tmp_path / "run", "horizons"):
        log = read_finished(tmp_path / "run", own).log
        assert log.ticks == int(trials.ticks[(trials.cell == own[1]) & (trials.seed == own[2])][0])
    assert len(set(trials.seed.tolist())) == 4 * 3
