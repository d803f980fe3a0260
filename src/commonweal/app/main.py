"""The command line: `commonweal list | run | plan | table | estimate | report | show | cite`.

Exit codes: 0 done, 1 a run failed, 2 the caller's mistake.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from commonweal import __version__
from commonweal.core.errors import CommonwealError, StudyError

_ABOUT = """\
Commonweal is a laboratory for societies of AI agents: it takes a question, runs societies of scripted,
learned and language minds by the thousand, and leaves a report.

  commonweal list                     what there is: studies, worlds, minds, institutions, metrics
  commonweal run commons-audit        run a study and write its report
  commonweal show runs/commons-audit scripted/0/0
"""


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    top = argparse.ArgumentParser(prog="commonweal", description=_ABOUT, formatter_class=argparse.RawDescriptionHelpFormatter)
    top.add_argument("--version", action="version", version=f"commonweal {__version__}")
    verbs = top.add_subparsers(dest="verb", required=True, metavar="VERB")

    listing = verbs.add_parser("list", help="what there is, by name")
    listing.add_argument("shelf", nargs="?", help="studies, worlds, minds, institutions, channels or metrics; default: all")

    for verb, about in (("run", "run a study and write its report; go on with one that was begun"), ("plan", "plan only")):
        own = verbs.add_parser(verb, help=about)
        own.add_argument("study", metavar="STUDY", help="a name in the catalogue, or a Python file that holds a Study")
        own.add_argument("--out", metavar="DIR", help="the run's folder; default: ./runs/STUDY")
        own.add_argument("--seeds", type=_positive, metavar="N", help="trials a cell in main parts; default: as the study says")
        own.add_argument("--quick", action="store_true", help="at most 2 seeds, and 3 ticks with language minds")
        own.add_argument("--model", default="embedded", metavar="NAME", help="`embedded` (default), or a name at --endpoint")
        own.add_argument(
            "--endpoint", metavar="URL", help="base URL of an OpenAI-compatible endpoint, as in http://127.0.0.1:8080/v1"
        )
        if verb == "run":
            own.add_argument("--jobs", type=_positive, metavar="N", help="worker processes; default: one a core")

    for verb, about in (
        ("table", "trials on disk -> trials.parquet, one row a trial"),
        ("estimate", "trials.parquet -> estimates.json"),
        ("report", "estimates.json -> report.html"),
    ):
        verbs.add_parser(verb, help=about).add_argument("directory", metavar="DIR", help="a run's folder")

    show = verbs.add_parser("show", help="a trial as a readable transcript")
    show.add_argument("directory", metavar="DIR", help="a run's folder")
    show.add_argument("trial", metavar="PART/CELL/SEED", help="as in scripted/0/0")
    show.add_argument("--replay", action="store_true", help="run a compiled trial's seed again, to see every act of it")

    verbs.add_parser("cite", help="what a study is built on").add_argument("study", metavar="STUDY")
    return top


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is below 1")
    return number


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    given = parser().parse_args(arguments)
    from commonweal.app import commands

    try:
        return commands.dispatch(given)
    except StudyError as error:
        print(f"commonweal: {error}", file=sys.stderr)
        return 2
    except CommonwealError as error:
        print(f"commonweal: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ncommonweal: stopped; every finished trial is kept, and the same command goes on", file=sys.stderr)
        return 1
    except BrokenPipeError:
        return 1


if __name__ == "__main__":
    sys.exit(main())
