"""0 of clocks, 1 of Poisson processes, above it of bursts; the null model makes all alike."""

import numpy as np
import pytest

from commonweal.core.errors import StudyError
from commonweal.metrics.gap_variation import GapVariation
from metrics.post_laws import COVERED, Planted, check_post_metric, covered, log_by_hand, random_log


def test_by_hand():
    log = log_by_hand([0, 1, 0, 1, 0, 1, 1], [0, 0, 1, 2, 4, 4, 6])
    # Author 0: gaps 1, 3; author 1: a clock.
    assert GapVariation(least=2).measure(log) == pytest.approx((np.sqrt(2) / 2 + 0) / 2)
    assert GapVariation(least=3).measure(log) == 0
    assert np.isnan(GapVariation().measure(log))
    with pytest.raises(StudyError, match="at least 2"):
        GapVariation(least=1)


def test_clocks_poisson_and_bursts():
    draw = np.random.default_rng(1)
    clocks, poisson, bursts = (
        random_log(draw, authors=4, posts=1200, planted=Planted(regular=shape)) for shape in (1e6, 1.0, 0.25)
    )
    assert GapVariation().measure(clocks) == pytest.approx(0, abs=0.01)
    assert GapVariation().measure(poisson) == pytest.approx(1, abs=0.1)
    assert GapVariation().measure(bursts) == pytest.approx(2, abs=0.3)
    # Others' times instead of its own: of many authors, those of a Poisson process.
    assert GapVariation().measure(GapVariation().shuffled(clocks, draw)) > 0.7


def test_laws():
    check_post_metric(GapVariation(), says=False)


@pytest.mark.slow
def test_the_null_covers_where_times_are_random():
    assert covered(GapVariation(), random_log) >= COVERED
