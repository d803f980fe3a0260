"""Points of the cube: continued sequences are the same, slices hold one point each, and coverage has its closed forms."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import pdist
from scipy.stats import qmc

from commonweal.core.errors import StudyError
from commonweal.statistics.sampling import Axis, draw_allowed, draw_latin_hypercube, draw_sobol, embed, measure_coverage


@given(st.integers(1, 300), st.integers(1, 300), st.integers(1, 8), st.integers(0, 2**32))
@settings(max_examples=30, deadline=None)
def test_a_longer_sequence_begins_with_the_shorter_one_and_goes_on_exactly(short, more, d, seed):
    whole = draw_sobol(short + more, d, seed)
    assert np.array_equal(whole[:short], draw_sobol(short, d, seed))
    assert np.array_equal(whole[short:], draw_sobol(more, d, seed, skip=short))


@pytest.mark.parametrize("d", [1, 2, 5, 11])
def test_sobol_points_are_in_balance(d):
    # A scrambled (t, m, d)-net in base 2: each axis cut in 2^m slices has one point in every slice (Matousek 1998).
    points = draw_sobol(64, d, seed=3)
    assert all(sorted(np.floor(column * 64)) == list(range(64)) for column in points.T)


@given(st.integers(1, 60), st.integers(1, 6), st.integers(0, 2**32))
@settings(max_examples=20, deadline=None)
def test_every_slice_of_a_latin_hypercube_holds_one_point(n, d, seed):
    # McKay, Beckman and Conover 1979: the defining property.
    points = draw_latin_hypercube(n, d, seed)
    assert all(sorted(np.floor(column * n)) == list(range(n)) for column in points.T)


def test_the_closest_points_are_farther_apart_in_the_best_of_more_draws():
    def closest(draws):
        return pdist(draw_latin_hypercube(12, 2, 5, draws)).min()

    assert closest(32) > closest(1)
    assert closest(256) >= closest(32)


@given(st.integers(1, 40), st.integers(1, 40), st.floats(0.05, 1.0))
@settings(max_examples=20, deadline=None)
def test_what_is_not_allowed_is_passed_over_in_order(short, more, edge):
    def allows(points):
        return points.sum(axis=1) < 2 * edge**0.5

    few, many = draw_allowed(short, 2, allows, seed=1), draw_allowed(short + more, 2, allows, seed=1)
    assert np.array_equal(many[:short], few)
    assert allows(many).all()
    plain = draw_sobol(4096, 2, seed=1)
    assert np.array_equal(plain[allows(plain)][: len(many)], many)


def test_a_space_that_is_nearly_empty_is_refused():
    with pytest.raises(StudyError, match="at least 1 %"):
        draw_allowed(50, 2, lambda points: points.max(axis=1) < 0.03, seed=0)
    assert len(draw_allowed(50, 2, lambda points: points.max(axis=1) < 0.2, seed=0)) == 50  # 4 % of it


@pytest.mark.parametrize(
    ("axis", "unit", "values"),
    [
        (Axis(2.0, 4.0), (0.0, 0.5, 1.0), (2.0, 3.0, 4.0)),
        (Axis(1.0, 100.0, logarithmic=True), (0.0, 0.5, 1.0), (1.0, 10.0, 100.0)),
        (Axis(3, 5, whole=True), (0.0, 0.3, 0.34, 0.66, 0.67, 1.0), (3, 3, 4, 4, 5, 5)),
        (Axis(8, 511, whole=True, logarithmic=True), (0.0, 1 / 6, 0.5, 1.0), (8, 16, 64, 511)),
        (Axis(levels=4), (0.0, 0.26, 0.99, 1.0), (0, 1, 3, 3)),
    ],
)
def test_places_on_an_axis(axis, unit, values):
    assert axis.place(np.asarray(unit) + 1e-12) == pytest.approx(values)


@given(st.integers(1, 50), st.integers(1, 500), st.booleans(), st.booleans())
def test_a_value_lies_where_it_was_found(low, span, whole, logarithmic):
    axis = Axis(low, low + span, whole, logarithmic)
    values = axis.place(np.linspace(0, 1, 97))
    assert values.min() == low
    assert values.max() == pytest.approx(low + span)
    assert axis.place(axis.locate(values)) == pytest.approx(values)


def test_whole_numbers_and_levels_are_as_likely_as_each_other():
    unit = draw_sobol(1024, 1, seed=2)[:, 0]
    assert np.unique(Axis(1, 8, whole=True).place(unit), return_counts=True)[1].tolist() == [128] * 8
    counts = np.unique(Axis(levels=3, ordered=False).place(unit), return_counts=True)[1]
    assert abs(counts - 1024 / 3).max() < 1.5  # a net of 2^10 points is within one or two of every interval's share


def test_two_unordered_levels_differ_by_one_and_ordered_ones_by_their_places():
    axes = (Axis(), Axis(levels=5, ordered=False), Axis(levels=5))
    here = embed(np.array([[0.5, 0.1, 0.1], [0.5, 0.5, 0.1], [0.5, 0.9, 0.1], [0.5, 0.1, 0.5]]), axes)
    apart = np.linalg.norm(here[:, None] - here[None], axis=2)
    assert apart[0] == pytest.approx([0, 1, 1, 0.4])
    assert apart[1, 2] == pytest.approx(1)


@pytest.mark.parametrize(("d", "k"), [(1, 8), (2, 6), (3, 4)])
def test_coverage_of_a_grid_has_a_closed_form(d, k):
    # Of a centred grid with step 1/k: farthest are the corners of its cells, sqrt(d) / 2k away; within r <= 1/2k lies the
    # volume of k^d balls; the mean distance in one dimension is 1/4k.
    grid = np.stack(np.meshgrid(*[(np.arange(k) + 0.5) / k] * d), -1).reshape(-1, d)
    r = 0.4 / k
    found = measure_coverage(grid, (Axis(),) * d, within=r)
    assert found.dispersion == pytest.approx(math.sqrt(d) / 2 / k, rel=0.06)
    ball = {1: 2 * r, 2: math.pi * r**2, 3: 4 / 3 * math.pi * r**3}[d]
    assert found.share == pytest.approx(ball * k**d, abs=0.02)
    assert found.discrepancy == pytest.approx(qmc.discrepancy(grid))
    assert found.allowed == 1.0
    if d == 1:
        assert found.typical == pytest.approx(1 / 4 / k, rel=0.02)
        # Hickernell 1998: in one dimension CD^2 = 1/12 n^2 for the centred grid.
        assert found.discrepancy == pytest.approx(1 / 12 / k**2)


def test_an_unseen_half_is_an_empty_ball():
    points = draw_sobol(128, 2, seed=0) * [0.5, 1.0]
    found = measure_coverage(points, (Axis(), Axis()))
    assert found.dispersion == pytest.approx(0.5, abs=0.07)
    assert found.share == pytest.approx(0.5 + 0.1 * math.sqrt(2), abs=0.03)
    assert found.even_share == 1.0
    inside = measure_coverage(points, (Axis(), Axis()), allows=lambda p: p[:, 0] < 0.5)
    assert inside.share == inside.even_share == 1.0
    assert inside.allowed == pytest.approx(0.5, abs=0.01)
    assert math.isnan(inside.discrepancy)


def test_an_unseen_level_is_as_far_as_its_axis_is_long():
    points = np.column_stack([draw_sobol(256, 1)[:, 0], np.full(256, 0.1)])
    found = measure_coverage(points, (Axis(), Axis(levels=2, ordered=False)))
    assert found.dispersion == pytest.approx(1.0, abs=0.01)
    assert found.share == pytest.approx(0.5, abs=0.01)


def test_no_points_cover_nothing():
    with pytest.raises(StudyError, match="no points"):
        measure_coverage(np.zeros((0, 2)), (Axis(), Axis()))
