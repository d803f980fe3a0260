"""Samples are random and even, sheets are blind and safe in a spreadsheet, labels come back as they were written."""

import csv
import re
from collections import Counter

import numpy as np
import pytest

from commonweal.analysis.judging.gold import draw_sample, guard_cell, name_row, read_sheet, write_sheet
from commonweal.analysis.judging.rubric import parse_rubric
from commonweal.core.errors import LogError, StudyError
from promises import RUBRIC, made_case

rubric = parse_rubric(RUBRIC)
KEYS = [("main", cell, seed) for cell in range(8) for seed in range(25)]


def test_every_trial_is_as_likely_and_cells_are_even():
    """Systematic sampling: 40 of 200 in 8 cells of 25 gives 5 a cell, always; each trial with probability 1/5."""
    counts = Counter()
    for seed in range(2_000):
        drawn = draw_sample(KEYS, 40, seed)
        assert len(set(drawn)) == 40
        if seed < 50:
            assert set(Counter(key[1] for key in drawn).values()) == {5}
        counts.update(drawn)
    rates = np.array([counts[key] for key in KEYS]) / 2_000
    # Five standard errors of a share of .2 over 2,000 draws.
    assert np.abs(rates - 0.2).max() < 5 * np.sqrt(0.16 / 2_000)


def test_a_sample_is_a_function_of_its_seed_and_no_larger_than_the_run():
    assert draw_sample(KEYS, 7, 1) == draw_sample(KEYS, 7, 1) != draw_sample(KEYS, 7, 2)
    assert draw_sample(KEYS, 200) == tuple(KEYS)
    for n in (0, 201):
        with pytest.raises(StudyError, match="expected 1 to 200"):
            draw_sample(KEYS, n)


def test_a_sheet_is_blind_and_comes_back(tmp_path):
    keys = [("audit-at-0.5", 31, seed) for seed in range(6)]
    cases = [made_case(key, said=[(0, 0, f"=cmd|'/c calc'!A{key[2]}")]) for key in keys]
    path = write_sheet(tmp_path / "labels.csv", cases, rubric)
    everything = path.read_text() + "".join(file.read_text() for file in (tmp_path / "labels").iterdir())
    assert "audit-at" not in everything
    table = list(csv.reader(path.read_text().splitlines()))
    assert table[0] == ["trial", "transcript", "label: kept | broken"]
    assert all(re.fullmatch(r"t[0-9a-f]{12}", row[0]) and row[2] == "" for row in table[1:])
    assert all((tmp_path / row[1]).exists() for row in table[1:])
    # Two raters; one row is left out by both, one by the second.
    labels = [("broken", "1"), ("kept", "Kept"), ("0", ""), ("", ""), ("KEPT", "broken"), ("'broken", "broken")]
    rows = [[*row[:2], *pair] for row, pair in zip(table[1:], labels, strict=True)]
    with path.open("w") as file:
        csv.writer(file, delimiter=";").writerows([["trial", "transcript", "ann", "=HYPERLINK(1)"], *rows, []])
    gold = read_sheet(path, keys, rubric)
    assert gold.raters == ("ann", "=HYPERLINK(1)")
    named = {name_row(key, rubric): key for key in keys}
    assert gold.trials == tuple(named[row[0]] for row, pair in zip(rows, labels, strict=True) if pair != ("", ""))
    np.testing.assert_array_equal(gold.ratings, [[1, 0, 0, 0, 1], [1, 0, np.nan, 1, 1]])
    np.testing.assert_array_equal(gold.consensus(), [1, 0, 0, 0.5, 1])
    # Labels are never written over.
    with pytest.raises(LogError, match="may hold labels"):
        write_sheet(path, cases, rubric)


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@x", "'@x"),
        ("\t=1", "'=1"),
        ("\r\n=1", "'=1"),
        ("a=1", "a=1"),
        ("|x", "'|x"),
    ],
)
def test_no_cell_is_a_formula(text, safe):
    assert guard_cell(text) == safe


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "found the head"),
        ("trial,transcript\n", "found the head"),
        ("trial,transcript,label\ntffffffffffff,x,kept\n", "as a trial"),
        ("trial,transcript,label\nROW,x,maybe\n", "found the label 'maybe'"),
        ("trial,transcript,label\nROW,x,kept\nROW,x,kept\n", "twice"),
        ("trial,transcript,label\nROW,x,\n", "found no label"),
    ],
)
def test_a_damaged_sheet_is_refused(tmp_path, text, said):
    path = tmp_path / "labels.csv"
    path.write_text(text.replace("ROW", name_row(KEYS[0], rubric)))
    with pytest.raises(LogError, match=said):
        read_sheet(path, KEYS, rubric)
    with pytest.raises(LogError, match="cannot be read"):
        read_sheet(tmp_path / "none.csv", KEYS, rubric)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(LogError, match="cannot be read"):
        read_sheet(path, KEYS, rubric)
