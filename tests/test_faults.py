"""The faulty endpoint itself, asked over bare sockets and by an HTTP client that knows nothing of ours."""

import asyncio
import http.client
import json
import math
import random
import shutil
import socket
import ssl
import time
from contextlib import closing, suppress
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import pytest

from faults import HOSTILE, LASTING, PASSING, Faulty, always, seeded
from replies import SHAPES, label_logprobs

SCHEMA = {
    "type": "object",
    "properties": {
        "amount": {"type": "integer", "minimum": 3, "maximum": 5},
        "to": {"enum": ["Ann", "Bob"]},
        "say": {"type": "string"},
    },
}


def body(text="hello", **more):
    messages = [{"role": "system", "content": "rules"}, {"role": "user", "content": text}]
    return {"model": "fake", "messages": messages, "temperature": 1.0, "seed": 7} | more


def scoring(text="A) take\nB) leave\nReply with one letter."):
    return body(text, logprobs=True, top_logprobs=20, max_tokens=1)


def post(server, asked, path="/chat/completions", timeout=5.0):
    """Status, headers, raw body."""
    address = urlsplit(server.url)
    context = ssl._create_unverified_context() if server.tls else None
    kind = http.client.HTTPSConnection if server.tls else http.client.HTTPConnection
    more = {"context": context} if server.tls else {}
    with closing(kind(address.hostname, address.port, timeout=timeout, **more)) as connection:
        connection.request("POST", address.path + path, json.dumps(asked), {"Content-Type": "application/json"})
        response = connection.getresponse()
        return response.status, dict(response.getheaders()), response.read()


def content(raw):
    return json.loads(raw)["choices"][0]["message"]["content"]


@pytest.fixture(scope="module")
def plain():
    with Faulty() as server:
        yield server


def test_a_reply_is_a_function_of_what_was_asked(plain):
    first, again, other = (post(plain, body(text))[2] for text in ("hello", "hello", "good bye, all of you"))
    assert first == again
    assert len({post(plain, body(f"number {i}"))[2] for i in range(20)}) == 20
    assert json.loads(first)["id"] != json.loads(other)["id"]
    assert plain.answered.most_common(1)[0][1] == 2


def test_the_seed_moves_a_reply_above_temperature_0_alone(plain):
    warm, cold = ([content(post(plain, body("x", temperature=t, seed=s))[2]) for s in range(12)] for t in (1.0, 0.0))
    assert len(set(warm)) > 1
    assert len(set(cold)) == 1


def test_logprobs_are_a_distribution_over_the_labels_shown(plain):
    reply = json.loads(post(plain, scoring())[2])["choices"][0]
    rows = {row["token"]: row["logprob"] for row in reply["logprobs"]["content"][0]["top_logprobs"]}
    assert set(rows) == {"A", "B", "The", " I"}
    assert sum(map(math.exp, rows.values())) == pytest.approx(1.0)
    assert math.exp(rows["A"]) + math.exp(rows["B"]) == pytest.approx(0.9)
    assert reply["message"]["content"] == max(rows, key=rows.get)


@pytest.mark.parametrize("seed", range(3))
def test_logprobs_add_up_whatever_the_labels(seed):
    draw = random.Random(seed)
    labels = draw.sample("ABCDEFGHIJ", draw.randint(1, 10))
    assert sum(math.exp(p) for _, p in label_logprobs(str(draw.random()), labels)) == pytest.approx(1.0)


def test_a_schema_is_kept_to(plain):
    form = {"type": "json_schema", "json_schema": {"name": "reply", "schema": SCHEMA}}
    found = [json.loads(content(post(plain, body(f"{i}", response_format=form))[2])) for i in range(30)]
    assert {value["amount"] for value in found} == {3, 4, 5}
    assert {value["to"] for value in found} == {"Ann", "Bob"}
    assert all(isinstance(value["say"], str) for value in found)


def test_embeddings_are_unit_vectors_by_text(plain):
    rows = json.loads(post(plain, {"model": "fake", "input": ["a", "b", "a"]}, "/embeddings")[2])["data"]
    vectors = [row["embedding"] for row in rows]
    assert vectors[0] == vectors[2] != vectors[1]
    assert [math.hypot(*vector) for vector in vectors] == pytest.approx([1.0] * 3)


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_has_what_all_have_and_says_404_as_its_server_does(shape):
    with Faulty(shape=shape) as server:
        status, _, raw = post(server, scoring())
        choice = json.loads(raw)["choices"][0]
        assert status == 200
        assert choice["message"]["content"] in ("A", "B")
        assert ("logprobs" in choice) == (shape != "ollama")
        assert json.loads(raw)["usage"]["completion_tokens"] == 1
        status, _, raw = post(server, scoring() | {"model": "none-such"})
        assert status == (200 if shape == "llama.cpp" else 404)
        assert status == 200 or "none-such" in json.loads(raw)["error"]["message"]


def test_logprobs_can_be_refused_or_ignored_and_schemas_ignored():
    with Faulty(logprobs="refused") as server:
        status, _, raw = post(server, scoring())
        assert (status, b"logprobs" in raw) == (400, True)
    with Faulty(logprobs="ignored", schema=False) as server:
        assert "logprobs" not in json.loads(post(server, scoring())[2])["choices"][0]
        form = {"type": "json_schema", "json_schema": {"name": "reply", "schema": SCHEMA}}
        assert not content(post(server, body(response_format=form))[2]).startswith("{")


@pytest.mark.parametrize("fault", PASSING)
def test_a_fault_hits_a_question_so_often_and_then_it_is_answered(fault):
    with Faulty(always(fault), most=2, stall_s=0.2) as server:
        for _ in range(2):
            try:
                status, headers, raw = post(server, scoring(), timeout=0.6)
            except (ConnectionResetError, http.client.IncompleteRead, http.client.RemoteDisconnected, TimeoutError) as error:
                wrong = type(error).__name__
                assert fault in ("reset", "cut", "drip", "stall"), wrong
                continue
            assert "Retry-After" in headers or fault not in ("429 seconds", "429 date")
            if status == 200:
                with pytest.raises((ValueError, KeyError, TypeError, RecursionError, IndexError)):
                    json.loads(raw)["choices"][0]["message"]["content"].encode()
            else:
                assert status == {"429": 429, "500": 500, "503": 503, "stall": 504}[fault.split()[0]]
        status, _, raw = post(server, scoring())
        assert (status, content(raw) in "AB") == (200, True)
        assert server.faults == {fault: 2}
        assert sorted(server.tried.values()) == [3]
        assert sorted(server.answered.values()) == [1]


def test_retry_after_comes_in_seconds_and_as_a_date():
    with Faulty(always("429 seconds"), retry_after_s=3) as server:
        assert post(server, body())[1]["Retry-After"] == "3"
    with Faulty(always("429 date")) as server:
        assert abs(parsedate_to_datetime(post(server, body())[1]["Retry-After"]).timestamp() - time.time()) < 2


def test_a_permanent_fault_never_ends():
    with Faulty(always("500"), permanent=True) as server:
        assert [post(server, body())[0] for _ in range(5)] == [500] * 5
    with Faulty(always("401"), permanent=True) as server:
        assert post(server, body())[0] == 401


def test_a_seeded_plan_is_the_same_each_time_and_about_as_dense_as_asked():
    names = ("429", "500", "truncated")
    plans = []
    for seed in (1, 1, 2):
        with Faulty(seeded(seed, names, 0.4), most=3) as server:
            for i in range(60):
                post(server, body(f"question {i}"))
            plans.append(dict(server.faults))
    assert plans[0] == plans[1] != plans[2]
    # Binomial(60, 0.4): mean 24, standard deviation 3.8; four of them.
    assert 9 <= sum(plans[0].values()) <= 39
    assert set(plans[0]) == set(names)


@pytest.mark.parametrize("fault", LASTING)
def test_bad_text_is_a_complete_reply(fault):
    form = {"type": "json_schema", "json_schema": {"name": "reply", "schema": SCHEMA}}
    with Faulty(always(fault)) as server:
        for asked in (scoring(), body(), body(response_format=form)):
            status, _, raw = post(server, asked, timeout=20)
            text = content(raw)
            assert status == 200
            name = fault.removeprefix("says ")
            if name in HOSTILE:
                said = json.loads(text)["say"] if "response_format" in asked else text
                assert said == HOSTILE[name]
            elif fault == "10 MB":
                assert len(text) == 10_000_000
        assert set(server.answered.values()) == {1}


def test_it_dies_and_returns_on_the_same_port():
    with Faulty() as server:
        url = server.url
        assert post(server, body())[0] == 200
        server.die()
        for _ in range(2):
            with pytest.raises(ConnectionRefusedError):
                post(server, body())
        server.revive()
        assert (server.url, post(server, body())[0]) == (url, 200)


def test_what_is_in_flight_is_cut_when_it_dies():
    with Faulty(always("stall")) as server:

        async def run():
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            raw = json.dumps(body()).encode()
            writer.write(b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(raw) + raw)
            await asyncio.sleep(0.1)
            await asyncio.to_thread(server.die)
            with suppress(ConnectionResetError):
                assert await reader.read() == b""
            writer.close()

        asyncio.run(run())


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no program openssl to make a certificate with")
def test_a_certificate_that_nobody_vouches_for():
    with Faulty(tls=True) as server:
        assert post(server, body())[0] == 200
        with pytest.raises(ssl.SSLCertVerificationError), socket.create_connection(("127.0.0.1", server.port)) as bare:
            ssl.create_default_context().wrap_socket(bare, server_hostname="127.0.0.1")


def test_slots_are_a_queue_and_the_peak_is_counted():
    with Faulty(latency_s=0.05, slots=2) as server:

        async def run():
            return await asyncio.gather(*(asyncio.to_thread(post, server, body(f"{i}")) for i in range(6)))

        began = time.monotonic()
        assert [status for status, *_ in asyncio.run(run())] == [200] * 6
        assert time.monotonic() - began >= 0.15
        assert 2 <= server.peak <= 6
