"""A choice of a model is a small value: it travels to other processes, and opens what it says."""

import asyncio
import pickle
from pathlib import Path

import pytest

from commonweal.core.errors import BudgetSpentError, ModelRefusedError, StudyError
from commonweal.models.budget import Budget
from commonweal.models.choice import ModelChoice
from commonweal.models.model import Reply, Usage
from commonweal.models.prices import Price, Prices
from commonweal.models.scheduler import Limits, Scheduled
from commonweal.models.store import ReplyStore
from commonweal.models.stored import Stored
from faults import Faulty

AWAY = "http://127.0.0.1:9/v1"


def scheduled(choice: ModelChoice, replies: Path | None = None) -> Scheduled:
    """The scheduler inside an open model."""
    model = choice.open(replies)
    if isinstance(model, Stored):
        assert model.store is not None
        model.store.close()
        model = model.model
    assert isinstance(model, Scheduled)
    return model


def says(choice: ModelChoice, replies: Path | None, *words: str) -> list[Reply]:
    """The replies to some prompts, one after the other."""

    async def run() -> list[Reply]:
        model = choice.open(replies)
        try:
            return [await model.generate("rules", word, None, max_tokens=8, temperature=0.0, draw=0) for word in words]
        finally:
            await model.close()

    return asyncio.run(run())


def test_a_name_without_an_endpoint_is_refused():
    with pytest.raises(StudyError, match="needs an endpoint"):
        ModelChoice("gpt").open()


def test_the_embedded_model_is_the_null_model_and_an_endpoint_is_not(tmp_path):
    embedded = ModelChoice().open()
    assert embedded.null_model
    assert ModelChoice().open(tmp_path / "replies.sqlite").digest == embedded.digest
    away = ModelChoice("some-model", "http://127.0.0.1:9/v1").open()
    assert not away.null_model
    assert "some-model" in away.name


def test_a_model_of_the_name_embedded_at_an_endpoint_is_that_endpoints():
    choice = ModelChoice("embedded", AWAY)
    assert not choice.embedded
    assert not choice.open().null_model


def test_a_choice_travels_to_another_process():
    choice = ModelChoice(
        "m", AWAY, "schema", 3, Limits(in_flight=5), Budget(calls=7), Prices((("m", Price(1.0, 2.0)),), "p.json"), "replay"
    )
    assert pickle.loads(pickle.dumps(choice)) == choice


@pytest.mark.parametrize(
    ("choice", "at_once", "deadline_s"),
    [
        (ModelChoice(), 2, 900.0),
        (ModelChoice(workers=7), 8, 900.0),
        (ModelChoice(workers=7, limits=Limits(in_flight=3, deadline_s=5.0)), 3, 5.0),
        (ModelChoice("m", AWAY), 64, 120.0),
        (ModelChoice("m", AWAY, limits=Limits(in_flight=256)), 256, 120.0),
    ],
)
def test_how_hard_a_model_is_asked(choice: ModelChoice, at_once: int, deadline_s: float):
    assert choice.at_once == at_once
    limits = scheduled(choice).limits
    assert (limits.in_flight, limits.deadline_s) == (at_once, deadline_s)


def test_how_it_is_asked_and_paid_for_does_not_move_its_digest():
    base = ModelChoice("m", AWAY).open().digest
    dear = Prices((("m", Price(1.0, 2.0)),))
    for other in (
        ModelChoice("m", AWAY, workers=5),
        ModelChoice("m", AWAY, limits=Limits(in_flight=1)),
        ModelChoice("m", AWAY, budget=Budget(usd=1.0), prices=dear),
    ):
        assert other.open().digest == base
    assert ModelChoice("n", AWAY).open().digest != base
    assert ModelChoice("m", AWAY, scoring="schema").open().digest != base


def test_what_stored_replies_cost_counts_as_spent(tmp_path: Path):
    path = tmp_path / "replies.sqlite"
    with Faulty() as server:
        choice = ModelChoice("fake", server.url, budget=Budget(calls=3))
        first = says(choice, path, "a", "b")
        assert [reply.usage.calls for reply in first] == [1, 1]
        assert scheduled(choice, path).meter.spent.calls == 2
        with pytest.raises(BudgetSpentError, match="the budget of 3 calls is spent: 3 calls"):
            says(choice, path, "c", "d")
        # What is stored is free, however little is left.
        again = says(choice, path, "a", "b", "c")
        assert [reply.text for reply in again[:2]] == [reply.text for reply in first]
        assert sum((reply.usage for reply in again), Usage()) == Usage()
        assert len(server.asked) == 3
        # Without a store each opening begins anew.
        assert len(says(choice, None, "a", "b", "c")) == 3


def test_money_is_counted_by_the_prices_and_an_unknown_price_refused(tmp_path: Path):
    with Faulty() as server:
        prices = Prices((("fake", Price(0.0, 0.0, call=0.25)),))
        with pytest.raises(BudgetSpentError, match=r"the budget of 0.6 US dollars is spent: 2 calls, .* 0\.50 US dollars"):
            says(ModelChoice("fake", server.url, budget=Budget(usd=0.6), prices=prices), tmp_path / "r.sqlite", *"abc")
        # What runs on this machine is free.
        assert len(says(ModelChoice("fake", server.url, budget=Budget(usd=0.0)), None, *"abc")) == 3
    with pytest.raises(StudyError, match="unknown price"):
        ModelChoice("nobody-knows", "https://models.example.org/v1", budget=Budget(usd=1.0)).open()


def test_a_replay_asks_nobody(tmp_path: Path):
    path = tmp_path / "replies.sqlite"
    with Faulty() as server:
        (kept,) = says(ModelChoice("fake", server.url), path, "a")
        count, url = len(server.asked), server.url
    replay = ModelChoice("fake", url, replies="replay", budget=Budget(calls=0))
    (again,) = says(replay, path, "a")
    assert (again.text, again.stored) == (kept.text, True)
    with pytest.raises(ModelRefusedError, match="holds no reply"):
        says(replay, path, "b")
    assert count == 1


def test_off_keeps_nothing(tmp_path: Path):
    path = tmp_path / "replies.sqlite"
    with Faulty() as server:
        says(ModelChoice("fake", server.url, replies="off"), path, "a", "a")
        assert len(server.asked) == 2
    store = ReplyStore(path)
    assert store.count() == 0
    store.close()


def test_a_try_ends_by_its_deadline_and_is_tried_again(tmp_path: Path):
    with Faulty(lambda asked: "stall", most=1, stall_s=20.0) as server:
        choice = ModelChoice("fake", server.url, limits=Limits(deadline_s=0.3, patience_s=10.0))
        assert len(says(choice, None, "a")) == 1
        assert sum(server.tried.values()) == 2
