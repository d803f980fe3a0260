"""One parameter of a rule, by the fields that lead to it: what rules that set another rule's parameter hold.

A path is read off with `locate(Audit(), Audit, lambda audit: audit.detect)`, which looks through wrappers (parts with a field
`inner`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import equinox as eqx
from jaxtyping import Array, Shaped

from commonweal.core import lens
from commonweal.core.errors import StudyError
from commonweal.core.parts import Institution

P = TypeVar("P", bound=Institution)
Path = tuple[str, ...]
"""Fields from a rule to its parameter, as `("inner", "detect")`."""


def locate(rule: Institution, kind: type[P], get: Callable[[P], Any], what: str) -> Path:
    """The path to a parameter of a rule, or of a rule inside it.

    Args:
        rule: perhaps with wrappers around it.
        kind: the class of the part that has the parameter.
        get: reads the parameter off such a part.
        what: what it is looked up for, for messages: `a vote`.

    Raises:
        StudyError: no rule of that class is inside.
    """
    path: Path = ()
    at: Any = rule
    while not isinstance(at, kind):
        if not hasattr(at, "inner"):
            raise StudyError(f"{what} on {kind.__name__} was given {type(rule).__name__}, which holds none; pass one that does")
        at, path = at.inner, (*path, "inner")
    return (*path, *lens.rule("", kind, get).path)


def check(rule: Institution, path: Path, what: str) -> None:
    """Refuse a path that leads to no single number.

    Raises:
        StudyError: a field is missing, or what stands there is no scalar array.
    """
    found: Any = rule
    for step in path:
        if not hasattr(found, step):
            raise StudyError(f"{what} on {'.'.join(path)}: {type(found).__name__} has no field {step!r}")
        found = getattr(found, step)
    if not eqx.is_array(found) or found.ndim != 0:
        raise StudyError(
            f"{what} on {'.'.join(path) or 'nothing'} of {type(rule).__name__}, which is no single number; expected a "
            "parameter that is data: name one in `on`"
        )


def read(rule: Institution, path: Path) -> Shaped[Array, ""]:
    """The parameter as the rule has it."""
    found: Any = rule
    for step in path:
        found = getattr(found, step)
    return found


def put(rule: Institution, path: Path, value: Shaped[Array, ""]) -> Institution:
    """A copy of the rule with the parameter set."""
    return cast("Institution", eqx.tree_at(lambda own: read(own, path), rule, value))
