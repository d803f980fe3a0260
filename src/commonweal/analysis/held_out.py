"""Do societies of recorded minds make the societies that were recorded? A record is tried on groups that it was not taken from.

Groups are split into training and held-out ones. Recorded minds are made from the training part and play in groups of the same
size for as long; what they make of it is compared with the held-out groups in collective statistics alone:

    mean level, quarter by quarter       the mean norm level of all members in each quarter of the ticks
    between-group variance               variance over groups of the group's mean level over time
    within-group variance                mean over groups and ticks of the variance among members
    persistence                          correlation of the groups' mean levels with those one tick later, each tick's mean
                                         over groups taken off
    groups that end high, or low         share of groups whose mean level in the last quarter is at least 2/3, at most 1/3

Ranges are simultaneous. A replicate draws the training groups anew with replacement (so that a small training part makes wide
ranges), takes a record of them, and simulates as many groups as were held out. With d = max over statistics of
|s - mean| / sd over replicates, the ranges are mean -+ q sd with q the 95th percentile of d over replicates, each with its own
mean and sd. A statistic that no replicate moves must be met exactly. The nominal level is 5 in 100; measured on planted
one-tick conditional cooperators, 14 of 140 true records are refused (30 training groups of 4 over 20 ticks, 30 held out): the
bootstrap is a little narrow and the statistics are skewed, so a refusal is weaker evidence than it says. Of planted groups
that differ, 47 of 50 are refused with 30 training groups and 32 of 50 with 10; of players with a two-tick memory, all 50.

Individual conditionals can be right and the collective wrong: correlated groups and longer memories leave no trace in the
conditionals and much in the statistics.

Source: simultaneous envelopes after M. Myllymäki et al., J. Royal Statistical Society B 79 (2017); the cluster bootstrap
after A. Davison and D. Hinkley, Bootstrap Methods and their Application (1997).
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Int32
from numpy.typing import ArrayLike, NDArray

from commonweal.core import lens
from commonweal.core.arrays import Levels, Units
from commonweal.core.errors import StudyError
from commonweal.core.menu import Acts, Menu
from commonweal.core.named import Named
from commonweal.core.numbers import fixed_levels, mean_level
from commonweal.core.parts import World
from commonweal.core.questions import Choice
from commonweal.core.seats import Seating, Seats
from commonweal.core.society import Society
from commonweal.core.streams import Key
from commonweal.core.views import Observation, Outcome, Start, Told, View
from commonweal.engine.compiled import run_batch
from commonweal.minds.record import Record, Statistic, Validation, checked_groups, nearest, read_columns
from commonweal.minds.recorded import Recorded

Groups: TypeAlias = NDArray[np.float64]
"""Norm levels of the members of groups, tick by tick: [g, n, t]."""

HIGH, LOW = 2 / 3, 1 / 3
LEVEL = 0.95
REPLICATES = 199
_NAMES = (
    "mean level, quarter 1",
    "mean level, quarter 2",
    "mean level, quarter 3",
    "mean level, quarter 4",
    "between-group variance",
    "within-group variance",
    "persistence",
    "groups that end high",
    "groups that end low",
)
_COUNTS = lens.mind("recorded", Recorded, lambda mind: mind.record.counts)


class _State(eqx.Module):
    level: Levels
    played: Bool[Array, ""]


class Tables(World):
    """Groups that sit at tables of one size and are told of their own table alone: nothing but norm levels, no payoffs."""

    answers: tuple[float, ...] = eqx.field(static=True, default=(0.0, 1.0))
    """Norm level of each answer."""
    size: int = eqx.field(static=True, default=2)
    """Members of a table; the seats are tables side by side."""

    def reset(self, key: Key, seats: Seats) -> Start:
        """Nobody has answered yet."""
        return Start(_State(jnp.zeros(seats.n, jnp.float32), jnp.zeros((), bool)), jnp.zeros(seats.n, jnp.int32))

    def observe(self, state: _State, seats: Seats, purse: Units) -> Observation:
        """The mean level of the others at one's table."""
        fixed = fixed_levels(state.level).reshape(-1, self.size)
        others: Int32[Array, "g n"] = fixed.sum(1, keepdims=True, dtype=jnp.int32) - fixed
        level = mean_level(others.reshape(-1), jnp.full(seats.n, self.size - 1, jnp.int32))
        known = jnp.broadcast_to(state.played & (self.size > 1), (seats.n,))
        return Observation(Named((), ()), Told(level, known))

    def menu(self, state: _State, seats: Seats, purse: Units) -> Menu:
        """One answer, every tick."""
        options = tuple(f"{level:g}" for level in self.answers)
        act = Choice(jnp.ones(seats.n, bool), options, jnp.asarray(self.answers, jnp.float32))
        return Named.of(("act", act))

    def step(self, state: _State, seats: Seats, acts: Acts, purse: Units, key: Key) -> Outcome:
        """Answers are remembered for a tick."""
        level = jnp.asarray(self.answers, jnp.float32)[acts["act"]]
        return Outcome(_State(level, jnp.ones((), bool)), jnp.zeros(seats.n, jnp.int32), None)

    def rules(self) -> str:
        """The situation in words."""
        return "You sit at a table and answer."

    def describe(self, view: View, agent: int) -> str:
        """Nothing beside what is told."""
        return ""


def read_groups(
    path: str | Path, answer: str = "answer", group: str = "group", subject: str = "subject", tick: str = "tick"
) -> Groups:
    """The groups in a Parquet or CSV file with a row a decision.

    Args:
        path: ends in `.parquet` or `.csv`.
        answer: column of the answer, a norm level from 0 to 1.
        group: column of the group or session.
        subject: column of who decided.
        tick: column of the tick; ticks are taken in order, whatever they are numbered from.

    Returns:
        [g, n, t]; NaN where a row is missing.

    Raises:
        LogError: the file cannot be read or lacks a column.
        StudyError: groups are of different sizes, somebody decides twice in a tick, or a level is not from 0 to 1.
    """
    table = read_columns(Path(path), (answer, group, subject, tick))
    ticks, at = np.unique(table[tick], return_inverse=True)
    pairs, member = np.unique(np.stack([table[group], table[subject]]), axis=1, return_inverse=True)
    groups, which, sizes = np.unique(pairs[0], return_inverse=True, return_counts=True)
    if np.unique(sizes).size != 1:
        raise StudyError(f"{path}: groups of {sorted(set(sizes.tolist()))} members; expected one size: keep groups of one size")
    place = np.arange(pairs.shape[1]) - np.searchsorted(pairs[0], pairs[0])
    levels = np.full((groups.size, int(sizes[0]), ticks.size), np.nan)
    rows = (which[member], place[member], at)
    if np.unique(np.stack(rows), axis=1).shape[1] != at.size:
        raise StudyError(f"{path}: somebody decides twice in one tick; expected a row a subject and tick")
    levels[rows] = table[answer]
    return checked_groups(levels)


def split(groups: ArrayLike, share: float = 0.5, seed: int = 0) -> tuple[Groups, Groups]:
    """Training and held-out groups, drawn at random: whole groups, since members of one group depend on each other.

    Args:
        groups: [g, n, t].
        share: of the groups that are trained on, 0 to 1.
        seed: of the draw.

    Raises:
        StudyError: fewer than two groups would be in either part.
    """
    levels = checked_groups(groups)
    order = np.random.default_rng(seed).permutation(len(levels))
    cut = round(share * len(levels))
    if cut < 2 or len(levels) - cut < 2:
        raise StudyError(f"{len(levels)} groups split at {share:g}; expected at least two groups in either part")
    return levels[order[:cut]], levels[order[cut:]]


def collective_statistics(groups: ArrayLike) -> NDArray[np.float64]:
    """The statistics of some groups [..., g, n, t] without gaps, as listed at the top: [..., 9]. Ranges: 0 to 1, persistence
    -1 to 1 (0 where groups do not differ).
    """
    levels = np.asarray(groups, np.float64)
    mean = levels.mean(-2)
    quarters = [own.mean((-1, -2)) for own in np.array_split(mean, 4, axis=-1)]
    last = np.array_split(mean, 4, axis=-1)[-1].mean(-1)
    off = mean - mean.mean(-2, keepdims=True)
    now, later = off[..., :-1], off[..., 1:]
    scale = np.sqrt((now**2).sum((-1, -2)) * (later**2).sum((-1, -2)))
    persistence = np.divide((now * later).sum((-1, -2)), scale, out=np.zeros_like(scale), where=scale > 1e-12)
    found = [*quarters, mean.mean(-1).var(-1), levels.var(-2).mean((-1, -2)), persistence]
    return np.stack([*found, (last >= HIGH - 1e-9).mean(-1), (last <= LOW + 1e-9).mean(-1)], -1)


def simulate(records: list[Record], size: int, ticks: int, groups: int, seed: int = 0) -> Groups:
    """What groups of recorded minds do, for records that differ in counts alone; one compilation.

    Args:
        records: what they decide by; at least one.
        size: members of a group.
        ticks: how long they play.
        groups: how many for each record.
        seed: of the first record's trial; the others' follow.

    Returns:
        Norm levels [r, g, n, t].
    """
    first = records[0]
    society = Society(
        Tables(first.answers, size), Named.of(("recorded", Recorded(first))), Seating(groups * size, shuffled=False)
    )
    vary = ((_COUNTS, [np.asarray(record.counts) for record in records]),)
    logs = run_batch(society, vary, [(seed + at) % 2**32 for at in range(len(records))], ticks, None, ("acts",))
    acts = np.stack([log.traces["act.act"] for log in logs])
    return np.asarray(first.answers)[acts].transpose(0, 2, 1).reshape(len(records), groups, size, ticks)


def validate(training: ArrayLike, held: ArrayLike, like: Record, replicates: int = REPLICATES, seed: int = 0) -> Validation:
    """The verdict on the record of the training groups.

    Args:
        training: [g, n, t] groups that the record is taken from.
        held: [h, n, t] groups that it is compared with, of the same size and length.
        like: says answers, state and bins; its counts are not looked at.
        replicates: simulated sets of groups, at least 99.
        seed: of bootstrap and simulation.

    Returns:
        The verdict on the record that `record_of(training, like)` gives.

    Raises:
        StudyError: groups have gaps or differ in size or length, or there are too few groups or replicates.
    """
    train, test = checked_groups(training), checked_groups(held)
    if train.shape[1:] != test.shape[1:] or np.isnan(train).any() or np.isnan(test).any():
        raise StudyError(
            f"training groups of shape {train.shape[1:]} and held-out groups of {test.shape[1:]}, or with gaps; expected the "
            "same members and ticks in all, without gaps: leave incomplete groups out"
        )
    if min(len(train), len(test)) < 2 or train.shape[2] < 4 or replicates < 99:
        raise StudyError(
            f"{len(train)} training groups, {len(test)} held out, {train.shape[2]} ticks, {replicates} replicates; expected at "
            "least 2, 2, 4 and 99"
        )
    draws = np.random.default_rng(seed)
    records = [record_of(train[draws.integers(len(train), size=len(train))], like) for _ in range(replicates)]
    made = collective_statistics(simulate(records, train.shape[1], train.shape[2], len(test), seed))
    seen = collective_statistics(np.asarray(like.answers)[nearest(test, like.answers)])
    low, high = simultaneous_ranges(made)
    rows = tuple(
        Statistic(name, float(value), float(least), float(most))
        for name, value, least, most in zip(_NAMES, seen, low, high, strict=True)
    )
    method = f"{LEVEL:.0%} simultaneous ranges by the largest studentised deviation, training groups bootstrapped"
    return Validation(record_of(train, like).digest, rows, (len(train), len(test)), replicates, method)


def record_of(groups: ArrayLike, like: Record) -> Record:
    """The record of some groups [g, n, t] with the answers, state, bins and source of another."""
    found = Record.of_groups(groups, like.answers, like.state, like.told_edges, like.tick_edges)
    return replace(found, source=like.source)


def simultaneous_ranges(made: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lower and upper ends [s] between which all statistics of a replicate lie together in 95 of 100.

    Args:
        made: statistics of replicates, [r, s].
    """
    mean, sd = made.mean(0), made.std(0, ddof=1)
    moves = sd > 1e-12
    deviation = np.abs(made - mean)[:, moves] / sd[moves]
    worst = np.sort(deviation.max(1)) if moves.any() else np.zeros(len(made))
    # The held-out value is one more draw beside the replicates: the rank that leaves 5 in 100 above it among r + 1.
    reach = worst[min(len(worst), int(np.ceil(LEVEL * (len(worst) + 1)))) - 1]
    slack = np.where(moves, reach * sd, 1e-9)
    return mean - slack, mean + slack
