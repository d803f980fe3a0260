"""A lens names one thing a society is made of, so that a study can vary it: `rule("audit", Audit, lambda a: a.detect)`.

It is typed, looks through wrappers (parts with a field `inner`) by name and type, refuses none or two matches, hashes, and
prints as `rules.audit:Audit.detect`; `parse` reads that form back, for a society that is at hand.
"""

from __future__ import annotations

import dataclasses
import difflib
import json
import re
from collections.abc import Callable, Iterator
from typing import Any, TypeVar, cast

import equinox as eqx
import jax.numpy as jnp
import numpy as np

from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.parts import Channel, HostedMind, Institution, Mind, World
from commonweal.core.seats import Seating
from commonweal.core.society import Society

P = TypeVar("P")

_SHELVES = ("world", "minds", "seats", "rules", "channel")
_STEP = re.compile(r"\.(\w+)|(\[[^\[\]]*\])")


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
    """`world`, `minds`, `seats`, `rules`, `channel`; `horizon` for how long a trial is, which is in no society."""
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
        return self._value(self.part(society))

    def set(self, society: Society, value: Any) -> Society:
        """A copy of the society with another value here, converted to the type of the one that stood.

        Raises:
            StudyError: as `get`.
        """
        if self.lasts:
            return society
        part = self.part(society)
        old = self._value(part)
        if eqx.is_array(old):
            value = jnp.asarray(value, old.dtype)
        elif isinstance(old, (bool, int, float)) and value == type(old)(value):
            value = type(old)(value)
        shelf: Any = getattr(society, self.shelf)
        root: Any = shelf[self.name] if self.name else shelf
        changed = _rewrapped(root, part, _put(part, self.path, value))
        return dataclasses.replace(society, **{self.shelf: shelf.replace(self.name, changed) if self.name else changed})

    def read(self, society: Society, text: str) -> object:
        """The value that a text means here: words, a number, `true` or `false`, or a list as JSON, of the type that stands.

        Raises:
            StudyError: as `get`, or the text means no such value, or what stands here cannot be written as text.
        """
        old = self.get(society)
        if isinstance(old, str):
            return text
        if not (isinstance(old, (bool, int, float)) or eqx.is_array(old)):
            raise StudyError(f"{self} is {type(old).__name__}, which no text can stand for; name a number or word inside it")
        like = np.asarray(old)
        try:
            value = np.asarray(json.loads(text))
            if value.shape != like.shape or np.isnan(value).any() or not _fits(value, like):
                raise ValueError
        except (ValueError, TypeError):
            what = {"b": "true or false", "i": "a whole number", "u": "a whole number"}.get(like.dtype.kind, "a number")
            many = f", {list(like.shape)} of them as JSON" if like.shape else ""
            raise StudyError(f"{self} = {text[:60]!r} cannot be read; expected {what}{many}, as {like.tolist()}") from None
        return value.tolist()

    def static(self, society: Society) -> bool:
        """Whether the value shapes the program (a size, a flag, a part) instead of being data.

        A network does not: its recipe is read on the host, and the contacts it makes are data.
        """
        return self.lasts or (not eqx.is_array(self.get(society)) and not self.wires)

    @property
    def lasts(self) -> bool:
        """Whether it names how many ticks a trial has: a matter of the trial, and the society stays as it is."""
        return self.shelf == "horizon"

    @property
    def wires(self) -> bool:
        """Whether it names the network, or a number of its recipe."""
        return self.shelf == "seats" and self.path[:1] == ("network",)

    def part(self, society: Society) -> Any:
        """The part that holds the value, inside its wrappers.

        Raises:
            StudyError: there is no such part, or two.
        """
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


def _fits(value: np.ndarray[Any, Any], like: np.ndarray[Any, Any]) -> bool:
    """Whether numbers can be held by the type of others without loss (of whole numbers and truth values)."""
    if like.dtype.kind not in "iu":
        return value.dtype.kind in ("b" if like.dtype.kind == "b" else "iuf")
    bounds = np.iinfo(like.dtype)
    return value.dtype.kind in "iu" and bool(((value >= bounds.min) & (value <= bounds.max)).all())


def parse(text: str, society: Society) -> Lens:
    """The lens that prints as this text, on a part of this society.

    Args:
        text: as in `rules.audit:Audit.detect`, `world.growth`, `seats.share[ruthless]`; the class of a world or channel may be
            named too, as in `world:Commons.growth`.
        society: whose parts are meant.

    Raises:
        StudyError: it names nothing in this society; the message lists what there is.
    """
    shelf, place = next(((own, text[len(own) :]) for own in _SHELVES if re.match(rf"{own}(?!\w)", text)), ("", ""))
    held: Any = getattr(society, shelf, None)
    name, root = "", held
    if isinstance(held, Named):
        fitting = [own for own in held.names if re.match(rf"\.{re.escape(own)}(?=:|$)", place)]
        name = max(fitting, key=len, default="")
        root, place = (held[name], place[len(name) + 1 :]) if name else (None, "")
    match = re.fullmatch(r"(?::(\w+))?((?:\.\w+|\[[^\[\]]*\])*)", place)
    if root is None or match is None or (name and match[2] and not match[1]):
        raise _unknown(text, society)
    kinds = [kind for part in _chain(root) for kind in type(part).__mro__ if kind.__name__ == match[1]]
    if match[1] and not kinds:
        raise _unknown(text, society)
    kind = kinds[0] if kinds else object if name else type(root)
    found = Lens(shelf, name, kind, tuple(step[0] or step[1] for step in _STEP.findall(match[2])))
    part = found.part(society)
    for step in found.path:
        # Fields alone are walked into: an array, a word or a class has attributes that are no part of a society.
        named = isinstance(part, Named) and step.startswith("[") and step[1:-1] in part
        if not named and step not in _fields(part):
            raise _unknown(text, society)
        part = part[step[1:-1]] if named else getattr(part, step)
    return found


def _fields(value: Any) -> tuple[str, ...]:
    """Names of a part's fields; none of what is no part."""
    return tuple(item.name for item in dataclasses.fields(value)) if dataclasses.is_dataclass(value) else ()


def _unknown(text: str, society: Society) -> StudyError:
    """What there is instead of what was named: on the same shelf, where that is one."""
    there = places(society)
    near = difflib.get_close_matches(text, there, 1)
    hint = f"; did you mean {near[0]}?" if near else "."
    shelf = tuple(own for own in there if re.split(r"\W", own)[0] == re.split(r"\W", text)[0])
    return StudyError(f"{text[:80]!r} names nothing of this society{hint} Expected one of {', '.join(shelf or there)}")


def places(society: Society) -> tuple[str, ...]:
    """Every value of a society that a text can stand for (see `Lens.read`), by the printed form of its lens."""
    found: list[str] = []
    for shelf in _SHELVES:
        held: Any = getattr(society, shelf)
        for name, root in held.items() if isinstance(held, Named) else [("", held)]:
            for part in _chain(root):
                found += [str(Lens(shelf, name, type(part), path)) for path in _values(part, ()) if path]
    return tuple(found)


def _values(value: Any, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Paths to the numbers, truth values and words inside a part, but not inside the part that it wraps."""
    if isinstance(value, (str, bool, int, float)) or eqx.is_array(value):
        yield path
    elif isinstance(value, Named):
        for name, child in cast("Named[Any]", value).items():
            yield from _values(child, (*path, f"[{name}]"))
    elif dataclasses.is_dataclass(value):
        for item in dataclasses.fields(value):
            if item.name not in ("inner", "model"):
                yield from _values(getattr(value, item.name), (*path, item.name))


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


def horizon() -> Lens:
    """How many ticks a trial has, in place of what the study's part says; its levels are whole numbers of at least 1."""
    return Lens("horizon", "", Society, ())


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
