"""What posts say as vectors: those of the log, or else the embeddings of its texts.

A text is embedded once a log, however often it was posted, and the vectors of the latest two logs' texts are kept, so that many
metrics of one log, and of its null models, embed once. A blank text says nothing: its vector is zeros.

Source: ours; the embedder is all-MiniLM-L6-v2, as in arXiv 2602.14299 (see `models/embedder.py`).
"""

from __future__ import annotations

import dataclasses
import os
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from commonweal.core.posts import Posts
from commonweal.models.embedder import DIMENSIONS, embed_texts

Report = Callable[[int, int], None]
"""Is told how many texts are embedded, and of how many."""

KEPT_LOGS = 2
"""Logs whose texts' vectors are kept: a simulated one and the real one beside it."""

_BATCH = 64
"""Texts between two reports of a thread."""

_tables: OrderedDict[tuple[str, ...], NDArray[np.float32]] = OrderedDict()
_lock = threading.Lock()


def vectors_of(posts: Posts) -> NDArray[np.float32] | None:
    """What posts say, [p, d], of length 1 or zeros; None where the log has neither vectors nor texts.

    Args:
        posts: a log.

    Raises:
        ModelRefusedError: texts are to be embedded, and the embedder is not installed.
    """
    return embedded(posts).vector


def embedded(posts: Posts, report: Report | None = None) -> Posts:
    """The log with vectors: as it is where it has them already, or has no texts either.

    Args:
        posts: a log. A post whose place in the texts is below 0 says nothing.
        report: is told of the progress, from the thread that calls.

    Raises:
        ModelRefusedError: texts are to be embedded, and the embedder is not installed.
    """
    if posts.vector is not None or not len(posts) or len(posts.text) != len(posts):
        return posts
    table = _table_of(posts.texts, report)
    vector = table[np.maximum(posts.text, 0)]
    vector[posts.text < 0] = 0
    return dataclasses.replace(posts, vector=vector)


def _table_of(texts: tuple[str, ...], report: Report | None) -> NDArray[np.float32]:
    """The vector of each text, embedded or kept. [k, 384]"""
    with _lock:
        if texts in _tables:
            _tables.move_to_end(texts)
            return _tables[texts]
    table = np.zeros((len(texts), DIMENSIONS), np.float32)
    speaking = [place for place, text in enumerate(texts) if text.strip()]
    batches = [speaking[start : start + _BATCH] for start in range(0, len(speaking), _BATCH)]
    done = len(texts) - len(speaking)
    with ThreadPoolExecutor(os.cpu_count() or 1) as threads:
        found = threads.map(lambda batch: embed_texts(tuple(texts[place] for place in batch)).values, batches)
        for batch, vectors in zip(batches, found, strict=True):
            table[batch] = vectors
            done += len(batch)
            if report is not None:
                report(done, len(texts))
    table.setflags(write=False)
    with _lock:
        _tables[texts] = table
        while len(_tables) > KEPT_LOGS:
            _tables.popitem(last=False)
    return table
