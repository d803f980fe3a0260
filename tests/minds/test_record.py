"""Records count what was decided in which state; what they lack they take from the nearest coarser state."""

import csv
import json

import duckdb
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonweal.core.errors import LogError, StudyError
from commonweal.minds.record import Record, Statistic, Validation, nearest, resolved, told_bins

# Two groups of three over three ticks, by hand. First group: everybody but the last cooperates first, then ...
GROUPS = np.asarray(
    [
        [[1, 1, 0], [1, 0, 0], [0, 0, 0]],
        [[1, 1, 1], [1, 1, 1], [0, 1, 1]],
    ],
    np.float64,
)


def test_counts_are_those_of_a_hand():
    record = Record.of_groups(GROUPS, state=("own", "told"), told_edges=(0.75,))
    counts = np.asarray(record.counts)
    assert counts.shape == (3, 3, 2)
    # Tick 0: no own answer, nothing told: 4 of 6 cooperate.
    assert counts[0, 0].tolist() == [2, 4]
    # After cooperating, told 1/2 in tick 0 (0.5 < 0.75: bin 1): seats 1 and 2 of both groups: 1, 0 and 1, 1.
    # Tick 2 of group 1, seat 1: own 1, told 0: 0.
    assert counts[2, 1].tolist() == [2, 3]
    # After defecting and told 1: the third seats in tick 1: 0 in group 1, 1 in group 2.
    assert counts[1, 2].tolist() == [1, 1]
    # Group 2 in tick 2: all cooperated, told 1, all cooperate.
    assert counts[2, 2].tolist() == [0, 3]
    assert counts[1, 1].tolist() == [2, 0]
    assert (record.decisions, record.subjects) == (18, 6)


def test_gaps_are_no_decisions():
    gaps = GROUPS.copy()
    gaps[0, 2, :] = np.nan
    gaps[1, 0, 1] = np.nan
    record = Record.of_groups(gaps, told_edges=(0.75,))
    assert (record.decisions, record.subjects) == (14, 5)
    # Seat 2 of the first group is told seat 1 alone.
    assert told_bins(gaps, (0.75,))[0, 1].tolist() == [0, 2, 2]
    alone = np.full((1, 2, 3), np.nan)
    alone[0, 0] = 1.0
    assert told_bins(alone, (0.5,))[0, 0].tolist() == [0, 0, 0]


@given(st.integers(0, 2**32 - 1), st.permutations(["own", "told", "tick"]), st.integers(0, 3))
def test_marginals_do_not_move_with_the_state(seed, order, used):
    # Summed over any variable, a record is the record without it.
    rng = np.random.default_rng(seed)
    groups = rng.integers(0, 3, (3, 4, 5)) / 2
    answers, state = (0.0, 0.5, 1.0), tuple(order[:used])
    whole = Record.of_groups(groups, answers, tuple(order), (0.3, 0.6), (2,))
    part = Record.of_groups(groups, answers, state, (0.3, 0.6), (2,))
    axes = tuple(range(used, 3))
    assert np.array_equal(np.asarray(whole.counts).sum(axes), np.asarray(part.counts))
    assert part.decisions == 60
    full, known = (np.asarray(own) for own in resolved(whole.counts))
    assert (full.sum(-1) > 0).all()
    assert np.array_equal(full[known > 0], np.asarray(whole.counts)[known > 0])


def test_what_is_missing_comes_from_the_nearest_coarser_state():
    counts = np.zeros((2, 2, 2), np.int32)
    counts[0, 0] = [3, 1]
    counts[1, 1] = [0, 5]
    full, known = resolved(jnp.asarray(counts))
    # The last variable is left out first: state (0, 1) answers as (0, anything) did.
    assert np.asarray(full)[0, 1].tolist() == [3, 1]
    assert np.asarray(full)[1, 0].tolist() == [0, 5]
    assert np.asarray(known).tolist() == [[1, 0], [0, 1]]
    counts[1, 1] = 0
    full, known = resolved(jnp.asarray(counts))
    assert np.asarray(full)[1].tolist() == [[3, 1], [3, 1]]


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_files_are_read_as_they_are_counted(tmp_path, kind):
    answers, edges = (0.0, 1.0), (0.75,)
    rows = []
    for g, group in enumerate(GROUPS):
        for n, member in enumerate(group):
            for t, level in enumerate(member):
                told = None if t == 0 else float(np.delete(group[:, t - 1], n).mean())
                rows.append((f"s{g}{n}", t, None if t == 0 else float(member[t - 1]), told, float(level)))
    path = tmp_path / f"decisions.{kind}"
    if kind == "csv":
        with path.open("w", newline="") as file:
            csv.writer(file).writerows([("subject", "tick", "own", "told", "gave"), *rows])
    else:
        with duckdb.connect() as connection:
            connection.execute("CREATE TABLE d (subject VARCHAR, tick INTEGER, own DOUBLE, told DOUBLE, gave DOUBLE)")
            connection.executemany("INSERT INTO d VALUES (?, ?, ?, ?, ?)", rows)
            connection.execute(f"COPY d TO '{path}' (FORMAT parquet)")
    for state in (("own", "told"), ("told",), ("tick", "own"), ()):
        found = Record.read(path, "gave", state, answers, edges, (1, 2))
        assert found.digest == Record.of_groups(GROUPS, answers, state, edges, (1, 2)).digest
        assert (found.subjects, found.source) == (6, path.name)


def test_a_row_may_stand_for_many(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("own,answer,count\n,1,4\n0,0,7\n1,1,9\n1,0,1\n")
    assert np.asarray(Record.read(path, state=("own",)).counts).tolist() == [[0, 4], [7, 0], [1, 9]]


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        ("", LogError, "has columns none"),
        ("own,gave\n1,1\n", LogError, "expected answer too"),
        ("own,answer\n1,yes\n", LogError, "expected numbers"),
        ("own,answer\n1,\n", StudyError, "have no answer"),
        ("own,answer\n1,7\n", StudyError, "divide by the largest"),
        ("own,answer,count\n1,1,-3\n", StudyError, "at least one"),
    ],
)
def test_files_that_are_no_records_are_refused(tmp_path, text, error, words):
    path = tmp_path / "d.csv"
    path.write_text(text)
    with pytest.raises(error, match=words):
        Record.read(path, state=("own",))
    (tmp_path / "d.parquet").write_bytes(b"PAR1 not so")
    for missing in (tmp_path / "none.csv", tmp_path / "d.parquet"):
        with pytest.raises(LogError, match="cannot be read"):
            Record.read(missing)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"answers": (1.0,)}, "at least two"),
        ({"answers": (1.0, 0.0)}, "ascending"),
        ({"answers": (0.0, 2.0)}, "from 0 to 1"),
        ({"state": ("own", "own")}, "each once"),
        ({"state": ("mood",)}, "expected some of"),
        ({"told_edges": (0.5, 0.5)}, "ascend"),
        ({"state": ("own",)}, "counts of shape"),
    ],
)
def test_records_that_cannot_be_asked_are_refused(given, words):
    with pytest.raises(StudyError, match=words):
        Record(**({"counts": np.ones((3, 3, 2)), "told_edges": (0.5,)} | given))
    with pytest.raises(StudyError, match="expected levels"):
        Record.of_groups(np.zeros((2, 3)))
    with pytest.raises(StudyError, match="some decision"):
        Record.of_groups(np.full((1, 2, 3), np.nan))


def test_levels_count_as_the_nearest_answer():
    levels = np.asarray([0.0, 0.24, 0.25, 0.26, 0.75, 0.76, 1.0, np.nan])
    assert nearest(levels, (0.0, 0.5, 1.0)).tolist() == [0, 0, 0, 1, 1, 2, 2, 0]


def test_a_digest_tells_records_apart():
    base = Record.of_groups(GROUPS)
    other = GROUPS.copy()
    other[0, 0, 0] = 0.0
    assert base.digest == Record.of_groups(GROUPS, source="elsewhere").digest
    digests = {base.digest, Record.of_groups(other).digest, Record.of_groups(GROUPS, told_edges=(0.4,)).digest}
    assert len(digests) == 3


def test_a_validation_says_its_own_verdict(tmp_path):
    rows = (Statistic("a", 0.5, 0.4, 0.6), Statistic("b", 0.5, 0.5, 0.5))
    good = Validation("sha256:r", rows, (3, 4), 199, "ranges")
    assert good.passed
    assert Validation.read(good.write(tmp_path / "v.json")) == good
    bad = Validation("sha256:r", (*rows, Statistic("c", 0.7, 0.4, 0.6)), (3, 4), 199, "ranges")
    assert not bad.passed
    assert not Validation("sha256:r", (), (3, 4), 199, "none").passed
    path = bad.write(tmp_path / "bad.json")
    assert Validation.read(path) == bad
    facts = json.loads(path.read_text())
    for wrong in (facts | {"passed": True}, facts | {"schema": "x"}, {}, []):
        path.write_text(json.dumps(wrong))
        with pytest.raises(LogError, match="is no validation"):
            Validation.read(path)
