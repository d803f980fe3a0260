"""Known answers: the norm scale of a harvest, min(1, fair / harvest), averaged by hand."""

import pytest

from commonweal.core.numbers import ONE_LEVEL
from commonweal.metrics.cooperation import Cooperation


def test_it_is_the_mean_level_of_what_the_world_saw(month, measure):
    assert measure(Cooperation(), month([10, 5, 20, 40, 100])) == pytest.approx(
        (1 + 1 + 0.5 + 0.25 + 0.1) / 5, abs=1 / ONE_LEVEL
    )


def test_only_asked_seats_count_and_ticks_weigh_by_them(month, measure):
    some = month([20] * 5, asked=[True, False, False, False, False])
    assert measure(Cooperation(), month([10] * 5), some) == pytest.approx(5.5 / 6, abs=1e-12)


def test_two_scaled_questions_count_once(month, measure):
    assert measure(Cooperation(), month([20] * 5, vote=[1] * 5)) == 0.75


def test_nobody_asked(month, measure):
    assert measure(Cooperation(), month([20] * 5, asked=[False] * 5)) == 1.0
