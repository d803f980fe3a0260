"""Vectors of a log by its texts, block by block; notes; and files that do not fit."""

import dataclasses

import numpy as np
import pytest

from commonweal.analysis.dumps import stored
from commonweal.analysis.dumps.stored import Note, Stored, digest_text, load_by_text, load_vectors, read_note, write_note
from commonweal.analysis.dumps.writing import register_vectors
from commonweal.analysis.logs import connect
from commonweal.core.errors import LogError


def put(path, vectors, keys=None, note=""):
    with connect() as connection:
        vector = register_vectors(connection, "vectors", np.asarray(vectors, np.float32))
        words = np.empty(len(vectors), object)
        words[:] = [digest_text(key) for key in keys or map(str, range(len(vectors)))]
        connection.register("keys", {"key": words})
        connection.execute(
            f"COPY (SELECT keys.key::VARCHAR AS key, {vector}::FLOAT[] AS embedding FROM keys POSITIONAL JOIN vectors) "
            f"TO '{path}' (FORMAT parquet{note})"
        )
    return path


def test_blocks_put_each_row_at_its_place(tmp_path, monkeypatch):
    monkeypatch.setattr(stored, "BLOCK", 7)
    draw = np.random.default_rng(0)
    rows = draw.normal(size=(40, 5))
    path = put(tmp_path / "v.parquet", rows)
    place = np.full(40, -1)
    kept = draw.permutation(40)[:25]
    place[kept] = draw.permutation(25)
    with connect() as connection:
        found = load_vectors(connection, [Stored(path, path, "embedding", place)], 25, None)
    known = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    assert np.allclose(found[place[kept]], known[kept], atol=1e-6)


def test_vectors_by_text(tmp_path, shipped, monkeypatch):
    monkeypatch.setattr(stored, "BLOCK", 50)
    draw = np.random.default_rng(1)
    known = {text: draw.normal(size=3) for text in shipped.texts[10:]}
    path = put(tmp_path / "v.parquet", list(known.values()), list(known))
    needed = shipped.tops
    with connect() as connection:
        found = load_by_text(connection, [path], shipped, None)
        tops = load_by_text(connection, [path], shipped, needed)
    for place, text in enumerate(shipped.text):
        vector = known.get(shipped.texts[text], np.zeros(3))
        vector = vector / (np.linalg.norm(vector) or 1.0)
        assert np.allclose(found[place], vector, atol=1e-6)
        assert np.allclose(tops[place], vector * needed[place], atol=1e-6)


def test_two_lengths_do_not_fit(tmp_path):
    one, two = put(tmp_path / "one.parquet", np.ones((2, 3))), put(tmp_path / "two.parquet", np.ones((2, 4)))
    files = [Stored(path, path, "embedding", np.arange(2)) for path in (one, two)]
    with connect() as connection, pytest.raises(LogError, match=r"two.parquet: found vectors of 4 numbers.* of 3"):
        load_vectors(connection, files, 2, None)


def test_notes(tmp_path):
    note = Note(7, 3.5, 11, "ours, it's said")
    path = put(tmp_path / "v.parquet", np.ones((1, 1)), note=f", {write_note(note)}")
    assert read_note(path) == note
    assert read_note(put(tmp_path / "w.parquet", np.ones((1, 1)))) is None
    assert read_note(tmp_path / "x.csv") is None
    (tmp_path / "x.parquet").write_text("no")
    with pytest.raises(LogError, match="is no Parquet"):
        read_note(tmp_path / "x.parquet")
    assert dataclasses.asdict(note)["source"] == "ours, it's said"
