"""The verdict on a published figure, by interval and by sign; rows of published tables beside our cells."""

import dataclasses
import json

import numpy as np
import pytest

from audits import Made, pairs, run_of
from commonweal.analysis.replication import find_replication, judge_figure, judge_replication
from commonweal.analysis.storing import decode, encode
from commonweal.lab.published import Figure, Published
from commonweal.statistics.inference import Estimate

PLAN, TRIALS = run_of([Made(None, *pairs(0.5, np.random.default_rng(4)))])
BARE = {"kind": "re-run", "source": "Somebody 1999", "published": 0.3, "low": None, "high": 0.5}


def ours(value, low, high, n=20):
    return Estimate(value, low, high, 0.95, "t", n)


@pytest.mark.parametrize(
    ("kind", "published", "found", "verdict"),
    [
        ("fixture", 15.0, ours(15.0, 14.9, 15.1), "replicated exactly"),
        ("re-run", 0.3, ours(0.25, 0.2, 0.35), "replicated: the published"),
        ("re-run", 0.3, ours(0.1, -0.2, 0.4), "undecided: our interval holds both"),
        ("re-run", 0.0, ours(0.1, -0.2, 0.4), "replicated: the published"),
        ("re-run", 0.8, ours(0.25, 0.2, 0.35), "same direction"),
        ("re-run", -0.8, ours(-0.25, -0.35, -0.2), "same direction"),
        ("re-analysis", 0.8, ours(0.1, -0.1, 0.3), "not replicated"),
        ("re-run", 0.8, ours(-0.3, -0.5, -0.1), "reversed"),
        ("re-run", 0.8, ours(0.3, np.nan, np.nan), "undecided"),
        ("fixture", 0.8, ours(np.nan, np.nan, np.nan, 0), "not run yet"),
    ],
)
def test_the_verdict_is_by_interval_then_by_sign(kind, published, found, verdict):
    assert judge_replication(kind, published, found).startswith(verdict)


def found_in(folder, replication, plan=PLAN):
    (folder / "plan.json").write_text(json.dumps({"study": {"replication": replication}}))
    return find_replication(folder, ours(0.25, 0.2, 0.35), plan, TRIALS)


def test_it_is_read_from_the_plan(tmp_path):
    found = found_in(tmp_path, BARE)
    assert found.verdict.startswith("replicated")
    assert np.isnan(found.low)
    assert found.high == 0.5
    assert found.rows == ()
    assert found_in(tmp_path, None) is None


def rows_of(folder, *rows, plan=PLAN):
    facts = json.loads(json.dumps(BARE | {"rows": [dataclasses.asdict(row) for row in rows]}))
    return found_in(folder, facts, plan).rows


def test_a_row_stands_beside_the_mean_of_its_cells(tmp_path):
    own = TRIALS.metrics["good"]
    mean = own[TRIALS.cell == 1].mean()
    row = Published("theirs", (Figure("good", mean + 9.0, 9.0),), "main", (("law", 1.0),), note="A note.")
    near, far, bare, whole, alone = rows_of(
        tmp_path,
        row,
        dataclasses.replace(row, figures=(Figure("good", mean + 9.0, 1.0),)),
        dataclasses.replace(row, figures=(Figure("good", mean + 9.0, compared=False),)),
        dataclasses.replace(row, levels=()),
        Published("alone", (Figure("good", 0.7),)),
    )
    assert near.figures[0].ours.value == pytest.approx(mean)
    assert (near.verdict, far.verdict, bare.verdict) == ("met: good", "another size: good", "")
    assert (near.ours, near.note) == ("part main: law 1", "A note.")
    assert whole.figures[0].ours.value == pytest.approx(own.mean())
    assert (alone.ours, alone.verdict, alone.figures[0].ours.n) == ("", "", 0)


def test_a_row_stands_beside_what_a_change_does(tmp_path):
    up, down = (("law", 1.0),), (("law", 0.0),)
    row = Published("theirs", (Figure("good", 7.0),), "main", up, down, "direction")
    right, wrong, size = rows_of(
        tmp_path,
        row,
        dataclasses.replace(row, levels=down, against=up),
        dataclasses.replace(row, figures=(Figure("good", 0.5),), compared="size"),
    )
    assert right.figures[0].ours.value == pytest.approx(0.5)
    assert (right.verdict, wrong.verdict, size.verdict) == ("same direction: good", "reversed: good", "met: good")
    assert right.ours == "part main: law 1 against 0"


def test_a_null_model_gets_no_verdict_and_a_part_that_was_not_run_none_either(tmp_path):
    row = Published("theirs", (Figure("good", 7.0),), "main", (("law", 1.0),))
    null = dataclasses.replace(PLAN, parts=(dataclasses.replace(PLAN.parts[0], null_model=True),))
    (found,) = rows_of(tmp_path, row, plan=null)
    assert (found.verdict, found.figures[0].verdict) == ("null model: no verdict", "")
    none = dataclasses.replace(PLAN, parts=(*PLAN.parts, dataclasses.replace(PLAN.parts[0], name="later")))
    (found,) = rows_of(tmp_path, dataclasses.replace(row, part="later"), plan=none)
    assert (found.verdict, found.figures[0].ours.n) == ("", 0)


def test_rows_are_kept_with_the_estimates(tmp_path):
    rows_of(tmp_path, Published("theirs", (Figure("good", 7.0),), "main"))
    found = find_replication(tmp_path, ours(0.25, 0.2, 0.35), PLAN, TRIALS)
    again = decode(type(found), json.loads(json.dumps(encode(found), allow_nan=False)))
    assert again.rows == found.rows


@pytest.mark.parametrize(
    ("published", "found", "within", "direction", "verdict"),
    [
        (0.167, ours(1 / 6, np.nan, np.nan), 0.0005, False, "met"),
        (0.167, ours(1 / 6, np.nan, np.nan), 0.0, False, "another size"),
        (0.3, ours(0.2, 0.1, 0.31), 0.0, False, "met"),
        (0.35, ours(0.2, 0.1, 0.31), 0.05, False, "met"),
        (-0.2, ours(-3.0, -4.0, -2.0), 0.0, True, "same direction"),
        (-0.2, ours(-3.0, np.nan, np.nan), 0.0, True, "same direction"),
        (0.2, ours(-3.0, -4.0, -2.0), 0.0, True, "reversed"),
        (0.2, ours(0.1, -0.1, 0.3), 0.0, True, "no direction"),
    ],
)
def test_a_figure_is_met_by_print_interval_or_sign(published, found, within, direction, verdict):
    assert judge_figure(published, found, within, direction) == verdict
