"""Agent drift by hand, monotone in a planted sway, and at rest under its null model."""

import numpy as np
import pytest

from commonweal.core.errors import StudyError
from commonweal.metrics.agent_drift import AgentDrift
from metrics.post_laws import COVERED, Planted, check_post_metric, covered, log_by_hand, random_log


def test_three_authors_by_hand() -> None:
    # Author 0 turns from x to y (its middle post, and its silence, count for nothing); author 1 stays; author 2 has one post.
    log = log_by_hand([0, 1, 0, 0, 2, 0, 1, 0], range(8), [[1, 0], [0, 1], [0, 0], [-1, 0], [1, 0], [0, 2], [0, 3], [0, 0]])
    assert AgentDrift(least=1).measure(log) == pytest.approx((1 + 0) / 2)
    assert np.isnan(AgentDrift(least=2).measure(log))
    with pytest.raises(StudyError):
        AgentDrift(least=0)


def test_the_further_they_are_swayed_the_further_they_drift() -> None:
    draw = np.random.default_rng(8)
    plants = [Planted(swayed=share) for share in (0.0, 0.5, 1.0)]
    means = [np.mean([AgentDrift().measure(random_log(draw, planted=plant)) for _ in range(20)]) for plant in plants]
    assert means[0] < means[1] < means[2]


def test_laws_and_coverage() -> None:
    check_post_metric(AgentDrift())
    assert covered(AgentDrift(), random_log, seed=1) >= COVERED
