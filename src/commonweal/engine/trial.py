"""A trial in progress, as a value: it can be advanced, saved, resumed, and forked."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int32
from numpy.typing import NDArray

from commonweal.core.errors import StudyError
from commonweal.core.events import Event
from commonweal.core.menu import choose
from commonweal.core.named import Named
from commonweal.core.numbers import Total, total
from commonweal.core.parts import EndMetric, LogMetric, Metric, Seen, TickMetric
from commonweal.core.questions import Amount, Choice, Say
from commonweal.core.seats import Links, Seats
from commonweal.core.society import Society
from commonweal.core.streams import Key, check_seeds
from commonweal.core.views import End, Memory, Tick
from commonweal.engine.events import collapse, spoken, takeovers
from commonweal.engine.families import families, newborn, without_models
from commonweal.engine.log import Series, TrialLog, balance, joined
from commonweal.engine.phases import Committed, State, start

RECORDABLE = ("acts", "payoff", "purse", "mind")
"""What can be traced per agent and tick. `acts` is what the world saw."""


_start = eqx.filter_jit(start)


class Output(eqx.Module):
    """What one tick adds to the log."""

    readings: Named[Total]
    traces: Named[Array]
    seen: Named[Array]
    """What log metrics ask for."""


@dataclasses.dataclass(frozen=True)
class Trial:
    """One society, one seed, so far: the state after some ticks, and what they logged.

    Its root key is that of `seed`; `tick` says how far it has come.
    """

    society: Society
    seed: int
    metrics: Named[Metric]
    record: tuple[str, ...]
    links: Links | None
    state: State
    readings: Mapping[str, Series]
    """Readings of the ticks so far, [t]."""
    traces: Mapping[str, NDArray[np.int64]]
    """Traces of the ticks so far, [t, a, ...]."""
    seen: Seen
    """What log metrics asked for of the ticks so far, [t, ...]; no part of the log."""
    events: tuple[Event, ...]
    texts: tuple[str, ...]
    costs: Mapping[str, int]
    spoken: tuple[str, ...] = ()
    """Names of the questions whose answers are words, where acts are traced."""

    @property
    def key(self) -> Key:
        """Where the trial's randomness comes from."""
        return Key.root(self.seed)

    @property
    def tick(self) -> int:
        """How many ticks have been run."""
        return int(self.state.tick)

    def log(self) -> TrialLog:
        """The log so far, its ledger checked."""
        ends = end_readings(self.metrics, self.state, movable(self.readings))
        endowed = int(np.asarray(self.state.endowment, np.int64).sum())
        own = {name: np.asarray(value)[None].astype(np.int64) for name, value in ends.items()}
        if self.readings:
            balance(self.readings, endowed)
        return finished_log(self, own, self.society.digest)


def begin(
    society: Society, seed: int, metrics: Named[Metric] | None = None, record: tuple[str, ...] = (), links: Links | None = None
) -> Trial:
    """A trial before its first tick.

    Args:
        society: what is run.
        seed: 0 to 2^32 - 1.
        metrics: what is measured, by name.
        record: what is traced per agent, of `RECORDABLE`.
        links: the built network, where it is at hand already.

    Raises:
        StudyError: a metric reads facts that this world does not tell, or `record` names nothing that can be traced.
    """
    check_seeds((seed,))
    links = society.seats.links() if links is None else links
    return _trial(society, seed, metrics, record, links, _start(compilable(society), links, Key.root(seed)))


def compilable(society: Society) -> Society:
    """The society for a compiled phase: without what is its models' alone, and without the recipe of its network.

    Contacts come as data, so that networks of one shape share a program.
    """
    bare = without_models(society)
    return dataclasses.replace(bare, seats=dataclasses.replace(bare.seats, network=None))


def outline(society: Society, metrics: Named[Metric] | None, record: tuple[str, ...], links: Links | None) -> Trial:
    """A trial before its first tick whose state is shapes alone: what the trials of a batch have in common.

    Raises:
        StudyError: as `begin`.
    """
    state = eqx.filter_eval_shape(lambda own, to: start(compilable(own), to, Key.root(0)), society, links)
    return _trial(society, 0, metrics, record, links, state)


def _trial(
    society: Society, seed: int, metrics: Named[Metric] | None, record: tuple[str, ...], links: Links | None, state: State
) -> Trial:
    unknown = [name for name in record if name not in RECORDABLE]
    if unknown:
        raise StudyError(f"record={unknown[0]!r} cannot be traced; expected some of {', '.join(RECORDABLE)}")
    metrics = Named((), ()) if metrics is None else metrics
    spoken = _spoken(society, state) if "acts" in record else ()
    return Trial(society, seed, metrics, record, links, state, {}, {}, {}, (), society.channel.phrases, {}, spoken)


def _spoken(society: Society, state: State) -> tuple[str, ...]:
    from commonweal.engine.phases import offer

    menu = eqx.filter_eval_shape(lambda own, at: offer(without_models(own), at).menu, society, state)
    return tuple(name for name, question in menu.items() if isinstance(question, Say))


def read(metrics: Named[Metric], record: tuple[str, ...], done: Committed) -> Output:
    """What a committed tick adds to the log: ledger, facts, metrics and traces."""
    tick, ledger = done.tick, done.ledger
    readings: list[tuple[str, Total]] = [
        ("ledger.made", ledger.made),
        ("ledger.burnt", ledger.burnt),
        ("ledger.held", ledger.held),
        ("ledger.purse", ledger.purse),
        ("seats.born", total(done.state.born)),
    ]
    if done.movable:
        held = _seats_held(tick.seats, len(done.movable))
        readings += [(f"minds.{name}", total(held[index, None])) for index, name in enumerate(done.movable)]
    for name, fact in _facts(tick.facts):
        if getattr(fact, "ndim", 1) == 0:
            readings.append((f"world.{name}", total(fact[None])))
    for question, answered in tick.answered.items():
        asked = total(tick.menu[question].asked)
        readings += [(f"asked.{question}", asked), (f"answered.{question}", total(answered))]
    for name, metric in metrics.items():
        if isinstance(metric, TickMetric):
            readings += [(f"{name}.{own}", value) for own, value in metric.read(tick).items()]
    return Output(Named.of(*readings), Named.of(*_traces(record, tick, done.state)), _watched(metrics, tick))


def _watched(metrics: Named[Metric], tick: Tick) -> Named[Array]:
    """What log metrics want kept of a tick, each name once."""
    found: dict[str, Array] = {}
    for metric in metrics.values:
        if isinstance(metric, LogMetric):
            found = dict(metric.watch(tick).items()) | found
    return Named.of(*found.items())


def _seats_held(seats: Seats, minds: int) -> Int32[Array, "m"]:
    """How many seats each mind holds."""
    return jnp.zeros(minds, jnp.int32).at[seats.mind].add(1)


def _facts(facts: Any) -> list[tuple[str, Any]]:
    if facts is None:
        return []
    return [(item.name, getattr(facts, item.name)) for item in dataclasses.fields(facts)]


def _traces(record: tuple[str, ...], tick: Tick, after: State) -> list[tuple[str, Array]]:
    found: list[tuple[str, Array]] = []
    for what in record:
        if what == "acts":
            for name, question in tick.menu.items():
                whole = isinstance(question, (Choice, Say)) or (isinstance(question, Amount) and question.whole)
                if whole and not (isinstance(question, Say) and question.size):
                    found.append((f"act.{name}", tick.bound[name]))
                    found.append((f"answered.{name}", tick.answered[name]))
        elif what == "payoff":
            found.append(("payoff", tick.payoff))
        elif what == "purse":
            found.append(("purse", after.purse))
        else:
            found.append(("mind", tick.seats.mind))
    return found


def end_readings(metrics: Named[Metric], state: State, minds: tuple[str, ...]) -> Named[Total]:
    """Readings of what is read once, after the last tick: metrics, and how many seats each mind then holds.

    Args:
        metrics: those of the trial.
        state: after the last tick.
        minds: names of the society's minds; none where no rule moves them.
    """
    held = _seats_held(state.seats, len(minds))
    end = End(state.seats, state.endowment, state.purse)
    pairs: list[tuple[str, Total]] = []
    for name, metric in metrics.items():
        if isinstance(metric, EndMetric):
            pairs += [(f"{name}.{own}", value) for own, value in metric.read(end).items()]
    pairs += [(f"seated.{name}", total(held[index, None])) for index, name in enumerate(minds)]
    return Named.of(*pairs)


def movable(readings: Iterable[str]) -> tuple[str, ...]:
    """Names of the minds whose seats are counted every tick, by the names of readings: all, or none."""
    return tuple(name.removeprefix("minds.") for name in readings if name.startswith("minds."))


def extended(trial: Trial, state: State, more: Output) -> Trial:
    """The trial with more ticks: readings, traces and what metrics keep, each [t, ...], are put behind those it has.

    What a fork brought or took away is 0 where it was not there; of seats, the number that there were.
    """
    seen = {name: np.asarray(kept) for name, kept in more.seen.items()}

    def seats_now() -> dict[str, Series]:
        names = trial.society.minds.names
        held = np.bincount(np.asarray(trial.state.seats.mind), minlength=len(names))
        return {f"minds.{name}": held[at, None] for at, name in enumerate(names)}

    return dataclasses.replace(
        trial,
        state=state,
        readings=joined(trial.readings, dict(more.readings.items()), seats_now),
        traces=joined(trial.traces, dict(more.traces.items()), dict),
        seen={name: np.concatenate([trial.seen[name], kept]) if trial.seen else kept for name, kept in seen.items()},
    )


def finished_log(trial: Trial, ends: Mapping[str, Series], digest: str) -> TrialLog:
    """The log of a trial whose ledger was found to balance.

    Args:
        trial: what was run; its state is not looked at.
        ends: readings of the metrics that are read once, [1].
        digest: the society's.
    """
    readings = dict(trial.readings) | dict(ends)
    values: dict[str, float] = {}
    # No methods of modules here: a module binds a method anew at each look, which costs more than most metrics do.
    gathered: dict[Any, Any] = {}
    for name, metric in zip(trial.metrics.names, trial.metrics.values, strict=True):
        if isinstance(metric, LogMetric):
            how = type(metric).gather
            if how not in gathered:
                gathered[how] = how(metric, trial.seen, trial.texts)
            values[name] = float(type(metric).measure(metric, gathered[how]))
            continue
        mine = {own.removeprefix(f"{name}."): series for own, series in readings.items() if own.startswith(f"{name}.")}
        counted: Any = type(metric)
        values[name] = float(counted.value(metric, mine))
    return TrialLog(
        society_digest=digest,
        seed=trial.seed,
        ticks=int(next(iter(trial.readings.values())).shape[0]) if trial.readings else 0,
        readings=readings,
        values=values,
        events=tuple(sorted((*trial.events, *_following(trial, ends)), key=_order)),
        texts=trial.texts,
        traces=trial.traces,
        costs=trial.costs,
    )


def _following(trial: Trial, ends: Mapping[str, Series]) -> list[Event]:
    """Events that follow from readings and traces: the same in both engines."""
    minds, n = trial.society.minds.names, trial.society.seats.n
    return [*collapse(trial.readings), *spoken(trial.traces, trial.spoken), *takeovers(trial.readings, ends, minds, n)]


def _order(event: Event) -> tuple[int, str, int, tuple[int, ...]]:
    return event.tick, event.kind, -1 if event.agent is None else event.agent, event.values


def fork(trial: Trial, society: Society) -> Trial:
    """The same past, another society from here on, the same randomness after it.

    Parts that both societies have (by name) keep their memory; new ones begin now; the network, seats and purses stay.

    Raises:
        StudyError: the world, the number of seats or the minds' names differ.
    """
    if society.seats.n != trial.society.seats.n or society.minds.names != trial.society.minds.names:
        raise StudyError(
            f"a fork changed {trial.society.seats.n} seats of {trial.society.minds.names} into {society.seats.n} of "
            f"{society.minds.names}; expected the same number of seats and the same names of minds"
        )
    fresh, old = _start(compilable(society), trial.links, trial.key), trial.state

    def keep(names: tuple[str, ...], was: tuple[str, ...], new: tuple[Any, ...], past: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(
            past[was.index(name)] if name in was and _alike(new[at], past[was.index(name)]) else new[at]
            for at, name in enumerate(names)
        )

    state = dataclasses.replace(
        old,
        minds=_carried(society, trial.society, old, trial.key),
        rules=keep(society.rules.names, trial.society.rules.names, fresh.rules, old.rules),
        public=Named(
            society.rules.names, keep(society.rules.names, trial.society.rules.names, fresh.public.values, old.public.values)
        ),
        channel=old.channel if _alike(fresh.channel, old.channel) else fresh.channel,
        inbox=old.inbox if _alike(fresh.inbox, old.inbox) else fresh.inbox,
    )
    spoken = _spoken(society, state) if "acts" in trial.record else ()
    return dataclasses.replace(trial, society=society, state=state, spoken=spoken)


def _carried(society: Society, was: Society, old: State, key: Key) -> tuple[Memory, ...]:
    """The memory of each family of minds: of seats whose mind is still of a like kind what it was, else as at birth."""
    before = {index: memory for group, memory in zip(families(was), old.minds, strict=True) for index in group}
    found: list[Memory] = []
    born = newborn(without_models(society), old.seats, key.child("mind").child("init"))
    for group, memory in zip(families(society), born, strict=True):
        for index in group:
            if _alike(memory, before[index]):
                memory = choose(old.seats.mind == index, before[index], memory)
        found.append(memory)
    return tuple(found)


def _alike(one: Any, other: Any) -> bool:
    shapes = [jax.tree.map(lambda leaf: (leaf.shape, str(leaf.dtype)), tree) for tree in (one, other)]
    return jax.tree.structure(one) == jax.tree.structure(other) and shapes[0] == shapes[1]
