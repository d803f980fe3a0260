"""Which trials are run together, and in which order: chunks of a few seconds, made from what is not done yet."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from collections.abc import Sequence, Set

import numpy as np

from commonweal.core.parts import HostedMind
from commonweal.core.society import Society
from commonweal.core.streams import Key
from commonweal.lab.factors import Factor
from commonweal.lab.study import Part, Study

AGENT_STEPS_PER_S = 5e6
"""What the compiled engine is taken to do on one core when a run's time is predicted: on the slow side."""
SECONDS_PER_CALL = 2.0
"""What one decision of the embedded model is taken to need."""
CHUNK_S = 5.0
"""Predicted length of a chunk of compiled trials."""
SMALL = 64
"""Trials of at most so many seats are traced per agent for their first seed."""

Trials = tuple[tuple[int, int], ...]


@dataclasses.dataclass(frozen=True)
class Batch:
    """Trials of one part that are run together: their cells differ in data only."""

    part: str
    trials: Trials
    """(cell, seed) of each."""
    seconds: float
    """Predicted."""
    traced: bool
    """Whether they are traced per agent."""


def trial_seed(study: Study, part: Part, cell: int, seed: int) -> int:
    """The engine's seed of a trial, from its path: study, lock, part, block, seed.

    A block are the cells that agree in all factors but the primary one. They share their draws, so that the arms of the primary
    contrast are pairs; other cells have draws of their own, so that pairs of different blocks are independent. A run that keeps
    to a lock has draws that depend on it: nobody can have seen them before.

    Args:
        study: whose primary factor makes the blocks.
        part: of the trial.
        cell: its number.
        seed: its seed in the cell.
    """
    block = {label: level for label, level in part.plan[cell].levels.items() if label != study.primary.factor}
    path = json.dumps([study.name, study.draws, part.name, block, seed], sort_keys=True)
    return int.from_bytes(hashlib.sha256(path.encode()).digest()[:4], "little")


def static_factors(part: Part) -> tuple[Factor, ...]:
    """The factors that shape the program: each combination of their levels is compiled by itself."""
    return tuple(factor for factor in part.factors if factor.lens.static(part.society))


def data_factors(part: Part) -> tuple[Factor, ...]:
    """The factors that are data: varied inside one compilation."""
    return tuple(factor for factor in part.factors if not factor.lens.static(part.society))


def batches(part: Part, done: Set[tuple[int, int]] = frozenset(), block: int | None = None) -> list[Batch]:
    """A part's trials in batches of about `CHUNK_S` seconds and nearly one size; hosted trials one by one.

    Args:
        part: whose trials.
        done: (cell, seed) of trials that are left out.
        block: seeds that one batch holds at most, where somebody looks at results while trials come in; None: any number.
    """
    static = static_factors(part)
    groups: dict[tuple[object, ...], list[int]] = {}
    for index, cell in enumerate(part.plan):
        groups.setdefault(tuple(cell.levels[factor.label] for factor in static), []).append(index)
    found: list[Batch] = []
    for group in groups.values():
        society = part.society_of(part.plan[group[0]].levels)
        trials = [trial for trial in in_blocks(part, group) if trial not in done]
        each = trial_seconds(society, part.ticks_of(part.plan[group[0]].levels))
        if society.hosted:
            found += [Batch(part.name, (trial,), each, True) for trial in trials]
            continue
        for traced in (True, False):
            own = [trial for trial in trials if is_traced(part, society.seats.n, trial) is traced]
            longest = max(1, min(int(CHUNK_S / each), len(own) if block is None else block * len(group)))
            pieces = math.ceil(len(own) / longest)
            # One predicted length for all pieces of a group: the ledger then keeps their order, block by block.
            seconds = each * math.ceil(len(own) / max(1, pieces)) + 1.0
            for piece in range(pieces):
                chosen = tuple(own[len(own) * piece // pieces : len(own) * (piece + 1) // pieces])
                found.append(Batch(part.name, chosen, seconds, traced))
    if block is None or not found:
        return found
    # Who looks needs whole blocks early: the first seeds first, in every group, though a ledger begins with the longest.
    even = sum(batch.seconds for batch in found) / len(found)
    ordered = sorted(found, key=lambda batch: batch.trials[0][1])
    return [dataclasses.replace(batch, seconds=even) for batch in ordered]


def trial_seconds(society: Society, ticks: int) -> float:
    """Predicted seconds of one trial: the same on every machine, however fast it runs there.

    Args:
        society: of its cell.
        ticks: of the trial.
    """
    if society.hosted:
        return SECONDS_PER_CALL * calls_per_tick(society) * ticks
    return society.seats.n * ticks / AGENT_STEPS_PER_S + 0.002


def in_blocks(part: Part, cells: Sequence[int]) -> list[tuple[int, int]]:
    """The (cell, seed) of some cells' trials, in randomised blocks: all cells of a seed, in an order that the seed draws.

    A model that drifts while it is asked, or a run that stops early, then meets all arms alike.

    Args:
        part: whose cells.
        cells: their numbers.

    Source: R. A. Fisher, The Design of Experiments (1935), chapter IV.
    """
    trials = [(cell, seed) for cell in cells for seed in part.seeds_of(cell)]
    drawn = {
        trial: hashlib.sha256(f"{part.name}/{trial[1]}/{trial[0]}".encode()).digest() if part.society.hosted else b""
        for trial in trials
    }
    return sorted(trials, key=lambda trial: (trial[1], drawn[trial], trial[0]))


def is_traced(part: Part, agents: int, trial: tuple[int, int]) -> bool:
    """Whether a compiled trial is traced per agent: where the part asks for it, else first seeds of small plain cells.

    Args:
        part: of the trial.
        agents: seats of its society.
        trial: cell and seed.
    """
    cell = part.plan[trial[0]]
    return bool(part.record) or (agents <= SMALL and part.role != "audit" and not cell.why and trial[1] == cell.first)


def calls_per_tick(society: Society) -> float:
    """Calls of models by all hosted seats together, on average."""
    seats = np.asarray(society.seats.seat(society.minds.names, None, Key.root(0)).mind)
    hosted = {index: mind for index, mind in enumerate(society.minds.values) if isinstance(mind, HostedMind)}
    return sum(mind.calls_per_act * int((seats == index).sum()) for index, mind in hosted.items())
