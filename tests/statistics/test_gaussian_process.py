import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern
from threadpoolctl import threadpool_limits

from commonweal.core.errors import StudyError
from commonweal.statistics.gaussian_process import Kernel, Prior, condition, fit, gather, measure_likelihood
from commonweal.statistics.sampling import Axis, draw_sobol


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Small matrices on one thread: with more, threads that wait for each other burn ten times the processor time."""
    with threadpool_limits(1):
        yield


AXES = (Axis(), Axis(levels=3, ordered=False), Axis(0, 9, whole=True))


def draw_trials(seed, points=12, axes=AXES):
    """Distinct points with one to four trials each; rows in no order."""
    rng = np.random.default_rng(seed)
    where = np.stack(
        [axis.locate(axis.place(unit)) for axis, unit in zip(axes, rng.random((len(axes), points)), strict=True)], 1
    )
    number = rng.permutation(np.repeat(np.arange(points), rng.integers(1, 5, points)))
    return where[number], rng.random(number.size), rng


def one_hot(points):
    level = np.floor(points[:, 1] * 3).astype(int)
    return np.column_stack([points[:, 0], np.eye(3)[level] / math.sqrt(2), points[:, 2]])


def theirs(kernel, points, outcome, noise):
    """scikit-learn on every trial apart, a level spread over three columns of one length scale."""
    lengths = [kernel.lengths[0], *[kernel.lengths[1]] * 3, kernel.lengths[2]]
    covariance = ConstantKernel(0.25) + ConstantKernel(kernel.amplitude**2) * Matern(lengths, nu=2.5)
    return GaussianProcessRegressor(covariance, alpha=noise**2, optimizer=None).fit(one_hot(points), outcome - 0.5)


@pytest.mark.parametrize("seed", range(6))
def test_agrees_with_scikit_learn_on_every_trial_apart(seed):
    points, outcome, rng = draw_trials(seed)
    kernel = Kernel(tuple(rng.uniform(0.1, 2, 3)), float(rng.uniform(0.2, 1)), float(rng.uniform(0.05, 0.6)))
    seen = gather(AXES, points, outcome)
    process, other = condition(seen, kernel), theirs(kernel, points, outcome, np.full(outcome.size, kernel.noise))
    assert measure_likelihood(seen, kernel).value == pytest.approx(other.log_marginal_likelihood_value_, abs=1e-6)
    places, _, _ = draw_trials(seed + 100)
    mean, sd = other.predict(one_hot(places), return_std=True)
    found = process.predict(places)
    assert found.mean == pytest.approx(mean + 0.5, abs=1e-6)
    assert found.sd == pytest.approx(sd, abs=1e-5)
    _, covariance = other.predict(one_hot(places), return_cov=True)
    assert process.covary(places, places) == pytest.approx(covariance, abs=1e-6)


def test_noise_of_its_own_at_each_point_agrees_with_scikit_learn():
    points, outcome, rng = draw_trials(50)
    seen = gather(AXES, points, outcome)
    relative = rng.uniform(0.2, 3, len(seen.count))
    kernel = Kernel((0.4, 0.7, 0.9), 0.5, 0.3)
    number = np.array([np.flatnonzero((seen.points == point).all(axis=1))[0] for point in points])
    other = theirs(kernel, points, outcome, 0.3 * np.sqrt(relative[number]))
    seen = type(seen)(seen.axes, seen.points, seen.count, seen.mean, seen.scatter, relative)
    assert condition(seen, kernel).predict(points).mean == pytest.approx(other.predict(one_hot(points)) + 0.5, abs=1e-6)
    assert measure_likelihood(seen, kernel).value == pytest.approx(other.log_marginal_likelihood_value_, abs=1e-6)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6))
def test_the_gradient_is_that_of_finite_differences(seed):
    points, outcome, rng = draw_trials(seed)
    seen = gather(AXES, points, outcome)
    logs = np.log(rng.uniform(0.15, 1.5, 5))

    def value(at):
        made = np.exp(at)
        return measure_likelihood(seen, Kernel(tuple(made[:3]), made[3], made[4])).value

    steps = 1e-5 * np.eye(5)
    differences = [(value(logs + step) - value(logs - step)) / 2e-5 for step in steps]
    made = np.exp(logs)
    found = measure_likelihood(seen, Kernel(tuple(made[:3]), made[3], made[4])).gradient
    assert found == pytest.approx(differences, rel=1e-5, abs=1e-5)


def density(seen, kernel, prior):
    beliefs = [prior.length] * len(seen.axes) + [prior.amplitude, prior.noise]
    values = np.array([*kernel.lengths, kernel.amplitude, kernel.noise])
    off = (np.log(values) - np.log([belief.median for belief in beliefs])) / [belief.spread for belief in beliefs]
    return measure_likelihood(seen, kernel, prior).value - 0.5 * float(off @ off)


@pytest.mark.parametrize("points", [40, 200])
def test_no_hyper_parameters_drawn_at_random_are_better(points):
    rng = np.random.default_rng(points)
    where = np.repeat(draw_sobol(points, 2, 1), 2, axis=0)
    seen = gather((Axis(),) * 2, where, (rng.random(len(where)) < np.hypot(*where.T) / 1.5).astype(float))
    prior, best = Prior(), fit(seen)
    assert prior.length.low <= min(best.kernel.lengths)
    assert max(best.kernel.lengths) <= prior.length.high
    highest = density(seen, best.kernel, prior)
    for scale in (0.02, 0.3, 1.0):
        for step in scale * rng.standard_normal((10, 4)):
            values = np.array([*best.kernel.lengths, best.kernel.amplitude, best.kernel.noise]) * np.exp(step)
            values = np.clip(values, [0.08, 0.08, 0.2, 0.01], [3, 3, 1, 0.6])
            assert density(seen, Kernel(tuple(values[:2]), values[2], values[3]), prior) <= highest + 0.02


def test_an_outcome_that_never_varies_stays_within_bounds():
    seen = gather((Axis(),), np.repeat(draw_sobol(32, 1), 2, axis=0), np.zeros(64))
    process = fit(seen)
    assert process.kernel.amplitude == pytest.approx(0.2, abs=0.05)
    assert np.abs(process.predict(draw_sobol(64, 1, 3)).mean).max() < 0.02


def test_intervals_cover_functions_drawn_from_the_prior():
    # 2,000 functions with a kernel that is known: z of what was not seen is standard normal, exactly.
    rng = np.random.default_rng(3)
    kernel, axes = Kernel((0.3, 0.8), 0.4, 0.2), (Axis(),) * 2
    where = rng.random((14, 2))
    nothing = condition(gather(axes, where[:1], np.array([0.5])), Kernel(kernel.lengths, kernel.amplitude, 1e6))
    f = nothing.draw(where, 2000, seed=1)
    trials = np.repeat(where[:10], 2, axis=0)
    noise = kernel.noise * rng.standard_normal((2000, 20))
    z = []
    for truth, error in zip(f, noise, strict=True):
        found = condition(gather(axes, trials, np.repeat(truth[:10], 2) + error), kernel).predict(where[10:])
        z.append((truth[10:] - found.mean) / found.sd)
    inside = (np.abs(z) < 1.96).mean()
    assert inside == pytest.approx(0.95, abs=0.01)
    assert np.square(z).mean() == pytest.approx(1.0, abs=0.05)


def test_drawn_surfaces_have_the_posteriors_moments():
    points, outcome, _ = draw_trials(9)
    process = condition(gather(AXES, points, outcome), Kernel((0.4, 0.7, 0.9), 0.5, 0.3))
    places = draw_trials(10)[0][:4]
    drawn = process.draw(places, 20_000, seed=2)
    assert drawn.mean(axis=0) == pytest.approx(process.predict(places).mean, abs=0.015)
    assert np.cov(drawn.T) == pytest.approx(process.covary(places, places), abs=0.01)


def test_levels_are_exchangeable():
    # Renaming unordered levels renames the prediction: which number a level has says nothing.
    points, outcome, _ = draw_trials(4)
    kernel = Kernel((0.4, 0.7, 0.9), 0.5, 0.3)
    swapped = points.copy()
    swapped[:, 1] = np.array([5 / 6, 1 / 6, 0.5])[np.floor(points[:, 1] * 3).astype(int)]
    one = condition(gather(AXES, points, outcome), kernel).predict(points)
    other = condition(gather(AXES, swapped, outcome), kernel).predict(swapped)
    assert one.mean == pytest.approx(other.mean)
    assert one.sd == pytest.approx(other.sd)


def test_trials_are_gathered_in_the_order_they_come():
    seen = gather((Axis(),), np.array([[0.7], [0.2], [0.7], [0.7]]), np.array([0.0, 1.0, 1.0, 0.5]))
    assert seen.points.tolist() == [[0.7], [0.2]]
    assert (seen.count.tolist(), seen.mean.tolist(), seen.trials) == ([3, 1], [0.5, 1.0], 4)
    assert seen.scatter == pytest.approx([0.5, 0.0])


def test_trials_without_an_outcome_are_refused():
    with pytest.raises(StudyError, match="1 without a finite outcome"):
        gather((Axis(),), np.array([[0.1], [0.2]]), np.array([np.nan, 1.0]))
    with pytest.raises(StudyError, match="0 trials"):
        gather((Axis(),), np.zeros((0, 1)), np.zeros(0))
