"""The variation of gaps: 0 of a clock, 1 of a Poisson process, 1 / sqrt(k) of gamma gaps of shape k; by hand."""

import numpy as np
import pytest

from commonweal.statistics.gaps import gap_variations
from metrics.post_laws import log_by_hand


def test_by_hand():
    # Author 0: gaps 1, 3: sd sqrt(2), mean 2. Author 1: a clock. Author 2 has one gap, author 3 posts twice at once.
    log = log_by_hand([0, 1, 0, 1, 1, 0, 2, 2, 3, 3, 3], [0, 0, 1, 1, 2, 4, 4, 5, 6, 6, 6])
    assert gap_variations(log, 2) == pytest.approx([np.sqrt(2) / 2, 0.0])
    assert len(gap_variations(log, 3)) == 0
    assert len(gap_variations(log.where(log.author > 9), 2)) == 0


def test_known_distributions_of_gaps():
    draw = np.random.default_rng(1)
    for shape in (1.0, *draw.uniform(0.3, 9.0, 4)):
        time = np.cumsum(draw.gamma(shape, 1 / shape, (4, 4000)), axis=1)
        order = np.argsort(time.ravel())
        log = log_by_hand(np.repeat(np.arange(4), 4000)[order].tolist(), time.ravel()[order].tolist())
        assert gap_variations(log, 5).mean() == pytest.approx(1 / np.sqrt(shape), rel=0.05)
