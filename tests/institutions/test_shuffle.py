"""A shuffle keeps all that is told and breaks to whom."""

import numpy as np

from commonweal.engine.compiled import advance
from commonweal.engine.trial import begin
from commonweal.institutions.disclosure import Disclosure
from commonweal.institutions.shuffle import Shuffle
from commonweal.testing import society_for


def told(rule, ticks: int = 1, n: int = 300):
    trial = advance(begin(society_for(rules=(("news", rule),), n=n), 2), ticks)
    public = trial.state.public["news"]
    return np.asarray(public.level), np.asarray(public.known)


def test_all_that_is_told_is_the_same_and_goes_elsewhere():
    plain, mixed = told(Disclosure()), told(Shuffle(Disclosure()))
    assert np.array_equal(np.sort(plain[0]), np.sort(mixed[0]))
    assert (plain[0] != mixed[0]).mean() > 0.5
    assert abs(np.corrcoef(plain[0], mixed[0])[0, 1]) < 5 / np.sqrt(300)


def test_the_order_is_drawn_anew_each_tick():
    one, two = (told(Shuffle(Disclosure(delay=0)), ticks)[0] for ticks in (1, 2))
    assert not np.array_equal(np.argsort(one), np.argsort(two))


def test_it_speaks_as_the_rule_inside():
    rule = Disclosure(scope="contacts")
    assert Shuffle(rule).describe(()) == rule.describe(()) != ""
