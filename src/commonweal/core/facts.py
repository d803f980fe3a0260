"""What a world may tell of a tick beyond payoffs: the shapes that metrics ask for by name."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from jaxtyping import Array, Bool, Int32


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
