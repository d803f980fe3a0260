"""Two basins or one along a setting: what the start state changes, what seeds alone change, and how wide the loop is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from commonweal.analysis.contrasts import measure, measure_difference
from commonweal.analysis.fields import Fields
from commonweal.analysis.finding import say_number
from commonweal.analysis.plans import Cell, Level, MetricCard, Part, Plan, say_level
from commonweal.analysis.threshold import say_place
from commonweal.analysis.trials import Trials
from commonweal.core.errors import LogError, StudyError
from commonweal.statistics.basins import Bistability, Loop, find_bistability, find_loop
from commonweal.statistics.inference import Bounds, Column, Estimate, estimate_mean, is_binary, oppose

KIND = "basins"
"""Name of the design in a plan."""
FEWEST = 20
"""Trials of one cell without which it is not asked whether its outcome has two modes."""
MOST = 200
"""Trials of one cell that are asked at most, and shown at most: the first seeds."""
_DRAWS = 199
"""Draws of each null distribution of modes."""


@dataclass(frozen=True)
class Setting:
    """One level of the factor along which society may tip. The first of each pair is the first start state."""

    place: float
    """The level."""
    means: tuple[Estimate, Estimate]
    """Mean outcome from each start."""
    difference: Estimate
    """Second start minus first, trial by trial of one seed; an interval for all settings of the branches together."""
    modes: tuple[Bistability | None, Bistability | None]
    """Whether trials of one start end in two places; None: too few trials, or an outcome that is 0 or 1."""
    values: tuple[tuple[float, ...], tuple[float, ...]]
    """Outcomes of the first seeds, for the eye."""


@dataclass(frozen=True)
class Branches:
    """Both branches at one combination of the other factors' levels."""

    levels: Mapping[str, Level]
    """Of the other factors; empty where there are none."""
    settings: tuple[Setting, ...]
    """Ascending; those that both starts have trials of."""
    level: float
    """The outcome that parts the basins."""
    decided: Estimate | None
    """Length of the axis on which the start decides: the mean over seeds of the length on which the two starts end on different
    sides of `level`, less that on which they end the wrong way round. None: fewer than 2 seeds were run everywhere."""
    loop: Loop | None
    """Where seeds first flip; `up` is from the first start, `down` from the second. Its width is `decided` where every sweep
    flips once, and too small where seeds end here and there by chance, since first flips then come early. None: no loop."""
    none: str
    """Why there is none, or what it leaves out; empty: nothing is missing."""

    @property
    def hysteresis(self) -> bool:
        """Whether the start decides somewhere: the interval of `decided` is wholly above 0."""
        return self.decided is not None and self.decided.above_zero

    @property
    def bistable(self) -> tuple[float, ...]:
        """Settings at which the start decides: the branches differ, and lie on both sides of what parts the basins."""
        return tuple(
            setting.place
            for setting in self.settings
            if (setting.difference.above_zero or setting.difference.below_zero)
            and (setting.means[0].value - self.level) * (setting.means[1].value - self.level) < 0
        )

    @property
    def flipping(self) -> tuple[float, ...]:
        """Settings at which seeds of one start end in two places."""
        return tuple(s.place for s in self.settings if any(modes is not None and modes.found for modes in s.modes))

    @property
    def asked(self) -> bool:
        """Whether it could be seen if seeds of one start end in two places."""
        return any(modes is not None for setting in self.settings for modes in setting.modes)


@dataclass(frozen=True)
class Basins:
    """The basins of a part."""

    part: str
    """The part."""
    metric: str
    """The outcome."""
    unit: str
    """Its unit; `1` for a pure number."""
    along: str
    """Label of the factor along which the society may tip."""
    start: str
    """Label of the factor that is the start state."""
    starts: tuple[Level, Level]
    """Its levels: the start that belongs to the lowest setting, and the one that belongs to the highest."""
    branches: tuple[Branches, ...]
    """One for each combination of the other factors' levels."""
    null_model: bool
    """Whether the part's language model is a negative control."""

    @property
    def words(self) -> tuple[str, ...]:
        """What was found, a sentence or two for each combination."""
        told = (self._say(branches) for branches in self.branches)
        return tuple(words[:1].upper() + words[1:] for words in told)

    def _say(self, own: Branches) -> str:
        where = ", ".join(f"{label} {say_level(level)}" for label, level in own.levels.items())
        head = f"At {where}: " if where else ""
        bistable = say_places(own.bistable)
        if own.decided is not None and own.decided.below_zero:
            return f"{head}the starts end the wrong way round: give the levels of {self.start} in the other order."
        if own.decided is not None and own.hysteresis:
            region = f" Bistable {bistable}." if bistable else ""
            decided = f"the start decides along {say_span(own.decided)} of {self.along}.{region}{self._note_seeds(own)}"
            return f"{head}hysteresis: {self._say_flips(own)}{decided} {own.none}".rstrip()
        if bistable:
            return f"{head}bistable {bistable}: the start decides.{self._note_seeds(own)} {own.none}".rstrip()
        width = f" (the start decides along {say_span(own.decided)})" if own.decided is not None else ""
        if own.flipping:
            return (
                f"{head}no hysteresis{width}: {_list(own.flipping)} of {self.along} it flips across seeds, not across starts: "
                "two basins that every start reaches."
            )
        unasked = "" if own.asked else " Whether seeds of one start end in two places was not asked:"
        unasked += f" that needs {FEWEST} trials of a continuous outcome." if unasked else ""
        return f"{head}no sign of two basins{width}. {own.none}{unasked}".rstrip()

    def _say_flips(self, own: Branches) -> str:
        if own.loop is None:
            return ""
        first, second = (f"{self.start} {say_level(level)}" for level in self.starts)
        crosses = f"{self.metric} crosses {say_number(own.level)} at {self.along} {say_span(own.loop.up)}"
        return f"{crosses} from {first} and at {say_span(own.loop.down)} from {second}; "

    def _note_seeds(self, own: Branches) -> str:
        return f" {_list(own.flipping).capitalize()} seeds of one start end in both." if own.flipping else ""


def say_places(places: Sequence[float]) -> str:
    """A range of settings in words: `from 0.2 to 0.4`, `at 0.3`; empty where there are none.

    Args:
        places: ascending.
    """
    if not places:
        return ""
    return f"at {say_place(places[0])}" if len(places) == 1 else f"from {say_place(places[0])} to {say_place(places[-1])}"


def _list(places: Sequence[float]) -> str:
    return say_places(places) if len(places) < 2 else f"at {len(places)} settings {say_places(places)}"


def say_span(estimate: Estimate) -> str:
    """A place or length along an axis with its limits in words.

    Args:
        estimate: in the axis's unit.
    """
    limits = f"{say_place(estimate.low)} to {say_place(estimate.high)}" if estimate.bounded else "no interval"
    return f"{say_place(estimate.value)} ({limits})"


def find_basins(plan: Plan, trials: Trials, part: Part) -> Basins | None:
    """The basins of a part whose design asks for them; None for another design, or where too little is finished.

    Args:
        plan: of the run.
        trials: its table.
        part: of the plan.

    Raises:
        LogError: the plan's design is damaged.
    """
    if part.design.get("kind") != KIND:
        return None
    place = f"plan.json, part {part.name}"
    design = Fields(dict(part.design), f"{place}, design")
    along, start = design.text("along"), design.text("start")
    metric = str(design.raw.get("outcome") or "") or plan.primary.metric
    factors = {factor.label: factor for factor in part.factors}
    starts = factors[start].levels if start in factors else ()
    if along not in factors or len(starts) != 2 or metric not in plan.metrics:
        raise LogError(
            f"{place}: found basins of {metric!r} along {along!r} from {start!r}, expected a metric and two factors of the "
            "part, the second with two levels; plan the study again"
        )
    own = trials.where((trials.part == part.name) & np.isfinite(trials.metrics[metric]))
    groups: dict[tuple[tuple[str, Level], ...], list[Cell]] = {}
    for cell in part.cells:
        others = tuple((label, level) for label, level in cell.levels.items() if label not in (along, start))
        groups.setdefault(others, []).append(cell)
    found: list[Branches] = []
    for others, cells in groups.items():
        sweeps = _gather(cells, own, metric, along, start, starts)
        if len(sweeps) > 1:
            level = design.optional_number("level")
            found.append(_branch(dict(others), sweeps, plan.metrics[metric], level))
    if not found:
        return None
    card = plan.metrics[metric]
    return Basins(part.name, metric, card.unit, along, start, (starts[0], starts[1]), tuple(found), part.null_model)


_Sweeps = dict[float, tuple[dict[int, float], dict[int, float]]]
"""Outcome by seed from either start, by setting, ascending."""


def _gather(cells: Sequence[Cell], own: Trials, metric: str, along: str, start: str, starts: tuple[Level, ...]) -> _Sweeps:
    """The outcomes of the settings that both starts have trials of."""
    found: _Sweeps = {}
    for cell in sorted(cells, key=lambda cell: float(cell.levels[along])):
        mask = own.cell == cell.cell
        both = found.setdefault(float(cell.levels[along]), ({}, {}))
        both[starts.index(cell.levels[start])].update(
            zip(own.seed[mask].tolist(), own.metrics[metric][mask].tolist(), strict=True)
        )
    return {place: both for place, both in found.items() if both[0] and both[1]}


def _branch(others: dict[str, Level], sweeps: _Sweeps, card: MetricCard, level: float | None) -> Branches:
    together = 1 - 0.05 / len(sweeps)  # Bonferroni: one interval that fails among all settings is what 5 % is of
    binary = is_binary([value for both in sweeps.values() for side in both for value in side.values()])
    settings = tuple(_set(place, both, card, together, binary) for place, both in sweeps.items())
    if level is None:
        level = (settings[0].means[0].value + settings[-1].means[1].value) / 2
    return Branches(others, settings, level, *_close(sweeps, level))


def _set(
    place: float, both: tuple[dict[int, float], dict[int, float]], card: MetricCard, level: float, binary: bool
) -> Setting:
    first, second = (np.array([side[seed] for seed in sorted(side)]) for side in both)
    shared = sorted(both[0].keys() & both[1].keys())
    paired = len(shared) > 1
    sides = [np.array([side[seed] for seed in shared]) for side in both] if paired else [first, second]
    return Setting(
        place=place,
        means=(measure(first, card), measure(second, card)),
        difference=measure_difference(oppose(sides[1], sides[0], paired), card, level),
        modes=(_ask(first, binary), _ask(second, binary)),
        values=(_show(first), _show(second)),
    )


def _ask(values: Column, binary: bool) -> Bistability | None:
    return None if binary or values.size < FEWEST else find_bistability(values[:MOST], _DRAWS)


def _show(values: Column) -> tuple[float, ...]:
    return tuple(round(value, 9) for value in values[:MOST].tolist())


def _close(sweeps: _Sweeps, level: float) -> tuple[Estimate | None, Loop | None, str]:
    """Where the start decides, and the loop, of the seeds that were run at every setting from both starts; else why not."""
    seeds = sorted(set.intersection(*(set(side) for both in sweeps.values() for side in both)))
    if len(seeds) < 2:
        return None, None, f"{len(seeds)} seeds were run at every setting from both starts; a loop needs 2."
    axis = np.array(list(sweeps))
    rising, falling = (np.array([[both[side][seed] for both in sweeps.values()] for seed in seeds]) for side in (0, 1))
    # The trend of both branches together knows nothing of the difference between them, so it cannot favour a loop.
    trend = np.sign((rising + falling)[:, -1].mean() - (rising + falling)[:, 0].mean())
    apart = np.trapezoid((falling > level).astype(np.float64) - (rising > level), axis, axis=1)
    length = float(axis[-1] - axis[0])
    decided = estimate_mean(trend * apart, bounds=Bounds(-length, length))
    try:
        loop = find_loop(axis.tolist(), rising, falling, level, paired=True)
    except StudyError:
        return (
            decided,
            None,
            f"From one of the starts no seed crosses {say_number(level)} along these settings: the loop stays open.",
        )
    stayed = (
        f"{loop.stayed // 2} of {len(seeds)} seeds never cross {say_number(level)} from one of the starts."
        if loop.stayed
        else ""
    )
    return decided, loop, stayed
