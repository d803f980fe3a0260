"""The divergence of watched from unwatched acts: by hand, unbiased by simulation, and 0 where the cue is shuffled."""

import dataclasses

import jax.numpy as jnp
import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon

from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.metrics.audience_divergence import AudienceDivergence, jensen_shannon
from commonweal.testing import check_metric


def readings(told, untold):
    """One tick with so many acts of each kind."""
    both = (("told", told), ("untold", untold))
    return {f"{what}.{kind}": np.asarray([count]) for what, counts in both for kind, count in enumerate(counts)}


def test_the_divergence_is_that_of_scipy():
    rng = np.random.default_rng(1)
    for k in (2, 3, 7):
        p, q = rng.dirichlet(np.ones(k), 2)
        assert jensen_shannon(p, q) == pytest.approx(jensenshannon(p, q, base=2) ** 2)
    assert jensen_shannon((1, 0), (0, 1)) == 1.0
    assert jensen_shannon((0.3, 0.7), (0.3, 0.7)) == pytest.approx(0.0, abs=1e-15)


def test_counts_by_hand(month, measure):
    # Harvests of 10 meet the norm. Seats 0, 1 told; 2, 3 not; 4 has a mind that counts nothing; another mind's tally is added.
    def watched(harvest, codes, **menu):
        tick = month(harvest, **menu)
        split = jnp.asarray(codes, jnp.int32)
        own, other = jnp.where(jnp.arange(5) < 2, split, 0), jnp.where(jnp.arange(5) < 2, 0, split)
        tallies = Named.of(("a.audience", own), ("b.audience", other), ("a.other", split + 5))
        return dataclasses.replace(tick, tallies=tallies)

    one = watched([10, 10, 30, 30, 30], [2, 2, 1, 1, 0])
    metric = AudienceDivergence(last=2)
    assert {name: int(value) for name, value in metric.read(one).items()} == {
        "told.0": 0,
        "told.1": 2,
        "untold.0": 2,
        "untold.1": 0,
    }
    # No chance is taken off where shares are 0 or 1.
    assert measure(metric, one) == pytest.approx(1.0)
    two = watched([10, 10, 10, 30, 30], [2, 1, 2, 2, 1], vote=[1, 0, 1, 1, 0])
    assert measure(AudienceDivergence("vote"), two) == pytest.approx(1.0)
    # The last tick alone counts where last is 1.
    assert measure(AudienceDivergence(), one, two) == measure(AudienceDivergence(), two)
    assert measure(AudienceDivergence("vote"), month([10] * 5, vote=[0] * 5)) == 0.0


def test_on_average_it_is_the_divergence_of_what_the_acts_are_drawn_from():
    # 1,000 draws of few acts, at random chances: within 4 standard errors and the third order; without correction, far above.
    rng = np.random.default_rng(2)
    metric = AudienceDivergence()
    for k, n, m in ((2, 60, 90), (4, 150, 100)):
        for same in (True, False):
            p = rng.dirichlet(np.full(k, 4.0))
            q = p if same else rng.dirichlet(np.full(k, 4.0))
            told, untold = rng.multinomial(n, p, 1000), rng.multinomial(m, q, 1000)
            found = [metric.value(readings(*pair)) for pair in zip(told, untold, strict=True)]
            plain = [jensen_shannon(a / n, b / m) for a, b in zip(told, untold, strict=True)]
            truth, error = jensen_shannon(p, q), np.std(found) / np.sqrt(1000)
            assert abs(np.mean(found) - truth) < 4 * error + 5 / min(n, m) ** 2
            if same:
                assert np.mean(plain) > 8 * error


def test_a_shuffled_cue_has_no_divergence():
    # Acts that depend on the cue wholly: shuffled among acts, 0 on average.
    rng = np.random.default_rng(3)
    acts = np.r_[np.zeros(100, int), np.ones(140, int)]
    cue = acts == 1
    count = np.bincount
    assert AudienceDivergence().value(readings(count(acts[cue], minlength=2), count(acts[~cue], minlength=2))) == 1.0
    found = []
    for _ in range(1000):
        cue = rng.permutation(cue)
        found.append(AudienceDivergence().value(readings(count(acts[cue], minlength=2), count(acts[~cue], minlength=2))))
    assert abs(np.mean(found)) < 4 * np.std(found) / np.sqrt(1000) + 5e-4


def test_what_it_refuses(month, measure):
    with pytest.raises(StudyError, match="last 0 ticks"):
        AudienceDivergence(last=0)
    with pytest.raises(StudyError, match="norm level 2"):
        AudienceDivergence(standard=2.0)
    with pytest.raises(StudyError, match="no choice with one answer for all"):
        measure(AudienceDivergence("harvest"), month([1, 2]))


@pytest.mark.slow
def test_laws():
    check_metric(AudienceDivergence(last=2))
