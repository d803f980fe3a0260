"""How many trials run side by side follows from sizes alone, wastes little, and every trial and tick is run."""

import jax
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from commonweal.engine import lanes
from commonweal.engine.lanes import Lanes, slices

counts = st.integers(1, 10**6)


@given(trials=counts, seats=counts, log_bytes=st.integers(1, 10**9))
def test_groups_keep_to_the_core_and_to_the_memory_and_waste_at_most_an_eighth(trials, seats, log_bytes):
    found = Lanes.of(trials, seats, log_bytes)
    assert len(found.devices) == len(jax.devices()) == 1
    # An eighth of slack over each bound, for sizes are rounded up so that batches of nearly one size share a program.
    assert found.count == 1 or found.count * seats <= lanes.CORE_CELLS * 9 / 8
    assert found.count == 1 or found.count * log_bytes <= lanes.LOG_BYTES * 9 / 8
    assert found.count <= trials * 9 / 8
    groups = -(-trials // found.count)
    assert groups * found.count <= trials * 9 / 8 + groups + found.count / 8


def test_known_sizes():
    # 16,384 seats side by side: 163 trials of 100. 10,000 trials are 62 groups of 162, rounded up to 176 (in steps of 16);
    # 1,000 are 7 groups of 143, rounded up to 144.
    assert Lanes.of(10_000, 100, 1).count == 176
    assert Lanes.of(1_000, 100, 1).count == 144
    assert Lanes.of(10, 100, 1).count == 10
    assert Lanes.of(10, 10**6, 1).count == 1
    assert Lanes.of(10_000, 5, 2**20).count == 64


def test_few_programs_serve_batches_of_any_size():
    assert len({Lanes.of(trials, 100, 1).count for trials in range(1, 164)}) <= 8 * 6


@given(trials=counts, seats=st.integers(1, 10**4), fewer=st.floats(0, 1))
def test_a_last_group_has_lanes_enough_and_no_more_than_the_others(trials, seats, fewer):
    whole = Lanes.of(trials, seats, 1)
    left = max(1, int(whole.count * fewer))
    assert left <= whole.for_last(left).count <= min(whole.count, left * 9 / 8)


def test_a_spread_function_is_the_function_of_each():
    twice = Lanes.of(6, 10, 1).spread(lambda x: x * 2 + 1)
    np.testing.assert_array_equal(np.asarray(twice(np.arange(6.0))), np.arange(6.0) * 2 + 1)


@given(ticks=st.integers(1, 10**5), seats=counts)
def test_slices_cover_every_tick(ticks, seats):
    found = slices(ticks, seats)
    assert sum(found) == ticks
    assert min(found) >= 1
    assert max(found) * seats <= max(seats, lanes.SLICE_STEPS + seats)
    assert len(set(found)) <= 2


def test_a_thousand_ticks_of_a_million_seats_are_eight_slices_of_one_program():
    assert slices(1_000, 10**6) == [125] * 8
    assert slices(12, 5) == [12]
