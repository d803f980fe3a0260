"""One worker process of the embedded model: JSON lines in on stdin, JSON lines out on stdout, one answer a request.

`embedded` starts this file as a script; it imports nothing of ours, so a worker is small and starts in half a second.
Arguments: the weights file, a folder for saved states that the worker removes when it ends.

Requests: `{"op": "score", "prefix", "suffix", "lead", "labels"}` and `{"op": "generate", "prefix", "suffix", "grammar",
"max_tokens", "temperature", "seed"}`. Answers: `{"logprobs" | "text", "prompt_tokens", "new_tokens", "seconds"}`, or
`{"refused": why}`. First of all comes `{"ready": true}` or `{"refused": why}`. Anything unforeseen ends the process.

**A reply is a function of its request alone.** llama.cpp's log-probabilities move with how a prompt was cut into
batches, which depends on what the cache held. So a prefix is always evaluated alone from an empty cache, its state is
saved to a file, and every suffix is evaluated from that state, restored; each answer is checked to have reused exactly
the prefix. Measured: identical bits in any order, in any worker, with or without the saved state.

Source: llama.cpp server (`tools/server/README.md` in https://github.com/ggml-org/llama.cpp) through xllamacpp.
"""

from __future__ import annotations

import hashlib
import http.client
import importlib
import json
import os
import queue
import secrets
import shutil
import sys
import threading
import time
from collections import OrderedDict
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

CONTEXT_TOKENS = 4096
"""Tokens of prompt and reply together that the worker's context holds."""

STATES_KEPT = 16
"""Prefixes whose state a worker keeps on disk; about 23 kB a token of prefix."""

TEXTS_KEPT = 128
"""Texts whose tokens are remembered."""

LIKELIEST = 512
"""Tokens whose log-probabilities are read at first; the whole vocabulary (0.5 s) only when a label is not among them."""

VOCABULARY = 49152
"""Tokens of SmolLM2's vocabulary."""

Request = dict[str, Any]
"""A JSON object as it comes over the pipe."""


class PromptRefusedError(Exception):
    """The request can never be answered; the message says why. Sent as `{"refused": why}`."""


def explain_import(error: ImportError) -> str:
    """Why the runtime could not be loaded and what to do, in one line.

    Args:
        error: what importing xllamacpp raised.
    """
    if "libgomp" in str(error):
        return f"the embedded model's runtime needs the system library libgomp ({error}): apt-get install libgomp1"
    return f"the embedded model's runtime cannot be loaded ({error}): pip install xllamacpp==2026.10.11549"


class Runtime:
    """A llama.cpp server inside this process, asked over its own loopback port: one slot, one thread.

    Args:
        weights: the GGUF file.
        states: a folder that the runtime may fill.

    Raises:
        ImportError: when xllamacpp or a library that it needs is missing.
    """

    def __init__(self, weights: Path, states: Path) -> None:
        # By name: the extension has no stubs, and its absence must be an answer, not a crash.
        xlc = importlib.import_module("xllamacpp")
        key = secrets.token_hex(16)
        params = xlc.CommonParams()
        params.model.path = str(weights)
        params.n_parallel = 1
        params.n_ctx = CONTEXT_TOKENS
        params.n_gpu_layers = 0
        # Two threads on a busy machine collapse (spin barriers); one thread, one process a core, does not.
        params.cpuparams.n_threads = 1
        params.cpuparams_batch.n_threads = 1
        params.n_threads_http = 1
        # From 64 tokens on, which is what decisions have, 4 to 12 percent faster; for fewer, up to a fifth slower (measured).
        params.flash_attn_type = xlc.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_ENABLED
        # Everything by which the server would adapt to memory or reuse older prompts on its own.
        params.fit_params = False
        params.cache_ram_mib = 0
        params.cache_idle_slots = False
        params.n_ctx_checkpoints = 0
        params.slot_save_path = f"{states}{os.sep}"
        # Other users of this machine can reach a loopback port; the key keeps them out.
        params.api_keys = [key]
        params.ui = False
        params.verbosity = -1
        self._server = xlc.Server(params)
        # A connection for each request: the server drops one that idles for some seconds, without a word.
        self._headers = {"Content-Type": "application/json", "Authorization": f"Bearer {key}", "Connection": "close"}
        address = urlsplit(str(self._server.listening_address))
        self._connection = http.client.HTTPConnection(address.hostname or "127.0.0.1", address.port)
        self._states = states
        self._saved: OrderedDict[str, None] = OrderedDict()
        # Marks, leads, labels and prefixes come again and again.
        self._known = lru_cache(maxsize=TEXTS_KEPT)(self._tokens)
        self._open = self._tokens("<|im_start|>", special=True)
        self._shut = self._tokens("<|im_end|>", special=True)
        if len(self._open) != 1 or len(self._shut) != 1:
            raise PromptRefusedError(f"{weights.name} does not know the ChatML marks; expected SmolLM2-135M-Instruct")

    def score(self, request: Request) -> Request:
        """The raw log-probabilities, in nats, of the labels as the token after the lead.

        Their ratios are exact to float32; their common level to about 3e-4 nats (llama.cpp sums in float32).
        """
        started = time.perf_counter()
        labels = [self._label(label) for label in request["labels"]]
        prefix, suffix = self._prompt(request)
        for count in (LIKELIEST, VOCABULARY):
            answer = self._evaluate(prefix, suffix, {"n_predict": 1, "n_probs": count, "temperature": 0.0})
            likeliest = answer["completion_probabilities"][0]["top_logprobs"]
            table = {row["id"]: row["logprob"] for row in likeliest}
            if all(label in table for label in labels):
                break
        return {
            "logprobs": [table[label] for label in labels],
            "prompt_tokens": len(prefix) + len(suffix),
            "new_tokens": 1,
            "seconds": time.perf_counter() - started,
        }

    def generate(self, request: Request) -> Request:
        """Text sampled from the model's own distribution, cut to a grammar where there is one."""
        started = time.perf_counter()
        prefix, suffix = self._prompt(request)
        how: Request = {
            "n_predict": request["max_tokens"],
            "temperature": request["temperature"],
            "seed": request["seed"],
            "samplers": ["temperature"],
        }
        if request["grammar"]:
            how["grammar"] = request["grammar"]
        answer = self._evaluate(prefix, suffix, how)
        return {
            "text": answer["content"],
            "prompt_tokens": len(prefix) + len(suffix),
            "new_tokens": answer["tokens_predicted"],
            "seconds": time.perf_counter() - started,
        }

    def _prompt(self, request: Request) -> tuple[list[int], list[int]]:
        """ChatML as tokens: the system turn, and the rest. Text is never read for special tokens, only the marks are."""
        line = self._known("\n")
        prefix = self._open + self._known("system\n" + request["prefix"]) + self._shut + line
        # The marks before the user's text are the same for all seats, so they are evaluated with the prefix.
        prefix += self._open + self._known("user\n")
        suffix = self._tokens(request["suffix"]) + self._shut + line
        suffix += self._open + self._known("assistant\n" + request.get("lead", ""))
        length = len(prefix) + len(suffix) + request.get("max_tokens", 1)
        if length > CONTEXT_TOKENS:
            raise PromptRefusedError(
                f"prompt and reply take {length} tokens ({len(prefix)} shared, {len(suffix)} own), the embedded "
                f"model's context holds {CONTEXT_TOKENS}; shorten the prompt"
            )
        return prefix, suffix

    def _evaluate(self, prefix: list[int], suffix: list[int], how: Request) -> Request:
        """One completion of prefix + suffix from the state of the prefix alone."""
        name = hashlib.sha256(json.dumps(prefix).encode()).hexdigest()[:32]
        if not self._restore(name):
            self._ask("/completion", {"prompt": prefix, "n_predict": 0, "cache_prompt": False, "id_slot": 0})
            self._save(name)
        answer = self._ask("/completion", {"prompt": prefix + suffix, "cache_prompt": True, "id_slot": 0, **how})
        if answer["timings"]["cache_n"] != len(prefix):
            raise RuntimeError(f"reused {answer['timings']['cache_n']} tokens, expected the prefix's {len(prefix)}")
        return answer

    def _restore(self, name: str) -> bool:
        """Puts the slot into a saved state; False when there is none, or its file was removed under our feet."""
        if name not in self._saved:
            return False
        self._saved.move_to_end(name)
        try:
            self._ask("/slots/0?action=restore", {"filename": name})
        except PromptRefusedError:
            del self._saved[name]
            return False
        return True

    def _save(self, name: str) -> None:
        """Saves the slot's state; without room on disk the prefix is evaluated anew each time, which only costs time."""
        try:
            self._ask("/slots/0?action=save", {"filename": name})
        except PromptRefusedError:
            (self._states / name).unlink(missing_ok=True)
            return
        self._saved[name] = None
        if len(self._saved) > STATES_KEPT:
            oldest, _ = self._saved.popitem(last=False)
            (self._states / oldest).unlink(missing_ok=True)

    def _label(self, label: str) -> int:
        """The token of a label, as it stands after the lead."""
        tokens = self._known(" " + label)
        if len(tokens) != 1:
            raise PromptRefusedError(f"the label {label!r} is {len(tokens)} tokens, expected one; use single letters")
        return tokens[0]

    def _tokens(self, text: str, special: bool = False) -> list[int]:
        """Text as tokens; `special` reads marks such as `<|im_start|>` as what they are."""
        answer = self._ask("/tokenize", {"content": text, "add_special": False, "parse_special": special})
        return answer["tokens"]

    def _ask(self, path: str, body: Request) -> Request:
        """One POST to the server in this process."""
        self._connection.request("POST", path, json.dumps(body), self._headers)
        response = self._connection.getresponse()
        raw = response.read()
        if response.status != 200:
            raise PromptRefusedError(f"the runtime refused {path}: {raw[:300].decode(errors='replace')}")
        return json.loads(raw)


def answer(runtime: Runtime, request: Request) -> Request:
    """What a request gets: its result, or why it is refused.

    Args:
        runtime: the loaded model.
        request: `{"op": "score" | "generate", ...}`.
    """
    try:
        return runtime.score(request) if request["op"] == "score" else runtime.generate(request)
    except PromptRefusedError as error:
        return {"refused": str(error)}


def serve(weights: Path, states: Path) -> None:
    """Answers requests until stdin ends, then removes the states and exits at once, even in the middle of a call.

    Args:
        weights: the GGUF file.
        states: a folder for saved states, removed at the end.
    """
    # The runtime may print; what it prints must not be taken for an answer.
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    waiting: queue.SimpleQueue[str] = queue.SimpleQueue()

    def say(message: Request) -> None:
        out.write(json.dumps(message) + "\n")
        out.flush()

    def work() -> None:
        try:
            try:
                runtime = Runtime(weights, states)
            except (ImportError, PromptRefusedError) as error:
                say({"refused": explain_import(error) if isinstance(error, ImportError) else str(error)})
                return
            say({"ready": True})
            while True:
                say(answer(runtime, json.loads(waiting.get())))
        except BaseException as error:
            # A state nobody foresaw: a fresh process is the only safe repair, and the parent starts one.
            print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
            os._exit(1)

    threading.Thread(target=work, daemon=True).start()
    # Reading goes on during a call, so that a parent that is gone, killed even, ends this process too.
    for line in sys.stdin:
        waiting.put(line)
    shutil.rmtree(states, ignore_errors=True)
    os._exit(0)


if __name__ == "__main__":
    serve(Path(sys.argv[1]), Path(sys.argv[2]))
