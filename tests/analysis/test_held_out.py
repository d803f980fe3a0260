"""Recorded minds match the groups of players like them, and no others: what individuals do need not make what groups do."""

import numpy as np
import pytest

from commonweal.analysis.held_out import (
    collective_statistics,
    read_groups,
    record_of,
    simulate,
    simultaneous_ranges,
    split,
    validate,
)
from commonweal.core.errors import LogError, StudyError
from commonweal.minds.record import Record

LIKE = Record(np.ones((3, 3, 2)), source="planted")


def planted(seed: int, memory: int = 1, correlated: bool = False, groups: int = 60) -> np.ndarray:
    """Groups of four over 20 ticks, by numpy: conditional cooperators who look one or two ticks back, or unlike groups."""
    rng = np.random.default_rng(seed)
    levels = np.zeros((groups, 4, 20))
    own = rng.beta(0.5, 0.5, (groups, 1))
    for tick in range(20):
        chance = np.full((groups, 4), 0.6)
        if correlated:
            chance = np.broadcast_to(own, chance.shape)
        elif tick >= memory:
            last = levels[:, :, tick - memory]
            told = (last.sum(1, keepdims=True) - last) / 3
            chance = 0.15 + 0.6 * (told >= 0.5) + 0.1 * last
        levels[:, :, tick] = rng.random((groups, 4)) < chance
    return levels


def verdicts(seeds, **given) -> list:
    return [validate(*split(planted(seed, **given), 0.5, seed), LIKE, 199, 1000 * seed) for seed in seeds]


def test_conditional_cooperators_are_matched():
    # 14 of 140 true records were refused (nominal 5 in 100): at that rate more than 8 of 30 have a chance of .002 (binomial).
    found = verdicts(range(30))
    assert sum(not own.passed for own in found) <= 8
    train, _ = split(planted(0), 0.5, 0)
    assert found[0].record == record_of(train, LIKE).digest
    assert found[0].groups == (30, 30)


def test_groups_that_differ_and_longer_memories_are_not_matched():
    # The individual conditionals are those of the record, and collective statistics are not: the warning of Robinson (1950).
    for given, telling in (({"correlated": True}, "between-group variance"), ({"memory": 2}, "within-group variance")):
        found = verdicts(range(8), **given)
        assert sum(own.passed for own in found) <= 1
        failed = [row.name for own in found for row in own.statistics if not row.passed]
        assert failed.count(telling) >= 6


def test_simulated_groups_are_the_chain_of_their_record():
    # Two members who copy each other's last answer: after a first draw of both, the group's mean never moves.
    copy = np.zeros((3, 3, 2), int)
    copy[0, 0] = [1, 1]
    copy[1:, 1, 0] = copy[1:, 2, 1] = 1
    levels = simulate([Record(copy), Record(copy)], 2, 8, 500)
    assert levels.shape == (2, 500, 2, 8)
    assert np.array_equal(levels[..., 2:], levels[..., :-2])
    assert np.array_equal(levels[:, :, 0, 1:], levels[:, :, 1, :-1])
    # First answers are fair coins, each group on its own: 4.5 standard errors.
    first = levels[..., 0].mean((0, 1))
    assert np.abs(first - 0.5).max() < 4.5 * 0.5 / np.sqrt(1000)
    assert not np.array_equal(levels[0], levels[1])


def test_statistics_by_hand():
    # One group always at 1, one always at 0: all variance is between them, and persistence is whole.
    apart = np.stack([np.ones((2, 8)), np.zeros((2, 8))])
    assert collective_statistics(apart).tolist() == [0.5, 0.5, 0.5, 0.5, 0.25, 0.0, 1.0, 0.5, 0.5]
    # Members that take turns: the groups are alike, all variance is within.
    turns = np.tile(np.asarray([[0.0, 1.0] * 4, [1.0, 0.0] * 4]), (2, 1, 1))
    assert collective_statistics(turns).tolist() == [0.5, 0.5, 0.5, 0.5, 0.0, 0.25, 0.0, 0.0, 0.0]
    # Groups that alternate against each other.
    swing = np.stack([np.tile([0.0, 1.0], (2, 4)), np.tile([1.0, 0.0], (2, 4))])
    assert collective_statistics(swing)[6] == pytest.approx(-1.0)
    assert collective_statistics(np.stack([apart, turns])).shape == (2, 9)


def test_ranges_hold_together_as_often_as_they_say():
    # Nine correlated normals: all lie in their ranges together in 95 of 100, by simulation, within 4 standard errors.
    rng = np.random.default_rng(1)
    inside = []
    for _ in range(1500):
        drawn = rng.standard_normal((200, 9)) + rng.standard_normal((200, 1))
        low, high = simultaneous_ranges(drawn[1:])
        inside.append(((low <= drawn[0]) & (drawn[0] <= high)).all())
    assert abs(np.mean(inside) - 0.95) < 4 * np.sqrt(0.95 * 0.05 / 1500)
    low, high = simultaneous_ranges(np.ones((99, 2)))
    assert ((low < 1) & (high > 1) & (high - low < 1e-6)).all()


def test_splits_keep_groups_whole():
    groups = planted(3, groups=10)
    train, held = split(groups, 0.3, 5)
    assert (len(train), len(held)) == (3, 7)
    both = np.concatenate([train, held]).reshape(10, -1)
    assert sorted(map(tuple, both)) == sorted(map(tuple, groups.reshape(10, -1)))
    assert np.array_equal(split(groups, 0.3, 5)[0], train)
    for share in (0.0, 0.1, 0.95):
        with pytest.raises(StudyError, match="at least two groups"):
            split(groups, share)


def test_what_cannot_be_compared_is_refused():
    train, held = split(planted(0))
    gaps = held.copy()
    gaps[0, 0, 0] = np.nan
    for wrong in (held[:, :3], held[:, :, :19], gaps):
        with pytest.raises(StudyError, match="same members and ticks"):
            validate(train, wrong, LIKE)
    with pytest.raises(StudyError, match="at least 2, 2, 4 and 99"):
        validate(train, held, LIKE, 98)
    with pytest.raises(StudyError, match="at least 2, 2, 4 and 99"):
        validate(train, held[:1], LIKE)


def test_groups_are_read_from_a_file(tmp_path):
    groups = planted(2, groups=3)
    rows = [f"session {g},{g}-{n},{t + 1},{groups[g, n, t]:g}" for t in range(20) for n in (2, 0, 3, 1) for g in (1, 0, 2)]
    path = tmp_path / "d.csv"
    path.write_text("\n".join(["group,subject,tick,answer", *rows]))
    assert np.array_equal(read_groups(path), groups)
    path.write_text("\n".join(["group,subject,tick,answer", *rows[:-1]]))
    assert np.isnan(read_groups(path)).sum() == 1
    path.write_text("\n".join(["group,subject,tick,answer", *rows, rows[0]]))
    with pytest.raises(StudyError, match="decides twice"):
        read_groups(path)
    path.write_text("\n".join(["group,subject,tick,answer", *(row for row in rows if "0-3" not in row)]))
    with pytest.raises(StudyError, match="expected one size"):
        read_groups(path)
    path.write_text("group,subject,answer\n1,1,1\n")
    with pytest.raises(LogError, match="expected tick too"):
        read_groups(path)
