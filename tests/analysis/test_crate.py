"""The run's folder is read as a crate by the reference library, and every digest is that of its file."""

import hashlib
import json
import shutil

import pytest
from rocrate.model.computationalworkflow import ComputationalWorkflow
from rocrate.rocrate import ROCrate

from commonweal.analysis.crate import LICENCE, write_crate
from commonweal.core.errors import LogError


@pytest.fixture
def run(finished, tmp_path):
    directory = tmp_path / "run"
    shutil.copytree(finished, directory)
    return directory


def test_the_reference_library_reads_it(run, tmp_path):
    """Independent implementation: ro-crate-py, which follows the specification of RO-Crate 1.1."""
    study = tmp_path / "mine.py"
    study.write_text("# a study\n")
    assert write_crate(run, study=study) == run / "ro-crate-metadata.json"
    crate = ROCrate(run)
    assert crate.version == "1.1"
    assert crate.license["@id"] == LICENCE
    assert isinstance(crate.mainEntity, ComputationalWorkflow)
    assert crate.mainEntity.id == "study.py"
    files = {entity.id for entity in crate.get_entities() if "File" in entity.type}
    on_disk = {str(path.relative_to(run)) for path in run.rglob("*") if path.is_file()} - {"ro-crate-metadata.json"}
    assert files == on_disk
    action = crate.get("#run")
    assert action["instrument"].id == "study.py"
    assert {entity.id for entity in action["object"]} == {"plan.json"}
    assert {entity.id for entity in action["result"]} == on_disk - {"plan.json", "study.py"}
    assert crate.get("#commonweal")["softwareVersion"] == "0.1.0"
    assert crate.get("#jax")["softwareVersion"] == "0.6.0"
    # Written again by the library it is the same graph: nothing was unknown to it, nothing dangles.
    crate.write(tmp_path / "again")
    again = json.loads((tmp_path / "again" / "ro-crate-metadata.json").read_text())["@graph"]
    assert {row["@id"] for row in again} == {
        row["@id"] for row in json.loads((run / "ro-crate-metadata.json").read_text())["@graph"]
    }


def test_every_reference_and_every_digest_holds(run):
    graph = json.loads(write_crate(run).read_text())["@graph"]
    names = {row["@id"] for row in graph}
    assert len(names) == len(graph)
    outside = ("http://", "https://")

    def references(value):
        if isinstance(value, dict):
            yield value["@id"]
        elif isinstance(value, list):
            for entry in value:
                yield from references(entry)

    for row in graph:
        for value in row.values():
            assert all(name in names or name.startswith(outside) for name in references(value))
        if row["@type"] == "File":
            data = (run / row["@id"]).read_bytes()
            assert row["sha256"] == hashlib.sha256(data).hexdigest()
            assert row["contentSize"] == str(len(data))


def test_without_the_studys_file_the_workflow_is_named(run):
    graph = json.loads(write_crate(run, licence="https://spdx.org/licenses/CC-BY-4.0").read_text())["@graph"]
    root = next(row for row in graph if row["@id"] == "./")
    assert root["mainEntity"]["@id"].startswith("#study-")
    assert root["license"] == {"@id": "https://spdx.org/licenses/CC-BY-4.0"}
    assert next(row for row in graph if row["@id"] == "#model")["description"].startswith("a null model")


def test_the_same_run_gives_the_same_crate(run):
    assert write_crate(run).read_bytes() == write_crate(run).read_bytes()


def test_a_folder_without_a_plan_is_refused(tmp_path):
    with pytest.raises(LogError, match=r"plan\.json"):
        write_crate(tmp_path)
