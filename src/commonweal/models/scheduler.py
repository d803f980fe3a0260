"""One scheduler for all calls of a model: it keeps the model full, whichever trials the calls belong to.

    next call = the waiting one of the trial that is closest to its end; of these, one that shares its prefix with calls
                just sent; of these, the oldest
    a wait before try k = uniform(0, min(60, 0.5 * 2^k)) s, at least what Retry-After asks
    in flight <= the limit, halved when the model says 'too many', grown by one per round of answers after it

A call is tried again while its failure may pass and its patience lasts; what ends a call is a refusal, a spent budget, or
spent patience. What is random here (jitter) moves no bit of a log.

Source: full jitter: Brooker 2015, "Exponential Backoff And Jitter", AWS Architecture Blog; halving and growing: Chiu and Jain
1989, "Analysis of the increase and decrease algorithms for congestion avoidance", Computer Networks and ISDN Systems 17.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import random
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, TypeVar

from commonweal.core.errors import BudgetSpentError, StudyError, TransientModelError
from commonweal.models.budget import Meter
from commonweal.models.model import CHARACTERS_PER_TOKEN, Form, Model, Reply, Scores, Usage, Vectors

FIRST_WAIT_S = 0.5
"""Bound of the wait before the first retry, in seconds; it doubles with every retry."""
LONGEST_WAIT_S = 60.0
"""Bound of a wait between two tries, in seconds, unless the model asks for more."""

ticks_left: ContextVar[int] = ContextVar("ticks_left", default=0)
"""Ticks that the trial of the running task still has before it: what decides whose call is next."""

Given = TypeVar("Given", Scores, Reply, Vectors)


@dataclass(frozen=True)
class Limits:
    """How hard a model may be asked.

    Raises:
        StudyError: a number is out of range.
    """

    in_flight: int = 64
    """Calls in flight at most, >= 1."""
    deadline_s: float = 120.0
    """Seconds that one try may take, > 0."""
    patience_s: float = 600.0
    """Seconds after its first failure for which a call is tried again, >= 0."""
    calls_per_minute: float | None = None
    """Calls begun in any minute at most, > 0; None: as many as the model takes."""
    tokens_per_minute: float | None = None
    """Tokens of prompts and replies of calls begun in any minute, as estimated before, > 0; None: no limit."""
    hedge_s: float | None = None
    """Seconds after which a second, equal call is sent and the first answer of the two is taken, > 0; None: never."""

    def __post_init__(self) -> None:
        """Refuse impossible limits."""
        for name in ("deadline_s", "calls_per_minute", "tokens_per_minute", "hedge_s"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise StudyError(f"found {name} {value}; expected more than 0")
        if self.in_flight < 1 or not self.patience_s >= 0:
            raise StudyError(f"found in_flight {self.in_flight}, patience_s {self.patience_s}; expected >= 1 and >= 0")


class _Pace:
    """A bucket of `per_minute` that fills evenly; a tenth of a minute's worth may be drawn at once."""

    def __init__(self, per_minute: float | None) -> None:
        self.rate = None if per_minute is None else per_minute / 60.0
        self.free_at = 0.0

    def wait(self, amount: float) -> float:
        """Seconds until so much may be drawn; 0: it is drawn."""
        if self.rate is None:
            return 0.0
        now = time.monotonic()
        burst_s = max(6.0, amount / self.rate)
        begin = max(self.free_at, now - burst_s) + amount / self.rate
        if begin > now:
            return begin - now
        self.free_at = begin
        return 0.0


class Scheduled:
    """A model whose calls are scheduled; a `Model`. Replies are the inner model's, whatever the schedule.

    Args:
        model: the model that answers, one try a call.
        limits: how hard it may be asked.
        meter: what the run may spend.

    Source: see the module.
    """

    def __init__(self, model: Model, limits: Limits | None = None, meter: Meter | None = None) -> None:
        self.model = model
        self.limits = limits or Limits()
        self.meter = meter or Meter()
        self.in_flight = 0
        self.retried = 0
        self._most = float(self.limits.in_flight)
        self._halved_at = 0.0
        self._quiet_until = 0.0
        self._answered = False
        self._waiting: list[tuple[int, int, int, asyncio.Future[None]]] = []
        self._arrivals = itertools.count()
        self._prefixes: dict[str, int] = {}
        self._calls, self._tokens = _Pace(self.limits.calls_per_minute), _Pace(self.limits.tokens_per_minute)
        self._timer: asyncio.TimerHandle | None = None

    def __repr__(self) -> str:
        """What it wraps."""
        return f"Scheduled({self.model!r}, {self.limits})"

    @property
    def name(self) -> str:
        """The inner model's."""
        return self.model.name

    @property
    def digest(self) -> str:
        """The inner model's: when a call was made does not move its reply."""
        return self.model.digest

    @property
    def null_model(self) -> bool:
        """The inner model's."""
        return self.model.null_model

    @property
    def waiting(self) -> int:
        """Calls that wait for their turn now."""
        return len(self._waiting)

    async def score(self, prefix: str, suffix: str, options: tuple[str, ...]) -> Scores:
        """The inner model's scores, in their turn.

        Args:
            prefix: the part that seats share.
            suffix: the seat's own part.
            options: labels.

        Raises:
            TransientModelError: it failed for longer than its patience.
            BudgetSpentError: the budget holds no more calls.
            ModelRefusedError: by the inner model.
        """
        most = Usage(1, _tokens(prefix, suffix), 32)
        return await self._turn(prefix, most, lambda: self.model.score(prefix, suffix, options))

    async def generate(
        self, prefix: str, suffix: str, form: Form | None, *, max_tokens: int, temperature: float, draw: int
    ) -> Reply:
        """The inner model's text, in its turn.

        Args:
            prefix: the part that seats share.
            suffix: the seat's own part.
            form: what the reply must look like, or None.
            max_tokens: most tokens written.
            temperature: >= 0.
            draw: index of the draw.

        Raises:
            TransientModelError: it failed for longer than its patience.
            BudgetSpentError: the budget holds no more calls.
            ModelRefusedError: by the inner model.
        """
        most = Usage(1, _tokens(prefix, suffix), max_tokens)
        return await self._turn(
            prefix,
            most,
            lambda: self.model.generate(prefix, suffix, form, max_tokens=max_tokens, temperature=temperature, draw=draw),
        )

    async def embed(self, texts: tuple[str, ...]) -> Vectors:
        """The inner model's vectors, in their turn.

        Args:
            texts: what is embedded.

        Raises:
            TransientModelError: it failed for longer than its patience.
            BudgetSpentError: the budget holds no more calls.
            ModelRefusedError: by the inner model.
        """
        most = Usage(1, _tokens(*texts), 0)
        return await self._turn("", most, lambda: self.model.embed(texts))

    async def close(self) -> None:
        """Closes the inner model."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        await self.model.close()

    async def _turn(self, prefix: str, most: Usage, ask: Callable[[], Coroutine[Any, Any, Given]]) -> Given:
        """Waits for a free place, asks, and asks again while that may help."""
        failed_at, failures = 0.0, 0
        while True:
            await self._place(prefix, most)
            began = time.monotonic()
            used = Usage(1, 0, 0)
            try:
                answer = await self._ask(ask)
                used = answer.usage
                self._took()
                return answer
            except TransientModelError as error:
                failures += 1
                failed_at = failed_at or began
                wait_s = self._wait(error, failures, failed_at)
            finally:
                self.meter.settle(most, used)
                self._leave()
            await asyncio.sleep(wait_s)

    async def _ask(self, ask: Callable[[], Coroutine[Any, Any, Given]]) -> Given:
        """One try within its deadline, hedged where that is asked for."""
        try:
            async with asyncio.timeout(self.limits.deadline_s):
                if self.limits.hedge_s is None:
                    return await ask()
                return await self._hedged(ask, self.limits.hedge_s)
        except TimeoutError:
            raise TransientModelError(
                f"{self.name} gave no answer within {self.limits.deadline_s:g} s; expected one: raise the deadline, or see "
                "what holds the model up, then resume"
            ) from None

    async def _hedged(self, ask: Callable[[], Coroutine[Any, Any, Given]], after_s: float) -> Given:
        """The first answer of two equal calls, the second sent when the first is late; both are paid for."""
        first = asyncio.create_task(ask())
        tasks = {first}
        try:
            done, _ = await asyncio.wait(tasks, timeout=after_s)
            if not done and self.in_flight < self._most:
                with suppress(BudgetSpentError):
                    self.meter.promise(one := Usage(1, 0, 0))
                    self.meter.settle(one, one)
                    tasks.add(asyncio.create_task(ask()))
            while True:
                done, late = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    if task.exception() is None or not late:
                        return task.result()
                tasks = late
        finally:
            for task in tasks:
                task.cancel()

    def _place(self, prefix: str, most: Usage) -> Awaitable[None]:
        """Ready when the call may be sent; its place is then taken and its cost promised."""
        if not self._waiting and self._free(most):
            return self._take(most)
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        group = self._prefixes.setdefault(prefix, len(self._prefixes))
        heapq.heappush(self._waiting, (ticks_left.get(), group, next(self._arrivals), future))
        if self._quiet_until or self._calls.rate or self._tokens.rate:
            self._wake()
        return self._queued(future, most)

    async def _take(self, most: Usage) -> None:
        self.meter.promise(most)
        self.in_flight += 1

    async def _queued(self, future: asyncio.Future[None], most: Usage) -> None:
        try:
            await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled():
                # The place was given and is not used: the next call takes it.
                self._leave()
            raise
        try:
            self.meter.promise(most)
        except BudgetSpentError:
            self._leave()
            raise

    def _free(self, most: Usage | None = None) -> bool:
        """Whether a call may be sent now."""
        if self.in_flight >= int(self._most):
            return False
        if self._quiet_until:
            if time.monotonic() < self._quiet_until:
                return False
            self._quiet_until = 0.0
        tokens = 1000.0 if most is None else float(most.prompt_tokens + most.new_tokens)
        return not self._tokens.wait(tokens) and not self._calls.wait(1.0)

    def _leave(self) -> None:
        """A call is over: those that wait move up."""
        self.in_flight -= 1
        if self._waiting:
            self._wake()

    def _wake(self) -> None:
        """Sends as many waiting calls as may be sent now, and comes back when a pause ends."""
        while self._waiting:
            if self._waiting[0][3].done():
                heapq.heappop(self._waiting)
            elif self._free():
                future = heapq.heappop(self._waiting)[3]
                self.in_flight += 1
                future.set_result(None)
            else:
                break
        paused = self._quiet_until or self._calls.rate or self._tokens.rate
        if self._waiting and paused and self.in_flight < int(self._most) and self._timer is None:
            left_s = max(0.01, self._quiet_until - time.monotonic())
            self._timer = asyncio.get_running_loop().call_later(left_s, self._again)

    def _again(self) -> None:
        self._timer = None
        self._wake()

    def _took(self) -> None:
        """An answer came: a limit that was halved grows again, by one per round of answers."""
        self._answered = True
        if self._most < self.limits.in_flight:
            self._most = min(float(self.limits.in_flight), self._most + 1.0 / self._most)

    def _wait(self, error: TransientModelError, failures: int, failed_at: float) -> float:
        """Seconds to wait before the next try; raises when there is none."""
        now = time.monotonic()
        wait_s = max(error.wait_s, random.uniform(0, min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** min(failures - 1, 10))))
        if now + wait_s - failed_at > self.limits.patience_s:
            raise TransientModelError(
                f"{error} (tried {failures} times in {now - failed_at:.0f} s, patience is {self.limits.patience_s:g} s)",
                error.wait_s,
                error.limited,
            ) from error
        self.retried += 1
        if error.limited:
            if error.wait_s:
                self._quiet_until = max(self._quiet_until, now + error.wait_s)
            if now - self._halved_at > 1.0:
                self._halved_at, self._most = now, max(1.0, self._most / 2)
        return wait_s


def _tokens(*texts: str) -> int:
    """About the most tokens that texts take: a token for three characters, as the prompt's own bound counts words."""
    return sum(map(len, texts)) // (CHARACTERS_PER_TOKEN - 1) + 16
