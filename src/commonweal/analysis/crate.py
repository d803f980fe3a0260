"""The run's folder as a research object: `ro-crate-metadata.json`, which says what each file is and how it came about.

The files are those of design/002. The study's file is the workflow, the command that was typed is the action that ran it, the
plan and the lock are what went in, and logs, table, estimates and report what came out, each with its size and SHA-256.

Source: RO-Crate 1.1 (https://w3id.org/ro/crate/1.1); Workflow Run RO-Crate, profile Workflow Run Crate 0.5.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import os
from pathlib import Path

from commonweal.analysis.plans import Plan, read_plan
from commonweal.core.errors import LogError

NAME = "ro-crate-metadata.json"
"""What RO-Crate calls its file."""
LICENCE = "https://spdx.org/licenses/CC0-1.0"
"""Of a run's files, where nothing else is said: numbers that anyone may use."""
_PROFILES = (
    "https://w3id.org/ro/wfrun/process/0.5",
    "https://w3id.org/ro/wfrun/workflow/0.5",
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0",
)
_JSON, _PARQUET, _HTML = "application/json", "application/vnd.apache.parquet", "text/html"
_FILES = {
    "plan.json": ("Plan: what was to be run", _JSON),
    "lock.json": ("Lock: what was to be tested and how, closed before the run", _JSON),
    "card.json": ("Mind card: what moves the run's language model", _JSON),
    "trials.parquet": ("Table: one row a trial", _PARQUET),
    "estimates.json": ("Estimates", _JSON),
    "report.html": ("Report", _HTML),
    "discoveries.jsonl": ("Discovery log", "application/jsonl"),
    "discoveries.html": ("Discovery log, drawn", _HTML),
    "audit.json": ("Robustness audit", _JSON),
}
_INPUTS = ("plan.json", "lock.json")
_WORKFLOW = "study.py"

_Entity = dict[str, object]


def write_crate(directory: Path, licence: str = LICENCE, study: Path | None = None) -> Path:
    """Write `ro-crate-metadata.json` into a run's folder; the file is replaced whole or not at all.

    Args:
        directory: the run's folder.
        licence: URL of the licence of its files.
        study: the study's file, copied into the folder as `study.py` if it is not there; None: left out.

    Raises:
        LogError: there is no plan, it is damaged, or the file cannot be written.
    """
    directory = Path(directory)
    plan = read_plan(directory)
    try:
        if study is not None and not (directory / _WORKFLOW).exists():
            (directory / _WORKFLOW).write_bytes(study.read_bytes())
        graph = _describe(directory, plan, licence)
        text = json.dumps({"@context": "https://w3id.org/ro/crate/1.1/context", "@graph": graph}, indent=1, sort_keys=True)
        scratch = directory / f"{NAME}.part"
        scratch.write_text(text + "\n", encoding="utf-8")
        os.replace(scratch, directory / NAME)
    except OSError as error:
        raise LogError(f"{directory / NAME}: cannot be written ({error}). Make room or a writable folder.") from error
    return directory / NAME


def _describe(directory: Path, plan: Plan, licence: str) -> list[_Entity]:
    files = [_file(directory, name, *_FILES[name]) for name in _FILES if (directory / name).is_file()]
    logs = [
        _file(directory, f"logs/{path.name}", "Log of a chunk of trials", _PARQUET)
        for path in sorted((directory / "logs").glob("*.parquet"))
    ]
    stages = [
        _file(directory, f"stages/{path.name}", "A later stage, with what was predicted of it", _JSON)
        for path in sorted((directory / "stages").glob("*.json"))
    ]
    inputs = [_name(entity) for entity in files if entity["@id"] in _INPUTS]
    outputs = [_name(entity) for entity in (*files, *logs, *stages) if entity["@id"] not in _INPUTS]
    workflow, tools = _workflow(directory, plan), _software(plan)
    folders: list[_Entity] = [
        {"@id": f"{folder}/", "@type": "Dataset", "name": words, "hasPart": [_name(entity) for entity in inside]}
        for folder, words, inside in (("logs", "Logs of all trials", logs), ("stages", "Later stages", stages))
        if inside
    ]
    parts = [_name(entity) for entity in (workflow, *files, *folders)]
    action: _Entity = {
        "@id": "#run",
        "@type": "CreateAction",
        "name": f"Run of the study {plan.name}",
        "description": f"{plan.order or f'commonweal run {plan.name}'} --out DIR",
        "instrument": _name(workflow),
        "object": inputs,
        "result": outputs,
        "actionStatus": {"@id": "http://schema.org/CompletedActionStatus"},
        "endTime": _last(directory),
        "agent": {"@id": "#commonweal"},
    }
    root: _Entity = {
        "@id": "./",
        "@type": "Dataset",
        "name": f"{plan.name}: {plan.question}",
        "description": plan.doc or plan.question,
        "datePublished": _last(directory),
        "license": {"@id": licence},
        "conformsTo": [{"@id": profile} for profile in _PROFILES],
        "hasPart": parts,
        "mainEntity": _name(workflow),
        "mentions": [{"@id": "#run"}],
        "identifier": plan.digest,
        "citation": list(plan.cite),
    }
    head: _Entity = {
        "@id": NAME,
        "@type": "CreativeWork",
        "about": {"@id": "./"},
        "conformsTo": [{"@id": "https://w3id.org/ro/crate/1.1"}, {"@id": _PROFILES[-1]}],
    }
    rights: _Entity = {"@id": licence, "@type": "CreativeWork", "name": licence.rsplit("/", 1)[-1]}
    profiles: list[_Entity] = [
        {"@id": profile, "@type": "CreativeWork", "name": profile.split("/", 4)[-1]} for profile in _PROFILES
    ]
    return [head, root, rights, *profiles, workflow, action, *tools, *folders, *files, *logs, *stages]


def _name(entity: _Entity) -> _Entity:
    return {"@id": entity["@id"]}


def _file(directory: Path, name: str, words: str, form: str) -> _Entity:
    digest = hashlib.sha256()
    with (directory / name).open("rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    size = (directory / name).stat().st_size
    return {
        "@id": name,
        "@type": "File",
        "name": words,
        "encodingFormat": form,
        "contentSize": str(size),
        "sha256": digest.hexdigest(),
    }


def _workflow(directory: Path, plan: Plan) -> _Entity:
    """The study's file where it lies in the folder, else the study by name."""
    kinds = ["SoftwareSourceCode", "ComputationalWorkflow"]
    own: _Entity = {"name": plan.name, "description": plan.question, "programmingLanguage": {"@id": "#python"}}
    if not (directory / _WORKFLOW).is_file():
        return own | {"@id": f"#study-{hashlib.sha256(plan.name.encode()).hexdigest()[:12]}", "@type": kinds}
    file = _file(directory, _WORKFLOW, plan.name, "text/x-python")
    return file | own | {"@type": ["File", *kinds]}


def _software(plan: Plan) -> list[_Entity]:
    """What ran it, with versions as the plan has them."""
    others = [name for name, version in plan.versions.items() if name not in ("commonweal", "python", "platform") and version]
    own: _Entity = {
        "@id": "#commonweal",
        "@type": "SoftwareApplication",
        "name": "commonweal",
        "softwareVersion": plan.versions.get("commonweal", ""),
        "softwareRequirements": [{"@id": f"#{name}"} for name in others],
    }
    python: _Entity = {
        "@id": "#python",
        "@type": ["ComputerLanguage", "SoftwareApplication"],
        "name": "Python",
        "version": plan.versions.get("python", ""),
        "url": "https://www.python.org/",
    }
    libraries: list[_Entity] = [
        {"@id": f"#{name}", "@type": "SoftwareApplication", "name": name, "softwareVersion": plan.versions[name]}
        for name in others
    ]
    model: list[_Entity] = []
    if plan.model is not None:
        words = "a null model, kept as a negative control" if plan.model.null_model else "the language model of hosted parts"
        model = [
            {
                "@id": "#model",
                "@type": "SoftwareApplication",
                "name": plan.model.name,
                "description": words,
                "identifier": plan.model.digest,
            }
        ]
        own["softwareRequirements"] = [{"@id": f"#{name}"} for name in others] + [{"@id": "#model"}]
    return [own, python, *libraries, *model]


def _last(directory: Path) -> str:
    """When the last log was written, UTC; without logs, the plan."""
    paths = [*(directory / "logs").glob("*.parquet"), directory / "plan.json"]
    moment = max(path.stat().st_mtime for path in paths)
    return datetime.datetime.fromtimestamp(moment, datetime.UTC).isoformat(timespec="seconds")
