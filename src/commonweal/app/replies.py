"""`commonweal replies export DIR FILE` and `commonweal replies import FILE DIR`: a run's replies as one file."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from commonweal.core.errors import LogError

if TYPE_CHECKING:
    _Verbs = argparse._SubParsersAction[argparse.ArgumentParser]  # pyright: ignore[reportPrivateUsage]


def add(verbs: _Verbs) -> None:
    """Put the verb on the command line."""
    own = verbs.add_parser("replies", help="a run's replies as one file, to replay the run without a model")
    ways = own.add_subparsers(dest="way", required=True, metavar="export | import")
    export = ways.add_parser("export", help="write the replies of a run to a file")
    export.add_argument("directory", metavar="DIR", help="a run's folder")
    export.add_argument("file", metavar="FILE", help="where to; it must not be there")
    bring = ways.add_parser("import", help="bring the replies of a file into a run's folder, each checked")
    bring.add_argument("file", metavar="FILE", help="what `replies export` wrote")
    bring.add_argument("directory", metavar="DIR", help="a run's folder, begun or new")


def run(given: argparse.Namespace) -> int:
    """Write the file, or bring it in."""
    from commonweal.models.archive import export_replies, import_replies

    directory, file = Path(given.directory), Path(given.file)
    plan = _plan(directory)
    stated = plan.get("model")
    model = str(stated["digest"]) if isinstance(stated, dict) else ""
    if given.way == "export":
        if not plan:
            raise LogError(f"{directory} is no run's folder: there is no plan.json; name a folder that `commonweal run` wrote")
        manifest = export_replies(directory / "replies.sqlite", file, model=model, plan=str(plan["digest"]))
        print(f"{file}: {manifest.replies} replies, {manifest.digest}")
        return 0
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LogError(f"{directory} cannot be made: {error}; choose another folder") from error
    manifest = import_replies(file, directory / "replies.sqlite", model=model)
    print(f"{directory}: {manifest.replies} replies of {', '.join(manifest.models) or 'no model'}, {manifest.digest}")
    return 0


def _plan(directory: Path) -> dict[str, object]:
    path = directory / "plan.json"
    try:
        return json.loads(path.read_text()) if path.exists() else {}
    except (OSError, ValueError) as error:
        raise LogError(f"{path} is damaged: {error}; remove {directory} or use another folder") from error
