"""The study of help and harm: its theory against formulas written out, what it says, and simulations that agree with it."""

import numpy as np
import pytest
from scipy.special import ndtr

from arms import play
from commonweal.engine.check import check
from commonweal.engine.compiled import run_batch
from commonweal.lab.batches import static_factors
from commonweal.lab.plan import make_plan
from commonweal.minds.dials import CAUTION
from commonweal.studies.help_or_harm import (
    DISGUISED,
    DUTY,
    HARM,
    LEARN,
    LOYAL,
    MODELS,
    OVER_REFUSAL,
    PROVIDERS,
    SHARE,
    SHARED,
    STRICT,
    THRESHOLD,
    TRIES,
    USERS,
    VALUE,
    learnt,
    settled,
    stationary,
    strict_and_lax,
    study,
    with_language,
)


def by_hand(threshold, share, disguise=0.25, tries=1):
    """Welfare a request with independent models: the Gaussian closed form, refused attackers getting further draws."""
    helped, harmed = ndtr(threshold), 1 - ndtr(2 * (1 - disguise) - threshold) ** tries
    return (1 - share) * (VALUE * helped - OVER_REFUSAL * (1 - helped)) - share * HARM * harmed


def test_theory_is_the_closed_form_at_random_parameters():
    draws = np.random.default_rng(11)
    for threshold, share, disguise in draws.uniform((-1, 0.01, 0), (3, 0.6, 0.9), (20, 3)):
        levels = {THRESHOLD: threshold, SHARE: share, DISGUISED: disguise}
        assert stationary(levels) == pytest.approx(by_hand(threshold, share, disguise))
    for tries in (1, 2, 4):
        many, one = ({THRESHOLD: 0.7, TRIES: tries, MODELS: models} for models in (PROVIDERS, 1))
        assert stationary(many) == pytest.approx(by_hand(0.7, 0.1, tries=tries))
        assert stationary(one) == pytest.approx(by_hand(0.7, 0.1))
    assert learnt({THRESHOLD: 1.0, LEARN: 0.0, SHARED: 0.0}) == pytest.approx(by_hand(1.0, 0.1))
    assert learnt({THRESHOLD: 1.0, LEARN: 0.02, SHARED: 0.2}) is None


def test_private_and_social_thresholds_settle_where_the_formula_says():
    """With one try: tau* with odds (1 - b) 120 / (b 500) and (1 - b) 30 / (b 45); all strict, or none, is that threshold."""
    for share in (0.05, 0.1, 0.3):
        for duty, ratio in ((1.0, 120 / 500), (0.0, 30 / 45)):
            best = 0.75 + np.log((1 - share) / share * ratio) / 1.5
            assert settled({SHARE: share, TRIES: 1, DUTY: duty}) == pytest.approx(by_hand(best, share))
    best, lax = strict_and_lax()
    assert stationary({STRICT: 5, LOYAL: 0.0, TRIES: 2}) == pytest.approx(by_hand(best, 0.1, tries=2))
    assert stationary({STRICT: 0, LOYAL: 0.0, TRIES: 2}) == pytest.approx(by_hand(lax, 0.1, tries=2))
    assert stationary({STRICT: 0, LOYAL: 1.0, TRIES: 2}) is None


def test_good_intentions_do_harm_where_attackers_are_few_and_try_many():
    """By theory: weighing society's stakes gains at one try everywhere, and loses at four tries but for many attackers."""
    gain = {
        (share, tries): settled({SHARE: share, TRIES: tries, DUTY: 1.0}) - settled({SHARE: share, TRIES: tries, DUTY: 0.0})
        for share in (0.05, 0.1, 0.3)
        for tries in (1, 4)
    }
    assert min(gain[share, 1] for share in (0.05, 0.1, 0.3)) > 1
    assert max(gain[share, 4] for share in (0.05, 0.1)) < -4
    assert gain[0.3, 4] > 10


def test_it_plans():
    plan = make_plan(study, None, None)
    parts = {part["name"]: part for part in plan["parts"]}
    known = {name: sum(cell["theory"] is not None for cell in part["cells"]) for name, part in parts.items()}
    assert known == {"who chooses": 18, "optimum": 72, "elsewhere": 54, "learning": 18, "minority": 12}
    assert not any(static_factors(part) for part in study.parts)
    assert "1.263 at 0.1 and 0.25" in study.doc
    assert "a planner would refuse nobody" in study.doc


@pytest.mark.slow
def test_simulated_welfare_agrees_and_doubtful_cases_balance_at_the_best_threshold():
    """Within 4 standard errors at six places; the balance is above 0 below tau* = 1.263 and below 0 above it."""
    part = study.part("elsewhere")
    rows = [(threshold, tries, models) for threshold in (0.5, 2.0) for tries, models in ((1, 5), (4, 5), (4, 1))]
    lenses = [factor.lens for factor in part.factors]
    columns = zip(*rows, strict=True)
    vary = tuple((lens, np.asarray(column)) for lens, column in zip(lenses, columns, strict=True))
    logs = run_batch(part.society, vary, range(len(rows)), part.ticks, study.metrics)
    for (threshold, tries, models), log in zip(rows, logs, strict=True):
        theory = stationary({THRESHOLD: threshold, TRIES: tries, MODELS: models})
        assert abs(log.values["welfare"] - theory) < 4 * 150 / np.sqrt(USERS * part.ticks / 2)
        if tries == 1:
            assert np.sign(log.values["balance"]) == np.sign(1.263 - threshold)


def test_the_language_arm_is_off_by_default_and_of_few_calls():
    arm = with_language()
    part = arm.part("language")
    assert part.role == "control"
    assert [own.name for own in arm.parts[:-1]] == [own.name for own in study.parts]
    check(part.society, arm.metrics)
    # Two settings of the dial, one trial each: so many seats and ticks are asked.
    assert (part.trials, part.ticks) == (2, 10)


@pytest.mark.slow
def test_any_endpoint_takes_the_seats_of_the_language_arm_and_reads_its_dial():
    arm = with_language()
    log, asked = play(arm.part("language"), arm.metrics, {CAUTION.name: 1.0}, 2)
    assert len(asked) == 2 * 3
    assert all(CAUTION.say(1.0) in own.message("user") for own in asked)
    assert set(log.values) == set(arm.metrics.names)
