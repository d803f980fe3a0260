"""Stances of posts and authors: the first part of what is said, -1 to 1, where a forum's vectors have an issue as first axis.

A text has no such axis, and a post of zeros says nothing: both have no stance.

Letters: `p` posts, `a` authors.

Source: ours.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from commonweal.core.posts import Ints, Posts
from commonweal.statistics.polarisation import esteban_ray
from commonweal.statistics.post_means import speaking

Floats = NDArray[np.float64]


def stances_of(log: Posts) -> Floats:
    """The stance of each post, -1 to 1; NaN of those that have none. [p]

    Args:
        log: of posts.
    """
    if log.vector is None or not log.vector.shape[1]:
        return np.full(len(log), np.nan)
    first = log.vector[:, 0].astype(np.float64)
    said = speaking(log.vector)
    # A vector of length 1 in whole numbers is a hair longer or shorter.
    return np.where(said, np.clip(first, -1.0, 1.0), np.nan)


def stances_on(log: Posts, last: bool = True) -> Floats:
    """The stances of the posts of the last day on which any has one, or of the first such day. [some]

    Args:
        log: of posts.
        last: the last day rather than the first.
    """
    stance = stances_of(log)
    there = np.flatnonzero(~np.isnan(stance))
    if not len(there):
        return np.zeros(0)
    days = log.days[there]
    return stance[there[days == (days[-1] if last else days[0])]]


def camps_of(log: Posts) -> Ints:
    """The camp of each author: 1 or 0 as the mean stance of its posts is above or below 0; -1 of one without any. [a]

    Args:
        log: of posts.
    """
    stance = stances_of(log)
    there = ~np.isnan(stance)
    mean = np.bincount(log.author[there], stance[there], log.authors)
    return np.where(mean > 0, 1, np.where(mean < 0, 0, -1)).astype(np.int64)


def binned(stances: Floats, bins: int, alpha: float) -> float:
    """Esteban and Ray's polarisation of stances in bins of one width, as a share of the largest: 0 to 1; NaN of none.

    Args:
        stances: -1 to 1. [n]
        bins: how many, at least 2; each stands at its place among them, so that the first and the last are the ends.
        alpha: how much people identify with their group, above 0 to 1.6.

    Raises:
        StudyError: alpha is outside.
    """
    if not len(stances):
        return float("nan")
    place = np.minimum((stances + 1) / 2 * bins, bins - 1).astype(np.int64)
    counts = np.bincount(place, minlength=bins)
    return esteban_ray(counts, np.linspace(0.0, 1.0, bins), alpha) * 2 ** (1 + alpha)


def dealt_stances(log: Posts, draw: np.random.Generator) -> Posts:
    """The same posts with what is said dealt among those that say anything, whoever and whenever: a null model.

    Args:
        log: of posts.
        draw: where the order comes from.
    """
    if log.vector is None:
        return log
    there = np.flatnonzero(speaking(log.vector))
    order = np.arange(len(log))
    order[there] = draw.permutation(there)
    return dataclasses.replace(log, vector=log.vector[order], text=log.text[order] if len(log.text) else log.text)
