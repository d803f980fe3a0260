"""An ordered set of named values: rules, menus, acts and readings are looked up by name, never by position.

A dict inside a pytree comes back with its keys sorted (jax sorts them), so order and duplicates would be lost: hence this.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

import equinox as eqx

from commonweal.core.errors import StudyError

T = TypeVar("T")
U = TypeVar("U")


class Named(eqx.Module, Generic[T]):
    """Values in a fixed order, each under a name that occurs once.

    Raises:
        StudyError: two values have one name, or a name that is not there is asked for.
    """

    names: tuple[str, ...] = eqx.field(static=True)
    """The names, in order."""
    values: tuple[T, ...]
    """The values, in the same order."""

    def __check_init__(self) -> None:
        """Refuse a name that occurs twice."""
        twice = sorted({name for name in self.names if self.names.count(name) > 1})
        if twice:
            raise StudyError(f"two parts are named {twice[0]!r}; expected every name once: rename one of them")
        if len(self.names) != len(self.values):
            raise StudyError(f"found {len(self.names)} names for {len(self.values)} values; expected one name a value")

    @staticmethod
    def of(*pairs: tuple[str, U]) -> Named[U]:
        """Make one from (name, value) pairs, in order."""
        return Named(tuple(name for name, _ in pairs), tuple(value for _, value in pairs))

    def __getitem__(self, name: str) -> T:
        """The value under this name."""
        if name not in self.names:
            near = difflib.get_close_matches(name, self.names, 3)
            hint = f"; did you mean {', '.join(near)}?" if near else ""
            raise StudyError(f"nothing is named {name!r}; expected one of {', '.join(self.names) or 'none'}{hint}")
        return self.values[self.names.index(name)]

    def __contains__(self, name: object) -> bool:
        """Whether a value has this name."""
        return name in self.names

    def __iter__(self) -> Iterator[str]:
        """The names, in order."""
        return iter(self.names)

    def __len__(self) -> int:
        """How many there are."""
        return len(self.names)

    def items(self) -> Iterator[tuple[str, T]]:
        """(name, value) pairs, in order."""
        return zip(self.names, self.values, strict=True)

    def get(self, name: str) -> T | None:
        """The value under this name, or None."""
        return self[name] if name in self.names else None

    def add(self, name: str, value: T) -> Named[T]:
        """A copy with one more value at the end; the name must be new."""
        return Named((*self.names, name), (*self.values, value))

    def replace(self, name: str, value: T) -> Named[T]:
        """A copy with another value under a name that is there."""
        self[name]
        return Named(self.names, tuple(value if own == name else old for own, old in self.items()))

    def map(self, change: Callable[[T], U]) -> Named[U]:
        """A copy with every value changed by a function."""
        return Named(self.names, tuple(change(value) for value in self.values))
