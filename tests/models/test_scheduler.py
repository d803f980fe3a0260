"""The scheduler over a model that counts, and over a real endpoint that breaks."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace

import numpy as np
import pytest

from commonweal.core.errors import BudgetSpentError, ModelRefusedError, StudyError, TransientModelError
from commonweal.models import scheduler as scheduler_module
from commonweal.models.budget import Budget, Meter
from commonweal.models.endpoint import Endpoint
from commonweal.models.model import Form, Reply, Scores, Usage, Vectors
from commonweal.models.scheduler import Limits, Scheduled, ticks_left
from faults import PASSING, Faulty, seeded


class Counting:
    """Answers with the suffix after a while; fails as `fail` says."""

    name, digest, null_model = "counting", "sha256:0", False

    def __init__(self, latency_s: float = 0.0, fail: Callable[[int], Exception | None] = lambda call: None) -> None:
        self.latency_s, self.fail = latency_s, fail
        self.order: list[str] = []
        self.now = self.most = 0
        self.at: list[float] = []

    async def score(self, prefix: str, suffix: str, options: tuple[str, ...]) -> Scores:
        await self._work(suffix)
        return Scores((0.0,) * len(options), Usage(1, 10, 1))

    async def generate(
        self, prefix: str, suffix: str, form: Form | None, *, max_tokens: int, temperature: float, draw: int
    ) -> Reply:
        await self._work(suffix)
        return Reply(suffix, Usage(1, 10, 5))

    async def embed(self, texts: tuple[str, ...]) -> Vectors:
        await self._work("".join(texts))
        return Vectors(np.ones((len(texts), 1), np.float32), Usage(1))

    async def close(self) -> None:
        pass

    async def _work(self, what: str) -> None:
        self.order.append(what)
        self.at.append(time.monotonic())
        call = len(self.order)
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            await asyncio.sleep(self.latency_s)
            if (error := self.fail(call)) is not None:
                raise error
        finally:
            self.now -= 1


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduler_module, "FIRST_WAIT_S", 0.01)


def text(model: Scheduled, suffix: str, prefix: str = "p") -> Awaitable[Reply]:
    return model.generate(prefix, suffix, None, max_tokens=5, temperature=0.0, draw=0)


def run(*calls: Callable[[], Awaitable]) -> list:
    async def gather() -> list:
        return await asyncio.gather(*(call() for call in calls), return_exceptions=True)

    return asyncio.run(gather())


@pytest.mark.parametrize("slots", [1, 3, 8, 100])
def test_as_many_as_allowed_and_no_more(slots: int) -> None:
    inner = Counting(0.01)
    model = Scheduled(inner, Limits(in_flight=slots))
    found = run(*[lambda k=k: text(model, str(k)) for k in range(30)])
    assert [reply.text for reply in found] == [str(k) for k in range(30)]
    assert inner.most == min(slots, 30)
    assert (model.in_flight, model.waiting) == (0, 0)
    assert model.meter.spent == Usage(30, 300, 150)


def test_the_trial_closest_to_its_end_first_then_a_shared_prefix_then_the_oldest() -> None:
    inner = Counting(0.001)
    model = Scheduled(inner, Limits(in_flight=1))
    draws = random.Random(3)
    asked = [(draws.randrange(32), draws.choice("abc"), k) for k in range(40)]

    async def call(left: int, prefix: str, k: int) -> None:
        ticks_left.set(left)
        await text(model, f"{k}", prefix)

    async def go() -> None:
        # The first call takes the only place; the others wait and are then served in order.
        tasks = [asyncio.create_task(call(9, "z", -1)), *(asyncio.create_task(call(*row)) for row in asked)]
        await asyncio.gather(*tasks)

    asyncio.run(go())
    seen = ["z", *(prefix for _, prefix, _ in asked)]
    rank = {prefix: place for place, prefix in enumerate(dict.fromkeys(seen))}
    expected = [str(k) for _, _, k in sorted(asked, key=lambda row: (row[0] // 8, rank[row[1]], row[2]))]
    assert inner.order == ["-1", *expected]


def test_a_failure_that_may_pass_is_tried_again_until_patience_is_spent() -> None:
    inner = Counting(fail=lambda call: TransientModelError("no") if call <= 3 else None)
    model = Scheduled(inner)
    assert run(lambda: text(model, "x"))[0].text == "x"
    assert (len(inner.order), model.retried, model.meter.spent.calls) == (4, 3, 4)
    never = Scheduled(Counting(fail=lambda call: TransientModelError("no")), Limits(patience_s=0.1))
    began = time.monotonic()
    (error,) = run(lambda: text(never, "x"))
    assert isinstance(error, TransientModelError)
    assert "tried" in str(error)
    assert time.monotonic() - began < 2.0
    assert never.in_flight == 0


def test_a_refusal_is_passed_on_at_once_and_frees_its_place() -> None:
    inner = Counting(fail=lambda call: ModelRefusedError("no such model") if call == 1 else None)
    model = Scheduled(inner, Limits(in_flight=1))
    found = run(*[lambda k=k: text(model, str(k)) for k in range(3)])
    assert isinstance(found[0], ModelRefusedError)
    assert [reply.text for reply in found[1:]] == ["1", "2"]


def test_too_many_at_once_silences_all_for_as_long_as_asked_and_halves_the_limit() -> None:
    inner = Counting(0.005, lambda call: TransientModelError("429", 0.3, True) if call == 1 else None)
    model = Scheduled(inner, Limits(in_flight=4))
    run(*[lambda k=k: text(model, str(k)) for k in range(12)])
    began = inner.at[0]
    # Three others were on their way; then there is silence.
    assert all(at - began >= 0.29 for at in inner.at[4:])
    assert len(inner.at) == 13
    assert inner.most == 4
    assert 2.0 < model._most <= 4.0


def test_a_call_past_its_deadline_is_tried_again() -> None:
    class Once(Counting):
        async def _work(self, what: str) -> None:
            self.latency_s = 5.0 if not self.order else 0.0
            await super()._work(what)

    inner = Once()
    model = Scheduled(inner, Limits(deadline_s=0.05))
    assert run(lambda: text(model, "x"))[0].text == "x"
    assert len(inner.order) == 2
    assert inner.now == 0


@pytest.mark.parametrize("most", [0, 1, 7])
def test_the_budget_stops_between_two_calls(most: int) -> None:
    inner = Counting(0.002)
    model = Scheduled(inner, Limits(in_flight=3), Meter(Budget(calls=most)))
    found = run(*[lambda k=k: text(model, str(k)) for k in range(20)])
    assert len(inner.order) == most
    assert sum(isinstance(one, Reply) for one in found) == most
    assert sum(isinstance(one, BudgetSpentError) for one in found) == 20 - most
    assert (model.in_flight, model.waiting) == (0, 0)


def test_late_calls_are_sent_twice_only_where_that_is_asked_for() -> None:
    class Slow(Counting):
        async def _work(self, what: str) -> None:
            self.latency_s = 0.5 if len(self.order) == 0 else 0.0
            await super()._work(what)

    for hedge_s, calls in ((None, 1), (0.05, 2)):
        inner = Slow()
        model = Scheduled(inner, Limits(hedge_s=hedge_s))
        began = time.monotonic()
        assert run(lambda model=model: text(model, "x"))[0].text == "x"
        assert len(inner.order) == calls
        assert (time.monotonic() - began < 0.4) == (calls == 2)
        assert model.meter.spent.calls == calls
        assert inner.now == 0


def test_a_rate_is_kept() -> None:
    inner = Counting()
    model = Scheduled(inner, Limits(calls_per_minute=600))
    model._calls.free_at = time.monotonic()  # the bucket is empty
    began = time.monotonic()
    run(*[lambda k=k: text(model, str(k)) for k in range(5)])
    assert 0.35 <= time.monotonic() - began < 1.5
    assert all(at - began >= 0.1 * (k + 1) - 0.02 for k, at in enumerate(inner.at))


def test_callers_that_give_up_leave_their_place() -> None:
    inner = Counting(0.02)
    model = Scheduled(inner, Limits(in_flight=2))

    async def go() -> None:
        tasks = [asyncio.create_task(text(model, str(k))) for k in range(10)]  # type: ignore[arg-type]
        await asyncio.sleep(0.005)
        for task in tasks[1:7]:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert (model.in_flight, model.waiting) == (0, 0)
        assert model.meter.promised == replace(model.meter.promised, calls=0, prompt_tokens=0, new_tokens=0)

    asyncio.run(go())
    assert set(inner.order) == {"0", "1", "7", "8", "9"}


@pytest.mark.parametrize("seed", range(3))
def test_no_place_is_idle_while_somebody_waits(seed: int) -> None:
    """Total time is at most that of any list schedule: work / slots + the longest call (Graham 1966)."""
    draws = random.Random(seed)
    lengths = [draws.uniform(0.0, 0.03) for _ in range(60)]

    class Varied(Counting):
        async def _work(self, what: str) -> None:
            await asyncio.sleep(lengths[int(what)])

    model = Scheduled(Varied(), Limits(in_flight=5))
    began = time.monotonic()
    run(*[lambda k=k: text(model, str(k)) for k in range(60)])
    assert time.monotonic() - began <= sum(lengths) / 5 + max(lengths) + 0.15


@pytest.mark.parametrize("numbers", [{"in_flight": 0}, {"deadline_s": 0.0}, {"patience_s": -1.0}, {"hedge_s": 0.0}])
def test_limits_out_of_range_are_refused(numbers: dict) -> None:
    with pytest.raises(StudyError, match="found"):
        Limits(**numbers)


def test_scores_and_vectors_take_their_turn_too() -> None:
    inner = Counting()
    model = Scheduled(inner)
    found = run(lambda: model.score("p", "s", ("A", "B")), lambda: model.embed(("one",)))
    assert found[0].logprobs == (0.0, 0.0)
    assert found[1].values.shape == (1, 1)
    assert (model.name, model.digest, model.null_model) == ("counting", "sha256:0", False)


def _replies(server: Faulty, count: int, limits: Limits) -> list[str]:
    async def go() -> list[str]:
        model = Scheduled(Endpoint(server.url, "fake"), limits)
        try:
            found = await asyncio.gather(*(text(model, f"call {k}") for k in range(count)))
        finally:
            await model.close()
        return [reply.text for reply in found]

    return asyncio.run(go())


@pytest.mark.parametrize("fault", [*PASSING, "all"])
def test_replies_are_those_of_an_endpoint_that_never_breaks(fault: str) -> None:
    with Faulty() as sound:
        expected = _replies(sound, 12, Limits())
    names = PASSING if fault == "all" else (fault,)
    with Faulty(seeded(5, names, 0.5), most=2, stall_s=5.0) as server:
        assert _replies(server, 12, Limits(in_flight=4, deadline_s=0.4)) == expected
        assert sum(server.faults.values()) > 0


def test_an_endpoint_that_dies_and_returns() -> None:
    with Faulty() as sound:
        expected = _replies(sound, 8, Limits())
    with Faulty(latency_s=0.05) as server:

        async def go() -> list[str]:
            model = Scheduled(Endpoint(server.url, "fake"), Limits(in_flight=2))
            tasks = [asyncio.ensure_future(text(model, f"call {k}")) for k in range(8)]
            await asyncio.sleep(0.08)
            await asyncio.to_thread(server.die)
            await asyncio.sleep(0.2)
            await asyncio.to_thread(server.revive)
            found = [reply.text for reply in await asyncio.gather(*tasks)]
            await model.close()
            return found

        assert asyncio.run(go()) == expected
