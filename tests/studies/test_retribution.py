"""The study of retribution: its theory against a chain by hand and against simulation, and what ends feuds."""

from itertools import product

import numpy as np
import pytest
from scipy.special import expit

from arms import play
from commonweal.analysis.exact.feuds import Fighter, fight, meet
from commonweal.engine.check import check
from commonweal.engine.compiled import run_batch
from commonweal.lab.batches import data_factors
from commonweal.lab.plan import make_plan
from commonweal.minds import dials
from commonweal.studies.retribution import (
    AVENGE,
    BETA,
    COST,
    DETECT,
    FORGIVENESS,
    GENERATIONS,
    MISREAD,
    MUTATION,
    OWN,
    REACH,
    ROUNDS,
    SEATS,
    TRUCE,
    exact,
    lead,
    study,
    with_language,
)


def test_every_cell_is_planned_with_its_theory_and_half_is_the_null() -> None:
    parts = make_plan(study, None, None)["parts"]
    assert isinstance(parts, list)
    assert [len(part["cells"]) for part in parts] == [24, 32]
    assert all(0 < cell["theory"] < 1 for cell in parts[0]["cells"])
    assert len(data_factors(study.part("selection"))) == 3
    for misread, cost in np.random.default_rng(1).uniform(0.02, 0.3, (5, 2)) * [1, 20]:
        assert exact(0.0, float(misread), float(cost)) == pytest.approx(0.5, abs=1e-9)


def test_leads_are_those_of_mean_payoffs() -> None:
    """At random parameters, by what each meets: a vengeful seat i - 1 of its kind and n - i rivals."""
    draws = np.random.default_rng(355)
    for forgive, misread in draws.uniform(0.05, 1, (4, 2)) * [1, 0.3]:
        cost = float(draws.uniform(1, 9))
        one, rival = Fighter(), Fighter(forgive=float(forgive))
        game = fight(2, cost)
        vv, vr, rv, rr = (meet(*pair, misread, rounds=ROUNDS).score(game) for pair in product((one, rival), repeat=2))
        i = np.arange(1, SEATS)
        expected = 2 * ROUNDS * ((i - 1) * vv + (SEATS - i) * vr - i * rv - (SEATS - i - 1) * rr)
        assert lead(float(forgive), float(misread), cost)[0] == pytest.approx(expected)


def test_the_chain_is_that_of_seats_one_by_one() -> None:
    """By simulation of counts alone: each seat draws a model, copies, and errs; 4,000 societies, within 4 standard errors."""
    draws, cell = np.random.default_rng(8), (0.6, 0.1, 4.0)
    mean, variance = lead(*cell)
    kind = np.tile(np.arange(SEATS) < SEATS // 2, (4000, 1))
    shares = []
    for _ in range(GENERATIONS):
        shares.append(kind.mean(1))
        count = kind.sum(1)
        at = np.clip(count - 1, 0, SEATS - 2)
        own = np.arange(SEATS)
        model = (own + draws.integers(1, SEATS, kind.shape)) % SEATS
        other = np.take_along_axis(kind, model, 1)
        spread = draws.normal(mean[at][:, None], np.sqrt(variance[at])[:, None], kind.shape)
        ahead = np.where(other == kind, 0.0, np.where(other, spread, -spread))
        copies = draws.random(kind.shape) < expit(BETA * ahead)
        new = draws.random(kind.shape) < MUTATION
        kind = np.where(copies, np.where(new, draws.random(kind.shape) < 0.5, other), kind)
    found = np.stack(shares)[GENERATIONS // 2 :].mean(0)
    assert abs(found.mean() - exact(*cell)) < 4 * found.std() / np.sqrt(found.size)


@pytest.mark.slow
def test_simulated_shares_lie_near_the_chain() -> None:
    """At two cells far apart, 24 trials each: within 4 standard errors and the .03 that the theory's assumptions are worth."""
    part = study.part("selection")
    for cell in ((1.0, 0.1, 1), (0.6, 0.1, 4)):
        society = part.society_of(dict(zip((FORGIVENESS, MISREAD, COST), cell, strict=True)))
        shares = [log.values["vengeful"] for log in run_batch(society, (), range(24), part.ticks, study.metrics)]
        assert abs(np.mean(shares) - exact(*cell)) < 4 * np.std(shares, ddof=1) / np.sqrt(24) + 0.03


@pytest.mark.slow
def test_feuds_last_as_the_exact_chain_of_a_pair_says_and_arms_end_them() -> None:
    """Misreading .05 and trembles .01; witnesses leave trembles alone; after an audit has held all there is no fighting."""
    part = study.part("feuds")
    none = {OWN: 0.0, AVENGE: 0.0, REACH: 0.0, TRUCE: 0, DETECT: 0.0}

    def values(**arms: float):
        levels = none | {{"own": OWN, "reach": REACH, "truce": TRUCE, "detect": DETECT}[name]: at for name, at in arms.items()}
        logs = run_batch(part.society_of(levels), (), range(16), part.ticks, study.metrics)
        assert {log.values["vengeful"] for log in logs} == {1.0}
        return {name: np.mean([log.values[name] for log in logs]) for name in ("feud length", "fighting")}

    for arms, who, misread in (
        ({}, Fighter(), 0.05),
        ({"own": 0.3}, Fighter(forgive=0.3), 0.05),
        ({"reach": 1.0}, Fighter(), 0),
    ):
        exact_ = meet(who, who, misread, 0.01, part.ticks)
        found = values(**arms)
        assert found["feud length"] == pytest.approx(exact_.length, rel=0.12)
        assert found["fighting"] == pytest.approx(float(exact_.states[3]), rel=0.12)
    fighting = values()["fighting"]
    assert values(truce=2)["feud length"] < 8
    assert values(detect=0.1)["fighting"] < fighting / 2


def test_the_language_arm_is_off_by_default_and_of_few_calls() -> None:
    arm = with_language()
    part = arm.part("language")
    assert part.role == "control"
    assert [own.name for own in arm.parts[:-1]] == [own.name for own in study.parts]
    check(part.society, arm.metrics)
    # Two settings of the dial, one trial each: so many seats and ticks are asked.
    assert (part.trials, part.ticks) == (2, 8)


@pytest.mark.slow
def test_any_endpoint_takes_the_seats_of_the_language_arm_and_reads_its_dial() -> None:
    arm = with_language()
    log, asked = play(arm.part("language"), arm.metrics, {dials.FORGIVENESS.name: 1.0}, 2)
    assert len(asked) == 2 * 6
    assert all(dials.FORGIVENESS.say(1.0) in own.message("user") for own in asked)
    assert set(log.values) == set(arm.metrics.names)
