"""Known answers: by hand."""

import pytest

from commonweal.metrics.largest_share import LargestShare


@pytest.mark.parametrize(
    ("purses", "known"),
    [((1, 2, 3, 4), 0.4), ((5, 5, 5, 5), 0.25), ((0, 0, 8), 1.0), ((0, 0, 0, 0), 0.25), ((-100, 1, 3), 0.75)],
)
def test_known_answers(end, measure, purses, known):
    assert measure(LargestShare(), end(purses)) == pytest.approx(known, abs=1e-15)


def test_sums_beyond_32_bits_are_exact(end, measure):
    assert measure(LargestShare(), end([2**31 - 1] * 5)) == 0.2
