"""Frozen dataclasses as JSON and back, so that what one step of an analysis found is what the next one shows.

JSON has no NaN and no infinity: a float that is not finite becomes null, and null where a float is expected becomes NaN.
"""

from __future__ import annotations

import dataclasses
import functools
import math
import types
import typing
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar, Union, cast

import numpy as np

from commonweal.core.errors import LogError

T = TypeVar("T")


def encode(value: object) -> object:
    """A value of frozen dataclasses, tuples, mappings, numbers and words as JSON."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: encode(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(name): encode(own) for name, own in cast("Mapping[object, object]", value).items()}
    if isinstance(value, np.ndarray):
        return encode(value.tolist())
    if isinstance(value, (tuple, list, frozenset)):
        return [encode(own) for own in cast("Sequence[object]", value)]
    if isinstance(value, np.generic):
        return encode(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def decode(kind: type[T], raw: object) -> T:
    """The dataclass that `encode` wrote.

    Args:
        kind: the dataclass.
        raw: JSON.

    Raises:
        LogError: it does not fit.
    """
    try:
        return cast("T", _decode(kind, raw))
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise LogError(f"{kind.__name__}: found fields that do not fit ({error}). Write the estimates again.") from error


def _decode(kind: Any, raw: Any) -> Any:
    origin, own = typing.get_origin(kind), typing.get_args(kind)
    if origin in (Union, types.UnionType):
        return _decode_union(own, raw)
    if kind in (object, Any):
        return raw
    if origin is typing.Literal:
        return _expect(raw in own, raw, f"one of {own}")
    if kind is float:
        known = isinstance(raw, (int, float)) and not isinstance(raw, bool)
        return float("nan") if raw is None else float(_expect(known, raw, "a number"))
    if kind in (int, str, bool):
        return _expect(isinstance(raw, kind) and (kind is bool or not isinstance(raw, bool)), raw, kind.__name__)
    if origin is tuple:
        _expect(isinstance(raw, list), raw, "a list")
        if len(own) == 2 and own[1] is Ellipsis:
            return tuple(_decode(own[0], item) for item in raw)
        return tuple(_decode(one, item) for one, item in zip(own, raw, strict=True))
    if origin is np.ndarray:
        return np.array(raw, dtype=np.float64)
    if origin is not None and issubclass(origin, Mapping):
        return {name: _decode(own[1], item) for name, item in raw.items()}
    return kind(**{name: _decode(own, raw[name]) for name, own in _fields(kind)})


@functools.cache
def _fields(kind: type[Any]) -> tuple[tuple[str, Any], ...]:
    """Names and types of a dataclass's fields: read once, since a run has as many findings as cells."""
    hints = typing.get_type_hints(kind)
    return tuple((field.name, hints[field.name]) for field in dataclasses.fields(kind) if field.init)


def _expect(fits: bool, raw: Any, expected: str) -> Any:
    if not fits:
        raise TypeError(f"found {str(raw)[:80]!r}, expected {expected}")
    return raw


def _decode_union(kinds: tuple[Any, ...], raw: Any) -> Any:
    """The first kind of a union that fits; numbers before words, since a level is either."""
    if raw is None and type(None) in kinds:
        return None
    for kind in kinds:
        if kind is type(None):
            continue
        if kind is str and not isinstance(raw, str):
            continue
        if kind is float and (isinstance(raw, bool) or not isinstance(raw, (int, float))):
            continue
        return _decode(kind, raw)
    raise TypeError(f"found {raw!r}, expected one of {kinds}")
