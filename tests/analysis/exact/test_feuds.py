"""Feuds of two: against memory-one chains, a closed form, the whole distribution by hand, and the bound on generosity."""

from collections import defaultdict
from itertools import product

import numpy as np
import pytest

from commonweal.analysis.exact.feuds import Feud, Fighter, fight, find_generosity, find_spread, meet
from commonweal.analysis.exact.memory_one_games import (
    Dilemma,
    add_tremble,
    find_limit_states,
    find_mean_states,
    open_game,
    score,
)
from commonweal.core.errors import StudyError


def memory_one(who: Fighter, misread: float, tremble: float):
    """A fighter with grudges of one round as probabilities of holding back after CC, CD, DC, DD, and at first."""
    calm, struck = 1 - who.attack, 1 - ((1 - who.forgive) * who.retaliate + who.forgive * who.attack)
    after = [(1 - misread) * calm + misread * struck, (1 - misread) * struck + misread * calm] * 2
    return add_tremble(after, tremble), add_tremble(calm, tremble)


def test_grudges_of_one_round_are_memory_one() -> None:
    draws = np.random.default_rng(1992)
    for _ in range(8):
        one, other = (Fighter(*draws.uniform(0, 1, 3)) for _ in range(2))
        misread, tremble = draws.uniform(0, 0.3, 2)
        (p, first), (q, start) = (memory_one(who, misread, tremble) for who in (one, other))
        opening = open_game(first, start)
        assert meet(one, other, misread, tremble).states == pytest.approx(find_limit_states(p, q, opening), abs=1e-12)
        mean = find_mean_states(p, q, opening, 7)
        assert meet(one, other, misread, tremble, rounds=7).states == pytest.approx(mean, abs=1e-12)


def test_a_feud_of_two_memory_one_players_is_geometric() -> None:
    """1 / (1 - q), q = ((1 - m)(1 - f))^2; and with trembles alone, tit for tat against itself, q = (1 - e)^2."""
    draws = np.random.default_rng(7)
    for misread, forgive in draws.uniform(0.01, 0.4, (8, 2)):
        one = Fighter(forgive=forgive)
        expected = 1 / (1 - ((1 - misread) * (1 - forgive)) ** 2)
        assert meet(one, one, misread).length == pytest.approx(expected, rel=1e-9)
        assert meet(Fighter(), Fighter(), 0.0, misread).length == pytest.approx(1 / (1 - (1 - misread) ** 2), rel=1e-9)


def test_misread_tit_for_tat_wanders_through_all_four_states_alike() -> None:
    """As for trembles: whatever the noise, half of all acts are attacks in the long run."""
    assert meet(Fighter(), Fighter(), 0.07).states == pytest.approx([0.25] * 4)


def paths(one: Fighter, other: Fighter, worth, misread: float, tremble: float, rounds: int):
    """Distribution of (sum, rounds of mutual attack, feuds begun) by following every path, step by step."""
    now = {(0, 0, False, 0.0, 0, 0): 1.0}
    for _ in range(rounds):
        then = defaultdict(float)
        for (g, h, mutual, total, fought, begun), weight in now.items():
            odds = [w.retaliate if left else w.attack for w, left in ((one, g), (other, h))]
            odds = [(1 - 2 * tremble) * p + tremble for p in odds]
            for acts, wrong, drops in product(product((0, 1), repeat=2), product((0, 1), repeat=2), product((0, 1), repeat=2)):
                chance = weight
                for act, p in zip(acts, odds, strict=True):
                    chance *= p if act else 1 - p
                for slip in wrong:
                    chance *= misread if slip else 1 - misread
                for drop, who in zip(drops, (one, other), strict=True):
                    chance *= who.forgive if drop else 1 - who.forgive
                grudges = []
                for who, left, seen, drop in ((one, g, acts[1] ^ wrong[0], drops[0]), (other, h, acts[0] ^ wrong[1], drops[1])):
                    grudges.append(0 if drop else who.grudge if seen else max(left - 1, 0))
                both = acts == (1, 1)
                key = (*grudges, both, total + worth[2 * acts[0] + acts[1]], fought + both, begun + (both and not mutual))
                then[key] += chance
        now = then
    return now


def test_longer_grudges_against_every_path() -> None:
    draws = np.random.default_rng(3)
    for grudges in ((2, 1), (3, 0)):
        one, other = (Fighter(*draws.uniform(0.1, 0.9, 3), grudge) for grudge in grudges)
        worth, (misread, tremble), rounds = draws.integers(-3, 4, 4), draws.uniform(0, 0.3, 2), 4
        found = paths(one, other, worth, misread, tremble, rounds)
        fought, begun = (sum(weight * key[at] for key, weight in found.items()) for at in (4, 5))
        mean = sum(weight * key[3] for key, weight in found.items())
        square = sum(weight * key[3] ** 2 for key, weight in found.items())
        feud = meet(one, other, misread, tremble, rounds)
        assert feud.length == pytest.approx(fought / begun)
        assert feud.states[3] * rounds == pytest.approx(fought)
        spread = find_spread(one, other, worth, misread, tremble, rounds)
        assert (spread.mean, spread.variance) == pytest.approx((mean, square - mean**2))
        assert feud.states @ worth * rounds == pytest.approx(mean)


def test_longer_grudges_make_longer_feuds_and_forgiveness_shorter_ones() -> None:
    assert np.all(np.diff([meet(Fighter(grudge=g), Fighter(grudge=g), 0.05).length for g in (1, 2, 4, 8)]) > 0)
    assert np.all(np.diff([meet(Fighter(forgive=f), Fighter(forgive=f), 0.05).length for f in (0.0, 0.1, 0.5)]) < 0)
    never = meet(Fighter(grudge=0), Fighter(grudge=0), 0.05)
    assert (never.length, never.states.tolist()) == (0.0, pytest.approx([1, 0, 0, 0]))


def test_nobody_gains_by_exploiting_who_forgives_no_more_than_the_bound() -> None:
    """Nowak and Sigmund (1992): against generous tit for tat all 16 deterministic memory-one players, either first move."""
    draws = np.random.default_rng(1992)
    assert find_generosity(Dilemma()) == pytest.approx(1 / 3)
    games = [Dilemma()]
    while len(games) < 8:
        S, P, R, T = np.cumsum(draws.uniform(0.3, 3, 4))
        if 2 * R > T + S:
            games.append(Dilemma(R, S, T, P))
    players = np.asarray(list(product((0.0, 1.0), repeat=4)))
    for game in games:
        bound = find_generosity(game)
        for forgive, exploited in ((bound - 0.02, False), (bound + 0.02, True)):
            generous = np.asarray([1.0, forgive, 1.0, forgive])
            best = max(
                float(score(find_limit_states(players, generous, open_game(first, 1.0)), game).max()) for first in (0.0, 1.0)
            )
            assert (best > game.reward + 1e-9) == exploited


def test_a_fight_pays_as_hawk_and_dove_and_may_be_a_dilemma() -> None:
    assert fight(2, 6).own.tolist() == [1, 0, 2, -2]
    assert find_generosity(fight(8, 2, 2)) == pytest.approx(min(1 - 2 / 4, 3 / 5))
    hawk, dove = Fighter(attack=1), Fighter(grudge=0)
    assert [meet(*pair).score(fight(2, 6)) for pair in product((hawk, dove), repeat=2)] == pytest.approx([-2, 2, 0, 1])


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(StudyError, match="grudge"):
        Fighter(grudge=-1)
    with pytest.raises(StudyError, match="perception"):
        meet(Fighter(), Fighter(), 1.5)
    with pytest.raises(StudyError, match="T > R > P > S"):
        find_generosity(fight(2, 6))
    assert Feud(np.eye(4)[0], 0.0).score(fight(2, 6)) == 1
