"""What a report says of coverage: what was looked at, what was not, and where later stages went."""

import dataclasses

import pytest

from commonweal.analysis.coverage import Span, StartCoverage, Visit
from commonweal.analysis.coverage_page import say_coverage, write_coverage

FOUND = StartCoverage(
    part="map",
    design="sobol",
    factors=("x", "y"),
    cells=20,
    planned=24,
    share=0.99951,
    within=0.1414,
    even_share=1.0,
    dispersion=0.21,
    typical=0.08,
    discrepancy=0.004,
    visits=(
        Visit(0, "coverage", 16, 32, (Span("x", 0.0, 0.5, 1.0),)),
        Visit(1, "boundary", 4, 8, (Span("<b>x", 0.4, 0.5, 0.6),)),
    ),
)


def test_the_sentence_says_what_was_looked_at():
    words = say_coverage(FOUND)
    assert "20 start states of 24 planned" in words
    assert "99.9 % of the space" in words
    assert "(100 % for as many" in words
    assert "counts as not looked at" in words
    assert "one factor" in say_coverage(dataclasses.replace(FOUND, factors=("x",)))


@pytest.mark.parametrize("words", ["later stage 1", "boundary", "&lt;b&gt;x 0.4, 0.5, 0.6", "x 0, 0.5, 1"])
def test_the_table_says_where_stages_went(words):
    assert words in write_coverage(FOUND)
