"""Seating: shares to the nearest seat, nested as a share grows, mistakes refused."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.networks import Regular
from commonweal.core.seats import Links, Seating
from commonweal.core.streams import Key

MINDS = ("civil", "ruthless", "saint")


def seating(n=40, ruthless=0.0, saint=0.0, **more):
    return Seating(n, Named.of(("ruthless", jnp.float32(ruthless)), ("saint", jnp.float32(saint))), **more)


def seated(n=40, ruthless=0.0, saint=0.0, seed=0, **more):
    return np.asarray(seating(n, ruthless, saint, **more).seat(MINDS, None, Key.root(seed)).mind)


@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 2**31))
def test_counts_are_the_shares(ruthless, saint, seed):
    saint = min(saint, 40 - ruthless)
    found = seated(40, ruthless / 40, saint / 40, seed)
    assert np.bincount(found, minlength=3).tolist() == [40 - ruthless - saint, ruthless, saint]


def test_counts_go_to_the_nearest_seat():
    # 5 seats: .1 is half a seat, which is rounded up; .09 is none; .29 is one.
    assert [int((seated(5, share) == 1).sum()) for share in (0.09, 0.1, 0.29, 0.3, 0.5, 1.0)] == [0, 1, 1, 2, 3, 5]


@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 2**31))
def test_seats_of_a_small_share_are_among_those_of_a_larger(low, high, seed):
    low, high = sorted((low, high))
    assert ((seated(40, low / 40, seed=seed) == 1) <= (seated(40, high / 40, seed=seed) == 1)).all()


def test_places_are_random_but_only_by_key():
    # Each seat is ruthless with probability 1/4: binomial, 5 standard deviations; in blocks when not shuffled.
    often = np.mean([seated(40, 0.25, seed=seed) == 1 for seed in range(400)], axis=0)
    assert np.abs(often - 0.25).max() < 5 * np.sqrt(0.25 * 0.75 / 400)
    assert (seated(40, 0.25, seed=3) == seated(40, 0.25, seed=3)).all()
    assert seated(5, 0.4, 0.2, shuffled=False).tolist() == [1, 1, 2, 0, 0]


def test_share_may_be_traced():
    def count(share):
        recipe = Seating(40, Named.of(("ruthless", share)))
        return (recipe.seat(MINDS[:2], None, Key.root(0)).mind == 1).sum()

    assert jax.vmap(count)(jnp.array([0.0, 0.25, 1.0])).tolist() == [0, 10, 40]


def test_links_are_those_of_the_network():
    links = seating(network=Regular(4)).links()
    assert isinstance(links, Links)
    assert links.full
    np.testing.assert_array_equal(links.to, Regular(4).contacts(40))
    assert seating().links() is None
    assert seating().seat(MINDS, links, Key.root(0)).links is links


@pytest.mark.parametrize(
    ("given_values", "message"),
    [
        ({"n": 0}, "0 seats; expected at least 1"),
        ({"ruthless": 1.5}, "share of 'ruthless' is 1.5"),
        ({"ruthless": -0.1}, "share of 'ruthless' is -0.1"),
        ({"ruthless": 0.7, "saint": 0.7}, "shares add up to 1.4"),
        ({"card": jnp.zeros(3, jnp.int32)}, "card has 3 rows for 40 seats"),
        ({"groups": jnp.zeros((2, 1), bool)}, "groups has 2 rows for 40 seats"),
    ],
)
def test_mistakes_are_refused(given_values, message):
    with pytest.raises(StudyError, match=message):
        seating(**given_values)


def test_shares_that_fill_everything_are_fine():
    assert np.bincount(seated(10, 0.7, 0.3), minlength=3).tolist() == [0, 7, 3]


def arrived(shares, seed=0, n=20_000, **more):
    newcomers = None if shares is None else Named.of(*((name, jnp.float32(share)) for name, share in shares.items()))
    return np.asarray(seating(n, newcomers=newcomers, **more).arrive(MINDS, Key.root(seed)))


@given(st.floats(0, 1, width=32), st.floats(0, 1, width=32), st.integers(0, 2**31))
def test_newcomers_have_the_minds_of_their_shares(ruthless, saint, seed):
    saint = min(saint, 1 - ruthless)
    found = np.bincount(arrived({"ruthless": ruthless, "saint": saint}, seed), minlength=3) / 20_000
    for share, own in zip((1 - ruthless - saint, ruthless, saint), found, strict=True):
        assert abs(own - share) <= 5 * np.sqrt(max(share * (1 - share), 0) / 20_000) + 1e-4


def test_newcomers_are_as_the_founders_unless_told_otherwise():
    assert np.array_equal(arrived(None, ruthless=0.25, saint=0.5), arrived({"ruthless": 0.25, "saint": 0.5}))
    assert set(arrived({"saint": 1.0}, ruthless=1.0).tolist()) == {2}
    assert set(arrived({}, ruthless=1.0).tolist()) == {0}


def test_shares_of_newcomers_may_be_traced():
    def often(share):
        recipe = Seating(1000, newcomers=Named.of(("ruthless", share)))
        return (recipe.arrive(MINDS[:2], Key.root(0)) == 1).sum()

    counts = jax.vmap(often)(jnp.array([0.0, 0.25, 1.0])).tolist()
    assert counts[::2] == [0, 1000]
    assert abs(counts[1] - 250) < 4 * np.sqrt(1000 * 0.25 * 0.75)


def test_mistakes_about_newcomers_are_refused():
    for shares, message in (
        ({"ruthless": 1.5}, "share of newcomers of 'ruthless' is 1.5"),
        ({"ruthless": 0.7, "saint": 0.7}, "shares of newcomers add up to 1.4"),
    ):
        with pytest.raises(StudyError, match=message):
            arrived(shares)
    for name in ("civil", "nobody"):
        recipe = Seating(5, newcomers=Named.of((name, jnp.float32(0.5))))
        with pytest.raises(StudyError, match=f"share of newcomers is given for '{name}'"):
            recipe.seat(MINDS, None, Key.root(0))
