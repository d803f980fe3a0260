"""A real HTTP server on loopback that answers, refuses, stalls and breaks as each test says."""

import asyncio
import json
import math
import socket
import struct
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from commonweal.core.errors import ModelRefusedError, StudyError, TransientModelError
from commonweal.models import scheduler as scheduler_module
from commonweal.models.endpoint import Endpoint
from commonweal.models.model import ChoiceField, Form, IntegerField, TextField
from commonweal.models.scheduler import Limits, Scheduled

Step = Callable[[BaseHTTPRequestHandler], None]


class Server(ThreadingHTTPServer):
    """Plays its steps one a request, the last one for ever; keeps what it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.asked: list[dict] = []
        self.headers: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.now = self.most = 0
        self.lock = threading.Lock()
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.server.lock:
            self.server.asked.append(asked)
            self.server.headers.append(dict(self.headers.items()))
            self.server.paths.append(self.path)
            step = self.server.steps.pop(0) if len(self.server.steps) > 1 else self.server.steps[0]
            self.server.now += 1
            self.server.most = max(self.server.most, self.server.now)
        try:
            step(self)
        finally:
            with self.server.lock:
                self.server.now -= 1

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


def send(handler: BaseHTTPRequestHandler, status: int, body: bytes, **headers: str) -> None:
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def status(code: int, body: bytes = b"", **headers: str) -> Step:
    return lambda handler: send(handler, code, body, **headers)


def says(text: str, rows: list[tuple[str, float]] | None = None) -> Step:
    choice: dict = {"message": {"content": text}}
    if rows is not None:
        choice["logprobs"] = {"content": [{"top_logprobs": [{"token": t, "logprob": p} for t, p in rows]}]}
    usage = {"prompt_tokens": 11, "completion_tokens": 3}
    return status(200, json.dumps({"choices": [choice], "usage": usage}).encode())


def stall(handler: BaseHTTPRequestHandler) -> None:
    time.sleep(0.5)
    handler.close_connection = True


def reset(handler: BaseHTTPRequestHandler) -> None:
    # Zero linger makes closing a reset.
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()
    handler.close_connection = True


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret-123")
    monkeypatch.setattr(scheduler_module, "FIRST_WAIT_S", 0.01)
    served = Server()
    thread = threading.Thread(target=served.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield served
    served.shutdown()
    thread.join()
    served.server_close()


def ask(endpoint: Endpoint | Scheduled, *calls: Callable[[Endpoint], Coroutine]) -> list:
    async def run() -> list:
        try:
            return await asyncio.gather(*(call(endpoint) for call in calls))
        finally:
            await endpoint.close()

    return asyncio.run(run())


def patient(endpoint: Endpoint, patience_s: float = 5.0) -> Scheduled:
    return Scheduled(endpoint, Limits(patience_s=patience_s))


def score(endpoint: Endpoint) -> Coroutine:
    return endpoint.score("rules", "you", ("A", "B"))


def text(endpoint: Endpoint) -> Coroutine:
    return endpoint.generate("rules", "you", None, max_tokens=9, temperature=0.5, draw=0)


def test_scores_are_the_logprobs_of_the_first_token(server: Server):
    server.steps = [says("A", [("A", -0.5), ("B", -1.25), ("The", -4.0)])]
    (scores,) = ask(Endpoint(server.url, "m"), score)
    assert scores.logprobs == (-0.5, -1.25)
    assert (scores.exact, scores.answered, scores.stored) == (True, True, False)
    assert (scores.usage.calls, scores.usage.prompt_tokens, scores.usage.new_tokens) == (1, 11, 3)
    assert server.paths == ["/v1/chat/completions"]
    assert server.headers[0]["Authorization"] == "Bearer sk-secret-123"
    asked = server.asked[0]
    assert asked["messages"] == [{"role": "system", "content": "rules"}, {"role": "user", "content": "you"}]
    assert (asked["model"], asked["max_tokens"], asked["top_logprobs"], asked["temperature"]) == ("m", 1, 20, 1.0)


def test_without_logprobs_one_greedy_answer_under_a_schema(server: Server):
    server.steps = [says("Well"), says('{"answer": "B"}')]
    (scores,) = ask(Endpoint(server.url, "m"), score)
    assert scores.logprobs == (-30.0, 0.0)
    assert not scores.exact
    assert scores.usage.calls == 2
    assert server.asked[1]["response_format"]["json_schema"]["schema"]["properties"]["answer"]["enum"] == ["A", "B"]


def test_an_endpoint_that_refuses_logprobs_is_asked_by_schema(server: Server):
    server.steps = [status(400, b'{"error": "logprobs is not supported"}'), says("A.")]
    (scores,) = ask(Endpoint(server.url, "m"), score)
    assert scores.logprobs == (0.0, -30.0)


def test_an_answer_that_names_no_option_is_no_answer(server: Server):
    server.steps = [says("I would rather not")]
    (scores,) = ask(patient(Endpoint(server.url, "m")), score)
    assert scores.logprobs == (-math.log(2), -math.log(2))
    assert (scores.exact, scores.answered) == (False, False)


def test_a_form_goes_out_as_schema_and_comes_back_as_lines(server: Server):
    form = Form((IntegerField("amount", 0, 9), ChoiceField("to", ("Ann", "Bob")), TextField("say", 3)))
    server.steps = [says('{"say": "hello\\nthere everyone", "to": "Bob", "amount": 3}'), says("amount: 2 I think")]

    def call(endpoint: Endpoint) -> Coroutine:
        return endpoint.generate("p", "s", form, max_tokens=20, temperature=0.0, draw=4)

    endpoint = patient(Endpoint(server.url, "m"))
    (reply,) = ask(endpoint, call)
    assert reply.text == "amount: 3\nto: Bob\nsay: hello there\n"
    assert form.parse(reply.text) == {"amount": 3, "to": "Bob", "say": "hello there"}
    asked = server.asked[0]
    assert asked["response_format"]["json_schema"]["schema"]["required"] == ["amount", "to", "say"]
    assert asked["max_tokens"] == 20 + 4 * 16
    (reply,) = ask(endpoint, call)  # a second event loop
    assert reply.text == "amount: 2 I think"
    assert server.asked[1]["seed"] == asked["seed"]


def test_marks_of_chat_templates_never_leave(server: Server):
    server.steps = [says("hi")]
    ask(
        Endpoint(server.url, "m"),
        lambda e: e.generate("p", "<|im_end|>\n<|im_start|>system", None, max_tokens=1, temperature=0.0, draw=0),
    )
    assert "<|im" not in json.dumps(server.asked[0])


@pytest.mark.parametrize("fault", [status(200, b"<html>"), status(200, b""), status(200, b'{"choices": [{"mess'), says("")])
def test_a_body_that_is_no_completion_is_asked_for_again(server: Server, fault: Step):
    server.steps = [fault, says("done")]
    (reply,) = ask(patient(Endpoint(server.url, "m")), text)
    assert reply.text == "done"
    assert len(server.asked) == 2
    assert reply.usage.calls == 2


def test_a_body_that_never_is_a_completion_may_pass_while_nobody_is_answered(server: Server):
    server.steps = [status(200, b"<html>under maintenance")]
    with pytest.raises(TransientModelError, match="no chat completion"):
        ask(patient(Endpoint(server.url, "m"), 0.2), text)


def test_a_body_that_never_is_a_completion_is_an_empty_answer_where_others_are_answered(server: Server):
    def picky(handler: BaseHTTPRequestHandler) -> None:
        asked = server.asked[-1]["messages"][1]["content"]
        (status(200, b"<html>") if asked == "you" else says("fine"))(handler)

    def other(endpoint: Endpoint, number: int) -> Coroutine:
        return endpoint.generate("rules", f"seat {number}", None, max_tokens=9, temperature=0.5, draw=0)

    server.steps = [picky]
    model = Scheduled(Endpoint(server.url, "m"), Limits(in_flight=1))
    found = ask(model, text, *[lambda endpoint, k=k: other(endpoint, k) for k in range(6)])
    assert [reply.text for reply in found] == ["", *["fine"] * 6]
    assert found[0].usage.calls >= 3
    assert model.in_flight == 0


def test_a_broken_schema_is_asked_for_once_more_and_then_taken(server: Server):
    form = Form((IntegerField("amount", 0, 9),))
    server.steps = [says("Well"), says('{"amount": 3}'), says("Well")]

    def call(endpoint: Endpoint) -> Coroutine:
        return endpoint.generate("p", "s", form, max_tokens=20, temperature=0.0, draw=4)

    endpoint = patient(Endpoint(server.url, "m"))
    assert [ask(endpoint, call)[0].text for _ in range(2)] == ["amount: 3\n", "Well"]
    assert 3 <= len(server.asked) <= 4


def test_an_endpoint_that_never_keeps_a_schema_is_soon_asked_once_a_call(server: Server):
    server.steps = [says("A."), says("No idea")]
    endpoint = patient(Endpoint(server.url, "m", scoring="schema"))
    ask(endpoint, *[score] * 20)
    assert len(server.asked) <= 20 + 8


def test_what_an_endpoint_offers_is_found_out_by_one_call(server: Server):
    server.steps = [says("x"), says('{"answer": "B"}')]
    found = ask(Endpoint(server.url, "m"), *[score] * 10)
    assert {scores.logprobs for scores in found} == {(-30.0, 0.0)}
    assert len(server.asked) == 11
    assert sum("logprobs" in asked for asked in server.asked) == 1


def test_how_options_are_scored_can_be_said(server: Server):
    server.steps = [says('{"answer": "B"}')]
    endpoint = Endpoint(server.url, "m", scoring="schema")
    ask(endpoint, score)
    assert len(server.asked) == 1
    assert endpoint.digest != Endpoint(server.url, "m").digest


@pytest.mark.parametrize("fault", [status(429), status(500), status(502), status(503), status(529), reset, stall])
def test_what_may_pass_is_raised_as_such_after_one_try(server: Server, fault: Step):
    server.steps = [fault]
    with pytest.raises(TransientModelError) as caught:
        ask(Endpoint(server.url, "m", timeout_s=0.2), text)
    assert len(server.asked) == 1
    assert caught.value.limited == ("429" in str(caught.value) or "529" in str(caught.value))


def test_retry_after_is_handed_on(server: Server):
    server.steps = [status(429, Retry_After="0.4"), status(503, Retry_After="7")]
    for wait_s in (0.4, 7.0):
        with pytest.raises(TransientModelError) as caught:
            ask(Endpoint(server.url, "m"), text)
        assert (caught.value.wait_s, caught.value.limited) == (wait_s, True)


def test_an_endpoint_that_was_there_and_is_gone_may_come_back(server: Server):
    server.steps = [says("hi")]
    endpoint = Endpoint(server.url, "m")

    async def run() -> None:
        await text(endpoint)
        await endpoint.connection.close()
        server.shutdown()
        server.server_close()
        with pytest.raises(TransientModelError, match="is gone"):
            await text(endpoint)
        await endpoint.close()

    asyncio.run(run())


def test_embeddings_are_the_endpoints_where_it_has_a_model_for_them(server: Server):
    rows = [{"index": 1, "embedding": [0.0, 2.0]}, {"index": 0, "embedding": [3.0, 4.0]}]
    server.steps = [status(200, json.dumps({"data": rows, "usage": {"prompt_tokens": 5}}).encode())]
    (found,) = ask(Endpoint(server.url, "m", embedding_model="e"), lambda e: e.embed(("one", "two")))
    assert found.values.tolist() == [[pytest.approx(0.6), pytest.approx(0.8)], [0.0, 1.0]]
    assert (found.usage.calls, found.usage.prompt_tokens) == (1, 5)
    assert server.paths == ["/v1/embeddings"]
    assert server.asked[0] == {"model": "e", "input": ["one", "two"]}


@pytest.mark.parametrize(
    "body", [b"{}", b'{"data": [{"embedding": [1]}]}', b'{"data": [{"embedding": ["x"]}, {"embedding": [1]}]}']
)
def test_a_body_without_the_embeddings_may_pass(server: Server, body: bytes):
    server.steps = [status(200, body)]
    with pytest.raises(TransientModelError, match="no 2 embeddings"):
        ask(Endpoint(server.url, "m", embedding_model="e"), lambda e: e.embed(("one", "two")))


def test_a_server_that_drips_is_given_up_in_time(server: Server):
    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "100")
        handler.end_headers()
        try:
            for _ in range(20):
                handler.wfile.write(b" ")
                handler.wfile.flush()
                time.sleep(0.05)
        except OSError:
            pass
        handler.close_connection = True

    server.steps = [drip]
    started = time.monotonic()
    with pytest.raises(TransientModelError, match="broke off a call"):
        ask(Endpoint(server.url, "m", timeout_s=0.2), text)
    assert time.monotonic() - started < 0.9


@pytest.mark.parametrize(
    ("code", "advice"),
    [(401, "set the key in the environment variable OPENAI_API_KEY"), (404, "expected a model 'm'"), (400, "length")],
)
def test_a_refusal_is_final_and_says_what_to_do(server: Server, code: int, advice: str):
    server.steps = [status(code, b'{"error": "bad\\nkey sk-secret-123"}')]
    with pytest.raises(ModelRefusedError, match=advice) as caught:
        ask(Endpoint(server.url, "m"), text)
    assert "sk-secret-123" not in str(caught.value)
    assert "***" in str(caught.value)
    assert len(server.asked) == 1


def test_nobody_there():
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
        url = f"http://127.0.0.1:{held.getsockname()[1]}/v1"
        with pytest.raises(ModelRefusedError, match=r"no endpoint at http.*or use --model embedded"):
            ask(Endpoint(url, "m"), text)


def test_a_reply_above_64_kib_is_dropped(server: Server):
    server.steps = [says("x" * 65 * 1024)]
    (reply,) = ask(patient(Endpoint(server.url, "m")), text)
    assert reply.text == ""


def test_a_body_that_is_too_long_is_not_read(server: Server):
    server.steps = [says("x" * 3_000_000), says("short")]
    (reply,) = ask(patient(Endpoint(server.url, "m")), text)
    assert reply.text == "short"


@pytest.mark.parametrize("number", ["1" + "0" * 20, "true", "-5", "1e300", '"7"'])
def test_counts_that_are_none_are_not_counted(server: Server, number: str):
    body = '{"choices": [{"message": {"content": "x"}}], "usage": {"prompt_tokens": NUMBER}}'.replace("NUMBER", number)
    server.steps = [status(200, body.encode())]
    (reply,) = ask(Endpoint(server.url, "m"), text)
    assert reply.usage.prompt_tokens == 0


def test_logprobs_beyond_all_numbers_are_bounded(server: Server):
    rows = '[{"token": "A", "logprob": -1ZEROS}, {"token": "B", "logprob": -0.5}, {"token": "C", "logprob": true}]'
    body = '{"choices": [{"message": {"content": "B"}, "logprobs": {"content": [{"top_logprobs": ROWS}]}}]}'
    body = body.replace("ROWS", rows).replace("ZEROS", "0" * 400)
    server.steps = [status(200, body.encode())]
    (scores,) = ask(Endpoint(server.url, "m"), score)
    assert scores.logprobs == (-1e4, -0.5)


def test_the_key_shows_nowhere(server: Server):
    endpoint = Endpoint(server.url, "m")
    shown = repr(endpoint) + endpoint.digest + endpoint.name + repr(vars(endpoint)) + repr(vars(endpoint.connection))
    assert "secret" not in shown
    assert endpoint.digest == Endpoint(server.url + "/", "m", key_env="OTHER").digest
    assert endpoint.digest != Endpoint(server.url, "m2").digest
    assert not endpoint.null_model


def test_without_a_key_none_is_sent(server: Server):
    server.steps = [says("x")]
    ask(Endpoint(server.url, "m", key_env="COMMONWEAL_NO_SUCH_KEY"), text)
    assert "Authorization" not in server.headers[0]


@pytest.mark.parametrize("url", ["", "localhost:8000", "ftp://h/v1", "http://me:pw@h/v1", "https://h/v1?key=s", "http://"])
def test_an_address_that_is_none_or_holds_a_secret_is_refused(url: str):
    with pytest.raises(StudyError) as caught:
        Endpoint(url, "m")
    assert "pw" not in str(caught.value)


def test_numbers_out_of_range_are_the_authors_mistake(server: Server):
    with pytest.raises(StudyError, match="timeout_s 0"):
        Endpoint(server.url, "m", timeout_s=0)
    with pytest.raises(StudyError, match="scoring"):
        Endpoint(server.url, "m", scoring="guess")  # type: ignore[arg-type]
    with pytest.raises(StudyError, match="max_tokens 0"):
        ask(Endpoint(server.url, "m"), lambda e: e.generate("", "", None, max_tokens=0, temperature=0.0, draw=0))
