"""Known answers: by hand."""

from commonweal.metrics.welfare import Welfare


def test_it_is_the_mean_gain(end, measure):
    assert measure(Welfare(), end([30, 10, 20], endowment=[10, 10, 10])) == 10.0


def test_losses_count(end, measure):
    assert measure(Welfare(), end([-5, 1], endowment=0)) == -2.0


def test_sums_beyond_32_bits_are_exact(end, measure):
    assert measure(Welfare(), end([2**31 - 1] * 6)) == 2**31 - 1
