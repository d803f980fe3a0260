"""Minds of one family are computed as one: the same answers as each by itself."""

import jax.numpy as jnp
import numpy as np

from commonweal.core.named import Named
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.engine.compiled import run
from commonweal.engine.families import families
from commonweal.minds.scripted import Scripted
from commonweal.testing import Wild
from commonweal.worlds.commons import Commons


def society(*minds, shares):
    named = Named.of(*((f"mind{index}", mind) for index, mind in enumerate(minds)))
    share = Named.of(*((f"mind{index}", jnp.float32(share)) for index, share in shares))
    return Society(Commons(), named, Seating(10, share))


def test_like_minds_are_one_family_and_others_are_not():
    given = society(Scripted(), Wild(), Scripted(greed=2.0), shares=[(1, 0.3), (2, 0.3)])
    assert families(given) == [(0, 2), (1,)]


def test_each_seat_acts_by_its_own_parameters():
    log = run(society(Scripted(), Scripted(greed=3.0), shares=[(1, 0.2)]), 4, 1, record=("acts", "mind"))
    took, mind = log.traces["act.harvest"][0], log.traces["mind"][0]
    assert np.array_equal(took, np.where(mind == 1, 30, 10))
    assert mind.sum() == 2


def test_another_kind_of_mind_shifts_nobodys_draws():
    trembling = Scripted(tremble=0.5)
    alone = run(society(trembling, shares=[]), 4, 3, record=("acts",)).traces["act.harvest"]
    beside = run(society(trembling, Wild(), shares=[(1, 0.0)]), 4, 3, record=("acts",)).traces["act.harvest"]
    assert np.array_equal(alone, beside)
