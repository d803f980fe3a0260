"""The study of readable source and credible promises: its exact theory, and simulations that agree with it."""

import numpy as np
import pytest

from arms import play
from commonweal.analysis.exact.small_mutation import find_small_mutation
from commonweal.engine.check import check
from commonweal.engine.compiled import run_batch
from commonweal.lab.batches import data_factors
from commonweal.lab.plan import make_plan
from commonweal.minds.dials import HONESTY
from commonweal.studies.commitment_and_transparency import (
    ANSWERS,
    CREDIBILITY,
    MISREADING,
    SEATS,
    TRANSPARENCY,
    TREMBLE,
    P,
    R,
    S,
    T,
    exact,
    promise_pairs,
    read_pairs,
    study,
    with_language,
)


def test_what_pairs_mean_to_do() -> None:
    """Read rightly it is the modal table; unread the row's first entry; nonsense does not depend on the partner."""
    rng = np.random.default_rng(4)
    np.testing.assert_array_equal(read_pairs(1.0, 0.0), ANSWERS[:, 1:])
    np.testing.assert_array_equal(read_pairs(0.0, float(rng.uniform())), np.repeat(ANSWERS[:, :1], 6, axis=1))
    assert np.ptp(read_pairs(float(rng.uniform()), 1.0), axis=1).max() < 1e-12
    c = float(rng.uniform())
    pairs = promise_pairs(c)
    assert pairs[2, 2] == pytest.approx(c)
    assert pairs[2, 3] == pytest.approx(c)
    assert pairs[3].tolist() == [1, 1, 1, 1]
    assert pairs[2, :2].tolist() == [0, 0]


def test_theory_between_its_bounds_and_like_the_limit_of_rare_mutation() -> None:
    """Between all defecting and all cooperating; transparency ranks as in the small-mutation chain of another update rule."""
    for tremble in (0.0, 0.1):
        low, high = ((SEATS - 1) * pay for pay in (P, R))
        dark, clear = exact(read_pairs(0.0, 0.0), tremble), exact(read_pairs(1.0, 0.0), tremble)
        assert low < dark < clear < high
    shares = [find_small_mutation(_game(read_pairs(reach, 0.0)), SEATS, 0.3, "moran") for reach in (0.0, 1.0)]
    paid = [share @ np.diagonal(_game(read_pairs(reach, 0.0))) for share, reach in zip(shares, (0.0, 1.0), strict=True)]
    assert paid[1] > paid[0]


def _game(mine: np.ndarray) -> np.ndarray:
    theirs = mine.T
    return R * mine * theirs + S * mine * (1 - theirs) + T * (1 - mine) * theirs + P * (1 - mine) * (1 - theirs)


def test_every_cell_is_planned_with_its_theory() -> None:
    plan = make_plan(study, None, None)
    parts = plan["parts"]
    assert isinstance(parts, list)
    assert [len(part["cells"]) for part in parts] == [27, 9, 12]
    assert all(6 < cell["theory"] < 18 for part in parts for cell in part["cells"])
    assert [factor.label for factor in data_factors(study.part("source"))] == [TRANSPARENCY, MISREADING, TREMBLE]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "levels"),
    [("source", {TRANSPARENCY: 1.0, MISREADING: 0.2, TREMBLE: 0.1}), ("promises", {CREDIBILITY: 1.0, TREMBLE: 0.0})],
)
def test_simulated_payoffs_agree_with_the_chain(name: str, levels: dict[str, float]) -> None:
    """Within 4 standard errors of 200 trials."""
    part = study.part(name)
    logs = run_batch(part.society_of(levels), (), range(200), part.ticks, study.metrics)
    paid = np.asarray([log.values["payoff"] for log in logs])
    assert part.theory is not None
    expected = part.theory(levels)
    assert expected is not None
    assert abs(paid.mean() - expected) < 4 * paid.std(ddof=1) / np.sqrt(paid.size)


def test_the_language_arm_is_off_by_default_and_of_few_calls() -> None:
    arm = with_language()
    part = arm.part("language")
    assert part.role == "control"
    assert [own.name for own in arm.parts[:-1]] == [own.name for own in study.parts]
    check(part.society, arm.metrics)
    # Two settings of the dial, one trial each: so many seats and ticks are asked.
    assert (part.trials, part.ticks) == (2, 8)


@pytest.mark.slow
def test_any_endpoint_takes_the_seats_of_the_language_arm_and_reads_its_dial() -> None:
    arm = with_language()
    log, asked = play(arm.part("language"), arm.metrics, {HONESTY.name: 1.0}, 2)
    assert len(asked) == 2 * 7
    assert all(HONESTY.say(1.0) in own.message("user") for own in asked)
    assert set(log.values) == set(arm.metrics.names)
