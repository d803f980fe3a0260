"""A society: world, minds, seats, institutions and channel, as one frozen value that can be run, hashed, printed and forked."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterator
from typing import Any, ClassVar

import equinox as eqx
import numpy as np

from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.parts import Channel, HostedMind, Institution, Mind, NoChannel, World
from commonweal.core.seats import Seating

Part = World | Mind | HostedMind | Institution | Channel


class Society(eqx.Module):
    """World + minds + seats + institutions + channel.

    Raises:
        StudyError: no mind, two parts with one name, or a share for a mind that is not there.
    """

    version: ClassVar[int] = 1
    world: World
    minds: Named[Mind | HostedMind]
    """The minds, by name; the first takes the seats that no share names."""
    seats: Seating
    rules: Named[Institution] = Named((), ())
    """The institutions, by name, in the order in which they settle."""
    channel: Channel = NoChannel()

    def __check_init__(self) -> None:
        """Refuse a society that cannot be seated."""
        if not self.minds.names:
            raise StudyError("a society without minds; expected at least one")
        for name in self.seats.share:
            self.minds[name]
            if name == self.minds.names[0]:
                raise StudyError(
                    f"a share is given for {name!r}, the first mind; expected shares of the others: the first takes the rest"
                )

    @property
    def hosted(self) -> bool:
        """Whether a mind of it lives outside the compiled program."""
        return any(isinstance(mind, HostedMind) for mind in self.minds.values)

    @property
    def digest(self) -> str:
        """SHA-256 of everything that the society is: parts, versions, parameters, and the digests of its models."""
        return Fingerprint(self, ()).digest(())

    def __str__(self) -> str:
        """The society in a few lines: every part with its parameters."""
        rows = [f"world    {_show(self.world)}"]
        rows += [f"mind     {name}: {_show(mind)}" for name, mind in self.minds.items()]
        rows += [f"seats    {_show(self.seats)}"]
        rows += [f"rule     {name}: {_show(rule)}" for name, rule in self.rules.items()]
        rows += [f"channel  {_show(self.channel)}"]
        return "\n".join(rows)


class Fingerprint:
    """Digests of societies that differ in some numbers alone: all the rest is read once.

    Raises:
        StudyError: a place is not one array of the society, or stands in it twice.
    """

    def __init__(self, society: Society, places: tuple[Any, ...]) -> None:
        """Read a society.

        Args:
            society: what they have in common.
            places: arrays of this society, the very objects, whose values differ.
        """
        self._fixed: list[bytes] = []
        self._varied: list[tuple[int, str, np.dtype[Any]]] = []
        lines: list[bytes] = []
        for path, value, line in _lines("society", society):
            own = [index for index, place in enumerate(places) if place is value]
            if own:
                self._fixed.append(b"".join(lines))
                self._varied.append((own[0], path, np.asarray(value).dtype))
                lines = []
            else:
                lines.append(line + b"\n")
        self._fixed.append(b"".join(lines))
        if sorted(index for index, _, _ in self._varied) != list(range(len(places))):
            raise StudyError("a digest was asked of places that are not one array each of the society; name each array once")

    def digest(self, values: tuple[Any, ...]) -> str:
        """The digest of the society with these values at the places, in their order."""
        found = hashlib.sha256(self._fixed[0])
        for (index, path, kind), fixed in zip(self._varied, self._fixed[1:], strict=True):
            found.update(_array_line(path, np.asarray(values[index], kind)) + b"\n" + fixed)
        return f"sha256:{found.hexdigest()}"


def part_name(part: object) -> str:
    """The name of a part for files and the command line: its module's last name and its class, as `commons:Commons`."""
    kind = type(part)
    return f"{kind.__module__.rsplit('.', 1)[-1].replace('_', '-')}:{kind.__qualname__}"


def _fields(value: object) -> Iterator[tuple[str, Any]]:
    for item in dataclasses.fields(value):  # pyright: ignore[reportArgumentType]
        yield item.name, getattr(value, item.name)


def _lines(path: str, value: Any) -> Iterator[tuple[str, Any, bytes]]:
    """Every field of a value: its path, itself, and its canonical line of path, type and bytes."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        version = getattr(value, "version", 0)
        outside = getattr(value, "digest", "") if isinstance(value, HostedMind) else ""
        yield path, value, f"{path}={type(value).__module__}.{type(value).__qualname__}/{version}{outside}".encode()
        for name, child in _fields(value):
            if not (isinstance(value, HostedMind) and name in value.bound):
                yield from _lines(f"{path}.{name}", child)
    elif isinstance(value, tuple):
        yield path, value, f"{path}=tuple/{len(value)}".encode()
        for index, child in enumerate(value):
            yield from _lines(f"{path}[{index}]", child)
    elif eqx.is_array_like(value) and not isinstance(value, (bool, int, float)):
        yield path, value, _array_line(path, np.asarray(value))
    elif callable(value):
        yield path, value, f"{path}={value.__module__}.{value.__qualname__}".encode()
    else:
        yield path, value, f"{path}={type(value).__name__}:{value!r}".encode()


def _array_line(path: str, array: np.ndarray[Any, Any]) -> bytes:
    data = hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest() if array.size > 16 else str(array.tolist())
    return f"{path}={array.dtype}{array.shape}:{data}".encode()


def _show(value: Any) -> str:
    """A value in words: class and parameters, long arrays by shape."""
    if isinstance(value, Named):
        return "{" + ", ".join(f"{name}: {_show(child)}" for name, child in value.items()) + "}"
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        inside = ", ".join(f"{name}={_show(child)}" for name, child in _fields(value) if child is not None)
        return f"{type(value).__name__}({inside})"
    if isinstance(value, tuple):
        return "(" + ", ".join(_show(child) for child in value) + ")"
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        array = np.asarray(value)
        if array.ndim == 0:
            return f"{array.item():g}"
        return str(array.tolist()) if array.size <= 8 else f"{array.dtype}{list(array.shape)}"
    return repr(value)
