"""Leases are kept while their chunks are run, from a thread of its own, so that long compilations do not lose them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress

from commonweal.core.errors import LogError
from commonweal.lab.ledger import LEASE_S, Chunk, Ledger

REPORT_S = 0.2
"""Shortest time between two reports of a chunk's progress."""


Report = Callable[[float], None]
"""Told how much of a chunk is done, 0 to 1."""


class Renewal:
    """Renews the leases of the chunks that one worker runs now.

    Args:
        ledger: of the run.
        owner: the worker.
    """

    def __init__(self, ledger: Ledger, owner: str) -> None:
        self._ledger, self._owner = ledger, owner
        self._held: dict[int, Chunk] = {}
        self._said: dict[int, float] = {}
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._renew, daemon=True)
        self._thread.start()

    def hold(self, chunk: Chunk) -> Report:
        """Renew a chunk's lease from now on.

        Args:
            chunk: leased to this worker.

        Returns:
            What to tell how much of the chunk is done, 0 to 1; said at most a few times a second, as each is a write to disk.
        """
        self._held[chunk.id] = chunk

        def report(progress: float) -> None:
            if time.monotonic() - self._said.get(chunk.id, 0.0) > REPORT_S:
                self._said[chunk.id] = time.monotonic()
                self._ledger.renew(chunk, self._owner, progress)

        return report

    def drop(self, chunk: Chunk) -> None:
        """Renew a chunk's lease no more."""
        self._held.pop(chunk.id, None)
        self._said.pop(chunk.id, None)

    def stop(self) -> None:
        """Renew nothing any more."""
        self._done.set()
        self._thread.join()

    def _renew(self) -> None:
        while not self._done.wait(LEASE_S / 4):
            for chunk in tuple(self._held.values()):
                # A ledger that cannot be written now may be at the next beat; a lease lasts for some.
                with suppress(LogError):
                    self._ledger.renew(chunk, self._owner)
