"""The desk of a run: which studies need one, who gets it, the file by which it is found, and a whole run with it."""

import asyncio
import dataclasses
import json
import stat
import threading
import time
import urllib.request

import aiohttp
import jax.numpy as jnp
import pytest

from commonweal.core import lens
from commonweal.core.errors import LogError
from commonweal.core.named import Named
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.lab.desk import FILE, SCHEMA, bind_desk, desk_for, outside_names, served
from commonweal.lab.order import Order
from commonweal.lab.plan import make_plan
from commonweal.lab.run import plan_run, run_study
from commonweal.lab.study import Factor, Part, Primary, Study
from commonweal.metrics.survival import Survival
from commonweal.minds.desk import Desk
from commonweal.minds.outside import Outside
from commonweal.minds.scripted import Scripted
from commonweal.worlds.commons import Commons


def part(name, *minds):
    society = Society(
        Commons(), Named.of(("civil", Scripted()), *minds), Seating(3, Named.of(*((n, jnp.float32(0.3)) for n, _ in minds)))
    )
    growth = Factor("growth", lens.world(Commons, lambda world: world.growth), (1.5, 2.0))
    return Part(name, society, (growth,), ticks=1, seeds=1)


def study(*parts):
    primary = Primary("survival", parts[0].name, "growth", 1.5, 2.0, "Growth helps.")
    return Study("tried", "Does it run?", parts, Named.of(("survival", Survival())), primary)


HELD = study(
    part("plain"),
    part("one", ("guest", Outside())),
    part("two", ("guest", Outside()), ("other", Outside(name="b", deadline_s=1.0))),
)


def test_queues_are_named_once_and_only_of_minds_without_a_desk():
    assert outside_names(HELD) == ("outside", "b")
    assert outside_names(study(part("plain"))) == ()
    assert desk_for(study(part("plain")), None) is None
    desk = desk_for(HELD, None)
    assert (desk.names, desk.store) == (("outside", "b"), None)
    assert outside_names(bind_desk(HELD, desk)) == ()


def test_minds_of_factors_are_bound_too():
    values = (Outside(name="c"), Scripted())
    factor = dataclasses.replace(HELD.parts[0].factors[0], label="who", values=values)
    varied = dataclasses.replace(HELD.parts[0], factors=(*HELD.parts[0].factors, factor))
    given = dataclasses.replace(HELD, parts=(varied,))
    assert outside_names(given) == ("c",)
    desk = Desk(("c",))
    bound = bind_desk(given, desk).parts[0].factors[1].values
    assert bound[0].desk is desk
    assert bound[1] is values[1]


def test_a_desk_moves_no_digest():
    """Another run, another desk: the same plan, and societies of the digest that they have without any."""
    bound = [bind_desk(HELD, desk_for(HELD, None)) for _ in range(2)]
    assert make_plan(bound[0], None, None)["digest"] == make_plan(bound[1], None, None)["digest"]
    assert [own.society.digest for own in bound[0].parts] == [own.society.digest for own in HELD.parts]


def test_the_file_is_its_owners_alone_and_goes_with_the_run(tmp_path, capsys):
    async def main():
        async with served(desk_for(HELD, None), tmp_path) as server:
            path = tmp_path / FILE
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            found = json.loads(path.read_text())
            assert found == {"schema": SCHEMA, "url": server.url, "token": server.token, "names": ["outside", "b"]}
            headers = {"Authorization": f"Bearer {found['token']}"}
            async with aiohttp.ClientSession(headers=headers) as client, client.get(f"{found['url']}/status") as reply:
                assert (await reply.json())["queues"] == {name: {"open": 0, "held": 0} for name in ("outside", "b")}
            return server.token

    token = asyncio.run(main())
    assert list(tmp_path.iterdir()) == []
    said = capsys.readouterr().err
    assert f"commonweal seat --run {tmp_path} --name b" in said
    assert token not in said


def test_a_file_that_was_left_behind_is_replaced(tmp_path):
    """A run that was killed leaves its file, readable to all in the worst case: the next one's is its owner's alone."""
    (tmp_path / FILE).write_text("{}")
    (tmp_path / FILE).chmod(0o644)

    async def main():
        async with served(desk_for(HELD, None), tmp_path):
            assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600

    asyncio.run(main())


def test_no_desk_is_served_where_none_is_needed(tmp_path):
    async def main():
        async with served(None, tmp_path) as server:
            assert server is None
        with pytest.raises(LogError, match="cannot be written"):
            async with served(Desk(("a",)), tmp_path / "missing"):
                pass

    asyncio.run(main())
    assert list(tmp_path.iterdir()) == []


FILE_OF_A_STUDY = """
import jax.numpy as jnp
from commonweal.core import lens
from commonweal.core.named import Named
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.lab.study import Factor, Part, Primary, Study
from commonweal.metrics.survival import Survival
from commonweal.minds.outside import Outside
from commonweal.minds.scripted import Scripted
from commonweal.worlds.commons import Commons

society = Society(Commons(), Named.of(("civil", Scripted()), ("guest", Outside(deadline_s=30.0))),
                  Seating(3, Named.of(("guest", jnp.float32(0.7)))))
growth = Factor("growth", lens.world(Commons, lambda world: world.growth), (1.5, 2.0))
study = Study("held", "Does it run?", (Part("held", society, (growth,), ticks=2, seeds=1),),
              Named.of(("survival", Survival())), Primary("survival", "held", "growth", 1.5, 2.0, "Growth helps."))
"""


class Guest(threading.Thread):
    """Plays every turn of a run that it finds in a folder: takes 1, or as much as there is."""

    def __init__(self, directory):
        super().__init__(daemon=True)
        self.directory, self.turns, self.over = directory, [], False

    def run(self):
        while not (self.directory / FILE).exists():
            time.sleep(0.05)
        self.desk = json.loads((self.directory / FILE).read_text())
        try:
            while True:
                if offer := self.call("/offers?wait=20"):
                    acts = {ask["name"]: min(1, ask["high"]) for ask in offer["asks"]}
                    self.call(f"/offers/{offer['turn']}/answer", {"lease": offer["lease"], "acts": acts})
                    self.turns.append((offer["trial"], offer["tick"], offer["seat"]))
        except OSError:
            self.over = True

    def call(self, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self.desk['token']}"}
        with urllib.request.urlopen(urllib.request.Request(self.desk["url"] + path, data, headers), timeout=60) as reply:
            return json.loads(reply.read() or "null")


def test_a_study_is_run_with_seats_held_from_outside(tmp_path):
    """Plan, processes and logs are the real ones; the guest finds the desk by the run's folder."""
    path, directory = tmp_path / "held.py", tmp_path / "run"
    path.write_text(FILE_OF_A_STUDY)
    order = Order(str(path))
    plan_run(order, directory)
    guest = Guest(directory)
    guest.start()
    progress = run_study(order, directory, 1, lambda _: None)
    guest.join(20)
    assert progress.failed == ()
    assert guest.over
    assert {trial for trial, _, _ in guest.turns} <= {"held/0/0", "held/1/0"}
    assert {tick for _, tick, _ in guest.turns} == {0, 1}
    assert not (directory / FILE).exists()
