"""A lens names one thing a society is made of, so that a study can vary it: `rule("audit", Audit, lambda a: a.detect)`.

It is typed, looks through wrappers (parts with a field `inner`) by name and type, refuses none or two matches, hashes, and
prints as `rules.audit:Audit.detect`.
"""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Callable
from typing import Any, TypeVar, cast

import equinox as eqx
import jax.numpy as jnp

from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.parts import Channel, HostedMind, Institution, Mind, World
from commonweal.core.seats import Seating
from commonweal.core.society import Society

P = TypeVar("P")


class _Path:
    """Records which attributes a function reads, one after the other."""

    def __init__(self, steps: tuple[str, ...]) -> None:
        """Start from steps taken so far."""
        object.__setattr__(self, "_steps", steps)

    def __getattr__(self, name: str) -> _Path:
        """One more step."""
        return _Path((*cast("tuple[str, ...]", object.__getattribute__(self, "_steps")), name))

    def __getitem__(self, name: str) -> _Path:
        """One more step, into a Named."""
        return _Path((*cast("tuple[str, ...]", object.__getattribute__(self, "_steps")), f"[{name}]"))


@dataclasses.dataclass(frozen=True)
class Lens:
    """The place of one value in a society."""

    shelf: str
    """`world`, `minds`, `seats`, `rules`, `channel`."""
    name: str
    """The part's name on its shelf; empty for the world, the seats and the channel."""
    kind: type
    """The part's class."""
    path: tuple[str, ...]
    """Attributes from the part to the value; `[name]` steps into a Named."""

    def __str__(self) -> str:
        """As in `rules.audit:Audit.detect`."""
        place = f"{self.shelf}.{self.name}" if self.name else self.shelf
        place += f":{self.kind.__name__}" if self.name and self.path else ""
        steps = "".join(step if step.startswith("[") else f".{step}" for step in self.path)
        return place + steps

    def get(self, society: Society) -> Any:
        """The value in this society.

        Raises:
            StudyError: there is no such part, or two, or it has no such field.
        """
        return self._value(self._part(society))

    def set(self, society: Society, value: Any) -> Society:
        """A copy of the society with another value here, converted to the type of the one that stood.

        Raises:
            StudyError: as `get`.
        """
        part = self._part(society)
        old = self._value(part)
        if eqx.is_array(old):
            value = jnp.asarray(value, old.dtype)
        elif isinstance(old, (bool, int, float)) and value == type(old)(value):
            value = type(old)(value)
        shelf: Any = getattr(society, self.shelf)
        root: Any = shelf[self.name] if self.name else shelf
        changed = _rewrapped(root, part, _put(part, self.path, value))
        return dataclasses.replace(society, **{self.shelf: shelf.replace(self.name, changed) if self.name else changed})

    def static(self, society: Society) -> bool:
        """Whether the value shapes the program (a size, a flag, a part) instead of being data.

        A network does not: its recipe is read on the host, and the contacts it makes are data.
        """
        return not eqx.is_array(self.get(society)) and not self.wires

    @property
    def wires(self) -> bool:
        """Whether it names the network, or a number of its recipe."""
        return self.shelf == "seats" and self.path[:1] == ("network",)

    def _part(self, society: Society) -> Any:
        shelf: Any = getattr(society, self.shelf)
        root: Any = shelf[self.name] if isinstance(shelf, Named) else shelf
        found = _of_kind(root, self.kind)
        if len(found) != 1:
            seen = ", ".join(type(part).__name__ for part in _chain(root))
            raise StudyError(
                f"{self} matches {len(found)} parts; found {seen}; expected exactly one {self.kind.__name__}: name its class"
            )
        return found[0]

    def _value(self, part: Any) -> Any:
        value = part
        for step in self.path:
            if step.startswith("["):
                value = value[step[1:-1]]
            elif not hasattr(value, step):
                names = [item.name for item in dataclasses.fields(value)]
                near = difflib.get_close_matches(step, names, 1)
                hint = f"; did you mean {near[0]}?" if near else ""
                raise StudyError(f"{self}: {type(value).__name__} has no field {step!r}; expected one of {names}{hint}")
            else:
                value = getattr(value, step)
        return value


def _chain(part: Any) -> list[Any]:
    parts = [part]
    while hasattr(parts[-1], "inner"):
        parts.append(parts[-1].inner)
    return parts


def _of_kind(root: Any, kind: type) -> list[Any]:
    return [root] if kind is object else [part for part in _chain(root) if isinstance(part, kind)]


def _rewrapped(root: Any, part: Any, changed: Any) -> Any:
    """The chain of wrappers from `root` down to `part`, with `part` changed."""
    return changed if root is part else dataclasses.replace(root, inner=_rewrapped(root.inner, part, changed))


def _put(part: Any, path: tuple[str, ...], value: Any) -> Any:
    if not path:
        return value
    step = path[0]
    if step.startswith("["):
        return part.replace(step[1:-1], _put(part[step[1:-1]], path[1:], value))
    return dataclasses.replace(part, **{step: _put(getattr(part, step), path[1:], value)})


def _path(get: Callable[[Any], Any]) -> tuple[str, ...]:
    return cast("tuple[str, ...]", object.__getattribute__(get(_Path(())), "_steps"))


def world(kind: type[P], get: Callable[[P], Any]) -> Lens:
    """A parameter of the world."""
    _check(kind, World)
    return Lens("world", "", kind, _path(get))


def mind(name: str, kind: type[P], get: Callable[[P], Any]) -> Lens:
    """A parameter of a mind."""
    _check(kind, (Mind, HostedMind))
    return Lens("minds", name, kind, _path(get))


def rule(name: str, kind: type[P], get: Callable[[P], Any]) -> Lens:
    """A parameter of an institution, also inside wrappers."""
    _check(kind, Institution)
    return Lens("rules", name, kind, _path(get))


def channel(kind: type[P], get: Callable[[P], Any]) -> Lens:
    """A parameter of the channel."""
    _check(kind, Channel)
    return Lens("channel", "", kind, _path(get))


def share(name: str) -> Lens:
    """The share of the seats of a mind other than the first, 0 to 1."""
    return Lens("seats", "", Seating, ("share", f"[{name}]"))


def size() -> Lens:
    """How many seats there are; only in societies without groups and cards, which would have to grow too."""
    return Lens("seats", "", Seating, ("n",))


def graph() -> Lens:
    """The network as a whole: its levels are networks."""
    return Lens("seats", "", Seating, ("network",))


def graph_seed() -> Lens:
    """Which of the random networks of the society's recipe, a whole number."""
    return Lens("seats", "", Seating, ("network", "seed"))


def whole_mind(name: str) -> Lens:
    """A mind as a whole: its levels are minds."""
    return Lens("minds", name, object, ())


def _check(kind: type, shelf: type | tuple[type, ...]) -> None:
    if not issubclass(kind, shelf):
        raise StudyError(
            f"a lens was given {kind.__name__}, which does not belong on that shelf; expected a subclass of {shelf}"
        )
