"""A model that asks another only what the store of replies does not hold.

A replay is bit-equal and free, and a run that was killed asks again only for the calls that were in flight. Replies that
arrive together are written together, and none is used before it is written.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Literal, TypeVar, cast

import numpy as np

from commonweal.core.errors import ModelRefusedError, StudyError
from commonweal.models.model import Form, Model, Reply, Scores, Usage, Vectors
from commonweal.models.store import Answer, Call, ReplyStore, canonical

CLOSE_S = 10.0
"""Seconds for which calls in flight are waited for at the end."""

TOGETHER_S = 0.002
"""Seconds for which a reply waits for others, to be written with them."""

Given = TypeVar("Given", Scores, Reply, Vectors)


class Stored:
    """A model that asks another only what the store does not hold; a `Model`.

    A reply is stored before it is returned. Identical calls in flight at once are asked once, and the asking goes on
    when the caller is cancelled, so that what was paid for is kept.

    Args:
        model: the model that answers.
        store: where replies are kept; None only in mode `off`.
        mode: `record` asks and keeps, `replay` never asks, `off` always asks and keeps nothing.

    Raises:
        StudyError: when there is no store and the mode needs one, or no such mode.

    Source: own definition.
    """

    def __init__(self, model: Model, store: ReplyStore | None, mode: Literal["record", "replay", "off"] = "record") -> None:
        if mode not in ("record", "replay", "off"):
            raise StudyError(f"found the store's mode {mode!r}, expected 'record', 'replay' or 'off'")
        if store is None and mode != "off":
            raise StudyError(f"mode {mode!r} needs a store of replies, found none; give one or use mode 'off'")
        self.model = model
        self.store = store
        self.mode = mode
        self._digest = ""
        self._flying: dict[str, asyncio.Task[Answer]] = {}
        self._arrived: list[tuple[Call, Answer, asyncio.Future[Answer | None]]] = []
        self._due: tuple[asyncio.AbstractEventLoop, asyncio.TimerHandle] | None = None

    def __repr__(self) -> str:
        """The inner model's: a printed society says what answers, not where replies are kept."""
        return repr(self.model)

    @property
    def name(self) -> str:
        """The inner model's."""
        return self.model.name

    @property
    def digest(self) -> str:
        """The inner model's: where a reply was kept does not move it."""
        if not self._digest:
            self._digest = self.model.digest
        return self._digest

    @property
    def null_model(self) -> bool:
        """The inner model's."""
        return self.model.null_model

    async def score(self, prefix: str, suffix: str, options: tuple[str, ...]) -> Scores:
        """The stored scores of this call, or the inner model's, stored.

        Args:
            prefix: the part that seats share.
            suffix: the seat's own part.
            options: labels.

        Raises:
            ModelRefusedError: in mode `replay`, when the store does not hold the call; or by the inner model.
            TransientModelError: by the inner model.
            LogError: when the store cannot be read or written.
        """
        call = Call("score", self.digest, prefix, suffix, canonical({"options": list(options)}))
        return await self._answer(call, lambda: self.model.score(prefix, suffix, options))

    async def generate(
        self, prefix: str, suffix: str, form: Form | None, *, max_tokens: int, temperature: float, draw: int
    ) -> Reply:
        """The stored reply to this call, or the inner model's, stored.

        Args:
            prefix: the part that seats share.
            suffix: the seat's own part.
            form: what the reply must look like, or None.
            max_tokens: most tokens written.
            temperature: >= 0.
            draw: index of the draw.

        Raises:
            ModelRefusedError: in mode `replay`, when the store does not hold the call; or by the inner model.
            TransientModelError: by the inner model.
            LogError: when the store cannot be read or written.
        """
        asked: dict[str, object] = {
            "form": form.canonical() if form else None,
            "max_tokens": max_tokens,
            "temperature": float(temperature),
            "draw": draw,
        }
        call = Call("generate", self.digest, prefix, suffix, canonical(asked))
        return await self._answer(
            call,
            lambda: self.model.generate(prefix, suffix, form, max_tokens=max_tokens, temperature=temperature, draw=draw),
        )

    async def embed(self, texts: tuple[str, ...]) -> Vectors:
        """The stored vectors of these texts, or the inner model's, stored.

        Args:
            texts: what is embedded.

        Raises:
            ModelRefusedError: in mode `replay`, when the store does not hold the call; or by the inner model.
            TransientModelError: by the inner model.
            LogError: when the store cannot be read or written.
        """
        if self.store is None or self.mode == "off" or not texts:
            return await self.model.embed(texts)
        unique = tuple(dict.fromkeys(texts))
        rows = await asyncio.gather(
            *(self._answer(self._embedding(text), lambda text=text: self.model.embed((text,))) for text in unique)
        )
        found, usage, original = dict(zip(unique, rows, strict=True)), Usage(), Usage()
        for row in rows:
            usage, original = usage + row.usage, original + (row.original or row.usage)
        values = np.concatenate([found[text].values for text in texts])
        return Vectors(values, usage, all(row.stored for row in rows), original)

    def _embedding(self, text: str) -> Call:
        """The question where one text stands: each text is kept by itself, whatever it is asked with."""
        return Call("embed", self.digest, "", text, canonical({}))

    async def close(self) -> None:
        """Waits for the calls in flight, closes the inner model and the store."""
        mine = [task for task in self._flying.values() if task.get_loop() is asyncio.get_running_loop()]
        if mine:
            # What was asked is paid for, and kept; what waits for its turn or for better times is not waited for.
            _, late = await asyncio.wait(mine, timeout=CLOSE_S)
            for task in late:
                task.cancel()
            await asyncio.gather(*mine, return_exceptions=True)
        await self.model.close()
        if self.store is not None:
            self.store.close()

    async def _answer(self, call: Call, ask: Callable[[], Awaitable[Given]]) -> Given:
        """From the store, from an identical call in flight, or by asking."""
        if self.store is None or self.mode == "off":
            return await ask()
        kept = self.store.get(call)
        if kept is not None:
            return cast(Given, kept)
        if self.mode == "replay":
            raise self._lacks(self.store, call)
        key = call.key
        flying = self._flying.get(key)
        if flying is not None and flying.get_loop() is asyncio.get_running_loop():
            return cast(Given, _free(await asyncio.shield(flying)))
        task = asyncio.create_task(self._ask_and_keep(self.store, call, ask))
        self._flying[key] = task
        task.add_done_callback(lambda done: self._land(key, done))
        return cast(Given, await asyncio.shield(task))

    async def _ask_and_keep(self, store: ReplyStore, call: Call, ask: Callable[[], Awaitable[Answer]]) -> Answer:
        """Asks and stores; gives what the store then holds, at the price that was paid now."""
        answer = await ask()
        # Replies that arrive within a moment are written in one transaction; the last one in flight waits for no other.
        loop = asyncio.get_running_loop()
        written: asyncio.Future[Answer | None] = loop.create_future()
        self._arrived.append((call, answer, written))
        if len(self._arrived) >= len(self._flying):
            self._write(store)
        elif self._due is None or self._due[0] is not loop:
            self._due = loop, loop.call_later(TOGETHER_S, self._write, store)
        first = await written
        return answer if first is None else replace(first, usage=answer.usage, original=first.original)

    def _write(self, store: ReplyStore) -> None:
        """Writes what has arrived, and tells each caller what the store then holds."""
        arrived, self._arrived = self._arrived, []
        if self._due is not None:
            self._due[1].cancel()
            self._due = None
        if not arrived:
            return
        try:
            kept = store.put_all([(call, answer) for call, answer, _ in arrived])
        except Exception as error:
            # Whatever it is, those who wait must hear of it.
            for _, _, written in arrived:
                if not written.done():
                    written.set_exception(error)
            return
        for first, (_, _, written) in zip(kept, arrived, strict=True):
            if not written.done():
                written.set_result(first)

    def _lacks(self, store: ReplyStore, call: Call) -> ModelRefusedError:
        """What is said when a replay needs what nobody recorded."""
        return ModelRefusedError(
            f"{store.path} holds no reply to a {call.kind} of {self.name} (key {call.key[:12]}), expected "
            "one in mode 'replay'; run again with mode 'record', or with the code and model of the recorded run"
        )

    def _land(self, key: str, done: asyncio.Task[Answer]) -> None:
        """Forgets a call that is over."""
        if self._flying.get(key) is done:
            del self._flying[key]
        # Every caller may have been cancelled: the error is looked at here, so that asyncio does not complain.
        if not done.cancelled():
            done.exception()


def _free(answer: Answer) -> Answer:
    """A reply that another call in flight paid for."""
    return replace(answer, usage=Usage(), stored=True, original=answer.original or answer.usage)
