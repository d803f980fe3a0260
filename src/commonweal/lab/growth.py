"""What a run changes of its own work while it goes on: next stages of adaptive designs, and an early stop."""

from __future__ import annotations

from pathlib import Path

from commonweal.lab.batches import batches
from commonweal.lab.ledger import Ledger
from commonweal.lab.order import Order, Prepared, prepare
from commonweal.lab.stages import grow
from commonweal.lab.stopping import stop_early, stopped_part
from commonweal.lab.study import Part


class Growth:
    """The adaptive parts and the stopping rule of one run. The coordinator of a run alone has one."""

    def __init__(self, order: Order, directory: Path, ledger: Ledger) -> None:
        """Find the parts whose designs may have later stages, and whether the primary part may stop early."""
        self.directory, self.ledger, self.order = directory, ledger, order
        self.study = order.study()
        stopped = stopped_part(directory)
        self.waiting = [
            part.name for part in self.study.parts if part.design.further(part.factors, part.seeds) > 0 and part.name != stopped
        ]
        self.watched = self.study.primary.part if self.study.stopping and stopped is None else None
        self._prepared: Prepared | None = None
        self._looked = -1
        ledger.expect(bool(self.waiting))

    def step(self) -> bool:
        """Add the next stage of every part whose trials are all finished, and stop the primary part where its rule says so.

        Returns:
            Whether chunks were added.

        Raises:
            StudyError: a design chose cells that its part cannot have.
            LogError: a log cannot be read, or a stage not be written.
        """
        if self.watched is not None:
            self._watch(self.study.part(self.watched))
        added = False
        for name in [name for name in self.waiting if self.ledger.settled(name)]:
            # Preparing costs seconds and is done once, when the first stage ends.
            prepared = self._prepared = (self._prepared or prepare(self.order)).staged(self.directory)
            if not grow(prepared.study, prepared.study.part(name), self.directory):
                self.waiting.remove(name)
                continue
            part = prepared.staged(self.directory).study.part(name)
            done = self.ledger.done().get(name, frozenset())
            self.ledger.add([(own.part, own.trials, own.seconds) for own in batches(part, done)])
            added = True
        if not self.waiting:
            self.ledger.expect(False)
        return added

    def _watch(self, part: Part) -> None:
        done = len(self.ledger.done().get(part.name, ()))
        if done == self._looked or done == 0:
            return
        self._looked = done
        stop_early(self.study, self.directory)
        # A rule that holds at the last seed alone ends nothing: what other cells still have open is run.
        if stopped_part(self.directory) == part.name:
            self.ledger.drop(part.name)
            self.watched = None
            self.waiting = [name for name in self.waiting if name != part.name]
