"""Namers: every list of random societies replayed with plain sets, and the published numbers of the naming game."""

import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core import lens
from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.core.streams import Key
from commonweal.engine.compiled import advance, run_batch
from commonweal.engine.trial import begin
from commonweal.metrics.names_in_use import NamesInUse
from commonweal.metrics.tipped import Tipped
from commonweal.minds.namers import Namer, _drawn
from commonweal.testing import check_mind
from commonweal.worlds.commons import Commons
from commonweal.worlds.naming_game import NamingGame

HELD = Named.of(("names", NamesInUse()))


@pytest.mark.slow
def test_laws() -> None:
    check_mind(Namer(), NamingGame())
    check_mind(Namer(40, imitates=0.5, first=39), NamingGame(names=tuple(f"n{i}" for i in range(40)), form="together"))


def listed(bits) -> list[set[int]]:
    """Lists as sets."""
    return [{32 * c + b for c, word in enumerate(row) for b in range(32) if int(word) >> b & 1} for row in np.asarray(bits)]


def test_draws_are_uniform_over_each_list() -> None:
    """A random list of 70 names, 6,000 draws: only its names, chi-square within 5 deviations; of no list, none."""
    draws = np.random.default_rng(7)
    own = sorted(draws.choice(70, 23, replace=False).tolist())
    row = np.zeros(3, np.uint32)
    for name in own:
        row[name // 32] |= np.uint32(1 << name % 32)
    found = np.asarray(_drawn(jnp.broadcast_to(jnp.asarray(row), (6000, 3)), Key.root(3)))
    names, counts = np.unique(found, return_counts=True)
    assert names.tolist() == own
    assert abs(((counts - 6000 / 23) ** 2 / (6000 / 23)).sum() - 22) < 5 * np.sqrt(44)
    assert _drawn(jnp.zeros((2, 3), jnp.uint32), Key.root(3)).tolist() == [-1, -1]


@pytest.mark.parametrize("form", ["asked", "together"])
def test_lists_are_those_of_sets(form) -> None:
    """36 seats of random genes, 40 ticks: what each said, knew, and holds, by plain sets."""
    n, draws = 36, np.random.default_rng(2006)
    genes = {
        "speaker_forgets": draws.random(n) < 0.5,
        "hearer_forgets": draws.random(n) < 0.5,
        "committed": np.where(draws.random(n) < 0.15, draws.integers(0, n, n), -1),
        "first": np.where(draws.random(n) < 0.3, draws.integers(0, 5, n), -1),
        "imitates": (draws.random(n) < 0.2).astype(float),
    }
    society = Society(NamingGame(form=form), Named.of(("namer", Namer(**genes))), Seating(n))
    trial = begin(society, 5, HELD, ("acts",))
    start = np.where(genes["committed"] >= 0, genes["committed"], genes["first"])
    lists = [set() if name < 0 else {int(name)} for name in start]
    assert listed(trial.state.minds[0].names) == lists
    for _ in range(40):
        partner, first = np.asarray(trial.state.world.pairing.partner), np.asarray(trial.state.world.pairing.first)
        hearing = bool(trial.state.world.hearing)
        if not hearing:
            held = [len(own) for own in lists], len(set().union(*lists))
        trial = advance(trial, 1)
        act = {name: trial.traces[f"act.{name}"][-1] for name in society.world.menu(
            trial.state.world, trial.state.seats, trial.state.purse).names}  # fmt: skip
        if not hearing:
            said = [int(word) if f or form == "together" else -1 for word, f in zip(act["word"], first, strict=True)]
            assert (trial.readings["names.held"][-1], trial.readings["names.different"][-1]) == (sum(held[0]), held[1])
            assert all(word in lists[i] or (not lists[i] and word == i) for i, word in enumerate(said) if word >= 0)
        if hearing or form == "together":
            before = [set(own) for own in lists]
            for i in range(n):
                j = int(partner[i])
                word, mine = said[j], said[i]
                if genes["committed"][i] >= 0:
                    continue
                if form == "together":
                    good = word == mine
                elif first[i]:
                    good, word = mine in before[j], -1
                else:
                    good = word in before[i]
                copies = genes["imitates"][i] == 1 and word >= 0
                forgets = genes["speaker_forgets" if mine >= 0 else "hearer_forgets"][i]
                if mine >= 0:
                    new = before[i] | ({mine, word} if word >= 0 else {mine})
                    lists[i] = ({mine} if forgets else before[i] | {mine}) if good else ({word} if copies else new)
                else:
                    lists[i] = {word} if copies or (good and forgets) else before[i] | {word}
            if hearing:
                known = [said[partner[i]] in before[i] and not first[i] for i in range(n)]
                assert (act["known"] == 1).tolist() == known
    assert len({frozenset(own) for own in lists}) > 1


def agreed(logs, n: int, pairs: int) -> np.ndarray:
    """Exchanges until all lists hold one name, peak of all names, when that was, peak of different ones. [r, 4]"""
    rows = []
    for log in logs:
        held, different = log.readings["names.held"][::2], log.readings["names.different"][::2]
        one = (held == n) & (different == 1)
        assert one.any()
        rows.append((one.argmax() * pairs, held.max(), held.argmax() * pairs, different.max()))
    return np.asarray(rows, float)


def played(rng: np.random.Generator, n: int) -> tuple[int, int, int]:
    """The naming game in plain Python: exchanges to consensus, peak of all names, peak of different names."""
    lists: list[list[int]] = [[] for _ in range(n)]
    peak = different = exchanges = 0
    while any(len(own) != 1 or own != lists[0] for own in lists):
        one, other = rng.choice(n, 2, replace=False)
        if not lists[one]:
            lists[one] = [int(one)]
        word = lists[one][rng.integers(len(lists[one]))]
        if word in lists[other]:
            lists[one], lists[other] = [word], [word]
        else:
            lists[other].append(word)
        exchanges += 1
        peak, different = max(peak, sum(map(len, lists))), max(different, len(set().union(*lists)))
    return exchanges, peak, different


def test_one_pair_at_a_time_is_the_game_in_plain_python() -> None:
    """Twenty seats: mean time to consensus and both peaks, within 4 standard errors."""
    n = 20
    logs = run_batch(Society(NamingGame(pairs=1), Named.of(("namer", Namer())), Seating(n)), (), range(120), 3000, HELD)
    ours = agreed(logs, n, 1)[:, [0, 1, 3]]
    rng = np.random.default_rng(2006)
    theirs = np.asarray([played(rng, n) for _ in range(120)], float)
    error = np.sqrt((ours.var(0) + theirs.var(0)) / 120)
    assert (np.abs(ours.mean(0) - theirs.mean(0)) < 4 * error).all()


@pytest.mark.slow
def test_imitators_are_voters() -> None:
    """A name that copies are made of wins with its share at first: .3 of 20 seats, 400 trials, 4 standard errors."""
    society = Society(
        NamingGame(names=("A", "B")),
        Named.of(("b", Namer(2, first=1, imitates=1.0)), ("a", Namer(2, first=0, imitates=1.0))),
        Seating(20, Named.of(("a", jnp.float32(0.3)))),
    )
    logs = run_batch(society, (), range(400), 600, Named.of(("tipped", Tipped())))
    assert abs(np.mean([log.values["tipped"] for log in logs]) - 0.3) < 4 * np.sqrt(0.21 / 400)


@pytest.mark.slow
def test_the_published_numbers_of_a_hundred_seats() -> None:
    """Oracle D, one pair at a time: 2,405 (36) exchanges, peak 401 names, at 634, 49.7 different; 200 trials, 4 errors."""
    n = 100
    logs = run_batch(Society(NamingGame(pairs=1), Named.of(("namer", Namer())), Seating(n)), (), range(200), 14_000, HELD)
    found = agreed(logs, n, 1)
    error = np.sqrt(found.var(0) / 200 + np.asarray([36.0, 3.0, 10.0, 0.4]) ** 2)
    assert (np.abs(found.mean(0) - [2405, 401, 634, 49.7]) < 4 * error).all()


@pytest.mark.slow
def test_the_search_for_a_name_takes_n_to_the_one_and_a_half() -> None:
    """By perfect matchings, not one pair at a time: exponents of time (n from 2,000) and memory (from 1,000) are 1.4 to 1.6."""
    means = {}
    for n in (1000, 2000, 4000):
        society = Society(NamingGame(), Named.of(("namer", Namer())), Seating(n))
        means[n] = agreed(run_batch(society, (), range(8), round(9 * n**0.5), HELD), n, n // 2).mean(0)
    sizes = np.log(list(means))
    time, peak, when, _ = np.log(np.stack(list(means.values()))).T
    assert 1.4 < (time[2] - time[1]) / np.log(2) < 1.6
    assert 1.4 < np.polyfit(sizes, peak, 1)[0] < 1.6
    assert 1.4 < np.polyfit(sizes, when, 1)[0] < 1.7


@pytest.mark.slow
def test_a_committed_minority_tips_a_thousand_seats_between_nine_and_ten_in_a_hundred() -> None:
    """Oracle D: within 500 sweeps .01 of societies at .09, all at .10; 40 trials each, by perfect matchings."""
    society = Society(
        NamingGame(names=("A", "B")),
        Named.of(("people", Namer(2, first=1)), ("minority", Namer(2, committed=0))),
        Seating(1000, Named.of(("minority", jnp.float32(0.1)))),
    )
    shares = [0.09] * 40 + [0.10] * 40
    logs = run_batch(society, ((lens.share("minority"), shares),), [*range(40)] * 2, 2000, Named.of(("tipped", Tipped())))
    tipped = np.asarray([log.values["tipped"] for log in logs]).reshape(2, 40).mean(1)
    assert tipped[0] <= 0.1
    assert tipped[1] >= 0.95


def test_what_cannot_be_is_refused() -> None:
    for wrong in ({"words": 1}, {"committed": -2}, {"words": 2, "first": 2}, {"imitates": 1.5}):
        with pytest.raises(StudyError, match="namer"):
            Namer(**wrong)
    for world, match in ((NamingGame(names=("A", "B")), "give it words=2"), (Commons(), "expected the question 'word'")):
        with pytest.raises(StudyError, match=match):
            advance(begin(Society(world, Named.of(("namer", Namer(3))), Seating(4)), 0), 1)
