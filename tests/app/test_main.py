"""The command line as a newcomer meets it: exit codes, messages, speed."""

import os
import subprocess
import sys
import time

import pytest

from commonweal.app.main import main, parser

ENVIRONMENT = {**os.environ, "PYTHONWARNINGS": "error"}
BOTH = """
import dataclasses
import commonweal_plugin.study as plugin
from commonweal.core.named import Named
from commonweal.minds.language import Language

_part = plugin.study.parts[0]
_society = dataclasses.replace(_part.society, minds=Named.of(("civil", Language())))
study = dataclasses.replace(plugin.study, parts=(_part, dataclasses.replace(_part, name="spoken", society=_society)))
"""
"""The tithe among scripted minds and among language minds."""


def call(*arguments, cwd=None):
    command = [sys.executable, "-m", "commonweal.app.main", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd, env=ENVIRONMENT)


def test_help_names_every_verb_and_imports_nothing_heavy():
    text = parser().format_help()
    for verb in ("list", "run", "plan", "table", "estimate", "report", "show", "cite"):
        assert f" {verb} " in text
    code = (
        "import sys, commonweal.app.main as m; m.parser(); sys.exit(any(x in sys.modules for x in ('jax', 'numpy', 'duckdb')))"
    )
    began = time.perf_counter()
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    assert time.perf_counter() - began < 5


def test_the_list_holds_the_study_and_the_plugin():
    done = call("list")
    assert done.returncode == 0, done.stderr
    assert "commons-audit" in done.stdout
    assert "tithe" in done.stdout
    only = call("list", "worlds").stdout
    assert "network-game" in only
    assert "tithe" not in only


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "comons-audit"], "did you mean commons-audit"),
        (["run", "missing.py"], "no file missing.py"),
        (["plan", "tithe", "--model", "gpt"], None),
        (["run", "commons-audit", "--model", "gpt"], "needs an endpoint"),
        (["run", "tithe", "--jobs", "0"], "below 1"),
        (["show", ".", "scripted/0"], "expected PART/CELL/SEED"),
        (["run", "tithe", "--seeds", "many"], "found 'many', expected a whole number"),
        (["run", "tithe", "--lock", "gone.json"], "there is no file gone.json"),
        (["list", "world"], "did you mean worlds? expected one of worlds"),
        ([], "a study and write its report"),
        (["frobnicate"], "invalid choice"),
    ],
)
def test_the_callers_mistakes_exit_with_two(arguments, message, tmp_path):
    done = call(*arguments, cwd=tmp_path)
    if message is None:
        assert done.returncode == 0, done.stderr
        return
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_what_a_machine_lacks_exits_with_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    done = call("run", "tithe", "--out", tmp_path / "file" / "run")
    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1
    assert "choose another folder" in done.stderr
    done = call("report", tmp_path)
    assert done.returncode == 1
    assert "no plan.json" in done.stderr


def test_a_dead_endpoint_is_told_and_scripted_trials_are_kept(tmp_path):
    path = tmp_path / "both.py"
    path.write_text(BOTH)
    run = ["run", path, "--quick", "--out", tmp_path / "run", "--model", "x", "--endpoint", "http://127.0.0.1:9/v1"]
    done = call(*run, "--jobs", "2")
    assert done.returncode == 1
    assert "no endpoint at http://127.0.0.1:9/v1" in done.stderr
    assert "4 of 8 trials are finished and kept" in done.stderr
    assert "Traceback" not in done.stderr
    assert list((tmp_path / "run" / "logs").glob("scripted-*.parquet"))


def test_sources_are_cited(capsys):
    assert main(["cite", "commons-audit"]) == 0
    assert "Cooperate or Collapse" in capsys.readouterr().out
