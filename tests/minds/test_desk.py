"""The desk: one lease at a time, answers kept before they are used, lies that move nothing."""

import asyncio
import contextlib
import dataclasses

import pytest

from commonweal.core.errors import LogError, StudyError, TransientModelError
from commonweal.core.views import Ask, Words
from commonweal.minds.desk import Desk, DeskClosedError, TurnRefusedError, named_trial, seat_digest
from commonweal.minds.offers import Given, IllegalAnswerError
from commonweal.models.model import Reply, Usage
from commonweal.models.store import ReplyStore

ACT = Ask("act", "choice", options=("defect", "cooperate"), answers=(0, 1))
WORDS = Words(seat=1, tick=2, rules="One stock.", situation="Now.", heard="", ruled="", memory=(), asks=(ACT,))
ONE = {"acts": {"act": 1}}


def other(seat):
    return dataclasses.replace(WORDS, seat=seat)


async def offered(desk, words=WORDS, key=7, deadline_s=5.0, name="outside"):
    """An offer that waits, as a task that has begun."""
    task = asyncio.create_task(desk.ask(name, words, key, deadline_s))
    await asyncio.sleep(0)
    return task


def test_an_offer_is_leased_answered_and_kept(tmp_path):
    store = ReplyStore(tmp_path / "replies.sqlite")

    async def main():
        desk = Desk(("outside",), store)
        with named_trial("main/0/1"):
            task = await offered(desk)
        offer = await desk.lease("outside", 1.0)
        assert (offer["trial"], offer["seat"], offer["tick"]) == ("main/0/1", 1, 2)
        assert 0 < offer["seconds_left"] <= 5
        desk.answer(offer["turn"], offer["lease"], ONE)
        assert store.count() == 1, "kept before it is used"
        outcome = await task
        assert outcome.given.acts == {"act": 1}
        assert outcome.seconds > 0
        assert store.spent() == Usage(), "a turn takes nothing of a budget"
        again = await desk.ask("outside", WORDS, 7, 5.0)
        assert (again.given, again.seconds) == (outcome.given, 0)
        assert desk.status()["counts"] == {
            "offered": 1,
            "answered": 1,
            "stored": 1,
            "missed": 0,
            "refused": 0,
            "illegal": 0,
        }

    asyncio.run(main())


def test_another_desk_finds_what_was_kept_and_another_draw_or_name_does_not(tmp_path):
    async def main():
        desk = Desk(("outside", "other"), ReplyStore(tmp_path / "replies.sqlite"))
        task = await offered(desk)
        offer = await desk.lease("outside", 1.0)
        desk.answer(offer["turn"], offer["lease"], ONE)
        await task
        later = Desk(("outside", "other"), ReplyStore(tmp_path / "replies.sqlite"))
        assert (await later.ask("outside", WORDS, 7, 0.01)).given == Given({"act": 1})
        for name, words, key in (("other", WORDS, 7), ("outside", WORDS, 8), ("outside", other(3), 7)):
            assert (await later.ask(name, words, key, 0.01)).given is None

    asyncio.run(main())


def test_a_missed_deadline_is_not_kept(tmp_path):
    store = ReplyStore(tmp_path / "replies.sqlite")

    async def main():
        desk = Desk(("outside",), store)
        task = await offered(desk, deadline_s=0.05)
        offer = await desk.lease("outside", 1.0)
        outcome = await task
        assert outcome.given is None
        assert 0.05 <= outcome.seconds < 2
        with pytest.raises(TurnRefusedError, match="deadline has passed"):
            desk.answer(offer["turn"], offer["lease"], ONE)
        assert store.count() == 0
        assert desk.seconds_left(offer["turn"]) == 0

    asyncio.run(main())


def test_a_lie_about_a_turn_moves_nothing():
    """Unknown turns, wrong secrets, others' leases and second answers are refused, each with its reason."""

    async def main():
        desk = Desk(("outside",))
        first, second = await offered(desk), await offered(desk, other(2), 8)
        one, two = await desk.lease("outside", 1.0), await desk.lease("outside", 1.0)
        for turn, lease, why in (
            ("0" * 32, one["lease"], "unknown here"),
            (one["turn"], "", "somebody else"),
            (one["turn"], two["lease"], "somebody else"),
            (one["turn"], "\ud800é", "somebody else"),
        ):
            with pytest.raises(TurnRefusedError, match=why):
                desk.answer(turn, lease, ONE)
        assert not first.done()
        desk.answer(one["turn"], one["lease"], ONE)
        assert (await first).given == Given({"act": 1})
        with pytest.raises(TurnRefusedError, match="answered"):
            desk.answer(one["turn"], one["lease"], {"acts": {"act": 0}})
        desk.answer(two["turn"], two["lease"], {"acts": {"act": 0}})
        assert (await second).given == Given({"act": 0})
        assert desk.status()["counts"]["refused"] == 5

    asyncio.run(main())


def test_an_illegal_answer_may_be_followed_by_a_legal_one():
    async def main():
        desk = Desk(("outside",))
        task = await offered(desk)
        offer = await desk.lease("outside", 1.0)
        for _ in range(2):
            with pytest.raises(IllegalAnswerError, match="act: found 7, expected one of 0, 1"):
                desk.answer(offer["turn"], offer["lease"], {"acts": {"act": 7}})
        desk.answer(offer["turn"], offer["lease"], ONE)
        assert (await task).given == Given({"act": 1}, None, refused=2)

    asyncio.run(main())


def test_offers_are_leased_oldest_first_and_once():
    async def main():
        desk = Desk(("outside",))
        tasks = [await offered(desk, other(seat), seat) for seat in range(5)]
        leased = [await desk.lease("outside", 0.0) for _ in range(6)]
        assert [offer["seat"] for offer in leased[:5]] == [0, 1, 2, 3, 4]
        assert leased[5] is None
        assert len({offer["turn"] for offer in leased[:5]} | {offer["lease"] for offer in leased[:5]}) == 10
        assert desk.status()["queues"] == {"outside": {"open": 5, "held": 5}}
        await desk.give_back(leased[2]["turn"], leased[2]["lease"])
        again = await desk.lease("outside", 0.0)
        assert (again["seat"], again["turn"]) == (2, leased[2]["turn"])
        with pytest.raises(TurnRefusedError, match="somebody else"):
            desk.answer(leased[2]["turn"], leased[2]["lease"], ONE)
        await desk.close()
        for task in tasks:
            with pytest.raises(TransientModelError, match="closed"):
                await task

    asyncio.run(main())


def test_a_lease_that_lapses_wakes_who_waits():
    async def main():
        desk = Desk(("outside",))
        task = await offered(desk)
        held = await desk.lease("outside", 1.0, hold_s=0.1)
        assert await desk.lease("outside", 0.0) is None
        other = await desk.lease("outside", 5.0)
        assert other["turn"] == held["turn"]
        desk.answer(other["turn"], other["lease"], ONE)
        assert (await task).given == Given({"act": 1})

    asyncio.run(main())


def test_identical_offers_at_one_time_are_one():
    async def main():
        desk = Desk(("outside",))
        tasks = [await offered(desk) for _ in range(3)]
        offer = await desk.lease("outside", 1.0)
        assert await desk.lease("outside", 0.0) is None
        desk.answer(offer["turn"], offer["lease"], ONE)
        assert [(await task).given.acts for task in tasks] == [{"act": 1}] * 3

    asyncio.run(main())


def test_who_answers_one_after_the_other_loses_no_turn_that_waits_behind():
    """Eight offers of 1.5 s, answered one every 0.3 s: the last waits 2.4 s. A queue that stops ends in one deadline."""

    async def main():
        desk = Desk(("outside",))
        tasks = [await offered(desk, other(seat), seat, deadline_s=1.5) for seat in range(8)]
        for _ in range(8):
            offer = await desk.lease("outside", 0.0)
            assert 1.4 < offer["seconds_left"] <= 1.5
            await asyncio.sleep(0.3)
            desk.answer(offer["turn"], offer["lease"], ONE)
        assert [(await task).given for task in tasks] == [Given({"act": 1})] * 8
        tasks = [await offered(desk, other(seat), seat, deadline_s=0.2) for seat in range(9, 12)]
        assert [(await task).given for task in tasks] == [None] * 3

    asyncio.run(main())


def test_taking_and_giving_back_buys_no_time():
    async def main():
        desk = Desk(("outside",))
        task = await offered(desk, deadline_s=0.3)
        left = []
        while (offer := await desk.lease("outside", 0.0)) is not None:
            left.append(offer["seconds_left"])
            await asyncio.sleep(0.05)
            with contextlib.suppress(TurnRefusedError):
                await desk.give_back(offer["turn"], offer["lease"])
        assert left == sorted(left, reverse=True)
        assert left[0] <= 0.3
        assert (await task).given is None

    asyncio.run(main())


def test_a_trial_that_stops_asking_closes_its_offer():
    async def main():
        desk = Desk(("outside",))
        task = await offered(desk)
        offer = await desk.lease("outside", 1.0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        with pytest.raises(TurnRefusedError, match="nobody waits"):
            desk.answer(offer["turn"], offer["lease"], ONE)
        assert desk.status()["queues"]["outside"]["open"] == 0

    asyncio.run(main())


def test_a_closed_desk_tells_everybody(tmp_path):
    async def main():
        desk = Desk(("outside",))
        poll = asyncio.create_task(desk.lease("outside", 60.0))
        await asyncio.sleep(0)
        await desk.close()
        with pytest.raises(DeskClosedError):
            await poll
        with pytest.raises(DeskClosedError):
            await desk.lease("outside", 0.0)
        with pytest.raises(TransientModelError, match="run again"):
            await desk.ask("outside", WORDS, 7, 1.0)

    asyncio.run(main())


def test_names_are_checked():
    for names in ((), ("",), ("a b",), ("../etc",), ("x" * 65,)):
        with pytest.raises(StudyError, match="queue name"):
            Desk(names)

    async def main():
        desk = Desk(("outside",))
        with pytest.raises(StudyError, match="no queue 'b'"):
            await desk.ask("b", WORDS, 7, 1.0)
        with pytest.raises(StudyError, match="expected one of outside"):
            await desk.lease("b", 0.0)

    asyncio.run(main())
    assert seat_digest("a") != seat_digest("b")


def test_a_damaged_store_is_told(tmp_path):
    """What a store holds may come from another lab: an illegal answer in it is no answer."""
    store = ReplyStore(tmp_path / "replies.sqlite")

    async def main():
        desk = Desk(("outside",), store)
        task = await offered(desk)
        call = next(iter(desk._open.values())).call
        store.put(call, Reply(Given({"act": 99}).canonical(), Usage()))
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        with pytest.raises(LogError, match="no legal answer of seat 1 at tick 2"):
            await desk.ask("outside", WORDS, 7, 1.0)

    asyncio.run(main())
