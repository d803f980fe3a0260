"""One scheduler for all calls of a model: it keeps the model full, whichever trials the calls belong to.

    next call = the waiting one of the trial that is closest to its end, in eights of ticks; of these, one that shares its
                prefix with calls just sent; of these, the oldest
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
import math
import random
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from commonweal.core.errors import BudgetSpentError, StudyError, TransientModelError
from commonweal.models.budget import Meter
from commonweal.models.model import CHARACTERS_PER_TOKEN, Form, Model, Reply, Scores, Usage, Vectors
from commonweal.models.pace import Pace

FIRST_WAIT_S = 0.5
"""Bound of the wait before the first retry, in seconds; it doubles with every retry."""
LONGEST_WAIT_S = 60.0
"""Bound of a wait between two tries, in seconds, unless the model asks for more."""
ALIKE_TICKS = 8
"""Trials in the same eight ticks before their end are alike: served to the very tick, the last ones would run alone."""
SPOILED = 3
"""Answers that are none after which a call has an empty answer, where as many other calls have been answered meanwhile."""

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
        self._answers = 0
        self._waiting: list[tuple[int, int, int, Usage, asyncio.Future[None]]] = []
        self._arrivals = itertools.count()
        self._prefixes: dict[str, int] = {}
        self._calls, self._tokens = Pace(self.limits.calls_per_minute), Pace(self.limits.tokens_per_minute)
        self._timer: tuple[asyncio.AbstractEventLoop, asyncio.TimerHandle] | None = None

    def __repr__(self) -> str:
        """The inner model's: a printed society says what answers, not how it is reached."""
        return repr(self.model)

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
        # An endpoint without log-probabilities may be asked twice for one score.
        most = Usage(2, 2 * _tokens(prefix, suffix), 33)
        unknown = (-math.log(max(1, len(options))),) * len(options)
        return await self._turn(
            prefix,
            most,
            lambda: self.model.score(prefix, suffix, options),
            lambda usage: Scores(unknown, usage, exact=False, answered=False),
        )

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
        # JSON's own marks come on top of what a form holds.
        most = Usage(1, _tokens(prefix, suffix), max_tokens + (16 * (1 + len(form.fields)) if form else 0))
        return await self._turn(
            prefix,
            most,
            lambda: self.model.generate(prefix, suffix, form, max_tokens=max_tokens, temperature=temperature, draw=draw),
            lambda usage: Reply("", usage),
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
            self._timer[1].cancel()
            self._timer = None
        await self.model.close()

    async def _turn(
        self,
        prefix: str,
        most: Usage,
        ask: Callable[[], Coroutine[Any, Any, Given]],
        empty: Callable[[Usage], Given] | None = None,
    ) -> Given:
        """Waits for a free place, asks, and asks again while that may help."""
        failed_at, failures, spoiled, others, total = 0.0, 0, 0, 0, Usage()
        while True:
            await self._place(prefix, most)
            began = time.monotonic()
            used = Usage(1, 0, 0)
            try:
                answer = await self._ask(ask, most)
                used = answer.usage
                self._took()
                return replace(answer, usage=total + used)
            except TransientModelError as error:
                if not failures:
                    failed_at, others = began, self._answers
                failures, spoiled, total = failures + 1, spoiled + error.spoiled, total + used
                if empty is not None and spoiled >= SPOILED and self._answers >= others + SPOILED:
                    # The model answers others: what it says to this call is what it has to say.
                    return empty(total)
                wait_s = self._wait(error, failures, failed_at)
            finally:
                self.meter.settle(most, used)
                self._leave()
            await asyncio.sleep(wait_s)

    async def _ask(self, ask: Callable[[], Coroutine[Any, Any, Given]], most: Usage) -> Given:
        """One try within its deadline, hedged where that is asked for."""
        try:
            async with asyncio.timeout(self.limits.deadline_s):
                if self.limits.hedge_s is None:
                    return await ask()
                return await self._hedged(ask, most, self.limits.hedge_s)
        except TimeoutError:
            raise TransientModelError(
                f"{self.name} gave no answer within {self.limits.deadline_s:g} s; expected one: raise the deadline, or see "
                "what holds the model up, then resume"
            ) from None

    async def _hedged(self, ask: Callable[[], Coroutine[Any, Any, Given]], most: Usage, after_s: float) -> Given:
        """The first answer of two equal calls, the second sent when the first is late and a place is free."""
        tasks = {asyncio.create_task(ask())}
        second = False
        try:
            done, _ = await asyncio.wait(tasks, timeout=after_s)
            if not done and self._free(most):
                with suppress(BudgetSpentError):
                    self.meter.promise(most)
                    second = True
                    self.in_flight += 1
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
            if second:
                # What the late one cost nobody says: its prompt was read.
                self.meter.settle(most, Usage(1, most.prompt_tokens, 0))
                self._leave()

    def _place(self, prefix: str, most: Usage) -> Awaitable[None]:
        """Ready when the call may be sent; its place is then taken and its cost promised."""
        pause_s = self._quiet_until - time.monotonic() if self._quiet_until else 0.0
        if pause_s > self.limits.patience_s:
            raise TransientModelError(
                f"{self.name} asked to be left alone for {pause_s:.0f} s more; patience is {self.limits.patience_s:g} s: "
                "resume later",
                pause_s,
                True,
            )
        if not self._waiting and self._free(most):
            return self._take(most)
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        group = self._prefixes.setdefault(prefix, len(self._prefixes))
        heapq.heappush(self._waiting, (ticks_left.get() // ALIKE_TICKS, group, next(self._arrivals), most, future))
        self._wake()
        return self._queued(future, most)

    async def _take(self, most: Usage) -> None:
        self.meter.promise(most)
        self.in_flight += 1

    async def _queued(self, future: asyncio.Future[None], most: Usage) -> None:
        try:
            await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled() and future.exception() is None:
                # The place was given and is not used: the next call takes it.
                self._leave()
            raise
        try:
            self.meter.promise(most)
        except BudgetSpentError:
            self._leave()
            raise

    def _free(self, most: Usage) -> bool:
        """Whether a call may be sent now; what it draws from the rates is then drawn."""
        if self.in_flight >= int(self._most):
            return False
        if self._due(most) > time.monotonic():
            return False
        self._quiet_until = 0.0
        self._calls.draw(most.calls)
        self._tokens.draw(most.prompt_tokens + most.new_tokens)
        return True

    def _due(self, most: Usage) -> float:
        """When pauses and rates let a call go."""
        if not self._quiet_until and self._calls.rate is None and self._tokens.rate is None:
            return 0.0
        tokens = self._tokens.due(most.prompt_tokens + most.new_tokens)
        return max(self._quiet_until, self._calls.due(most.calls), tokens)

    def _leave(self) -> None:
        """A call is over: those that wait move up."""
        self.in_flight -= 1
        if self._waiting:
            self._wake()

    def _wake(self) -> None:
        """Sends as many waiting calls as may be sent now, and comes back when a pause ends."""
        while self._waiting:
            most, future = self._waiting[0][3:]
            if future.done():
                heapq.heappop(self._waiting)
            elif self._free(most):
                heapq.heappop(self._waiting)
                self.in_flight += 1
                future.set_result(None)
            else:
                break
        if not self._waiting or self.in_flight >= int(self._most):
            return
        loop = asyncio.get_running_loop()
        if self._timer is None or self._timer[0] is not loop:
            left_s = max(0.01, self._due(self._waiting[0][3]) - time.monotonic())
            self._timer = loop, loop.call_later(left_s, self._again)

    def _again(self) -> None:
        self._timer = None
        self._wake()

    def _took(self) -> None:
        """An answer came: a limit that was halved grows again, by one per round of answers."""
        self._answers += 1
        if self._most < self.limits.in_flight:
            self._most = min(float(self.limits.in_flight), self._most + 1.0 / self._most)

    def _wait(self, error: TransientModelError, failures: int, failed_at: float) -> float:
        """Seconds to wait before the next try; raises when there is none."""
        now = time.monotonic()
        wait_s = max(error.wait_s, random.uniform(0, min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** min(failures - 1, 10))))
        if error.limited:
            if error.wait_s:
                self._quiet_until = max(self._quiet_until, now + error.wait_s)
            if now - self._halved_at > 1.0:
                self._halved_at, self._most = now, max(1.0, self._most / 2)
        if now + wait_s - failed_at > self.limits.patience_s:
            tired = TransientModelError(
                f"{error} (tried {failures} times in {now - failed_at:.0f} s, patience is {self.limits.patience_s:g} s)",
                error.wait_s,
                error.limited,
            )
            if error.wait_s > self.limits.patience_s:
                self._send_away(tired)
            raise tired from error
        self.retried += 1
        return wait_s

    def _send_away(self, error: TransientModelError) -> None:
        """The model wants to be left alone for longer than anybody would wait: nobody need ask it to hear so."""
        waiting, self._waiting = self._waiting, []
        for *_, future in waiting:
            if not future.done():
                future.set_exception(TransientModelError(str(error), error.wait_s, error.limited))


def _tokens(*texts: str) -> int:
    """About the most tokens that texts take: a token for three characters, as the prompt's own bound counts words."""
    return sum(map(len, texts)) // (CHARACTERS_PER_TOKEN - 1) + 16
