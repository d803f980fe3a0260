"""A rubric: what a judge looks for in a trial, as a markdown file that people read and programs check.

    ---
    name: broken-promises
    kind: label
    levels: [kept, broken]
    tags: [trust, commons]
    rule: broken-promise
    ---
    A promise is broken where a member says that it will take its share, and takes more.

    ## broken
    - I will look after myself first.

    ## kept
    - I will do my fair share.

The front matter names it; `rule` (optional) is a ready rule that decides the same. The text is what people and language
models read. A list under a heading that is a level holds examples of what is said at that level: the embedding judge has
nothing else to go by.

Source: own format, in the spirit of the dimension files of Petri (front matter and rubric in one markdown file).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

from commonweal.analysis.transcript import clean_text
from commonweal.core.errors import StudyError

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_KEYS = ("name", "kind", "levels", "tags", "rule")
_LONGEST, _MOST = 20_000, 9


@dataclass(frozen=True)
class Rubric:
    """What a judge looks for.

    Raises:
        StudyError: its name, kind or levels cannot be used.
    """

    name: str
    """Lower case letters, digits and `-`."""
    kind: Literal["label", "score"]
    """`label`: it is there or not. `score`: a level on an ordered scale."""
    levels: tuple[str, ...]
    """In words, from 0 up: of a label two, absent and present; of a score 2 to 9."""
    text: str
    """What to look for, without the examples."""
    tags: tuple[str, ...] = ()
    """What it is about."""
    rule: str = ""
    """The ready rule that decides the same; empty: none."""
    examples: Mapping[str, tuple[str, ...]] | None = None
    """What is said, by level; None: no examples."""

    def __post_init__(self) -> None:
        """Refuse what no judge could apply."""
        if not _NAME.fullmatch(self.name):
            raise StudyError(f"found the rubric name {self.name!r}; expected lower case letters, digits and -: rename it")
        if self.kind not in ("label", "score"):
            raise StudyError(f"rubric {self.name}: found kind {self.kind!r}; expected label or score")
        most = 2 if self.kind == "label" else _MOST
        if not 2 <= len(self.levels) <= most or len({level.casefold() for level in self.levels}) != len(self.levels):
            expected = "two levels, absent and present" if self.kind == "label" else f"2 to {_MOST} levels, the least first"
            raise StudyError(f"rubric {self.name}: found levels {list(self.levels)}; expected {expected}, no two the same")
        if not self.text.strip():
            raise StudyError(f"rubric {self.name}: found no text; expected what to look for, below the second ---")

    @property
    def top(self) -> int:
        """The highest level."""
        return len(self.levels) - 1

    @property
    def digest(self) -> str:
        """`sha256:` over all of it: a judge of another rubric is another judge."""
        facts = [self.name, self.kind, self.levels, self.text, self.tags, self.rule, dict(self.examples or {})]
        return "sha256:" + hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()

    def level_of(self, words: str) -> int | None:
        """The level that somebody wrote, by its name (in any case) or its number; None where it is neither.

        Args:
            words: anything.
        """
        plain = clean_text(words, 200).lstrip("'").strip().casefold()
        names = [level.casefold() for level in self.levels]
        if plain in names:
            return names.index(plain)
        return int(plain) if re.fullmatch(r"[0-9]", plain) and int(plain) <= self.top else None

    def examples_of(self, level: int) -> tuple[str, ...]:
        """Examples of what is said at a level; may be empty."""
        return (self.examples or {}).get(self.levels[level], ())


def read_rubric(path: Path) -> Rubric:
    """The rubric in a markdown file.

    Raises:
        StudyError: there is no such file, or it is no rubric.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise StudyError(f"{path}: the rubric cannot be read ({error}); expected a markdown file with front matter") from error
    return parse_rubric(text, str(path))


def parse_rubric(text: str, place: str = "rubric") -> Rubric:
    """The rubric in a text.

    Args:
        text: markdown with front matter between two lines of `---`.
        place: where it stands, for messages.

    Raises:
        StudyError: it is no rubric.
    """
    match = re.fullmatch(r"\s*---[ \t]*\r?\n(.*?)\r?\n---[ \t]*(?:\r?\n(.*))?", text[:_LONGEST], re.DOTALL)
    if match is None or len(text) > _LONGEST:
        raise StudyError(
            f"{place}: found no front matter, or more than {_LONGEST} characters; expected lines `name: ...`, `kind: ...`, "
            "`levels: [..., ...]` between two lines of ---, and the rubric's text below them"
        )
    facts = _front_matter(match[1], place)
    missing = [key for key in ("name", "kind", "levels") if key not in facts]
    if missing:
        raise StudyError(f"{place}: the front matter has no {missing[0]}; expected name, kind and levels: add it")
    levels = _entries(facts["levels"])
    words, examples = _split(match[2] or "", levels)
    return Rubric(
        name=facts["name"],
        kind=cast("Literal['label', 'score']", facts["kind"]),
        levels=levels,
        text=words,
        tags=_entries(facts.get("tags", "")),
        rule=facts.get("rule", ""),
        examples=examples or None,
    )


def _front_matter(text: str, place: str) -> dict[str, str]:
    """`key: value` lines; a list may also stand as lines that begin with `- `."""
    facts: dict[str, str] = {}
    last = ""
    for line in text.splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if last and re.match(r"\s*- ", line):
            facts[last] += ("," if facts[last] else "") + line.strip()[2:]
            continue
        key, colon, value = line.partition(":")
        last = key.strip()
        if not colon or last not in _KEYS or last in facts:
            raise StudyError(
                f"{place}: found the line {line[:60]!r}; expected one of {', '.join(_KEYS)}, each once, and a colon"
            )
        facts[last] = _plain(value)
    return facts


def _plain(value: str) -> str:
    """A value without quotes around it."""
    value = value.strip()
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"" else value


def _entries(value: str) -> tuple[str, ...]:
    """A list written as `[a, b]` or `a, b`."""
    inner = value.strip().removeprefix("[").removesuffix("]")
    return tuple(clean_text(_plain(entry)) for entry in inner.split(",") if entry.strip())


def _split(text: str, levels: tuple[str, ...]) -> tuple[str, dict[str, tuple[str, ...]]]:
    """The text without the examples, and the examples by level."""
    names = {level.casefold(): level for level in levels}
    kept, examples, at = list[str](), dict[str, tuple[str, ...]](), ""
    for line in text.splitlines():
        heading = re.fullmatch(r"#{1,6}\s+(.*?)\s*", line)
        if heading:
            at = names.get(heading[1].casefold(), "")
        entry = re.fullmatch(r"\s*[-*]\s+(.*?)\s*", line)
        if at and entry:
            examples[at] = (*examples.get(at, ()), clean_text(_plain(entry[1])))
        elif not at:
            kept.append(line)
    return "\n".join(kept).strip(), examples
