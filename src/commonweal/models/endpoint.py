"""Any OpenAI-compatible endpoint, asked over HTTP: `POST {url}/chat/completions` and `{url}/embeddings`, one try a call.

The prefix is the system message and the suffix the user message, with chat-template marks in them neutralised. Options
are scored by the log-probabilities of the first token; where an endpoint offers none, by one greedy answer under a JSON
schema, which says which option and not how sure (`Scores.exact` is False). Which of the two an endpoint can do is found
out by its first answer, unless `scoring` says it.

What fails is raised, and `scheduler` tries again: a body that is no completion too, and, once, an answer that breaks a
schema which this endpoint otherwise keeps.

Source: https://platform.openai.com/docs/api-reference/chat.
"""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Literal

from commonweal.core.errors import ModelRefusedError, StudyError, TransientModelError
from commonweal.models.completion import (
    Completion,
    choice_schema,
    read_choice,
    read_completion,
    read_logprobs,
    read_object,
    read_vectors,
    response_format,
)
from commonweal.models.connection import Connection, StatusError
from commonweal.models.grammar import form_schema
from commonweal.models.model import Form, Reply, Scores, Usage, Vectors, check_options
from commonweal.models.prompt import TEMPLATE_VERSION, digest_of, draw_seed, neutralise

JSON_TOKENS = 16
"""Most tokens of braces, quotes and white space that JSON adds to each field of a form, and once around them."""

Question = Mapping[str, object]
"""What is asked beside the messages: JSON."""

_neutral = functools.lru_cache(maxsize=256)(neutralise)
"""Prefixes are asked again and again."""


class Endpoint:
    """A model behind an OpenAI-compatible endpoint; a `Model`. One try a call: put `Scheduled` around it.

    Args:
        url: address up to and without `/chat/completions`, e.g. `http://127.0.0.1:8000/v1`.
        model: the model's name there.
        key_env: environment variable that holds the key; unset means that no key is sent.
        timeout_s: seconds that one try may take, > 0.
        scoring: how options are scored: by log-probabilities, by schema, or as the endpoint's first answer shows.
        embedding_model: the embedding model's name there; None: embeddings are made here, by `embedder`.

    Raises:
        StudyError: when the address is none, holds a password or a query, or a number is out of range.

    Source: see the module.
    """

    def __init__(
        self,
        url: str,
        model: str,
        key_env: str = "OPENAI_API_KEY",
        timeout_s: float = 120,
        scoring: Literal["auto", "logprobs", "schema"] = "auto",
        embedding_model: str | None = None,
    ) -> None:
        self.connection = Connection(url, key_env, timeout_s)
        self.url = self.connection.url
        if not timeout_s > 0 or not model or scoring not in ("auto", "logprobs", "schema"):
            raise StudyError(
                f"found model {model!r}, timeout_s {timeout_s}, scoring {scoring!r}; expected a name, timeout_s > 0, and "
                "scoring 'auto', 'logprobs' or 'schema'"
            )
        self.model = model
        self.key_env = key_env
        self.timeout_s = timeout_s
        self.scoring = scoring
        self.embedding_model = embedding_model
        self._logprobs: bool | None = None if scoring == "auto" else scoring == "logprobs"
        self._first: asyncio.Lock | None = None
        self._kept = 0
        self._broken = 0
        self._doubted: set[int] = set()

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
        """Over the address, the model's name, how it is asked, and the template's version. Its weights cannot be seen."""
        facts: dict[str, str | int] = {"endpoint": self.url, "model": self.model, "template": TEMPLATE_VERSION}
        if self.scoring != "auto":
            facts["scoring"] = self.scoring
        if self.embedding_model is not None:
            facts["embedding"] = self.embedding_model
        return digest_of(facts)

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
            TransientModelError: when the call failed in a way that may pass.
            ModelRefusedError: when no endpoint answers, or it refuses.
        """
        check_options(options)
        if self._logprobs is None:
            # Before the first answer nobody knows what is offered; only one call is spent on finding out.
            self._first = self._first or asyncio.Lock()
            async with self._first:
                if self._logprobs is None:
                    return await self._score_by_logprobs(prefix, suffix, options)
        if self._logprobs:
            return await self._score_by_logprobs(prefix, suffix, options)
        return await self._score_by_schema(prefix, suffix, options, Usage())

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
            TransientModelError: when the call failed in a way that may pass.
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
            answer = await self._ask(prefix, suffix, question, _is_object if form else _is_text)
        except StatusError as error:
            raise self._refusal(error) from None
        values = read_object(answer.text) if form else None
        return Reply(form.render(values) if form and values is not None else answer.text, answer.usage)

    async def embed(self, texts: tuple[str, ...]) -> Vectors:
        """Unit vectors of texts, by the endpoint's embedding model, or here where none is named.

        Args:
            texts: what is embedded.

        Raises:
            TransientModelError: when the call failed in a way that may pass.
            ModelRefusedError: when no endpoint answers, or it refuses, or the offline model is not installed.
        """
        if self.embedding_model is None:
            from commonweal.models.embedder import embed_texts

            return await asyncio.to_thread(embed_texts, texts)
        began = time.perf_counter()
        try:
            raw = await self.connection.post("embeddings", {"model": self.embedding_model, "input": list(texts)})
        except StatusError as error:
            raise self._refusal(error) from None
        found = None if raw is None else read_vectors(raw, len(texts))
        if found is None:
            raise TransientModelError(f"{self.url} answered with a body that holds no {len(texts)} embeddings; resume later")
        return replace(found, usage=replace(found.usage, seconds=time.perf_counter() - began))

    async def close(self) -> None:
        """Closes the connections of this event loop; a later call opens new ones."""
        await self.connection.close()

    async def _score_by_logprobs(self, prefix: str, suffix: str, options: tuple[str, ...]) -> Scores:
        """The log-probabilities of the first token; by schema where the endpoint gives none for any option."""
        question = {
            # At temperature 1 every server's log-probabilities are the model's own; the sampled token is not used.
            "temperature": 1.0,
            "max_tokens": 1,
            "logprobs": True,
            "top_logprobs": 20,
            "seed": draw_seed(prefix, suffix, None, 0),
        }
        try:
            answer = await self._ask(prefix, suffix, question, _is_text)
            if answer.first or answer.text:
                # An empty answer says nothing about what is offered.
                self._logprobs = self._logprobs or bool(answer.first)
            scores, spent = read_logprobs(answer, options), answer.usage
        except StatusError as error:
            if error.status not in (400, 422) or "logprob" not in error.said:
                raise self._refusal(error) from None
            self._logprobs, scores, spent = False, None, Usage(1)
        return scores or await self._score_by_schema(prefix, suffix, options, spent)

    async def _score_by_schema(self, prefix: str, suffix: str, options: tuple[str, ...], spent: Usage) -> Scores:
        """One greedy answer among the labels, for endpoints without log-probabilities."""
        question: dict[str, object] = {
            "temperature": 0.0,
            "max_tokens": 32,
            "seed": draw_seed(prefix, suffix, None, 0),
            "response_format": response_format(choice_schema(options)),
        }
        try:
            answer = await self._ask(prefix, suffix, question, lambda answer: read_choice(answer, options, Usage()).answered)
        except StatusError as error:
            raise self._refusal(error) from None
        return read_choice(answer, options, spent)

    async def _ask(self, prefix: str, suffix: str, question: Question, kept: Callable[[Completion], bool]) -> Completion:
        """One chat completion."""
        body = {
            "model": self.model,
            "messages": [
                {"role": "system", "content": _neutral(prefix)},
                {"role": "user", "content": neutralise(suffix)},
            ],
            **question,
        }
        began = time.perf_counter()
        raw = await self.connection.post("chat/completions", body)
        answer = None if raw is None else read_completion(raw)
        if answer is None:
            what = "is too long" if raw is None else "is no chat completion"
            raise TransientModelError(
                f"{self.url} answered with status 200 and a body that {what}; expected one: see what stands before the model",
                spoiled=True,
            )
        if kept(answer):
            self._kept += 1
        else:
            self._take_or_ask_again(hash((prefix, suffix, str(question))))
        return replace(answer, usage=replace(answer.usage, seconds=time.perf_counter() - began))

    def _take_or_ask_again(self, call: int) -> None:
        """Once, an endpoint that keeps its forms may have had an accident, and is asked again; said twice, it is meant."""
        self._broken += 1
        if call in self._doubted or self._broken > 3 * self._kept + 3:
            self._doubted.discard(call)
            return
        self._doubted.add(call)
        raise TransientModelError(f"{self.url} gave an answer that is not of the form asked for; ask again", spoiled=True)

    def _refusal(self, error: StatusError) -> ModelRefusedError:
        """What a status means and what to do."""
        advice = {
            401: f"set the key in the environment variable {self.key_env}",
            403: f"the key in {self.key_env} may not use this model",
            404: f"expected a model {self.model!r} at {self.url}/chat/completions; check --model and the address",
        }.get(error.status, "expected a chat completion; check the model's name and the length of the prompt")
        return ModelRefusedError(f"{self.url} answered {error.status}; {advice}; it said: {error.said}")


def _is_object(answer: Completion) -> bool:
    """Whether a reply under a schema is JSON at all."""
    return read_object(answer.text) is not None


def _is_text(answer: Completion) -> bool:
    """Whether there is anything in a reply."""
    return bool(answer.text or answer.first)
