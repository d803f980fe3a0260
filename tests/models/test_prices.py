"""Prices: the packaged table at its pinned version, a user's table over it, and what nobody knows."""

import json
import random
import socket
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonweal.core.errors import StudyError
from commonweal.models import prices as module
from commonweal.models.model import Usage
from commonweal.models.prices import Price, Prices, is_local

OPENAI = "https://api.openai.com/v1"
MILLION = Usage(1, 10**6, 10**6)
COUNT = st.integers(0, 10**12)


@pytest.mark.parametrize(
    ("model", "url", "prompt", "new"),
    [
        # List prices of the providers, as in genai-prices 0.2.3.
        ("gpt-4o-mini", OPENAI, 0.15, 0.60),
        ("gpt-4o", OPENAI, 2.50, 10.00),
        ("openai/gpt-4o-mini", None, 0.15, 0.60),
        ("openai/gpt-4o-mini", "https://openrouter.ai/api/v1", 0.15, 0.60),
        ("anthropic/claude-3-5-haiku-latest", None, 0.80, 4.00),
    ],
)
def test_packaged_prices(model, url, prompt, new):
    price = Prices().price(model, url)
    assert (price.prompt, price.new) == (prompt, new)
    assert Prices().cost(model, url, MILLION) == pytest.approx(prompt + new)
    # A thousand decisions of 800 + 5 tokens, by hand.
    assert Prices().cost(model, url, Usage(1000, 800_000, 5_000)) == pytest.approx(0.8 * prompt + 0.005 * new)


def test_a_model_that_asks_for_money_a_call():
    price = Prices().price("sonar", "https://api.perplexity.ai")
    assert price == Price(1.0, 1.0, 0.012)  # 12 US dollars a thousand requests
    assert Prices().cost("sonar", "https://api.perplexity.ai", Usage(1000, 0, 0)) == pytest.approx(12.0)


def test_a_model_that_only_embeds_writes_nothing():
    embeds = Prices().price("text-embedding-3-small", OPENAI)
    assert embeds.cost(Usage(1, 10**6, 0)) == pytest.approx(0.02)
    assert Price(1.0, None).cost(Usage(1, 1, 1)) is None


@pytest.mark.parametrize(
    ("model", "url"),
    [
        ("no-such-model-at-all", OPENAI),
        ("gpt-4o-mini", "https://models.example.org/v1"),  # a known name at a place that nobody knows
        ("some/thing", None),
        ("thing", None),
        ("vllm/thing", None),
    ],
)
def test_what_nobody_knows_is_none_and_not_nothing(model, url):
    assert Prices().price(model, url) is None
    assert Prices().cost(model, url, MILLION) is None
    assert Prices().cost(model, url, Usage()) is None


@pytest.mark.parametrize(
    ("model", "url"),
    [
        ("embedded", None),
        ("embedded:SmolLM2-135M-Instruct", None),
        ("gpt-4o-mini", "http://127.0.0.1:8000/v1"),
        ("gpt-4o-mini", "http://127.9.9.9/v1"),
        ("x", "http://localhost:11434/v1"),
        ("x", "http://[::1]:1/v1"),
        ("mockllm/model", None),
    ],
)
def test_what_runs_here_costs_nothing(model, url):
    assert is_local(model, url)
    assert Prices().cost(model, url, MILLION) == 0.0


@pytest.mark.parametrize("url", ["http://localhost.example.org/v1", "http://10.0.0.1/v1", "https://127.0.0.1.example.org/v1"])
def test_what_only_looks_local_is_not(url):
    assert not is_local("gpt-4o-mini", url)


@given(COUNT, COUNT, COUNT, COUNT, st.integers(0, 10**6), st.integers(0, 10**6))
def test_costs_are_linear(a, b, c, d, calls, more):
    price = Price(0.15, 0.6, 0.01)
    one, two = Usage(calls, a, b), Usage(more, c, d)
    assert price.cost(one + two) == pytest.approx(price.cost(one) + price.cost(two))
    assert price.cost(Usage()) == 0.0


@pytest.mark.parametrize("seed", range(3))
def test_a_users_table_beats_the_package_and_this_machine(tmp_path, seed):
    draw = random.Random(seed)
    prompt, new = draw.uniform(0, 9), draw.uniform(0, 9)
    path = tmp_path / "prices.json"
    rows = {
        "gpt-*": {"prompt": 7, "new": 7},
        "gpt-4o-mini": {"prompt": prompt, "new": new},
        "local-?": {"prompt": 1, "new": 0, "call": 2},
    }
    path.write_text(json.dumps(rows))
    table = Prices.read(path)
    assert table.price("gpt-4o-mini", OPENAI) == Price(prompt, new)  # the exact name before the pattern above it
    assert table.price("gpt-4o", OPENAI) == Price(7, 7)
    assert table.cost("local-7", "http://127.0.0.1:1/v1", Usage(3, 10**6, 5)) == pytest.approx(1 + 3 * 2)
    assert table.price("o3", OPENAI) == Prices().price("o3", OPENAI)
    assert table.words.startswith("3 of prices.json, then list prices in genai-prices ")
    assert str(tmp_path) not in table.words


def test_the_words_name_package_version_and_date():
    assert Prices().words.startswith("list prices in genai-prices 0.2.")
    assert ", as of 20" in Prices().words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is no JSON table"),
        ("[1]", "holds list"),
        ('{"m": 3}', "model 'm': found 3"),
        ('{"m": {"prompt": 1}}', "expected prompt and new"),
        ('{"m": {"prompt": 1, "new": 2, "input": 3}}', "expected prompt and new"),
        ('{"m": {"prompt": "1", "new": 2}}', "prompt = '1', expected a number"),
        ('{"m": {"prompt": true, "new": 2}}', "prompt = True, expected a number"),
        ('{"m": {"prompt": -1, "new": 2}}', r"model 'm': found the price prompt = -1.0"),
        ('{"m": {"prompt": NaN, "new": 2}}', "prompt = nan"),
        ('{"m": {"prompt": 1, "new": Infinity}}', "new = inf"),
        ('{"m": {"prompt": 1, "new": 2}, "m": {"prompt": 3, "new": 4}}', "'m' stands there twice"),
        ("[" * 100_000, "is no JSON table"),
    ],
)
def test_a_malformed_table_is_the_authors_mistake(tmp_path, text, words):
    path = tmp_path / "prices.json"
    path.write_text(text)
    with pytest.raises(StudyError, match=words):
        Prices.read(path)


def test_a_file_that_is_not_there_or_not_text(tmp_path):
    with pytest.raises(StudyError, match="cannot be read"):
        Prices.read(tmp_path / "none.json")
    (tmp_path / "raw").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(StudyError, match="no JSON table"):
        Prices.read(tmp_path / "raw")


def test_without_the_package_remote_prices_are_unknown(monkeypatch):
    monkeypatch.setitem(sys.modules, "genai_prices.data", None)
    module._packaged.cache_clear()
    try:
        assert Prices().price("gpt-4o-mini", OPENAI) is None
        assert Prices().price("embedded") == Price(0.0, 0.0)
    finally:
        monkeypatch.undo()
        module._packaged.cache_clear()
    assert Prices().price("gpt-4o-mini", OPENAI) is not None


def test_no_connection_is_ever_made(monkeypatch):
    def refuse(*_):
        raise AssertionError("a connection was made")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    module._packaged.cache_clear()
    assert Prices().cost("gpt-4o-mini", OPENAI, MILLION) == pytest.approx(0.75)
