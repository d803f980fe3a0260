"""Rates of conflict by hand and pair by pair; it grows where the first conflict makes the next likelier."""

import dataclasses

import numpy as np
import pytest

from commonweal.core.errors import StudyError
from commonweal.metrics.conflict_after_conflict import ConflictAfterConflict
from metrics.post_laws import COVERED, Planted, check_post_metric, covered, log_by_hand, random_log


def test_by_hand():
    # 1 contradicts 0; then 0 contradicts 1's answer, and 1 agrees: 1 of 2 later ones. 2 agrees with 0 twice. In all 2 of 5.
    said = [[1, 0], [-1, 0], [1, 0], [1, 0], [1, 0], [1, 0]]
    log = dataclasses.replace(log_by_hand([0, 1, 0, 1, 2, 2], range(6), said), parent=np.array([-1, 0, 1, 2, 0, 2]))
    assert ConflictAfterConflict().measure(log) == pytest.approx(1 / 2 - 2 / 5)
    assert np.isnan(ConflictAfterConflict(below=-1.0).measure(log))
    with pytest.raises(StudyError, match="cosine"):
        ConflictAfterConflict(below=2.0)


def test_it_is_the_count_pair_by_pair():
    draw = np.random.default_rng(1)
    for _ in range(4):
        log, below = random_log(draw), float(draw.uniform(-0.1, 0.4))
        first, later, every = {}, [], []
        for at in np.flatnonzero(log.parent >= 0):
            pair = frozenset((int(log.author[at]), int(log.author[log.parent[at]])))
            against = bool(log.vector[at] @ log.vector[log.parent[at]] < below)
            if len(pair) == 2:
                every.append(against)
                later += [against] if first.setdefault(pair, None) else []
                first[pair] = against if first[pair] is None else first[pair]
        assert ConflictAfterConflict(below=below).measure(log) == pytest.approx(np.mean(later) - np.mean(every))


def test_it_grows_where_conflict_breeds_conflict():
    draw = np.random.default_rng(2)
    found = [
        [ConflictAfterConflict().measure(random_log(draw, planted=Planted(quarrels=0.1, again=again))) for _ in range(15)]
        for again in (0.0, 0.3, 0.8)
    ]
    means, errors = np.nanmean(found, 1), np.nanstd(found, 1) / np.sqrt(15)
    assert abs(means[0]) < 3 * errors[0]
    assert means[0] + 3 * errors[1] < means[1] < means[2] - 3 * errors[2]


def test_laws():
    check_post_metric(ConflictAfterConflict())


@pytest.mark.slow
def test_the_null_covers_where_conflicts_come_by_chance():
    assert covered(ConflictAfterConflict(), lambda draw: random_log(draw, planted=Planted(quarrels=0.5))) >= COVERED
