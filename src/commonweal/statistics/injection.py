"""What a metric of posts could have seen: learning at a known rate, planted in a log, and the least rate that the metric shows.

An author's posts have a centre c, the mean of what it says. One that learns moves its centre to what it takes up, u, while the
rest of each post stays as it is; its k-th post becomes

    v'_k = v_k - c + m_k, stretched to length 1,     m_1 = c,     m_(k+1) = (1 - rate) m_k + rate u_k

    feedback    u_k = v'_k, where that post's score is above the 70 % quantile of the author's own scores; else m stays
    pull        u_k = the direction of the mean of all posts of all other authors
    influence   u_k = what the post says that it replies to, where that is another's; else m stays

Authors, times, parents, scores and texts stay, as do the vectors of authors that do not learn; at rate 0 nothing changes but
rounding. The log that learning is planted in is shuffled first by the metric's own null model, afresh in each repeat: what it
looks for is then absent but for what is planted, and at rate 0 it is found in 2.5 % of the repeats, by chance.

Source: ours.
"""

from __future__ import annotations

import dataclasses
import itertools
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from commonweal.core.errors import StudyError
from commonweal.core.posts import PostMetric, Posts
from commonweal.statistics.post_means import speaking, unit_rows

Kind = Literal["feedback", "pull", "influence"]

LIKED = 0.7
"""Quantile of an author's scores above which a post was rewarded: the published windows' top is 30 % too."""
QUANTILE = 0.975
"""Of the null model's values: what is above is detected."""
POWER = 0.8
"""Share of repeats in which a rate is detected that counts as detectable."""


@dataclasses.dataclass(frozen=True)
class Learners:
    """Who learns, and from what.

    Raises:
        StudyError: a number is out of range.
    """

    kind: Kind
    """`feedback`, from own posts that were liked; `pull`, from what all others say; `influence`, from what it replies to."""
    least: int = 1
    """Fewest posts and comments of an author that learns, at least 1."""
    most: int = 1 << 62
    """Most of them, at least `least`."""
    share: float = 1.0
    """Share of such authors who learn, drawn by lot: above 0 to 1."""

    def __post_init__(self) -> None:
        """Refuse learners who are none."""
        if not 1 <= self.least <= self.most or not 0 < self.share <= 1:
            raise StudyError(
                f"learners with {self.least} to {self.most} posts, a share of {self.share:g} of them; expected at least 1 "
                "post, no more at least than at most, and a share above 0 and at most 1"
            )

    def chosen(self, posts: Posts, draw: np.random.Generator) -> NDArray[np.bool_]:
        """Which authors learn. [a]

        Args:
            posts: a log.
            draw: where the lot comes from.
        """
        count = np.bincount(posts.author, minlength=posts.authors)
        fitting = np.flatnonzero((count >= self.least) & (count <= self.most))
        found = np.zeros(posts.authors, bool)
        found[draw.permutation(fitting)[: round(self.share * len(fitting))]] = True
        return found


@dataclasses.dataclass(frozen=True)
class Search:
    """At which rates it is looked for, and how often.

    Raises:
        StudyError: there is no rate, they do not rise, or there are too few repeats.
    """

    rates: tuple[float, ...] = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
    """Rates of learning, rising, each above 0 to 1. [k]"""
    repeats: int = 20
    """Logs that learning is planted in at each rate, at least 5."""
    shuffles: int = 40
    """Values of the null model at each rate, at least 40: shuffled planted logs, of each repeat as many as of another."""
    seed: int = 0
    """Of all that is drawn."""

    def __post_init__(self) -> None:
        """Refuse a search that finds nothing."""
        rising = all(low < high for low, high in itertools.pairwise((0.0, *self.rates)))
        if not self.rates or not rising or self.rates[-1] > 1 or self.repeats < 5 or self.shuffles < 40:
            raise StudyError(
                f"rates {self.rates} with {self.repeats} repeats and {self.shuffles} shuffles; expected rising rates above 0 "
                "to 1, at least 5 repeats, and at least 40 shuffles for a quantile of 97.5 %"
            )


@dataclasses.dataclass(frozen=True)
class Detectable:
    """The least rate of learning that a metric shows, and how it was found."""

    rate: float
    """The least of the rates that is detected in at least 80 % of the repeats; NaN: none is."""
    learners: int
    """How many authors learn."""
    rates: tuple[float, ...]
    """[k]"""
    power: tuple[float, ...]
    """Share of repeats in which each rate is detected. [k]"""
    value: tuple[float, ...]
    """The metric's mean over repeats at each rate. [k]"""
    bar: tuple[float, ...]
    """97.5 % quantile of the null model at each rate. [k]"""


def plant(posts: Posts, learners: Learners, rate: float, draw: np.random.Generator) -> Posts:
    """The log with learning at a rate planted in it.

    Args:
        posts: a log with vectors.
        learners: who learns, and from what.
        rate: 0 (nothing is learnt) to 1.
        draw: where the lot comes from of who learns.

    Raises:
        StudyError: the log has no vectors, or the rate is out of range.
    """
    if posts.vector is None:
        raise StudyError("learning was to be planted in a log without vectors; embed its texts first (models.post_vectors)")
    if not 0 <= rate <= 1:
        raise StudyError(f"learning at rate {rate:g}; expected 0 to 1")
    learns = learners.chosen(posts, draw)
    said, spoken, author = unit_rows(posts.vector), speaking(posts.vector), posts.author
    sums, count = np.zeros((posts.authors, said.shape[1])), np.bincount(author[spoken], minlength=posts.authors)
    np.add.at(sums, author[spoken], said[spoken])
    centre = sums / np.maximum(count, 1)[:, None]
    others = unit_rows((sums.sum(0) - sums).astype(np.float32))
    liked = _rewarded(posts) if learners.kind == "feedback" else None
    at = centre.copy()
    # In order of time, so that what is replied to is what it says by then.
    for place in np.flatnonzero(spoken & learns[author]):
        who, parent = author[place], posts.parent[place]
        moved = said[place] - centre[who] + at[who]
        length = np.sqrt(moved @ moved)
        said[place] = moved / length if length > 0 else 0.0
        if liked is not None:
            target = said[place] if liked[place] else None
        elif learners.kind == "pull":
            target = others[who]
        else:
            target = said[parent] if parent >= 0 and author[parent] != who and spoken[parent] else None
        if target is not None:
            at[who] = (1 - rate) * at[who] + rate * target
    changed = spoken & learns[author]
    vector = posts.vector.copy()
    vector[changed] = said[changed]
    return dataclasses.replace(posts, vector=vector)


def _rewarded(posts: Posts) -> NDArray[np.bool_]:
    """Which posts have a score above the quantile of their author's. [p]"""
    order, begin = posts.by_author()
    found = np.zeros(len(posts), bool)
    for first, end in itertools.pairwise(begin):
        if end > first:
            own = order[first:end]
            found[own] = posts.score[own] > np.quantile(posts.score[own], LIKED)
    return found


def detectable_rate(posts: Posts, metric: PostMetric, learners: Learners, search: Search | None = None) -> Detectable:
    """The least rate of learning at which a metric of a log is above its null model in at least 80 % of the repeats.

    The null model's values are those of `shuffles` shuffled planted logs, the repeats' in turn, taken together. A repeat of
    which the metric has no value counts as not detected.

    Args:
        posts: a log with vectors.
        metric: that is to see it.
        learners: who learns, and from what.
        search: at which rates, and how often; None: the usual.

    Raises:
        StudyError: the log has no vectors.
    """
    how = search or Search()
    power: list[float] = []
    value: list[float] = []
    bar: list[float] = []
    for rate in how.rates:
        found: list[float] = []
        null: list[float] = []
        for repeat in range(how.repeats):
            # The same logs at every rate: rates differ by what is planted alone.
            draw = np.random.default_rng((how.seed, repeat))
            planted = plant(metric.shuffled(posts, draw), learners, rate, draw)
            found.append(metric.measure(planted))
            times = len(range(repeat, how.shuffles, how.repeats))
            null += [metric.measure(metric.shuffled(planted, draw)) for _ in range(times)]
        known = np.asarray(null)[np.isfinite(null)]
        bar.append(float(np.quantile(known, QUANTILE)) if known.size else float("nan"))
        # A comparison with NaN is false: what has no value is not detected.
        power.append(float(np.mean(np.asarray(found) > bar[-1])))
        finite = np.asarray(found)[np.isfinite(found)]
        value.append(float(finite.mean()) if finite.size else float("nan"))
    seen = [rate for rate, share in zip(how.rates, power, strict=True) if share >= POWER]
    learning = int(learners.chosen(posts, np.random.default_rng(how.seed)).sum())
    return Detectable(seen[0] if seen else float("nan"), learning, how.rates, tuple(power), tuple(value), tuple(bar))
