"""Who was rewarded when: posts with a score as high as few have.

Source: ours, after the high-upvote events of Feng et al., arXiv 2602.13458.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from commonweal.core.posts import Ints, Posts


def high(score: NDArray[np.float64], top: float) -> NDArray[np.bool_]:
    """Which scores are so high that at most a share `top` of all scores is as high. [p]

    Where more than that tie for the highest, none is.
    """
    return len(score) - np.searchsorted(np.sort(score), score, side="left") <= top * len(score)


def first_high(log: Posts, top: float) -> Ints:
    """The place of each author's first post with a high score; -1: it has none. [a]"""
    places = np.flatnonzero(high(log.score, top))
    who, at = np.unique(log.author[places], return_index=True)
    found = np.full(log.authors, -1, np.int64)
    found[who] = places[at]
    return found
