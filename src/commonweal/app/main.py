"""The command line: `commonweal VERB ...`; `commonweal --help` lists the verbs.

Exit codes: 0 done, 1 a run failed, 2 the caller's mistake, 3 a run met its budget.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from commonweal import __version__
from commonweal.app import card, discover, fork, judge, lock, posts, replies, run, seat
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

    run.add(verbs)

    for verb, about in (
        ("table", "trials on disk -> trials.parquet, one row a trial"),
        ("estimate", "trials.parquet -> estimates.json"),
        ("report", "estimates.json -> report.html"),
    ):
        verbs.add_parser(verb, help=about).add_argument("directory", metavar="DIR", help="a run's folder")

    show = verbs.add_parser("show", help="a trial as a readable transcript")
    show.add_argument("directory", metavar="DIR", help="a run's folder")
    show.add_argument("trial", nargs="?", metavar="PART/CELL/SEED", help="as in scripted/0/0; without it: which there are")
    show.add_argument("--replay", action="store_true", help="run a compiled trial's seed again, to see every act of it")

    seat.add(verbs)

    fork.add(verbs)
    card.add(verbs)
    lock.add(verbs)
    discover.add(verbs)
    judge.add(verbs)
    replies.add(verbs)
    posts.add(verbs)

    verbs.add_parser("cite", help="what a study is built on").add_argument("study", metavar="STUDY")
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if not arguments:
        print(parser().format_help(), end="", file=sys.stderr)
        return 2
    given = parser().parse_args(arguments)
    # Small matrices: threads of the linear algebra cost ten times what they do.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
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
