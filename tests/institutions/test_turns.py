"""Asynchronous turns: who waits does once more what it did."""

import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.networks import Ring
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.core.streams import Key
from commonweal.engine.compiled import run
from commonweal.institutions.turns import Turns, kinds_of
from commonweal.testing import Wild
from commonweal.worlds.commons import Commons
from commonweal.worlds.network_game import NetworkGame

HARVEST = (("harvest", "int32"),)


def acts(rate: float, n: int = 200, ticks: int = 40) -> np.ndarray:
    """What random choosers of a two-act game do, [t, a]."""
    rules = Named.of(("turns", Turns(rate, (("act", "int32"),))))
    society = Society(NetworkGame(), Named.of(("wild", Wild())), Seating(n, network=Ring(2)), rules)
    return run(society, 3, ticks, record=("acts",)).traces["act.act"]


def test_acts_change_as_often_as_turns_and_choices_allow():
    """A seat that moves chooses its other act half of the time: acts change with probability rate / 2, to 5 standard errors."""
    for rate in (0.0, 0.3):
        series = acts(rate)
        changed = (series[1:] != series[:-1]).mean()
        assert abs(changed - rate / 2) <= 5 * np.sqrt(rate / 2 * (1 - rate / 2) / series[1:].size)


def test_everybody_moves_at_the_first_tick():
    """At rate 0 nobody ever changes what it did first, which random choosers do half and half."""
    series = acts(0.0)
    assert (series == series[0]).all()
    assert abs(series[0].mean() - 0.5) < 5 * 0.5 / np.sqrt(200)


def test_an_act_that_is_no_longer_legal_does_not_stand():
    society = Society(Commons(), Named.of(("wild", Wild())), Seating(8), Named.of(("turns", Turns(0.0, HARVEST))))
    log = run(society, 5, 3, record=("acts", "payoff"))
    assert (log.traces["payoff"][1:] == 0).all()  # random harvests empty the stock; what is gone is not harvested once more
    assert (log.traces["payoff"] >= 0).all()


def test_the_questions_that_can_be_held():
    def kinds(world, network=None):
        seating = Seating(12, network=network)
        seats = seating.seat(("one",), seating.links(), Key.root(0))
        start = world.reset(Key.root(0), seats)
        return kinds_of(world.menu(start.state, seats, start.endowment))

    assert kinds(Commons()) == HARVEST
    assert kinds(NetworkGame(), Ring(2)) == (("act", "int32"),)
    assert kinds(NetworkGame(per_contact=True), Ring(4)) == (("act", "uint8"),)


def test_in_words():
    rule = Turns(0.5, HARVEST)
    assert "probability 0.5" in rule.describe(rule.begin(Seating(3).seat(("one",), None, Key.root(0))))
    assert Turns(1.0, HARVEST).describe(None) == Turns(0.5).describe(None) == ""


def test_a_rate_out_of_range_is_refused():
    with pytest.raises(StudyError, match="from 0 to 1"):
        Turns(1.5)
    assert float(Turns(jnp.float32(0.25)).rate) == 0.25
