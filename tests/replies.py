"""What the loopback endpoint of `faults` says when nothing is wrong: replies that are a function of the request.

Source: https://platform.openai.com/docs/api-reference/chat for the shape of `openai`. The shapes of `vllm`, `llama.cpp` and
`ollama` (before 0.12.11, without log-probabilities) are written from memory of their servers: what they add and leave out.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Sequence

SENTENCES = (
    "I will keep to my share if the others do.",
    "The stock looks lower than before.",
    "Five is enough for each of us.",
    "Let us rest for a while.",
    "I do not mind either way.",
)
SHAPES = ("openai", "vllm", "llama.cpp", "ollama")
DIMENSIONS = 16
"""Of an embedding."""


def completion(body: dict, shape: str = "openai", logprobs: bool = True, schema: bool = True) -> dict:
    """The reply to a chat completion, as this server shapes it: a function of messages, form and, above temperature 0, seed."""
    seed = body.get("seed") if body.get("temperature", 1) else None
    key = hashlib.sha256(json.dumps([body["messages"], body.get("response_format"), seed]).encode()).hexdigest()
    prompt = "\n".join(str(message["content"]) for message in body["messages"])
    labels = re.findall(r"^([A-Z])\)", prompt, re.MULTILINE) or ["A", "B"]
    form = body.get("response_format") if schema else None
    rows: list[tuple[str, float]] = []
    if form:
        text = json.dumps(fill(schema_of(form), key, SENTENCES[_draw(key, "text", len(SENTENCES))]))
    elif body.get("logprobs") or "one letter" in prompt:
        rows = sorted(label_logprobs(key, labels), key=lambda row: -row[1])[: max(1, body.get("top_logprobs") or 1)]
        text = rows[0][0]
    else:
        text = SENTENCES[_draw(key, "text", len(SENTENCES))]
    choice: dict = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    if logprobs and body.get("logprobs") and rows:
        choice["logprobs"] = {"content": [_row(*rows[0], shape) | {"top_logprobs": [_row(t, p, shape) for t, p in rows]}]}
    read, written = max(1, len(prompt) // 4), max(1, len(text) // 4)
    usage: dict = {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}
    reply: dict = {"id": f"chatcmpl-{key[:12]}", "object": "chat.completion", "created": 0, "model": body.get("model")}
    reply |= {"choices": [choice], "usage": usage}
    if shape == "openai":
        choice["message"] |= {"refusal": None, "annotations": []}
        usage["prompt_tokens_details"] = {"cached_tokens": 0, "audio_tokens": 0}
        reply |= {"system_fingerprint": "fp_0", "service_tier": "default"}
    elif shape == "vllm":
        choice["message"] |= {"reasoning_content": None, "tool_calls": []}
        choice |= {"stop_reason": None, "logprobs": choice.get("logprobs")}
        usage["prompt_tokens_details"] = None
        reply |= {"prompt_logprobs": None, "kv_transfer_params": None}
    elif shape == "llama.cpp":
        reply |= {"timings": {"prompt_n": read, "predicted_n": written}, "system_fingerprint": "b0000-0000000"}
    else:
        reply |= {"system_fingerprint": "fp_ollama"}
    return reply


def label_logprobs(key: str, labels: Sequence[str]) -> list[tuple[str, float]]:
    """Log-probabilities by token: nine tenths to the labels by weights from a hash, a tenth to two other words."""
    weights = [1 + _draw(key, label, 99) for label in labels]
    rows = [(label, math.log(0.9 * weight / sum(weights))) for label, weight in zip(labels, weights, strict=True)]
    return [*rows, ("The", math.log(0.06)), (" I", math.log(0.04))]


def embeddings(body: dict) -> dict:
    """The reply to a request of embeddings: unit vectors by a hash of each text."""
    texts = body["input"] if isinstance(body["input"], list) else [body["input"]]
    data: list[dict] = []
    for index, text in enumerate(texts):
        raw = hashlib.sha256(str(text).encode("utf-8", "replace")).digest()[:DIMENSIONS]
        length = math.sqrt(sum((byte - 127.5) ** 2 for byte in raw))
        data.append({"object": "embedding", "index": index, "embedding": [(byte - 127.5) / length for byte in raw]})
    tokens = sum(max(1, len(str(text)) // 4) for text in texts)
    return {
        "object": "list",
        "data": data,
        "model": body.get("model"),
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
    }


def _row(token: str, logprob: float, shape: str) -> dict:
    row: dict = {"token": token, "logprob": logprob, "bytes": list(token.encode())}
    return {"id": sum(row["bytes"]), **row} if shape == "llama.cpp" else row


def schema_of(form: dict) -> dict:
    return form.get("json_schema", {}).get("schema", {"type": "object", "properties": {"answer": {"type": "string"}}})


def fill(schema: dict, key: str, words: str, least: bool = False) -> object:
    """A value of a schema: enumerations and integers by a hash (or integers at their least), strings as given."""
    if "enum" in schema:
        return schema["enum"][_draw(key, json.dumps(schema["enum"]), len(schema["enum"]))]
    if schema.get("type") == "object":
        return {name: fill(inner, f"{key}/{name}", words, least) for name, inner in schema.get("properties", {}).items()}
    if schema.get("type") == "array":
        return [fill(schema.get("items", {}), key, words, least)]
    if schema.get("type") in ("integer", "number"):
        low = schema.get("minimum", 0)
        return low + (0 if least else _draw(key, "number", int(schema.get("maximum", low + 9) - low) + 1))
    return words


def _draw(key: str, name: str, below: int) -> int:
    return int.from_bytes(hashlib.sha256(f"{key}/{name}".encode()).digest()[:8], "big") % below
