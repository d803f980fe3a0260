"""Which column of a forum's dump says what: the maps of logs that anybody can download, and a user's own as JSON.

No data is bundled. A name may reach into a record with dots (`author.name`). Of several names for one thing the first that a
file has is read, so that one map serves a dump's file of posts and its file of comments, and both of a platform's crawls.

Source: the cards of the data sets, as each map's `source` says.
"""

from __future__ import annotations

import dataclasses
import difflib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from commonweal.core.errors import StudyError

DAY = 86_400.0
"""Seconds in a day."""

Names = tuple[str, ...]


@dataclass(frozen=True)
class ColumnMap:
    """The columns of a dump: for each thing its names, the first that a file has being read; (): the dump does not say."""

    name: str
    """What the map is called."""
    author: Names
    """Who posted: a number, an id or a name."""
    time: Names
    """When: ISO 8601 (without a zone: UTC), a timestamp, or seconds or milliseconds since 1970; of a simulation, ticks."""
    source: str
    """What the map was taken from."""
    id: Names = ()
    """A post's own id; (): rows have none, and nothing can be a reply."""
    parent: Names = ()
    """The comment (or post) that a row replies to; null or empty: none."""
    root: Names = ()
    """The post that a comment stands under: replied to where there is no parent, or the parent is not in the dump."""
    score: Names = ()
    """Likes less dislikes; (): `likes` less `dislikes`."""
    likes: Names = ()
    """Likes."""
    dislikes: Names = ()
    """Dislikes."""
    community: Names = ()
    """The community it was posted in; a comment without one is in that of its post."""
    title: Names = ()
    """Put before the text."""
    text: Names = ()
    """What it says."""
    vector: Names = ()
    """The embedding of what it says: a list of numbers."""
    kind: Names = ()
    """What sort of row it is."""
    kinds: Names = ()
    """The sorts that are posts or comments; others are left out. (): all."""
    likers: Names = ()
    """A list of who liked it."""
    like_times: Names = ()
    """A list of when, as long."""
    posts: Names = ()
    """Files of posts, as patterns within a folder."""
    comments: Names = ()
    """Files of comments, as patterns within a folder; (): posts and comments share files."""
    spoken: bool = False
    """Whether a row without words is no post: it is left out."""
    verified: bool = True
    """Whether the names were read from the data set's own card or code; False: they are a guess, to be checked."""
    day: float = DAY
    """Length of a day in the unit of `time`."""

    def __post_init__(self) -> None:
        """Refuse a map that could not be read with."""
        missing = [field for field in ("author", "time") if not getattr(self, field)]
        if missing:
            raise StudyError(f"column map {self.name!r} names no column for {' and '.join(missing)}; expected one at least")
        if self.parent and not self.id:
            raise StudyError(f"column map {self.name!r} has parents but no id that they could name; give `id` too")
        if self.kinds and not self.kind:
            raise StudyError(f"column map {self.name!r} says which kinds are posts, but not in which column; give `kind` too")
        if not self.day > 0:
            raise StudyError(f"column map {self.name!r}: found a day of {self.day:g}; expected more than 0")


COMMONWEAL = ColumnMap(
    name="commonweal",
    author=("author_id",),
    time=("created_at",),
    source="ours: what `commonweal posts read`, `synthesize` and a trial's log write, in the names of the Moltbook data set",
    id=("id",),
    parent=("parent_id",),
    root=("post_id",),
    score=("score",),
    community=("submolt_name",),
    text=("content",),
    vector=("embedding",),
    likers=("likers",),
    like_times=("like_times",),
)

MOLTBOOK = ColumnMap(
    name="moltbook",
    author=("author_id", "author_name", "author.id", "author.name", "author"),
    time=("created_at",),
    source=(
        "the card of the data set AIcell/moltbook-data on Hugging Face (arXiv:2602.14299: 290,251 posts, 1,836,711 comments; "
        "tables posts and comments); the tables of the crawler daveholtz/moltbook_scraper (arXiv:2602.10131: author_name, no "
        "author_id), exported to Parquet or CSV; the columns of ronantakizawa/moltbook (author, submolt, score; posts alone), "
        "as programs that read it have them"
    ),
    id=("id",),
    parent=("parent_id",),
    root=("post_id",),
    score=("score",),
    likes=("upvotes",),
    dislikes=("downvotes",),
    community=("submolt_name", "submolt.name", "submolt"),
    title=("title",),
    text=("content",),
    vector=("embedding", "vector"),
    posts=("**/*posts*.parquet", "**/*posts*.csv", "**/*posts*.jsonl", "**/*posts*.json"),
    comments=("**/*comments*.parquet", "**/*comments*.csv", "**/*comments*.jsonl", "**/*comments*.json"),
)

MOLTNET = dataclasses.replace(
    MOLTBOOK,
    name="moltnet",
    author=("author_id", "agent_id", "author_name", "agent_name", "author.name", "author", "agent"),
    time=("created_at", "timestamp", "published_at"),
    source=(
        "iNLP-Lab/Moltbook-MoltNet on Hugging Face (arXiv:2602.13458): its card says which tables there are (posts, comments, "
        "agents, submolts in data/v2026-02-28/) and that histories are JSON; its column names were not seen and are taken to "
        "be those of the Moltbook crawls that it merges"
    ),
    id=("id", "comment_id", "post_id"),
    parent=("parent_id", "parent_comment_id"),
    root=("post_id",),
    posts=("**/posts.parquet",),
    comments=("**/comments.parquet",),
    verified=False,
)

TERRALINGUA = ColumnMap(
    name="terralingua",
    author=("agent_tag", "agent"),
    time=("timestamp",),
    source=(
        "the logs that cognizant-ai-lab/terralingua writes (arXiv:2603.16910; agent_logs/*.jsonl, a record an agent and step: "
        "timestamp, agent, agent_tag, action.message), and GPaolo/TerraLingua on Hugging Face in that form. Beings speak to "
        "whoever is near: there are no replies, scores or communities. Time is in steps; a day is taken as 10 of them"
    ),
    text=("action.message",),
    posts=("**/agent_logs/*.jsonl",),
    spoken=True,
    day=10.0,
)

MAPS = {found.name: found for found in (COMMONWEAL, MOLTBOOK, MOLTNET, TERRALINGUA)}
"""The maps by name."""


def read_columns(name: str) -> ColumnMap:
    """The map of a name, or of a JSON file whose keys are the fields of `ColumnMap`; a name may stand for a list of one.

    `"like": "moltbook"` in the file starts from that map. Without it, `author` and `time` must be given.

    Args:
        name: one of `MAPS`, or the path of a file that ends in `.json`.

    Raises:
        StudyError: there is no such map or file, or the file does not say what a map needs.
    """
    if name in MAPS:
        return MAPS[name]
    path = Path(name)
    if path.suffix != ".json":
        near = difflib.get_close_matches(name, MAPS, 1)
        hint = f"did you mean {near[0]}?" if near else f"expected one of {', '.join(MAPS)}, or a file that ends in .json"
        raise StudyError(f"there is no column map {name!r}; {hint}")
    try:
        raw: object = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StudyError(f"{path}: no column map can be read ({error}); expected JSON such as {_example()}") from error
    if not isinstance(raw, dict):
        raise StudyError(f"{path}: found {type(raw).__name__}, expected a JSON object such as {_example()}")
    return _build(path, cast("dict[str, object]", raw))


def _example() -> str:
    return '{"author": "user", "time": "created_utc", "id": "id", "parent": "parent_id", "text": ["body", "selftext"]}'


def _build(path: Path, raw: dict[str, object]) -> ColumnMap:
    given = {key: value for key, value in raw.items() if key != "like"}
    fields = {field.name: field for field in dataclasses.fields(ColumnMap)}
    unknown = sorted(set(given) - set(fields))
    if unknown:
        near = difflib.get_close_matches(unknown[0], fields, 1)
        hint = f"did you mean {near[0]!r}?" if near else f"expected some of {', '.join(fields)}"
        raise StudyError(f"{path}: found the key {unknown[0]!r}; {hint}")
    start = read_columns(str(raw["like"])) if "like" in raw else None
    if start is None and not (given.get("author") and given.get("time")):
        raise StudyError(f"{path}: found no names for author and time; expected JSON such as {_example()}")
    settled: dict[str, object] = {"name": path.stem, "source": f"the user's file {path.name}", "verified": True}
    settled |= {key: _settle(path, key, value) for key, value in given.items()}
    if start is None:
        return ColumnMap(**settled)  # pyright: ignore[reportArgumentType]
    return dataclasses.replace(start, **settled)  # pyright: ignore[reportArgumentType]


def _settle(path: Path, key: str, value: object) -> object:
    """A value of the file as the field wants it."""
    kinds: dict[str, type | tuple[type, ...]] = {"name": str, "source": str, "spoken": bool, "verified": bool}
    if key == "day":
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise StudyError(f"{path}: found {value!r} for 'day', expected a number of units of time")
        return float(value)
    if key in kinds:
        if not isinstance(value, kinds[key]):
            raise StudyError(
                f"{path}: found {value!r} for {key!r}, expected {'words' if kinds[key] is str else 'true or false'}"
            )
        return value
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list) or not all(isinstance(own, str) for own in cast("list[object]", names)):
        raise StudyError(f"{path}: found {value!r} for {key!r}, expected a column's name or a list of names")
    return tuple(cast("list[str]", names))
