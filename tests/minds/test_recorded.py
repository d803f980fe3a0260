"""A recorded mind decides by its record's frequencies, and counts where the record is silent."""

import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.analysis.exact.memory_one_games import find_mean_states, open_game
from commonweal.core import lens
from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.networks import Regular
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.engine.compiled import run, run_batch
from commonweal.metrics.cooperation import Cooperation
from commonweal.metrics.off_record import OffRecord
from commonweal.minds.memory_one import MemoryOne
from commonweal.minds.record import Record, Statistic, Validation
from commonweal.minds.recorded import Recorded
from commonweal.testing import check_society
from commonweal.worlds.commons import Commons
from commonweal.worlds.network_game import NetworkGame

METRICS = Named.of(("cooperation", Cooperation()), ("off-record", OffRecord()))
COUNTS = lens.mind("recorded", Recorded, lambda mind: mind.record.counts)


def pair(mind) -> Society:
    return Society(NetworkGame(), Named.of(("recorded", mind)), Seating(2))


def counts_of(first, after) -> np.ndarray:
    """Counts [own, told, answer] out of 1,000 of a memory-one strategy with chances after CC, CD, DC, DD."""
    cc, cd, dc, dd = after
    chance = np.zeros((3, 3))
    chance[0, :], chance[:, 0] = first, first
    chance[2, 2], chance[2, 1], chance[1, 2], chance[1, 1] = cc, cd, dc, dd
    up = np.round(1000 * chance).astype(int)
    return np.stack([1000 - up, up], -1)


def test_memory_one_players_cooperate_as_their_chain_says():
    # Named strategies and random ones, each against itself: the exact chain over CC, CD, DC, DD of Nowak and Sigmund (1990).
    rng = np.random.default_rng(7)
    after = [(0.9, 0.1, 0.9, 0.1), (1.0, 0.3, 1.0, 0.3), (0.95, 0.05, 0.05, 0.95), *np.round(rng.random((5, 4)), 3).tolist()]
    first, ticks, seeds = 0.7, 40, 150
    records = [Record(counts_of(first, own)) for own in after]
    values = [record.counts for record in records for _ in range(seeds)]
    logs = run_batch(pair(Recorded(records[0])), ((COUNTS, values),), list(range(len(values))), ticks, METRICS)
    for at, own in enumerate(after):
        states = find_mean_states(np.asarray(own), np.asarray(own), open_game(first, first), ticks)
        exact = states[0] + (states[1] + states[2]) / 2
        found = np.asarray([log.values["cooperation"] for log in logs[at * seeds : (at + 1) * seeds]])
        assert abs(found.mean() - exact) < 4.5 * found.std(ddof=1) / np.sqrt(seeds) + 1e-9, own
    assert {log.values["off-record"] for log in logs} == {0.0}


def test_a_record_taken_from_players_gives_their_rate_back():
    # Play, record what was played, replay: the record's own frequencies, by the chain, are the cooperation rate.
    mind = MemoryOne(p_start=0.6, cc=0.9, cd=0.3, dc=0.7, dd=0.2)
    played = run_batch(Society(NetworkGame(), Named.of(("m", mind)), Seating(2)), (), list(range(200)), 30, METRICS, ("acts",))
    groups = np.stack([log.traces["act.act"].T for log in played]).astype(float)
    record = Record.of_groups(groups, source="planted: memory-one players")
    counts = np.asarray(record.counts)
    shares = counts[..., 1] / counts.sum(-1).clip(1)
    after = np.asarray([shares[2, 2], shares[2, 1], shares[1, 2], shares[1, 1]])
    states = find_mean_states(after, after, open_game(shares[0, 0], shares[0, 0]), 30)
    exact = states[0] + (states[1] + states[2]) / 2
    again = run_batch(pair(Recorded(record)), (), list(range(1000, 1200)), 30, METRICS)
    found = np.asarray([log.values["cooperation"] for log in again])
    assert abs(found.mean() - exact) < 4.5 * found.std(ddof=1) / np.sqrt(200)
    assert abs(found.mean() - groups.mean()) < 0.03


def test_a_record_without_chance_is_replayed_to_the_act():
    # Tit for tat as a table: from a first cooperation on, everybody cooperates, and what is outside is never met.
    tft = np.zeros((3, 3, 2), int)
    tft[0, 0, 1] = tft[2, 2, 1] = 1
    log = run(pair(Recorded(Record(tft))), 3, 9, METRICS, ("acts",))
    assert log.traces["act.act"].min() == 1
    assert log.values["off-record"] == 0.0


def test_decisions_outside_the_record_are_counted():
    # Only the first round is on record (always cooperate): 9 of 10 ticks are outside, and answered as all decisions were.
    first = np.zeros((3, 3, 2), int)
    first[0, 0, 1] = 5
    log = run(pair(Recorded(Record(first))), 3, 10, METRICS, ("acts",))
    assert log.values["off-record"] == 0.9
    assert log.readings["off-record.outside"].tolist() == [0] + [2] * 9
    assert log.readings["off-record.decided"].tolist() == [2] * 10
    assert log.traces["act.act"].min() == 1


def test_each_contact_is_a_state_of_its_own():
    # Tit for tat against always defect on a ring: every edge is its own game, so each bit after the first copies the contact's.
    tft = counts_of(1.0, (1.0, 0.0, 1.0, 0.0))
    tft[0, 1:], tft[1:, 0] = 0, 0
    minds = Named.of(("recorded", Recorded(Record(tft))), ("bad", MemoryOne.always_defect()))
    seats = Seating(12, Named.of(("bad", jnp.float32(0.5))), network=Regular(4))
    society = Society(NetworkGame(per_contact=True), minds, seats)
    log = run(society, 5, 6, METRICS, ("acts", "mind"))
    same = Society(society.world, minds.replace("recorded", MemoryOne.tit_for_tat()), seats)
    other = run(same, 5, 6, METRICS, ("acts",))
    assert np.array_equal(log.traces["act.act"], other.traces["act.act"])
    assert log.readings["off-record.decided"].tolist() == [6 * 4] * 6
    assert log.values["off-record"] == 0.0
    tft[2, 1] = 0
    silent = run(Society(society.world, minds.replace("recorded", Recorded(Record(tft))), seats), 5, 2, METRICS)
    mine = np.flatnonzero(log.traces["mind"][0] == 0)
    links = np.asarray(seats.links().rows("test"))
    assert silent.readings["off-record.outside"][1] == (log.traces["mind"][0][links[mine]] == 1).sum()


def test_it_sits_in_any_world_with_a_norm_scale_and_keeps_the_laws():
    record = Record(np.ones((4, 3, 3)), (0.0, 0.5, 1.0), told_edges=(0.5,))
    minds = Named.of(("recorded", Recorded(record)), ("other", MemoryOne.always_defect()))
    check_society(Society(Commons(), minds, Seating(6, Named.of(("other", jnp.float32(0.5))))))
    by_tick = Record(np.asarray([[0, 1], [1, 0]]), state=("tick",), told_edges=(), tick_edges=(3,))
    log = run(pair(Recorded(by_tick)), 1, 6, METRICS, ("acts",))
    assert log.traces["act.act"][:, 0].tolist() == [1, 1, 1, 0, 0, 0]


def test_the_validation_of_another_record_is_refused():
    one, two = Record(np.ones((3, 3, 2))), Record(2 * np.ones((3, 3, 2)))
    verdict = Validation(one.digest, (Statistic("a", 0.0, 0.0, 0.0),), (2, 2), 99, "test")
    assert Recorded(one, verdict).validation is verdict
    with pytest.raises(StudyError, match="the validation of record"):
        Recorded(two, verdict)
    with pytest.raises(StudyError, match="the validation of record"):
        COUNTS.set(pair(Recorded(one, verdict)), np.asarray(two.counts))
    assert pair(Recorded(one)).digest != pair(Recorded(two)).digest
    assert pair(Recorded(one)).digest != pair(Recorded(one, verdict)).digest
