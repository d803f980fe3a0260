"""Whole runs with language minds over an endpoint that breaks: whatever happens, the log is that of the undisturbed run.

Known answer of all: the log digest of one run by the command line that nothing disturbed. The other runs are hosted in this
process, where programs are compiled once, but for those that are killed.
"""

import asyncio
import dataclasses
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from commonweal.analysis.estimates import write_estimates
from commonweal.analysis.trials import write_table
from commonweal.app.main import main
from commonweal.lab.finished import read_finished
from commonweal.lab.host import _host
from commonweal.lab.ledger import CARD, Ledger, Progress
from commonweal.lab.order import Order
from commonweal.lab.probes import IN_RUN, list_questions
from commonweal.lab.run import plan_run
from commonweal.models.choice import ModelChoice
from commonweal.models.prompt import neutralise
from commonweal.models.scheduler import Limits
from faults import LASTING, PASSING, Asked, Faulty, Rule, seeded

CELLS, SEEDS, TICKS, SEATS = 2, 2, 3, 4
DECISIONS = 2 * CELLS * SEEDS * TICKS * SEATS
"""Of the two parts together: at most one call each."""
STUDY = """
from commonweal.channels.broadcast import Broadcast
from commonweal.core import lens
from commonweal.core.named import Named
from commonweal.core.parts import NoChannel
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.lab.study import Factor, Part, Primary, Study
from commonweal.metrics.welfare import Welfare
from commonweal.minds.language import Language
from commonweal.worlds.network_game import NetworkGame
from commonweal_plugin.tithe import Tithe


def part(name, channel):
    minds = Named.of(("civil", Language(temperature=1.0)))
    society = Society(NetworkGame(), minds, Seating({seats}), Named.of(("tithe", Tithe(rate=0.0))), channel)
    factor = Factor("tithe", lens.rule("tithe", Tithe, lambda rule: rule.rate), (0.0, 0.5))
    return Part(name, society, (factor,), ticks={ticks}, seeds={seeds})


study = Study(
    name="spoken-of",
    question="Does it survive?",
    metrics=Named.of(("welfare", Welfare())),
    parts=({parts}),
    primary=Primary("welfare", "choices", "tithe", 0.0, 0.5, "A tithe"),
)
"""
CHOICES, WORDS = 'part("choices", NoChannel())', 'part("words", Broadcast())'
LATENCY_S = 0.04


def write_study(
    folder: Path, seats: int = SEATS, ticks: int = TICKS, seeds: int = SEEDS, parts: str = f"{CHOICES}, {WORDS}"
) -> Path:
    path = folder / "spoken.py"
    path.write_text(STUDY.format(seats=seats, ticks=ticks, seeds=seeds, parts=parts))
    return path


def digest_of(directory: Path) -> str:
    """The digest over all trials of a finished run."""
    write_table(directory)
    return json.loads(write_estimates(directory).read_text())["log_digest"]


def hosted(order: Order, directory: Path) -> Progress:
    """Plan, and run what is left of the hosted trials, in this process; as far as it comes."""
    plan_run(order, directory)
    ledger = Ledger(directory / "ledger.sqlite")
    ledger.release()
    asyncio.run(_host(order, directory))
    return ledger.progress()


def finished(order: Order, directory: Path) -> str:
    """The digest of a run that comes to its end."""
    progress = hosted(order, directory)
    assert (progress.open, progress.failed, progress.stopped) == (0, (), "")
    assert not (directory / "errors.log").exists()
    return digest_of(directory)


class Place:
    """An endpoint for the tests of this file, each with its own rule; a log depends on the address, so there is one."""

    def __init__(self, server: Faulty, folder: Path) -> None:
        self.server, self.study = server, write_study(folder)
        self.digest = ""
        self.asked: Counter[tuple[str, str]] = Counter()
        """Requests of the undisturbed run, by prefix and suffix."""

    def order(self, limits: Limits | None = None, name: str = "fake") -> Order:
        return Order(str(self.study), model=ModelChoice(name, self.server.url, limits=limits))

    def command(self, directory: Path, *more: str) -> list[str]:
        model = ("--model", "fake", "--endpoint", self.server.url, "--jobs", "1")
        return [
            *(sys.executable, "-W", "error", "-m", "commonweal.app.main", "run", str(self.study), "--out", str(directory)),
            *(*model, *more),
        ]

    def break_by(self, rule: Rule | None, most: int = 1, permanent: bool = False) -> None:
        self.server.rule, self.server.most, self.server.permanent = rule, most, permanent


def questions(asked: list[Asked]) -> Counter[tuple[str, str]]:
    """How often each prompt was sent."""
    return Counter((own.message("system"), own.message("user")) for own in asked)


CARDS = {neutralise(question.prefix) for question in list_questions(IN_RUN)}
"""What the card's questions begin with: its repeats go around the store on purpose."""


def cards(server: Faulty) -> set[str]:
    """The card's questions, as the server counts them."""
    return {own.key for own in server.asked if own.message("system") in CARDS}


@pytest.fixture(scope="module")
def environment() -> Iterator[None]:
    """Programs that one process compiled are found by the others."""
    with tempfile.TemporaryDirectory() as cache, pytest.MonkeyPatch.context() as patch:
        patch.setenv("JAX_COMPILATION_CACHE_DIR", cache)
        patch.setenv("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
        yield


@pytest.fixture(scope="module")
def served(environment: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """The endpoint, and the undisturbed run by the command line."""
    folder = tmp_path_factory.mktemp("whole")
    with Faulty(stall_s=5.0) as server:
        place = Place(server, folder)
        subprocess.run(place.command(folder / "run"), capture_output=True, text=True, check=True)
        place.digest = json.loads((folder / "run" / "estimates.json").read_text())["log_digest"]
        place.asked = questions(server.asked)
        # Some seats of two trials read the same words in the same order, and draw the same: one call.
        assert 0.8 * DECISIONS <= len(server.answered) - len(cards(server)) <= DECISIONS
        assert {count for key, count in server.answered.items() if key not in cards(server)} == {1}
        yield place


@pytest.fixture
def place(served: Place) -> Iterator[Place]:
    """The endpoint as new."""
    served.server.clear()
    served.server.hits.clear()
    served.server.faults.clear()
    served.break_by(None)
    yield served
    served.server.latency_s = 0.0
    served.break_by(None)


@pytest.mark.parametrize("in_flight", [1, 8, 64])
def test_the_log_is_the_same_at_any_number_of_calls_in_flight(place: Place, tmp_path: Path, in_flight: int):
    place.server.latency_s = 0.002 if in_flight == 1 else 0.02
    assert finished(place.order(Limits(in_flight=in_flight)), tmp_path) == place.digest
    assert place.server.peak <= in_flight
    # Eight trials of four seats and the card: the endpoint is full at 8.
    assert place.server.peak == in_flight or in_flight == 64
    assert place.server.peak >= 8 or in_flight == 1
    assert questions(place.server.asked) == place.asked


@pytest.mark.parametrize("named", [0, None])
def test_faults_that_pass_leave_no_trace(place: Place, tmp_path: Path, named: int | None):
    seed = random.randrange(2**32) if named is None else named
    place.break_by(seeded(seed, PASSING, 0.25), most=2)
    limits = Limits(in_flight=16, deadline_s=0.5)
    assert finished(place.order(limits), tmp_path) == place.digest, f"seed {seed}"
    assert sum(place.server.faults.values()) > 10
    # Whatever was hit, each prompt was answered as often as without faults, but for answers that came after a deadline.
    assert set(questions(place.server.asked)) == set(place.asked)


def test_an_endpoint_that_dies_and_returns_is_waited_for(place: Place, tmp_path: Path):
    # Longer than the server waits for its last answers: those in flight are cut.
    place.server.latency_s = 3 * LATENCY_S
    deaths = [random.Random(7).randint(5, 60), 110]

    def disturb() -> None:
        for asked in deaths:
            wait_for(lambda least=asked: len(place.server.asked) >= least)
            place.server.die()
            time.sleep(0.7)
            place.server.revive()

    thread = threading.Thread(target=disturb)
    thread.start()
    assert finished(place.order(Limits(in_flight=8)), tmp_path) == place.digest
    thread.join(30)
    assert len(place.server.asked) > sum(place.asked.values())


def wait_for(happened: Callable[[], bool], seconds: float = 60.0) -> None:
    """Wait until something is so."""
    until = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.01)


def descendants(pid: int) -> set[int]:
    """Processes that live below a process."""
    parents: dict[int, int] = {}
    for own in Path("/proc").iterdir():
        if own.name.isdigit() and (parent := parent_of(int(own.name))) is not None:
            parents[int(own.name)] = parent
    found, last = set[int](), {pid}
    while last:
        last = {child for child, parent in parents.items() if parent in last} - found
        found |= last
    return found


def parent_of(pid: int) -> int | None:
    """The parent of a process; None: it is over, or nobody has asked how it ended."""
    try:
        state, parent = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[:2]
    except OSError:
        return None
    return None if state in ("Z", "X") else int(parent)


needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are looked up in /proc")


@needs_proc
def test_kill_nine_three_times_and_the_log_is_whole_and_no_stored_reply_is_asked_for_again(place: Place, tmp_path: Path):
    place.server.latency_s = LATENCY_S
    draws = random.Random()
    directory = tmp_path / "run"
    stored: Counter[tuple[str, str]] = Counter()
    kept: dict[Path, int] = {}
    for _ in range(3):
        least = draws.randint(1, 45)
        kill_in_flight(place, place.command(directory, "--in-flight", "4"), least, tmp_path / "said")
        check_no_repeats(place, stored)
        stored = stored_questions(directory)
        assert all(log.stat().st_mtime_ns == when for log, when in kept.items())
        kept = {log: log.stat().st_mtime_ns for log in directory.glob("logs/*.parquet")}
    place.server.clear()
    assert finished(place.order(Limits(in_flight=8)), directory) == place.digest
    check_no_repeats(place, stored)
    assert all(log.stat().st_mtime_ns == when for log, when in kept.items())


def kill_in_flight(place: Place, command: list[str], least: int, said: Path) -> None:
    """Start a run, kill it with calls in flight after so many, and see all of its processes end."""
    place.server.clear()
    with said.open("w") as file:
        run = subprocess.Popen(command, stdout=file, stderr=file)
    try:
        wait_for(lambda: run.poll() is not None or (len(place.server.asked) >= least and place.server.now > 0))
        assert run.poll() is None, said.read_text()
        family = descendants(run.pid)
        assert family
    finally:
        run.kill()
        run.wait()
    wait_for(lambda: all(parent_of(pid) is None for pid in family), 10.0)


def check_no_repeats(place: Place, stored: Counter[tuple[str, str]]) -> None:
    """What was stored before this sitting was not asked for in it."""
    for question, count in questions(place.server.asked).items():
        if question[0] not in CARDS:
            assert count + stored[question] <= place.asked[question], question


def stored_questions(directory: Path) -> Counter[tuple[str, str]]:
    """The prompts whose replies a run's store holds."""
    with sqlite3.connect(directory / "replies.sqlite") as database:
        rows = database.execute("SELECT text, suffix FROM replies JOIN prefixes ON prefixes.digest = prefix").fetchall()
    database.close()
    return Counter((neutralise(prefix), neutralise(suffix)) for prefix, suffix in rows)


def test_another_folder_is_run_from_exported_replies_with_no_endpoint(place: Place, tmp_path: Path):
    assert finished(place.order(), tmp_path / "run") == place.digest
    counted = Counter(place.server.tried)
    place.server.die()
    try:
        file, other = tmp_path / "run.replies", tmp_path / "other"
        assert main(["replies", "export", str(tmp_path / "run"), str(file)]) == 0
        assert main(["replies", "import", str(file), str(other)]) == 0
        order = place.order()
        replay = dataclasses.replace(order, model=dataclasses.replace(order.model, replies="replay"))
        assert finished(replay, other) == place.digest
        assert json.loads((other / "card.json").read_text())["batch"]["reading"] == "not measured: replies came from a store"
        # Without the replies nothing can be run, and it is said what is missing.
        progress = hosted(replay, tmp_path / "empty")
        assert (progress.done, progress.open) == (0, 0)
        assert all("holds no reply" in why for why in progress.failed)
    finally:
        place.server.revive()
    assert place.server.tried == counted


BAD = ("says injection", "says html", "says terminal", "says nested", "says surrogate", *LASTING[:4])


def test_answers_that_are_bad_for_good_are_counted_and_end_no_trial(place: Place, tmp_path: Path):
    place.break_by(some_prompts, most=10**9, permanent=True)
    order = place.order()
    order = dataclasses.replace(order, model=dataclasses.replace(order.model, scoring="logprobs"))
    first = finished(order, tmp_path / "first")
    assert set(place.server.faults) >= {"wrong schema", "empty reply", "null reply", "10 MB"}
    assert any(name.startswith("says ") for name in place.server.faults)
    incidents = Counter(
        event.kind
        for part in ("choices", "words")
        for cell in range(CELLS)
        for seed in range(SEEDS)
        for event in read_finished(tmp_path / "first", (part, cell, seed)).log.events
    )
    assert incidents["default"] > 0
    # What is bad is a reply like any other: it is kept, and the log is the same again and at another pace.
    asked = len(place.server.asked)
    assert finished(order, tmp_path / "first") == first
    assert len(place.server.asked) == asked
    slow = dataclasses.replace(order, model=dataclasses.replace(order.model, limits=Limits(in_flight=2)))
    assert finished(slow, tmp_path / "second") == first


def some_prompts(asked: Asked) -> str | None:
    """A fault for a third of the prompts of minds, by a hash of the question."""
    if asked.message("system") in CARDS:
        return None
    draw = int(asked.key[:12], 16)
    return BAD[draw // 3 % len(BAD)] if draw % 3 == 0 else None


def test_a_model_that_nobody_has_ends_the_run_at_its_first_call(place: Place, tmp_path: Path):
    # Room for eight seats: two trials are begun, or the card (16 calls at once) and one.
    progress = hosted(place.order(Limits(in_flight=2), "none-such"), tmp_path)
    assert 1 <= len(place.server.asked) <= 16 + SEATS + 2
    assert {own.body["model"] for own in place.server.asked} == {"none-such"}
    assert progress.open >= 1 + 2 * CELLS * SEEDS - 2
    (why,) = progress.failed
    assert "check --model" in why
    assert progress.stopped == why
    assert not list(tmp_path.glob("logs/*.parquet"))


def test_a_key_that_is_withdrawn_costs_no_finished_trial(place: Place, tmp_path: Path):
    place.server.latency_s = LATENCY_S / 4
    place.break_by(lambda asked: "401" if len(place.server.asked) > 140 else None, most=10**9, permanent=True)
    order = place.order(Limits(in_flight=4))
    progress = hosted(order, tmp_path)
    assert 0 < progress.done < progress.trials
    assert progress.open == 0
    assert all("set the key in the environment variable OPENAI_API_KEY" in why for why in progress.failed)
    stored, kept = stored_questions(tmp_path), {log: log.stat().st_mtime_ns for log in tmp_path.glob("logs/*.parquet")}
    place.server.clear()
    place.break_by(None)
    assert finished(order, tmp_path) == place.digest
    check_no_repeats(place, stored)
    assert kept
    assert all(log.stat().st_mtime_ns == when for log, when in kept.items())


@needs_proc
def test_the_embedded_worker_is_killed_in_a_call_and_the_log_is_whole(environment: None, tmp_path: Path):
    study = write_study(tmp_path, seats=2, ticks=2, seeds=1, parts=f"{CHOICES},")
    order = Order(str(study))
    killed: list[int] = []

    def run(name: str) -> str:
        directory = tmp_path / name
        plan_run(order, directory)
        # The card of the embedded model takes a minute; tests of the card have it.
        ledger = Ledger(directory / "ledger.sqlite")
        card = ledger.lease("test", (CARD,))
        assert card is not None
        ledger.finish(card, 0.0)
        return finished(order, directory)

    def kill() -> None:
        for count in (1, 3):
            wait_for(lambda least=count: len(replies_in(tmp_path / "killed")) >= least)
            time.sleep(random.uniform(0.0, 0.2))
            (own,) = (
                pid for pid in descendants(os.getpid()) if b"models/worker.py" in Path(f"/proc/{pid}/cmdline").read_bytes()
            )
            os.kill(own, signal.SIGKILL)
            killed.append(own)

    undisturbed = run("whole")
    thread = threading.Thread(target=kill)
    thread.start()
    assert run("killed") == undisturbed
    thread.join(30)
    assert len(set(killed)) == 2
    assert replies_in(tmp_path / "killed") == replies_in(tmp_path / "whole")


def replies_in(directory: Path) -> dict[str, str]:
    """Replies by key, as far as they are stored."""
    path = directory / "replies.sqlite"
    if not path.exists():
        return {}
    with sqlite3.connect(path) as database:
        rows = database.execute("SELECT key, reply FROM replies").fetchall() if has_table(database) else []
    database.close()
    return dict(rows)


def has_table(database: sqlite3.Connection) -> bool:
    return bool(database.execute("SELECT count(*) FROM sqlite_master WHERE name='replies'").fetchone()[0])


def test_a_store_that_is_damaged_is_said_and_not_only_written_down(place: Place, tmp_path: Path):
    plan_run(place.order(), tmp_path)
    (tmp_path / "replies.sqlite").write_bytes(b"not a database, but long enough to be read as one" * 40)
    run = subprocess.run(place.command(tmp_path), capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert "expected a store of replies; put the file aside and run again" in run.stderr
    assert "Traceback" not in run.stderr
    assert not place.server.asked
