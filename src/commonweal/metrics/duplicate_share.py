"""The share of posts that repeat an earlier one exactly.

    1 - different posts / posts

Two posts are the same where their texts are, or, in a log without texts, their vectors in each part. Posts that say nothing are
left out.

Null model: the words of all posts are shuffled, each post keeping its length; of vectors, each part is shuffled among posts.

Source: Holtz, arXiv 2602.10131 (2026), as noted by others: .341.
"""

from __future__ import annotations

import dataclasses
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from commonweal.core.posts import Ints, PostMetric, Posts
from commonweal.statistics.cosines import blocks
from commonweal.statistics.post_means import Spoken, speaking


class DuplicateShare(PostMetric):
    """The share of posts that occurred before."""

    unit: ClassVar[str] = "1"
    low: ClassVar[float] = 0.0
    high: ClassVar[float] = 1.0
    source: ClassVar[str] = "Holtz, arXiv 2602.10131 (2026)"
    null: ClassVar[str] = "of the log with words (or parts of vectors) shuffled among posts: repetition by chance"

    def measure(self, log: Posts) -> float:
        """0 to 1; NaN where nothing is said."""
        if len(log.text):
            known = np.array([*(bool(text.strip()) for text in log.texts), False])
            codes: NDArray[np.integer] = log.text[known[np.maximum(log.text, -1)]]
        elif log.vector is not None:
            codes = _codes(log.vector)[speaking(log.vector)]
        else:
            return float("nan")
        return 1.0 - len(np.unique(codes)) / len(codes) if len(codes) else float("nan")

    def shuffled(self, log: Posts, draw: np.random.Generator) -> Posts:
        """The log with words, or parts of vectors, shuffled among posts."""
        if len(log.text):
            text, texts = _words_shuffled(log, draw)
            log = dataclasses.replace(log, text=text, texts=texts)
        if log.vector is None:
            return log
        spoken = speaking(log.vector)
        vector = log.vector.copy()
        vector[spoken] = draw.permuted(vector[spoken], axis=0)
        length = np.sqrt((vector**2).sum(1, keepdims=True))
        return dataclasses.replace(log, vector=vector / np.where(length > 0, length, 1.0))


def _codes(vectors: Spoken) -> NDArray[np.uint64]:
    """A number of 64 bits for each vector: the same for the same, and different but for a chance of some 2^-64. [p]"""
    factor = np.random.default_rng(1).integers(0, 2**64, vectors.shape[1], dtype=np.uint64) | np.uint64(1)
    found = np.zeros(len(vectors), np.uint64)
    for part in blocks(len(vectors)):
        # Adding 0 makes -0 into 0, which is equal to it and has other bits.
        bits = (vectors[part].astype(np.float32) + np.float32(0)).view(np.uint32).astype(np.uint64)
        bits = (bits ^ (bits >> np.uint64(15))) * np.uint64(0x9E3779B97F4A7C15)
        found[part] = ((bits ^ (bits >> np.uint64(29))) * factor).sum(1, dtype=np.uint64)
    return found


def _words_shuffled(log: Posts, draw: np.random.Generator) -> tuple[Ints, tuple[str, ...]]:
    """The posts' texts with the words of all of them in a random order. [p], and the table of texts; place -1 is no text."""
    split = [*(text.split() for text in log.texts), []]
    lengths = np.array([len(words) for words in split], np.int64)[log.text]
    words = [word for at in log.text for word in split[at]]
    order = draw.permutation(len(words))
    ends = np.cumsum(lengths)
    mixed = [" ".join(words[at] for at in order[end - length : end]) for end, length in zip(ends, lengths, strict=True)]
    texts = tuple(dict.fromkeys(mixed))
    place = {text: at for at, text in enumerate(texts)}
    return np.array([place[text] for text in mixed], np.int64), texts
