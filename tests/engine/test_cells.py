"""Trials of a sweep: a cell is made once, networks are data, shapes are kept apart, nothing is lost."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commonweal.core import lens
from commonweal.core.errors import StudyError
from commonweal.core.networks import Regular, Ring
from commonweal.engine import lanes
from commonweal.engine.cells import Trials
from commonweal.minds.scripted import Scripted
from commonweal.testing import society_for

SOCIETY = society_for(mind=Scripted())
LEVEL = lens.mind("tried", Scripted, lambda mind: mind.level)


def test_a_cell_is_the_society_with_its_values_and_is_made_once():
    trials = Trials(SOCIETY, ((LEVEL, np.asarray([0.25, 0.5, 0.25])), (lens.graph_seed(), [3, 3, 3])), (0, 1, 2))
    expected = lens.graph_seed().set(LEVEL.set(SOCIETY, 0.25), 3)
    assert trials.cell(0).digest == expected.digest != trials.cell(1).digest
    assert trials.cell(2) is trials.cell(0)
    assert trials.lenses == (LEVEL,)
    assert [value.tolist() for value in trials.values([1, 1, 2])] == [[0.5, 0.5, 0.25]]


def test_a_value_may_be_an_array():
    # One level a seat: a cell is found by all of its numbers, and is the society that they make.
    values = np.asarray([[0.25] * 12, [0.5] * 12, [0.25] * 12], np.float32)
    society = LEVEL.set(SOCIETY, values[1])
    trials = Trials(society, ((LEVEL, values),), (0, 1, 2))
    assert trials.cell(0).digest == LEVEL.set(society, values[0]).digest != trials.cell(1).digest == society.digest
    assert trials.cell(2) is trials.cell(0)


def test_networks_are_built_once_and_stacked():
    trials = Trials(SOCIETY, ((lens.graph_seed(), [5, 6, 5]),), (0, 1, 2))
    assert trials.links(0) is trials.links(2)
    stacked = trials.stacked([0, 1, 2])
    assert stacked.to.shape == (3, 12, 4)
    np.testing.assert_array_equal(np.asarray(stacked.to[1]), Regular(4, 6).contacts(12))
    first = trials.links(0)
    trials.forget()
    assert trials.links(0) is not first
    plain = Trials(SOCIETY, (), (0, 1))
    assert not plain.wired
    assert plain.stacked([0, 1]) is None


@settings(max_examples=15)
@given(shapes=st.lists(st.sampled_from([Ring(2), Ring(4), Regular(4, 0), Regular(4, 1)]), min_size=1, max_size=14))
def test_groups_hold_every_trial_once_in_order_and_one_shape(shapes):
    trials = Trials(SOCIETY, ((lens.graph(), shapes),), range(len(shapes)))
    old, lanes.CORE_CELLS = lanes.CORE_CELLS, 36
    try:
        groups = list(trials.groups(1))
    finally:
        lanes.CORE_CELLS = old
    assert sorted(row for rows, _ in groups for row in rows) == list(range(len(shapes)))
    for rows, own in groups:
        assert rows == sorted(rows)
        assert len(rows) <= own.count <= 3
        assert len({shapes[row].degree for row in rows}) == 1


def test_what_shapes_the_program_is_refused():
    with pytest.raises(StudyError, match="shapes the program"):
        Trials(SOCIETY, ((lens.size(), (5, 6)),), (0, 1))
    with pytest.raises(StudyError, match="2 values for 1 trials"):
        Trials(SOCIETY, ((LEVEL, (0.1, 0.2)),), (0,))
