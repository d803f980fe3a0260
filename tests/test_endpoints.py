"""What docs/endpoints.md says can be typed can be typed, and its price table can be read."""

import re
import shlex
from pathlib import Path

import pytest

from commonweal.app.main import parser
from commonweal.models.choice import ModelChoice
from commonweal.models.inspect_model import WITH_LOGPROBS, InspectModel
from commonweal.models.prices import Price, Prices

TEXT = (Path(__file__).parent.parent / "docs" / "endpoints.md").read_text()
COMMANDS = re.findall(r"^commonweal (run .*)$", TEXT, re.MULTILINE)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_understood_and_names_a_model(command):
    given = parser().parse_args(shlex.split(command))
    backend = ModelChoice(given.model, given.endpoint).backend()
    assert backend.name == given.model.removeprefix("inspect/")
    assert not backend.null_model


def test_there_is_a_command_for_every_server():
    assert len(COMMANDS) == 7


def test_the_price_table_is_one(tmp_path):
    (tmp_path / "prices.json").write_text(re.search(r"```json\n(.*?)```", TEXT, re.DOTALL).group(1))
    table = Prices.read(tmp_path / "prices.json")
    assert table.price("my-server-7", "http://10.0.0.1/v1") == Price(0.02, 0.02)


def test_providers_without_logprobs_are_the_ones_named():
    for name in ("google", "grok"):
        assert name in WITH_LOGPROBS
    for name in ("anthropic", "mistral", "bedrock"):
        assert not InspectModel(f"{name}/x").logprobs
