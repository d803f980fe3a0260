"""Any OpenAI-compatible endpoint, asked over HTTP: `POST {url}/chat/completions`.

The prefix is the system message and the suffix the user message, with chat-template marks in them neutralised. Options
are scored by the log-probabilities of the first token; where an endpoint offers none, by one greedy answer under a JSON
schema, which says which option and not how sure (`Scores.exact` is False).

Source: https://platform.openai.com/docs/api-reference/chat; retries with full jitter: Brooker 2015, "Exponential
Backoff And Jitter", AWS Architecture Blog; Retry-After: RFC 9110, section 10.2.3.
"""

from __future__ import annotations

import asyncio
import ipaddress
import math
import os
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass

import httpx

from commonweal.core.errors import ModelRefusedError, StudyError, TransientModelError
from commonweal.models.completion import (
    EMPTY_COMPLETION,
    FLOOR_NATS,
    LONGEST_REPLY_BYTES,
    Completion,
    read_completion,
    read_logprobs,
    read_object,
    read_wait,
    response_format,
)
from commonweal.models.grammar import form_schema
from commonweal.models.model import Form, Reply, Scores, Usage, check_options
from commonweal.models.prompt import TEMPLATE_VERSION, digest_of, draw_seed, neutralise

LONGEST_BODY_BYTES = 8 * LONGEST_REPLY_BYTES
"""Bytes read of one response: a reply of legal length with every byte escaped, and the fields around it."""

FIRST_WAIT_S = 0.5
"""Bound of the wait before the first retry, in seconds; it doubles with every retry."""

LONGEST_WAIT_S = 60.0
"""Longest wait before a retry, in seconds; an endpoint that asks for more is given up until a later run."""

JSON_TOKENS = 16
"""Most tokens of braces, quotes and white space that JSON adds to each field of a form, and once around them."""

TRANSIENT_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504})
"""HTTP statuses that may pass."""


@dataclass
class _Connections:
    """What belongs to one event loop."""

    loop: asyncio.AbstractEventLoop
    client: httpx.AsyncClient
    free: asyncio.Semaphore


class _StatusError(Exception):
    """A status that no retry helps, with the start of what the endpoint said."""

    def __init__(self, status: int, said: str) -> None:
        super().__init__(f"{status}: {said}")
        self.status = status
        self.said = said


class Endpoint:
    """A model behind an OpenAI-compatible endpoint; a `Model`.

    Args:
        url: address up to and without `/chat/completions`, e.g. `http://127.0.0.1:8000/v1`.
        model: the model's name there.
        key_env: environment variable that holds the key; unset means that no key is sent.
        timeout_s: seconds that one try may take, > 0.
        retries: tries after the first, >= 0.
        concurrency: calls in flight at most, >= 1.

    Raises:
        StudyError: when the address is none, holds a password or a query, or a number is out of range.

    Source: see the module.
    """

    def __init__(
        self,
        url: str,
        model: str,
        key_env: str = "OPENAI_API_KEY",
        timeout_s: float = 60,
        retries: int = 3,
        concurrency: int = 8,
    ) -> None:
        self.url = _check_url(url)
        if not timeout_s > 0 or retries < 0 or concurrency < 1 or not model:
            raise StudyError(
                f"found model {model!r}, timeout_s {timeout_s}, retries {retries}, concurrency {concurrency}; "
                "expected a name, timeout_s > 0, retries >= 0, concurrency >= 1"
            )
        self.model = model
        self.key_env = key_env
        self.timeout_s = timeout_s
        self.retries = retries
        self.concurrency = concurrency
        self._open: _Connections | None = None

    def __repr__(self) -> str:
        """The call that makes it; never the key."""
        return f"Endpoint(url={self.url!r}, model={self.model!r}, key_env={self.key_env!r})"

    @property
    def name(self) -> str:
        """The model's name at the endpoint."""
        return self.model

    @property
    def null_model(self) -> bool:
        """Always False."""
        return False

    @property
    def digest(self) -> str:
        """Over the address, the model's name and the template's version. The model's weights cannot be seen."""
        return digest_of({"endpoint": self.url, "model": self.model, "template": TEMPLATE_VERSION})

    async def score(self, prefix: str, suffix: str, options: tuple[str, ...]) -> Scores:
        """How likely each label is as the reply's first token, spaces around it ignored.

        With log-probabilities, a label that is not among the 20 likeliest tokens gets the bound that they leave it, and
        `exact` is False. Without, the label that a greedy answer names gets 0 and the others -30 nats, and `exact` is
        False; when it names none, all get log(1/k), and `answered` is False too.

        Args:
            prefix: the part that seats share.
            suffix: the seat's own part; it asks for one of the labels.
            options: labels, single letters A to Z, no two the same.

        Raises:
            StudyError: when the labels are not such.
            TransientModelError: when the call failed, retries included.
            ModelRefusedError: when no endpoint answers, or it refuses.
        """
        check_options(options)
        question: dict[str, object] = {
            # At temperature 1 every server's log-probabilities are the model's own; the sampled token is not used.
            "temperature": 1.0,
            "max_tokens": 1,
            "logprobs": True,
            "top_logprobs": 20,
            "seed": draw_seed(prefix, suffix, None, 0),
        }
        spent = Usage()
        try:
            answer = await self._ask(prefix, suffix, question)
            spent = answer.usage
            scores = read_logprobs(answer, options)
        except _StatusError as error:
            if error.status not in (400, 422) or "logprob" not in error.said:
                raise self._refusal(error) from None
            scores = None
        return scores or await self._score_by_schema(prefix, suffix, options, spent)

    async def generate(
        self, prefix: str, suffix: str, form: Form | None, *, max_tokens: int, temperature: float, draw: int
    ) -> Reply:
        """Text by the model; under a form, its JSON answer written as the lines that `Form.parse` reads.

        An answer that is not JSON is given as it is, and `Form.parse` says what is wrong. One above 64 KiB is dropped:
        the text is then empty.

        Args:
            prefix: the part that seats share.
            suffix: the seat's own part.
            form: what the reply must look like, sent as a JSON schema; None for free text.
            max_tokens: most tokens written, >= 1; under a form, JSON's own marks come on top.
            temperature: >= 0.
            draw: index of the draw, >= 0.

        Raises:
            StudyError: when a number is out of range.
            TransientModelError: when the call failed, retries included.
            ModelRefusedError: when no endpoint answers, or it refuses.
        """
        if max_tokens < 1 or not temperature >= 0 or draw < 0:
            raise StudyError(
                f"found max_tokens {max_tokens}, temperature {temperature}, draw {draw}; "
                "expected max_tokens >= 1, temperature >= 0, draw >= 0"
            )
        question: dict[str, object] = {
            "temperature": temperature,
            "max_tokens": max_tokens,
            "seed": draw_seed(prefix, suffix, form, draw),
        }
        if form:
            question["response_format"] = response_format(form_schema(form))
            question["max_tokens"] = max_tokens + JSON_TOKENS * (1 + len(form.fields))
        try:
            answer = await self._ask(prefix, suffix, question)
        except _StatusError as error:
            raise self._refusal(error) from None
        values = read_object(answer.text) if form else None
        return Reply(form.render(values) if form and values is not None else answer.text, answer.usage)

    async def close(self) -> None:
        """Closes the connections of this event loop; a later call opens new ones."""
        mine, self._open = self._open, None
        if mine is not None and mine.loop is asyncio.get_running_loop():
            await mine.client.aclose()

    async def _score_by_schema(self, prefix: str, suffix: str, options: tuple[str, ...], spent: Usage) -> Scores:
        """One greedy answer among the labels, for endpoints without log-probabilities."""
        schema: dict[str, object] = {
            "type": "object",
            "properties": {"answer": {"type": "string", "enum": list(options)}},
            "required": ["answer"],
            "additionalProperties": False,
        }
        question: dict[str, object] = {
            "temperature": 0.0,
            "max_tokens": 32,
            "seed": draw_seed(prefix, suffix, None, 0),
            "response_format": response_format(schema),
        }
        try:
            answer = await self._ask(prefix, suffix, question)
        except _StatusError as error:
            raise self._refusal(error) from None
        values = read_object(answer.text)
        named = str(values.get("answer")) if values is not None else answer.text.strip().rstrip(".)")
        usage = spent + answer.usage
        if named not in options:
            return Scores((-math.log(len(options)),) * len(options), usage, exact=False, answered=False)
        return Scores(tuple(0.0 if o == named else FLOOR_NATS for o in options), usage, exact=False)

    async def _ask(self, prefix: str, suffix: str, question: Mapping[str, object]) -> Completion:
        """One chat completion, retried while failures may pass."""
        body = {
            "model": self.model,
            "messages": [
                {"role": "system", "content": neutralise(prefix)},
                {"role": "user", "content": neutralise(suffix)},
            ],
            **question,
        }
        mine = self._connections()
        trouble, wait_s = "", 0.0
        async with mine.free:
            for attempt in range(self.retries + 1):
                if attempt:
                    # Jitter moves nothing that is logged, so it needs no key of ours.
                    backoff = random.uniform(0, min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** (attempt - 1)))
                    await asyncio.sleep(max(wait_s, backoff))
                started = time.perf_counter()
                try:
                    status, raw, wait_s = await self._post(mine.client, body)
                except httpx.ConnectError:
                    raise ModelRefusedError(
                        f"no endpoint at {self.url}: expected an OpenAI-compatible server there; "
                        "start one or use --model embedded"
                    ) from None
                except httpx.TransportError as error:
                    trouble, wait_s = f"{type(error).__name__} after at most {self.timeout_s} s", 0.0
                    continue
                if status == 200:
                    answer = read_completion(raw, time.perf_counter() - started)
                    if answer is not None:
                        return answer
                    trouble = "status 200 with a body that is no chat completion"
                elif status not in TRANSIENT_STATUS:
                    raise _StatusError(status, self._redact(raw[:2000].decode(errors="replace"))[:300])
                else:
                    trouble = f"status {status}"
                if wait_s > LONGEST_WAIT_S:
                    raise TransientModelError(
                        f"{self.url} answered {trouble} and asks to wait {wait_s:.0f} s, more than the "
                        f"{LONGEST_WAIT_S:.0f} s that a call may wait; resume later"
                    )
        raise TransientModelError(
            f"{self.url} failed {self.retries + 1} times on one call, lastly with {trouble}; expected a chat "
            "completion; resume later, or lower the concurrency"
        )

    async def _post(self, client: httpx.AsyncClient, body: Mapping[str, object]) -> tuple[int, bytes, float]:
        """One try: status, body up to its bound (empty text above it), and seconds that the endpoint asks to wait."""
        key = self._key()
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        raw = bytearray()
        # The whole try is bounded: httpx's own limit is per read, and a server may drip.
        try:
            async with (
                asyncio.timeout(self.timeout_s),
                client.stream("POST", f"{self.url}/chat/completions", json=body, headers=headers) as response,
            ):
                async for piece in response.aiter_bytes():
                    raw += piece
                    if len(raw) > LONGEST_BODY_BYTES:
                        if response.status_code != 200:
                            break
                        return 200, EMPTY_COMPLETION, 0.0
                return response.status_code, bytes(raw), read_wait(response.headers.get("Retry-After", ""))
        except TimeoutError:
            raise httpx.ReadTimeout("the try took too long") from None

    def _connections(self) -> _Connections:
        """The client of the running event loop; a client of a loop that is gone cannot be used again."""
        loop = asyncio.get_running_loop()
        if self._open is None or self._open.loop is not loop:
            client = httpx.AsyncClient(
                timeout=self.timeout_s,
                limits=httpx.Limits(max_connections=self.concurrency),
                # A proxy never stands between us and this machine.
                trust_env=not _is_loopback(httpx.URL(self.url).host),
            )
            self._open = _Connections(loop, client, asyncio.Semaphore(self.concurrency))
        return self._open

    def _key(self) -> str:
        """The key, from the environment and nowhere else."""
        return os.environ.get(self.key_env, "").strip()

    def _redact(self, text: str) -> str:
        """What an endpoint said, on one line and without our key: some repeat it in their error."""
        key = self._key()
        return " ".join((text.replace(key, "***") if key else text).split())

    def _refusal(self, error: _StatusError) -> ModelRefusedError:
        """What a status means and what to do."""
        advice = {
            401: f"set the key in the environment variable {self.key_env}",
            403: f"the key in {self.key_env} may not use this model",
            404: f"expected a model {self.model!r} at {self.url}/chat/completions; check --model and the address",
        }.get(error.status, "expected a chat completion; check the model's name and the length of the prompt")
        return ModelRefusedError(f"{self.url} answered {error.status}; {advice}; it said: {error.said}")


def _check_url(url: str) -> str:
    """The address without a final slash; StudyError when it is none or could hold a secret."""
    try:
        parts = httpx.URL(url)
    except httpx.InvalidURL:
        raise StudyError("the endpoint's address cannot be read; expected e.g. http://127.0.0.1:8000/v1") from None
    if parts.scheme not in ("http", "https") or not parts.host or parts.userinfo or parts.query or parts.fragment:
        raise StudyError(
            f"the endpoint's address at {parts.host!r} is not http(s)://host/path, or holds a password, query or "
            "fragment; expected e.g. http://127.0.0.1:8000/v1, and the key in the environment"
        )
    return url.rstrip("/")


def _is_loopback(host: str) -> bool:
    """Whether a host is this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
