"""A factor has levels or a range, each checked before anything runs, and says what a cell may have."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonweal.core import lens
from commonweal.core.errors import StudyError
from commonweal.lab.factors import Factor

SHARE = lens.share("other")


@pytest.mark.parametrize(
    ("given_", "message"),
    [
        ({}, "or a range low, high"),
        ({"levels": ()}, "has levels \\(\\); expected at least one"),
        ({"levels": (1, 1)}, "each once"),
        ({"levels": (1, 2), "values": (3,)}, "has 2 levels and 1 values; give one each"),
        ({"levels": (1,), "low": 0.0, "high": 2.0}, "has levels and a range; give one of the two"),
        ({"values": (), "low": 0.0, "high": 2.0}, "has levels and a range; give one of the two"),
        ({"low": 0.0}, "has the range 0.0 to None; expected low < high"),
        ({"high": 0.0}, "has the range None to 0.0; expected low < high"),
        ({"low": 1.0, "high": 1.0}, "expected low < high"),
        ({"low": 2.0, "high": 1.0}, "expected low < high"),
        ({"low": 0.0, "high": math.inf}, "both finite"),
        ({"low": -math.inf, "high": 0.0}, "both finite"),
        ({"low": math.nan, "high": 1.0}, "expected low < high"),
        ({"low": 0.0, "high": 1.0, "logarithmic": True}, "expected a low above 0"),
        ({"low": 0.5, "high": 3.0, "whole": True}, "expected whole limits"),
    ],
    ids=str,
)
def test_what_holds_nothing_is_refused(given_: dict, message: str):
    with pytest.raises(StudyError, match=f"factor 'x'.*{message}"):
        Factor("x", SHARE, **given_)


@given(low=st.floats(-1e6, 1e6), width=st.floats(1e-3, 1e6), at=st.floats(-0.5, 1.5))
def test_a_range_admits_what_lies_in_it(low: float, width: float, at: float):
    factor = Factor("x", SHARE, low=low, high=low + width)
    level = low + at * width
    assert factor.admits(level) is (factor.low <= level <= factor.high)
    assert factor.admits(factor.low)
    assert factor.admits(factor.high)
    assert factor.value(level) == level
    assert factor.ranged
    assert factor.numeric


@given(low=st.integers(-1000, 1000), width=st.integers(1, 1000), level=st.floats(-2000, 2000) | st.integers(-2000, 2000))
def test_a_range_of_whole_numbers_admits_these_alone(low: int, width: int, level: float):
    factor = Factor("x", SHARE, low=low, high=low + width, whole=True)
    assert factor.admits(level) is (low <= level <= low + width and level == math.floor(level))


def test_levels_are_admitted_as_they_stand_and_words_have_no_order():
    assert not Factor("x", SHARE, low=0.0, high=1.0).admits("0.5")
    assert not Factor("x", SHARE, low=0.0, high=1.0).admits(True)
    assert not Factor("x", SHARE, low=0.0, high=1.0).admits(math.nan)
    named = Factor("x", SHARE, ("meek", "bold"), values=(1, 2))
    assert (named.numeric, named.ranged) == (False, False)
    assert [named.admits(level) for level in ("meek", "bald", 1)] == [True, False, False]
    assert [named.value(level) for level in named.levels] == [1, 2]
    assert not Factor("x", SHARE, (False, True)).numeric
    assert Factor("x", SHARE, (1, 2.5)).numeric


def test_what_a_cell_may_have_is_said():
    assert Factor("x", SHARE, (1, 2)).words == "one of (1, 2)"
    assert Factor("x", SHARE, low=0.0, high=0.5).words == "a number from 0 to 0.5"
    assert Factor("x", SHARE, low=2, high=8, whole=True).words == "a whole number from 2 to 8"
