"""The study of changes in all or a minority: its closed forms by other ways, and simulation that agrees with them."""

import math

import numpy as np
import pytest

from commonweal.core import lens
from commonweal.engine.compiled import run_batch
from commonweal.lab.plan import make_plan
from commonweal.minds.retributive import Retributive
from commonweal.studies.all_or_a_minority import (
    CHANGED,
    CHANGES,
    CONTACTS,
    FAILURE,
    MODELS,
    NULL,
    OTHERS,
    PAY,
    PROVIDERS,
    SEATS,
    SHARE,
    TRUSTS,
    VERIFIERS,
    VERIFIES,
    average_pairs,
    contribute,
    pay_fighters,
    pay_lapses,
    serve,
    study,
)

NAMES = [change.name for change in CHANGES]


def test_every_cell_has_a_theory_and_one_seat_is_one() -> None:
    assert [part.name for part in study.parts] == NAMES
    for part, change in zip(study.parts, CHANGES, strict=True):
        assert len(part.plan) == 6 * (1 if change.further is None else 2)
        assert part.theory is not None
        assert all(math.isfinite(part.theory(cell.levels) or math.nan) for cell in part.plan)
        assert [change.count(share) for share in change.shares[:2]] == [0, 1]
        assert change.count(1.0) == (PROVIDERS if "assistants" in change.name else SEATS)


@pytest.mark.slow
def test_it_plans() -> None:
    parts = make_plan(study, None, None)["parts"]
    assert isinstance(parts, list)
    assert sum(len(part["cells"]) for part in parts) == 6 * (len(CHANGES) + 1)


def test_pairs_are_averaged_over_random_seats() -> None:
    """On the ring of the study, at random payoffs: 3,000 seatings by numpy, within 4 standard errors; one has no peer."""
    draws = np.random.default_rng(72)
    contacts = (np.arange(SEATS)[:, None] + np.array([1, -1, 2, -2])) % SEATS
    for m in (1, 30, SEATS - 1):
        paid = draws.normal(size=(2, 2))
        own, rest = [], []
        for _ in range(3000):
            kind = np.isin(np.arange(SEATS), draws.permutation(SEATS)[:m]).astype(int)
            each = paid[kind[:, None], kind[contacts]].sum(1)
            own.append(each[kind == 1].mean())
            rest.append(each[kind == 0].mean())
        exact = average_pairs(paid, m)
        for found, known in ((own, exact.changed), (rest, exact.others)):
            assert abs(np.mean(found) - known) < 4 * np.std(found) / np.sqrt(len(found)) + 1e-9
        assert exact.everybody == pytest.approx((m * exact.changed + (SEATS - m) * exact.others) / SEATS)


def test_acts_whose_costs_and_gifts_add_up_keep_to_the_linear_benchmark_exactly() -> None:
    """A donation game of unconditional kinds, paid[i, j] = a_i + b_j: no deviation at any share; a term for pairs bends it.

    With x (i and j changed) besides, all are paid CONTACTS x m (m - 1) / (n (n - 1)) more on average.
    """
    draws = np.random.default_rng(1)
    for a, b, x in draws.normal(size=(4, 3)):
        gift = np.array([[0.0, b], [a, a + b]])
        bent = gift + np.array([[0.0, 0.0], [0.0, x]])
        whole = average_pairs(gift, SEATS).everybody
        for m in (1, 25, 50, 75):
            assert average_pairs(gift, m).everybody == pytest.approx(m / SEATS * whole)
            more = average_pairs(bent, m).everybody - average_pairs(gift, m).everybody
            assert more == pytest.approx(CONTACTS * x * m * (m - 1) / (SEATS * (SEATS - 1)))


def test_honesty_among_those_who_give_is_the_null() -> None:
    """Gifts of the study add up: no deviation from the benchmark at any share; in the prisoner's dilemma there is one."""
    for name, adds_up in ((NULL, True), ("honesty, neighbours", False)):
        change = CHANGES[NAMES.index(name)]
        none, *some, every = (change.pay(change.count(share), 0.0).everybody for share in change.shares)
        lines = [none + change.count(share) / SEATS * (every - none) for share in change.shares[1:-1]]
        assert (some == pytest.approx(lines, rel=1e-9)) is adds_up


def test_one_step_of_anticipation_is_a_best_response_and_two_are_one_to_that() -> None:
    """Among the corners of the family and what the study changes, each against all seats of the kind before."""
    rivals = [
        Retributive.dove(),
        Retributive.hawk(),
        Retributive.bully(),
        Retributive.vengeful(),
        Retributive.vengeful(3),
        *(Retributive.forgiving(forgive) for forgive in (1 / 3, 2 / 3)),
    ]
    chosen = {name: change.society.minds["changed"] for name, change in zip(NAMES, CHANGES, strict=True)}
    for name, before in (("depth one, conflict", Retributive.vengeful()), ("depth two, conflict", Retributive.dove())):
        paid = {str(own): pay_fighters(own, before)[1, 0] for own in rivals}
        assert max(paid, key=lambda own: paid[own]) == str(chosen[name])


def test_closed_forms_of_the_public_good_of_lapses_and_of_verification() -> None:
    """By simulation of failures and attacks alone; a society of one kind of assistant is that of all or of none."""
    draws, periods = np.random.default_rng(3), 20_000
    for m in (0, 1, SEATS // 2, SEATS):
        fails = draws.random((periods, SEATS)) < FAILURE
        fails[:, :m] = fails[:, :1] if m else fails[:, :0]
        paid = 12_600 * (20 - 15 * ~fails + 25 * (~fails).all(1)[:, None]).mean(1)
        assert abs(paid.mean() - contribute(m).everybody) < 4 * paid.std() / np.sqrt(periods)
    # In half tokens: a peaceful round pays 2 each, one attack 4 to who makes it and 0 to the other, both attacks -4 each.
    both = 0.25**2
    apart = 2 * (1 - 2 * 0.25 + both) + 4 * (0.25 - both) - 4 * both
    assert pay_lapses() == pytest.approx(np.array([[apart, apart], [apart, 2 * 0.75 - 4 * 0.25]]))
    assert VERIFIES < TRUSTS
    assert serve(0, 1).everybody == pytest.approx(serve(0, PROVIDERS).everybody, abs=1e-3)
    # What one model refuses, another of the same may not help with: one try is then as good as four.
    assert serve(PROVIDERS, 1).everybody > serve(0, 1).everybody > serve(PROVIDERS, PROVIDERS).everybody


def off_theory(name: str, shares: tuple[float, ...], seeds: int) -> list[tuple[float, str, float, float]]:
    """Trials of a part at some shares, against its theory: where pay of all, of changed or of other seats is off it."""
    off = []
    change, part = CHANGES[NAMES.index(name)], study.part(name)
    for extra in (0,) if change.further is None else change.further.levels:
        society = change.society if change.further is None else change.further.lens.set(change.society, extra)
        at = [value for value in shares for _ in range(seeds)]
        ends = np.asarray([change.count(value) / society.seats.n for value in at], np.float32)
        logs = run_batch(society, ((lens.share("changed"), ends),), [*range(seeds)] * len(shares), part.ticks, study.metrics)
        for place, value in enumerate(shares):
            exact = change.pay(change.count(value), float(extra))
            own = [log.values for log in logs[place * seeds : (place + 1) * seeds]]
            known = {PAY: exact.everybody, CHANGED: exact.changed, OTHERS: exact.others}
            for metric, theory in known.items():
                found = np.array([row[metric] for row in own])
                if math.isfinite(theory):
                    error = float(found.std(ddof=1)) / np.sqrt(seeds)
                    if not abs(found.mean() - theory) < 4.5 * error + 1e-3 * abs(theory):
                        off.append((value, metric, float(found.mean()), theory))
    return off


def test_simulated_copies_agree_with_theory() -> None:
    assert off_theory("copies, conflict", (0.0, 0.5, 1.0), 30) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_simulation_agrees_with_theory(name: str) -> None:
    change = CHANGES[NAMES.index(name)]
    assert off_theory(name, change.shares, 40) == []


@pytest.mark.slow
def test_who_verifies_is_told_from_who_trusts_and_nobody_holds_the_mind_that_stands_for_neither() -> None:
    """Where three quarters verify with one model, attackers end with those who trust, and these pay for their harm."""
    part = study.part("verification, assistants")
    society = part.society_of({SHARE: 0.75, MODELS: 1})
    log = run_batch(society, (), [1], part.ticks, study.metrics)[0]
    assert math.isnan(log.values[CHANGED])
    assert log.values[VERIFIERS] > log.values[OTHERS]
    assert part.design.facts()["treated"] == VERIFIERS
