"""The hosted engine: the same three phases, with hosted minds awaited between `decide` and `commit`.

Turns are read from a snapshot and committed in seat order: every seat reads the view of the tick's start, and answers are
written, and texts given their handles, in seat order after all replies are in. So a trial gives the same log at any
concurrency.
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
        text = storable(text)
        if text not in self.handles:
            self.handles[text] = len(self.texts)
            self.texts.append(text)
        return self.handles[text]


async def advance(trial: Trial, ticks: int) -> Trial:
    """The trial after more ticks, hosted minds asked side by side within each tick.

    Raises:
        ModelError: a model could not be asked; the trial as it was before the call is unharmed.
    """
    for _ in range(ticks):
        trial = await _tick(trial)
    return trial


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
        words = in_words(society, snapshot, seen, trial.texts, asked)
        replies = await asyncio.gather(*(_answer(society, snapshot, own, key) for own in words))
        choices = _commit_replies(society, snapshot, seen, choices, words, replies, texts, events)
        for name in ("calls", "prompt_tokens", "new_tokens"):
            costs[name] = costs.get(name, 0) + sum(getattr(reply, name) for reply in replies)
    done = _commit(traced, state, view, choices, key)
    output = jax.device_get(_read(trial.metrics, trial.record, done))
    costs["wall_ms"] = costs.get("wall_ms", 0) + round(1000 * (time.perf_counter() - began[0]))
    costs["cpu_ms"] = costs.get("cpu_ms", 0) + round(1000 * (time.process_time() - began[1]))
    after = extended(
        trial,
        done.state,
        {name: np.asarray(value)[None] for name, value in output.readings.items()},
        {name: np.asarray(value)[None] for name, value in output.traces.items()},
    )
    return dataclasses.replace(after, texts=tuple(texts.texts), events=tuple(events), costs=costs)


def _asked_seats(society: Society, state: State, view: View) -> tuple[int, ...]:
    """Seats of hosted minds that are asked anything now."""
    hosted = [index for index, mind in enumerate(society.minds.values) if isinstance(mind, HostedMind)]
    mine = np.isin(np.asarray(state.seats.mind), hosted)
    some = np.zeros(mine.shape, bool)
    for question in view.menu.values:
        some |= np.asarray(question.asked)
    return tuple(int(seat) for seat in np.flatnonzero(mine & some))


async def _answer(society: Society, state: State, words: Words, key: Key) -> HostedDecision:
    mind = cast("HostedMind", society.minds.values[int(state.seats.mind[words.seat])])
    own = key.child("tick").child(words.tick).child("hosted").child(words.seat).bits(2)
    high, low = (int(word) for word in np.asarray(own))
    return await mind.act(words, ((high << 32) | low) & (2**63 - 1))


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
    n = state.seats.n
    written = {name: np.zeros(n, bool) for name in rows}
    groups = families(society)
    places = {index: place for place, group in enumerate(groups) for index in group}
    memories = [
        np.array(memory) if isinstance(society.minds.values[group[0]], HostedMind) else memory
        for group, memory in zip(groups, choices.minds, strict=True)
    ]
    for own, reply in zip(words, replies, strict=True):
        answered, incidents = write_answers(view.menu, rows, own, reply, texts.handle)
        for name in answered:
            written[name][own.seat] = True
        index = int(state.seats.mind[own.seat])
        mind = cast("HostedMind", society.minds.values[index])
        handles = [texts.handle(text) for text in reply.remember[-mind.slots :]] if mind.slots else []
        if mind.slots:
            memories[places[index]][own.seat] = handles + [-1] * (mind.slots - len(handles))
        for incident in (*reply.incidents, *incidents):
            events.append(Event(own.tick, incident.kind, own.seat, (), storable(f"{incident.question}: {incident.words}")))
    names = choices.acts.names
    merged = _merge(
        choices,
        Named(names, tuple(jax.tree.map(jnp.asarray, rows[name]) for name in names)),
        Named(names, tuple(jnp.asarray(written[name]) for name in names)),
    )
    return dataclasses.replace(merged, minds=tuple(jax.tree.map(jnp.asarray, memory) for memory in memories))


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
    return (await advance(begin(society, seed, metrics, record), ticks)).log()


def run_sync(work: Coroutine[Any, Any, T]) -> T:
    """The one door from synchronous code into the hosted engine."""
    return asyncio.run(work)
