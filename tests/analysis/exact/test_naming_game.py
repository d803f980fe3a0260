"""The mean field of a committed minority: the published equations and threshold, and counts of large populations."""

import numpy as np
import pytest

from commonweal.analysis.exact.naming_game import find_change, find_critical_share, follow_minority, tips
from commonweal.core.errors import StudyError


def test_the_published_equations() -> None:
    """Xie et al. (2011): x' = -xy + z^2 + xz + 1.5 pz, y' = -xy + z^2 + yz - py, at random shares."""
    for p, x, y, z in np.random.default_rng(2011).dirichlet(np.ones(4), 20):
        expected = [-x * y + z**2 + x * z + 1.5 * p * z, -x * y + z**2 + y * z - p * y]
        assert find_change(np.asarray([x, y]), p) == pytest.approx(expected)


def test_the_published_threshold_separates_paths() -> None:
    """.097889 (oracle D); just below it the path stops short for ever, just above it the minority wins in the end."""
    critical = find_critical_share()
    assert critical == pytest.approx(0.097889, abs=1e-6)
    for speaker in (True, False):
        own = find_critical_share(speaker)
        assert not tips(own - 1e-4, 3000, speaker)
        assert tips(own + 1e-3, 3000, speaker)
    assert (tips(0.09, 500), tips(0.10, 500)) == (False, True)


def counted(rng, n, committed, sweeps, speaker, hearer):
    """Shares x, y of n seats after so many sweeps, exchange by exchange: an implementation of its own."""
    lists = ["!"] * committed + ["B"] * (n - committed)
    for one, other, coin in zip(
        rng.integers(0, n, n * sweeps), rng.integers(1, n, n * sweeps), rng.integers(0, 2, n * sweeps), strict=True
    ):
        two = (one + other) % n
        mine, theirs = lists[one], lists[two]
        word = "A" if mine == "!" else mine[coin % len(mine)]
        knows = word in theirs or (theirs == "!" and word == "A")
        if theirs != "!":
            lists[two] = (word if hearer else theirs) if knows else "AB"
        if mine != "!" and knows and speaker:
            lists[one] = word
    return lists.count("A") / n, lists.count("B") / n


@pytest.mark.parametrize(("speaker", "hearer"), [(True, True), (False, True), (True, False)])
def test_paths_are_those_of_large_populations(speaker: bool, hearer: bool) -> None:
    """At random committed shares: 4,000 seats, 6 sweeps, within .03."""
    rng = np.random.default_rng(100)
    n, sweeps = 4000, 6
    committed = int(rng.integers(300, 900))
    path = follow_minority(committed / n, np.linspace(0, sweeps, 5), speaker, hearer)
    found = counted(rng, n, committed, sweeps, speaker, hearer)
    assert found == pytest.approx(path[-1].tolist(), abs=0.03)


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(StudyError, match="a committed share"):
        follow_minority(1.5, (0.0, 1.0))
