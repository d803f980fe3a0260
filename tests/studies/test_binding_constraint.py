"""The flagship plans, its theory is the recursion's own solution, and a small run of it agrees with theory."""

import dataclasses

import numpy as np
import pytest

from commonweal.core import lens
from commonweal.engine.compiled import run_batch
from commonweal.institutions.meetings import Meetings, joint_task
from commonweal.minds.adopters import Adopter
from commonweal.statistics.norm_index import estimate_index
from commonweal.studies.binding_constraint import (
    ARM,
    CUSTOMS,
    MINDS,
    NONE,
    SEATS,
    SIGHT,
    arms_theory,
    find_origin,
    society,
    study,
    with_language,
)

SOCIETIES, ROUNDS = 120, 40


def test_theory_is_the_fixed_point_of_its_recursion():
    draw = np.random.default_rng(5)
    for _ in range(20):
        n, mu, c = int(draw.integers(3, 300)), draw.uniform(0.01, 0.5), draw.uniform(0, 1)
        met = 2 * c * (1 - c) / (n - 1) + c**2 * (n - 2) / (n - 1) ** 2
        s = (1 - mu) ** 2
        assert find_origin(n, mu, c, 20_000) == pytest.approx(s * met / (1 - s * (1 - met)), rel=1e-9)
    assert find_origin(50, 0.1, 0.5, 1) == 0
    assert find_origin(50, 0.1, 0.0, 500) == 0


def test_theory_is_said_where_nothing_is_paid():
    said = {levels[ARM]: arms_theory(levels) for levels in study.part("arms").cells() if levels[SIGHT]}
    assert said["binding"] is None
    assert said[NONE] == said["announced"] > 0
    assert all(arms_theory(levels) in (0, None) for levels in study.part("arms").cells() if not levels[SIGHT])


def test_eight_conditions_are_the_core_and_one_change_each():
    cells = study.part("eight conditions").cells()
    assert len(cells) == 7
    core = [levels for levels in cells if sum(sum(levels[k] != other[k] for k in levels) <= 1 for other in cells) == 7]
    assert len(core) == 1


@pytest.fixture(scope="module")
def counts():
    """How many seats of each society hold each custom at the end, for societies of copiers, and of learners with a task."""
    own = society(MINDS["learners who copy"], Meetings(), seats=20)
    rows = [(copies, learns, worth) for copies, learns, worth in ((0.3, 0.0, 0), (0.3, 0.2, 10)) for _ in range(SOCIETIES)]
    own = dataclasses.replace(own, rules=own.rules.replace("meetings", joint_task()))
    vary = (
        (lens.mind("member", Adopter, lambda mind: mind.copies), np.array([row[0] for row in rows], np.float32)),
        (lens.mind("member", Adopter, lambda mind: mind.learns), np.array([row[1] for row in rows], np.float32)),
        (lens.rule("meetings", Meetings, lambda rule: rule.worth), np.array([row[2] for row in rows], np.int32)),
    )
    logs = run_batch(own, vary, list(range(len(rows))), ROUNDS, record=("acts",))
    acts = np.stack([log.traces["act.custom"][-1] for log in logs]).reshape(2, SOCIETIES, 20)
    return np.stack([(acts == custom).sum(-1) for custom in range(CUSTOMS)], -1)


def test_copying_alone_agrees_with_theory_and_a_task_makes_more(counts):
    alone, bound = (estimate_index(rows) for rows in counts)
    expected = find_origin(20, 0.05, 0.3, ROUNDS)
    half = (alone.high - alone.low) / 2
    assert abs(alone.value - expected) < 2 * half
    assert bound.low > alone.high
    assert SEATS > 20


def test_members_are_of_one_form():
    # So that they are levels of one factor, of one program.
    assert all(isinstance(mind, Adopter) for mind in MINDS.values())


def test_language_models_have_a_part_of_their_own():
    whole = with_language()
    assert [part.name for part in whole.parts] == [*(part.name for part in study.parts), "language"]
    assert whole.part("language").society.hosted
