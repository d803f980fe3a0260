"""Players of the Axelrod library here and there: the same moves, the same scores, the same refusals.

The library is an extra that is not installed by default: without it these tests skip, but for the error that says so. Run
with axelrod 4.14.0.
"""

import asyncio
import importlib.util
import warnings

import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.networks import Ring
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.engine.hosted import run_hosted
from commonweal.engine.matches import match
from commonweal.engine.tournament import tournament
from commonweal.interop.axelrod_players import AxelrodPlayer
from commonweal.minds.memory_one import MemoryOne
from commonweal.minds.programs import ProgramMind
from commonweal.minds.strategies import Contrite, Gradual, Grim, Lookback, Majority, Omega
from commonweal.worlds.network_game import NetworkGame

INSTALLED = importlib.util.find_spec("axelrod") is not None
needs_library = pytest.mark.skipif(
    not INSTALLED, reason="the Axelrod library is not installed: pip install 'commonweal[axelrod]'"
)
if INSTALLED:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import axelrod as axl

TWINS = {
    "TitForTat": MemoryOne.tit_for_tat(),
    "TitFor2Tats": Lookback.tit_for_two_tats(),
    "TwoTitsForTat": Lookback.two_tits_for_tat(),
    "Grudger": Grim(),
    "GoByMajority": Majority(),
    "HardGoByMajority": Majority(hard=True),
    "WinStayLoseShift": MemoryOne.win_stay_lose_shift(),
    "OriginalGradual": Gradual(),
    "WinShiftLoseStay": Lookback.win_shift_lose_stay(),
    "ContriteTitForTat": Contrite(),
    "OmegaTFT": Omega(),
    "Cooperator": MemoryOne.always_cooperate(),
    "Defector": MemoryOne.always_defect(),
    "Alternator": MemoryOne(1.0, 0.0, 0.0, 1.0, 1.0),
}


def letters(acts):
    return "".join("DC"[int(act)] for act in acts)


def theirs(first, second, turns):
    """The library's own match without noise, as two words."""
    return ["".join(map(str, side)) for side in zip(*axl.Match((first, second), turns=turns, seed=1).play(), strict=True)]


@pytest.mark.skipif(INSTALLED, reason="the Axelrod library is installed")
def test_without_the_library_it_says_what_to_install():
    with pytest.raises(StudyError, match=r"commonweal\[axelrod\]"):
        AxelrodPlayer(object())


@needs_library
@pytest.mark.parametrize("name", TWINS)
def test_our_strategies_move_as_the_librarys(name):
    # Against 12 random fixed lines of 60 acts: ours, the adapter's and the library's own match are one.
    rng = np.random.default_rng(1)
    for share in np.linspace(0.1, 0.9, 12):
        line = "".join(rng.choice(["C", "D"], 60, p=[share, 1 - share]))
        expected = theirs(getattr(axl, name)(), axl.Cycler(line), 60)
        other = AxelrodPlayer(axl.Cycler(line))
        for own in (TWINS[name], AxelrodPlayer(getattr(axl, name)())):
            played = match(own, other, 60)
            assert [letters(played.first[:, 0]), letters(played.second[:, 0])] == expected


@needs_library
def test_a_tournament_without_noise_has_the_librarys_payoffs():
    players = [getattr(axl, name)() for name in TWINS]
    results = axl.Tournament(players, turns=20, repetitions=1, seed=1).play(progress_bar=False)
    expected = np.array(results.payoff_matrix)
    compiled = tournament(Named.of(*TWINS.items()), turns=20)
    assert compiled.payoff.tolist() == pytest.approx(expected)
    seated = Named.of(*((name, AxelrodPlayer(player)) for name, player in zip(TWINS, players, strict=True)))
    assert tournament(seated, turns=20).earned.tolist() == compiled.earned.tolist()


@needs_library
def test_longer_programs_play_here_as_there():
    # Deterministic players with histories of their own, in a match of the two.
    pairs = (
        (axl.OmegaTFT(), axl.EvolvedLookerUp2_2_2()),
        (axl.BackStabber(), axl.Gradual()),
        (axl.Adaptive(), axl.Cycler("CCD")),
    )
    for one, other in pairs:
        expected = theirs(one.clone(), other.clone(), 80)
        played = match(AxelrodPlayer(one, length=80), AxelrodPlayer(other, length=80), 80)
        assert [letters(played.first[:, 0]), letters(played.second[:, 0])] == expected
    # BackStabber defects in the last two turns, if it is told which those are.
    told, untold = (AxelrodPlayer(axl.BackStabber(), length=length) for length in (10, None))
    cooperator = MemoryOne.always_cooperate()
    assert [letters(match(own, cooperator, 10).first[:, 0]) for own in (told, untold)] == ["CCCCCCCCDD", "CCCCCCCCCC"]


@needs_library
def test_every_short_running_strategy_of_the_library_plays_here():
    # Without chance: the moves of the library's own match. With chance: the same moves from the same seed.
    line, turns, counted = axl.Cycler("CCDCDDDCC"), 25, 0
    for strategy in axl.short_run_time_strategies:
        seated, other = AxelrodPlayer(strategy(), length=turns), AxelrodPlayer(line, length=turns)
        played = match(seated, other, turns, seed=1)
        if axl.Classifiers["stochastic"](strategy()):
            assert np.array_equal(match(seated, other, turns, seed=1).first, played.first), strategy
        else:
            assert letters(played.first[:, 0]) == theirs(strategy(), line.clone(), turns)[0], strategy
            counted += 1
    assert counted > 100


@needs_library
def test_noise_reaches_the_players_history():
    # Tit for tat repeats what came out, a slip of the other too: bit for bit our own with the same draws.
    for seed in range(3):
        seated = match(AxelrodPlayer(axl.TitForTat()), AxelrodPlayer(axl.WinStayLoseShift()), 100, seed, 0.1)
        own = match(MemoryOne.tit_for_tat(), MemoryOne.win_stay_lose_shift(), 100, seed, 0.1)
        assert letters(seated.first[:, 0]) == letters(own.first[:, 0])
        assert letters(seated.second[:, 0]) == letters(own.second[:, 0])
    # The library's contrite player remembers what it meant to play, and forgives as ours does on the whole.
    contrite = match(AxelrodPlayer(axl.ContriteTitForTat()), AxelrodPlayer(axl.ContriteTitForTat()), 300, 1, 0.01, matches=4)
    assert contrite.first.mean() > 0.9


@needs_library
def test_chance_comes_from_the_seed():
    coin = AxelrodPlayer(axl.Random(0.3))
    one, again, other = (match(coin, AxelrodPlayer(axl.Cooperator()), 400, seed, matches=4) for seed in (1, 1, 2))
    assert np.array_equal(one.first, again.first)
    assert not np.array_equal(one.first, other.first)
    assert len({letters(row) for row in one.first.T}) == 4
    # Binomial, 4 standard errors.
    assert one.first.mean() == pytest.approx(0.3, abs=4 * np.sqrt(0.3 * 0.7 / 1600))


@needs_library
def test_what_looks_inside_its_opponent_is_refused():
    with pytest.raises(StudyError, match="inspects_source, manipulates_state"):
        AxelrodPlayer(axl.Darwin())


@needs_library
def test_seated_in_a_society():
    # By hand, four rounds: TFT with TFT 3 a round; AllD meets TFT for 5 and then 1, TFT for 0 and then 1; AllD with AllD 1.
    minds = Named.of(("tft", ProgramMind(AxelrodPlayer(axl.TitForTat()))), ("defect", MemoryOne.always_defect()))
    society = Society(NetworkGame(per_contact=True), minds, Seating(8, Named.of(("defect", jnp.float32(0.5))), network=Ring(4)))
    log = asyncio.run(run_hosted(society, 5, 4, record=("purse", "mind")))
    defects = log.traces["mind"][-1] == 1
    neighbours = defects[Ring(4).contacts(8)]
    worth = np.where(defects[:, None], np.where(neighbours, 4, 5 + 3), np.where(neighbours, 0 + 3, 12))
    assert log.traces["purse"][-1].tolist() == worth.sum(1).tolist()
    assert "Tit For Tat" in str(society)
    other = Society(society.world, minds.replace("tft", ProgramMind(AxelrodPlayer(axl.Random(0.3)))), society.seats)
    assert other.digest != society.digest
