"""Finite-size scaling collapses where it must, with the exponents of mean field."""

import numpy as np
import pytest
from scipy.special import gammaln

from commonweal.core.errors import StudyError
from commonweal.statistics.collapse import Curves, fit_collapse, measure_collapse


def curie_weiss(n, temperature):
    """Exact mean |m| of n spins that all see each other, J = 1: the sum over the number of spins that are up."""
    up = np.arange(n + 1)
    m = 2 * up / n - 1
    log = gammaln(n + 1) - gammaln(up + 1) - gammaln(n - up + 1) + n * m**2 / (2 * temperature)
    weight = np.exp(log - log.max())
    return float((weight * np.abs(m)).sum() / weight.sum())


def points(sizes, temperatures, error=0.003, rng=None):
    rows = [(n, t, curie_weiss(n, t)) for n in sizes for t in temperatures]
    size, x, mean = (np.array(column, float) for column in zip(*rows, strict=True))
    if rng is not None:
        mean = mean + rng.normal(0, error, mean.size)
    return Curves(size, x, mean, np.full(size.size, error))


def test_curie_weiss_has_its_temperature_and_exponents():
    """T_c = 1; |m| = N^-1/4 f((T - 1) N^1/2): beta = 1/2 over nu d_c = 2 (Botet & Jullien 1983)."""
    found = fit_collapse(points((256, 512, 1024, 2048), np.linspace(0.95, 1.05, 9), error=0.002, rng=np.random.default_rng(4)))
    assert found.critical == pytest.approx(1.0, abs=0.02)
    assert found.a == pytest.approx(0.5, abs=0.08)
    assert found.b == pytest.approx(0.25, abs=0.03)
    assert found.quality < 3


def test_an_exact_collapse_costs_nothing_and_a_wrong_one_much():
    sizes, x = np.repeat([8.0, 16.0, 32.0, 64.0], 7), np.tile(np.linspace(0, 1, 7), 4)
    scaled = (x - 0.4) * sizes**0.5
    exact = Curves(sizes, x, (2.0 + 0.7 * scaled) * sizes**-0.2, np.full(28, 0.01))
    assert measure_collapse(exact, 0.4, 0.5, 0.2) == pytest.approx(0, abs=1e-18)
    assert measure_collapse(exact, 0.5, 0.5, 0.2) > 1
    assert measure_collapse(exact, 0.4, 0.5, 0.4) > 1


def test_three_sizes_are_refused():
    with pytest.raises(StudyError, match="expected 4 sizes"):
        fit_collapse(points((8, 16, 32), np.linspace(0.8, 1.2, 5)))


def test_points_without_an_error_are_refused():
    with pytest.raises(StudyError, match="standard error"):
        fit_collapse(points((8, 16, 32, 64), np.linspace(0.8, 1.2, 5), error=0.0))
