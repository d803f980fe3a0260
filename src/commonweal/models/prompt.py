"""From a call to what a model reads: the version of the wording, foreign control words, and the seed of a draw."""

from __future__ import annotations

import hashlib
import json
import re

from commonweal.models.model import Form

TEMPLATE_VERSION = 1
"""Raised when the text around prefix and suffix changes: it moves replies, so it is part of every model's digest."""

LEAD = "Answer:"
"""What the assistant's turn begins with when options are scored: a label is then the likely next token."""

# Marks by which widespread chat templates open and close a turn: ChatML and Llama 3 `<|...|>`, Llama 2 `[INST]` and
# `<<SYS>>`, sentencepiece `<s>`, Gemma `<start_of_turn>`. Full-width bars are DeepSeek's.
_CONTROL_WORD = re.compile(
    r"<[|｜][^<>\n]{0,60}?[|｜]>|\[/?INST\]|<</?SYS>>|</?s>|<(?:start|end)_of_turn>|<(?:bos|eos|pad|unk)>"
)


def neutralise(text: str) -> str:
    """The text with every chat-template mark broken by a space after its first character.

    For endpoints, whose servers may read such marks inside a message as the end of it. The embedded model needs none
    of this: text is turned into tokens without special ones.

    Args:
        text: any text.
    """
    return _CONTROL_WORD.sub(lambda mark: mark.group()[0] + " " + mark.group()[1:], text)


def draw_seed(prefix: str, suffix: str, form: Form | None, draw: int) -> int:
    """The seed of a draw, 0 to 2^31 - 1: a hash of prompt, form and draw index.

    The prompt is part of it because one seed for all seats would make them draw the same luck, which looks like a norm.

    Args:
        prefix: the part that seats share.
        suffix: the seat's own part.
        form: what the reply must look like, or None.
        draw: index of the draw, >= 0.

    Source: own definition; SHA-256 of canonical JSON, first four bytes.
    """
    row = [prefix, suffix, form.canonical() if form else None, draw]
    raw = hashlib.sha256(json.dumps(row, separators=(",", ":"), ensure_ascii=True).encode()).digest()
    return int.from_bytes(raw[:4], "big") >> 1


def digest_of(facts: dict[str, str | int]) -> str:
    """`sha256:` and the hex digest of canonical JSON: how a model's digest is made.

    Args:
        facts: everything that moves a reply, by name.
    """
    text = json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()
