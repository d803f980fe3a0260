"""Facts of a world in which seats hold influence: what metrics of power ask for by name."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from commonweal.core.arrays import Index

ONE_SHARE = 1 << 24
"""All of the influence there is, in fixed point: shares are counted in units of 2^-24."""


@runtime_checkable
class HasInfluence(Protocol):
    """Facts of a world in which each seat has a share of the influence."""

    influence: Index
    """Share of each seat in this tick, at least 0, in units of 2^-24; all together at most 1."""
