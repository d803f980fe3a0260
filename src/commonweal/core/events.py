"""Events: typed, versioned facts of a trial that are worth a line of their own."""

from __future__ import annotations

from dataclasses import dataclass

VERSION = 1
"""Version of the events' meaning and layout, written in every log's header."""

KINDS = {
    "collapse": "the world's stock fell below what can recover",
    "birth": "a new mind was seated",
    "extinction": "a mind lost its last seat: values = [its place in the society], words = its name",
    "fixation": "a mind came to hold all seats: values = [its place in the society], words = its name",
    "say": "a seat said something: values = [handle]",
    "default": "a seat was asked and gave no legal answer: the default stood",
    "repair": "an answer could be read only after a repair",
    "refused": "a model refused to answer",
}
"""What each kind of event means."""


@dataclass(frozen=True)
class Event:
    """One fact of a trial."""

    tick: int
    """The tick, from 0."""
    kind: str
    """One of `KINDS`."""
    agent: int | None = None
    """The seat, where one is meant."""
    values: tuple[int, ...] = ()
    """Its numbers; what they are, the kind says."""
    words: str = ""
    """The fact in words."""
