"""Fractions of any number of levels: orthogonal arrays have their defining property, and the search finds known optima."""

import itertools

import numpy as np
import pytest

from commonweal.core.errors import StudyError
from commonweal.statistics.multilevel import find_level_fraction, make_latin_square, measure_efficiency


@pytest.mark.parametrize(("levels", "factors"), [(2, 3), (3, 4), (4, 3), (5, 6), (6, 3), (7, 8)])
def test_every_pair_of_levels_stands_once_in_a_latin_square(levels, factors):
    # Rao 1947: the definition of an orthogonal array of strength 2 and index 1.
    rows = make_latin_square(levels, factors)
    assert rows.shape == (levels**2, factors)
    for a, b in itertools.combinations(range(factors), 2):
        assert len(set(zip(rows[:, a].tolist(), rows[:, b].tolist(), strict=True))) == levels**2
    assert measure_efficiency(rows, [levels] * factors) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("levels", "runs", "efficiency"),
    [
        ((3, 3, 3, 3), 9, 1.0),  # Taguchi's L9
        ((2,) * 7, 8, 1.0),  # 2^(7-4)
        ((2,) * 11, 12, 1.0),  # Plackett and Burman 1946
        ((2, 3), 6, 1.0),  # the full factorial
        ((2, 2, 2), 8, 1.0),
        ((4, 2, 2, 2, 2), 8, 1.0),  # 4 x 2^4: three columns of 2^(7-4) made one of four levels, Addelman 1962
    ],
)
def test_known_optima_are_found(levels, runs, efficiency):
    found = find_level_fraction(levels, runs)
    assert found.efficiency == pytest.approx(efficiency)
    assert len(set(found.runs)) == len(found.runs) == runs


@pytest.mark.parametrize(("levels", "runs"), [((2, 2), 3), ((3, 2), 4), ((2, 2, 2), 5)])
def test_the_search_finds_the_best_of_all_choices(levels, runs):
    every = np.array(list(itertools.product(*(range(count) for count in levels))))
    best = max(measure_efficiency(every[list(chosen)], levels) for chosen in itertools.combinations(range(len(every)), runs))
    assert find_level_fraction(levels, runs).efficiency == pytest.approx(best)


def test_a_constraint_is_kept_to():
    def allows(rows):
        return rows[:, 0] + rows[:, 1] < 4

    found = find_level_fraction((3, 3, 2), 9, allows)
    assert allows(np.array(found.runs)).all()
    assert 0.8 < found.efficiency < 1.0
    assert found.method == "D-optimal exchange among 16 combinations"


def test_the_same_seed_gives_the_same_runs():
    assert find_level_fraction((3, 4, 2), 10, seed=3) == find_level_fraction((3, 4, 2), 10, seed=3)


def test_many_combinations_are_searched_in_part():
    assert find_level_fraction((3,) * 9, 27, seed=1).efficiency > 0.8


@pytest.mark.parametrize(
    ("mistake", "message"),
    [
        (lambda: make_latin_square(4, 4), "at most 3"),
        (lambda: find_level_fraction((3, 3), 4), "at least 5"),
        (lambda: find_level_fraction((1, 3), 4), "2 levels each"),
        (lambda: find_level_fraction((2, 2), 5), "no more"),
        (lambda: find_level_fraction((2, 2, 2), 4, lambda rows: rows[:, 0] == rows[:, 1]), "confuses"),
    ],
)
def test_mistakes_are_told(mistake, message):
    with pytest.raises(StudyError, match=message):
        mistake()
