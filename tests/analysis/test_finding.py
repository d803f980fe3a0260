"""A finding is an estimate with its name; JSON has no NaN, so what is not known is None."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonweal.analysis.finding import make_finding
from commonweal.statistics.inference import Estimate, estimate_mean

NUMBERS = st.floats()


@given(NUMBERS, NUMBERS, NUMBERS)
def test_what_is_not_finite_is_null_and_the_rest_stays(value, low, high):
    finding = make_finding(Estimate(value, low, high, 0.9, "m", 4), "x", "p", 3, "e", "tokens", "s")
    for found, given_ in ((finding.value, value), (finding.low, low), (finding.high, high)):
        assert found == (given_ if math.isfinite(given_) else None)
    rest = (finding.name, finding.part, finding.cell, finding.estimand, finding.level, finding.method, finding.n)
    assert rest == ("x", "p", 3, "e", 0.9, "m", 4)
    assert (finding.unit, finding.source) == ("tokens", "s")


@pytest.mark.parametrize("values", [[], [2.0], [2.0, 2.0]], ids=["no trial", "one trial", "no variation"])
def test_an_estimate_without_an_interval_has_none(values):
    finding = make_finding(estimate_mean(values), "x", "p", None, "e", "1", "s")
    assert (finding.low, finding.high) == (None, None)
    assert finding.n == len(values)
