"""What there is, by name: worlds, minds, institutions, channels, metrics and studies, ours and those of plugins.

A package offers parts through the entry-point group `commonweal`; a name is `shelf.name`, as in `institutions.audit`.
Listing imports none of the parts: a summary is the first line of the module's docstring, read from its source.
"""

from __future__ import annotations

import ast
import difflib
import importlib.metadata
import importlib.util
from dataclasses import dataclass

from commonweal.core.errors import StudyError

GROUP = "commonweal"
SHELVES = ("worlds", "minds", "institutions", "channels", "metrics", "studies")


@dataclass(frozen=True)
class Entry:
    """One part in the catalogue, not yet imported."""

    shelf: str
    name: str
    target: str
    """Where it is: `module:attribute`."""
    package: str
    """The distribution that offers it."""

    @property
    def summary(self) -> str:
        """The first line of its module's docstring; empty if it has none."""
        spec = importlib.util.find_spec(self.target.split(":")[0])
        if spec is None or spec.origin is None:
            return ""
        with open(spec.origin, encoding="utf-8") as file:
            text = ast.get_docstring(ast.parse(file.read())) or ""
        return text.split("\n\n")[0].replace("\n", " ")

    def load(self) -> object:
        """Import the part: a class, or a study's value.

        Raises:
            StudyError: it cannot be imported.
        """
        module, _, attribute = self.target.partition(":")
        try:
            return getattr(importlib.import_module(module), attribute)
        except (ImportError, AttributeError) as error:
            raise StudyError(f"{self.shelf}.{self.name} of {self.package} cannot be loaded: {error}; reinstall it") from error


def entries(shelf: str | None = None) -> list[Entry]:
    """The catalogue, in the order of shelves and names.

    Raises:
        StudyError: two packages offer one name, or a name is on no known shelf.
    """
    found: dict[tuple[str, str], Entry] = {}
    for point in importlib.metadata.entry_points(group=GROUP):
        own, _, name = point.name.partition(".")
        package = point.dist.name if point.dist else "?"
        if own not in SHELVES:
            raise StudyError(f"{package} offers {point.name!r}; expected a name that starts with one of {', '.join(SHELVES)}")
        entry = Entry(own, name, point.value, package)
        if (own, name) in found and found[own, name].target != entry.target:
            other = found[own, name].package
            raise StudyError(f"{package} and {other} both offer {point.name!r}; expected every name once: uninstall one")
        found[own, name] = entry
    kept = [entry for entry in found.values() if shelf in (None, entry.shelf)]
    return sorted(kept, key=lambda entry: (SHELVES.index(entry.shelf), entry.name))


def find(shelf: str, name: str) -> Entry:
    """The entry of a name on a shelf.

    Raises:
        StudyError: there is none; the message holds the near matches.
    """
    on_shelf = {entry.name: entry for entry in entries(shelf)}
    if name not in on_shelf:
        near = difflib.get_close_matches(name, on_shelf, 3, 0.4)
        hint = f"did you mean {' or '.join(near)}?" if near else f"expected one of {', '.join(on_shelf)}"
        kind = "study" if shelf == "studies" else shelf.removesuffix("s")
        raise StudyError(f"there is no {kind} named {name!r}; {hint}")
    return on_shelf[name]
