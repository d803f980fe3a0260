"""What is written is read back: the same log to the bit, likes and silent authors included, block by block."""

import dataclasses

import numpy as np
import pytest

from commonweal.analysis.dumps import stored, writing
from commonweal.analysis.dumps.columns import MOLTBOOK
from commonweal.analysis.dumps.reading import read_dump
from commonweal.analysis.dumps.synthetic import Recipe, synthesize
from commonweal.analysis.dumps.writing import write_dump
from commonweal.analysis.logs import connect
from commonweal.core.errors import LogError


def liked(posts, draw, likes):
    """The log with likes and two authors who do nothing."""
    order = np.argsort(when := posts.time[-1] * (1 + draw.random(likes)), kind="stable")
    return dataclasses.replace(
        posts,
        liker=draw.integers(posts.authors, size=likes),
        liked=draw.integers(len(posts), size=likes),
        like_time=when[order],
        authors=posts.authors + 2,
        names=(*posts.names, "silent", "mute"),
        views=99,
        day=7.0,
    )


def test_a_log_comes_back(tmp_path, monkeypatch):
    monkeypatch.setattr(writing, "BLOCK", 37)
    monkeypatch.setattr(stored, "BLOCK", 23)
    posts = liked(synthesize(Recipe(40, 90, seed=3, parts=6, days=2)), np.random.default_rng(2), 50)
    path = write_dump(posts, tmp_path / "x.parquet", "a test's log")
    found = read_dump([path]).posts
    assert (len(found), found.authors, found.day, found.views) == (130, posts.authors, 7.0, 99)
    for name in ("time", "parent", "score", "liked", "like_time"):
        assert np.array_equal(getattr(found, name), getattr(posts, name)), name
    for name in ("author", "liker"):
        assert [found.names[i] for i in getattr(found, name)] == [posts.names[i] for i in getattr(posts, name)], name
    assert [found.texts[i] for i in found.text] == [posts.texts[i] for i in posts.text]
    length = np.linalg.norm(posts.vector, axis=1, keepdims=True)
    assert np.allclose(found.vector, posts.vector / length, atol=1e-6)
    assert not list(tmp_path.glob("*.part*"))
    # A platform's map reads it too, but for what no platform tells; and reading again changes nothing.
    assert np.array_equal(read_dump([path], MOLTBOOK).posts.parent, posts.parent)
    again = read_dump([write_dump(found, tmp_path / "y.parquet", "again")]).posts
    assert np.array_equal(again.author, found.author)
    assert again.texts == found.texts
    with connect() as connection:
        rows = connection.execute(f"SELECT DISTINCT source FROM '{path}'").fetchall()
    assert rows == [("a test's log",)]


def test_a_log_without_words(tmp_path):
    posts = dataclasses.replace(
        synthesize(Recipe(5, 5, seed=1)), text=np.zeros(0, np.int64), texts=(), community=np.zeros(0, np.int64), names=()
    )
    found = read_dump([write_dump(posts, tmp_path / "x.parquet", "ours")]).posts
    assert [int(found.names[i]) for i in found.author] == posts.author.tolist()
    assert (set(found.texts), found.vector) == ({""}, None)


def test_no_room(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(LogError, match="cannot be written"):
        write_dump(synthesize(Recipe(2, 0)), tmp_path / "file" / "x.parquet", "ours")
