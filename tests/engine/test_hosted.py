"""The hosted engine: the compiled engine's log for scripted minds; any concurrency; bad answers are data."""

import asyncio

import jax.numpy as jnp
import numpy as np

from commonweal.channels.broadcast import Broadcast
from commonweal.core.named import Named
from commonweal.core.parts import HostedMind
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.core.views import HostedDecision, Incident
from commonweal.engine.compiled import run
from commonweal.engine.hosted import LONGEST, advance, run_hosted, run_sync, storable
from commonweal.engine.saved import load, save
from commonweal.engine.trial import begin
from commonweal.minds.scripted import Scripted
from commonweal.worlds.commons import Commons

RECORD = ("acts", "payoff", "purse")


class Slow(HostedMind):
    """Answers from its words alone, after a delay that depends on the seat."""

    slots = 2
    delay: str = "none"

    @property
    def digest(self):
        return ""

    async def act(self, words, key):
        later = {"none": 0, "up": words.seat, "down": 9 - words.seat}[self.delay]
        await asyncio.sleep(0.001 * later)
        note = f"{words.tick}:{key % 1000}"
        text = f"I am {words.seat} and heard {len(words.heard)}"
        return HostedDecision({"harvest": key % 10, "say": text}, (*words.memory, note), calls=1, new_tokens=3)


class Hostile(HostedMind):
    """Answers nonsense."""

    @property
    def digest(self):
        return "sha256:hostile"

    async def act(self, words, key):
        incidents = (Incident("repair", "harvest", "\x1b[2J" + "x" * 10_000),)
        return HostedDecision({"harvest": "all of it", "say": "<script>\x00" * 10_000}, ("note",) * 99, incidents)


def society(mind, share=0.6):
    minds = Named.of(("civil", Scripted(tremble=0.2)), ("hosted", mind))
    return Society(Commons(), minds, Seating(5, Named.of(("hosted", jnp.float32(share)))), channel=Broadcast())


def test_scripted_minds_give_the_compiled_log():
    given = society(Slow(), share=0.0)
    scripted = Society(given.world, Named.of(("civil", Scripted(tremble=0.2))), Seating(5), channel=Broadcast())
    hosted = run_sync(run_hosted(scripted, 5, 6, record=RECORD))
    assert hosted.digest == run(scripted, 5, 6, record=RECORD).digest


def test_the_order_of_replies_does_not_matter():
    logs = [run_sync(run_hosted(society(Slow(delay=delay)), 2, 3, record=RECORD)) for delay in ("none", "up", "down")]
    assert len({(log.texts, log.events, log.traces["act.harvest"].tobytes()) for log in logs}) == 1
    assert logs[0].costs["calls"] == 9
    assert any(event.kind == "say" and event.values[0] >= 3 for event in logs[0].events)


def test_scripted_seats_do_the_same_beside_hosted_ones():
    log = run_sync(run_hosted(society(Slow()), 2, 2, record=("acts", "mind")))
    alone = run(
        Society(Commons(), Named.of(("civil", Scripted(tremble=0.2))), Seating(5), channel=Broadcast()), 2, 2, record=("acts",)
    )
    scripted = log.traces["mind"][0] == 0
    assert np.array_equal(log.traces["act.harvest"][0][scripted], alone.traces["act.harvest"][0][scripted])


def test_nonsense_is_data_and_ends_no_trial():
    log = run_sync(run_hosted(society(Hostile(), share=1.0), 2, 2, record=RECORD))
    assert log.traces["act.harvest"].sum() == 0
    kinds = [event.kind for event in log.events]
    assert kinds.count("default") == 10
    assert kinds.count("repair") == 10
    assert max(map(len, log.texts)) <= LONGEST
    assert "\x00" not in "".join(log.texts)
    assert storable("\ud800") == "?"


def test_a_hosted_trial_is_saved_and_resumed(tmp_path):
    given = society(Slow())
    half = run_sync(advance(begin(given, 2, record=RECORD), 2))
    save(half, tmp_path / "half.npz")
    resumed = run_sync(advance(load(tmp_path / "half.npz", given), 2)).log()
    assert resumed.digest == run_sync(run_hosted(given, 2, 4, record=RECORD)).digest
