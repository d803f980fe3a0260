"""Text of unknown origin: on one line, without control characters and chat marks, and cut to a bound in tokens.

What other agents, a model or an outside process wrote is data; this is where it becomes what a prompt or a memory may hold.

Source: own definition.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from commonweal.models.prompt import neutralise

READ_CHARACTERS = 4000
"""Characters of any one text that are looked at."""
KEPT = 4096
"""Results that are kept of each function of text: seats hear the same words and read the same rules."""

_REFUSAL = re.compile(r"\W*(i['’]?m (very )?sorry|sorry|i (can['’]?t|cannot|won['’]?t|will not)\b|as an ai\b)", re.IGNORECASE)
_PIECE = re.compile(r"[A-Za-z]{1,3}| (?=[^ A-Za-z])|[^ A-Za-z]")
"""What counts as one token, of ASCII text."""


def token_bound(text: str) -> int:
    """About the most tokens that a text takes: one for three letters of a word, one for any other byte.

    Of the embedded model, prose takes six tenths of it, numbers and emoji at most all of it, letters in no order up to 1.8
    times as much: the bound of a prompt has room for as much of those as others can say.

    Args:
        text: any text.
    """
    return _token_bound(text) if len(text) <= READ_CHARACTERS else _token_bound.__wrapped__(text)


@lru_cache(maxsize=KEPT)
def _token_bound(text: str) -> int:
    # Each character beyond ASCII is one piece: what is missing of it are its other bytes.
    return len(_PIECE.findall(text)) + (0 if text.isascii() else len(text.encode()) - len(text))


def clean(text: str) -> str:
    """Text of unknown origin on one line: no control characters, no chat marks.

    Args:
        text: any text; its first 4,000 characters are read.
    """
    text = text[:READ_CHARACTERS]
    # Printable is what is no control character, mark of layout or separator, but for the plain space: all but few texts.
    if not text.isprintable():
        text = "".join(c if unicodedata.category(c)[0] not in "CZ" else " " if c.isspace() else "" for c in text)
    line = " ".join(text.split())
    return neutralise(line) if "<" in line or "[" in line else line


def fitted(text: str, tokens: int) -> str:
    """Text of unknown origin on one line, cut between words to about so many tokens; a cut is marked.

    Where words are cut off, the space before one that begins with no letter is not counted: a row of numbers can take up to
    twice as much. What must stay under a bound is cut by `bounded`.

    Args:
        text: any text.
        tokens: at least 4 for anything to stay.
    """
    return _fitted(text[:READ_CHARACTERS], tokens)


@lru_cache(maxsize=KEPT)
def _fitted(text: str, tokens: int) -> str:
    line = clean(text)
    if token_bound(line) <= tokens:
        return line
    room, kept = tokens - 3, ""
    for word in line.split(" "):
        room -= token_bound(word)
        if room < 0:
            # One endless word is cut inside: no character takes more than four tokens.
            kept = kept or word[: max(0, tokens - 3) // 4]
            break
        kept = f"{kept} {word}"
    return f"{kept.strip()}…" if kept.strip() else ""


def bounded(text: str, tokens: int) -> str:
    """As `fitted`, and never above so many tokens by `token_bound`.

    Args:
        text: any text.
        tokens: at least 4 for anything to stay.
    """
    room, line = tokens, fitted(text, tokens)
    while (found := token_bound(line)) > max(tokens, 0):
        room = room * tokens // found if tokens > 0 else 0
        line = fitted(text, room)
    return line


def refuses(text: str) -> bool:
    """Whether a reply begins as a refusal does.

    Args:
        text: what a model wrote.
    """
    return _REFUSAL.match(text) is not None
