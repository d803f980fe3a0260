"""The GovSim replication: its published table against arithmetic, its theory in closed form, and a small run."""

import math
from fractions import Fraction
from itertools import product

import numpy as np
import pytest

from arms import play
from commonweal.core import lens
from commonweal.engine.check import check
from commonweal.engine.compiled import run_batch
from commonweal.institutions.arrival import Arrival
from commonweal.lab.plan import make_plan
from commonweal.minds.scripted import Scripted
from commonweal.studies.govsim import (
    ALL,
    FAILED,
    FAIR,
    GREED,
    GREEDY,
    LOST,
    NEWCOMERS,
    NO_PRINCIPLE,
    PRINCIPLE,
    TABLE,
    TAKES,
    UNIVERSAL,
    find_fate,
    real_efficiency,
    study,
)


@pytest.fixture(scope="module")
def plan():
    return make_plan(study, None, None)


def test_the_published_table_keeps_its_own_arithmetic():
    """Efficiency is gain / 120 in every row, up to two roundings to a tenth; who failed at once has gain 20."""
    assert len(TABLE) == 13
    assert all(row.efficiency == pytest.approx(row.gain / 1.2, abs=0.1) for row in TABLE)
    assert {(row.gain, row.efficiency, row.survival) for row in FAILED} == {(20.0, 16.7, 0.0)}
    assert len(FAILED) == 4
    # No fixtures: the over-use of those that took all, by its formula, would be 100 %.
    assert max(row.over_use for row in FAILED) < 40


def test_theory_in_closed_form():
    """Real units: with u > 1/2 the stock falls by r = 2 (1 - u) until (1 - u) h < 5, and u (1 + r + ...) is harvested."""
    assert real_efficiency(0.5) == 1.0
    assert real_efficiency(1.0) == pytest.approx(1 / 6)
    for used in np.random.default_rng(7).uniform(0.505, 0.99, 200):
        ratio = 2 * (1 - used)
        last = next((k for k in range(12) if (1 - used) * 100 * ratio**k < 5), 11)
        assert real_efficiency(used) == pytest.approx(used * 100 * (1 - ratio ** (last + 1)) / (1 - ratio) / 600)
    for used in np.random.default_rng(8).uniform(0.0, 0.5, 50):
        assert real_efficiency(used) == pytest.approx(2 * used)


def test_the_edge_of_a_newcomer_in_real_units():
    """The commons outlasts greed up to here: of twelve months with it, the last leaves just 5 units."""
    edge = 10 * (1 - (5 / 204_800) ** (1 / 12)) - 4
    assert edge == pytest.approx(1.873, abs=1e-3)
    used = (4 + edge) / 10
    assert (1 - used) * 100 * (2 * (1 - used)) ** 11 == pytest.approx(5)


def enumerated(greedy, greed):
    """Mean efficiency and survival over all ways that greedy seats may round, seat by seat and month by month."""
    whole = 50 * len(greedy)

    def follow(stock, had, months):
        if not months:
            return min(1.0, had / whole), 1.0
        fair, seats = Fraction(stock // 2, 5), months[0]
        aim = fair * greed
        low, high = aim.numerator // aim.denominator, -(-aim.numerator // aim.denominator)
        levels = [min(Fraction(1), fair / take) for take in (low, high)]
        up = Fraction(0) if low == high else (levels[0] - 1 / greed) / (levels[0] - levels[1])
        mean = [0.0, 0.0]
        for ups in product((0, 1), repeat=seats):
            odds = math.prod(up if own else 1 - up for own in ups)
            got = min(stock, (5 - seats) * (fair.numerator // fair.denominator) + sum(high if own else low for own in ups))
            left = stock - got
            fate = follow(min(100, 2 * left), had + got, months[1:]) if left >= 5 else (min(1.0, (had + got) / whole), 0.0)
            mean = [total + float(odds) * own for total, own in zip(mean, fate, strict=True)]
        return tuple(mean)

    return follow(100, 0, greedy)


def test_the_chain_over_stocks_is_an_enumeration():
    assert find_fate([0] * 12, 3.0) == (1.0, 1.0)
    draws = np.random.default_rng(11)
    for _ in range(6):
        greedy = draws.integers(0, 4, 4).tolist()
        greed = Fraction(int(draws.integers(9, 24)), 8)
        assert find_fate(greedy, float(greed)) == pytest.approx(enumerated(greedy, greed))
    # Between 2 and 3 times its share, a newcomer ends the commons: even odds at 2.5.
    odds = [find_fate([0] * 3 + [1] * 12, greed).survival for greed in (2.0, 2.5, 3.0)]
    assert odds[0] > 0.999
    assert odds[1] == pytest.approx(0.5, abs=0.01)
    assert odds[2] < 0.02


def test_every_cell_is_planned_with_its_theory(plan):
    parts = plan["parts"]
    assert [len(part["cells"]) for part in parts] == [2, 24, 8, 4]
    assert [cell["theory"] for cell in parts[0]["cells"]] == [pytest.approx(1 / 6), 1.0]
    assert all(cell["theory"] == 1.0 for cell in parts[2]["cells"] if cell["levels"][NEWCOMERS] == 0)
    assert study.replication.published == pytest.approx(5 / 6)
    assert len(study.replication.rows) == len(TABLE) + 3


def test_the_language_part_changes_one_thing_at_a_time_and_is_a_control(plan):
    part = study.part("language")
    cells = [(levels[LOST], levels[PRINCIPLE], levels[NEWCOMERS]) for levels in part.cells()]
    assert sorted(cells) == [(0.0, NO_PRINCIPLE, 0), (0.0, NO_PRINCIPLE, 1), (0.0, UNIVERSAL, 0), (1.0, NO_PRINCIPLE, 0)]
    assert part.role == "control"
    assert part.society.hosted
    check(part.society, study.metrics)
    assert plan["predicted"]["model_calls"] == 4 * 12 * 5


@pytest.mark.slow
def test_any_endpoint_takes_the_seats_of_the_language_part():
    """The principle is read by all."""
    part = study.part("language")
    log, asked = play(part, study.metrics, {LOST: 0.0, PRINCIPLE: UNIVERSAL, NEWCOMERS: 0}, 1)
    assert len(asked) == 5
    assert all("if each of the five takes" in own.message("user") + own.message("system") for own in asked)
    assert 0 <= log.values["efficiency"] <= 1


@pytest.mark.slow
def test_a_newcomer_ends_the_commons_where_theory_says():
    part, each = study.part("newcomer"), 40
    greed = lens.mind("greedy", Scripted, lambda mind: mind.greed)
    count = lens.rule("newcomer", Arrival, lambda rule: rule.count)
    cells = [(0, 3.0), (1, 1.5), (1, 2.0), (1, 2.5), (1, 3.0)]
    counts, greeds = (np.repeat(column, each) for column in np.asarray(cells, np.float32).T)
    vary = ((count, counts.astype(np.int32)), (greed, greeds))
    logs = run_batch(part.society, vary, list(range(each)) * len(cells), 15, study.metrics)
    values = {name: np.asarray([log.values[name] for log in logs]).reshape(len(cells), each) for name in study.metrics.names}
    for number, (newcomers, own) in enumerate(cells):
        fate = find_fate([0] * 3 + [newcomers] * 12, own)
        found = values["efficiency"][number]
        assert abs(found.mean() - fate.efficiency) < 4 * found.std(ddof=1) / np.sqrt(each) + 1e-6
        assert part.theory({NEWCOMERS: newcomers, GREED: own}) == fate.efficiency
        error = np.sqrt(fate.survival * (1 - fate.survival) / each)
        assert abs(values["survived"][number].mean() - fate.survival) < 4 * error + 0.01
    # The published direction, in every figure that was published.
    for name, sign in (("survived", -1), ("months survived", -1), ("efficiency", -1), ("equality", -1), ("over-use", 1)):
        assert sign * (values[name][-1].mean() - values[name][0].mean()) > 0


@pytest.mark.slow
def test_the_two_rows_are_exact_and_the_others_agree_with_theory():
    part = study.part("rows")
    names = ("efficiency", "survived", "months survived", "gain", "equality", "over-use")
    fair, everything = (part.society_of({TAKES: level}) for level in (FAIR, ALL))
    share, greed = lens.share("greedy"), lens.mind("greedy", Scripted, lambda mind: mind.greed)
    level = lens.mind("fair", Scripted, lambda mind: mind.level)
    cells = [(1.0, 0.0, 3.0), (0.0, 0.0, 3.0), (1.0, 0.2, 3.0), (1.0, 0.4, 2.0), (1.0, 0.8, 3.0), (1.0, 1.0, 1.5)]
    rows = np.repeat(np.asarray(cells, np.float32), 8, 0)
    vary = ((level, rows[:, 0]), (share, rows[:, 1]), (greed, rows[:, 2]))
    logs = run_batch(fair, vary, list(range(8)) * len(cells), 12, study.metrics)
    assert [logs[0].values[name] for name in names] == [1.0, 1.0, 12.0, 120.0, 1.0, 0.0]
    assert [logs[8].values[name] for name in names] == [pytest.approx(1 / 6), 0.0, 1.0, 20.0, 1.0, 1.0]
    assert logs[8].society_digest == everything.digest
    for log in logs:
        assert log.values["efficiency"] == pytest.approx(log.values["gain"] / 120)
    means = np.asarray([log.values["efficiency"] for log in logs]).reshape(len(cells), 8).mean(1)
    theory = [study.part("greedy").theory({GREEDY: s, GREED: g}) for _, s, g in cells[2:]]
    assert np.abs(means[2:] - theory).max() < 0.03
