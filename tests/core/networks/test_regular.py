"""Random regular networks: degree, rare repeats, mixing."""

import numpy as np
import pytest

from commonweal.core.errors import StudyError
from commonweal.core.networks import Regular


def test_regular_graphs_are_rarely_repeated_and_differ_by_seed():
    # Wormald (1999): in the permutation model repeated contacts stay about degree / n of all: here 8 / 1000, bound 3 %.
    rows = Regular(8, 1).contacts(1000)
    repeats = sum(8 - len(set(row)) for row in rows.tolist()) / 8000
    assert repeats < 0.03
    assert (rows != Regular(8, 2).contacts(1000)).mean() > 0.9
    assert (rows == Regular(8, 1).contacts(1000)).all()


def test_regular_graphs_mix():
    # Friedman (2008): the second eigenvalue of a random 8-regular graph is about 2 sqrt(7) = 5.29.
    rows = Regular(8, 3).contacts(500)
    matrix = np.zeros((500, 500))
    np.add.at(matrix, (np.repeat(np.arange(500), 8), rows.ravel()), 1)
    values = np.sort(np.abs(np.linalg.eigvalsh(matrix)))
    assert values[-1] == pytest.approx(8.0)
    assert values[-2] < 5.8


@pytest.mark.parametrize("network", [Regular(3), Regular(0), Regular(8)])
def test_impossible_degrees_are_refused(network):
    with pytest.raises(StudyError, match="expected an even degree"):
        network.contacts(8)


def test_a_recipe_is_named_by_its_public_path():
    assert f"{Regular.__module__}.{Regular.__qualname__}" == "commonweal.core.networks.Regular"
