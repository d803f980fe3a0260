"""Planted minds: fair while they are watched, as they like while they are not."""

import numpy as np

from commonweal.channels.broadcast import Broadcast
from commonweal.core.named import Named
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.engine.compiled import run
from commonweal.institutions.notice import Notice
from commonweal.minds.scripted import Scripted
from commonweal.minds.two_faced import TwoFaced
from commonweal.worlds.commons import Commons


def harvests(mind, reach: float | None) -> np.ndarray:
    rules = Named((), ()) if reach is None else Named.of(("notice", Notice(reach)))
    return run(Society(Commons(), Named.of(("own", mind)), Seating(10), rules), 1, 4, record=("acts",)).traces["act.harvest"]


def test_it_takes_the_fair_share_while_it_is_watched():
    """20 units a seat: 15 are 1.5 fair shares; from the second month on it is watched and takes half of what is there."""
    found = harvests(TwoFaced(Scripted(greed=1.5)), 1.0)
    assert (found[0] == 15).all()
    assert (found[1] == 5).all()  # 5 were left of 20 and doubled: 10, of which the fair share is 5


def test_unwatched_it_is_the_mind_inside_with_and_without_a_notice():
    free, silent = harvests(TwoFaced(Scripted(greed=1.5)), None), harvests(TwoFaced(Scripted(greed=1.5)), 0.0)
    assert np.array_equal(free, silent)
    bare = harvests(Scripted(greed=1.5), None)  # other draws, between the same two whole amounts
    assert np.abs(free - bare).max() <= 1
    assert np.abs(free.sum(1) - bare.sum(1)).max() <= 5


def test_watched_it_announces_what_it_does():
    society = Society(
        Commons(), Named.of(("own", TwoFaced(Scripted(greed=1.5)))), Seating(4), Named.of(("notice", Notice())), Broadcast()
    )
    said = run(society, 1, 2, record=("acts",)).traces["act.say"]
    honest = Society(Commons(), Named.of(("own", Scripted())), Seating(4), channel=Broadcast())
    assert (said[1] == run(honest, 1, 1, record=("acts",)).traces["act.say"][0]).all()
