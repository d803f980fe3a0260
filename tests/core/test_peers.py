"""Peers against plain loops: who they are, what comes back, budgets and prices."""

import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core.errors import StudyError
from commonweal.core.networks import Regular
from commonweal.core.peers import Circle, priced, within_budget
from commonweal.core.seats import Links, Seats


def seats(n: int, network: object = None, groups: object = None) -> Seats:
    """Seats of one mind."""
    links = None if network is None else Links.of(network, n)
    return Seats(jnp.zeros(n, jnp.int32), links, None if groups is None else jnp.asarray(groups))


@pytest.mark.parametrize(("n", "most"), [(1, 8), (2, 8), (7, 6), (7, 8), (12, 4), (40, 7)])
def test_being_peers_is_mutual_and_what_is_done_comes_back(n: int, most: int) -> None:
    random = np.random.default_rng(n)
    slots = Circle(most=most).slots(seats(n))
    to, back = np.asarray(slots.to), np.asarray(slots.back)
    if n - 1 <= most:
        assert [sorted(row) for row in to.tolist()] == [[j for j in range(n) if j != i] for i in range(n)]
    points = random.integers(0, 9, to.shape)
    met = np.asarray(slots.met(jnp.asarray(points)))
    for i in range(n):
        assert len(set(to[i].tolist())) == to.shape[1]
        for slot, j in enumerate(to[i]):
            assert to[j, back[i, slot]] == i
            assert met[i, slot] == points[j, back[i, slot]]


def test_contacts_and_groups() -> None:
    by_contact = Circle("contacts").slots(seats(12, Regular(4)))
    assert (np.asarray(by_contact.to) == np.asarray(Links.of(Regular(4), 12).to)).all()
    random = np.random.default_rng(3)
    groups = random.random((9, 3)) < 0.4
    to = np.asarray(Circle("group", most=8).slots(seats(9, groups=groups)).to)
    for i in range(9):
        fellows = {j for j in range(9) if j != i and (groups[i] & groups[j]).any()}
        assert {j for j in to[i].tolist() if j >= 0} == fellows


def test_budgets_cut_in_proportion_and_prices_add_up() -> None:
    random = np.random.default_rng(4)
    points = random.integers(0, 30, (50, 5))
    cut = np.asarray(within_budget(jnp.asarray(points, jnp.int32), jnp.int32(20)))
    for row, own in zip(points.tolist(), cut.tolist(), strict=True):
        assert own == (row if sum(row) <= 20 else [point * 20 // sum(row) for point in row])
    assert np.asarray(priced(jnp.asarray(points, jnp.int32), jnp.int32(7))).tolist() == (points.sum(1) * 7).tolist()
    assert int(priced(jnp.full((1, 5), 1000, jnp.int32), jnp.int32(10**6))[0]) == 2**30


def test_what_cannot_be_is_refused() -> None:
    for given, words in (({"scope": "none"}, "expected one of"), ({"most": 1}, "at least 2"), ({"stage": 2}, "stage 2 of 1")):
        with pytest.raises(StudyError, match=words):
            Circle(**given)  # pyright: ignore[reportArgumentType]
    with pytest.raises(StudyError, match="no network"):
        Circle("contacts").begin(seats(5))
    with pytest.raises(StudyError, match="no groups"):
        Circle("group").begin(seats(5))
