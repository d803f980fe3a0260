"""What a world may tell of a tick beyond payoffs: the shapes that metrics ask for by name."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from jaxtyping import Array, Bool, Int32

from commonweal.core.arrays import Index
from commonweal.core.errors import StudyError

ONE_SHARE = 1 << 24
"""All of the influence there is, in fixed point: shares are counted in units of 2^-24."""


@runtime_checkable
class HasStock(Protocol):
    """Facts of a world with a shared stock."""

    stock: Int32[Array, ""]
    """Stock before the harvest, in units."""
    left: Int32[Array, ""]
    """Stock after the harvest, before growth."""
    capacity: Int32[Array, ""]
    """Largest stock."""
    sustainable: Int32[Array, ""]
    """Largest total harvest of this tick after which the stock grows back to what it was."""
    collapsed: Bool[Array, ""]
    """Whether the stock fell below what can recover, in this tick or before."""


@runtime_checkable
class HasInfluence(Protocol):
    """Facts of a world in which each seat has a share of the influence."""

    influence: Index
    """Share of each seat in this tick, at least 0, in units of 2^-24; all together at most 1."""


@runtime_checkable
class HasMeetings(Protocol):
    """Facts of a world in which an act is meant for one other seat."""

    target: Index
    """Whom each seat's act of this tick was meant for; -1: nobody."""
    coming: Index
    """Whom its act of the next tick will be meant for; -1: nobody."""


def require_meetings(facts: object, rule: str) -> HasMeetings:
    """The partners that a world names.

    Args:
        facts: of a tick.
        rule: whose scope is the partner, in words.

    Raises:
        StudyError: the world names none.
    """
    if not isinstance(facts, HasMeetings):
        raise StudyError(
            f"{rule} with scope 'partner' found a world whose facts are {type(facts).__name__}, which names no partners; "
            "expected facts with `target` and `coming`, as of the donor game: choose another scope, as contacts or all"
        )
    return facts
