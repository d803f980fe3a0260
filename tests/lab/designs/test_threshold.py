"""A threshold design covers a range, then searches the crossing: planted curves, and a commons that its ruthless seats kill."""

import json

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit

from commonweal.core import lens
from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.engine.compiled import run_batch
from commonweal.lab.designs.design import Seen, check_cells
from commonweal.lab.designs.threshold import BOUNDARY, COVERAGE, Threshold, find_values
from commonweal.lab.factors import Factor
from commonweal.lab.study import Part
from commonweal.metrics.survival import Survival
from commonweal.minds.scripted import Scripted
from commonweal.statistics.inference import Bounds
from commonweal.statistics.thresholds import Scan, fit_logistic
from commonweal.worlds.commons import Commons

SHARE = Factor("share", lens.share("ruthless"), low=0.0, high=0.6)
RULE = Factor("rule", lens.share("audited"), (0.0, 1.0))


def anything(levels):
    return True


def search(design, factors, draw, allowed=anything, bounds=(0.0, 1.0)):
    """Run a design to its end; `draw` gives the outcomes of new cells, trial by trial."""
    cells = design.begin(factors, allowed)
    outcome, stages = list(draw(cells)), 0
    while True:
        check_cells(factors, cells)
        cell = np.repeat(np.arange(len(cells)), [own.seeds for own in cells])
        seed = np.concatenate([np.arange(own.first, own.first + own.seeds) for own in cells])
        seen = Seen(factors, allowed, 1, cells, cell, seed, np.array(outcome), np.ones(cell.size), bounds, stages)
        stage = design.extend(seen)
        if stage is None:
            return seen
        outcome += draw(stage.cells)
        cells, stages = (*cells, *stage.cells), stages + 1


def planted(seed, slope=-60.0, at=0.2, shift=0.0):
    """Outcomes 0 and 1 of a logistic curve that crosses half at `at`, moved by `shift` where the rule is 1."""
    rng = np.random.default_rng(seed)

    def draw(cells):
        found = []
        for cell in cells:
            z = slope * (cell.levels["share"] - at - shift * float(cell.levels.get("rule", 0)))
            found += (rng.random(cell.seeds) < expit(z)).astype(float).tolist()
        return found

    return draw


def values(seen, label="share"):
    return np.array([float(seen.cells[cell].levels[label]) for cell in seen.cell])


def test_coverage_is_even_and_every_trial_has_a_seed_of_its_own():
    design = Threshold("share", runs=40)
    seen = search(design, (SHARE,), planted(1))
    assert seen.cell.size == 40
    assert seen.stages == 4
    assert sorted(seen.seed) == list(range(40))
    assert search(design, (SHARE,), planted(1)).cells == seen.cells
    first = [cell for cell in seen.cells if cell.why == COVERAGE]
    # Eight trials in the middles of eight equal parts of the range.
    assert sorted(cell.levels["share"] for cell in first) == pytest.approx(0.6 * (np.arange(8) + 0.5) / 8)
    assert {cell.why for cell in seen.cells[8:]} == {BOUNDARY}
    assert design.further((SHARE,), 1) == 32
    assert design.further((SHARE, Factor("greed", lens.share("greedy"), (1.0, 2.0, 3.0))), 1) == 96


def test_a_planted_threshold_is_found_with_trials_near_it():
    # 40 planted thresholds. The information of a logistic curve sampled at its crossing is slope^2 / 4 a trial (Finney 1971),
    # so 64 trials leave a standard error of at least 2 / (60 * 8) = .0042; coverage and flanks cost a part of that.
    rng = np.random.default_rng(3)
    missed, near = [], []
    for number, at in enumerate(rng.uniform(0.1, 0.5, 40)):
        seen = search(Threshold("share"), (SHARE,), planted(number, at=at))
        found = fit_logistic(values(seen), seen.outcome, Scan(0.0, 0.6), integrated=True).threshold
        missed.append(found.value - at)
        near.append(np.abs(values(seen)[8:] - at) < 0.1)
    assert 0.0042 < np.std(missed) < 0.0084
    assert abs(np.mean(missed)) < 3 * 0.0084 / np.sqrt(40)
    assert np.mean(near) > 0.9


def test_each_combination_of_the_other_factors_is_searched_for_itself():
    seen = search(Threshold("share", runs=48), (SHARE, RULE), planted(5, shift=0.2))
    assert np.unique(seen.seed).size == seen.cell.size == 2 * 48
    rule = values(seen, "rule")
    for level, at in ((0.0, 0.2), (1.0, 0.4)):
        own = rule == level
        assert own.sum() == 48
        late = own & np.array([seen.cells[cell].why == BOUNDARY for cell in seen.cell])
        assert np.median(values(seen)[late]) == pytest.approx(at, abs=0.03)


def test_whole_numbers_are_whole_and_asked_again_with_fresh_seeds():
    size = Factor("size", lens.size(), low=2, high=9, whole=True)
    seen = search(
        Threshold("size", runs=40), (size,), lambda cells: [float(c.levels["size"] > 5) for c in cells for _ in range(c.seeds)]
    )
    assert all(isinstance(cell.levels["size"], int) for cell in seen.cells)
    assert seen.seed.size == np.unique(seen.seed).size == 40
    assert max(cell.seeds for cell in seen.cells) > 1
    assert {int(size) for size in values(seen, "size")[20:]} <= {4, 5, 6, 7}


def test_a_logarithmic_range_is_covered_and_searched_in_the_logarithm():
    rate = Factor("rate", lens.share("x"), low=0.001, high=10.0, logarithmic=True)
    rng = np.random.default_rng(9)

    def draw(cells):
        return [
            float(rng.random() < expit(8 * np.log10(cell.levels["rate"] / 0.03))) for cell in cells for _ in range(cell.seeds)
        ]

    seen = search(Threshold("rate", runs=80), (rate,), draw)
    first = np.sort(np.log10(values(seen, "rate")[:8]))
    assert np.diff(first) == pytest.approx(np.full(7, 0.5), abs=1e-4)
    assert 10 ** np.median(np.log10(values(seen, "rate")[40:])) == pytest.approx(0.03, rel=0.4)


def test_what_a_constraint_forbids_is_left_out_and_the_search_ends():
    def allowed(levels):
        return levels["share"] < 0.3

    seen = search(Threshold("share", runs=24), (SHARE,), planted(2), allowed)
    assert values(seen).max() < 0.3
    assert 4 < seen.cell.size <= 24
    with pytest.raises(StudyError, match="allows none of 8 places"):
        Threshold("share").begin((SHARE,), lambda levels: False)


def test_trials_without_an_outcome_count_as_run():
    seen = search(Threshold("share", runs=32), (SHARE,), lambda cells: [np.nan] * len(cells))
    assert seen.cell.size == 32


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6), st.lists(st.floats(0, 1), min_size=1, max_size=9))
def test_places_become_values_that_the_factor_admits(low, length, places):
    factor = Factor("x", lens.share("x"), low=low, high=low + length)
    found = find_values(factor, np.array(places))
    assert all(factor.admits(value) for value in found)
    assert found == pytest.approx((low + length * np.array(places)).tolist(), abs=1e-5 * (abs(low) + length))


def test_the_plan_holds_it_as_json():
    design = Threshold("share", level=0.4, rising=False, outcome="survived")
    assert json.loads(json.dumps(design.facts())) == design.facts()
    assert design.facts()["kind"] == "threshold"
    assert (design.metric("welfare"), Threshold("share").metric("welfare")) == ("survived", "welfare")


@pytest.mark.parametrize(
    ("design", "factors", "words"),
    [
        (Threshold("greed"), (SHARE,), "expected one of the part's factors: share"),
        (Threshold("rule"), (SHARE, RULE), "searched along a range"),
        (Threshold("share"), (SHARE, Factor("x", RULE.lens, low=0.0, high=1.0)), "use Zoom"),
    ],
)
def test_factors_that_do_not_fit_are_refused(design, factors, words):
    with pytest.raises(StudyError, match=words):
        design.begin(factors, anything)


@pytest.mark.parametrize("bounds", [(0.0, np.inf), (0.0, 0.5), (0.5, 1.0)])
def test_a_metric_that_cannot_be_searched_is_refused(bounds):
    with pytest.raises(StudyError, match="finite one with the level inside"):
        Threshold("share").accept(bounds)


@pytest.mark.parametrize("given", [{"runs": 4}, {"coverage": 1}, {"batch": 0}])
def test_a_search_without_trials_is_refused(given):
    with pytest.raises(StudyError, match="expected at least 2 of coverage"):
        Threshold("share", **given)


def test_the_share_of_ruthless_seats_that_kills_a_commons():
    # Compiled trials of 2,000 seats, in units so fine that rounding is nothing. What is taken a month of the stock is
    # u = (1 + s (greed - 1)) / 2, so that it is dead within 12 months iff u > 1 - (1/20 / 2^11)^(1/12) = .587298, s > 8.7298 %.
    society = Society(
        world=Commons(capacity_per_seat=20_000.0, collapse_per_seat=1_000.0),
        minds=Named.of(("civil", Scripted()), ("ruthless", Scripted(greed=3.0))),
        seats=Seating(2000, Named.of(("ruthless", jnp.float32(0.0)))),
    )
    part = Part("scripted", society, (SHARE,), 12, 1, design=Threshold("share", runs=48))
    metrics = Named.of(("survived", Survival()))

    def draw(cells):
        shares = np.array([cell.levels["share"] for cell in cells])
        logs = run_batch(society, ((SHARE.lens, shares),), tuple(cell.first for cell in cells), 12, metrics)
        return [log.values["survived"] for log in logs]

    assert part.trials == 8
    seen = search(part.design, part.factors, draw)
    found = fit_logistic(values(seen), seen.outcome, Scan(0.0, 0.6, 0.5, Bounds(0.0, 1.0)), integrated=True).threshold
    theory = 0.5 - (1 / 20 / 2**11) ** (1 / 12)
    assert theory == pytest.approx(0.087298, abs=1e-6)
    assert found.low <= theory <= found.high
    assert found.value == pytest.approx(theory, abs=0.002)
