"""Duplicates by hand, of texts and of vectors; planted shares are found; words at random repeat by chance."""

import dataclasses

import numpy as np
import pytest

from commonweal.metrics.duplicate_share import DuplicateShare
from metrics.post_laws import COVERED, Planted, check_post_metric, covered, log_by_hand, random_log


def test_by_hand():
    log = dataclasses.replace(log_by_hand([0] * 6, range(6), texts=["a b", "c", " "]), text=np.array([0, 1, 0, 2, 0, -1]))
    assert DuplicateShare().measure(log) == pytest.approx(2 / 4)
    vectors = log_by_hand([0] * 5, range(5), [[1, 0], [0, 1], [0, 0], [1, -0.0], [0, 0]])
    assert DuplicateShare().measure(vectors) == pytest.approx(1 / 3)
    assert np.isnan(DuplicateShare().measure(log_by_hand([0], [0.0])))


def test_vectors_are_the_same_in_each_part_or_not_at_all():
    draw = np.random.default_rng(1)
    for _ in range(5):
        vectors = draw.integers(-2, 3, (400, 3)).astype(np.float32)
        said = vectors[(vectors != 0).any(1)]
        known = 1 - len(np.unique(said, axis=0)) / len(said)
        assert DuplicateShare().measure(log_by_hand([0] * 400, range(400), vectors)) == pytest.approx(known)
    near = np.nextafter(np.full((300, 4), 0.5, np.float32), np.float32(1)) + draw.integers(0, 64, (300, 4)) * np.float32(2**-23)
    assert DuplicateShare().measure(log_by_hand([0] * 300, range(300), near)) == pytest.approx(
        1 - len(np.unique(near, axis=0)) / 300
    )


@pytest.mark.parametrize("words", [True, False])
def test_it_grows_with_planted_copies(words):
    draw = np.random.default_rng(2)
    for copies in (0.1, 0.34, 0.6):
        log = random_log(draw, posts=1000, planted=Planted(copies=copies))
        if not words:
            log = dataclasses.replace(log, text=np.zeros(0, np.int64), texts=())
        assert DuplicateShare().measure(log) == pytest.approx(copies, abs=4 * np.sqrt(copies * (1 - copies) / 1000))
        assert DuplicateShare().measure(DuplicateShare().shuffled(log, draw)) < 0.1


def test_shuffled_words_are_the_same_words_in_texts_of_the_same_length():
    log = dataclasses.replace(log_by_hand([0] * 4, range(4), texts=["a b c", "d", ""]), text=np.array([0, 1, 2, 0]))
    mixed = DuplicateShare().shuffled(log, np.random.default_rng(3))
    said = [mixed.texts[at].split() for at in mixed.text]
    assert [len(words) for words in said] == [3, 1, 0, 3]
    assert sorted(word for words in said for word in words) == sorted("abcabcd")


def test_laws():
    check_post_metric(DuplicateShare())


@pytest.mark.slow
def test_the_null_covers_where_nothing_is_copied():
    assert covered(DuplicateShare(), random_log) >= COVERED
