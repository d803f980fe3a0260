"""N-gram deaths by hand, against sets of words, and at rest under their null model."""

import collections

import numpy as np
import pytest

from commonweal.core.errors import StudyError
from commonweal.metrics.ngram_death import NgramDeath
from metrics.post_laws import COVERED, check_post_metric, covered, log_by_hand, random_log

LOG = log_by_hand([0, 1, 2, 0, 1], [0, 1, 1, 2, 3], texts=["a b", "c a", "C a!", "b, c", "rare words"])


def test_four_days_by_hand() -> None:
    # Said twice or more: a, b and c. Both words of day 0 are said again; of day 1, a is not; of day 2, neither b nor c is.
    assert NgramDeath().measure(LOG) == pytest.approx((0 / 2 + 1 / 2 + 2 / 2) / 3)
    # Of pairs only "c a" is said twice: on day 1, and never again.
    assert NgramDeath(n=2).measure(LOG) == 1.0
    assert np.isnan(NgramDeath(n=3).measure(LOG))
    # The last day is followed by none.
    assert np.isnan(NgramDeath().measure(LOG.where(LOG.days == 1)))


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
        last = {gram: day for day, grams in enumerate(said) for gram in grams}
        value = NgramDeath(n=n).measure(log)
        rates: list[float] = []
        for day in range(10):
            rates += [np.mean([last[gram] == day for gram in said[day]])] if day < 9 and said[day] else []
        assert value == pytest.approx(np.mean(rates)) if rates else np.isnan(value)


def test_what_it_refuses() -> None:
    for n in (0, 6):
        with pytest.raises(StudyError):
            NgramDeath(n=n)


def test_laws_and_coverage() -> None:
    check_post_metric(NgramDeath())
    assert covered(NgramDeath(), random_log, seed=1) >= COVERED
