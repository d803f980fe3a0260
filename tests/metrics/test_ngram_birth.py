"""N-gram births by hand, against sets of words, and at rest under their null model."""

import collections

import numpy as np
import pytest

from commonweal.core.errors import StudyError
from commonweal.metrics.ngram_birth import NgramBirth
from metrics.post_laws import COVERED, check_post_metric, covered, log_by_hand, random_log

LOG = log_by_hand([0, 1, 2, 0, 1], [0, 1, 1, 2, 3], texts=["a b", "c a", "C a!", "b, c", "rare words"])


def test_four_days_by_hand() -> None:
    # Said twice or more: a, b and c. On day 1, c is new beside a; on day 2 nothing is; day 3 has words said once alone.
    assert NgramBirth().measure(LOG) == pytest.approx((1 / 2 + 0 / 2) / 2)
    # Of pairs only "c a" is said twice: on day 1, where it is new.
    assert NgramBirth(n=2).measure(LOG) == 1.0
    assert np.isnan(NgramBirth(n=3).measure(LOG))
    # A log of one day has no day after the first.
    assert np.isnan(NgramBirth().measure(LOG.where(LOG.days == 1)))


def test_they_are_those_of_sets_of_words() -> None:
    log = random_log(np.random.default_rng(12), posts=200)
    for n in (1, 2, 3, 4, 5):
        said: list[set[tuple[str, ...]]] = [set() for _ in range(10)]
        often: collections.Counter[tuple[str, ...]] = collections.Counter()
        for day, place in zip(log.days, log.text, strict=True):
            words = log.texts[place].split()
            for at in range(len(words) - n + 1):
                often[tuple(words[at : at + n])] += 1
                said[day].add(tuple(words[at : at + n]))
        said = [{gram for gram in grams if often[gram] > 1} for grams in said]
        first = {gram: day for day, grams in reversed(list(enumerate(said))) for gram in grams}
        value = NgramBirth(n=n).measure(log)
        rates: list[float] = []
        for day in range(10):
            rates += [np.mean([first[gram] == day for gram in said[day]])] if day and said[day] else []
        assert value == pytest.approx(np.mean(rates)) if rates else np.isnan(value)


def test_what_it_refuses() -> None:
    for n in (0, 6):
        with pytest.raises(StudyError):
            NgramBirth(n=n)


def test_laws_and_coverage() -> None:
    check_post_metric(NgramBirth())
    assert covered(NgramBirth(), random_log, seed=1) >= COVERED
