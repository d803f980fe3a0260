"""Known answers: GovSim's formula: the fair share 0, all take all 1.0; and by hand."""

from commonweal.metrics.over_use import OverUse


def test_the_fair_share_is_no_over_use(month, measure):
    assert measure(OverUse(), *[month([10] * 5)] * 12) == 0.0


def test_all_take_all_is_all_over_use(month, measure):
    dead = month([0] * 5, 0, collapsed=True, asked=[False] * 5)
    assert measure(OverUse(), month([100] * 5, 0, collapsed=True), *[dead] * 11) == 1.0


def test_one_unit_too_many_counts(month, measure):
    assert measure(OverUse(), month([11, 10, 9, 0, 10]), month([11, 12, 10, 10, 10])) == 0.3


def test_nobody_asked(month, measure):
    assert measure(OverUse(), month([20] * 5, asked=[False] * 5)) == 0.0
