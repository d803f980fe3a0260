"""What another run was answered is not asked again, and its store is left as it is."""

import asyncio

import numpy as np
import pytest

from commonweal.core.errors import ModelError
from commonweal.models.choice import ModelChoice
from commonweal.models.recalled import Recalled
from commonweal.models.store import ReplyStore
from commonweal.models.stored import Stored
from faults import Faulty


async def ask(model, suffix: str):
    return (
        await model.score("p", suffix, ("A", "B")),
        await model.generate("p", suffix, None, max_tokens=9, temperature=1.0, draw=0),
    )


def test_what_the_store_holds_is_not_asked(tmp_path):
    with Faulty() as server:

        def bare():
            return ModelChoice("fake", server.url).open()

        async def play():
            first = Stored(bare(), ReplyStore(tmp_path / "r.sqlite"))
            was = await ask(first, "s")
            await first.close()
            kept = (tmp_path / "r.sqlite").read_bytes()
            asked = len(server.asked)
            model = Recalled(bare(), ReplyStore(tmp_path / "r.sqlite"))
            try:
                assert (model.name, model.digest, model.null_model) == (first.name, first.digest, first.null_model)
                now = await ask(model, "s")
                assert [own.stored for own in now] == [True, True]
                assert now[0].logprobs == was[0].logprobs
                assert now[1].text == was[1].text
                assert len(server.asked) == asked
                new = await ask(model, "another")
                assert [own.stored for own in new] == [False, False]
                assert len(server.asked) == asked + 2
                one, two = await model.embed(("a", "b")), await model.embed(("a", "b"))
                assert np.array_equal(one.values, two.values)
            finally:
                await model.close()
            assert (tmp_path / "r.sqlite").read_bytes() == kept

        asyncio.run(play())


def test_a_model_that_refuses_is_heard(tmp_path):
    with Faulty(model="fake") as server:

        async def play():
            model = Recalled(ModelChoice("nobody", server.url).open(), ReplyStore(tmp_path / "r.sqlite"))
            try:
                await ask(model, "s")
            finally:
                await model.close()

        with pytest.raises(ModelError):
            asyncio.run(play())
