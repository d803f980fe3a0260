"""Models through Inspect: its own mock provider, and its OpenAI-compatible one against the loopback endpoint."""

import asyncio
import json
import math
import os
import random
import subprocess
import sys

import pytest

pytest.importorskip("inspect_ai", reason="the extra `inspect` is not installed")

from inspect_ai.log._transcript import transcript
from inspect_ai.model import Logprob, Logprobs, ModelOutput, ModelUsage, TopLogprob, get_model

from commonweal.core.errors import ModelRefusedError, StudyError, TransientModelError
from commonweal.models import inspect_model as module
from commonweal.models.inspect_model import InspectModel
from commonweal.models.model import ChoiceField, Form, IntegerField, TextField
from faults import Faulty, always
from replies import label_logprobs

# inspect-ai 0.3.285 calls tenacity 9.2 by a parameter that tenacity renamed; it is Inspect's to mend.
pytestmark = pytest.mark.filterwarnings("ignore:The 'initial' parameter is deprecated:DeprecationWarning")
USAGE = ModelUsage(input_tokens=11, output_tokens=3, total_tokens=14)
KEY = "sk-secret-0123456789"
FORM = Form((IntegerField("amount", 0, 9), ChoiceField("to", ("Ann", "Bob")), TextField("say", 3)))


def saying(text, rows=(), usage=USAGE):
    """A model that says this, with these likeliest first tokens, and the calls that it got."""
    asked = []

    def answer(messages, tools, tool_choice, config):
        asked.append((messages, config))
        output = ModelOutput.from_content("mockllm/model", text(len(asked)) if callable(text) else text)
        output.usage = usage
        if rows:
            top = [TopLogprob(token=token, logprob=value) for token, value in rows]
            output.choices[0].logprobs = Logprobs(content=[Logprob(token=rows[0][0], logprob=rows[0][1], top_logprobs=top)])
        return output

    return get_model("mockllm/model", custom_outputs=answer), asked


def failing(error, retry=False):
    def answer(*_):
        raise error

    model = get_model("mockllm/model", custom_outputs=answer)
    model.api.should_retry = lambda cause: retry
    return model


def ask(model, *calls):
    async def run():
        try:
            return await asyncio.gather(*(call(model) for call in calls))
        finally:
            await model.close()

    return asyncio.run(run())


def score(model):
    return model.score("rules", "A) take\nB) leave", ("A", "B"))


def text(model, form=None, temperature=0.5, draw=0):
    return model.generate("rules", "you", form, max_tokens=20, temperature=temperature, draw=draw)


@pytest.mark.parametrize("seed", range(3))
def test_scores_are_the_logprobs_of_the_first_token_in_one_call(seed):
    draw = random.Random(seed)
    a, b = -draw.uniform(0.7, 3), -draw.uniform(0.7, 3)
    inner, asked = saying("A", [("A", a), ("B", b), ("The", -9.0)])
    (scores,) = ask(InspectModel(inner, logprobs=True), score)
    assert scores.logprobs == (a, b)
    assert (scores.exact, scores.answered, scores.usage.calls) == (True, True, 1)
    assert (scores.usage.prompt_tokens, scores.usage.new_tokens) == (11, 3)
    ((messages, config),) = asked
    assert [(m.role, m.content) for m in messages] == [("system", "rules"), ("user", "A) take\nB) leave")]
    assert (config.logprobs, config.top_logprobs, config.temperature, config.max_tokens) == (True, 20, 1.0, 16)


def test_a_provider_without_logprobs_is_asked_for_one_answer_and_once():
    inner, asked = saying('{"answer": "B"}')
    (scores,) = ask(InspectModel(inner), score)
    assert scores.logprobs == (-30.0, 0.0)
    assert (scores.exact, scores.answered, scores.usage.calls, len(asked)) == (False, True, 1, 1)
    config = asked[0][1]
    assert config.response_schema.json_schema.properties["answer"].enum == ["A", "B"]
    assert (config.temperature, config.logprobs) == (0.0, None)


def test_logprobs_that_are_promised_and_missing_cost_a_second_call():
    inner, asked = saying(lambda count: "Well" if count == 1 else "A.")
    (scores,) = ask(InspectModel(inner, logprobs=True), score)
    assert scores.logprobs == (0.0, -30.0)
    assert scores.usage.calls == len(asked) == 2


def test_an_answer_that_names_no_option_is_no_answer():
    (scores,) = ask(InspectModel(saying("I would rather not")[0]), score)
    assert scores.logprobs == (-math.log(2), -math.log(2))
    assert not scores.answered


def test_a_form_goes_out_as_schema_and_comes_back_as_lines():
    inner, asked = saying(lambda n: '{"say": "hello\\nyou", "to": "Bob", "amount": 3}' if n == 1 else "amount: 2 I think")
    model = InspectModel(inner)
    assert FORM.parse(ask(model, lambda m: text(m, FORM))[0].text) == {"amount": 3, "to": "Bob", "say": "hello you"}
    assert ask(model, lambda m: text(m, FORM))[0].text == "amount: 2 I think"  # in a second event loop
    first, second = (config for _, config in asked)
    assert first.response_schema.json_schema.required == ["amount", "to", "say"]
    assert first.response_schema.json_schema.properties["amount"].maximum == 9
    assert first.max_tokens == 20 + 4 * 16
    assert first.seed == second.seed


def test_draws_differ_in_seed_and_nothing_of_inspects_own_is_on():
    inner, asked = saying("x")
    ask(InspectModel(inner), lambda m: text(m, draw=0), lambda m: text(m, draw=1), lambda m: text(m, temperature=0.0))
    seeds = [config.seed for _, config in asked]
    assert seeds[0] != seeds[1]
    assert seeds[0] == seeds[2]
    for _, config in asked:
        assert (config.max_retries, config.adaptive_connections, config.cache, config.batch) == (0, False, None, False)
        assert config.max_connections >= 10_000


def test_marks_of_chat_templates_never_leave():
    inner, asked = saying("x")
    ask(InspectModel(inner), lambda m: m.generate("p", "<|im_end|>x", None, max_tokens=1, temperature=0.0, draw=0))
    assert "<|im" not in asked[0][0][1].content


@pytest.mark.parametrize("hostile", ["\ud800 alone", "x" * 70_000, "[" * 100_000, "a\x00b", "\x1b[31m"])
def test_bad_text_is_a_reply_and_can_be_stored(hostile):
    (reply,) = ask(InspectModel(saying(hostile)[0]), text)
    reply.text.encode()
    assert len(reply.text.encode()) <= 100_000
    assert reply.text in (hostile, hostile.encode("utf-8", "replace").decode(), "")


@pytest.mark.parametrize("rows", [[("A", math.nan), ("B", 1e308)], [("A", -math.inf)], [("A", 5.0), ("B", -1.0)]])
def test_wild_logprobs_stay_finite(rows):
    inner, _ = saying('{"answer": "A"}', rows)
    (scores,) = ask(InspectModel(inner, logprobs=True), score)
    assert all(math.isfinite(p) and p <= 0 for p in scores.logprobs)


class _StatusError(Exception):
    def __init__(self, status, words):
        super().__init__(words)
        self.status_code = status


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_a_status_that_no_retry_helps_is_a_refusal_without_key_and_escapes(monkeypatch, status):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    inner = failing(_StatusError(status, f"bad key {KEY}\n\x1b[31mred"))
    with pytest.raises(ModelRefusedError, match="mockllm/model failed") as caught:
        ask(InspectModel(inner), text)
    assert "***" in str(caught.value)
    assert KEY not in str(caught.value)
    assert "\x1b" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_failure_that_may_pass_is_tried_once_and_says_how_long_to_wait():
    from inspect_ai.model._model import RetryDecision

    calls = []

    def answer(*_):
        calls.append(1)
        raise _StatusError(429, "slow down")

    inner = get_model("mockllm/model", custom_outputs=answer)
    inner.api.should_retry = lambda cause: RetryDecision.rate_limit(retry_after=7.5)
    with pytest.raises(TransientModelError, match="slow down") as caught:
        ask(InspectModel(inner), text)
    assert (caught.value.wait_s, caught.value.limited, len(calls)) == (7.5, True, 1)
    inner.api.should_retry = lambda cause: RetryDecision.transient()
    with pytest.raises(TransientModelError) as caught:
        ask(InspectModel(inner), text)
    assert (caught.value.wait_s, caught.value.limited, len(calls)) == (0.0, False, 2)


@pytest.mark.parametrize("error", [ValueError("x"), TypeError("x"), ConnectionResetError("x"), _StatusError(500, "x")])
def test_what_nobody_classifies_may_pass(error):
    with pytest.raises(TransientModelError):
        ask(InspectModel(failing(error)), text)


def test_a_call_that_takes_too_long_is_given_up():
    async def slow(*_):
        await asyncio.sleep(30)

    with pytest.raises(TransientModelError, match=r"no answer in 0\.05 s"):
        ask(InspectModel(get_model("mockllm/model", custom_outputs=slow), timeout_s=0.05), text)


def test_a_prompt_that_is_too_long_is_a_refusal():
    output = ModelOutput.from_content("m", "maximum context length is 10 tokens", stop_reason="model_length")
    output.usage = ModelUsage()
    with pytest.raises(ModelRefusedError, match="prompt is longer"):
        ask(InspectModel(get_model("mockllm/model", custom_outputs=[output])), text)


def test_nothing_of_a_call_is_kept():
    inner, _ = saying("x")

    async def run():
        model = InspectModel(inner)
        for draw in range(5):
            await text(model, draw=draw)
        return len(transcript().events)

    assert asyncio.run(run()) == 0


@pytest.mark.parametrize("name", ["", "gpt-4o", "OpenAI/x", "openai/", "a b/c", "../x/y", "openai/x\n"])
def test_a_name_without_a_provider_is_the_authors_mistake(name):
    with pytest.raises(StudyError, match="openai/gpt-4o-mini"):
        InspectModel(name)


def test_numbers_out_of_range_and_secrets_in_addresses_are_the_authors_mistake():
    with pytest.raises(StudyError, match="timeout_s 0"):
        InspectModel("openai/x", timeout_s=0)
    with pytest.raises(StudyError, match="password") as caught:
        InspectModel("openai/x", url="http://me:pw@h/v1")
    assert "pw" not in str(caught.value)
    with pytest.raises(StudyError, match="max_tokens 0"):
        asyncio.run(InspectModel("openai/x").generate("", "", None, max_tokens=0, temperature=0.0, draw=0))


def test_another_address_is_another_model(monkeypatch):
    plain = InspectModel("openai/x")
    assert plain.digest == InspectModel("openai/x").digest != InspectModel("openai/y").digest
    assert plain.digest != InspectModel("openai/x", logprobs=False).digest
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
    assert plain.digest != InspectModel("openai/x").digest == InspectModel("openai/x", url="http://127.0.0.1:1/v1").digest
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    model = InspectModel("openai/x")
    assert KEY not in repr(model) + model.digest + model.name + repr(vars(model))
    assert not model.null_model


def test_a_provider_that_is_not_there_is_refused_with_advice(monkeypatch):
    with pytest.raises(ModelRefusedError, match="no-such-provider"):
        ask(InspectModel("no-such-provider/x"), text)
    monkeypatch.setitem(sys.modules, "inspect_ai.model", None)
    with pytest.raises(ModelRefusedError, match=r"pip install 'commonweal\[inspect\]'"):
        ask(InspectModel("openai/x"), text)


def test_texts_are_embedded_here():
    (vectors,) = ask(InspectModel("openai/x"), lambda m: m.embed(("a tax", "the lake")))
    assert vectors.values.shape[0] == 2


def test_inspect_writes_no_file_and_prints_nothing(tmp_path):
    script = (
        "import asyncio\n"
        "from inspect_ai.model import ModelOutput, ModelUsage, get_model\n"
        "from commonweal.models.inspect_model import InspectModel\n"
        "output = ModelOutput.from_content('m', 'hello')\n"
        "output.usage = ModelUsage()\n"  # without it the mock would look for a tokenizer on the network
        "model = InspectModel(get_model('mockllm/model', custom_outputs=[output]))\n"
        "print(asyncio.run(model.generate('p', 's', None, max_tokens=9, temperature=0.0, draw=0)).text)\n"
    )
    home = tmp_path / "home"
    home.mkdir()
    places = dict.fromkeys(
        ("HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR", "TMPDIR"), str(home)
    )
    environment = os.environ | places | {"INSPECT_DISPLAY": "conversation"}
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=home, env=environment, capture_output=True, text=True, timeout=120, check=True
    )
    assert done.stdout == "hello\n"
    assert done.stderr == ""
    assert [path for path in home.rglob("*") if path.is_file() and "jax" not in str(path)] == []


class TestThroughTheOpenAiPackage:
    """The provider `openai-api`, which needs the package openai, against the loopback endpoint."""

    @pytest.fixture(autouse=True)
    def keyed(self, monkeypatch):
        pytest.importorskip("openai", reason="the package openai is not installed")
        monkeypatch.setenv("HERE_API_KEY", KEY)

    def model(self, server, **how):
        return InspectModel("openai-api/here/fake", url=server.url, **how)

    def test_scores_are_what_the_endpoint_says(self):
        with Faulty() as server:
            (scores,) = ask(self.model(server), score)
            asked = server.asked[0]
        key_of = module.draw_seed("rules", "A) take\nB) leave", None, 0)
        assert asked.body["seed"] == key_of
        assert sum(math.exp(p) for p in scores.logprobs) == pytest.approx(0.9)
        assert len(server.asked) == 1
        assert asked.headers["Authorization"] == f"Bearer {KEY}"
        assert label_logprobs("k", ["A"])[0][1] == pytest.approx(math.log(0.9))

    def test_a_form_is_kept_to(self):
        with Faulty() as server:
            (reply,) = ask(self.model(server), lambda m: text(m, FORM))
            assert set(FORM.parse(reply.text)) == {"amount", "to", "say"}
            assert reply.usage.prompt_tokens > 0
            assert "amount" in json.dumps(server.asked[0].body["response_format"])

    @pytest.mark.parametrize("fault", ["429", "500", "503", "reset", "cut", "truncated", "garbage", "empty body", "wrong body"])
    def test_a_fault_is_one_failed_try_and_the_next_gets_through(self, fault):
        with Faulty(always(fault)) as server:
            model = self.model(server)
            with pytest.raises(TransientModelError):
                ask(model, text)
            assert len(server.asked) == 1
            assert ask(model, text)[0].text

    def test_retry_after_is_handed_on(self):
        with Faulty(always("429 seconds"), retry_after_s=3) as server, pytest.raises(TransientModelError) as caught:
            ask(self.model(server), text)
        assert (caught.value.wait_s, caught.value.limited) == (3.0, True)

    @pytest.mark.parametrize("status", ["401", "403", "404"])
    def test_a_refusal_is_final(self, status):
        with Faulty(always(status), permanent=True) as server:
            with pytest.raises(ModelRefusedError) as caught:
                ask(self.model(server), text)
            assert len(server.asked) == 1
        assert KEY not in str(caught.value)

    def test_a_stall_is_given_up(self):
        with Faulty(always("stall")) as server, pytest.raises(TransientModelError):
            ask(self.model(server, timeout_s=0.3), text)
