"""What a fork is, as it stands in `fork.json` of its folder: where it left its parent, and what was changed.

Source: design/002-files-of-a-run.md.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from commonweal.core.errors import LogError

FORK_SCHEMA = "commonweal.fork/1"
"""The only version of `fork.json` that this version reads."""


@dataclass(frozen=True)
class Fork:
    """Where a trial left the trial that it is a fork of."""

    tick: int
    """The first tick that was played anew, from 0."""
    changed: tuple[tuple[str, str, str], ...]
    """What was changed: lens, value before, value after, each as text."""
    parent: str
    """Digest of the parent's log."""
    calls: tuple[int, int]
    """Calls of a language model before the tick, and from it on."""

    @property
    def words(self) -> str:
        """What was changed, in one line; not safe for a terminal."""
        changes = ", ".join(f"{lens} from {was} to {value}" for lens, was, value in self.changed)
        return f"forked here from the trial whose log is {self.parent}: {changes or 'nothing changed'}"


def read_fork(directory: Path) -> Fork | None:
    """The fork that a folder holds; None where it holds a run.

    Raises:
        LogError: `fork.json` is damaged or of another version.
    """
    path = Path(directory) / "fork.json"
    if not path.exists():
        return None
    try:
        facts = json.loads(path.read_text())
        if facts["schema"] != FORK_SCHEMA:
            raise ValueError(f"schema {facts['schema']!r}, expected {FORK_SCHEMA!r}")
        return Fork(
            tick=int(facts["tick"]),
            changed=tuple((str(own["lens"]), _said(own["was"]), _said(own["value"])) for own in facts["changed"]),
            parent=str(facts["parent"]["log_digest"]),
            calls=(int(facts["calls"]["before"]), int(facts["calls"]["after"])),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise LogError(
            f"{path} is damaged or of another version ({type(error).__name__}: {error}); expected what `commonweal fork` "
            "wrote: fork again under another name"
        ) from error


def _said(value: object) -> str:
    return repr(value) if isinstance(value, str) and not value.replace(".", "").isalnum() else str(value)
