"""The desk of a run: where seats held from outside are offered, leased and answered.

    asked -> open -> leased -> answered (stored, then used), or over at its deadline (never stored)

An offer is leased to one process at a time. Each lease has a secret of its own, so that nobody else can answer in its
place; a lease that lapses, or that is given back, is open again. Who lies about a turn is told why and moves nothing.

The deadline counts from an offer's first lease. Before it, an offer waits as long, and longer while its queue moves: who
answers one turn after the other loses none that wait behind, and a queue that nobody answers ends in one deadline.

The desk knows no network: `desk_server` puts it on a socket.

Source: own definition; leases: C. Gray, D. Cheriton, "Leases: an efficient fault-tolerant mechanism for distributed file
cache consistency" (1989), doi:10.1145/74850.74870.
"""

from __future__ import annotations

import asyncio
import hmac
import re
import secrets
import time
from collections import OrderedDict
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import NoReturn

from commonweal.core.errors import LogError, ModelRefusedError, StudyError, TransientModelError
from commonweal.core.views import Ask, Words
from commonweal.minds.offers import (
    PROTOCOL,
    Given,
    IllegalAnswerError,
    Json,
    canonical,
    facts_of,
    offer_of,
    open_asks,
    read_answer,
)
from commonweal.models.model import Reply, Usage
from commonweal.models.prompt import digest_of
from commonweal.models.store import Call, ReplyStore

NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
"""What the name of a queue looks like."""
REMEMBERED_TURNS = 10_000
"""How many turns that are over are known by their fate."""

_TRIAL: ContextVar[str] = ContextVar("trial", default="")


@contextmanager
def named_trial(name: str) -> Generator[None]:
    """Offers made inside say which trial they belong to: for people and logs, it moves no stored answer.

    Args:
        name: as in `main/0/1`: part, cell, seed.
    """
    before = _TRIAL.set(name)
    try:
        yield
    finally:
        _TRIAL.reset(before)


class TurnRefusedError(Exception):
    """An answer to a turn that is over, unknown, answered already, or leased to somebody else."""


class DeskClosedError(Exception):
    """The run is over: there will be no more offers."""


@dataclass(frozen=True)
class Outcome:
    """What came of an offer.

    Source: own definition.
    """

    given: Given | None
    """The answer; None: the deadline passed."""
    seconds: float = 0.0
    """How long it took now; 0 when it came from the store."""


@dataclass(eq=False)
class _Open:
    """An offer that waits for its answer."""

    turn: str
    name: str
    trial: str
    words: Words
    key: int
    asks: tuple[Ask, ...]
    call: Call
    began: float
    deadline_s: float
    future: asyncio.Future[Given]
    waiting: int = 0
    refused: int = 0
    lease: str = ""
    leased_until: float = 0.0
    first_leased: float | None = None


def seat_digest(name: str) -> str:
    """What stands for a model's digest in the store: the queue's name and the protocol's version.

    Args:
        name: of the queue.
    """
    return digest_of({"kind": "outside", "name": name, "protocol": PROTOCOL})


class Desk:
    """Open offers by queue, and who holds them. All calls come from one event loop.

    Args:
        names: the queues, one a group of seats.
        store: where answers are kept before they are used; None: nowhere.
        replay: nobody is asked: what the store does not hold is refused.

    Raises:
        StudyError: there is no name, or one that cannot stand in an address.

    Source: see the module.
    """

    def __init__(self, names: tuple[str, ...], store: ReplyStore | None = None, replay: bool = False) -> None:
        for name in names or ("",):
            if not NAME.fullmatch(name):
                raise StudyError(f"found the queue name {name!r}, expected 1 to 64 of A-Z a-z 0-9 . _ -; rename it")
        self.names = tuple(dict.fromkeys(names))
        self.store = store
        self.replay = replay
        self._open: dict[str, _Open] = {}
        self._turns: dict[str, _Open] = {}
        self._over: OrderedDict[str, str] = OrderedDict()
        self._moved: dict[str, float] = {}
        self._changed = asyncio.Condition()
        self._closed = False
        self._counts = {"offered": 0, "answered": 0, "stored": 0, "missed": 0, "refused": 0, "illegal": 0}

    def __repr__(self) -> str:
        """The same for every desk: where a seat was offered is no part of what a society is."""
        return "Desk()"

    async def ask(self, name: str, words: Words, key: int, deadline_s: float) -> Outcome:
        """Offer a seat and wait for its answer; identical offers at one time are one.

        Args:
            name: of the queue.
            words: what the seat reads; at least one question has more than one legal answer.
            key: the seat's key of the tick.
            deadline_s: seconds from its first lease, above 0; as long, unleased, in a queue that does not move.

        Raises:
            StudyError: the desk has no such queue.
            TransientModelError: the desk is closed, or is closed meanwhile.
            ModelRefusedError: a replay lacks the answer.
            LogError: the store cannot be used, or holds no legal answer.
        """
        if name not in self.names:
            raise StudyError(
                f"the desk has no queue {name!r}, expected one of {', '.join(self.names)}; bind the study's own desk"
            )
        call = _call(name, words, key)
        kept = self._kept(call, words)
        if kept is not None:
            self._counts["stored"] += 1
            return Outcome(kept)
        if self.replay:
            raise ModelRefusedError(
                f"the store of replies holds no answer of {name!r}, seat {words.seat} at tick {words.tick}: nobody gave one in "
                "time, or it is not of this run; expected one in a replay: run again with --replies record"
            )
        if self._closed:
            raise TransientModelError("the desk of outside seats is closed; run again, answers given so far are kept")
        offer = self._open.get(call.key) or await self._put(name, words, key, call, deadline_s)
        offer.waiting += 1
        try:
            while not offer.future.done() and (left := self._until(offer) - time.monotonic()) > 0:
                await asyncio.wait({offer.future}, timeout=left)
            if not offer.future.done():
                self._counts["missed"] += 1
                return Outcome(None, time.monotonic() - offer.began)
            return Outcome(offer.future.result(), time.monotonic() - offer.began)
        finally:
            offer.waiting -= 1
            if not offer.waiting:
                late = time.monotonic() >= self._until(offer)
                self._end(offer, "over: its deadline has passed" if late else "over: nobody waits for it any more")

    async def lease(self, name: str, wait_s: float, hold_s: float | None = None) -> Json | None:
        """The oldest open offer of a queue that nobody holds; None where there is none in time.

        Args:
            name: of the queue.
            wait_s: how long to wait for one, at least 0.
            hold_s: how long it is held, above 0; None: until its deadline.

        Raises:
            StudyError: the desk has no such queue.
            DeskClosedError: the run is over.
        """
        if name not in self.names:
            raise StudyError(f"found the queue {name[:64]!r}, expected one of {', '.join(self.names)}")
        until = time.monotonic() + wait_s
        async with self._changed:
            while True:
                if self._closed:
                    raise DeskClosedError("the run is over")
                now = time.monotonic()
                offer = next((own for own in self._open.values() if own.name == name and self._free(own, now)), None)
                if offer is not None:
                    return self._hold(offer, now, hold_s)
                held = [own.leased_until for own in self._open.values() if own.name == name and own.leased_until > now]
                if now >= until:
                    return None
                try:
                    await asyncio.wait_for(self._changed.wait(), max(0.001, min([until, *held]) - now))
                except TimeoutError:
                    continue

    def answer(self, turn: str, lease: str, document: object) -> None:
        """Take the answer to a turn: legal, it is stored and the trial goes on.

        Args:
            turn: of the offer.
            lease: the secret of the lease.
            document: a JSON value from outside, see `offers.read_answer`.

        Raises:
            TurnRefusedError: it is not the writer's turn; the message says why.
            IllegalAnswerError: the answer is not legal; another may be given until the deadline.
            LogError: the answer could not be stored.
        """
        offer = self._mine(turn, lease)
        try:
            given = read_answer(document, offer.asks)
        except IllegalAnswerError:
            self._counts["illegal"] += 1
            offer.refused += 1
            raise
        given = Given(given.acts, given.remember, offer.refused)
        if self.store is not None:
            # At no cost: a turn is no call of a model, and takes nothing of a run's budget.
            first = self.store.put(offer.call, Reply(given.canonical(), Usage()))
            given = self._read_kept(first, offer.words) if isinstance(first, Reply) else given
        self._counts["answered"] += 1
        self._moved[offer.name] = time.monotonic()
        offer.future.set_result(given)
        self._end(offer, "answered")

    async def give_back(self, turn: str, lease: str) -> None:
        """End a lease: the offer is open to others again.

        Args:
            turn: of the offer.
            lease: the secret of the lease.

        Raises:
            TurnRefusedError: it is not the writer's turn.
        """
        offer = self._mine(turn, lease)
        offer.lease, offer.leased_until = "", 0.0
        await self._tell()

    def seconds_left(self, turn: str) -> float:
        """Seconds until a turn's deadline, at least 0; 0 for a turn that is over."""
        offer = self._turns.get(turn)
        return 0.0 if offer is None else max(0.0, self._until(offer) - time.monotonic())

    def status(self) -> Json:
        """How the desk stands: queues with open and held offers, and counts since it was opened. No secrets, no words."""
        now = time.monotonic()
        queues = {
            name: {
                "open": sum(own.name == name for own in self._open.values()),
                "held": sum(own.name == name and not self._free(own, now) for own in self._open.values()),
            }
            for name in self.names
        }
        return {"protocol": PROTOCOL, "queues": queues, "counts": dict(self._counts), "closed": self._closed}

    async def close(self) -> None:
        """Offer no more: who waits for an offer is told that the run is over, who waits for an answer fails."""
        self._closed = True
        for offer in tuple(self._open.values()):
            if not offer.future.done():
                offer.future.set_exception(
                    TransientModelError("the desk of outside seats was closed; run again, answers given so far are kept")
                )
                # Nobody may be left to look at it: looked at here, so that asyncio does not complain.
                offer.future.exception()
        await self._tell()
        if self.store is not None:
            self.store.close()

    async def _put(self, name: str, words: Words, key: int, call: Call, deadline_s: float) -> _Open:
        """Open an offer, and wake who waits for one."""
        now = time.monotonic()
        future: asyncio.Future[Given] = asyncio.get_running_loop().create_future()
        offer = _Open(secrets.token_hex(16), name, _TRIAL.get(), words, key, open_asks(words), call, now, deadline_s, future)
        self._open[call.key] = self._turns[offer.turn] = offer
        self._counts["offered"] += 1
        # Entered before anything is awaited, so that an identical offer finds it.
        await self._tell()
        return offer

    def _hold(self, offer: _Open, now: float, hold_s: float | None) -> Json:
        """Lease an offer, and say what it is."""
        offer.lease = secrets.token_urlsafe(24)
        offer.first_leased = offer.first_leased or now
        until = self._until(offer)
        offer.leased_until = until if hold_s is None else min(until, now + hold_s)
        return {
            "turn": offer.turn,
            "lease": offer.lease,
            "trial": offer.trial,
            "seconds_left": round(until - now, 3),
            **offer_of(offer.words, offer.key),
        }

    def _until(self, offer: _Open) -> float:
        """When an offer's default stands: a deadline after its first lease, or after the last that moved in its queue."""
        if offer.first_leased is not None:
            return offer.first_leased + offer.deadline_s
        return max(offer.began, self._moved.get(offer.name, 0.0)) + offer.deadline_s

    def _free(self, offer: _Open, now: float) -> bool:
        """Whether an offer can be leased."""
        return not offer.future.done() and now < self._until(offer) and (not offer.lease or now >= offer.leased_until)

    def _mine(self, turn: str, lease: str) -> _Open:
        """The open offer of a turn, if the lease is the one in force."""
        offer = self._turns.get(turn)
        if offer is None or offer.future.done():
            self._refuse(f"this turn is {'answered' if offer else self._over.get(turn, 'unknown here')}")
        if time.monotonic() >= self._until(offer):
            self._refuse("this turn is over: its deadline has passed")
        if not offer.lease or not hmac.compare_digest(lease.encode("utf-8", "replace"), offer.lease.encode()):
            self._refuse("this turn is leased to somebody else, or to nobody: the lease is not the one in force")
        return offer

    def _refuse(self, why: str) -> NoReturn:
        self._counts["refused"] += 1
        raise TurnRefusedError(f"{why}; the trial was not moved. Ask for an offer, and answer that one")

    def _end(self, offer: _Open, fate: str) -> None:
        """Close an offer; its fate is remembered for a while."""
        if self._open.get(offer.call.key) is offer:
            del self._open[offer.call.key], self._turns[offer.turn]
            self._over[offer.turn] = fate
            while len(self._over) > REMEMBERED_TURNS:
                self._over.popitem(last=False)

    def _kept(self, call: Call, words: Words) -> Given | None:
        """What the store holds of this offer's answer."""
        kept = None if self.store is None else self.store.get(call)
        return self._read_kept(kept, words) if isinstance(kept, Reply) else None

    def _read_kept(self, kept: Reply, words: Words) -> Given:
        """A stored answer, looked at like any other: a store may come from somebody else."""
        try:
            given = Given.kept(kept.text)
            remember = {} if given.remember is None else {"remember": list(given.remember)}
            legal = read_answer({"acts": given.acts, **remember}, open_asks(words))
        except ValueError as error:
            raise LogError(
                f"the store of replies holds no legal answer of seat {words.seat} at tick {words.tick} ({error}); expected "
                "what this code stored: put the file aside and run again"
            ) from None
        return Given(legal.acts, legal.remember, given.refused)

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()


def _call(name: str, words: Words, key: int) -> Call:
    """What an answer is stored under: all that the seat was told, and its draw; neither turn, trial nor time."""
    return Call("outside", seat_digest(name), words.rules, canonical(facts_of(words, key)), canonical({"draw": key}))
