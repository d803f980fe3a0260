"""What is written reads back as it was, whatever a science may hold; what was damaged is said."""

import dataclasses
import json
import math
import types
import typing
from collections.abc import Mapping
from typing import Any, Literal, Union

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from commonweal.analysis.finding import Finding
from commonweal.analysis.findings import Findings
from commonweal.analysis.science import Science
from commonweal.analysis.storing import decode, encode
from commonweal.core.errors import LogError

REAL = st.floats(allow_nan=False, allow_infinity=False)


@dataclasses.dataclass(frozen=True)
class Inner:
    """One of everything that a science is made of."""

    level: float | str
    levels: Mapping[str, float | str]
    number: float
    maybe: float | None
    kind: Literal["one", "two"]
    whole: int
    flag: bool


@dataclasses.dataclass(frozen=True)
class Outer:
    """Nested."""

    inner: Inner
    perhaps: Inner | None
    many: tuple[Inner, ...]
    row: tuple[str, float, int]
    rows: tuple[tuple[float, Inner], ...]


@dataclasses.dataclass(frozen=True)
class Table:
    """With a column."""

    column: NDArray[np.float64]


def strategy_of(kind: Any) -> st.SearchStrategy[Any]:
    """Any value of a type, as the fields of a science are typed."""
    origin, own = typing.get_origin(kind), typing.get_args(kind)
    if origin in (Union, types.UnionType):
        # NaN where None may stand would become None: a float has it only where there is no None.
        return st.one_of(*(st.none() if one is type(None) else REAL if one is float else strategy_of(one) for one in own))
    if origin is Literal:
        return st.sampled_from(own)
    if kind is float:
        return st.one_of(REAL, st.just(float("nan")))
    if kind in (int, str, bool):
        return {int: st.integers(-(2**40), 2**40), str: st.text(max_size=8), bool: st.booleans()}[kind]
    if origin is np.ndarray:
        return st.lists(st.one_of(REAL, st.just(math.nan)), max_size=3).map(lambda values: np.array(values, np.float64))
    if origin is tuple and own[-1] is Ellipsis:
        return st.lists(strategy_of(own[0]), max_size=2).map(tuple)
    if origin is tuple:
        return st.tuples(*(strategy_of(one) for one in own))
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return st.dictionaries(st.text(max_size=4), strategy_of(own[1]), max_size=2)
    hints = typing.get_type_hints(kind)
    return st.builds(kind, **{field.name: strategy_of(hints[field.name]) for field in dataclasses.fields(kind)})


def told(value: Any) -> Any:
    """A value in which what is NaN is equal to itself; types count."""
    if dataclasses.is_dataclass(value):
        return type(value).__name__, [told(getattr(value, field.name)) for field in dataclasses.fields(value)]
    if isinstance(value, Mapping):
        return {name: told(own) for name, own in value.items()}
    if isinstance(value, tuple):
        return tuple(told(own) for own in value)
    if isinstance(value, np.ndarray):
        return value.dtype.str, told(tuple(value.tolist()))
    return "NaN" if isinstance(value, float) and math.isnan(value) else (type(value).__name__, value)


def again(value: Any) -> Any:
    return decode(type(value), json.loads(json.dumps(encode(value), allow_nan=False)))


@given(strategy_of(Outer))
def test_whatever_is_nested_reads_back(value):
    assert told(again(value)) == told(value)


@settings(max_examples=10)
@given(strategy_of(Science))
def test_every_science_reads_back(value):
    assert told(again(value)) == told(value)


@settings(max_examples=5)
@given(strategy_of(Findings))
def test_all_findings_read_back(value):
    assert told(again(value)) == told(value)


@given(st.lists(st.one_of(REAL, st.sampled_from([math.nan, math.inf, -math.inf])), max_size=6))
def test_a_column_reads_back_and_what_is_not_finite_is_nan(values):
    column = np.array(values, dtype=np.float64)
    found = again(Table(column)).column
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, np.where(np.isfinite(column), column, np.nan))


def test_infinity_is_null_and_comes_back_as_nan_or_none():
    inner = Inner(1.0, {}, math.inf, -math.inf, "one", 3, flag=True)
    assert encode(inner) == {
        "level": 1.0, "levels": {}, "number": None, "maybe": None, "kind": "one", "whole": 3, "flag": True
    }  # fmt: skip
    assert math.isnan(again(inner).number)
    assert again(inner).maybe is None


def test_numbers_of_numpy_are_numbers():
    inner = Inner("off", {"a": np.float64(2.5)}, np.float64(0.1), np.float64("nan"), "two", np.int64(7), np.bool_(True))
    assert json.loads(json.dumps(encode(inner))) == {
        "level": "off", "levels": {"a": 2.5}, "number": 0.1, "maybe": None, "kind": "two", "whole": 7, "flag": True
    }  # fmt: skip


GOOD = {"level": "x", "levels": {"a": 1.0}, "number": 0.5, "maybe": None, "kind": "one", "whole": 3, "flag": False}


@pytest.mark.parametrize(
    ("field", "damaged"),
    [
        ("level", None), ("level", True), ("level", []), ("levels", [1]), ("levels", {"a": None}), ("number", "0.5"),
        ("number", True), ("number", 10**400), ("maybe", "x"), ("kind", "three"), ("whole", 3.5), ("whole", True),
        ("whole", None), ("flag", 1),
    ],
)  # fmt: skip
def test_a_damaged_field_is_said(field, damaged):
    decode(Inner, GOOD)
    with pytest.raises(LogError, match="Inner: found fields that do not fit"):
        decode(Inner, GOOD | {field: damaged})


@pytest.mark.parametrize("raw", [None, [], "x", 3, {}, {"inner": GOOD}])
def test_what_is_no_such_object_is_said(raw):
    with pytest.raises(LogError, match="Outer: found fields that do not fit"):
        decode(Outer, raw)


@pytest.mark.parametrize(("field", "damaged"), [("many", "words"), ("many", [1]), ("row", ["a", 1.0]), ("rows", [[1.0]])])
def test_a_damaged_tuple_is_said(field, damaged):
    good = {"inner": GOOD, "perhaps": None, "many": [GOOD], "row": ["a", 1.0, 2], "rows": [[1.0, GOOD]]}
    assert decode(Outer, good).many[0].levels == {"a": 1.0}
    with pytest.raises(LogError, match="found fields that do not fit"):
        decode(Outer, good | {field: damaged})


def test_a_field_that_a_later_version_adds_is_no_damage():
    assert decode(Inner, GOOD | {"later": 1}).whole == 3


def test_a_long_value_does_not_fill_the_message():
    with pytest.raises(LogError) as caught:
        decode(Inner, GOOD | {"whole": "x" * 10_000})
    assert len(str(caught.value)) < 300


def test_a_finding_of_estimates_1_is_still_one():
    """The rows of `estimates.json` are flat objects, which outside readers rely on (design/002)."""
    finding = Finding("survived", "p", 3, "mean", 0.5, 0.25, None, 0.95, "t", 7, "1", "s")
    assert encode(finding) == dataclasses.asdict(finding)
