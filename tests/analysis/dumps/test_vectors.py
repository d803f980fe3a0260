"""Texts are embedded once, the file survives a stop, and what is read with it is what the embedder says."""

import dataclasses

import numpy as np
import pytest

from commonweal.analysis.dumps import vectors
from commonweal.analysis.dumps.reading import read_dump
from commonweal.analysis.dumps.stored import name_vectors
from commonweal.analysis.dumps.synthetic import Recipe, synthesize
from commonweal.analysis.dumps.vectors import embed_dump
from commonweal.analysis.dumps.writing import write_dump
from commonweal.core.errors import LogError
from commonweal.models.embedder import embed_texts


def test_embedding_goes_on_where_it_stopped(tmp_path, monkeypatch):
    monkeypatch.setattr(vectors, "PART", 8)
    posts = synthesize(Recipe(15, 15, seed=9))
    path = write_dump(posts, tmp_path / "x.parquet", "ours")
    texts = len(posts.texts)
    told = []

    def stop(done, of, left):
        told.append((done, of, left))
        if len(told) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        embed_dump(path, progress=stop)
    assert [own[:2] for own in told] == [(8, texts), (16, texts)]
    assert read_dump([path]).posts.vector is None
    found = embed_dump(path)
    assert (found.path, found.texts, found.new) == (name_vectors(path), texts, texts - 16)
    assert embed_dump(path).new == 0
    read = read_dump([path]).posts
    known = embed_texts(read.texts).values
    assert np.allclose(read.vector, known[read.text], atol=1e-6)
    assert not list(tmp_path.glob("*.parts"))
    with pytest.raises(LogError, match="of another embedder"):
        embed_dump(path, model="sha256:other")


def test_nothing_to_embed(tmp_path):
    posts = dataclasses.replace(synthesize(Recipe(3, 0)), text=np.zeros(0, np.int64), texts=())
    with pytest.raises(LogError, match="found no texts to embed"):
        embed_dump(write_dump(posts, tmp_path / "x.parquet", "ours"), model="m")
    with pytest.raises(LogError, match="is a folder"):
        embed_dump(tmp_path, model="m")
