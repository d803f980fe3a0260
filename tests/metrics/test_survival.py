"""Known answers: by definition."""

from commonweal.core.facts import HasStock
from commonweal.metrics.survival import Survival


def test_a_stock_that_never_collapses_survives(month, measure):
    assert measure(Survival(), *[month([10] * 5)] * 12) == 1.0


def test_a_collapse_is_final_even_in_the_last_month(month, measure):
    assert measure(Survival(), month([10] * 5), month([20] * 5, 0, collapsed=True)) == 0.0


def test_it_reads_what_a_commons_tells(month):
    assert Survival.needs == (HasStock,)
    assert isinstance(month([10] * 5).facts, HasStock)
