"""Replies leave as one file and come back to the bit; what is damaged, foreign or hostile is refused whole."""

import json
import sqlite3
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commonweal.core.errors import LogError
from commonweal.models.archive import LONGEST_BYTES, check_replies, export_replies, import_replies
from commonweal.models.model import Reply, Scores, Usage, Vectors
from commonweal.models.store import Call, ReplyStore, canonical

BITS = (-5e-324, -(0.1 + 0.2), -1.4623366594314575)
REPLIES = (
    (
        Call("score", "sha256:m", "rules é\n\0", "you", '{"options":["A","B","C"]}'),
        Scores(BITS, Usage(1, 9, 1, 0.1), exact=False),
    ),
    (
        Call("generate", "sha256:m", "rules é\n\0", "you", '{"draw":3}'),
        Reply("<b>\x1b[2J ' -- \ud800".encode("utf-8", "replace").decode(), Usage(2)),
    ),
    (Call("generate", "sha256:m", "", "", '{"draw":4}'), Reply("", Usage())),
    (Call("embed", "sha256:m", "", "", '{"texts":["a"]}'), Vectors(np.asarray([[0.6, -0.8]], np.float32), Usage(1))),
    (Call("outside", "seat:x", "rules", "turn", "{}"), Reply('{"acts":{}}', Usage(1))),
    (Call("generate", "sha256:other", "another run's", "you", "{}"), Reply("not of this run", Usage(1))),
)


def filled(path: Path) -> Path:
    store = ReplyStore(path)
    store.put_all(list(REPLIES))
    store.close()
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    export_replies(filled(tmp_path / "replies.sqlite"), tmp_path / "a.replies", model="sha256:m", plan="sha256:p")
    return tmp_path / "a.replies"


def same(one, other) -> bool:
    if isinstance(one, Vectors):
        return np.array_equal(one.values, other.values) and one.original == other.original
    return one == other


def test_what_is_exported_comes_back_to_the_bit_and_nothing_else(tmp_path: Path, file: Path):
    manifest = check_replies(file)
    assert (manifest.replies, manifest.models, manifest.plan) == (5, ("seat:x", "sha256:m"), "sha256:p")
    # One closed file: no journal beside it, none that it waits for.
    assert file.read_bytes()[18:20] == b"\x01\x01"
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith((".a", "a."))) == ["a.replies"]
    assert b"another run's" not in file.read_bytes()
    assert import_replies(file, tmp_path / "new.sqlite", model="sha256:m") == manifest
    was, now = ReplyStore(tmp_path / "replies.sqlite"), ReplyStore(tmp_path / "new.sqlite")
    assert now.count() == 5
    for call, _ in REPLIES[:5]:
        assert same(was.get(call), now.get(call))
    assert now.get(REPLIES[5][0]) is None
    now.close()
    was.close()
    again = export_replies(tmp_path / "new.sqlite", tmp_path / "b.replies", plan="sha256:p")
    assert again == manifest
    assert file.read_bytes()[100:] == (tmp_path / "b.replies").read_bytes()[100:]


def test_importing_twice_or_into_a_begun_run_adds_what_is_missing(tmp_path: Path, file: Path):
    target = filled(tmp_path / "begun.sqlite")
    with sqlite3.connect(target) as database:
        database.execute("DELETE FROM replies WHERE kind = 'score'")
    import_replies(file, target)
    import_replies(file, target)
    store = ReplyStore(target)
    assert store.count() == len(REPLIES)
    assert store.get(REPLIES[0][0]) is not None
    store.close()


def test_another_reply_to_the_same_question_brings_nothing_in(tmp_path: Path, file: Path):
    store = ReplyStore(tmp_path / "other.sqlite")
    store.put(REPLIES[1][0], Reply("something else", Usage(1)))
    store.close()
    with pytest.raises(LogError, match="another reply"):
        import_replies(file, tmp_path / "other.sqlite")
    store = ReplyStore(tmp_path / "other.sqlite")
    assert store.count() == 1
    store.close()


def assert_refused(file: Path, words: str) -> None:
    """Both readers refuse the file, and neither leaves anything behind."""
    folder = file.parent / "target"
    folder.mkdir(exist_ok=True)
    with pytest.raises(LogError, match=words):
        check_replies(file)
    with pytest.raises(LogError, match=words):
        import_replies(file, folder / "replies.sqlite")
    assert list(folder.iterdir()) == []


CHANGES = {
    "reply": "UPDATE replies SET reply = '{\"text\":\"forged\"}' WHERE kind = 'generate'",
    "suffix": "UPDATE replies SET suffix = suffix || 'x' WHERE kind = 'score'",
    "model": "UPDATE replies SET model = 'sha256:x'",
    "key": "UPDATE replies SET key = 'a' || substr(key, 2) WHERE key NOT LIKE 'a%'",
    "prefix text": "UPDATE prefixes SET text = 'obey'",
    "prefix gone": "DELETE FROM prefixes",
    "row gone": "DELETE FROM replies WHERE kind = 'embed'",
    "costs": "UPDATE replies SET calls = calls + 1",
    "negative": "UPDATE replies SET calls = -1",
    "count as text": "UPDATE replies SET new_tokens = 'many'",
    "time": "UPDATE replies SET seconds = 9e999",
    "binary": "UPDATE replies SET reply = x'00ff' WHERE kind = 'score'",
    "not utf-8": "UPDATE replies SET suffix = CAST(x'ff' AS TEXT) WHERE kind = 'score'",
    "no JSON": "UPDATE replies SET reply = '{' WHERE kind = 'score'",
    "nested": "UPDATE replies SET reply = replace(hex(zeroblob(100000)), '00', '[') WHERE kind = 'score'",
    "huge number": 'UPDATE replies SET reply = \'{"answered":true,"exact":true,"logprobs":[1e999]}\' WHERE kind = \'score\'',
    "form": 'UPDATE replies SET reply = \'{"logprobs":"A","exact":true,"answered":true}\' WHERE kind = \'score\'',
    "list": "UPDATE replies SET reply = '[]' WHERE kind = 'generate'",
    "kind": "UPDATE replies SET kind = 'shell'",
    "digest": "UPDATE archive SET value = '\"sha256:0\"' WHERE name = 'digest'",
    "schema": "UPDATE archive SET value = 'commonweal.replies/9' WHERE name = 'schema'",
    "manifest": "UPDATE archive SET value = '[[[' WHERE name = 'models'",
    "manifest gone": "DELETE FROM archive",
    "view": "CREATE VIEW more AS SELECT * FROM replies",
    "trigger": "CREATE TRIGGER t AFTER INSERT ON replies BEGIN DELETE FROM prefixes; END",
    "table": "CREATE TABLE more (x)",
    "index": "CREATE INDEX i ON replies (model)",
    "column": "ALTER TABLE replies ADD COLUMN more TEXT",
    "table gone": "DROP TABLE prefixes",
    "view for table": "DROP TABLE replies; CREATE VIEW replies AS SELECT randomblob(1000000000) AS key",
    "virtual": "CREATE VIRTUAL TABLE v USING fts5(x)",
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_file_that_was_changed_is_refused(file: Path, change: str):
    database = sqlite3.connect(file)
    if change == "virtual" and "ENABLE_FTS5" not in {own for (own,) in database.execute("PRAGMA compile_options")}:
        database.close()
        pytest.skip("this SQLite has no virtual tables of this kind")
    database.executescript(CHANGES[change])
    database.close()
    assert_refused(file, "expected")


def test_a_value_too_long_is_refused_unread(file: Path):
    database = sqlite3.connect(file)
    database.execute("UPDATE replies SET reply = zeroblob(?) WHERE kind = 'embed'", (LONGEST_BYTES + 1,))
    database.commit()
    database.close()
    assert_refused(file, "too big|too large")


def test_what_is_no_archive_is_refused(tmp_path: Path, file: Path):
    assert_refused(tmp_path / "none", "no file")
    for name, content in (("empty", b""), ("text", b"replies" * 100), ("head", b"SQLite format 3\x00" + bytes(200))):
        (tmp_path / name).write_bytes(content)
        assert_refused(tmp_path / name, "expected")
    # A store in use is no copy: what it was last told lies in a journal beside it.
    assert_refused(filled(tmp_path / "live.sqlite"), "live store")
    whole = file.read_bytes()
    for cut in (len(whole) // 2, len(whole) - 1, 4096):
        (tmp_path / "cut").write_bytes(whole[:cut])
        assert_refused(tmp_path / "cut", "expected")


@settings(max_examples=60)
@given(place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_a_flipped_bit_is_found_or_moves_nothing(tmp_path_factory, place: float, bit: int):
    # Bits that SQLite keeps for itself (counters in its head, unused space) may flip: what is read must then be unchanged.
    folder = tmp_path_factory.mktemp("flip")
    manifest = export_replies(filled(folder / "replies.sqlite"), folder / "a")
    content = bytearray((folder / "a").read_bytes())
    content[int(place * len(content))] ^= 1 << bit
    (folder / "a").write_bytes(content)
    try:
        found = import_replies(folder / "a", folder / "new.sqlite")
    except LogError:
        assert not (folder / "new.sqlite").exists()
    else:
        assert (found.digest, found.replies) == (manifest.digest, manifest.replies)


def test_a_forger_who_reckons_all_digests_still_needs_the_models_replies(file: Path, tmp_path: Path):
    # The digest says that a file is whole, not that its author is honest: a forged file that is consistent is a file.
    assert check_replies(file).digest.startswith("sha256:")
    with pytest.raises(LogError, match="the model of this run"):
        import_replies(file, tmp_path / "x.sqlite", model="sha256:mine")
    assert not (tmp_path / "x.sqlite").exists()


def test_export_overwrites_nothing_and_finds_damage(tmp_path: Path, file: Path):
    with pytest.raises(LogError, match="is there already"):
        export_replies(tmp_path / "replies.sqlite", file)
    with pytest.raises(LogError, match="no file"):
        export_replies(tmp_path / "missing.sqlite", tmp_path / "c")
    with pytest.raises(LogError, match="unable to open"):
        export_replies(tmp_path / "replies.sqlite", tmp_path / "no folder" / "c")
    with sqlite3.connect(tmp_path / "replies.sqlite") as database:
        database.execute("UPDATE replies SET suffix = 'x' WHERE kind = 'score'")
    with pytest.raises(LogError, match="is damaged"):
        export_replies(tmp_path / "replies.sqlite", tmp_path / "c")
    assert not [path for path in tmp_path.iterdir() if ".tmp" in path.name or path.name == "c"]


def test_a_store_that_is_written_meanwhile_is_exported_as_it_stands(tmp_path: Path):
    store = ReplyStore(filled(tmp_path / "replies.sqlite"))
    store.put(Call("generate", "sha256:m", "p", "late", "{}"), Reply("late", Usage(1)))
    assert export_replies(tmp_path / "replies.sqlite", tmp_path / "a", model="sha256:m").replies == 6
    store.close()
    assert export_replies(tmp_path / "replies.sqlite", tmp_path / "none", model="sha256:unknown").replies == 1


def test_the_digest_is_that_of_the_rows(tmp_path: Path, file: Path):
    # By hand: SHA-256 over the rows as canonical JSON, one a line, in the order of keys.
    import hashlib

    database = sqlite3.connect(file)
    database.row_factory = sqlite3.Row
    rows = [dict(row) for row in database.execute("SELECT * FROM replies ORDER BY key")]
    database.close()
    text = "".join(canonical(row) + "\n" for row in rows)
    assert check_replies(file).digest == f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
    assert all(json.loads(row["reply"]) for row in rows)
