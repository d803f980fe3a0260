"""Effects within and between societies: identities, planted linear-in-means data, coverage by simulation."""

import numpy as np
import pytest

from commonweal.core.errors import StudyError
from commonweal.statistics.inference import Bounds
from commonweal.statistics.spillover import Saturated, estimate_spillover

SHARES, SOCIETIES, SEATS = (0.0, 0.5), 12, 40
DIRECT, PEERS = 1.5, -4.0
"""Linear in means (Manski 1993): y_i = u_society + DIRECT z_i + PEERS p + e_i, so direct is DIRECT and spillover PEERS p."""


def plant(rng, studies):
    """Columns of as many studies at once: share, treated, untreated, everybody, each [studies, r]."""
    share = np.repeat(SHARES, SOCIETIES)
    level = rng.normal(0, 1.0, (studies, share.size)) + PEERS * share
    count = np.round(share * SEATS)
    treated = level + DIRECT + rng.normal(0, 1, level.shape) / np.sqrt(np.maximum(count, 1))
    untreated = level + rng.normal(0, 1, level.shape) / np.sqrt(SEATS - count)
    everybody = np.where(count > 0, (count * treated + (SEATS - count) * untreated) / SEATS, untreated)
    return share, np.where(count > 0, treated, np.nan), untreated, everybody


def test_intervals_cover_the_planted_effects():
    studies = 2_000
    share, treated, untreated, everybody = plant(np.random.default_rng(1), studies)
    hits = np.zeros(4)
    for one, nil, every in zip(treated, untreated, everybody, strict=True):
        found = estimate_spillover(Saturated(share, np.arange(share.size), one, nil, every))[0]
        truth = (DIRECT, PEERS * 0.5, DIRECT + PEERS * 0.5, DIRECT * 0.5 + PEERS * 0.5)
        rows = (found.direct, found.spillover, found.total, found.overall)
        hits += [row.low <= known <= row.high for row, known in zip(rows, truth, strict=True)]
    assert ((hits / studies > 0.935) & (hits / studies < 0.965)).all(), hits / studies


def test_without_any_effect_one_in_twenty_is_found():
    rng, studies, found = np.random.default_rng(2), 2_000, 0
    share = np.repeat((0.0, 0.5), 10)
    for _ in range(studies):
        level = rng.normal(0, 1, share.size)
        treated, untreated = (level + rng.normal(0, 0.3, share.size) for _ in range(2))
        rows = estimate_spillover(Saturated(share, np.arange(20), treated, untreated, level))[0]
        found += not rows.spillover.low <= 0 <= rows.spillover.high
    assert found / studies == pytest.approx(0.05, abs=0.015)


def test_the_total_is_direct_and_spillover_together():
    rng = np.random.default_rng(3)
    share, treated, untreated, everybody = (x if x.ndim == 1 else x[0] for x in plant(rng, 1))
    for found in estimate_spillover(Saturated(share, np.arange(share.size), treated, untreated, everybody)):
        assert found.total.value == pytest.approx(found.direct.value + found.spillover.value)
        assert found.direct.value == pytest.approx(found.treated.value - found.untreated.value)
        assert found.societies == SOCIETIES


def test_matched_societies_are_pairs():
    # The same society at both saturations: what it is by itself falls out, and the interval shrinks to the effect's own noise.
    rng = np.random.default_rng(4)
    share, seed = np.repeat((0.0, 0.5), 30), np.tile(np.arange(30), 2)
    level = np.tile(rng.normal(0, 5, 30), 2) + 2.0 * share + rng.normal(0, 0.1, 60)
    matched = estimate_spillover(Saturated(share, seed, level, level, level))[0].spillover
    apart = estimate_spillover(Saturated(share, np.arange(60), level, level, level))[0].spillover
    assert matched.method.startswith("paired")
    assert apart.method.startswith("Welch")
    assert matched.value == pytest.approx(apart.value)
    assert matched.value == pytest.approx(1.0, abs=0.1)
    assert matched.high - matched.low < (apart.high - apart.low) / 20


def test_all_seats_treated_leave_no_direct_effect_to_see():
    share = np.repeat((0.0, 1.0), 5)
    values = np.arange(10.0)
    treated, untreated = np.where(share > 0, values, np.nan), np.where(share > 0, np.nan, values)
    found = estimate_spillover(Saturated(share, np.arange(10), treated, untreated, values))[0]
    assert found.direct.n == 0
    assert np.isnan(found.spillover.value)
    assert found.total.value == found.overall.value == 5.0


def test_where_nothing_varies_bounds_give_the_interval():
    share = np.repeat((0.0, 0.5), 20)
    flat = np.where(share > 0, 3.0, 1.0)
    found = estimate_spillover(Saturated(share, np.arange(40), flat, flat, flat), bounds=Bounds(0.0, 10.0))[0]
    assert found.spillover.value == 2.0
    assert found.spillover.low < 2.0 < found.spillover.high
    assert found.direct.bounded


@pytest.mark.parametrize("shares", [(), (0.0, 0.0), (0.25, 0.5)])
def test_a_design_without_untreated_or_treated_societies_is_refused(shares):
    share = np.array(shares)
    with pytest.raises(StudyError, match="expected 0, the untreated societies"):
        estimate_spillover(Saturated(share, np.arange(share.size), share, share, share))
