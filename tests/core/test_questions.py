"""Questions: what is asked for is what comes on average, levels stay where the world put them, draws are legal and uniform.

Averages are held to five standard deviations of a bounded mean: 5 / (2 sqrt(n)).
"""

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonweal.core.errors import StudyError
from commonweal.core.questions import Amount, Choice, Record, Say, Scale, contact_bits, packed_chance, popcount
from commonweal.core.streams import Key

N = 4096
TOLERANCE = 5 / (2 * np.sqrt(N))
ASKED = jnp.ones(N, bool)
levels = st.floats(0, 1, width=32)


def amount(fair, high, taking=True, n=N, dtype=jnp.int32, low=0):
    full = jnp.zeros(n, dtype)
    return Amount(jnp.ones(n, bool), full + low, full + high, scale=Scale(jnp.asarray(fair, jnp.float32), taking))


@given(levels, st.floats(0.125, 40, width=32), st.integers(0, 2**31))
def test_expected_level_of_an_amount(level, fair, seed):
    # Any fair share, also less than one unit; below fair / high no legal amount is as bad, and the worst is taken.
    question = amount(fair, 50)
    found = question.level(question.at(jnp.full(N, level), Key.root(seed)))
    assert float(found.mean()) == pytest.approx(max(level, min(1.0, fair / 50)), abs=TOLERANCE)


@given(levels, st.integers(1, 40), st.integers(0, 2**31))
def test_expected_level_of_a_gift(level, fair, seed):
    question = amount(fair, 20, taking=False)
    found = question.level(question.at(jnp.full(N, level), Key.root(seed)))
    assert float(found.mean()) == pytest.approx(min(level, 20 / fair), abs=TOLERANCE)


@given(st.lists(levels, min_size=2, max_size=5, unique=True), levels, st.integers(0, 2**31))
def test_expected_level_of_a_choice(serves, level, seed):
    question = Choice(ASKED, tuple(map(str, range(len(serves)))), serves=jnp.asarray(serves, jnp.float32))
    act = question.at(jnp.full(N, level), Key.root(seed))
    assert bool(question.lawful(act).all())
    expected = min(max(level, min(serves)), max(serves))
    assert float(question.level(act).mean()) == pytest.approx(expected, abs=TOLERANCE)
    if len(serves) > 2:
        # Drawn between the two nearest: nothing further away is ever chosen.
        near = {max([s for s in serves if s <= level], default=min(serves)), min([s for s in serves if s >= level], default=1)}
        assert {float(x) for x in np.unique(question.level(act))} <= {float(np.float32(x)) for x in near} | {max(serves)}


def test_choice_between_legal_answers_only():
    # Levels 0, .5, 1 with the middle closed to the second half: they draw between the ends instead.
    legal = jnp.ones((N, 3), bool).at[N // 2 :, 1].set(False)
    question = Choice(ASKED, ("no", "half", "all"), serves=jnp.array([0.0, 0.5, 1.0]), legal=legal)
    act = question.at(jnp.full(N, 0.5), Key.root(0))
    assert (act[: N // 2] == 1).all()
    assert not (act[N // 2 :] == 1).any()
    assert float(question.level(act[:]).mean()) == pytest.approx(0.5, abs=TOLERANCE)
    assert question.lawful(jnp.ones(N, jnp.int32)).tolist() == [True] * (N // 2) + [False] * (N // 2)


@given(levels, st.integers(0, 2**31))
def test_expected_level_over_contacts(level, seed):
    to = jnp.tile(jnp.array([[1, 2, 3, -1]]), (N, 1))
    question = Choice(ASKED, ("defect", "cooperate"), serves=jnp.array([0.25, 1.0]), to=to)
    found = question.level(question.at(jnp.full(N, level), Key.root(seed)))
    assert float(found.mean()) == pytest.approx(max(level, 0.25), abs=TOLERANCE)


def test_packed_levels_by_hand():
    # 3 contacts of 4 slots; bits beyond them do not count. Levels 0 and 1: the share of bits that are set.
    question = Choice(
        jnp.ones(3, bool), ("defect", "cooperate"), serves=jnp.array([0.0, 1.0]), to=jnp.array([[1, 2, 0, -1]] * 3, jnp.int32)
    )
    np.testing.assert_allclose(question.level(jnp.array([0b0111, 0b1001, 0b1000], jnp.uint8)), [1.0, 1 / 3, 0.0], rtol=1e-6)
    assert contact_bits(question.to).tolist() == [0b0111] * 3
    assert popcount(jnp.arange(256, dtype=jnp.uint8)).tolist() == [bin(i).count("1") for i in range(256)]


@pytest.mark.parametrize("probability", [0.0, 0.1, 0.5, 0.937, 1.0])
def test_packed_chance(probability):
    packed = np.asarray(packed_chance(jnp.full(N, probability), Key.root(4), 5))
    bits = packed[:, None] >> np.arange(8) & 1
    assert (bits[:, 5:] == 0).all()
    spread = np.sqrt(probability * (1 - probability) / N)
    assert (np.abs(bits[:, :5].mean(0) - probability) <= 5 * spread).all()
    if spread:
        assert np.abs(np.corrcoef(bits[:, :5].T) - np.eye(5)).max() < 5 / np.sqrt(N)


def test_greed_takes_exact_multiples_of_whole_fair_shares():
    # Level 1/g is g fair shares: always, not on average.
    for fair in (1, 7, 10, 33):
        for greed in (1, 2, 3, 5, 7, 11):
            act = amount(fair, 10_000).at(jnp.full(N, 1 / greed), Key.root(fair))
            assert np.unique(act).tolist() == [greed * fair]


@given(levels, st.integers(1, 1000), st.integers(1, 60))
def test_levels_do_not_move_with_population_or_unit(level, seats, unit):
    # The same share of a common stock, 20 units a seat of which half may be taken: 10 each, however many seats or grams.
    stock = 20 * seats
    question = amount(unit * stock / 2 / seats, unit * stock, n=8)
    harvest = jnp.arange(8, dtype=jnp.int32) * 5 * unit
    np.testing.assert_allclose(question.level(harvest), [1, 1, 1, 2 / 3, 1 / 2, 2 / 5, 1 / 3, 2 / 7], rtol=1e-6)


def test_real_amounts_meet_their_level_exactly():
    question = amount(4.0, 100.0, dtype=jnp.float32)
    assert not question.whole
    level = jnp.linspace(0.04, 1.0, N)
    np.testing.assert_allclose(question.level(question.at(level, Key.root(0))), level, rtol=1e-6)
    drawn = np.asarray(question.draw(Key.root(1)))
    assert drawn.min() >= 0
    assert drawn.max() <= 100
    assert drawn.mean() == pytest.approx(50, abs=100 * TOLERANCE)


def test_a_seat_may_have_a_fair_share_of_its_own():
    question = amount(jnp.array([5.0, 20.0]), 100, n=2)
    assert question.at(jnp.array([0.5, 0.5]), Key.root(0)).tolist() == [10, 40]
    assert question.level(jnp.array([10, 10])).tolist() == [0.5, 1.0]


@pytest.mark.parametrize("fair", [0.0, 10.0])
def test_nothing_is_the_only_level_where_nothing_is_fair(fair):
    # A fair share of 0: taking nothing serves the others fully, taking anything not at all; giving has nothing to give.
    taking, giving = amount(fair, 9, n=2), amount(fair, 9, taking=False, n=2)
    assert taking.level(jnp.array([0, 9])).tolist() == ([1.0, 0.0] if fair == 0 else [1.0, 1.0])
    assert giving.level(jnp.array([0, 9])).tolist() == ([1.0, 1.0] if fair == 0 else [0.0, pytest.approx(0.9)])
    assert bool(taking.lawful(taking.at(jnp.array([0.0, 1.0]), Key.root(0))).all())


def test_lawful_answers():
    plain = Choice(jnp.ones(4, bool), ("a", "b", "c"))
    assert plain.lawful(jnp.array([-1, 0, 2, 3])).tolist() == [False, True, True, False]
    number = amount(1, 9, n=3, low=2)
    assert number.lawful(jnp.array([1, 2, 10])).tolist() == [False, True, False]
    named = Amount(jnp.ones(2, bool), jnp.zeros((2, 3), jnp.int32), jnp.full((2, 3), 5), to=jnp.zeros((2, 3), jnp.int32))
    assert named.lawful(jnp.array([[0, 5, 5], [0, 6, 0]])).tolist() == [True, False]
    assert Say(jnp.ones(3, bool)).lawful(jnp.array([-2, -1, 7])).tolist() == [False, True, True]
    vector = Say(jnp.ones(2, bool), size=2)
    assert vector.lawful(jnp.array([[0, 1024], [-1025, 0]])).tolist() == [True, False]
    both = Record(jnp.ones(2, bool), ("x", "y"), (Choice(jnp.ones(2, bool), ("a", "b")), amount(1, 9, n=2)))
    assert both.lawful((jnp.array([0, 1]), jnp.array([10, 9]))).tolist() == [False, True]


def questions():
    """One question of every kind, with its default."""
    to = jnp.tile(jnp.array([[1, 2, 3]]), (N, 1))
    pick = Choice(ASKED, ("a", "b", "c"), legal=jnp.tile(jnp.array([[True, False, True]]), (N, 1)))
    gifts = Amount(ASKED, jnp.zeros((N, 3), jnp.int32), jnp.full((N, 3), 4), to=to)
    return {
        "choice": (Choice(ASKED, ("a", "b", "c")), 0),
        "legal": (pick, 0),
        "contacts": (Choice(ASKED, ("a", "b"), to=to), 0),
        "amount": (amount(1, 9, low=2), 2),
        "gifts": (gifts, 0),
        "say": (Say(ASKED, phrases=("x", "y")), -1),
    }


@pytest.mark.parametrize("name", list(questions()))
def test_draws_are_legal_and_uniform(name):
    # Chi-square at p = 1e-6 over the legal answers; the default is answer 0, the least amount, silence.
    from scipy import stats

    question, default = questions()[name]
    assert np.unique(question.default()).tolist() == [default]
    act = question.draw(Key.root(2))
    assert act.dtype == question.default().dtype
    assert act.shape == question.default().shape
    assert bool(question.lawful(act).all())
    legal = {"choice": range(3), "legal": (0, 2), "contacts": range(256), "amount": range(2, 10), "gifts": range(5)}
    counts = np.array([(np.asarray(act) == value).sum() for value in legal.get(name, (-1, 0, 1))])
    assert counts.sum() == act.size
    assert stats.chisquare(counts).pvalue > 1e-6


def test_questions_without_a_scale_stand_at_one():
    for question, default in questions().values():
        if not question.scaled:
            assert np.unique(question.level(question.default())).tolist() == [1.0]
            assert np.unique(question.at(jnp.zeros(N), Key.root(0))).tolist() == [default]


def test_announcements():
    speak = Say(jnp.ones(4, bool), phrases=("all", "half", "share"), promises=(0.0, 0.5, 1.0))
    assert speak.announce(jnp.array([0.1, 0.4, 0.6, 0.9])).tolist() == [0, 1, 1, 2]
    assert Say(jnp.ones(2, bool)).announce(jnp.ones(2)).tolist() == [-1, -1]
    vector = Say(jnp.ones(N, bool), size=2)
    assert vector.default().shape == (N, 2)
    assert np.linalg.norm(vector.draw(Key.root(0)), axis=1) == pytest.approx(1024, abs=1)


def test_records_stand_at_the_mean_of_their_scales():
    asked = jnp.ones(N, bool)
    vote = Choice(asked, ("no", "yes"))
    coin = Choice(asked, ("keep", "give"), serves=jnp.array([0.0, 1.0]))
    record = Record(asked, ("harvest", "vote", "coin"), (amount(10, 50), vote, coin))
    assert record.scaled
    act = (jnp.full(N, 20), jnp.ones(N, jnp.int32), jnp.zeros(N, jnp.int32))
    assert np.unique(record.level(act)).tolist() == [0.25]
    found = record.at(jnp.full(N, 0.6), Key.root(1))
    assert float(record.level(found).mean()) == pytest.approx(0.6, abs=TOLERANCE)
    assert [np.unique(part).tolist() for part in record.default()] == [[0], [0], [0]]
    assert bool(record.lawful(record.draw(Key.root(3))).all())
    assert np.unique(Record(asked, ("vote",), (vote,)).level((act[1],))).tolist() == [1.0]


@pytest.mark.parametrize(
    "shape",
    [{"options": ("a", "b", "c"), "k": 2}, {"options": ("a", "b"), "k": 9}, {"options": ("a", "b"), "k": 2, "legal": True}],
)
def test_what_cannot_be_packed_is_refused(shape):
    legal = jnp.ones((2, 2), bool) if shape.get("legal") else None
    with pytest.raises(StudyError, match="at most 8 contacts"):
        Choice(jnp.ones(2, bool), shape["options"], legal=legal, to=jnp.zeros((2, shape["k"]), jnp.int32))


def test_draws_from_the_full_range_are_legal():
    question = amount(1, 2**31 - 1)
    assert bool(question.lawful(question.draw(Key.root(0))).all())


def test_amounts_at_a_level_stay_in_ranges_that_float32_misses():
    """Bounds from 2^24 to 2^31 - 1, which float32 rounds up or down: legal at every level, and exact at the ends."""
    random = np.random.default_rng(24)
    high = np.concatenate([[2**24 + 1, 2**24 + 3, 2**30 + 1, 2**31 - 1], random.integers(2**24, 2**31, 60)])
    low = np.concatenate([[0, 2**24 + 3, 2**30 - 1, 2**31 - 1], random.integers(0, high[4:] + 1)])
    for taking in (True, False):
        bounds = jnp.asarray(low, jnp.int32), jnp.asarray(high, jnp.int32)
        question = Amount(jnp.ones(64, bool), *bounds, scale=Scale(jnp.asarray(high, jnp.float32), taking))
        for level in (0.0, 0.3, 0.999, 1.0, random.random(64)):
            acts = question.at(jnp.broadcast_to(jnp.asarray(level, jnp.float32), 64), Key.root(1))
            assert bool(question.lawful(acts).all())
        most = question.at(jnp.full(64, 0.0 if taking else 1.0), Key.root(1))
        # Taking without bound is taking 10^9.
        assert (np.asarray(most) == high)[high <= (10**9 if taking else 2**31)].all()
    small = Amount(jnp.ones(1, bool), jnp.asarray([3]), jnp.asarray([9]), scale=Scale(jnp.float32(6.0)))
    assert [int(small.at(jnp.asarray([level]), Key.root(0))[0]) for level in (0.0, 0.75, 1.0)] == [9, 8, 6]
