"""Every provider that Inspect speaks to, as a `Model`: names as Inspect has them, `openai/gpt-4o-mini`, `anthropic/...`.

Asked as an endpoint is: the prefix is the system message, the suffix the user message, options are scored by the
log-probabilities of the first token, or by one greedy answer under a JSON schema where a provider has none. What comes back is
put into the shape of a chat completion and read by the same code. One try a call: Inspect's retries, cache, display and
limits of its own are off, it writes no file, and its record of a call ends with the call.

Source: Inspect, UK AI Security Institute, https://inspect.aisi.org.uk/models.html (inspect-ai 0.3.285).
"""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import re
import time
from typing import TYPE_CHECKING, cast

from commonweal.core.errors import ModelRefusedError, StudyError, TransientModelError
from commonweal.models.completion import Completion, choice_schema, read_choice, read_completion, read_logprobs, read_object
from commonweal.models.grammar import form_schema
from commonweal.models.model import Form, Reply, Scores, Usage, Vectors, check_options
from commonweal.models.prompt import TEMPLATE_VERSION, digest_of, draw_seed, neutralise

if TYPE_CHECKING:
    from inspect_ai.model import GenerateConfig, ModelOutput
    from inspect_ai.model import Model as Provider

INSTALL = "pip install 'commonweal[inspect]', and the provider's own package, as in pip install openai"
"""The command that brings Inspect."""

WITH_LOGPROBS = frozenset(
    {"azureai", "google", "grok", "hf", "llama-cpp-python", "openai", "openai-api", "openrouter", "sglang", "together", "vllm"}
)
"""Inspect's providers that are asked for log-probabilities; the others are asked for one answer at once."""

JSON_TOKENS = 16
"""Most tokens that JSON's marks add to each field of a form and once around them; also the least that some providers write."""

_AT_ONCE = 10_000
"""Inspect's own bound of calls in flight: out of the way, since the scheduler bounds them."""
_NAME = re.compile(r"[a-z][a-z0-9-]*(/[^\s/]+)+")
_SECRET = re.compile(r"KEY|TOKEN|SECRET|PASSWORD|CREDENTIAL")
_SHORTEST_SECRET = 6


class InspectModel:
    """A model through Inspect; a `Model`. One try a call: put `Scheduled` around it.

    Keys are read by Inspect from the provider's environment variable, as in OPENAI_API_KEY.

    Args:
        model: `provider/name`, or a model that Inspect's `get_model` gave, which is used as it is.
        url: the provider's base address; None: what the environment says, else the provider's own.
        timeout_s: seconds that one call may take, > 0.
        logprobs: whether options are scored by log-probabilities; None: where the provider is known to give them.

    Raises:
        StudyError: the name has no provider, the address holds a password, or a number is out of range.

    Source: see the module.
    """

    def __init__(
        self, model: str | Provider, url: str | None = None, timeout_s: float = 120, logprobs: bool | None = None
    ) -> None:
        self._given = None if isinstance(model, str) else model
        self.model = str(model)
        if not _NAME.fullmatch(self.model) or not timeout_s > 0:
            raise StudyError(
                f"found the model {self.model!r}, timeout_s {timeout_s}; expected a name as Inspect has them, such as "
                "openai/gpt-4o-mini, and timeout_s > 0"
            )
        provider, _, rest = self.model.partition("/")
        service = rest.partition("/")[0] if provider == "openai-api" else provider
        # Inspect would read these too; they are read here, since another address is another model.
        named = os.environ.get(f"{service.upper().replace('-', '_')}_BASE_URL") or os.environ.get("INSPECT_EVAL_MODEL_BASE_URL")
        self.url = url or (named if self._given is None else self._given.api.base_url)
        if self.url is not None and re.search(r"[@?#]", self.url):
            raise StudyError("the provider's address holds a password, query or fragment; expected the key in the environment")
        self.timeout_s = timeout_s
        self.logprobs = provider in WITH_LOGPROBS if logprobs is None else logprobs
        self._open: tuple[asyncio.AbstractEventLoop, Provider] | None = None

    def __repr__(self) -> str:
        """The call that makes it; never the key."""
        return f"InspectModel({self.model!r}, url={self.url!r})"

    @property
    def name(self) -> str:
        """`provider/name`."""
        return self.model

    @property
    def null_model(self) -> bool:
        """Always False."""
        return False

    @property
    def digest(self) -> str:
        """Over name, address, how options are scored, and the template's version. The model's weights cannot be seen."""
        facts: dict[str, str | int] = {"inspect": self.model, "url": self.url or "", "logprobs": int(self.logprobs)}
        return digest_of(facts | {"template": TEMPLATE_VERSION})

    async def score(self, prefix: str, suffix: str, options: tuple[str, ...]) -> Scores:
        """How likely each label is as the reply's first token, as `Endpoint.score` has it.

        Args:
            prefix: the part that seats share.
            suffix: the seat's own part; it asks for one of the labels.
            options: labels, single letters A to Z, no two the same.

        Raises:
            StudyError: when the labels are not such.
            TransientModelError: when the call failed in a way that may pass.
            ModelRefusedError: when Inspect, the provider's package or the key is missing, or the provider refuses.
        """
        check_options(options)
        seed, spent = draw_seed(prefix, suffix, None, 0), Usage()
        if self.logprobs:
            question = {"temperature": 1.0, "max_tokens": JSON_TOKENS, "seed": seed, "logprobs": True, "top_logprobs": 20}
            answer = await self._ask(prefix, suffix, question)
            scores = read_logprobs(answer, options)
            if scores is not None:
                return scores
            spent = answer.usage
        question = {"temperature": 0.0, "max_tokens": 2 * JSON_TOKENS, "seed": seed}
        return read_choice(await self._ask(prefix, suffix, question, choice_schema(options)), options, spent)

    async def generate(
        self, prefix: str, suffix: str, form: Form | None, *, max_tokens: int, temperature: float, draw: int
    ) -> Reply:
        """Text by the model; under a form, its JSON answer written as the lines that `Form.parse` reads.

        Providers without JSON schemas answer by the prompt alone; a reply that is not JSON is given as it is.

        Args:
            prefix: the part that seats share.
            suffix: the seat's own part.
            form: what the reply must look like; None for free text.
            max_tokens: most tokens written, >= 1; under a form, JSON's own marks come on top.
            temperature: >= 0.
            draw: index of the draw, >= 0.

        Raises:
            StudyError: when a number is out of range.
            TransientModelError: when the call failed in a way that may pass.
            ModelRefusedError: when Inspect, the provider's package or the key is missing, or the provider refuses.
        """
        if max_tokens < 1 or not temperature >= 0 or draw < 0:
            raise StudyError(
                f"found max_tokens {max_tokens}, temperature {temperature}, draw {draw}; "
                "expected max_tokens >= 1, temperature >= 0, draw >= 0"
            )
        most = max_tokens + (JSON_TOKENS * (1 + len(form.fields)) if form else 0)
        question = {"temperature": temperature, "max_tokens": most, "seed": draw_seed(prefix, suffix, form, draw)}
        answer = await self._ask(prefix, suffix, question, form_schema(form) if form else None)
        values = read_object(answer.text) if form else None
        return Reply(form.render(values) if form and values is not None else answer.text, answer.usage)

    async def embed(self, texts: tuple[str, ...]) -> Vectors:
        """The texts' vectors by the offline embedder, [k, 384]: Inspect has no embeddings. See `embedder`.

        Args:
            texts: any texts; 128 tokens of each are read.

        Raises:
            ModelRefusedError: the embedder is not installed.
        """
        from commonweal.models.embedder import embed_texts

        return await asyncio.to_thread(embed_texts, texts)

    async def close(self) -> None:
        """Closes the provider's connections of this event loop; a later call opens new ones."""
        mine, self._open = self._open, None
        if mine is not None and mine[0] is asyncio.get_running_loop():
            await mine[1].api.aclose()

    async def _ask(
        self, prefix: str, suffix: str, question: dict[str, float | int | bool], schema: dict[str, object] | None = None
    ) -> Completion:
        """One call, in a task of its own: what Inspect records of it hangs on the task and ends with it."""
        provider = self._provider()
        began = time.perf_counter()
        call = _generate(provider, neutralise(prefix), neutralise(suffix), question, schema)
        try:
            async with asyncio.timeout(self.timeout_s):
                output = await asyncio.create_task(call)
        except TimeoutError:
            raise TransientModelError(f"{self.model} gave no answer in {self.timeout_s:g} s; resume later") from None
        except Exception as error:
            raise self._failure(provider, error) from None
        if output.stop_reason == "model_length" and not (output.usage and output.usage.output_tokens):
            raise ModelRefusedError(
                f"{self.model}: the prompt is longer than the model reads; shorten it or take another model"
            )
        answer = read_completion(_as_body(output), time.perf_counter() - began)
        return answer or Completion("", (), Usage(1, 0, 0, time.perf_counter() - began))

    def _provider(self) -> Provider:
        """Inspect's model, opened once an event loop; ModelRefusedError when it cannot be had."""
        loop = asyncio.get_running_loop()
        if self._open is not None and self._open[0] is loop:
            return self._open[1]
        try:
            from inspect_ai.model import get_model
            from inspect_ai.util import display_type
        except ImportError as error:
            raise ModelRefusedError(f"Inspect cannot be loaded ({error}); to have {self.model}: {INSTALL}") from None
        if display_type() == "conversation":
            # It would print what models say, escapes and all, into our terminal.
            importlib.import_module("inspect_ai.util._display").init_display_type("none")
        try:
            provider = self._given or get_model(self.model, base_url=self.url, memoize=False)
        except Exception as error:
            # A provider's constructor raises what it likes: no key, no package, no such provider.
            raise ModelRefusedError(
                f"Inspect has no {self.model} here: {self._said(error)}; expected its key in the environment and {INSTALL}"
            ) from None
        client = getattr(provider.api, "client", None)
        if hasattr(client, "max_retries"):
            # Makers' packages try again by themselves, unseen by budget and scheduler.
            cast("_Client", client).max_retries = 0
        self._open = (loop, provider)
        return provider

    def _failure(self, provider: Provider, error: Exception) -> TransientModelError | ModelRefusedError:
        """What a failed call means: the provider's own classification, else by status; what is left may pass."""
        attempt = getattr(error, "last_attempt", None)
        cause = attempt.exception() if attempt is not None else error
        decision = provider.api.should_retry(cause)
        status = getattr(cause, "status_code", None)
        words = f"{self.model} failed ({self._said(cause)})"
        if not decision and isinstance(status, int) and 400 <= status < 500:
            return ModelRefusedError(f"{words}; expected a reply: check name, key and address, and the length of the prompt")
        wait_s = float(getattr(decision, "retry_after", None) or 0.0)
        limited = getattr(decision, "kind", "") == "rate_limit"
        return TransientModelError(f"{words}; resume later, or lower the concurrency", wait_s, limited or wait_s > 0)

    def _said(self, error: BaseException) -> str:
        """An error in one line: without keys (some servers repeat them), control characters, and what was asked."""
        text = str(getattr(error, "provider_message", None) or error)
        for name, value in os.environ.items():
            if _SECRET.search(name.upper()) and len(value) >= _SHORTEST_SECRET:
                text = text.replace(value, "***")
        plain = "".join(letter if letter.isprintable() else " " for letter in text[:4000])
        return f"{type(error).__name__}: {' '.join(plain.split())[:300]}"


class _Client:
    """What makers' packages have in common."""

    max_retries: int


async def _generate(
    provider: Provider,
    prefix: str,
    suffix: str,
    question: dict[str, float | int | bool],
    schema: dict[str, object] | None,
) -> ModelOutput:
    """One call by Inspect's own API, every service of Inspect's around it switched off."""
    from inspect_ai.model import ChatMessage, ChatMessageSystem, ChatMessageUser, GenerateConfig, ResponseSchema
    from inspect_ai.util import JSONSchema

    config: GenerateConfig = GenerateConfig.model_validate(
        question | {"max_retries": 0, "max_connections": _AT_ONCE, "adaptive_connections": False, "batch": False}
    )
    if schema is not None:
        form = JSONSchema.model_validate(schema)
        config.response_schema = ResponseSchema(name="reply", json_schema=form, strict=True)
    messages: list[ChatMessage] = [ChatMessageSystem(content=prefix), ChatMessageUser(content=suffix)]
    return await provider.generate(messages, tools=[], config=config, cache=False)


def _as_body(output: ModelOutput) -> bytes:
    """What Inspect gives, in the shape of a chat completion, so that it is read with the same distrust."""
    choice: dict[str, object] = {"message": {"content": output.completion}}
    logprobs = output.choices[0].logprobs if output.choices else None
    if logprobs is not None and logprobs.content:
        first = logprobs.content[0]
        rows = [{"token": row.token, "logprob": row.logprob} for row in first.top_logprobs or [first]]
        choice["logprobs"] = {"content": [{"top_logprobs": rows}]}
    usage = {"prompt_tokens": 0, "completion_tokens": 0}
    if output.usage is not None:
        cached = (output.usage.input_tokens_cache_read or 0) + (output.usage.input_tokens_cache_write or 0)
        usage = {"prompt_tokens": output.usage.input_tokens + cached, "completion_tokens": output.usage.output_tokens}
    return json.dumps({"choices": [choice], "usage": usage}).encode()
