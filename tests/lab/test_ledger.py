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

CHUNKS = [("main", ((0, 0), (0, 1)), 1.0), ("main", ((1, 0),), 3.0), ("card", (), 2.0)]


@pytest.fixture
def ledger(tmp_path):
    own = Ledger(tmp_path / "ledger.sqlite")
    own.enter(CHUNKS)
    return own


def test_chunks_are_leased_once_heaviest_first(ledger):
    ledger.enter(CHUNKS)
    leased = [ledger.lease("me") for _ in range(4)]
    assert [chunk.part for chunk in leased[:3]] == ["main", "card", "main"]
    assert leased[0].trials == ((1, 0),)
    assert leased[3] is None


def test_progress_counts_trials_and_parts_of_chunks(ledger):
    chunk = ledger.lease("me")
    ledger.renew(chunk, "me", 0.5)
    assert ledger.progress().work_done == pytest.approx(1.5)
    ledger.finish(chunk, 0.1)
    progress = ledger.progress()
    assert (progress.trials, progress.done, progress.open) == (3, 1, 2)
    assert ledger.finished() == [chunk.id]


def test_a_lapsed_lease_is_given_to_another_and_a_live_one_is_not(ledger, monkeypatch):
    monkeypatch.setattr(module, "LEASE_S", 1.0)
    mine = [ledger.lease("dead") for _ in range(3)]
    assert ledger.lease("other") is None
    time.sleep(0.7)
    ledger.renew(mine[1], "dead")
    time.sleep(0.7)
    assert {ledger.lease("other").id, ledger.lease("other").id} == {mine[0].id, mine[2].id}
    assert ledger.lease("other") is None


def test_a_chunk_that_kills_its_worker_fails_in_the_end(ledger, monkeypatch):
    monkeypatch.setattr(module, "LEASE_S", -1.0)
    for _ in range(20):
        ledger.lease("dead")
    progress = ledger.progress()
    assert progress.open == 0
    assert progress.failed == ("its worker died 3 times",)


def test_failures_are_tried_again_unless_final_and_released_by_a_new_run(ledger):
    chunk = ledger.lease("me")
    ledger.fail(chunk, "the endpoint is away", final=False)
    assert ledger.lease("me").id == chunk.id
    ledger.fail(chunk, "no such model", final=True)
    assert ledger.progress().failed == ("no such model",)
    ledger.release()
    assert ledger.progress().failed == ()
    assert ledger.progress().open == 3


def test_many_workers_share_the_chunks_without_overlap(tmp_path):
    ledger = Ledger(tmp_path / "ledger.sqlite")
    ledger.enter([("main", ((cell, 0),), 1.0) for cell in range(40)])
    taken = []

    def work(name):
        while (chunk := ledger.lease(name)) is not None:
            taken.append(chunk.id)

    threads = [threading.Thread(target=work, args=(str(i),)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == list(range(1, 41))


def test_what_is_done_stays_done_in_any_chunking(ledger):
    ledger.enter(CHUNKS)
    first = [ledger.lease("me") for _ in range(2)]
    for chunk in first:
        ledger.finish(chunk, 0.1)
    assert ledger.done() == {"main": {(1, 0)}, "card": set()}
    ledger.enter([("main", tuple((cell, seed) for cell in range(2) for seed in range(2)), 4.0), ("card", (), 2.0)])
    assert ledger.finished() == sorted(chunk.id for chunk in first)
    assert (ledger.progress().trials, ledger.progress().done, ledger.progress().open) == (4, 1, 1)
    left = ledger.lease("me")
    assert left.trials == ((0, 0), (0, 1), (1, 1))
    assert left.id > max(chunk.id for chunk in first)


def test_chunks_that_somebody_works_on_are_left_alone_and_their_numbers_never_used_again(ledger):
    held = ledger.lease("me")
    ledger.enter([("main", ((0, 0), (0, 1), (1, 0)), 4.0)])
    assert ledger.progress().open == 3
    ledger.fail(held, "gone", final=True)
    ledger.enter([("main", ((0, 0), (0, 1), (1, 0)), 4.0)])
    assert ledger.lease("me").id == 4
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
            chunk = ledger.lease("me")
            if chunk is not None:
                ran += chunk.trials
                ledger.finish(chunk, 0.1)
    assert sorted(ran) == trials
    assert ledger.progress().done == ledger.progress().trials == len(trials)


def test_a_damaged_ledger_says_what_to_do(tmp_path):
    (tmp_path / "ledger.sqlite").write_bytes(b"not a database" * 100)
    with pytest.raises(LogError, match="another folder"):
        Ledger(tmp_path / "ledger.sqlite")
    assert sqlite3.sqlite_version
