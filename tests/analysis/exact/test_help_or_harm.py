"""The best threshold against its fixtures, integration, a planner's grid, enumerated best responses, and single attackers."""

import itertools
import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from commonweal.analysis.exact.help_or_harm import (
    Learning,
    Requests,
    Stakes,
    find_best,
    find_equilibria,
    find_lessons,
    find_likelihood_ratio,
    find_refused,
    find_response,
    find_threshold,
    find_welfare,
)
from commonweal.core.errors import StudyError

FIXTURES = [
    (0.1, 1, 5, 2, 0.25, 1.141858, 0.605860),
    (0.3, 1, 5, 2, 0.25, 0.241907, 0.260633),
    (0.05, 1, 10, 2, 0.0, 1.320927, 0.737127),
    (0.1, 1, 5, 2, 0.9, 3.038933, 0.400063),
]
"""Oracles C, row 1: (beta, v, h, mu, s), tau*, W*."""


def random_case(draws: np.random.Generator) -> tuple[Requests, Stakes]:
    requests = Requests(
        bad=float(draws.uniform(0.02, 0.6)),
        sophistication=float(draws.uniform(0, 0.7)),
        gap=float(draws.uniform(1, 3)),
        noise=float(draws.uniform(0.5, 1.5)),
    )
    return requests, Stakes(*(float(x) for x in draws.uniform((0.2, 0.5, 0), (2, 8, 1))))


@pytest.mark.parametrize(("bad", "value", "harm", "gap", "s", "threshold", "welfare"), FIXTURES)
def test_the_oracles_fixtures(bad, value, harm, gap, s, threshold, welfare) -> None:
    requests, stakes = Requests(bad, s, gap), Stakes(value, harm)
    assert find_threshold(requests, stakes) == pytest.approx(threshold, abs=1e-6)
    assert find_welfare(threshold, requests, stakes) == pytest.approx(welfare, abs=1e-6)
    best = find_best(requests, stakes)
    assert best.threshold == pytest.approx(threshold, abs=1e-5)
    assert best.welfare == pytest.approx(welfare, abs=1e-6)


def test_the_threshold_is_best_and_where_the_likelihood_ratio_is_the_odds() -> None:
    """At random parameters: against a grid of W by numeric integration of the two densities."""
    draws = np.random.default_rng(1)
    for _ in range(4):
        requests, stakes = random_case(draws)
        tau = find_threshold(requests, stakes)
        odds = (1 - requests.bad) * (stakes.value + stakes.over_refusal) / (requests.bad * stakes.harm)
        assert float(find_likelihood_ratio(tau, requests)) == pytest.approx(odds)
        good, bad = norm(0, requests.noise), norm(requests.mean, requests.noise)
        ratio = good.pdf(tau - 0.3), bad.pdf(tau - 0.3)
        assert float(find_likelihood_ratio(tau - 0.3, requests)) == pytest.approx(ratio[1] / ratio[0])

        def rate(x: float, good=good, bad=bad, requests=requests, stakes=stakes) -> float:
            served = (1 - requests.bad) * (stakes.value + stakes.over_refusal) * good.pdf(x)
            return served - requests.bad * stakes.harm * bad.pdf(x)

        level = -(1 - requests.bad) * stakes.over_refusal
        for at in (tau - 0.7, tau, tau + 0.4):
            whole = quad(rate, -15 * requests.noise, at, epsabs=1e-10, limit=400)[0] + level
            assert find_welfare(at, requests, stakes) == pytest.approx(whole, abs=1e-7)
        grid = np.linspace(tau - 2, tau + 2, 401)
        best = grid[np.argmax([find_welfare(float(at), requests, stakes) for at in grid])]
        assert best == pytest.approx(tau, abs=0.011)


def test_limits() -> None:
    """As s -> 1 nobody is refused where the odds are above 1, everybody where they are below; no bad requests, no refusals."""
    lenient, strict = Requests(0.1, 1.0), Requests(0.5, 1.0)
    stakes = Stakes(1, 5)
    assert find_threshold(lenient, stakes) == math.inf
    assert find_threshold(strict, stakes) == -math.inf
    assert find_threshold(Requests(0.1, 0.999), stakes) > 100
    assert find_threshold(Requests(0.5, 0.999), stakes) < -100
    assert find_threshold(Requests(0.0), stakes) == math.inf
    assert find_threshold(Requests(1.0), stakes) == -math.inf
    assert find_threshold(Requests(0.1), Stakes(1, -2)) == math.inf


def test_refusals_of_several_providers_by_simulated_draws() -> None:
    """Five providers, two of them of one model, in a random order: 200,000 requests drawn one after another."""
    draws = np.random.default_rng(2)
    thresholds, models, tries = np.array([0.3, 0.9, -0.2, 1.4, 0.1]), 3, 3
    scores = draws.normal(size=(200_000, models))
    order = np.argsort(draws.random((200_000, 5)), 1)[:, :tries]
    refused = np.take_along_axis(scores, order % models, 1) > thresholds[order]
    share = [refused[:, :k].all(1).mean() for k in (1, 2, 3)]
    np.testing.assert_allclose(find_refused(thresholds, tries, models), share, atol=4 * 0.5 / np.sqrt(200_000))


def test_one_model_is_one_try_and_independent_models_multiply() -> None:
    one, many = find_refused([0.4] * 4, 4, 1), find_refused([0.4] * 4, 4)
    np.testing.assert_allclose(one, norm.sf(0.4))
    np.testing.assert_allclose(many, norm.sf(0.4) ** np.arange(1, 5))
    assert find_refused([0.4] * 2, 4).shape == (2,)


def test_a_planner_who_sees_that_attackers_go_elsewhere() -> None:
    """Against a grid. One in ten is bad: two tries move the best threshold, at four refusal is futile and nobody is refused."""
    stakes = Stakes(1, 5, 0.2)
    once = find_threshold(Requests(0.1, 0.25), stakes)
    grid = np.linspace(-6, 10, 321)
    for tries, models in ((2, 0), (4, 0), (4, 1)):
        often = Requests(0.1, 0.25, bad_tries=tries)
        best = find_best(often, stakes, models=models)
        welfare = [find_welfare([float(at)] * 4, often, stakes, models) for at in grid]
        assert best.welfare == pytest.approx(max(welfare), abs=1e-3)
        if models == 1:
            assert best.threshold == pytest.approx(once, abs=1e-4)
        elif tries == 2:
            assert best.threshold == pytest.approx(grid[np.argmax(welfare)], abs=0.051)
            assert abs(best.threshold - once) > 0.05
        else:
            assert best.welfare == pytest.approx(0.9 * 1 - 0.1 * 5)


def profit(own: float, others: float, requests: Requests, stakes: Stakes, providers: int) -> float:
    """What a provider earns of one user's request: every order of visits gone through, scores integrated by a sum."""
    grid = np.linspace(-9, 12, 4001) * requests.noise
    total = 0.0
    for kind, tries, weight in (("good", requests.good_tries, 1 - requests.bad), ("bad", requests.bad_tries, requests.bad)):
        mean = 0.0 if kind == "good" else requests.mean
        density = norm.pdf(grid, mean, requests.noise) * (grid[1] - grid[0])
        passed, elsewhere = density[grid <= own].sum(), density[grid > others].sum()
        orders = list(itertools.permutations(range(providers)))
        arrive = sum(elsewhere ** order.index(0) for order in orders if order.index(0) < tries) / len(orders)
        paid = stakes.value * passed - stakes.over_refusal * (1 - passed) if kind == "good" else -stakes.harm * passed
        total += weight * arrive * paid
    return float(total)


def test_best_responses_and_their_fixed_point_by_enumeration() -> None:
    """Four providers: the best own threshold against others', found on a grid of profits, and iterated to a standstill."""
    draws = np.random.default_rng(3)
    for _ in range(2):
        requests, stakes = random_case(draws)
        requests = Requests(requests.bad, requests.sophistication, requests.gap, requests.noise, good_tries=2, bad_tries=3)
        at = find_threshold(requests, stakes)
        for others in (at - 1.0, at + 0.5):
            best = find_response(others, requests, stakes)
            near = np.linspace(best - 0.4, best + 0.4, 81)
            found = near[np.argmax([profit(float(own), others, requests, stakes, 4) for own in near])]
            assert found == pytest.approx(best, abs=0.03)
        for _ in range(200):
            at = find_response(at, requests, stakes)
        assert min(abs(at - fixed) for fixed in find_equilibria(requests, stakes)) < 1e-6
    once = Requests(0.2, 0.3)
    assert find_equilibria(once, Stakes(1, 4)) == pytest.approx((find_threshold(once, Stakes(1, 4)),))


def test_lessons_against_single_attackers() -> None:
    """20,000 attackers one by one, with a top that is no multiple of the steps."""
    draws = np.random.default_rng(4)
    requests, learning, ticks = Requests(0.1, bad_tries=2), Learning(100, 37, 11, 730), 60
    disguise = np.full(20_000, learning.start)
    means, helped = [], []
    for _ in range(ticks):
        scores = draws.normal(size=(20_000, 2)) + 2 * (1 - disguise[:, None] / 1000)
        open_ = (scores <= 1.2).any(1)
        means.append(disguise.mean() / 1000)
        helped.append(open_.mean())
        disguise = np.where(open_, np.maximum(disguise - 11, 0), np.minimum(disguise + 37, 730))
    found = find_lessons(1.2, requests, learning, ticks)
    np.testing.assert_allclose(found.sophistication, means, atol=0.008)
    np.testing.assert_allclose(found.helped, helped, atol=4 * 0.5 / np.sqrt(20_000))
    still = find_lessons(1.2, Requests(0.1), Learning(250, 0, 0), 3)
    np.testing.assert_allclose(still.helped, norm.cdf(1.2 - 1.5))


def test_numbers_out_of_range_are_refused() -> None:
    with pytest.raises(StudyError, match="shares from 0 to 1"):
        Requests(1.5)
    with pytest.raises(StudyError, match="sets of 4 of 40"):
        find_refused([0.0] * 40, 10)
