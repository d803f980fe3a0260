"""Sums and halves of what posts say, against plain loops, over several blocks."""

import dataclasses

import numpy as np
import pytest

from commonweal.statistics import post_means
from commonweal.statistics.post_means import cosines, dealt, halves_of, mean_of, speaking, sums_by, unit_rows
from metrics.post_laws import log_by_hand, random_log


def test_sums_are_those_of_a_plain_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(post_means, "BLOCK", 7)
    draw = np.random.default_rng(14)
    vectors = draw.normal(size=(50, 3)).astype(np.float32) * (draw.random((50, 1)) < 0.8)
    group = draw.integers(-1, 6, 50)
    found = sums_by(vectors, group, 7)
    said = speaking(vectors)
    assert np.array_equal(said, (vectors != 0).any(1))
    for number in range(7):
        rows = vectors[(group == number) & said].astype(float)
        assert found.size[number] == len(rows)
        assert found.sums[number] == pytest.approx(sum((row / np.sqrt(row @ row) for row in rows), np.zeros(3)))
    assert np.linalg.norm(unit_rows(vectors), axis=1) == pytest.approx(said.astype(float))


def test_halves_are_those_of_a_plain_loop() -> None:
    draw = np.random.default_rng(15)
    log = random_log(draw, authors=9, posts=70)
    assert log.vector is not None
    log.vector[draw.integers(0, 70, 9)] = 0
    found = halves_of(log, log.vector, 4)
    rows, kept = unit_rows(log.vector), 0
    for author in range(9):
        own = rows[(log.author == author) & speaking(log.vector)]
        half = len(own) // 2
        if half < 4:
            continue
        assert found.author[kept] == author
        assert found.early[kept] == pytest.approx(own[:half].mean(0))
        assert found.late[kept] == pytest.approx(own[len(own) - half :].mean(0))
        assert found.own[kept] == pytest.approx(own.sum(0))
        kept += 1
    assert len(found.author) == kept > 2
    assert found.whole == pytest.approx(rows.sum(0))


def test_cosines_and_means_of_nothing_are_none() -> None:
    left = np.array([[1.0, 1.0], [0.0, 0.0], [3.0, 0.0]])
    assert cosines(left, np.array([1.0, 0.0]))[[0, 2]] == pytest.approx([np.sqrt(0.5), 1.0])
    assert np.isnan(cosines(left, left + 1e-17)[1])
    assert mean_of(np.array([1.0, np.nan, 2.0])) == 1.5
    assert np.isnan(mean_of(np.array([np.nan])))


def test_dealt_posts_say_what_others_said() -> None:
    log = log_by_hand([0, 1, 2], [0, 1, 2], [[1, 0], [0, 1], [0, 0]], ["x", "y", ""])
    other = dealt(log, np.array([2, 0, 1]))
    assert other.vector is not None
    assert other.vector.tolist() == [[0, 0], [1, 0], [0, 1]]
    assert [other.texts[place] for place in other.text] == ["", "x", "y"]
    assert other.author.tolist() == [0, 1, 2]
    silent = dataclasses.replace(log, vector=None, text=np.zeros(0, np.int64), texts=())
    assert dealt(silent, np.array([2, 0, 1])).vector is None
