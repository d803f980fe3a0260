"""Embeddings of a dump's texts, written once beside the dump: what was done is kept when it is stopped, and goes on from there.

Each text is embedded once, however often it was posted. The file `NAME.vectors.parquet` holds a digest of each text and its
vector; it grows in parts that are put together at the end.

Source: ours; the embedder is all-MiniLM-L6-v2 (see `models/embedder.py`).
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from commonweal.analysis.dumps.columns import ColumnMap
from commonweal.analysis.dumps.reading import Wanted, read_dump
from commonweal.analysis.dumps.stored import digest_text, name_vectors
from commonweal.analysis.dumps.writing import join_parts, register_vectors
from commonweal.analysis.logs import connect, name_file, quote
from commonweal.core.errors import LogError
from commonweal.models.embedder import embed_texts, embedder_digest

PART = 2_048
"""Texts between two savings."""

_BATCH = 32
"""Texts that a thread takes at a time."""

_MODEL = "commonweal.embedder"

Progress = Callable[[int, int, float], None]
"""Is told how many texts are done, of how many, and how many seconds are left; NaN: not known yet."""


@dataclass(frozen=True)
class Embedded:
    """What became of a dump's texts."""

    path: Path
    """The file of vectors."""
    texts: int
    """Texts that the dump has, each once."""
    new: int
    """Texts that were embedded now; the others were there."""
    seconds: float
    """Seconds that embedding took now."""


def embed_dump(
    path: Path, columns: ColumnMap | None = None, progress: Progress | None = None, model: str | None = None
) -> Embedded:
    """Embed the texts of a dump that have no vector yet, and keep them beside it.

    Args:
        path: the dump's file.
        columns: what its columns say; None: as `read_dump`.
        progress: is told how far it is.
        model: digest of the embedder; None: the installed one's. Vectors of another embedder are refused.

    Raises:
        LogError: the dump cannot be read, has no texts, or has vectors of another embedder beside it.
        ModelRefusedError: the embedder is not installed.
    """
    if path.is_dir():
        raise LogError(f"{path} is a folder; name one file, such as `commonweal posts read` makes of a folder")
    model = embedder_digest() if model is None else model
    posts = read_dump([path], columns, Wanted(vectors="none")).posts
    texts = [text for text in posts.texts if text.strip()]
    if not texts:
        raise LogError(f"{path}: found no texts to embed; look whether the column map names the column of the text")
    whole = name_vectors(path)
    parts = whole.with_name(f"{whole.name}.parts")
    done = {key for file in _files(whole, parts) for key in _keys(file, model)}
    left = [text for text in texts if digest_text(text) not in done]
    began, made = time.perf_counter(), 0
    try:
        if left:
            parts.mkdir(exist_ok=True)
        for own, vectors in _embed(left):
            _write_part(parts / f"{time.time_ns():020d}.parquet", own, vectors, model)
            made += len(own)
            if progress is not None:
                spent = time.perf_counter() - began
                progress(len(texts) - len(left) + made, len(texts), spent / made * (len(left) - made))
        if left or parts.exists():
            with connect() as connection:
                join_parts(connection, _files(whole, parts), whole, _note(model))
            shutil.rmtree(parts, ignore_errors=True)
    except OSError as error:
        raise LogError(f"{whole}: cannot be written ({error}). Make room: what is done is kept, repeat to go on.") from error
    return Embedded(whole, len(texts), made, time.perf_counter() - began)


def _files(whole: Path, parts: Path) -> list[Path]:
    """Where vectors are: the whole of an earlier run, and the parts of one that was stopped."""
    return [*([whole] if whole.exists() else []), *sorted(parts.glob("*.parquet"))]


def _note(model: str) -> str:
    return f"KV_METADATA {{{quote(_MODEL)}: {quote(model)}}}"


def _keys(file: Path, model: str) -> list[str]:
    """The digests of the texts whose vectors are in a file."""
    try:
        with connect() as connection:
            note = connection.execute(
                f"SELECT decode(value) FROM parquet_kv_metadata({name_file(file)}) WHERE decode(key) = {quote(_MODEL)}"
            ).fetchone()
            keys = connection.execute(f"SELECT key FROM read_parquet({name_file(file)})").fetchnumpy()["key"].tolist()
    except Exception as error:
        first = str(error).splitlines()[0]
        raise LogError(f"{file}: cannot be read ({first}). Remove it, and its texts are embedded again.") from error
    if note is None or note[0] != model:
        raise LogError(f"{file}: found vectors of another embedder, whose cosines mean something else. Remove it and repeat.")
    return [str(key) for key in keys]


def _embed(texts: list[str]) -> Iterator[tuple[list[str], NDArray[np.float32]]]:
    """The vectors of texts, part by part."""
    with ThreadPoolExecutor(os.cpu_count() or 1) as threads:
        for first in range(0, len(texts), PART):
            own = texts[first : first + PART]
            batches = [tuple(own[start : start + _BATCH]) for start in range(0, len(own), _BATCH)]
            yield own, np.concatenate([found.values for found in threads.map(embed_texts, batches)])


def _write_part(path: Path, texts: list[str], vectors: NDArray[np.float32], model: str) -> None:
    """Write some texts' vectors; the file appears whole or not at all."""
    scratch = path.with_suffix(".tmp")
    keys = np.empty(len(texts), object)
    keys[:] = [digest_text(text) for text in texts]
    with connect() as connection:
        connection.register("keys", {"key": keys})
        vector = register_vectors(connection, "vectors", vectors)
        connection.execute(
            f"COPY (SELECT keys.key::VARCHAR AS key, {vector}::FLOAT[] AS embedding FROM keys POSITIONAL JOIN vectors) "
            f"TO {quote(str(scratch))} (FORMAT parquet, {_note(model)})"
        )
    os.replace(scratch, path)
