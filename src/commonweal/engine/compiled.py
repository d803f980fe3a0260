"""The compiled engine: a trial is one `lax.scan`; cells and seeds are mapped in chunks, with one compilation for all data."""

from __future__ import annotations

import dataclasses
import functools
import time
from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, UInt32

from commonweal.core.branches import apart
from commonweal.core.errors import StudyError
from commonweal.core.lens import Lens
from commonweal.core.named import Named
from commonweal.core.numbers import Total, total
from commonweal.core.parts import Metric
from commonweal.core.seats import Links
from commonweal.core.society import Society
from commonweal.core.streams import Key, check_seeds
from commonweal.engine.cells import Trials, Vary
from commonweal.engine.lanes import Lanes, slices
from commonweal.engine.log import TrialLog, balance
from commonweal.engine.phases import State, barrier, commit, decide, offer, start
from commonweal.engine.trial import (
    Output,
    Trial,
    begin,
    compilable,
    end_readings,
    extended,
    finished_log,
    movable,
    outline,
    read,
)


def tick_once(
    society: Society, metrics: Named[Metric], record: tuple[str, ...], state: State, key: Key
) -> tuple[State, Output]:
    """One tick: offer, decide, commit, read."""
    view = barrier(offer(society, state), state, key)
    choices = barrier(decide(society, state, view, key), state, key)
    done = commit(society, state, view, choices, key)
    return done.state, read(metrics, record, done)


def _scan(
    society: Society, metrics: Named[Metric], record: tuple[str, ...], state: State, key: Key, ticks: int
) -> tuple[State, Output]:
    return jax.lax.scan(lambda at, _: tick_once(society, metrics, record, at, key), state, None, length=ticks)


@eqx.filter_jit
def _advance(
    society: Society, metrics: Named[Metric], record: tuple[str, ...], state: State, key: Key, ticks: int
) -> tuple[State, Output]:
    return _scan(society, metrics, record, state, key, ticks)


def advance(trial: Trial, ticks: int) -> Trial:
    """The trial after more ticks.

    Raises:
        StudyError: the society holds a hosted mind, which only the hosted engine can ask.
    """
    _refuse_hosted(trial.society)
    state, output = _advance(compilable(trial.society), trial.metrics, trial.record, trial.state, trial.key, ticks)
    return extended(trial, state, output)


def run(
    society: Society, seed: int, ticks: int, metrics: Named[Metric] | None = None, record: tuple[str, ...] = ()
) -> TrialLog:
    """Run one trial of a society without hosted minds.

    Args:
        society: what is run.
        seed: 0 to 2^32 - 1; the same seed gives the same log, alone or in a batch.
        ticks: how many, at least 1.
        metrics: what is measured, by name.
        record: what is traced per agent: some of `acts`, `payoff`, `purse`, `mind`.

    Raises:
        StudyError: before anything runs, for a mistake of the author.
        LawError: a part broke its contract.
    """
    _refuse_no_ticks(ticks)
    return advance(begin(society, seed, metrics, record), ticks).log()


def run_chunks(
    society: Society,
    vary: Vary,
    seeds: Sequence[int],
    ticks: int,
    metrics: Named[Metric] | None = None,
    record: tuple[str, ...] = (),
    report: Callable[[float], None] | None = None,
) -> Iterator[tuple[int, TrialLog]]:
    """Run many trials that differ in data alone, and yield (number of the trial, its log) as they are done.

    As many as fit run side by side, on all devices of JAX's default platform; the memory that is needed does not grow with
    the number of trials. Each log equals that of `run`. One program is compiled for all trials, or one for each shape of
    network where `vary` names networks; within one shape the trials come in order.

    Args:
        society: what is run; trial i has the values `vary[j][1][i]` at the places `vary[j][0]`.
        vary: lenses on data or on the network (not on sizes or parts), each with one value a trial.
        seeds: one seed a trial.
        ticks: how many, at least 1.
        metrics: what is measured, by name.
        record: what is traced per agent.
        report: told how much is done, 0 to 1, now and then.

    Raises:
        StudyError: a lens names something that shapes the program, or lengths differ.
        LawError: a part broke its contract.
    """
    _refuse_hosted(society)
    _refuse_no_ticks(ticks)
    check_seeds(seeds)
    trials = Trials(society, vary, tuple(int(seed) for seed in seeds))
    if not trials.seeds:
        return iter(())
    metrics = Named((), ()) if metrics is None else metrics
    outlined, size = _outlined(_Form.of((society, metrics, trials.links(0))), record)
    outlined = dataclasses.replace(outlined, society=society, metrics=metrics)
    return _Sweep(trials, ticks, outlined, 8 * size * ticks).run(report or (lambda done: None))


def run_batch(
    society: Society,
    vary: Vary,
    seeds: Sequence[int],
    ticks: int,
    metrics: Named[Metric] | None = None,
    record: tuple[str, ...] = (),
) -> list[TrialLog]:
    """The logs of many trials that differ in data alone, in order: all that `run_chunks` yields, held at once."""
    logs = dict(run_chunks(society, vary, seeds, ticks, metrics, record))
    return [logs[row] for row in range(len(seeds))]


class _Given(eqx.Module):
    """The data of trials that run side by side, leaves [r, ...]."""

    seed: UInt32[Array, "*r"]
    values: tuple[Array, ...]
    """One for each lens on data."""
    links: Links | None
    """The contacts; None: all have one network, or none has any."""


class _Done(eqx.Module):
    """What trials that ran side by side leave behind, leaves [r, ...]."""

    endowed: Total
    output: Output
    ends: Named[Total]


@dataclasses.dataclass(frozen=True)
class _Program:
    """What shapes the compiled program of a batch, beside the society."""

    lenses: tuple[Lens, ...]
    ticks: int
    record: tuple[str, ...]
    lanes: Lanes


@eqx.filter_jit
def _run_lanes(
    program: _Program, society: Society, metrics: Named[Metric], shared: Links | None, given: _Given, always: Bool[Array, ""]
) -> _Done:
    def one(own: _Given) -> _Done:
        varied = society
        for lens, value in zip(program.lenses, own.values, strict=True):
            varied = lens.set(varied, value)
        key = Key.root(own.seed)
        # Without the branch the compiler follows the hashes that seat the minds through the first tick, for half a minute.
        state = apart(start(varied, shared if own.links is None else own.links, key), always)
        after, output = _scan(varied, metrics, program.record, state, key, program.ticks)
        return _Done(total(after.endowment), output, end_readings(metrics, after, movable(output.readings)))

    return program.lanes.spread(one)(given)


@dataclasses.dataclass(frozen=True)
class _Sweep:
    """Trials as they are run."""

    trials: Trials
    ticks: int
    outlined: Trial
    """What they have in common."""
    log_bytes: int
    """What the log of one of them takes."""

    def run(self, report: Callable[[float], None]) -> Iterator[tuple[int, TrialLog]]:
        """The logs; a group is launched before those of the one before are made, which an accelerator runs meanwhile."""
        before: tuple[list[int], _Done] | None = None
        clock, finished, whole = _Clock(), 0, len(self.trials.seeds)
        for rows, lanes in self.trials.groups(self.log_bytes):
            if lanes.count == 1:
                yield rows[0], self._alone(rows[0], clock, lambda share, done=finished: report((done + share) / whole))
                finished += 1
                continue
            launched = self._launch(rows, lanes)
            if before is not None:
                yield from self._logs(*before, clock)
                finished += len(before[0])
                report(finished / whole)
            before = rows, launched
        if before is not None:
            yield from self._logs(*before, clock)
            report(1.0)

    def _launch(self, rows: list[int], lanes: Lanes) -> _Done:
        """Run trials side by side; the last one is repeated where there are fewer than lanes."""
        filled = [*rows, *rows[-1:] * (lanes.count - len(rows))]
        seeds = np.asarray([self.trials.seeds[row] for row in filled], np.uint32)
        given = _Given(jnp.asarray(seeds), self.trials.values(filled), self.trials.stacked(filled))
        shared = None if self.trials.wired else self.trials.links(0)
        self.trials.forget()
        at = self.outlined
        program = _Program(self.trials.lenses, self.ticks, at.record, lanes)
        return _run_lanes(program, compilable(at.society), at.metrics, shared, given, jnp.asarray(True))

    def _logs(self, rows: list[int], done: _Done, clock: _Clock) -> Iterator[tuple[int, TrialLog]]:
        """The logs of trials that ran side by side: their ledgers are checked together."""
        done = jax.device_get(done)
        readings, traces, ends = (
            {name: np.asarray(values).astype(np.int64, copy=False) for name, values in named.items()}
            for named in (done.output.readings, done.output.traces, done.ends)
        )
        seen = {name: np.asarray(kept) for name, kept in done.output.seen.items()}
        balance(readings, np.asarray(done.endowed))
        costs = clock.split(len(rows))
        for at, row in enumerate(rows):
            trial = dataclasses.replace(
                self.outlined,
                seed=self.trials.seeds[row],
                readings={name: values[at] for name, values in readings.items()},
                traces={name: values[at] for name, values in traces.items()},
                seen={name: kept[at] for name, kept in seen.items()},
                costs=costs,
            )
            last = {name: values[at, None] for name, values in ends.items()}
            yield row, finished_log(trial, last, self.trials.cell(row).digest)

    def _alone(self, row: int, clock: _Clock, report: Callable[[float], None]) -> TrialLog:
        """The log of one trial that takes a whole device, some ticks at a time."""
        society, seed, links = self.trials.cell(row).make(), self.trials.seeds[row], self.trials.links(row)
        trial = begin(society, seed, self.outlined.metrics, self.outlined.record, links)
        self.trials.forget()
        for ticks in slices(self.ticks, society.seats.n):
            trial = advance(trial, ticks)
            report(trial.tick / self.ticks)
        return dataclasses.replace(trial.log(), costs=clock.split(1))


class _Form(NamedTuple):
    """What a program is compiled for: a value without the contents of its arrays."""

    rest: Hashable
    structure: Hashable
    shapes: tuple[jax.ShapeDtypeStruct, ...]

    @staticmethod
    def of(value: tuple[Society, Named[Metric], Links | None]) -> _Form:
        """The form of a society, metrics and contacts."""
        arrays, rest = eqx.partition(value, eqx.is_array)
        leaves, structure = jax.tree.flatten(arrays)
        return _Form(rest, structure, tuple(jax.ShapeDtypeStruct(leaf.shape, leaf.dtype) for leaf in leaves))

    def value(self) -> tuple[Society, Named[Metric], Links | None]:
        """The value, with shapes in the place of arrays."""
        return eqx.combine(jax.tree.unflatten(self.structure, self.shapes), self.rest)


@functools.lru_cache(maxsize=64)
def _outlined(form: _Form, record: tuple[str, ...]) -> tuple[Trial, int]:
    """A trial of this form before its first tick, and how many numbers a tick adds to its log. Nothing is computed."""
    society, metrics, links = form.value()
    trial = outline(society, metrics, record, links)
    output = eqx.filter_eval_shape(
        lambda own, at: tick_once(compilable(own), metrics, record, at, trial.key)[1], society, trial.state
    )
    return trial, sum(leaf.size for leaf in jax.tree.leaves(output))


class _Clock:
    """Time since it was last asked, in a trial's costs."""

    def __init__(self) -> None:
        """Start now."""
        self._at = time.perf_counter(), time.process_time()

    def split(self, trials: int) -> dict[str, int]:
        """What each of so many trials took."""
        now = time.perf_counter(), time.process_time()
        wall, cpu = (1000 * (new - old) / trials for new, old in zip(now, self._at, strict=True))
        self._at = now
        return {"wall_ms": round(wall), "cpu_ms": round(cpu)}


def _refuse_no_ticks(ticks: int) -> None:
    if ticks < 1:
        raise StudyError(f"a trial of {ticks} ticks; expected at least 1")


def _refuse_hosted(society: Society) -> None:
    if society.hosted:
        raise StudyError("the compiled engine was given a society with a hosted mind; run it with the hosted engine")
