"""Dumps of every form read as the log that they were made from; rows that are no posts are counted; nothing is fatal."""

import csv
import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from commonweal.analysis.dumps.columns import MOLTBOOK, TERRALINGUA, ColumnMap
from commonweal.analysis.dumps.reading import Wanted, read_dump
from commonweal.analysis.dumps.synthetic import START
from commonweal.analysis.logs import connect
from commonweal.core.errors import LogError

DATA = Path(__file__).parent / "data"
PLAIN = ColumnMap("plain", ("user",), ("t",), "ours", ("id",), ("parent",), ("post",), ("score",), text=("text",), day=10.0)


def same(found, posts, prefix="id-"):
    """Whether two logs are the same but for the numbers of authors and texts."""
    assert np.array_equal(found.time - START, posts.time)
    assert np.array_equal(found.parent, posts.parent)
    assert np.array_equal(found.score, posts.score)
    assert [found.names[i] for i in found.author] == [prefix + posts.names[i] for i in posts.author]
    assert [found.texts[i] for i in found.text] == [posts.texts[i] for i in posts.text]
    pairs = set(zip(found.community.tolist(), posts.community.tolist(), strict=True))
    assert len(pairs) == len(set(posts.community.tolist())) == len(set(found.community.tolist()))
    return True


def test_the_shipped_dump_is_the_log_it_was_made_from(shipped):
    dump = read_dump([DATA], MOLTBOOK)
    assert same(dump.posts, shipped)
    assert (dump.rows, dump.left_out, dump.columns) == (300, (), "moltbook")
    assert (dump.posts.day, dump.posts.vector, len(dump.files)) == (86_400.0, None, 2)


def test_every_form_says_the_same(tmp_path, shipped, write_files):
    files = write_files(shipped, tmp_path / "lines")
    for kind, path in zip(("posts", "comments"), files, strict=True):
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        (tmp_path / f"{kind}.json").write_text(json.dumps(rows))
        with (tmp_path / f"{kind}.csv").open("w", newline="") as file:
            table = csv.DictWriter(file, list(rows[0]))
            table.writeheader()
            table.writerows(rows)
        with connect() as connection:
            connection.execute(f"COPY (FROM read_json('{path}')) TO '{tmp_path / kind}.parquet' (FORMAT parquet)")
    for ending in ("json", "csv", "parquet"):
        assert same(read_dump([tmp_path / f"comments.{ending}", tmp_path / f"posts.{ending}"]).posts, shipped), ending


def test_rows_that_are_no_posts_are_counted(tmp_path):
    rows = [
        '{"id": 1, "user": "a", "t": 1, "text": "top"}',
        '{"id": 1, "user": "b", "t": 2, "text": "again"}',
        '{"id": 2, "user": null, "t": 2, "text": "nobody"}',
        '{"id": 3, "user": "a", "t": "never", "text": "no time"}',
        "{broken",
        '{"id": 1, "user": "b", "t": 3, "post": 1, "text": "a comment may have the number of a post"}',
        '{"id": 5, "user": "c", "t": 2, "post": 1, "parent": 1.0, "text": "to the comment, and dated before it"}',
        '{"id": 6, "user": "c", "t": 4, "post": 1, "parent": 77, "text": "to a comment that is gone"}',
        '{"id": 7, "user": "c", "t": 4, "post": 99, "text": "under a post that is gone"}',
        '{"id": 8, "user": "c", "t": 5, "post": 99, "parent": 7, "text": "below that"}',
        '{"id": 9, "user": "d", "t": 6, "parent": 10, "text": "in a"}',
        '{"id": 10, "user": "d", "t": 6, "parent": 9, "text": "circle"}',
    ]
    path = tmp_path / "x.jsonl"
    path.write_text("\n".join(rows))
    dump = read_dump([path], PLAIN)
    assert dict(dump.left_out) == {
        "an id that an earlier row has": 1,
        "no author": 1,
        # A line that is broken says nothing at all.
        "no time that can be read": 2,
        "comments on what is not in the dump, or was left out": 1,
        "comments under those, or in a circle of replies": 3,
    }
    posts = dump.posts
    assert posts.time.tolist() == [1, 3, 3, 4]
    assert posts.parent.tolist() == [-1, 0, 1, 0]
    assert [posts.names[i] for i in posts.author] == ["a", "b", "c", "c"]
    assert any("1 replies to a comment that is not in the dump" in words for words in dump.told)
    assert any("dated as it" in words for words in dump.told)
    assert any("every score is 0" in words for words in read_dump([path], dataclasses.replace(PLAIN, score=())).told)


def test_lines_of_a_table_that_are_no_rows(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text('id,user,t,text\n1,a,5,"two\nlines"\nshort,row\n2,b,6,x,too,many\n3,c,7,y\n')
    dump = read_dump([path], PLAIN)
    assert dump.left_out == (("lines that are no rows", 2),)
    assert (dump.rows, dump.posts.texts) == (4, ("two\nlines", "y"))


def test_texts_with_too_many_copies_go_with_what_hangs_on_them(tmp_path):
    def row(name, words, **more):
        return json.dumps({"id": name, "user": f"u{name}", "t": 1, "text": words, **more})

    rows = [row(i, "mint") for i in range(4)] + [row(9, "own"), row(10, "hi", post=9), row(11, "to a copy", post=0)]
    rows += [row(20 + i, "gm", post=9) for i in range(4)] + [row(30, "to gm", post=9, parent=20)]
    path = tmp_path / "x.jsonl"
    path.write_text("\n".join(rows))
    dump = read_dump([path], PLAIN, Wanted(copies=3))
    assert dump.left_out[0] == ("a text with more than 3 identical copies", 8)
    assert [dump.posts.texts[i] for i in dump.posts.text] == ["own", "hi", "to gm"]
    assert dump.posts.parent.tolist() == [-1, 0, 0]
    assert len(read_dump([path], PLAIN, Wanted(copies=4)).posts) == 12


def test_beings_who_speak_to_whoever_is_near(tmp_path):
    (tmp_path / "agent_logs").mkdir()
    for tag, words in (("being0", ("hello", "")), ("being1", ("", "food north"))):
        lines = [
            json.dumps({"timestamp": i, "agent": tag.upper(), "agent_tag": tag, "action": {"action": "move", "message": said}})
            for i, said in enumerate(words)
        ]
        (tmp_path / "agent_logs" / f"{tag}.jsonl").write_text("\n".join(lines))
    dump = read_dump([tmp_path], TERRALINGUA)
    assert dump.left_out == (("no words", 2),)
    assert (dump.posts.texts, dump.posts.names, dump.posts.day) == (("hello", "food north"), ("being0", "being1"), 10.0)


def test_kinds_of_rows(tmp_path):
    path = tmp_path / "x.jsonl"
    path.write_text("\n".join(json.dumps({"user": "a", "t": i, "text": "x", "sort": sort}) for i, sort in enumerate("pvcp")))
    columns = dataclasses.replace(PLAIN, kind=("sort",), kinds=("p", "c"), id=(), parent=(), root=())
    dump = read_dump([path], columns)
    assert (dump.posts.time.tolist(), dump.left_out) == ([0, 2, 3], (("of a kind that is no post", 1),))


def test_vectors_are_of_length_one_and_bad_ones_are_none(tmp_path):
    rows = [
        {"id": 1, "user": "a", "t": 1, "text": "x", "v": [3.0, 4.0], "score": "2"},
        {"id": 2, "user": "a", "t": 2, "text": "y", "v": None},
        {"id": 3, "user": "a", "t": 3, "text": "z", "v": [1.0]},
        {"id": 4, "user": "b", "t": 4, "text": "w", "post": 1, "v": [0.0, -2.0]},
    ]
    path = tmp_path / "x.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows))
    columns = dataclasses.replace(PLAIN, vector=("v",))
    dump = read_dump([path], columns)
    assert any("2 posts and comments have no vector that can be read" in words for words in dump.told)
    assert any("3 rows have no score that is a number" in words for words in dump.told)
    found = dump.posts.vector
    assert found.dtype == np.float32
    assert np.allclose(found, [[0.6, 0.8], [0, 0], [0, 0], [0, -1]])
    assert np.allclose(read_dump([path], columns, Wanted(vectors="posts")).posts.vector[3], 0)
    assert read_dump([path], columns, Wanted(vectors="none")).posts.vector is None
    bare = read_dump([path], columns, Wanted(texts=False)).posts
    assert (bare.texts, len(bare.text), len(bare.vector)) == ((), 0, 4)


def test_authors_by_two_columns_are_told(tmp_path):
    one, two = tmp_path / "one.csv", tmp_path / "two.csv"
    one.write_text("author_id,created_at\n7,1\n")
    two.write_text("author_name,created_at\nann,2\n")
    assert any("one author may count as two" in words for words in read_dump([one, two], MOLTBOOK).told)
    assert not any("may count as two" in words for words in read_dump([one], MOLTBOOK).told)


def test_a_dump_without_a_post_says_so(tmp_path):
    path = tmp_path / "x.jsonl"
    path.write_text('{"user": "a", "t": "never", "text": "x"}\n')
    with pytest.raises(LogError, match="found no row that is a post"):
        read_dump([path], PLAIN)
