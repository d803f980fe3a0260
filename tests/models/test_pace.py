"""No window of time sees more than the rate and one burst; what is asked for patiently is given at the rate."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonweal.models import pace as pace_module
from commonweal.models.pace import Pace


class Clock:
    now = 1000.0

    def monotonic(self) -> float:
        return self.now


@given(
    st.floats(1.0, 10_000.0),
    st.lists(st.tuples(st.floats(0.0, 20.0), st.floats(0.0, 500.0)), min_size=1, max_size=60),
)
def test_no_window_sees_more_than_the_rate_and_a_burst(per_minute: float, steps: list[tuple[float, float]]) -> None:
    clock = Clock()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pace_module, "time", clock)
        pace, drawn = Pace(per_minute), []
        for pause, amount in steps:
            clock.now += pause
            if pace.due(amount) <= clock.now:
                pace.draw(amount)
                drawn.append((clock.now, amount))
    rate = per_minute / 60
    for first in range(len(drawn)):
        for last in range(first, len(drawn)):
            window = drawn[last][0] - drawn[first][0]
            amounts = [amount for _, amount in drawn[first : last + 1]]
            assert sum(amounts) <= rate * window + max(6 * rate, max(amounts)) + 1e-6 * rate + 1e-6


def test_who_waits_is_served_at_the_rate() -> None:
    clock = Clock()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pace_module, "time", clock)
        pace = Pace(600)
        pace.free_at = clock.now
        for turn in range(1, 30):
            clock.now = max(clock.now, pace.due(5.0))
            pace.draw(5.0)
            assert clock.now == pytest.approx(1000.0 + 0.5 * turn)


def test_without_a_rate_nobody_waits() -> None:
    pace = Pace(None)
    pace.draw(1e9)
    assert pace.due(1e9) == 0.0
