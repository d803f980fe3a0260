"""The verb `seat` as a process of its own, and every snippet of docs/outside-seats.md that can be run, against real trials."""

import argparse
import asyncio
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.app import seat
from commonweal.app.main import main, parser
from commonweal.channels.broadcast import Broadcast
from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.engine.hosted import run_hosted
from commonweal.interop.seat import TOKEN
from commonweal.lab.desk import served
from commonweal.minds.desk import Desk
from commonweal.minds.outside import Outside
from commonweal.minds.scripted import Scripted
from commonweal.worlds.commons import Commons

PAGE = (Path(__file__).parent.parent.parent / "docs" / "outside-seats.md").read_text()
SNIPPETS = dict(re.findall(r"<!-- runs: (\w+) -->\n```\w+\n(.*?)```", PAGE, re.DOTALL))
COMMAND = (sys.executable, "-m", "commonweal.app.main")


def society(mind):
    minds = Named.of(("civil", Scripted(level=0.8)), ("guest", mind))
    return Society(Commons(), minds, Seating(3, Named.of(("guest", jnp.float32(0.7)))), channel=Broadcast())


def played(directory, *command, ticks=2, stdin=None):
    """A trial with two outside seats, held by a process; its log, and what the process wrote."""

    async def run():
        desk = Desk(("outside",))
        async with served(desk, directory) as server:
            env = {"PATH": os.environ["PATH"], "DESK": server.url, TOKEN: server.token}
            trial = asyncio.create_task(
                run_hosted(society(Outside(desk=desk)), 4, ticks, record=("acts", "mind")), name="trial"
            )
            process = await asyncio.create_subprocess_exec(
                *command, env=env, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
            )
            try:
                log = await asyncio.wait_for(trial, 60)
            finally:
                await server.close()
                try:
                    out, err = await asyncio.wait_for(process.communicate(stdin), 20)
                finally:
                    if process.returncode is None:
                        process.kill()
        return log, process.returncode, out.decode(), err.decode()

    return asyncio.run(run())


def harvested(log):
    """What outside seats took, [t, seats]."""
    return log.traces["act.harvest"][:, np.asarray(log.traces["mind"][0]) == 1]


def test_the_page_has_its_snippets():
    assert set(SNIPPETS) == {"study", "curl", "http", "pipe", "mcp", "inspect"}


def test_the_pages_society_is_one():
    scope = {}
    exec(SNIPPETS["study"], scope)
    assert (
        scope["society"].digest
        == Society(**{name: getattr(scope["society"], name) for name in ("world", "minds", "seats", "channel")}).digest
    )
    assert scope["society"].hosted


def test_the_pages_pipe_plays_a_trial(tmp_path):
    agent = tmp_path / "agent.py"
    agent.write_text(SNIPPETS["pipe"])
    log, code, _, err = played(tmp_path, sys.executable, str(agent), *COMMAND, "seat", "--run", str(tmp_path))
    assert code == 0, err
    assert harvested(log).tolist() == [[1, 1], [1, 1]]
    assert not [event for event in log.events if event.kind in ("default", "repair")]
    assert "holding seats of 'outside'" in err


def test_the_pages_plain_python_plays_a_trial(tmp_path):
    log, code, out, err = played(tmp_path, sys.executable, "-c", SNIPPETS["http"])
    assert code == 0, err
    assert harvested(log).tolist() == [[1, 1], [1, 1]]
    assert out.strip() == "HTTP Error 410: Gone"


def test_the_pages_curl_takes_a_turn(tmp_path):
    """Two turns of one tick: the lines are run twice."""
    log, code, out, err = played(tmp_path, "bash", "-ec", 2 * SNIPPETS["curl"], ticks=1)
    assert code == 0, err
    assert out == '{"taken": true}' * 2
    assert harvested(log).tolist() == [[1, 1]]


def test_the_pages_mcp_configuration_names_a_command_that_there_is():
    for server in json.loads(SNIPPETS["mcp"])["mcpServers"].values():
        assert server["command"] == "commonweal"
        given = parser().parse_args(server["args"])
        assert (given.verb, given.mcp, given.run, given.name) == ("seat", True, "runs/mine", "outside")


EVALUATION = """
import json
from inspect_ai import Task, eval
from inspect_ai.dataset import Sample
from inspect_ai.model import ModelOutput, ModelUsage, get_model

def outputs(messages, tools, choice, config):
    found = json.loads(messages[-1].text) if messages[-1].text.startswith("{") else {}
    name, given = "wait_for_turn", {"seconds": 5}
    if found.get("over"):
        name, given = "submit", {"answer": "done"}
    elif found.get("turn"):
        name, given = "answer", {"turn": found["turn"], "acts": {"harvest": 1}}
    output = ModelOutput.for_tool_call("mockllm/model", name, given)
    output.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
    return output

model = get_model("mockllm/model", custom_outputs=outputs)
(log,) = eval(Task(dataset=[Sample("Begin.")], solver=agent), model=model, log_dir=".", display="none")
print(log.status)
"""


def test_the_pages_inspect_agent_plays_a_trial(tmp_path):
    """A real evaluation with the library's mock model, whose every step is a tool call of the seat."""
    pytest.importorskip("inspect_ai", reason="the extra `inspect` is not installed")
    page = SNIPPETS["inspect"].replace("runs/mine", str(tmp_path))
    page = page.replace('command="commonweal", args=[', f'command={sys.executable!r}, args=["-m", "commonweal.app.main", ')
    assert page != SNIPPETS["inspect"]
    agent = tmp_path / "agent.py"
    agent.write_text(f"import os\nos.chdir({str(tmp_path)!r})\n{page}\n{EVALUATION}")
    log, code, out, err = played(tmp_path, sys.executable, str(agent))
    assert code == 0, err
    assert out.splitlines()[-1] == "success"
    assert harvested(log).tolist() == [[1, 1], [1, 1]]


def test_the_pages_requests_are_those_of_the_server():
    from commonweal.minds import desk_server

    for row in ("/offers?name=NAME&wait=SECONDS", "/offers/TURN/answer", "DELETE", "/status"):
        assert row in PAGE
        assert row in desk_server.__doc__
    body = re.search(r"```json\n(\{\"lease\".*?)```", PAGE, re.DOTALL)
    assert set(json.loads(body[1])) == {"lease", "acts", "remember"}


def test_a_pipe_whose_input_stays_open_ends_with_the_run(tmp_path):
    """The program reads everything and writes nothing back; the run ends it."""
    desk_dir = tmp_path

    async def run():
        desk = Desk(("outside",))
        async with served(desk, desk_dir) as server:
            process = await asyncio.create_subprocess_exec(
                *COMMAND,
                "seat",
                "--run",
                str(desk_dir),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )
            log = await run_hosted(society(Outside(desk=desk, deadline_s=2.0)), 4, 1, record=("acts", "mind"))
            await server.close()
            out = await asyncio.wait_for(process.stdout.read(), 20)
            err = await process.stderr.read()
            process.stdin.close()
            return log, await process.wait(), out, err

    log, code, out, err = asyncio.run(run())
    assert code == 0, err.decode()
    assert json.loads(out.decode().splitlines()[-1])["schema"] == "commonweal.end/1"
    assert harvested(log).tolist() == [[0, 0]]
    assert b"Fatal" not in err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("seat",), "expected one of --run DIR and --url URL"),
        (("seat", "--run", "{folder}", "--url", "http://127.0.0.1:1"), "expected one of"),
        (("seat", "--run", "{folder}"), "names no desk"),
        (("seat", "--url", "http://127.0.0.1:1"), "COMMONWEAL_SEAT_TOKEN"),
    ],
)
def test_mistakes_are_told(arguments, words, tmp_path, capsys, monkeypatch):
    monkeypatch.delenv(TOKEN, raising=False)
    assert main([argument.format(folder=tmp_path) for argument in arguments]) == 2
    assert words in capsys.readouterr().err


def test_no_desk_at_an_address_is_told(capsys, monkeypatch):
    """A port that was free a moment ago: nobody listens there."""
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.setenv(TOKEN, "x")
    assert main(["seat", "--url", f"http://127.0.0.1:{port}"]) == 2
    assert "start the run first" in capsys.readouterr().err


def test_a_damaged_file_of_a_desk_is_told(tmp_path):
    for text in ("{", "[]", "{}", '{"url": "x"}'):
        (tmp_path / "desk.json").write_text(text)
        with pytest.raises(StudyError, match="names no desk"):
            seat.run(argparse.Namespace(url=None, run=str(tmp_path), name="outside", mcp=False))


def test_the_verb_is_instant():
    """Neither the laboratory nor HTTP is imported to print help; holding a seat imports no jax."""
    code = (
        "import sys; from commonweal.app.main import parser; parser(); heavy = {'jax', 'aiohttp', 'mcp'} & set(sys.modules); "
        "import commonweal.interop.seat; print(heavy, 'jax' in sys.modules)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "set() False"
