"""Whether people talk within their camp: modularity of who replies to whom.

    Q = sum_c (L_c / m - (d_c / 2 m)^2)

over replies to somebody else that say something, each a link between two authors; m of them, L_c within camp c, d_c ends in it.
The camp of an author is the sign of the mean stance of its posts, the first part of what each says; links with authors who have
none are left out. Above 0: camps keep to themselves; below 0: they seek each other. Vectors are needed: texts have no stance.

Null model: camps are dealt anew among the authors who have one, and everybody replies as before.

Source: M. Newman, "Analysis of weighted networks", Physical Review E 70 (2004); of political camps, M. Conover et al.,
"Political polarization on Twitter", ICWSM (2011).
"""

from __future__ import annotations

import dataclasses
from typing import ClassVar

import numpy as np

from commonweal.core.posts import PostMetric, Posts
from commonweal.statistics.polarisation import Camps, modularity
from commonweal.statistics.stances import camps_of, stances_of
from commonweal.statistics.threads import exchanges


class CampModularity(PostMetric):
    """Modularity of replies by the sign of their authors' mean stance."""

    unit: ClassVar[str] = "1"
    low: ClassVar[float] = -0.5
    high: ClassVar[float] = 1.0
    source: ClassVar[str] = "Newman, Physical Review E 70 (2004); Conover et al., ICWSM (2011)"
    null: ClassVar[str] = "about 0 where camps are dealt among authors anew"

    def measure(self, log: Posts) -> float:
        """-1/2 to 1; NaN where nobody with a camp replies to another."""
        camp, replies = camps_of(log), exchanges(log)
        replies = replies[~np.isnan(stances_of(log)[replies])]
        one, other = log.author[replies], log.author[log.parent[replies]]
        known = (camp[one] >= 0) & (camp[other] >= 0)
        ends = one[known], other[known]
        return modularity(Camps(*ends, np.ones(len(ends[0])), np.maximum(camp, 0)))

    def shuffled(self, log: Posts, draw: np.random.Generator) -> Posts:
        """Each author says what is the camp's that it is dealt, in one part, and nothing else."""
        if log.vector is None or not log.vector.shape[1]:
            return log
        camp = camps_of(log)
        there = np.flatnonzero(camp >= 0)
        dealt = np.zeros(log.authors)
        dealt[there] = 2.0 * camp[draw.permutation(there)] - 1
        return dataclasses.replace(log, vector=dealt[log.author].astype(np.float32)[:, None])
