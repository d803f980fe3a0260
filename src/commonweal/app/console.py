"""The progress of a run on a terminal: trials done, rate, time left. Plain lines where there is no terminal."""

from __future__ import annotations

import sys
import time
from types import TracebackType

from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from commonweal.lab.ledger import Progress as RunProgress

_EVERY_S, _STILL_S = 15.0, 120.0


class Console:
    """Shows progress until it is closed."""

    def __init__(self) -> None:
        """Show nothing yet."""
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self._began = time.perf_counter()
        self._first: RunProgress | None = None
        self._said, self._last = 0.0, ""

    def __enter__(self) -> Console:
        """Start the bar where there is a terminal."""
        if sys.stderr.isatty():
            from rich.console import Console as Terminal

            self._bar = Progress(
                TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=Terminal(stderr=True)
            )
            self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Leave the terminal as it was."""
        if self._bar is not None:
            self._bar.stop()

    def show(self, progress: RunProgress) -> None:
        """Show how far the run has come."""
        self._first = self._first or progress
        text = self.line(progress, self._first, time.perf_counter() - self._began)
        if self._bar is not None:
            if self._task is None:
                self._task = self._bar.add_task(text, total=max(progress.work, 1e-9))
            self._bar.update(self._task, description=text, completed=progress.work_done)
            return
        if time.perf_counter() - self._said > self.wait(text, self._last):
            self._said, self._last = time.perf_counter(), text
            print(text, file=sys.stderr, flush=True)

    @staticmethod
    def wait(text: str, last: str) -> float:
        """Seconds between two lines: where nothing has changed, one now and then says that the run still lives."""
        return _EVERY_S if text != last else _STILL_S

    @staticmethod
    def line(progress: RunProgress, first: RunProgress, seconds: float) -> str:
        """Trials done, how fast they are, and the time left, from how fast predicted work has been done so far."""
        done = progress.done - first.done
        pace = _pace(done / max(seconds, 1e-9)) if done else f"the {'next' if progress.done else 'first'} are under way"
        share = (progress.work_done - first.work_done) / max(progress.work - first.work_done, 1e-9)
        left = f"{_time(seconds * (1 - share) / share)} left" if share > 0.02 else "time left: measuring"
        return f"{progress.done}/{progress.trials} trials, {pace}, {left}"


def _pace(rate: float) -> str:
    """Trials a second; where that is below one, a minute."""
    return f"{rate:.1f} a second" if rate >= 1 else f"{60 * rate:.2g} a minute"


def _time(seconds: float) -> str:
    whole = int(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}" if whole >= 3600 else f"{whole // 60}:{whole % 60:02d}"
