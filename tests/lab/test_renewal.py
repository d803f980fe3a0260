"""A lease that is held outlives its length, one that is dropped does not, and progress is said seldom."""

import time

import pytest

from commonweal.lab import ledger as ledger_module
from commonweal.lab import renewal as module
from commonweal.lab.ledger import Ledger
from commonweal.lab.renewal import REPORT_S, Renewal

LEASE_S = 0.8


@pytest.fixture
def ledger(tmp_path, monkeypatch):
    for own in (ledger_module, module):
        monkeypatch.setattr(own, "LEASE_S", LEASE_S)
    own = Ledger(tmp_path / "ledger.sqlite")
    own.enter([("main", ((0, 0),), 4.0), ("main", ((1, 0),), 2.0)])
    return own


def test_what_is_held_is_kept_and_what_is_dropped_lapses(ledger):
    renewal = Renewal(ledger, "me")
    try:
        first, second = (ledger.lease("me", ("main",)) for _ in range(2))
        renewal.hold(first)
        renewal.hold(second)
        renewal.drop(second)
        # Dropped before, or never held: nothing happens.
        renewal.drop(second)
        time.sleep(1.5 * LEASE_S)
        assert ledger.lease("other", ("main",)).id == second.id
        assert ledger.lease("other", ("main",)) is None
    finally:
        renewal.stop()
    time.sleep(1.5 * LEASE_S)
    assert {ledger.lease("third", ("main",)).id for _ in range(2)} == {first.id, second.id}


def test_progress_is_written_and_said_at_most_a_few_times_a_second(ledger):
    renewal = Renewal(ledger, "me")
    try:
        chunk = ledger.lease("me", ("main",))
        report = renewal.hold(chunk)
        report(0.25)
        assert ledger.progress().work_done == pytest.approx(1.0)
        report(0.5)
        assert ledger.progress().work_done == pytest.approx(1.0)
        time.sleep(1.1 * REPORT_S)
        report(0.75)
        assert ledger.progress().work_done == pytest.approx(3.0)
        # A heartbeat keeps what was said last.
        time.sleep(0.5 * LEASE_S)
        assert ledger.progress().work_done == pytest.approx(3.0)
    finally:
        renewal.stop()


def test_a_lease_that_was_lost_is_not_won_back(ledger):
    chunk = ledger.lease("me", ("main",))
    time.sleep(1.1 * LEASE_S)
    assert ledger.lease("other", ("main",)).id == chunk.id
    renewal = Renewal(ledger, "me")
    try:
        renewal.hold(chunk)(1.0)
        time.sleep(0.5 * LEASE_S)
        assert ledger.progress().work_done == 0.0
        ledger.renew(chunk, "other", 0.5)
        assert ledger.progress().work_done == pytest.approx(2.0)
    finally:
        renewal.stop()


def test_a_ledger_that_fails_once_is_tried_again(ledger):
    renewal = Renewal(ledger, "me")
    place, aside = ledger.path, ledger.path.with_name("aside")
    try:
        chunk = ledger.lease("me", ("main",))
        renewal.hold(chunk)
        # A folder in the file's place fails at once, whatever the reason would be on a real disk.
        place.rename(aside)
        place.mkdir()
        time.sleep(0.4 * LEASE_S)
        place.rmdir()
        aside.rename(place)
        time.sleep(1.2 * LEASE_S)
        assert ledger.lease("other", ("main",)).id != chunk.id
        assert ledger.lease("other", ("main",)) is None
    finally:
        renewal.stop()
