"""JSON read field by field: what is not as it should be is named with its file and place."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import NoReturn, cast

from commonweal.core.errors import LogError


class Fields:
    """A JSON object that names its file and place when a field is not what it should be."""

    def __init__(self, raw: object, place: str) -> None:
        """Read `raw`, which stands at `place`."""
        self.place = place
        if not isinstance(raw, dict):
            self._refuse("", "an object", raw)
        self.raw = cast("dict[str, object]", raw)

    def _refuse(self, name: str, expected: str, found: object) -> NoReturn:
        where = f"{self.place}.{name}" if name else self.place
        raise LogError(
            f"{where}: found {json.dumps(found)[:80]}, expected {expected} (design/002). "
            "The plan is damaged or of another version: plan the study again into a new folder."
        )

    def text(self, name: str) -> str:
        """A string."""
        value = self.raw.get(name)
        if not isinstance(value, str):
            self._refuse(name, "a string", value)
        return value

    def number(self, name: str) -> float:
        """A number."""
        value = self.optional_number(name)
        if value is None:
            self._refuse(name, "a number", value)
        return value

    def whole(self, name: str) -> int:
        """A whole number."""
        value = self.number(name)
        if not value.is_integer():
            self._refuse(name, "a whole number", value)
        return int(value)

    def pair(self, name: str) -> tuple[float, float]:
        """A list of two finite numbers."""
        values = [value for value in self.entries(name) if isinstance(value, int | float) and not isinstance(value, bool)]
        if len(values) != 2 or len(self.entries(name)) != 2 or not all(map(math.isfinite, values)):
            self._refuse(name, "a list of two numbers", self.raw[name])
        return float(values[0]), float(values[1])

    def optional_number(self, name: str) -> float | None:
        """A number, or None where there is none."""
        value = self.raw.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            self._refuse(name, "a number", value)
        return float(value)

    def flag(self, name: str) -> bool:
        """True or false."""
        value = self.raw.get(name)
        if not isinstance(value, bool):
            self._refuse(name, "true or false", value)
        return value

    def items(self, name: str) -> list["Fields"]:
        """The objects of a list."""
        return [Fields(item, f"{self.place}.{name}[{i}]") for i, item in enumerate(self.entries(name))]

    def entries(self, name: str) -> list[object]:
        """A list as it stands."""
        value = self.raw.get(name)
        if not isinstance(value, list):
            self._refuse(name, "a list", value)
        return cast("list[object]", value)

    def optional(self, name: str) -> list[object]:
        """A list, empty where there is none."""
        return self.entries(name) if self.raw.get(name) is not None else []

    def inner(self, name: str) -> "Fields":
        """An object."""
        return Fields(self.raw.get(name), f"{self.place}.{name}")

    def texts(self, name: str) -> tuple[str, ...]:
        """A list as strings."""
        return tuple(str(entry) for entry in self.entries(name))


def read_facts(directory: Path) -> Fields:
    """The file `plan.json` of a run as it stands, of whatever version: for what a plan does not hold.

    Args:
        directory: the run's folder.

    Raises:
        LogError: it is missing or damaged.
    """
    path = Path(directory) / "plan.json"
    try:
        return Fields(json.loads(path.read_text(encoding="utf-8")), str(path))
    except OSError as error:
        raise LogError(f"{path}: cannot be read ({error.strerror}). Plan the study into this folder first.") from error
    except ValueError as error:
        raise LogError(f"{path}: found text that is not JSON ({error}). Plan the study again into a new folder.") from error
