"""What the README says is run: its study, its commands' names, its picture."""

import re
from pathlib import Path

from commonweal.app.main import parser
from commonweal.lab.order import Order, prepare

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "README.md").read_text()
CODE = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)


def test_the_readmes_study_can_be_planned(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(CODE[0])
    plan = prepare(Order(str(path))).plan()
    assert plan["predicted"]["trials"] == 40


def test_the_readmes_tournament_can_be_played(capsys):
    """Its table has a row a player, its shares of time add up to 1, and defectors seldom hold the population."""
    assert len(CODE) == 2
    exec(CODE[1], {})
    table, shares = capsys.readouterr().out.rsplit("\n{", 1)
    assert table.count("\n") == 6
    found = dict(re.findall(r"'([a-z -]+)': np\.float64\(([0-9.]+)\)", shares))
    assert len(found) == 6
    assert abs(sum(map(float, found.values())) - 1) < 0.004
    assert float(found["always defect"]) < 0.5


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
