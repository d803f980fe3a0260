"""What posts say as vectors: those of the log, or each text's embedding, once."""

import dataclasses

import numpy as np
import pytest

from commonweal.models import post_vectors
from commonweal.models.embedder import DIMENSIONS, embed_texts
from commonweal.models.post_vectors import KEPT_LOGS, embedded, vectors_of
from metrics.post_laws import log_by_hand

TEXTS = ["The lake is full of fish.", "  ", "There are many fish in the lake.", "Shares fell on Monday."]


def test_vectors_of_the_log_are_as_they_are() -> None:
    log = log_by_hand([0, 1], [0, 1], [[1, 0], [0, 1]], ["x", "y"])
    assert vectors_of(log) is log.vector
    assert embedded(log) is log
    silent = dataclasses.replace(log, vector=None, text=np.zeros(0, np.int64), texts=())
    assert vectors_of(silent) is None
    # A log without posts embeds nothing, whatever texts it has.
    assert vectors_of(dataclasses.replace(log_by_hand([], []), texts=("x",))) is None


def test_texts_are_embedded_once_a_log(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("onnxruntime", reason="the embedder is not installed")
    asked: list[str] = []

    def counted(texts: tuple[str, ...]):
        asked.extend(texts)
        return embed_texts(texts)

    monkeypatch.setattr(post_vectors, "embed_texts", counted)
    log = dataclasses.replace(log_by_hand([0] * 4, range(4), texts=TEXTS), text=np.array([2, 1, 2, -1]))
    told: list[tuple[int, int]] = []
    vectors = embedded(log, lambda done, all_texts: told.append((done, all_texts))).vector
    assert vectors is not None
    assert vectors.shape == (4, DIMENSIONS)
    assert np.array_equal(vectors[0], embed_texts((TEXTS[2],)).values[0])
    assert np.array_equal(vectors[2], vectors[0])
    assert not vectors[[1, 3]].any()
    assert told[-1] == (4, 4)
    # Blank texts are not asked of the embedder; another metric of this log, or of one like it with other posts, asks nothing.
    assert sorted(asked) == sorted(TEXTS[:1] + TEXTS[2:])
    other = vectors_of(dataclasses.replace(log, text=np.array([0, 2, 3, 3])))
    assert other is not None
    assert len(asked) == 3
    assert other[0] @ other[1] > 0.6 > 0.3 > other[0] @ other[2]
    for number in range(KEPT_LOGS):
        vectors_of(log_by_hand([0], [0], texts=[f"Log {number}"]))
    vectors_of(log)
    assert len(asked) == 3 + KEPT_LOGS + 3
