"""What an OpenAI-compatible endpoint sends back, read without trust: any bytes in, values or None out.

Source: https://platform.openai.com/docs/api-reference/chat/object; RFC 9110, section 10.2.3, for Retry-After.
"""

from __future__ import annotations

import email.utils
import json
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import numpy as np

from commonweal.models.model import Scores, Usage, Vectors

FLOOR_NATS = -30.0
"""Log-probability of an option that a one-word answer did not choose: practically never, yet finite."""

MOST_TOKENS = 10**9
"""No call takes more tokens; a count above it is none."""

LEAST_NATS = -1e4
"""The least log-probability that is taken at its word; anything below it is this."""

LONGEST_REPLY_BYTES = 64 * 1024
"""A reply above this is bad text: it is dropped and an empty text stands for it."""


@dataclass(frozen=True)
class Completion:
    """A chat completion.

    Source: see the module.
    """

    text: str
    """What the model wrote; empty when it was above 64 KiB."""
    first: tuple[tuple[str, float], ...]
    """The likeliest first tokens with their log-probabilities in nats; empty when the endpoint offered none."""
    usage: Usage
    """What it cost by the endpoint's own count."""


def read_completion(raw: bytes, seconds: float = 0.0) -> Completion | None:
    """The completion in a response's body, or None when there is none.

    Args:
        raw: the body.
        seconds: wall time that the call took, in seconds.
    """
    body = _parse(raw)
    choice = _at(body, "choices", 0)
    text = _at(choice, "message", "content")
    if not isinstance(choice, dict) or not isinstance(text, str | None):
        return None
    text = text or ""
    # A lone surrogate has no bytes: it could not be stored, so it is replaced here.
    text = text.encode("utf-8", "replace").decode()
    if len(text.encode()) > LONGEST_REPLY_BYTES:
        text = ""
    read, written = _count(_at(body, "usage", "prompt_tokens")), _count(_at(body, "usage", "completion_tokens"))
    return Completion(text, _first(choice), Usage(1, read, written, seconds))


def read_logprobs(answer: Completion, options: tuple[str, ...]) -> Scores | None:
    """The log-probabilities of labels as the first token, or None when the endpoint listed none of them.

    Spellings that differ in spaces add up. A label outside the list gets the most that the list leaves it: no more than
    the least likely listed token, and no more than what is missing from a sum of 1; `exact` is then False.

    Args:
        answer: the completion.
        options: the labels.
    """
    found = {o: [p for token, p in answer.first if token.strip() == o] for o in options}
    if not any(found.values()):
        return None
    listed = math.fsum(math.exp(p) for _, p in answer.first)
    # One in 10^13 (the floor) keeps the logarithm finite when the list sums to 1.
    bound = min(math.log(max(1.0 - listed, math.exp(FLOOR_NATS))), min(p for _, p in answer.first))
    logprobs = tuple(_sum_logs(found[o]) if found[o] else bound for o in options)
    return Scores(logprobs, answer.usage, exact=all(found.values()))


def read_vectors(raw: bytes, count: int) -> Vectors | None:
    """The unit vectors of an embeddings response, or None when it does not hold so many of one length.

    Args:
        raw: the body.
        count: how many texts were embedded.
    """
    body = _parse(raw)
    rows = _at(body, "data")
    if not isinstance(rows, list) or len(cast("list[object]", rows)) != count:
        return None
    found: list[object] = [None] * count
    for place, row in enumerate(cast("list[object]", rows)):
        index = _at(row, "index")
        where = index if isinstance(index, int) and 0 <= index < count else place
        found[where] = _at(row, "embedding")
    try:
        values = np.asarray(found, np.float32)
    except (ValueError, TypeError, OverflowError):
        return None
    if values.ndim != 2 or not np.isfinite(values).all():
        return None
    lengths = np.linalg.norm(values, axis=1, keepdims=True)
    unit = values / np.where(lengths > 0, lengths, 1)
    return Vectors(unit.astype(np.float32), Usage(1, _count(_at(body, "usage", "prompt_tokens")), 0))


def read_object(text: str) -> dict[str, object] | None:
    """The JSON object in a reply, inside a code fence or not, or None when it is none.

    Args:
        text: the reply.
    """
    inside = text.strip().removeprefix("```json").removeprefix("```").removesuffix("```")
    values = _parse(inside.encode("utf-8", "replace"))
    return cast("dict[str, object]", values) if isinstance(values, dict) else None


def choice_schema(options: tuple[str, ...]) -> dict[str, object]:
    """The JSON schema of one answer among labels, for models without log-probabilities.

    Args:
        options: the labels.
    """
    return {
        "type": "object",
        "properties": {"answer": {"type": "string", "enum": list(options)}},
        "required": ["answer"],
        "additionalProperties": False,
    }


def read_choice(answer: Completion, options: tuple[str, ...], spent: Usage) -> Scores:
    """What one answer under `choice_schema` says: its label gets 0 and the others -30 nats, never exact.

    A reply that is the label itself counts too. One that names none gives all log(1/k), and `answered` is False.

    Args:
        answer: the completion.
        options: the labels.
        spent: what was paid before for the same scores.
    """
    values = read_object(answer.text)
    named = str(values.get("answer")) if values is not None else answer.text.strip().rstrip(".)")
    usage = spent + answer.usage
    if named not in options:
        return Scores((-math.log(len(options)),) * len(options), usage, exact=False, answered=False)
    return Scores(tuple(0.0 if option == named else FLOOR_NATS for option in options), usage, exact=False)


def read_wait(header: str) -> float:
    """Seconds that a Retry-After header asks to wait, a number or a date; 0 when there is none or it says nothing.

    Args:
        header: the header's value.
    """
    try:
        wait_s = float(header)
    except ValueError:
        try:
            wait_s = email.utils.parsedate_to_datetime(header).timestamp() - time.time()
        except (ValueError, OverflowError):
            return 0.0
    return max(0.0, wait_s) if math.isfinite(wait_s) else 0.0


def response_format(schema: Mapping[str, object]) -> dict[str, object]:
    """A JSON schema as a chat completion takes it.

    Args:
        schema: the schema.
    """
    return {"type": "json_schema", "json_schema": {"name": "reply", "strict": True, "schema": schema}}


def _parse(raw: bytes) -> object:
    """JSON, or None when it is none."""
    try:
        return cast(object, json.loads(raw))
    except (ValueError, RecursionError):
        return None


def _at(value: object, *path: str | int) -> object:
    """What lies at a path of keys and indices inside parsed JSON, or None."""
    for step in path:
        if isinstance(step, str) and isinstance(value, dict):
            value = cast("dict[str, object]", value).get(step)
        elif isinstance(step, int) and isinstance(value, list) and len(cast("list[object]", value)) > step:
            value = cast("list[object]", value)[step]
        else:
            return None
    return value


def _count(value: object) -> int:
    """A number of tokens; 0 when it is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST_TOKENS else 0


def _first(choice: object) -> tuple[tuple[str, float], ...]:
    """The first token's likeliest tokens; rows that are not (text, finite number <= 0) are left out."""
    rows = _at(choice, "logprobs", "content", 0, "top_logprobs")
    found: list[tuple[str, float]] = []
    for row in cast("list[object]", rows) if isinstance(rows, list) else []:
        token, value = _at(row, "token"), _at(row, "logprob")
        if isinstance(token, str) and isinstance(value, int | float) and not isinstance(value, bool) and value == value:
            # Compared before it is made a float: JSON holds whole numbers that no float can.
            found.append((token, float(max(LEAST_NATS, min(0.0, value)))))
    return tuple(found)


def _sum_logs(logs: list[float]) -> float:
    """log of the sum of exponentials; a lone term is given back to the bit."""
    if len(logs) == 1:
        return logs[0]
    top = max(logs)
    return min(0.0, top + math.log(math.fsum(math.exp(x - top) for x in logs)))
