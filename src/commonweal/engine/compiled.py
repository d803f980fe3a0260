"""The compiled engine: a trial is one `lax.scan`; cells and seeds are mapped in chunks, with one compilation for all data."""

from __future__ import annotations

import dataclasses
import time
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array
from numpy.typing import NDArray

from commonweal.core.errors import StudyError
from commonweal.core.lens import Lens
from commonweal.core.named import Named
from commonweal.core.numbers import Total, total
from commonweal.core.parts import Metric
from commonweal.core.seats import Links
from commonweal.core.society import Society
from commonweal.core.streams import Key
from commonweal.engine.log import TrialLog
from commonweal.engine.phases import State, barrier, commit, decide, offer, start
from commonweal.engine.trial import Output, Trial, begin, end_readings, extended, finished_log, read

LANE_CELLS = 1 << 16
"""Trials are run side by side while seats x trials stay below this: their state then fits a core's cache."""


class Variation(eqx.Module):
    """What differs between the trials of one batch: a value for each trial at the place that a lens names."""

    lens: Lens = eqx.field(static=True)
    values: Array
    """[r], the trials' values, in order."""


def tick_once(
    society: Society, metrics: Named[Metric], record: tuple[str, ...], state: State, key: Key
) -> tuple[State, Output]:
    """One tick: offer, decide, commit, read."""
    view = barrier(offer(society, state), state.tick)
    choices = barrier(decide(society, state, view, key), state.tick)
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
    state, output = _advance(trial.society, trial.metrics, trial.record, trial.state, trial.key, ticks)
    return extended(trial, state, dict(output.readings.items()), dict(output.traces.items()))


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
    return advance(begin(society, seed, metrics, record), ticks).log()


@eqx.filter_jit
def _run_lanes(
    society: Society,
    links: Links | None,
    vary: tuple[Variation, ...],
    keys: Key,
    plan: tuple[int, int, tuple[str, ...]],
    metrics: Named[Metric],
) -> tuple[Array, Output, Named[Total]]:
    """All trials of a batch: endowments, outputs and end readings, leaves [r, ...]; `plan` is ticks, lanes, record."""
    ticks, lanes, record = plan

    def one(given: tuple[tuple[Array, ...], Key]) -> tuple[Array, Output, Named[Total]]:
        values, key = given
        own = society
        for variation, value in zip(vary, values, strict=True):
            own = variation.lens.set(own, value)
        state, output = _scan(own, metrics, record, start(own, links, key), key, ticks)
        return total(state.endowment), output, end_readings(metrics, state)

    return jax.lax.map(one, (tuple(variation.values for variation in vary), keys), batch_size=lanes)


def run_batch(
    society: Society,
    vary: tuple[tuple[Lens, NDArray[Any]], ...],
    seeds: tuple[int, ...],
    ticks: int,
    metrics: Named[Metric] | None = None,
    record: tuple[str, ...] = (),
) -> list[TrialLog]:
    """Run many trials that differ in data alone, in one compilation; each log equals that of `run`.

    Args:
        society: what is run; trial i has the values `vary[j][1][i]` at the places `vary[j][0]`.
        vary: lenses on data (not sizes or parts), each with one value a trial.
        seeds: one seed a trial.
        ticks: how many, at least 1.
        metrics: what is measured, by name.
        record: what is traced per agent.

    Raises:
        StudyError: a lens names something that shapes the program, or lengths differ.
    """
    _refuse_hosted(society)
    for lens, values in vary:
        if lens.static(society):
            raise StudyError(f"{lens} shapes the program; expected data in one batch: run one batch for each of its values")
        if len(values) != len(seeds):
            raise StudyError(f"{lens} has {len(values)} values for {len(seeds)} trials; expected one a trial")
    template = begin(society, seeds[0], metrics, record)
    began = time.perf_counter(), time.process_time()
    lanes = max(1, min(len(seeds), LANE_CELLS // society.seats.n))
    variations = tuple(Variation(lens, jnp.asarray(np.asarray(values))) for lens, values in vary)
    keys = jax.vmap(Key.root)(jnp.asarray(np.asarray(seeds, np.uint32)))
    endowed, outputs, ends = jax.device_get(
        _run_lanes(society, template.links, variations, keys, (ticks, lanes, record), template.metrics)
    )
    costs = {
        "wall_ms": round(1000 * (time.perf_counter() - began[0]) / len(seeds)),
        "cpu_ms": round(1000 * (time.process_time() - began[1]) / len(seeds)),
    }
    logs: list[TrialLog] = []
    digests: dict[tuple[Any, ...], str] = {}
    for row, seed in enumerate(seeds):
        cell = tuple(values[row].item() for _, values in vary)
        if cell not in digests:
            own = society
            for lens, values in vary:
                own = lens.set(own, values[row])
            digests[cell] = own.digest
        trial = dataclasses.replace(template, seed=int(seed), costs=costs)
        trial = extended(trial, template.state, _row(outputs.readings, row), _row(outputs.traces, row))
        last = {name: np.asarray(value[row])[None] for name, value in ends.items()}
        logs.append(finished_log(trial, last, int(endowed[row]), digests[cell]))
    return logs


def _row(series: Named[Any], row: int) -> dict[str, Any]:
    return {name: values[row] for name, values in series.items()}


def _refuse_hosted(society: Society) -> None:
    if society.hosted:
        raise StudyError("the compiled engine was given a society with a hosted mind; run it with the hosted engine")
