"""Events that follow from what a trial logged anyway, so that both engines tell the same: collapses, words, takeovers."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from commonweal.core.events import Event
from commonweal.engine.log import Series


def collapse(readings: Mapping[str, Series]) -> list[Event]:
    """The tick at which a shared stock was lost, where the world tells of one."""
    fell = readings.get("world.collapsed")
    if fell is None or not fell.any():
        return []
    return [Event(int(np.flatnonzero(fell)[0]), "collapse", words="the stock fell below what can recover")]


def spoken(traces: Mapping[str, NDArray[np.int64]], questions: tuple[str, ...]) -> list[Event]:
    """Who said what, where acts are traced.

    Args:
        traces: `act.*` and `answered.*`, [t, a].
        questions: names of the questions whose answers are words.
    """
    events: list[Event] = []
    for name in questions:
        act, answered = traces.get(f"act.{name}"), traces.get(f"answered.{name}")
        if act is not None and answered is not None:
            for tick, agent in np.argwhere((act >= 0) & (answered > 0)):
                events.append(Event(int(tick), "say", int(agent), (int(act[tick, agent]),)))
    return events


def takeovers(readings: Mapping[str, Series], ends: Mapping[str, Series], minds: tuple[str, ...], n: int) -> list[Event]:
    """Extinctions and fixations: a mind that had seats, but not all, has none or all after a tick.

    Args:
        readings: `minds.*`, seats that each mind held in each tick, where rules move minds.
        ends: `seated.*`, seats that it holds after the last one, [1].
        minds: names of the society's minds.
        n: seats of the society.
    """
    names = [name for name in minds if f"minds.{name}" in readings]
    if not names:
        return []
    held = np.stack([np.concatenate([readings[f"minds.{name}"], ends[f"seated.{name}"]]) for name in names])
    events: list[Event] = []
    for kind, all_seats in (("extinction", 0), ("fixation", n)):
        there = held == all_seats
        for row, tick in zip(*np.nonzero(there[:, 1:] & ~there[:, :-1]), strict=True):
            events.append(Event(int(tick), kind, None, (minds.index(names[row]),), names[row]))
    return events
