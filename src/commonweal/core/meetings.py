"""Facts of a world that names partners: whom an act was meant for, and whom the next one will be."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from commonweal.core.arrays import Index


@runtime_checkable
class HasMeetings(Protocol):
    """Facts of a world in which an act is meant for one other seat."""

    target: Index
    """Whom each seat's act of this tick was meant for; -1: nobody."""
    coming: Index
    """Whom its act of the next tick will be meant for; -1: nobody."""
