import importlib
import re
from pathlib import Path

import numpy as np
import pytest

from commonweal.analysis import exact
from commonweal.analysis.exact import replicator
from commonweal.analysis.exact.comparison import compare_exact
from commonweal.analysis.exact.fixation import find_fixation, moran
from commonweal.analysis.exact.graphs import read_contacts
from commonweal.core.errors import StudyError
from commonweal.core.networks import Ring


def test_by_hand() -> None:
    """1, 2, 3 beside 2.5: mean 2, standard error 1 / sqrt(3)."""
    row = compare_exact("mean", [1, 2, 3], 2.5)
    assert (row.simulated, row.n) == (2.0, 3)
    assert row.standard_error == pytest.approx(1 / np.sqrt(3))
    assert row.z == pytest.approx(-0.5 * np.sqrt(3))
    assert row.text == "mean: 2 +- 0.58 (n = 3), exact 2.5, z = -0.87"


def test_a_rare_share_that_did_not_happen_is_no_contradiction() -> None:
    """0 of 100 where 1/100 is exact: the standard error of a share is sqrt(p (1 - p) / n), so z = -1.005."""
    assert compare_exact("fixed", np.zeros(100), 0.01).z == pytest.approx(-0.1 / np.sqrt(0.0099))
    assert compare_exact("fixed", np.zeros(100), 0.0).z == 0.0
    assert compare_exact("fixed", np.ones(100), 0.0).z == np.inf


def test_z_is_standard_normal_where_theory_holds() -> None:
    """400 studies of 200 fixations with the exact Moran probability: mean 0, variance 1, within 4 standard errors."""
    chance = float(find_fixation(moran(10, np.log(1.1))))
    draws = np.random.default_rng(5).random((400, 200)) < chance
    z = np.array([compare_exact("fixed", row, chance).z for row in draws])
    assert z.mean() == pytest.approx(0, abs=4 / np.sqrt(400))
    assert z.var() == pytest.approx(1, abs=4 * np.sqrt(2 / 400))


def test_every_theory_shown_can_be_evaluated() -> None:
    """The `Part(theory=...)` of each module's text is run on a cell: all give one finite number."""
    given = {
        "payoff": [[3.0, 0.0], [5.0, 1.0]],
        "game": [[3.0, 0.0], [5.0, 1.0]],
        "start": (0.5, 0.5),
        "times": (0.0, 20.0),
        "beta": 0.3,
        "cost": 1.0,
        "own": [1, 0, 1, 0],
        "other": [1, 0, 0, 1],
        "cooperates": [1.0, 0.0],
        "graph": read_contacts(Ring(2).contacts(10)),
    }
    shown = 0
    for path in sorted(Path(exact.__path__[0]).glob("*.py")):
        for theory in re.findall(r"`Part\(theory=(lambda.*?)\)`", path.read_text(), re.DOTALL):
            names = vars(importlib.import_module(f"commonweal.analysis.exact.{path.stem}")) | vars(replicator) | given
            value = eval(re.sub(r"\s+", " ", theory), names)({"lead": 0.1, "beta": 0.1, "b": 5.0, "misread": 0.1})
            assert isinstance(value, float | bool), path.stem
            assert np.isfinite(value), path.stem
            shown += 1
    assert shown >= 6


def test_one_trial_is_refused() -> None:
    with pytest.raises(StudyError, match="at least two"):
        compare_exact("mean", [1.0], 1.0)
