"""What repeats and what does not, by models whose replies are known."""

import asyncio

import pytest

from commonweal.core.errors import TransientModelError
from commonweal.lab.steadiness import gather_all, measure_steadiness
from commonweal.models.model import Scores, Usage

CALLS = [("p", f"s{k}", ("A", "B")) for k in range(5)]


class Counting:
    """Replies that are a function of the call, of how often it was asked, or of the calls in flight."""

    def __init__(self, drift=0.0, crowd=0.0):
        self.drift, self.crowd, self.order, self.count, self.flying = drift, crowd, [], {}, 0

    async def score(self, prefix, suffix, options):
        self.order.append(suffix)
        self.flying += 1
        await asyncio.sleep(0.001)
        more = self.crowd if self.flying > 1 else 0.0
        await asyncio.sleep(0.001)
        self.flying -= 1
        self.count[suffix] = self.count.get(suffix, 0) + 1
        return Scores((-1.0 + more + self.drift * self.count[suffix], -2.0), Usage(1, 1, 1, 0.0))


def first(scores):
    return scores.logprobs[0]


def test_rounds_go_there_and_back_and_then_all_at_once():
    model, told = Counting(), []
    found = asyncio.run(measure_steadiness(model, CALLS, 3, lambda: told.append(1)))
    there = [call[1] for call in CALLS]
    assert model.order == there + there[::-1] + there + there
    assert len(told) == 20
    assert (found.calls, found.same_alone(), found.same_together()) == (5, 5, 5)
    assert found.spread(first).facts() == {"value": 0.0, "low": 0.0, "high": 0.0, "n": 10}
    assert found.shift(first).facts() == {"value": 0.0, "low": 0.0, "high": 0.0, "n": 5}
    assert all(second >= 0.002 for row in found.alone_s for second in row)
    assert found.together_s < sum(found.alone_s[0])


def test_drift_is_a_spread_of_known_size():
    # Replies 1, 2, 3 drifts apart: variance 1 drift^2 within each call; among many it is the fourth, two above the mean.
    found = asyncio.run(measure_steadiness(Counting(drift=0.25), CALLS, 3))
    assert (found.same_alone(), found.same_together()) == (0, 0)
    assert found.spread(first).value == pytest.approx(0.25)
    assert found.shifts(first) == pytest.approx([0.5] * 5)


def test_a_crowd_is_a_shift_without_a_spread():
    found = asyncio.run(measure_steadiness(Counting(crowd=0.5), CALLS, 2))
    assert (found.same_alone(), found.same_together()) == (5, 0)
    assert found.spread(first).value == 0.0
    assert found.shift(first).value == pytest.approx(0.5)


def test_unanswered_replies_are_left_out():
    found = asyncio.run(measure_steadiness(Counting(), CALLS, 2))
    assert found.spread(lambda _: None).facts()["value"] is None
    assert found.shifts(lambda _: None) == []


def test_the_first_error_ends_the_others():
    ended = []

    async def wait():
        try:
            await asyncio.sleep(60)
        finally:
            ended.append(True)

    async def fail():
        await asyncio.sleep(0.01)
        raise TransientModelError("gone")

    async def all_of_them():
        await gather_all([wait(), fail(), wait()])

    with pytest.raises(TransientModelError, match="gone"):
        asyncio.run(all_of_them())
    assert ended == [True, True]
