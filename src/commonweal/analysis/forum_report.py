"""Every post metric of the catalogue on one log of a forum, or on two side by side, each against its null model.

The interval of a null model is the middle 95 % of its values over shuffled logs. A value outside it is unlike chance in what
that null model shuffles, and no more is said. Two logs are laid side by side and not tested against each other: a platform
happened once.

Source: ours; published values as noted by others, with where they stand.
"""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from commonweal.analysis.dumps.reading import Dump
from commonweal.analysis.dumps.threads import thread_rows
from commonweal.analysis.storing import decode, encode
from commonweal.core.catalogue import entries
from commonweal.core.errors import LogError
from commonweal.core.posts import PostMetric, Posts

SCHEMA = "commonweal.forum/1"
"""Version of `metrics.json`."""


@dataclass(frozen=True)
class Published:
    """What was published of a real platform."""

    value: str
    """In words or numbers."""
    source: str
    """Where."""


_LI, _FENG, _HOLTZ, _PRICE = "arXiv 2602.14299", "arXiv 2602.13458", "arXiv 2602.10131", "arXiv 2602.20044"

PUBLISHED: Mapping[str, Published] = {
    "centroid-stability": Published("near 1", f"{_LI}, after the first days"),
    "pairwise-similarity": Published("low", _LI),
    "direction-consistency": Published("about 0", _LI),
    "societal-pull": Published("about 0", _LI),
    "feedback-adaptation": Published("about 0", _LI),
    "interaction-influence": Published("about 0", _LI),
    "ngram-birth": Published("above 0", f"{_LI}, throughout"),
    "ngram-death": Published("above 0", f"{_LI}, throughout"),
    "influence-persistence": Published("low", f"{_LI}: supernodes do not stay"),
    "reward-response": Published(".452", _FENG),
    "reward-drift": Published(".103", f"{_FENG}: .343 to .240"),
    "persona-alignment": Published(".18, .19", f"{_FENG}: .1787 of comments, .1934 of posts"),
    "conflict-after-conflict": Published(".094", f"{_FENG}: .146 against .052 in all"),
    "reply-depth": Published("1.07", _HOLTZ),
    "unanswered": Published(".935", _HOLTZ),
    "duplicate-share": Published(".341", _HOLTZ),
    "reciprocity": Published(".197, .01", f"{_HOLTZ}, {_PRICE}"),
    "attention-gini": Published(".992", f"{_PRICE}: of upvotes"),
    "comments-exponent": Published("1.72", "arXiv 2602.09270"),
    "autonomous-share": Published(".153", "N. Li, The Moltbook Illusion"),
}
"""What was published of Moltbook, by metric: as notes on the papers have it, not read in all of them."""

Progress = Callable[[str, int, int], None]
"""Is told which metric is measured, how many are done, and of how many."""


@dataclass(frozen=True)
class Card:
    """What a metric is."""

    name: str
    """In the catalogue."""
    words: str
    """The first line of its docstring."""
    unit: str
    """Of the value."""
    source: str
    """Where it is from."""
    null: str
    """What its null model is."""
    published: Published
    """What was published of a real platform; empty: nothing that is known here."""


@dataclass(frozen=True)
class Value:
    """A metric on a log."""

    value: float
    """NaN where the log has none."""
    null: tuple[float, ...]
    """On shuffled logs; empty: none were shuffled."""
    seconds: float
    """That measuring took, without shuffled logs."""
    null_seconds: float
    """That shuffled logs took."""

    @property
    def span(self) -> tuple[float, float, float] | None:
        """Mean, lower and upper end of the middle 95 % of the null model's values; None: it has none."""
        known = np.array([own for own in self.null if math.isfinite(own)])
        if not known.size:
            return None
        low, high = np.quantile(known, (0.025, 0.975))
        return float(known.mean()), float(low), float(high)

    @property
    def outside(self) -> bool:
        """Whether the value is outside what the null model gives."""
        span = self.span
        # What shuffling leaves as it is differs in the last bits only.
        slack = 1e-9 * max(1.0, abs(self.value)) if math.isfinite(self.value) else 0.0
        return span is not None and math.isfinite(self.value) and not span[1] - slack <= self.value <= span[2] + slack


@dataclass(frozen=True)
class Curve:
    """A line of a figure."""

    x: tuple[float, ...]
    """Places."""
    y: tuple[float, ...]
    """Values there."""


@dataclass(frozen=True)
class Facts:
    """What a log holds."""

    name: str
    """What it is called in the report."""
    source: str
    """Where it is from: `simulated`, or how it was read."""
    counts: Mapping[str, int]
    """Posts, comments, authors, days and so on, by name."""
    left_out: tuple[tuple[str, int], ...]
    """Why rows were left out, and how many."""
    told: tuple[str, ...]
    """What else a reader must know."""
    days: Curve
    """Share of all posts and comments, by day from the first."""
    scores: Curve
    """Share of posts and comments with at least this score, from 1 on."""
    gaps: Curve
    """Share of authors' gaps between posts that are at most this many days."""
    depths: Curve
    """Share of comments at each depth, from 1 on."""


@dataclass(frozen=True)
class ForumReport:
    """All that the page shows."""

    schema: str
    """`SCHEMA`."""
    cards: tuple[Card, ...]
    """The metrics. [m]"""
    logs: tuple[Facts, ...]
    """One log, or two. [l]"""
    values: tuple[tuple[Value, ...], ...]
    """Of each metric on each log. [m, l]"""
    shuffles: int
    """Shuffled logs of each null model."""
    seed: int
    """Of the shuffles."""
    skipped: tuple[str, ...]
    """Metrics that were not measured, and why."""


@dataclass(frozen=True)
class NamedLog:
    """A log with its name in the report."""

    name: str
    """What it is called."""
    posts: Posts
    """The log."""
    source: str
    """Where it is from, in words."""
    left_out: tuple[tuple[str, int], ...] = ()
    """Why rows were left out, and how many."""
    told: tuple[str, ...] = ()
    """What else a reader must know."""


def name_dump(dump: Dump) -> NamedLog:
    """A dump as a log of the report."""
    source = f"{dump.source}; read from {', '.join(dump.files)} with the column map {dump.columns}".removeprefix("; ")
    return NamedLog(dump.files[0], dump.posts, source, dump.left_out, dump.told)


def find_metrics() -> tuple[dict[str, PostMetric], tuple[str, ...]]:
    """The catalogue's metrics of posts at their defaults, by name; and those that have none."""
    found: dict[str, PostMetric] = {}
    skipped: list[str] = []
    for entry in entries("metrics"):
        kind = entry.load()
        if not (isinstance(kind, type) and issubclass(kind, PostMetric)):
            continue
        try:
            found[entry.name] = kind()
        except TypeError as error:
            skipped.append(f"{entry.name}: needs arguments ({error})")
    return found, tuple(skipped)


def measure_forum(
    logs: tuple[NamedLog, ...],
    metrics: Mapping[str, PostMetric] | None = None,
    shuffles: int = 20,
    seed: int = 0,
    progress: Progress | None = None,
) -> ForumReport:
    """Measure logs.

    Args:
        logs: one or two.
        metrics: by name; None: those of the catalogue.
        shuffles: shuffled logs of each null model; 0: none.
        seed: of the shuffles.
        progress: is told how far it is.
    """
    chosen, skipped = find_metrics() if metrics is None else (dict(metrics), ())
    rows: list[tuple[Value, ...]] = []
    for done, (name, metric) in enumerate(chosen.items()):
        if progress is not None:
            progress(name, done, len(chosen))
        rows.append(tuple(_measure(metric, log.posts, shuffles, seed) for log in logs))
    cards = tuple(_card(name, metric) for name, metric in chosen.items())
    return ForumReport(SCHEMA, cards, tuple(_facts(log) for log in logs), tuple(rows), shuffles, seed, skipped)


def _measure(metric: PostMetric, posts: Posts, shuffles: int, seed: int) -> Value:
    began = time.perf_counter()
    value = float(metric.measure(posts))
    middle = time.perf_counter()
    # Nothing to measure is not measured twenty times more.
    times = shuffles if math.isfinite(value) else 0
    null = tuple(float(metric.measure(metric.shuffled(posts, np.random.default_rng((seed, i))))) for i in range(times))
    return Value(value, null, middle - began, time.perf_counter() - middle)


def _card(name: str, metric: PostMetric) -> Card:
    words = (type(metric).__doc__ or "").strip().split("\n")[0]
    return Card(name, words, metric.unit, metric.source, metric.null, PUBLISHED.get(name, Published("", "")))


def _facts(log: NamedLog) -> Facts:
    posts = log.posts
    counts = {
        "posts": int(posts.tops.sum()),
        "comments": int((~posts.tops).sum()),
        "authors": posts.authors,
        "authors who posted": len(np.unique(posts.author)),
        "days": int(posts.days.max()) + 1 if len(posts) else 0,
        "communities": len(np.unique(posts.community)),
        "different texts": len(posts.texts),
        "numbers in a vector": 0 if posts.vector is None else posts.vector.shape[1],
        "likes with their givers": len(posts.liked),
    }
    curves = (_days(posts), _scores(posts), _gaps(posts), _depths(posts))
    return Facts(log.name, log.source, counts, log.left_out, log.told, *curves)


def _curve(x: np.ndarray, y: np.ndarray) -> Curve:
    """At most some 200 points of a line."""
    step = max(1, len(x) // 200)
    kept = np.unique(np.r_[np.arange(0, len(x), step), max(len(x) - 1, 0)]) if len(x) else np.zeros(0, np.int64)
    return Curve(tuple(np.asarray(x, float)[kept].tolist()), tuple(np.asarray(y, float)[kept].tolist()))


def _days(posts: Posts) -> Curve:
    count = np.bincount(posts.days) if len(posts) else np.zeros(0)
    return _curve(np.arange(len(count)), count / max(len(posts), 1))


def _scores(posts: Posts) -> Curve:
    """Of the scores from 1 on, since the axis is logarithmic."""
    score, count = np.unique(posts.score, return_counts=True)
    above = count[::-1].cumsum()[::-1] / max(len(posts), 1)
    shown = score >= 1
    score, above = score[shown], above[shown]
    # As many points a decade, however many different scores there are.
    near = np.unique(np.searchsorted(score, np.geomspace(1, score[-1], 120))) if score.size else np.zeros(0, np.int64)
    return _curve(score[np.minimum(near, len(score) - 1)], above[np.minimum(near, len(score) - 1)])


def _gaps(posts: Posts) -> Curve:
    order, _ = posts.by_author()
    author, when = posts.author[order], posts.time[order]
    gap = np.sort((when[1:] - when[:-1])[author[1:] == author[:-1]]) / posts.day
    gap = gap[gap > 0]
    if not gap.size:
        return Curve((), ())
    at = np.geomspace(gap[0], gap[-1], 120)
    return _curve(at, np.searchsorted(gap, at, side="right") / gap.size)


def _depths(posts: Posts) -> Curve:
    depth = thread_rows(posts.parent, posts.time).depth
    count = np.bincount(depth[depth > 0])[1:] if (depth > 0).any() else np.zeros(0)
    return _curve(np.arange(1, len(count) + 1), count / max(count.sum(), 1))


def write_metrics(report: ForumReport, directory: Path) -> Path:
    """Write `metrics.json`; the file is replaced whole or not at all.

    Args:
        report: what was measured.
        directory: the folder, made where it is not there.

    Raises:
        LogError: it cannot be written.
    """
    path = directory / "metrics.json"
    scratch = path.with_suffix(".json.part")
    try:
        directory.mkdir(parents=True, exist_ok=True)
        scratch.write_text(json.dumps(encode(report), indent=1, allow_nan=False), encoding="utf-8")
        os.replace(scratch, path)
    except OSError as error:
        raise LogError(f"{path}: cannot be written ({error.strerror}). Make room or choose another folder.") from error
    return path


def read_metrics(directory: Path) -> ForumReport:
    """What `write_metrics` wrote.

    Raises:
        LogError: it is missing, damaged or of another version.
    """
    path = directory / "metrics.json"
    try:
        raw: object = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise LogError(f"{path}: cannot be read ({error}). Measure again with `commonweal posts measure`.") from error
    if not isinstance(raw, dict) or raw.get("schema") != SCHEMA:
        raise LogError(f"{path}: is of another version than {SCHEMA}. Measure again with `commonweal posts measure`.")
    return decode(ForumReport, raw)
