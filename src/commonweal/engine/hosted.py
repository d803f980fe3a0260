"""The hosted engine: the same three phases, with hosted minds awaited between `decide` and `commit`.

Turns are read from a snapshot and committed in seat order: every seat reads the view of the tick's start, and answers are
written, and texts given their handles, in seat order after all replies are in. So a trial gives the same log at any
concurrency. Seats are worded one after the other, and the first calls are on their way while later seats are worded.
"""

from __future__ import annotations

import asyncio
import dataclasses
import time
import unicodedata
from collections.abc import Coroutine
from typing import Any, TypeVar, cast

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from commonweal.core.events import Event
from commonweal.core.named import Named
from commonweal.core.parts import HostedMind, Metric
from commonweal.core.society import Society
from commonweal.core.streams import Key
from commonweal.core.views import HostedDecision, View, Words
from commonweal.engine.families import families, without_models
from commonweal.engine.log import TrialLog
from commonweal.engine.phases import Choices, Committed, State, commit, decide, offer
from commonweal.engine.trial import Output, Trial, begin, extended, read
from commonweal.engine.words import blank_rows, in_words, write_answers
from commonweal.models.scheduler import ticks_left

T = TypeVar("T")

_offer = eqx.filter_jit(offer)
_decide = eqx.filter_jit(decide)
_commit = eqx.filter_jit(commit)


@eqx.filter_jit
def _read(metrics: Named[Metric], record: tuple[str, ...], done: Committed) -> Output:
    return read(metrics, record, done)


@eqx.filter_jit
def _merge(menu_acts: Choices, rows: Named[Any], written: Named[Any]) -> Choices:
    """Scripted choices, with the rows that hosted minds wrote put in their place."""

    def put(mask: Any, new: Any, old: Any) -> Any:
        return jax.tree.map(lambda x, y: jnp.where(mask.reshape(mask.shape + (1,) * (x.ndim - 1)), x, y), new, old)

    acts = Named(menu_acts.acts.names, tuple(put(written[name], rows[name], old) for name, old in menu_acts.acts.items()))
    answered = Named(menu_acts.answered.names, tuple(old | written[name] for name, old in menu_acts.answered.items()))
    return Choices(acts, answered, menu_acts.minds)


LONGEST = 4000
"""Characters of a text that are kept: what agents write is data, and no single text may fill a log."""


def storable(text: str) -> str:
    """The text as a log can hold it: one line of valid Unicode, without control characters."""
    if len(text) <= LONGEST and text.isprintable():
        return text
    plain = "".join(" " if unicodedata.category(letter) in ("Cc", "Zl", "Zp") else letter for letter in text[:LONGEST])
    return plain.encode("utf-8", "replace").decode("utf-8")


class _Texts:
    """The text table of a trial: append-only, each text once, handles in the order of first use."""

    def __init__(self, texts: tuple[str, ...]) -> None:
        """Start from a table."""
        self.texts = list(texts)
        self.handles = {text: index for index, text in enumerate(texts)}

    def handle(self, text: str) -> int:
        """The handle of a text, new or old; at most `LONGEST` characters of it, see `storable`."""
        if text in self.handles:
            return self.handles[text]
        text = storable(text)
        if text not in self.handles:
            self.handles[text] = len(self.texts)
            self.texts.append(text)
        return self.handles[text]


async def advance(trial: Trial, ticks: int, later: int = 0) -> Trial:
    """The trial after more ticks, hosted minds asked side by side within each tick.

    Args:
        trial: as far as it has come.
        ticks: how many more.
        later: how many will follow these: of trials that share a model, that with the fewest before it is served first.

    Raises:
        ModelError: a model could not be asked; the trial as it was before the call is unharmed.
    """
    for left in reversed(range(ticks)):
        ticks_left.set(later + left)
        trial = await _tick(trial)
    return trial


def warm_up(trial: Trial) -> None:
    """Compile what a tick needs, by a tick that nobody sees: no call waits for a compiler.

    Args:
        trial: as begun.
    """
    society, state, key = without_models(trial.society), trial.state, trial.key
    view = _offer(society, state)
    choices = _decide(society, state, view, key)
    snapshot, seen = cast("tuple[State, View]", jax.device_get((state, view)))
    seat_keys(key, snapshot.tick, snapshot.seats.n)
    choices = _commit_replies(trial.society, snapshot, seen, choices, [], [], _Texts(()), [])
    jax.block_until_ready(_read(trial.metrics, trial.record, _commit(society, state, view, choices, key)))


async def _tick(trial: Trial) -> Trial:
    began = time.perf_counter(), time.process_time()
    society, state, key = trial.society, trial.state, trial.key
    traced = without_models(society)
    view = _offer(traced, state)
    choices = _decide(traced, state, view, key)
    texts, events = _Texts(trial.texts), list(trial.events)
    costs = dict(trial.costs)
    asked = _asked_seats(society, state, view)
    if asked:
        snapshot, seen = cast("tuple[State, View]", jax.device_get((state, view)))
        words, replies = await _replies(society, snapshot, seen, trial, asked)
        choices = _commit_replies(society, snapshot, seen, choices, words, replies, texts, events)
        for name in ("calls", "prompt_tokens", "new_tokens"):
            costs[name] = costs.get(name, 0) + sum(getattr(reply, name) for reply in replies)
    done = _commit(traced, state, view, choices, key)
    output = jax.device_get(_read(trial.metrics, trial.record, done))
    costs["wall_ms"] = costs.get("wall_ms", 0) + round(1000 * (time.perf_counter() - began[0]))
    costs["cpu_ms"] = costs.get("cpu_ms", 0) + round(1000 * (time.process_time() - began[1]))
    after = extended(trial, done.state, jax.tree.map(lambda value: np.asarray(value)[None], output))
    return dataclasses.replace(after, texts=tuple(texts.texts), events=tuple(events), costs=costs)


_WORDED_AT_ONCE = 4
"""Seats that are worded before those worded so far may send their calls."""


async def _replies(
    society: Society, state: State, view: View, trial: Trial, asked: tuple[int, ...]
) -> tuple[list[Words], list[HostedDecision]]:
    """What every asked seat reads and answers, in seat order. When one cannot be asked, the others are called off."""
    keys = seat_keys(trial.key, state.tick, state.seats.n)
    # Methods are looked up once: equinox binds a method in some tens of microseconds.
    act = {index: mind.act for index, mind in enumerate(society.minds.values) if isinstance(mind, HostedMind)}
    mind = np.asarray(state.seats.mind).tolist()
    words: list[Words] = []
    try:
        async with asyncio.TaskGroup() as group:
            tasks: list[asyncio.Task[HostedDecision]] = []
            for own in in_words(society, state, view, trial.texts, asked):
                words.append(own)
                tasks.append(group.create_task(act[mind[own.seat]](own, keys[own.seat])))
                if len(words) % _WORDED_AT_ONCE == 0:
                    await asyncio.sleep(0)
    except BaseExceptionGroup as failed:
        raise _first(failed) from None
    return words, [task.result() for task in tasks]


def _first(failed: BaseExceptionGroup[BaseException]) -> BaseException:
    """The first of the errors that ended a tick."""
    error = failed.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error


@jax.jit
def _keys(key: Key, tick: Any, seats: Any) -> Any:
    root = key.child("tick").child(tick).child("hosted")
    return jax.vmap(lambda seat: root.child(seat).bits(2))(seats)


def seat_keys(key: Key, tick: Any, n: int) -> list[int]:
    """Each seat's key in a tick, 0 to 2^63 - 1: where its order of options and its luck come from.

    Args:
        key: the trial's.
        tick: from 0.
        n: seats.
    """
    words = np.asarray(_keys(key, jnp.asarray(tick), jnp.arange(n))).astype(np.uint64)
    joined = (words[:, 0] << np.uint64(32) | words[:, 1]) & np.uint64(2**63 - 1)
    return [int(own) for own in joined]


def _asked_seats(society: Society, state: State, view: View) -> tuple[int, ...]:
    """Seats of hosted minds that are asked anything now."""
    hosted = [index for index, mind in enumerate(society.minds.values) if isinstance(mind, HostedMind)]
    mine = np.isin(np.asarray(state.seats.mind), hosted)
    some = np.zeros(mine.shape, bool)
    for question in view.menu.values:
        some |= np.asarray(question.asked)
    return tuple(int(seat) for seat in np.flatnonzero(mine & some))


def _commit_replies(
    society: Society,
    state: State,
    view: View,
    choices: Choices,
    words: list[Words],
    replies: list[HostedDecision],
    texts: _Texts,
    events: list[Event],
) -> Choices:
    """Write the replies in seat order: acts, memories, texts, incidents."""
    rows = blank_rows(view.menu)
    questions = dict(view.menu.items())
    n, seated, minds = state.seats.n, np.asarray(state.seats.mind).tolist(), society.minds.values
    slots = {index: mind.slots for index, mind in enumerate(minds) if isinstance(mind, HostedMind)}
    written = {name: np.zeros(n, bool) for name in rows}
    groups = families(society)
    places = {index: place for place, group in enumerate(groups) for index in group}
    memories = [
        np.array(memory) if isinstance(minds[group[0]], HostedMind) else memory
        for group, memory in zip(groups, choices.minds, strict=True)
    ]
    for own, reply in zip(words, replies, strict=True):
        answered, incidents = write_answers(questions, rows, own, reply, texts.handle)
        for name in answered:
            written[name][own.seat] = True
        index = seated[own.seat]
        room = slots[index]
        if room:
            handles = [texts.handle(text) for text in reply.remember[-room:]]
            memories[places[index]][own.seat] = handles + [-1] * (room - len(handles))
        for incident in (*reply.incidents, *incidents):
            events.append(Event(own.tick, incident.kind, own.seat, (), storable(f"{incident.question}: {incident.words}")))
    return _merged(choices, rows, written, tuple(jax.tree.map(jnp.asarray, memory) for memory in memories))


def _merged(choices: Choices, rows: dict[str, Any], written: dict[str, Any], minds: tuple[Any, ...]) -> Choices:
    names = choices.acts.names
    merged = _merge(
        choices,
        Named(names, tuple(jax.tree.map(jnp.asarray, rows[name]) for name in names)),
        Named(names, tuple(jnp.asarray(written[name]) for name in names)),
    )
    return dataclasses.replace(merged, minds=minds)


async def run_hosted(
    society: Society, seed: int, ticks: int, metrics: Named[Metric] | None = None, record: tuple[str, ...] = ()
) -> TrialLog:
    """Run one trial with hosted minds; scripted minds in it act as they do in the compiled engine.

    Args:
        society: what is run.
        seed: 0 to 2^32 - 1.
        ticks: how many, at least 1.
        metrics: what is measured, by name.
        record: what is traced per agent: some of `acts`, `payoff`, `purse`, `mind`.

    Raises:
        StudyError: before anything runs, for a mistake of the author.
        ModelError: a model could not be asked.
    """
    trial = begin(society, seed, metrics, record)
    warm_up(trial)
    return (await advance(trial, ticks)).log()


def run_sync(work: Coroutine[Any, Any, T]) -> T:
    """The one door from synchronous code into the hosted engine."""
    return asyncio.run(work)
