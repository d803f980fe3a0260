"""Trials that differ in data alone: their cells, seeds and networks, and which of them share a shape."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array
from numpy.typing import NDArray

from commonweal.core.errors import StudyError
from commonweal.core.lens import Lens
from commonweal.core.networks import Network
from commonweal.core.seats import Links
from commonweal.core.society import Fingerprint, Society
from commonweal.engine.lanes import Lanes

Vary = tuple[tuple[Lens, Sequence[Any] | NDArray[Any]], ...]
"""What differs between trials: lenses on data or on the network, each with one value a trial."""


def _hashable(values: list[Any]) -> list[Any]:
    """The values, lists inside as tuples: a cell is found by what it is made of."""

    def frozen(value: Any) -> Any:
        return tuple(map(frozen, value)) if isinstance(value, list) else value

    return [frozen(value) for value in values] if values and isinstance(values[0], list) else values


@dataclasses.dataclass(frozen=True)
class Cell:
    """One combination of values."""

    digest: str
    """The society's."""
    make: Callable[[], Society]
    """Makes the society, where it is asked for."""


@dataclasses.dataclass(frozen=True)
class Trials:
    """Trials by number: trial i has the values `vary[j][1][i]` at the places `vary[j][0]`, and a seed.

    Raises:
        StudyError: a lens names something that shapes the program, or lengths differ.
    """

    society: Society
    vary: Vary
    seeds: Sequence[int]
    _cells: dict[tuple[Any, ...], Cell] = dataclasses.field(default_factory=dict[tuple[Any, ...], Cell], init=False)
    _networks: dict[Network | None, Links | None] = dataclasses.field(
        default_factory=dict["Network | None", "Links | None"], init=False
    )

    def __post_init__(self) -> None:
        """Refuse what cannot be run together."""
        for lens, values in self.vary:
            if lens.static(self.society):
                raise StudyError(f"{lens} shapes the program; expected data in one batch: run one batch for each of its values")
            if len(values) != len(self.seeds):
                raise StudyError(f"{lens} has {len(values)} values for {len(self.seeds)} trials; expected one a trial")

    @property
    def wired(self) -> bool:
        """Whether trials differ in their networks."""
        return any(lens.wires for lens, _ in self.vary)

    @property
    def lenses(self) -> tuple[Lens, ...]:
        """The lenses on data."""
        return tuple(lens for lens, _ in self.vary if not lens.wires)

    def values(self, rows: list[int]) -> tuple[Array, ...]:
        """The values of some trials, [r], for each of `lenses`."""
        return tuple(jnp.asarray(np.asarray(values)[rows]) for lens, values in self.vary if not lens.wires)

    @functools.cached_property
    def _levels(self) -> list[list[Any]]:
        return [list(values) if lens.wires else _hashable(np.asarray(values).tolist()) for lens, values in self.vary]

    def cell(self, row: int) -> Cell:
        """The cell of a trial, made once."""
        levels = tuple(values[row] for values in self._levels)
        if levels not in self._cells:
            make = functools.cache(functools.partial(self._made, levels))
            self._cells[levels] = Cell(make().digest if self._print is None else self._print.digest(levels), make)
        return self._cells[levels]

    def _made(self, levels: tuple[Any, ...]) -> Society:
        own = self.society
        # A whole network before a number of its recipe, which would be lost otherwise.
        for (lens, _), level in sorted(zip(self.vary, levels, strict=True), key=lambda pair: len(pair[0][0].path)):
            own = lens.set(own, level)
        return own

    @functools.cached_property
    def _print(self) -> Fingerprint | None:
        """Quick digests; None where more than arrays is varied, or one array stands at two places."""
        if self.wired:
            return None
        try:
            return Fingerprint(self.society, tuple(lens.get(self.society) for lens, _ in self.vary))
        except StudyError:
            return None

    def links(self, row: int) -> Links | None:
        """The contacts of a trial, built once and kept until `forget`."""
        seats = self.cell(row).make().seats if self.wired else self.society.seats
        if seats.network not in self._networks:
            self._networks[seats.network] = seats.links()
        return self._networks[seats.network]

    def stacked(self, rows: list[int]) -> Links | None:
        """The contacts of some trials of one shape, leaves [r, ...]; None: they do not differ."""
        if not self.wired:
            return None
        links = [self.links(row) for row in rows]
        return jax.tree.map(lambda *leaves: jnp.asarray(np.stack(leaves)), *links)

    def forget(self) -> None:
        """Keep no network of the trials so far: a sweep over many would fill the memory."""
        if self.wired:
            self._networks.clear()

    def groups(self, log_bytes: int) -> Iterator[tuple[list[int], Lanes]]:
        """Trials that can run side by side, and in how many lanes.

        They have one shape of network and are in order; only the last group of a shape has fewer trials than lanes.

        Args:
            log_bytes: what the log of one trial takes.
        """
        whole = Lanes.of(len(self.seeds), self.society.seats.n, log_bytes)
        waiting: dict[Hashable, list[int]] = {}
        full: set[Hashable] = set()
        for row in range(len(self.seeds)):
            links = self.links(row)
            shape = jax.tree.structure(links), tuple(leaf.shape for leaf in jax.tree.leaves(links))
            waiting.setdefault(shape, []).append(row)
            if len(waiting[shape]) == whole.count:
                yield waiting.pop(shape), whole
                full.add(shape)
        for shape, group in waiting.items():
            yield group, whole if shape in full else whole.for_last(len(group))
