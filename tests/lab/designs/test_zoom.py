"""A zoom's cells: coverage first, then cells near the flip with fresh seeds, the same for the same trials."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commonweal.core import lens
from commonweal.core.errors import StudyError
from commonweal.lab.designs.cube import find_levels
from commonweal.lab.designs.design import Cell, Seen, check_cells
from commonweal.lab.designs.zoom import Zoom, find_points
from commonweal.lab.factors import Factor

LENS = lens.share("other")
SHARE = Factor("share", LENS, low=0.0, high=1.0)
FACTORS = (
    SHARE,
    Factor("size", LENS, low=5, high=9, whole=True),
    Factor("rate", LENS, low=1e-3, high=1.0, logarithmic=True),
    Factor("kind", LENS, ("ring", "star", "none")),
    Factor("rung", LENS, (4, 1, 2)),
)


def anything(levels: object) -> bool:
    return True


def seen_of(cells: tuple[Cell, ...], flip: float = 0.3, **changes: object) -> Seen:
    """Trials of these cells, 0 or 1; the chance of a 1 rises with the share, with slope 20, and is one half at the flip."""
    trials = [(number, seed) for number, cell in enumerate(cells) for seed in range(cell.first, cell.first + (cell.seeds or 0))]
    number = np.array([trial[0] for trial in trials])
    share = np.array([float(cell.levels["share"]) for cell in cells])
    luck = np.array([np.random.default_rng(seed).random() for _, seed in trials])
    found = Seen(
        factors=(SHARE,),
        allowed=anything,
        seeds=1,
        cells=cells,
        cell=number,
        seed=np.array([trial[1] for trial in trials]),
        outcome=(luck < 1 / (1 + np.exp(-20 * (share[number] - flip)))).astype(np.float64),
        seconds=np.ones(len(trials)),
        bounds=(0.0, 1.0),
    )
    return dataclasses.replace(found, **changes)


def grown(zoom: Zoom, flip: float) -> tuple[Cell, ...]:
    """All cells of a zoom over the share."""
    cells = zoom.begin((SHARE,), anything)
    while (stage := zoom.extend(seen_of(cells, flip))) is not None:
        assert stage == zoom.extend(seen_of(cells, flip))
        check_cells((SHARE,), stage.cells)
        cells = (*cells, *stage.cells)
    return cells


def test_the_first_stage_covers_with_a_seed_of_its_own_for_each_trial():
    zoom = Zoom(0.5, runs=64, first=32)
    cells = zoom.begin(FACTORS, anything)
    check_cells(FACTORS, cells)
    assert sum(cell.seeds or 0 for cell in cells) == 32
    assert {cell.why for cell in cells} == {"coverage"}
    seeds = [seed for cell in cells for seed in range(cell.first, cell.first + cell.seeds)]
    assert sorted(seeds) == list(range(32))
    assert cells == zoom.begin(FACTORS, anything)
    assert cells != dataclasses.replace(zoom, seed=1).begin(FACTORS, anything)
    # A longer zoom keeps the cells of a shorter one.
    assert Zoom(0.5, runs=128, first=64).begin(FACTORS, anything)[: len(cells)] == cells
    allowed = zoom.begin(FACTORS, lambda levels: levels["kind"] != "star")
    assert {cell.levels["kind"] for cell in allowed} == {"ring", "none"}


@given(seed=st.integers(0, 2**20), points=st.integers(2, 40))
def test_points_are_found_again_from_their_cells(seed: int, points: int):
    cells = Zoom(0.5, runs=2 * points, first=2 * points, batch=2, seed=seed).begin(FACTORS, anything)
    found = find_points(FACTORS, cells)
    assert found.shape == (points, 5)
    assert find_levels(FACTORS, found) == [cell.levels for cell in cells]
    assert find_points((), cells).shape == (points, 0)


@settings(max_examples=3)
@given(flip=st.floats(0.15, 0.85))
def test_the_search_runs_all_trials_and_gathers_where_the_outcome_flips(flip: float):
    cells = grown(Zoom(0.5, runs=72, first=40, batch=16), flip)
    assert sum(cell.seeds or 0 for cell in cells) == 72
    seeds = [seed for cell in cells for seed in range(cell.first, cell.first + cell.seeds)]
    assert sorted(seeds) == list(range(72))
    assert [cell.why for cell in cells[:20]] == ["coverage"] * 20
    trials = {why: sum(cell.seeds for cell in cells if cell.why == why) for why in ("coverage", "boundary", "confirm")}
    # Of 32 trials after the first an eighth is fresh seeds on the boundary; of the other 28 at most half search.
    assert trials["confirm"] == 4
    assert 0 < trials["boundary"] <= 14
    far = {why: [abs(float(cell.levels["share"]) - flip) for cell in cells if cell.why == why] for why in trials}
    assert np.median(far["boundary"]) < np.median(far["coverage"])
    assert np.median(far["confirm"]) < np.median(far["coverage"])


def test_what_a_zoom_predicts_and_follows():
    assert Zoom(0.5, runs=192).further((), 7) == 64
    assert Zoom(0.5, runs=24, first=16).further((), 1) == 8
    assert Zoom(0.5, runs=100).further((), 1) >= 1
    assert Zoom(0.5, runs=100).begin((SHARE,), anything) == Zoom(0.5, runs=100, first=100).begin((SHARE,), anything)
    assert Zoom().metric("survived") == "survived"
    assert Zoom(outcome="gini").metric("survived") == "gini"
    cells = Zoom(0.5, runs=16, first=16).begin((SHARE,), anything)
    assert Zoom(0.5, runs=16, first=16).extend(seen_of(cells)) is None


def test_what_cannot_be_searched_is_refused():
    with pytest.raises(StudyError, match="1 replicates a point; expected at least 2"):
        Zoom(replicates=1)
    with pytest.raises(StudyError, match="1 runs, 1 before the search"):
        Zoom(runs=1)
    with pytest.raises(StudyError, match=r"a share 1\.5"):
        Zoom(confirm=1.5)
    with pytest.raises(StudyError, match="given no factors"):
        Zoom().begin((), anything)
    for bounds in ((0.0, np.inf), (-np.inf, 1.0), (0.5, 1.0), (0.0, 0.5)):
        with pytest.raises(StudyError, match=r"the primary metric crosses 0.5, and its range is .*expected finite limits"):
            Zoom(0.5).accept(bounds)
    with pytest.raises(StudyError, match="gini crosses 2"):
        Zoom(2.0, outcome="gini").accept((0.0, 1.0))
    Zoom(0.5).accept((0.0, 1.0))
    cells = Zoom(0.5, runs=24, first=16).begin((SHARE,), anything)
    with pytest.raises(StudyError, match="finite limits"):
        Zoom(0.5, runs=24, first=16).extend(seen_of(cells, bounds=(0.0, np.inf)))
