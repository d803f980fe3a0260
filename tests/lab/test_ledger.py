"""Leases lapse, finished chunks stay finished, two processes never get one chunk."""

import sqlite3
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonweal.core.errors import LogError
from commonweal.lab import ledger as module
from commonweal.lab.ledger import Ledger

PARTS = ("main", "card")
CHUNKS = [("main", ((0, 0), (0, 1)), 1.0), ("main", ((1, 0),), 3.0), ("card", (), 2.0)]


@pytest.fixture
def ledger(tmp_path):
    own = Ledger(tmp_path / "ledger.sqlite")
    own.enter(CHUNKS)
    return own


def test_chunks_are_leased_once_heaviest_first(ledger):
    ledger.enter(CHUNKS)
    leased = [ledger.lease("me", PARTS) for _ in range(4)]
    assert [chunk.part for chunk in leased[:3]] == ["main", "card", "main"]
    assert leased[0].trials == ((1, 0),)
    assert leased[3] is None


def test_progress_counts_trials_and_parts_of_chunks(ledger):
    chunk = ledger.lease("me", PARTS)
    ledger.renew(chunk, "me", 0.5)
    assert ledger.progress().work_done == pytest.approx(1.5)
    ledger.finish(chunk, 0.1)
    progress = ledger.progress()
    assert (progress.trials, progress.done, progress.open) == (3, 1, 2)
    assert ledger.finished() == [chunk.id]


def test_a_lapsed_lease_is_given_to_another_and_a_live_one_is_not(ledger, monkeypatch):
    monkeypatch.setattr(module, "LEASE_S", 1.0)
    mine = [ledger.lease("dead", PARTS) for _ in range(3)]
    assert ledger.lease("other", PARTS) is None
    time.sleep(0.7)
    ledger.renew(mine[1], "dead")
    time.sleep(0.7)
    assert {ledger.lease("other", PARTS).id, ledger.lease("other", PARTS).id} == {mine[0].id, mine[2].id}
    assert ledger.lease("other", PARTS) is None


def test_a_chunk_that_kills_its_worker_fails_in_the_end(ledger, monkeypatch):
    monkeypatch.setattr(module, "LEASE_S", -1.0)
    for _ in range(20):
        ledger.lease("dead", PARTS)
    progress = ledger.progress()
    assert progress.open == 0
    assert progress.failed == ("its worker died 3 times",)


def test_failures_are_tried_again_unless_final_and_released_by_a_new_run(ledger):
    chunk = ledger.lease("me", PARTS)
    ledger.fail(chunk, "the endpoint is away", final=False)
    assert ledger.lease("me", PARTS).id == chunk.id
    ledger.fail(chunk, "no such model", final=True)
    assert ledger.progress().failed == ("no such model",)
    ledger.release()
    assert ledger.progress().failed == ()
    assert ledger.progress().open == 3


def test_a_worker_gets_chunks_of_its_own_parts_alone(ledger):
    assert (ledger.left(PARTS), ledger.left(("main",)), ledger.left(("card",)), ledger.left(("other",)), ledger.left(())) == (
        3,
        2,
        1,
        0,
        0,
    )
    card = ledger.lease("host", ("card", "spoken"))
    assert (card.part, card.trials) == ("card", ())
    assert ledger.lease("host", ("card", "spoken")) is None
    assert ledger.lease("host", ()) is None
    # What is leased is left still, what is done or failed is not.
    assert ledger.left(("card",)) == 1
    ledger.finish(card, 0.1)
    assert ledger.left(("card",)) == 0
    one = ledger.lease("worker", ("main",))
    ledger.fail(one, "no", final=True)
    assert ledger.left(("main",)) == 1


def test_what_is_given_back_is_open_again_and_no_attempt_is_counted(ledger):
    for _ in range(2 * module.MAX_ATTEMPTS):
        chunk = ledger.lease("me", ("card",))
        ledger.renew(chunk, "me", 0.5)
        ledger.give_back(chunk)
        assert (ledger.progress().work_done, ledger.progress().open) == (0.0, 3)
    # An owner that gave it back renews it no more.
    ledger.renew(chunk, "me", 0.5)
    assert ledger.progress().work_done == 0.0
    for _ in range(module.MAX_ATTEMPTS):
        ledger.fail(ledger.lease("me", ("card",)), "away", final=False)
    assert ledger.progress().failed == ("away",)


def test_why_a_run_stopped_is_kept_until_it_is_run_again(ledger):
    assert ledger.progress().stopped == ""
    held = ledger.lease("me", PARTS)
    ledger.stop("the budget of 5 calls is spent")
    ledger.stop("the budget of 7 tokens is spent")
    ledger.give_back(held)
    progress = Ledger(ledger.path).progress()
    # The first reason stands; what is open stays open.
    assert (progress.stopped, progress.open, progress.failed) == ("the budget of 5 calls is spent", 3, ())
    ledger.release()
    assert ledger.progress().stopped == ""
    assert ledger.progress().open == 3


def test_many_workers_share_the_chunks_without_overlap(tmp_path):
    ledger = Ledger(tmp_path / "ledger.sqlite")
    ledger.enter([("main", ((cell, 0),), 1.0) for cell in range(40)])
    taken = []

    def work(name):
        while (chunk := ledger.lease(name, PARTS)) is not None:
            taken.append(chunk.id)

    threads = [threading.Thread(target=work, args=(str(i),)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == list(range(1, 41))


def test_what_is_done_stays_done_in_any_chunking(ledger):
    ledger.enter(CHUNKS)
    first = [ledger.lease("me", PARTS) for _ in range(2)]
    for chunk in first:
        ledger.finish(chunk, 0.1)
    assert ledger.done() == {"main": {(1, 0)}, "card": set()}
    ledger.enter([("main", tuple((cell, seed) for cell in range(2) for seed in range(2)), 4.0), ("card", (), 2.0)])
    assert ledger.finished() == sorted(chunk.id for chunk in first)
    assert (ledger.progress().trials, ledger.progress().done, ledger.progress().open) == (4, 1, 1)
    left = ledger.lease("me", PARTS)
    assert left.trials == ((0, 0), (0, 1), (1, 1))
    assert left.id > max(chunk.id for chunk in first)


def test_chunks_that_somebody_works_on_are_left_alone_and_their_numbers_never_used_again(ledger):
    held = ledger.lease("me", PARTS)
    ledger.enter([("main", ((0, 0), (0, 1), (1, 0)), 4.0)])
    assert ledger.progress().open == 3
    ledger.fail(held, "gone", final=True)
    ledger.enter([("main", ((0, 0), (0, 1), (1, 0)), 4.0)])
    assert ledger.lease("me", PARTS).id == 4
    # A worker that was thought dead finishes a chunk that is no more.
    ledger.finish(held, 1.0)
    assert ledger.done() == {}


@given(st.data())
def test_every_trial_is_run_once_whatever_the_chunks_of_each_start_are(tmp_path_factory, data):
    ledger = Ledger(tmp_path_factory.mktemp("ledger") / "ledger.sqlite")
    trials = [(cell, seed) for cell in range(4) for seed in range(3)]
    ran = []
    while len(ran) < len(trials):
        size = data.draw(st.integers(1, 6))
        ledger.enter([("main", tuple(trials[at : at + size]), 1.0) for at in range(0, len(trials), size)])
        for _ in range(data.draw(st.integers(1, 3))):
            chunk = ledger.lease("me", PARTS)
            if chunk is not None:
                ran += chunk.trials
                ledger.finish(chunk, 0.1)
    assert sorted(ran) == trials
    assert ledger.progress().done == ledger.progress().trials == len(trials)


def test_a_growing_run_is_said_to_grow(ledger):
    assert not ledger.growing
    for growing in (True, True, False, False, True):
        ledger.expect(growing)
        assert Ledger(ledger.path).growing is growing


def test_added_chunks_are_numbered_on_and_leave_the_others_alone(ledger):
    first = ledger.lease("me", PARTS)
    ledger.finish(first, 0.1)
    ledger.add([("main", ((2, 0), (2, 1)), 0.5), ("later", ((0, 7),), 9.0)])
    ledger.add([])
    assert (ledger.progress().trials, ledger.progress().done, ledger.progress().open) == (6, 1, 4)
    chunk = ledger.lease("me", ("later",))
    assert (chunk.id, chunk.trials) == (5, ((0, 7),))
    assert ledger.done() == {"main": {(1, 0)}}


def test_a_part_is_settled_when_all_of_it_is_done(ledger):
    assert ledger.settled("no such part")
    assert not ledger.settled("main")
    chunks = [ledger.lease("me", ("main",)) for _ in range(2)]
    ledger.finish(chunks[0], 0.1)
    assert not ledger.settled("main")
    ledger.fail(chunks[1], "no", final=True)
    # What failed is no stage that ended.
    assert not ledger.settled("main")
    ledger.release()
    ledger.finish(ledger.lease("me", ("main",)), 0.1)
    assert ledger.settled("main")
    assert not ledger.settled("card")


def test_a_dropped_part_keeps_what_is_done_or_being_run(tmp_path):
    ledger = Ledger(tmp_path / "ledger.sqlite")
    ledger.enter([("main", ((cell, 0),), 1.0) for cell in range(5)] + [("other", ((0, 0),), 1.0)])
    done, held = ledger.lease("me", ("main",)), ledger.lease("me", ("main",))
    ledger.finish(done, 0.1)
    ledger.drop("main")
    progress = ledger.progress()
    assert (progress.trials, progress.done, progress.open) == (3, 1, 2)
    assert ledger.lease("me", ("main",)) is None
    ledger.finish(held, 0.1)
    assert ledger.settled("main")
    assert ledger.done() == {"main": {*done.trials, *held.trials}}
    assert ledger.left(("other",)) == 1
    # A run that goes on and plans the part no more does not bring it back.
    ledger.enter([("other", ((0, 0),), 1.0)])
    assert ledger.left(("main",)) == 0
    ledger.drop("nothing of that name")


def test_a_damaged_ledger_says_what_to_do(tmp_path):
    (tmp_path / "ledger.sqlite").write_bytes(b"not a database" * 100)
    with pytest.raises(LogError, match="another folder"):
        Ledger(tmp_path / "ledger.sqlite")
    assert sqlite3.sqlite_version
