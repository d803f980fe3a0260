"""Theorem, robust or authored: labels of runs whose truth is planted."""

import numpy as np
import pytest

from audits import Made, pairs, run_of
from commonweal.analysis.authorship import label_claim
from commonweal.analysis.specifications import read_claim, specify


def label(minds: list[float], scale: float | None = 0.5, main: float = 0.5, **given: object) -> tuple[str, tuple[str, ...]]:
    random = np.random.default_rng(10)
    made = [Made(None, *pairs(main, random)), Made(("fresh seeds", ""), *pairs(main, random))]
    made += [Made(("random minds", f"draw {at}"), *pairs(mean, random)) for at, mean in enumerate(minds)]
    made += [] if scale is None else [Made(("norm scale", "squared"), *pairs(scale, random))]
    plan, trials = run_of(made, **given)
    claim = read_claim(plan, trials)
    found = [specify(plan, trials, part, claim) for part in plan.parts[1:]]
    return label_claim(plan, trials, plan.parts[1:], found, claim)


@pytest.mark.parametrize(
    ("minds", "scale", "expected"),
    [
        ([0.5, 0.4, 0.6], 0.5, "robust"),
        ([0.5, 0.4, 0.0], 0.5, "robust"),
        ([0.5, 0.0, 0.0], 0.5, "authored"),
        ([0.0, 0.0, 0.0], 0.5, "authored"),
        ([0.9, 0.9, -0.5], 0.5, "authored"),
        ([0.5, 0.4, 0.6], 0.0, "authored"),
        ([0.5, 0.4], None, "robust"),
        ([], None, "authored"),
    ],
)
def test_a_claim_is_robust_where_it_survives_other_authors(minds, scale, expected):
    assert label(minds, scale)[0] == expected


def test_the_reasons_say_what_became_of_it():
    _, reasons = label([0.9, 0.9, -0.5], 0.0)
    assert reasons[0].startswith("Random minds: the claim holds on average, and holds in 2 of 3, and is reversed with draw 2")
    assert reasons[1] == "Norm scale: the claim is not told from no effect."


def test_a_parameter_of_a_mind_is_the_authors_choice():
    name, reasons = label([0.5, 0.5], lens="minds.civil:Scripted.level")
    assert name == "authored"
    assert "parameter of a mind" in reasons[0]
    assert label([0.5, 0.5], lens="minds.civil")[0] == "robust"


def test_without_a_claim_there_is_nothing_to_label():
    assert label([0.5], main=0.0)[0] == "no claim"
    assert label([0.0, 0.0], scale=0.0, main=0.0, smallest=0.2)[0] == "robust"
    assert label([0.5, 0.5], scale=0.0, main=0.0, smallest=0.2)[0] == "authored"


def outcome(theory: tuple[float, float], share: float, smallest: float | None = 0.3) -> str:
    ones = int(40 * share)
    arm = [1.0] * ones + [0.0] * (40 - ones)
    made = [Made(None, [0.0] * 40, arm), Made(("fresh seeds", ""), [0.0] * 40, arm, theory=theory)]
    plan, trials = run_of(made, smallest, unbounded=False)
    found = [specify(plan, trials, part, "raises") for part in plan.parts[1:]]
    return label_claim(plan, trials, plan.parts[1:], found, "raises")[0]


def test_a_theorem_needs_theory_inside_the_interval_of_every_cell():
    assert outcome((0.0, 0.75), 0.75) == "theorem"
    assert outcome((0.0, 0.60), 0.75) == "theorem"
    assert outcome((0.0, 0.20), 0.75) == "authored"
    assert outcome((0.5, 0.75), 0.75) == "authored"


def test_wide_intervals_that_hold_theory_make_no_theorem():
    # Of 40 trials whose share is .75 the Wilson interval at 97.5 % is .57 to .87: up to .18 away.
    assert [outcome((0.0, 0.75), 0.75, smallest) for smallest in (0.25, 0.15, None)] == ["theorem", "authored", "authored"]


def test_theory_that_is_true_is_inside_all_cells_in_95_percent_of_runs():
    """6 cells of 50 trials whose shares are as theory has them: all inside their Bonferroni intervals, by simulation."""
    from scipy.special import ndtri

    random = np.random.default_rng(11)
    truth = np.array([0.1, 0.25, 0.4, 0.5, 0.7, 0.9])
    z = ndtri(1 - 0.05 / 6 / 2)
    share = random.binomial(50, truth, (4000, 6)) / 50
    middle = (share + z * z / 100) / (1 + z * z / 50)
    half = z * np.sqrt(share * (1 - share) / 50 + z * z / 10_000) / (1 + z * z / 50)
    inside = ((truth >= middle - half) & (truth <= middle + half)).all(1).mean()
    assert 0.94 < inside < 0.985
