"""What the README says is run: its study, its commands' names, its picture."""

import re
from pathlib import Path

from commonweal.app.main import parser
from commonweal.lab.order import Order, prepare

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "README.md").read_text()


def test_the_readmes_study_can_be_planned(tmp_path):
    (code,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    path = tmp_path / "mine.py"
    path.write_text(code)
    plan = prepare(Order(str(path))).plan()
    assert plan["predicted"]["trials"] == 40


def test_every_command_of_the_readme_is_understood():
    commands = re.findall(
        r"^(?:python3 -m pip install uv && python3 -m uv run )?commonweal ([a-z].*?)(?:  .*)?$", TEXT, re.MULTILINE
    )
    assert len(commands) >= 4
    for command in commands:
        assert parser().parse_args(command.split()).verb == command.split()[0]


def test_the_picture_and_the_links_are_there():
    for target in re.findall(r"\]\(([^)]+)\)", TEXT):
        assert (ROOT / target).exists(), target
