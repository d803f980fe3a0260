"""What calls of language models cost in US dollars: a user's own table first, then the one packaged with genai-prices.

    cost = prompt tokens * prompt price / 10^6 + new tokens * new price / 10^6 + calls * price of a call

Prices are a provider's list prices: no discount for cached or batched tokens, no tax, and the price of short prompts where long
ones cost more (a decision reads at most 1,000 tokens). What runs on this machine costs nothing; what nobody knows is None.

Source: genai-prices (MIT), https://github.com/pydantic/genai-prices: the table inside the installed package. It is read from
disk; its updater is never started.
"""

from __future__ import annotations

import fnmatch
import importlib
import importlib.metadata
import json
import math
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, cast

from commonweal.core.errors import StudyError
from commonweal.models.model import Usage

if TYPE_CHECKING:
    from genai_prices.data_snapshot import DataSnapshot

INSTALL = "pip install 'commonweal[prices]'"
"""The command that brings the packaged table."""

INSIDE = frozenset({"mockllm", "none", "hf", "nnterp", "transformer_lens"})
"""Inspect's providers that run inside this process."""

_EXAMPLE = '{"some-model": {"prompt": 0.15, "new": 0.60}}, in US dollars a million tokens'


@dataclass(frozen=True)
class Price:
    """What a model's calls cost.

    Raises:
        StudyError: a price is negative or no number.

    Source: own definition.
    """

    prompt: float
    """US dollars a million tokens read, >= 0."""
    new: float | None
    """US dollars a million tokens written, >= 0; None where the table has none, as for models that only embed."""
    call: float = 0.0
    """US dollars a call, >= 0."""

    def __post_init__(self) -> None:
        """Refuse what is no price."""
        for name, value in (("prompt", self.prompt), ("new", self.new), ("call", self.call)):
            if value is not None and not (math.isfinite(value) and value >= 0):
                raise StudyError(f"found the price {name} = {value}, expected US dollars, 0 or more; fix the price")

    def cost(self, usage: Usage) -> float | None:
        """US dollars, or None when tokens were written that have no price.

        Args:
            usage: what the calls took.
        """
        if self.new is None and usage.new_tokens:
            return None
        return (usage.prompt_tokens * self.prompt + usage.new_tokens * (self.new or 0.0)) / 1e6 + usage.calls * self.call


FREE = Price(0.0, 0.0)
"""The price of what runs on this machine."""


@dataclass(frozen=True)
class Prices:
    """A table of prices: a user's rows, and behind them the packaged ones.

    Source: see the module.
    """

    own: tuple[tuple[str, Price], ...] = ()
    """A user's rows: a model's name, or a pattern with `*` and `?`, and its price. An exact name comes first, then the first
    pattern that fits. They hold against everything else, this machine's calls included."""
    file: str = ""
    """Name of the file that the rows came from, without its folder; empty: none."""

    @staticmethod
    def read(path: Path) -> Prices:
        """The table with a user's file on top, as in `{"some-model": {"prompt": 0.15, "new": 0.60}}`.

        Args:
            path: a JSON file: model name or pattern to `prompt` and `new`, US dollars a million tokens; `call`, US dollars
                a call, may be added.

        Raises:
            StudyError: the file cannot be read or is no such table.
        """
        try:
            rows = json.loads(Path(path).read_text(encoding="utf-8"), object_pairs_hook=_once)
        except OSError as error:
            raise StudyError(f"the price table {path} cannot be read ({error.strerror}); expected a JSON file") from None
        except (ValueError, RecursionError) as error:
            raise StudyError(f"the price table {path} is no JSON table ({error}); expected {_EXAMPLE}") from None
        if not isinstance(rows, dict):
            raise StudyError(f"the price table {path} holds {type(rows).__name__}; expected {_EXAMPLE}")
        own = tuple((name, _price(path, name, row)) for name, row in cast("dict[str, object]", rows).items())
        return Prices(own, Path(path).name)

    def price(self, model: str, url: str | None = None) -> Price | None:
        """What a model's calls cost; None: nobody knows.

        Args:
            model: `embedded`, a name at the endpoint, or `provider/name` as Inspect has it.
            url: the endpoint's address; None: there is none.
        """
        for name, price in self.own:
            if name == model:
                return price
        for pattern, price in self.own:
            if fnmatch.fnmatchcase(model, pattern):
                return price
        if is_local(model, url):
            return FREE
        return _packaged_price(model, url)

    def cost(self, model: str, url: str | None, usage: Usage) -> float | None:
        """US dollars that calls cost; None: nobody knows.

        Args:
            model: as in `price`.
            url: as in `price`.
            usage: what the calls took.
        """
        price = self.price(model, url)
        return None if price is None else price.cost(usage)

    @property
    def words(self) -> str:
        """Where the prices come from, with version and date, in one line."""
        own = f"{len(self.own)} of {self.file or 'the study'}, then " if self.own else ""
        version = _version()
        if version is None:
            return f"{own}no packaged table: {INSTALL}"
        return f"{own}list prices in genai-prices {version}, as of {datetime.now(UTC):%Y-%m-%d}, without discounts"


def is_local(model: str, url: str | None) -> bool:
    """Whether a model's calls stay on this machine: the embedded model, a loopback address, Inspect's in-process providers.

    Args:
        model: as in `Prices.price`.
        url: as in `Prices.price`.
    """
    if url is None:
        return model.partition(":")[0] == "embedded" or model.partition("/")[0] in INSIDE
    from commonweal.models.connection import is_loopback

    return is_loopback(url)


def _packaged_price(model: str, url: str | None) -> Price | None:
    """A row of the packaged table, at today's date."""
    table = _packaged()
    if table is None:
        return None
    start, slash, rest = model.partition("/")
    known = url is None and slash and any(provider.id == start for provider in table.providers)
    try:
        _, found = table.find_provider_model(rest if known else model, None, start if known else None, url)
    except LookupError:
        return None
    row = found.get_prices(datetime.now(UTC))
    prompt, new, calls = (_base(getattr(row, name)) for name in ("input_mtok", "output_mtok", "requests_kcount"))
    return None if prompt is None else Price(prompt, new, (calls or 0.0) / 1000)


def _base(price: object) -> float | None:
    """A price as a number; of one that grows with the prompt, where it begins."""
    value = getattr(price, "base", price)
    return None if value is None else float(str(value))


@cache
def _packaged() -> DataSnapshot | None:
    """The packaged table, or None where the package is missing. Made anew, since a program may have replaced the shared one."""
    try:
        from genai_prices.data_snapshot import DataSnapshot

        # By name: a type checker needs more than a minute to infer the type of a table of 1.6 MB.
        providers = importlib.import_module("genai_prices.data").providers
    except ImportError:
        return None
    return DataSnapshot(providers=providers, from_auto_update=False)


def _version() -> str | None:
    """The installed version of the packaged table."""
    try:
        return importlib.metadata.version("genai-prices")
    except importlib.metadata.PackageNotFoundError:
        return None


def _price(path: Path, name: str, row: object) -> Price:
    """One row of a user's table; StudyError when it is none."""
    where = f"the price table {path}, model {name!r}"
    if not isinstance(row, dict):
        raise StudyError(f"{where}: found {row!r}; expected {_EXAMPLE}")
    values = cast("dict[str, object]", row)
    if not {"prompt", "new"} <= set(values) <= {"prompt", "new", "call"}:
        raise StudyError(f"{where}: found the fields {sorted(values)}, expected prompt and new, and call if you like; fix them")
    numbers: dict[str, float] = {}
    for field, value in values.items():
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise StudyError(f"{where}: found {field} = {value!r}, expected a number of US dollars; fix it")
        numbers[field] = float(value)
    try:
        return Price(numbers["prompt"], numbers["new"], numbers.get("call", 0.0))
    except StudyError as error:
        raise StudyError(f"{where}: {error}") from None


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """A JSON object whose names differ; ValueError when two are the same, since one price would be lost."""
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"{next(name for name in names if names.count(name) > 1)!r} stands there twice")
    return found
