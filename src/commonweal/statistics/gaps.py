"""How regular each author's timing is: the coefficient of variation of the gaps between posts.

    CoV = sd of gaps / mean of gaps,     sd with n - 1

0: a clock; 1: posts at random times (a Poisson process); above: bursts.

Source: D. Cox and P. Lewis, The Statistical Analysis of Series of Events (1966).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from commonweal.core.posts import Posts


def gap_variations(log: Posts, least: int) -> NDArray[np.float64]:
    """The coefficient of variation of each author's gaps, of those with at least `least` gaps that are not all 0.

    Args:
        log: of posts; of a text log or of vectors.
        least: at least 2.
    """
    order, _ = log.by_author()
    author, time = log.author[order], log.time[order]
    mine = author[1:] == author[:-1]
    who, gap = author[1:][mine], np.diff(time)[mine]
    count = np.bincount(who, minlength=log.authors)
    mean = np.bincount(who, gap, log.authors) / np.maximum(count, 1)
    spread = np.bincount(who, (gap - mean[who]) ** 2, log.authors)
    known = (count >= least) & (mean > 0)
    return np.sqrt(spread[known] / (count[known] - 1)) / mean[known]
