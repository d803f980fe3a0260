"""The share of decisions outside a record, from what minds counted."""

import dataclasses

import jax.numpy as jnp
import numpy as np

from commonweal.core.named import Named
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.engine.compiled import run
from commonweal.metrics.off_record import OffRecord
from commonweal.minds.record import Record
from commonweal.minds.recorded import Recorded
from commonweal.minds.scripted import Scripted
from commonweal.worlds.network_game import NetworkGame


def test_the_value_is_the_share():
    metric = OffRecord()
    readings = {"outside": np.asarray([1, 2, 0]), "decided": np.asarray([4, 4, 4])}
    assert metric.value(readings) == 0.25
    assert metric.value({name: 0 * series for name, series in readings.items()}) == 0.0


def test_only_seats_that_a_recorded_mind_holds_are_counted():
    # 3 of 10 seats hold the mind, whose record has nothing but the first round: 2 of 3 ticks are outside.
    first = np.zeros((3, 3, 2), int)
    first[0, 0] = 1
    minds = Named.of(("plain", Scripted()), ("recorded", Recorded(Record(first))))
    society = Society(NetworkGame(), minds, Seating(10, Named.of(("recorded", jnp.float32(0.3)))))
    log = run(society, 1, 3, Named.of(("off", OffRecord())))
    assert log.readings["off.decided"].tolist() == [3, 3, 3]
    assert log.readings["off.outside"].tolist() == [0, 3, 3]
    assert log.values["off"] == 2 / 3
    plain = dataclasses.replace(society, minds=minds.replace("recorded", Scripted(level=0.0)))
    assert run(plain, 1, 3, Named.of(("off", OffRecord()))).values["off"] == 0.0
