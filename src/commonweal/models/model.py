"""What a language model is to commonweal: three questions (score, generate, embed), and the values they take and give.

A `Model` scores labelled options, writes text, or places texts in a space where like ones are near. The form of a
constrained reply is a `Form`: named fields in order, written as `field: value` lines, the same text whichever model wrote it.
Implementations: `embedded` and `endpoint`; `store` wraps either.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from commonweal.core.errors import StudyError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CHARACTERS_PER_TOKEN = 4
"""Characters of English text to a token, roughly: turns a bound in tokens into one that a grammar can count."""

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_INTEGER = re.compile(r"-?(0|[1-9][0-9]*)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")


@dataclass(frozen=True)
class Usage:
    """What calls of a model cost. Two usages add up.

    Source: own definition; token counts are the runtime's or the endpoint's own.
    """

    calls: int = 0
    """Calls that reached a model, >= 0."""
    prompt_tokens: int = 0
    """Tokens read, cached ones included, >= 0."""
    new_tokens: int = 0
    """Tokens written, >= 0."""
    seconds: float = 0.0
    """Wall time of the calls, summed, in seconds."""

    def __add__(self, other: Usage) -> Usage:
        """The cost of both."""
        return Usage(
            self.calls + other.calls,
            self.prompt_tokens + other.prompt_tokens,
            self.new_tokens + other.new_tokens,
            self.seconds + other.seconds,
        )


@dataclass(frozen=True)
class Scores:
    """How likely each option is as the answer to a prompt.

    Source: own definition.
    """

    logprobs: tuple[float, ...]
    """Raw log P(option | prompt) in nats, <= 0, one an option in the order asked. Not normalised over the options:
    what is missing from a sum of 1 went to other tokens."""
    usage: Usage
    """What this call cost now; zero when the reply came from the store."""
    stored: bool = False
    """True when the reply came from the store or from an identical call in flight."""
    exact: bool = True
    """False when the endpoint gave no log-probability for some option: see `endpoint` for what stands there."""
    answered: bool = True
    """False when the reply named none of the options; the log-probabilities are then equal."""
    original: Usage | None = None
    """What the call cost when the model was asked; None means `usage`."""


@dataclass(frozen=True)
class Reply:
    """Text that a model wrote.

    Source: own definition.
    """

    text: str
    """The reply. Under a form: `field: value` lines, if the model kept to it."""
    usage: Usage
    """What this call cost now; zero when the reply came from the store."""
    stored: bool = False
    """True when the reply came from the store or from an identical call in flight."""
    original: Usage | None = None
    """What the call cost when the model was asked; None means `usage`."""


@dataclass(frozen=True, eq=False)
class Vectors:
    """Where texts stand in a space in which texts about the same thing are near.

    Source: own definition.
    """

    values: NDArray[np.float32]
    """[k, d], a row a text in the order asked, of length 1: the product of two rows is their cosine."""
    usage: Usage
    """What this call cost now; zero when the vectors came from the store."""
    stored: bool = False
    """True when all vectors came from the store or from an identical call in flight."""
    original: Usage | None = None
    """What the call cost when the model was asked; None means `usage`."""


@dataclass(frozen=True)
class IntegerField:
    """A whole number in a range, ends included."""

    name: str
    """Lower case letters, digits and `_`."""
    low: int
    """Least legal value."""
    high: int
    """Greatest legal value, >= low."""


@dataclass(frozen=True)
class ChoiceField:
    """One of several words."""

    name: str
    """Lower case letters, digits and `_`."""
    options: tuple[str, ...]
    """At least one; each one line, without spaces at its ends, no two the same."""


@dataclass(frozen=True)
class TextField:
    """Free text on one line, possibly empty."""

    name: str
    """Lower case letters, digits and `_`."""
    max_tokens: int = 40
    """Bound in tokens, >= 1."""

    @property
    def max_characters(self) -> int:
        """Bound in characters: four a token."""
        return CHARACTERS_PER_TOKEN * self.max_tokens


Field = IntegerField | ChoiceField | TextField
"""A field of a form."""


def _check_field(field: Field) -> None:
    """Refuses a field that cannot be written or read back."""
    if not _NAME.fullmatch(field.name):
        raise StudyError(
            f"the field name {field.name!r} is not of lower case letters, digits and '_', starting with a letter; rename it"
        )
    if isinstance(field, IntegerField) and field.low > field.high:
        raise StudyError(f"field {field.name}: low {field.low} is above high {field.high}; swap or fix them")
    if isinstance(field, TextField) and field.max_tokens < 1:
        raise StudyError(f"field {field.name}: max_tokens is {field.max_tokens}, expected at least 1")
    if isinstance(field, ChoiceField):
        bad = [o for o in field.options if not o or o != o.strip() or _CONTROL.search(o)]
        if bad:
            raise StudyError(f"field {field.name}: option {bad[0]!r} is empty, padded or not one line; fix it")
        if not field.options or len(set(field.options)) != len(field.options):
            raise StudyError(f"field {field.name}: expected at least one option and no two the same; fix the options")


@dataclass(frozen=True)
class Form:
    """What a constrained reply must look like: named fields in order, one `field: value` line each.

    Raises:
        StudyError: when there is no field, two share a name, or a field cannot be written.

    Source: own definition.
    """

    fields: tuple[Field, ...]
    """The fields, in the order they are written."""

    def __post_init__(self) -> None:
        """Refuses a form that cannot be written or read back."""
        names = [field.name for field in self.fields]
        if not names or len(set(names)) != len(names):
            raise StudyError(f"a form needs at least one field and no two of one name; found {names}")
        for field in self.fields:
            _check_field(field)

    @property
    def max_tokens(self) -> int:
        """About the most tokens of a legal reply, its end included; texts of digits or rare letters may take more.

        A token is at least one byte, so bytes bound what is fixed; a text field counts its own bound.
        """
        total = 1
        for field in self.fields:
            total += len(field.name) + len(": \n")
            if isinstance(field, IntegerField):
                total += max(len(str(field.low)), len(str(field.high)))
            elif isinstance(field, ChoiceField):
                total += max(len(option.encode()) for option in field.options)
            else:
                total += field.max_tokens
        return total

    def parse(self, text: str) -> dict[str, int | str]:
        """The values in a reply, by field name. Blank lines and spaces at line ends do not matter.

        Args:
            text: `field: value` lines, in the form's order.

        Raises:
            ValueError: with what was found and what was expected, when the reply is not of this form.
        """
        lines = [line.strip() for line in re.split(r"[\r\n]+", text) if line.strip()]
        if len(lines) != len(self.fields):
            raise ValueError(f"found {len(lines)} lines, expected {len(self.fields)}: {self._layout()}")
        values: dict[str, int | str] = {}
        for line, field in zip(lines, self.fields, strict=True):
            name, colon, value = line.partition(":")
            if not colon or name.strip() != field.name:
                raise ValueError(f"found the line {line[:60]!r}, expected '{field.name}: ...'")
            values[field.name] = _read(field, value.strip())
        return values

    def render(self, values: Mapping[str, object]) -> str:
        """The text that `parse` reads, from values by field name; text is put on one line and cut at its bound.

        A missing value is left out and a wrong one written as it is, so that `parse` says what is wrong.
        """
        lines: list[str] = []
        for field in self.fields:
            if field.name in values:
                value = " ".join(str(values[field.name]).split())
                if isinstance(field, TextField):
                    value = value[: field.max_characters].rstrip()
                lines.append(f"{field.name}: {value}\n")
        return "".join(lines)

    def example(self) -> str:
        """A legal reply, to show in a prompt: least numbers, first options, `...` for text."""
        values: dict[str, object] = {}
        for field in self.fields:
            if isinstance(field, IntegerField):
                values[field.name] = field.low
            else:
                values[field.name] = field.options[0] if isinstance(field, ChoiceField) else "..."
        return self.render(values)

    def canonical(self) -> str:
        """The form as canonical JSON: what the store's key holds of it."""
        rows: list[dict[str, object]] = []
        for field in self.fields:
            if isinstance(field, IntegerField):
                rows.append({"name": field.name, "low": field.low, "high": field.high})
            elif isinstance(field, ChoiceField):
                rows.append({"name": field.name, "options": list(field.options)})
            else:
                rows.append({"name": field.name, "max_tokens": field.max_tokens})
        return json.dumps(rows, sort_keys=True, separators=(",", ":"), ensure_ascii=True)

    def _layout(self) -> str:
        """The form in words."""
        return ", ".join(f"'{field.name}: ...'" for field in self.fields)


def _read(field: Field, value: str) -> int | str:
    """One value of a reply; ValueError when it is not legal."""
    if isinstance(field, IntegerField):
        # The length is checked first: int() of a very long digit string is slow and is an error of its own.
        longest = max(len(str(field.low)), len(str(field.high)))
        if len(value) > longest or not _INTEGER.fullmatch(value) or not field.low <= int(value) <= field.high:
            raise ValueError(f"{field.name}: found {value[:60]!r}, expected a whole number from {field.low} to {field.high}")
        return int(value)
    if isinstance(field, ChoiceField):
        if value not in field.options:
            raise ValueError(f"{field.name}: found {value[:60]!r}, expected one of {', '.join(field.options)}")
        return value
    if len(value) > field.max_characters:
        raise ValueError(f"{field.name}: found {len(value)} characters, expected at most {field.max_characters}")
    return value


class Model(Protocol):
    """A language model that can be asked. Safe to ask from many tasks at once; a reply depends on its arguments alone.

    `prefix` is what all seats share (the system message), `suffix` the seat's own (the user message).
    """

    @property
    def name(self) -> str:
        """Short name, for people."""
        ...

    @property
    def digest(self) -> str:
        """`sha256:` and 64 hex digits over everything that moves a reply: weights or address, runtime, template."""
        ...

    @property
    def null_model(self) -> bool:
        """True when what the model shows is only the size of the wording artefact: the negative control."""
        ...

    async def score(self, prefix: str, suffix: str, options: tuple[str, ...]) -> Scores:
        """How likely each option is to be the answer.

        Args:
            prefix: the part that seats share.
            suffix: the seat's own part; it asks for one of the labels.
            options: one-letter labels, at least one, no two the same.

        Raises:
            TransientModelError: when the call failed, retries included.
            ModelRefusedError: when it can never succeed as things are.
        """
        ...

    async def generate(
        self, prefix: str, suffix: str, form: Form | None, *, max_tokens: int, temperature: float, draw: int
    ) -> Reply:
        """Text that answers the prompt.

        Args:
            prefix: the part that seats share.
            suffix: the seat's own part.
            form: what the reply must look like; None for free text.
            max_tokens: most tokens written, >= 1, whatever the form.
            temperature: 0 (always the likeliest token) and above; 1 samples the model as it is.
            draw: index of the draw, >= 0. The seed is derived from the prompt and the draw, so that two seats never
                share their luck.

        Raises:
            TransientModelError: when the call failed, retries included.
            ModelRefusedError: when it can never succeed as things are.
        """
        ...

    async def embed(self, texts: tuple[str, ...]) -> Vectors:
        """Where texts stand, by the model's own embeddings or by the offline default, `embedder.embed_texts`.

        Args:
            texts: any texts; what is too long is read in part.

        Raises:
            TransientModelError: when the call failed, retries included.
            ModelRefusedError: when it can never succeed as things are.
        """
        ...

    async def close(self) -> None:
        """Ends what the model holds: processes, connections. It may be asked again and then starts anew."""
        ...


def check_options(options: tuple[str, ...]) -> None:
    """Refuses labels that cannot be scored.

    Raises:
        StudyError: when there is none, two are the same, or one is not a single letter A to Z.
    """
    if not options or len(set(options)) != len(options) or any(not re.fullmatch(r"[A-Z]", o) for o in options):
        raise StudyError(f"found the labels {list(options)}, expected distinct single letters A to Z; relabel them")
