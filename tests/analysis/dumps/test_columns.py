"""The maps name what their data sets' cards name; a user's own is read from JSON, and what it lacks is said."""

import json

import pytest

from commonweal.analysis.dumps.columns import DAY, MAPS, ColumnMap, read_columns
from commonweal.core.errors import StudyError


def test_the_known_maps():
    assert set(MAPS) == {"commonweal", "moltbook", "moltnet", "terralingua"}
    assert all(read_columns(name) is found and found.name == name for name, found in MAPS.items())
    moltbook = MAPS["moltbook"]
    # The columns of AIcell/moltbook-data, as its card has them.
    assert (moltbook.author[0], moltbook.root, moltbook.parent) == ("author_id", ("post_id",), ("parent_id",))
    assert (moltbook.likes, moltbook.dislikes, moltbook.text) == (("upvotes",), ("downvotes",), ("content",))
    # What was not seen is said to be a guess.
    assert [name for name, found in MAPS.items() if not found.verified] == ["moltnet"]


def test_a_map_of_ones_own(tmp_path):
    path = tmp_path / "reddit.json"
    path.write_text(
        json.dumps({"author": "user", "time": ["created_utc", "t"], "id": "name", "parent": "parent_id", "day": 10})
    )
    found = read_columns(str(path))
    assert (found.name, found.author, found.time, found.day) == ("reddit", ("user",), ("created_utc", "t"), 10.0)
    assert found.score == ()
    path.write_text(json.dumps({"like": "moltbook", "text": "body", "spoken": True}))
    found = read_columns(str(path))
    assert (found.text, found.author, found.spoken, found.day) == (("body",), MAPS["moltbook"].author, True, DAY)


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ({"time": "t"}, "no names for author and time"),
        ({"author": "a", "time": "t", "texts": "x"}, "did you mean 'text'"),
        ({"author": "a", "time": "t", "parent": "p"}, "no id that they could name"),
        ({"author": 3, "time": "t"}, "expected a column's name or a list"),
        ({"author": "a", "time": "t", "day": "long"}, "expected a number"),
        ({"author": "a", "time": "t", "day": 0}, "expected more than 0"),
        ({"author": "a", "time": "t", "spoken": 1}, "true or false"),
        ({"author": "a", "time": "t", "kinds": ["x"]}, "not in which column"),
        ([1], "expected a JSON object"),
    ],
)
def test_what_is_wrong_with_a_map_is_said(tmp_path, raw, words):
    path = tmp_path / "own.json"
    path.write_text(json.dumps(raw))
    with pytest.raises(StudyError, match=words):
        read_columns(str(path))


def test_no_such_map(tmp_path):
    with pytest.raises(StudyError, match="did you mean moltbook"):
        read_columns("moltbok")
    with pytest.raises(StudyError, match="no column map can be read"):
        read_columns(str(tmp_path / "none.json"))
    with pytest.raises(StudyError, match="no column for author"):
        ColumnMap("x", (), ("t",), "ours")
