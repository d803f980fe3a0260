"""The catalogue: every part of ours, a plugin's parts, clear errors, nothing heavy imported for a listing."""

import subprocess
import sys

import pytest
from commonweal_plugin.tithe import Tithe

from commonweal.core.catalogue import SHELVES, entries, find
from commonweal.core.errors import StudyError
from commonweal.core.parts import Channel, HostedMind, Institution, Metric, Mind, World
from commonweal.lab.study import Study

KINDS = {
    "worlds": World,
    "minds": (Mind, HostedMind),
    "institutions": Institution,
    "channels": Channel,
    "metrics": Metric,
}


@pytest.mark.parametrize("entry", entries(), ids=lambda entry: f"{entry.shelf}.{entry.name}")
def test_every_entry_loads_and_says_what_it_is(entry):
    part = entry.load()
    if entry.shelf == "studies":
        assert isinstance(part, Study)
        assert part.name == entry.name
    else:
        assert issubclass(part, KINDS[entry.shelf])
        module = entry.target.split(":")[0].rsplit(".", 1)[1]
        assert entry.name == module.replace("_", "-")
    assert len(entry.summary) > 20


def test_a_plugin_is_found_through_its_entry_points():
    assert find("institutions", "tithe").load() is Tithe
    assert find("institutions", "tithe").package == "commonweal-plugin-example"


def test_an_unknown_name_gets_near_matches():
    with pytest.raises(StudyError, match="did you mean commons-audit"):
        find("studies", "comons-audit")
    assert set(SHELVES) >= set(KINDS)


def test_listing_imports_nothing_heavy():
    code = (
        "import sys; from commonweal.core.catalogue import entries; print(len([e.summary for e in entries()]));"
        "sys.exit('jax' in sys.modules or 'duckdb' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) >= 20
