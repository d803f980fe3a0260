"""JSON that is not as it should be is named with its file and place."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonweal.analysis.fields import Fields
from commonweal.core.errors import LogError

JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=3)),
    max_leaves=5,
)
KINDS = {
    "text": lambda value: isinstance(value, str),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "flag": lambda value: isinstance(value, bool),
    "entries": lambda value: isinstance(value, list),
    "inner": lambda value: isinstance(value, dict),
    "optional_number": lambda value: value is None or (isinstance(value, int | float) and not isinstance(value, bool)),
    "optional": lambda value: value is None or isinstance(value, list),
    "whole": lambda value: isinstance(value, int | float) and not isinstance(value, bool) and float(value).is_integer(),
}


@given(JSON, st.sampled_from(sorted(KINDS)))
def test_a_field_is_taken_exactly_where_it_is_of_its_kind(value, kind):
    fields = Fields({"x": value}, "plan.json")
    if KINDS[kind](value):
        getattr(fields, kind)("x")
    else:
        with pytest.raises(LogError, match=r"^plan\.json\.x: found "):
            getattr(fields, kind)("x")


def test_a_missing_field_is_named_and_optional_ones_may_miss():
    fields = Fields({}, "plan.json")
    with pytest.raises(LogError, match=r"plan\.json\.seeds: found null, expected a number"):
        fields.number("seeds")
    assert fields.optional_number("seeds") is None
    assert fields.optional("seeds") == []


def test_a_place_grows_as_one_goes_in():
    fields = Fields({"parts": [{"cells": []}, {"cells": 3}]}, "plan.json")
    first, second = fields.items("parts")
    assert first.entries("cells") == []
    with pytest.raises(LogError, match=r"^plan\.json\.parts\[1\]\.cells: found 3, expected a list"):
        second.entries("cells")
    with pytest.raises(LogError, match=r"^plan\.json\.study: found null, expected an object"):
        fields.inner("study")


@pytest.mark.parametrize("raw", [None, 3, "x", [], True])
def test_what_is_no_object_is_refused(raw):
    with pytest.raises(LogError, match=r"^x\.json: found .* expected an object"):
        Fields(raw, "x.json")


def test_values_come_as_their_types():
    fields = Fields({"n": 3, "words": ["a", 1, None], "pair": [0, 2.5]}, "x")
    assert (fields.number("n"), type(fields.number("n")), fields.whole("n")) == (3.0, float, 3)
    assert type(fields.whole("n")) is int
    assert fields.texts("words") == ("a", "1", "None")
    assert fields.pair("pair") == (0.0, 2.5)


@pytest.mark.parametrize("value", [[], [1], [1, 2, 3], [1, "2"], [True, 1], [1, math.nan], [1, math.inf], "12", {}, None])
def test_a_pair_is_two_finite_numbers(value):
    with pytest.raises(LogError, match=r"^x\.range: found .* expected a list"):
        Fields({"range": value}, "x").pair("range")


def test_a_long_value_does_not_fill_the_message():
    with pytest.raises(LogError) as caught:
        Fields({"x": "a" * 10_000}, "f").number("x")
    assert len(str(caught.value)) < 300
