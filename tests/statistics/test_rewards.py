"""High scores by hand, ties among them; the first of each author against a search one by one."""

import dataclasses

import numpy as np

from commonweal.statistics.rewards import first_high, high
from metrics.post_laws import random_log


def test_a_tenth_is_high_unless_more_tie():
    score = np.array([0, 0, 0, 0, 0, 0, 0, 1, 2, 3.0])
    assert high(score, 0.1).tolist() == [False] * 9 + [True]
    assert high(score, 0.25).sum() == 2
    assert not high(np.array([0.0] * 8 + [1, 1]), 0.1).any()
    assert not high(np.zeros(5), 0.5).any()


def test_the_first_of_each_author():
    draw = np.random.default_rng(1)
    for _ in range(5):
        log = dataclasses.replace(random_log(draw), authors=14)
        known = np.full(14, -1)
        for place in range(len(log)):
            if (log.score >= log.score[place]).sum() <= 0.1 * len(log) and known[log.author[place]] < 0:
                known[log.author[place]] = place
        assert first_high(log, 0.1).tolist() == known.tolist()
