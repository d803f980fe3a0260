"""Where the parts of a society come from: the `Source:` paragraphs of their docstrings."""

from __future__ import annotations

import dataclasses
import inspect
import re
import sys
from typing import Any

from commonweal.core.named import Named


def sources(value: Any) -> list[str]:
    """The sources of a value and of every part inside it, each once, as `part: source`."""
    found: dict[str, None] = {}
    _collect(value, found)
    return list(found)


def source_of(kind: type) -> str:
    """The `Source:` paragraph of a class, or else of its module; empty if there is none."""
    module = sys.modules.get(kind.__module__)
    for text in (inspect.getdoc(kind), inspect.getdoc(module) if module else None):
        match = re.search(r"^Source: *(.+?)(?:\n\n|\Z)", text or "", re.MULTILINE | re.DOTALL)
        if match:
            return re.sub(r"\s+", " ", match[1]).strip()
    return ""


def _collect(value: Any, found: dict[str, None]) -> None:
    if isinstance(value, Named):
        for child in value.values:
            _collect(child, found)
    elif isinstance(value, tuple):
        for child in value:
            _collect(child, found)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        source = source_of(type(value))
        if source:
            found[f"{type(value).__name__}: {source}"] = None
        for item in dataclasses.fields(value):
            _collect(getattr(value, item.name), found)
