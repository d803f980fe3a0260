"""N-grams of texts by hand, of vectors against a plain loop, with repeated and silent posts."""

import dataclasses

import numpy as np

from commonweal.statistics.ngrams import turnover_of
from metrics.post_laws import log_by_hand, random_log


def test_texts_by_hand() -> None:
    log = log_by_hand([0, 0, 0, 0], [0, 1, 1, 3], texts=["It is. It IS", "", "no: it-is", "is it"])
    found = turnover_of(log, 1)
    assert found is not None
    assert found.active.tolist() == [2, 2, 0, 2]
    assert found.born.tolist() == [2, 0, 0, 0]
    assert found.ended.tolist() == [0, 0, 0, 2]
    pairs = turnover_of(log, 2)
    assert pairs is not None
    # "it is" three times, "is it" twice; no pair reaches from one post to the next.
    assert pairs.active.tolist() == [2, 1, 0, 1]
    assert pairs.born.tolist() == [2, 0, 0, 0]
    assert pairs.ended.tolist() == [0, 1, 0, 1]


def test_a_text_posted_twice_is_said_twice() -> None:
    log = log_by_hand([0, 0, 0], [0, 1, 2], texts=["once more", "alone", ""])
    again = dataclasses.replace(log, text=np.array([0, -1, 0]))
    found = turnover_of(again, 2)
    assert found is not None
    assert found.active.tolist() == [1, 0, 1]


def test_words_of_vectors_are_their_largest_parts() -> None:
    log = dataclasses.replace(random_log(np.random.default_rng(13), posts=120), text=np.zeros(0, np.int64), texts=())
    assert log.vector is not None
    log.vector[5] = 0
    log.vector[6] = [0, 0.5, 0, 0, -0.5, 0, 0, 0]
    for n in (1, 2, 3):
        grams: list[list[tuple[tuple[int, bool], ...]]] = [[] for _ in range(10)]
        for day, row in zip(log.days, log.vector, strict=True):
            words = [(at, bool(row[at] < 0)) for at in sorted(range(8), key=lambda at: -abs(row[at]))[:3] if row[at]]
            grams[day] += [tuple(words[at : at + n]) for at in range(len(words) - n + 1)]
        flat = [gram for day in grams for gram in day]
        found = turnover_of(log, n)
        assert found is not None
        assert found.active.tolist() == [len({gram for gram in day if flat.count(gram) > 1}) for day in grams]
        assert found.born.sum() == found.ended.sum() == len({gram for gram in flat if flat.count(gram) > 1})
    assert turnover_of(log, 4) is None


def test_nothing_has_no_turnover() -> None:
    log = log_by_hand([0, 1], [0, 1], texts=["", " "])
    assert turnover_of(log, 1) is None
    assert turnover_of(dataclasses.replace(log, text=np.zeros(0, np.int64), texts=()), 1) is None
    assert turnover_of(log.where(np.zeros(2, bool)), 1) is None
