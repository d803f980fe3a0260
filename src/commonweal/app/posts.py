"""`commonweal posts`: a forum's own log read, embedded and measured, beside a simulated one or alone; or a made-up one.

commonweal posts read posts.parquet comments.parquet --columns moltbook --out forum.parquet
commonweal posts embed forum.parquet
commonweal posts measure forum.parquet --against runs/socialisation:forum/0/0 --out report
commonweal posts synthesize --posts 300 --comments 1200 --seed 1 --out made-up.parquet
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from commonweal.app.run import positive
from commonweal.core.errors import StudyError

if TYPE_CHECKING:
    from commonweal.analysis.dumps.columns import ColumnMap
    from commonweal.analysis.forum_report import NamedLog

    _Verbs = argparse._SubParsersAction[argparse.ArgumentParser]  # pyright: ignore[reportPrivateUsage]

_FEW = 5_000
"""Texts that are embedded on the way; more are embedded on their own, where they are kept."""


def add(verbs: _Verbs) -> None:
    """Put the verb on the command line."""
    own = verbs.add_parser("posts", help="a forum's own log: read it, embed it, measure it beside a simulated one")
    ways = own.add_subparsers(dest="way", required=True, metavar="read | embed | measure | synthesize")
    read = ways.add_parser("read", help="read a platform's dump and write it as one log of posts")
    read.add_argument(
        "files", nargs="+", metavar="FILE", help="Parquet, CSV, JSON or JSON lines, posts and comments; or folders"
    )
    _add_columns(read)
    read.add_argument(
        "--copies", type=positive, default=1_000, metavar="N", help="leave out texts with more identical copies; default: 1,000"
    )
    read.add_argument("--out", required=True, metavar="FILE.parquet", help="where to")
    embed = ways.add_parser("embed", help="embed a log's texts, and keep the vectors beside it; goes on where it was stopped")
    embed.add_argument("file", metavar="FILE")
    _add_columns(embed)
    measure = ways.add_parser("measure", help="all metrics of posts on a log, or on two side by side")
    measure.add_argument("file", metavar="FILE")
    _add_columns(measure)
    measure.add_argument("--against", metavar="FILE | DIR:PART/CELL/SEED", help="another log, or a trial of a run")
    measure.add_argument(
        "--shuffles", type=_whole, default=20, metavar="N", help="shuffled logs of each null model; default: 20"
    )
    measure.add_argument("--seed", type=_whole, default=0, metavar="N", help="of the shuffles; default: 0")
    measure.add_argument(
        "--vectors", choices=("all", "posts", "none"), default="all", help="whose vectors are read: less takes less memory"
    )
    measure.add_argument("--out", required=True, metavar="DIR", help="folder of report.html and metrics.json")
    made = ways.add_parser("synthesize", help="make up a log in the real schema, which says that it is synthetic")
    made.add_argument("--posts", type=positive, required=True, metavar="N")
    made.add_argument("--comments", type=_whole, required=True, metavar="M")
    made.add_argument("--seed", type=_whole, default=0, metavar="S", help="default: 0")
    made.add_argument("--alpha", type=float, default=0.0, metavar="RATE", help="planted rate of learning, 0 to 1; default: 0")
    made.add_argument("--parts", type=_whole, default=0, metavar="D", help="length of vectors; default: 0, texts alone")
    made.add_argument("--out", required=True, metavar="FILE.parquet", help="where to")


def _add_columns(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--columns",
        metavar="NAME | FILE.json",
        help="what the columns say: moltbook, moltnet, terralingua, or a JSON file; default: our own, or moltbook",
    )


def _whole(text: str) -> int:
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"found {value}, expected 0 or more")
    return value


def run(given: argparse.Namespace) -> int:
    """Do what was asked."""
    return {"read": _read, "embed": _embed, "measure": _measure, "synthesize": _synthesize}[given.way](given)


def _columns(given: argparse.Namespace) -> ColumnMap | None:
    from commonweal.analysis.dumps.columns import read_columns

    return None if given.columns is None else read_columns(given.columns)


def _read(given: argparse.Namespace) -> int:
    from commonweal.analysis.dumps.reading import Wanted, read_dump
    from commonweal.analysis.dumps.writing import write_dump

    out = _parquet(given.out)
    dump = read_dump([Path(file) for file in given.files], _columns(given), Wanted(copies=given.copies))
    posts = dump.posts
    print(f"{dump.rows:,} rows in {len(dump.files)} files, map {dump.columns}, {dump.seconds:.1f} s")
    for reason, count in dump.left_out:
        print(f"  {count:,} left out: {reason}")
    for sentence in dump.told:
        print(f"  {sentence}")
    path = write_dump(posts, out, f"read from {', '.join(dump.files)} ({dump.columns})")
    vectors = "no vectors" if posts.vector is None else f"vectors of {posts.vector.shape[1]} numbers"
    print(
        f"{path}: {int(posts.tops.sum()):,} posts, {int((~posts.tops).sum()):,} comments, {posts.authors:,} authors, {vectors}"
    )
    return 0


def _parquet(name: str) -> Path:
    path = Path(name)
    if path.suffix.lower() != ".parquet":
        raise StudyError(f"--out {name!r}: expected a name that ends in .parquet")
    return path


def _embed(given: argparse.Namespace) -> int:
    from commonweal.analysis.dumps.vectors import embed_dump

    found = embed_dump(Path(given.file), _columns(given), _tell_embedding)
    pace = f", {found.new / found.seconds:.0f} texts a second" if found.new and found.seconds else ""
    print(f"{found.path}: {found.texts:,} texts, {found.new:,} of them embedded now in {found.seconds:.1f} s{pace}")
    return 0


def _tell_embedding(done: int, texts: int, left: float) -> None:
    known = "" if math.isnan(left) else f", about {left / 60:.0f} min left" if left > 90 else f", about {left:.0f} s left"
    print(f"embedded {done:,} of {texts:,} texts{known}", file=sys.stderr)


def _measure(given: argparse.Namespace) -> int:
    from commonweal.analysis.forum_page import write_forum_page
    from commonweal.analysis.forum_report import measure_forum, write_metrics

    out = Path(given.out)
    began = time.perf_counter()
    logs = [_log(given, given.file, _columns(given))]
    if given.against is not None:
        logs.append(_log(given, given.against, None))
    read = time.perf_counter()

    def tell(name: str, done: int, metrics: int) -> None:
        print(f"{name} ({done + 1} of {metrics})", file=sys.stderr)

    report = measure_forum(tuple(logs), shuffles=given.shuffles, seed=given.seed, progress=tell)
    write_metrics(report, out)
    path = write_forum_page(report, out)
    print(f"read in {read - began:.1f} s, measured in {time.perf_counter() - read:.1f} s")
    print(path)
    return 0


def _log(given: argparse.Namespace, name: str, columns: ColumnMap | None) -> NamedLog:
    """A dump's log, or a trial's."""
    from commonweal.analysis.dumps.reading import Wanted, read_dump
    from commonweal.analysis.forum_report import NamedLog, name_dump

    directory, colon, trial = name.rpartition(":")
    if colon and (Path(directory) / "plan.json").exists():
        from commonweal.lab.trial_posts import replay_posts

        posts = replay_posts(Path(directory), trial)
        return NamedLog(trial, posts, f"simulated: trial {trial} of {Path(directory).name}, its seed run again")
    if columns is None and given.columns is not None:
        from commonweal.analysis.dumps.stored import read_note

        # A platform's dump beside another is of the same form, unless it is a log of ours.
        columns = _columns(given) if read_note(Path(name)) is None else None
    return _with_vectors(given, name_dump(read_dump([Path(name)], columns, Wanted(vectors=given.vectors))))


def _with_vectors(given: argparse.Namespace, log: NamedLog) -> NamedLog:
    """The log with vectors: embedded now if its texts are few; else what needs vectors has no value, and says so."""
    import dataclasses

    import numpy as np

    posts = log.posts
    if posts.vector is not None or not posts.texts:
        return log
    if given.vectors != "none" and len(posts.texts) <= _FEW:
        from commonweal.models.post_vectors import embedded

        began = time.perf_counter()
        posts = embedded(posts)
        spent = time.perf_counter() - began
        words = f"Its {len(posts.texts):,} texts were embedded on the way, in {spent:.1f} s (all-MiniLM-L6-v2)"
        return dataclasses.replace(log, posts=posts, told=(*log.told, words))
    words = f"No vectors: what needs them has no value. `commonweal posts embed {log.name}` makes them, once"
    # Vectors of zeros say nothing; with none at all, every metric would embed the texts.
    silent = dataclasses.replace(posts, vector=np.zeros((len(posts), 1), np.float32))
    return dataclasses.replace(log, posts=silent, told=(*log.told, words))


def _synthesize(given: argparse.Namespace) -> int:
    from commonweal.analysis.dumps.synthetic import SOURCE, START, Recipe, synthesize
    from commonweal.analysis.dumps.writing import write_dump

    out = _parquet(given.out)
    recipe = Recipe(given.posts, given.comments, given.seed, given.alpha, given.parts)
    print(f"{write_dump(synthesize(recipe), out, SOURCE, START)}: synthetic; nobody wrote it")
    return 0
