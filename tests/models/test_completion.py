"""Known answers: the shape of the published chat completion object, and arithmetic by hand."""

import json
import math
import time
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonweal.models.completion import FLOOR_NATS, Completion, read_completion, read_logprobs, read_object, read_wait
from commonweal.models.model import Usage


def body(text: str | None, rows: list[tuple[str, float]] = []) -> bytes:  # noqa: B006
    top = [{"token": token, "logprob": p} for token, p in rows]
    logprobs = {"content": [{"token": "x", "logprob": 0, "top_logprobs": top}]}
    choice = {"message": {"role": "assistant", "content": text}, "logprobs": logprobs if rows else None}
    return json.dumps({"choices": [choice], "usage": {"prompt_tokens": 7, "completion_tokens": 2}}).encode()


def test_text_and_cost_are_read():
    read = read_completion(body("hello"), 0.5)
    assert read is not None
    assert (read.text, read.first, read.usage) == ("hello", (), Usage(1, 7, 2, 0.5))


def test_spellings_that_differ_in_spaces_add_up():
    half, quarter = math.log(0.5), math.log(0.25)
    read = read_completion(body("A", [("A", half), (" A", quarter), (" B", math.log(0.125)), ("C.", -9.0)]))
    assert read is not None
    scores = read_logprobs(read, ("A", "B"))
    assert scores is not None
    assert scores.exact
    assert scores.logprobs == pytest.approx((math.log(0.75), math.log(0.125)), rel=1e-12)


def test_a_missing_label_gets_the_most_the_list_leaves_it():
    read = read_completion(body("A", [("A", math.log(0.9)), ("B", math.log(0.06))]))
    assert read is not None
    scores = read_logprobs(read, ("A", "B", "C"))
    assert scores is not None
    assert not scores.exact
    assert scores.logprobs[2] == pytest.approx(math.log(0.04), rel=1e-9)
    full = read_completion(body("A", [("A", 0.0)]))
    assert full is not None
    scores = read_logprobs(full, ("A", "B"))
    assert scores is not None
    assert scores.logprobs == (0.0, FLOOR_NATS)


def test_a_list_without_any_label_says_nothing():
    read = read_completion(body("Well", [("Well", -0.1)]))
    assert read is not None
    assert read_logprobs(read, ("A", "B")) is None


def test_a_reply_above_64_kib_is_dropped():
    kept, dropped = read_completion(body("x" * 65536)), read_completion(body("é" * 32769))
    assert kept is not None
    assert dropped is not None
    assert len(kept.text) == 65536
    assert dropped.text == ""


@pytest.mark.parametrize(
    "raw", [b"", b"<html>", b"[]", b"{}", b'{"choices": []}', b'{"choices": [{"message": {"content": 3}}]}', b"\xff",
            b"[" * 100_000]
)  # fmt: skip
def test_a_body_that_is_no_completion_is_none(raw: bytes):
    assert read_completion(raw) is None


def test_a_lone_surrogate_becomes_a_question_mark():
    read = read_completion(b'{"choices": [{"message": {"content": "a\\ud800b"}}]}')
    assert read is not None
    assert read.text == "a?b"


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["choices", "message", "content", "logprobs", "top_logprobs", "usage"]), inner, max_size=4)))  # fmt: skip  # noqa: E501
def test_no_body_raises(value: object):
    assert isinstance(read_completion(json.dumps(value).encode()), Completion | None)
    read = read_completion(json.dumps({"choices": [{"message": {"content": "x"}, "logprobs": value}], "usage": value}).encode())
    assert read is not None
    assert read.text == "x"
    assert min(read.usage.prompt_tokens, read.usage.new_tokens) >= 0


def test_objects_are_read_inside_a_fence_or_not():
    assert read_object('{"a": 1}') == {"a": 1}
    assert read_object('```json\n{"a": 1}\n```') == {"a": 1}
    assert read_object("[1]") is None
    assert read_object("A") is None


def test_retry_after_is_seconds_or_a_date():
    assert read_wait("2.5") == 2.5
    assert 50 < read_wait(formatdate(time.time() + 60, usegmt=True)) <= 60
    for nothing in ("", "soon", "-3", "nan", "inf"):
        assert read_wait(nothing) == 0.0
