"""The naming game of two names against a committed minority, in an infinite well-mixed population: shares of lists over time.

    x' = h z (p + x + z/2) + s z/2 (p + x + z) - x (y + z/2)        only the minority's name
    y' = h z (y + z/2)     + s z/2 (y + z)     - y (p + x + z/2)    only the other name
    z  = 1 - p - x - y                                              both

with p the committed share, and s, h whether speaker and hearer forget all other names on success. Time is in sweeps: one in
which everybody takes part in two exchanges on average, n exchanges of n seats. With s = h = 1 it is the source's

    x' = -x y + z^2 + x z + 1.5 p z,   y' = -x y + z^2 + y z - p y

From y = 1 - p the minority's name takes over just where p is above a critical share, .097889 with s = h = 1; near it that
takes long, as 1 / sqrt(p - critical share). Of n seats, shares stray from the path by about 1 / sqrt(n), so that they tip
below the critical share too where one waits long enough.

Source: J. Xie, S. Sreenivasan, G. Korniss, W. Zhang, C. Lim and B. Szymanski, "Social consensus through the influence of
committed minorities", Phys. Rev. E 84 (2011) 011130; with one side that forgets alone, our own derivation.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import root

from commonweal.analysis.exact.markov_chain import Floats
from commonweal.analysis.exact.replicator import follow
from commonweal.core.errors import StudyError

_WON = 0.999
"""Share of the others who must have taken over the minority's name, for it to have won."""
_GUESS = (0.05, 0.74, 0.1)


def find_change(shares: ArrayLike, committed: float, speaker: bool = True, hearer: bool = True) -> Floats:
    """x', y' a sweep. [..., 2]

    Args:
        shares: x, y: shares of all seats that hold only the minority's name without being committed, only the other. [..., 2]
        committed: p, 0 to 1.
        speaker: whether speakers forget on success.
        hearer: whether hearers do.
    """
    x, y = np.moveaxis(np.asarray(shares, dtype=np.float64), -1, 0)
    z = 1.0 - committed - x - y
    said, other = committed + x + z / 2, y + z / 2
    gain = hearer * z * said + speaker * z / 2 * (said + z / 2) - x * other
    loss = hearer * z * other + speaker * z / 2 * (other + z / 2) - y * said
    return np.stack([gain, loss], -1)


def follow_minority(committed: float, times: ArrayLike, speaker: bool = True, hearer: bool = True) -> Floats:
    """The path of x, y where all but the minority begin with the other name. [t, 2]

    Args:
        committed: p, 0 to 1.
        times: sweeps, increasing. [t], at least two
        speaker: whether speakers forget on success.
        hearer: whether hearers do.

    Raises:
        StudyError: the share is out of range, or the times do not increase.
    """
    if not 0 <= committed <= 1:
        raise StudyError(f"a committed share of {committed:g}; expected a number from 0 to 1")
    start = np.asarray([0.0, 1.0 - committed])
    return follow(lambda at: find_change(at, committed, speaker, hearer), start, times)


def tips(committed: float, sweeps: float, speaker: bool = True, hearer: bool = True) -> bool:
    """Whether a committed minority has won within so many sweeps: 999 in 1,000 of the others hold its name alone.

    Args:
        committed: p, 0 to 1.
        sweeps: above 0.
        speaker: whether speakers forget on success.
        hearer: whether hearers do.

    Raises:
        StudyError: a number is out of range.
    """
    return float(follow_minority(committed, (0.0, sweeps), speaker, hearer)[-1, 0]) >= _WON * (1.0 - committed)


def find_critical_share(speaker: bool = True) -> float:
    """The committed share above which a minority wins, where hearers forget: to 1e-6, from the rest point where two meet.

    Below it the flow from y = 1 - p ends at a rest point with few of the minority's name; at it that point meets another one
    and both are gone: x' = y' = 0, and the determinant of their derivatives is 0. Where speakers alone forget there is no such
    point: a name that everybody else holds is not stable, and a minority of any size wins in time.

    Args:
        speaker: whether speakers forget too.

    Raises:
        StudyError: the equations cannot be solved.
    """

    def meeting(at: Floats) -> Floats:
        shares, step = at[:2], 1e-6 * np.eye(2)
        slopes = [(find_change(shares + h, at[2], speaker) - find_change(shares - h, at[2], speaker)) / 2e-6 for h in step]
        return np.append(find_change(shares, at[2], speaker), np.linalg.det(np.stack(slopes)))

    found = root(meeting, _GUESS, tol=1e-13)
    if not np.abs(found.fun).max() < 1e-9:
        raise StudyError(f"the equations of the critical share cannot be solved: {found.message}")
    return float(found.x[2])
