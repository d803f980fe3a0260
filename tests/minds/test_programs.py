"""Programs in societies: the same payoffs as the same strategies compiled; what a relation's text holds."""

import asyncio
import dataclasses

import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.networks import Ring
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.core.views import Ask, Words
from commonweal.engine.compiled import run
from commonweal.engine.hosted import advance, run_hosted, run_sync
from commonweal.engine.saved import load, save
from commonweal.engine.trial import begin
from commonweal.institutions.fermi import Fermi
from commonweal.minds.memory_one import MemoryOne
from commonweal.minds.programs import LONGEST_RELATION, Program, ProgramMind, legal_move
from commonweal.minds.strategies import Lookback
from commonweal.minds.strategist import Strategist
from commonweal.worlds.network_game import NetworkGame


class TwoTats(Program):
    """Tit for two tats, with a state of its own."""

    tats: int = 2

    def begin(self, seed):
        row = [0]

        def move(mine, theirs):
            if theirs:
                row[0] = 0 if theirs[-1] else row[0] + 1
            return int(row[0] < self.tats)

        return move


class Coin(Program):
    """Cooperates where its own generator says so."""

    def begin(self, seed):
        rng = np.random.default_rng(seed)
        return lambda mine, theirs: int(rng.random() < 0.5)


def society(mind, *rules):
    minds = Named.of(
        ("defect", MemoryOne.always_defect()), ("suspicious", MemoryOne(0.0, 1.0, 0.0, 1.0, 0.0)), ("program", mind)
    )
    share = Named.of(("suspicious", jnp.float32(0.3)), ("program", jnp.float32(0.4)))
    return Society(NetworkGame(per_contact=True), minds, Seating(10, share, network=Ring(4)), Named.of(*rules))


def words(**changes):
    asks = tuple(Ask(f"act/{slot}", "choice", options=("defect", "cooperate"), answers=(0, 1)) for slot in (0, 1))
    made = Words(0, 3, "", "", "", "", ("5 17 RT", "6 18 RS"), asks, contacts=(5, 6, -1), mine=(0, 1, 0), theirs=(0, 1, 0))
    return dataclasses.replace(made, **changes)


def answer(mind, given, key=1):
    return asyncio.run(mind.act(given, key))


def test_a_program_earns_what_its_compiled_twin_earns():
    programs = run_sync(run_hosted(society(ProgramMind(TwoTats())), 3, 6, record=("purse", "acts")))
    compiled = run(society(Strategist(Lookback.tit_for_two_tats())), 3, 6, record=("purse", "acts"))
    assert programs.traces["purse"].tolist() == compiled.traces["purse"].tolist()
    assert programs.traces["act.act"].tolist() == compiled.traces["act.act"].tolist()


def test_programs_evolve_are_saved_and_resumed(tmp_path):
    given = society(ProgramMind(Coin(), tremble=0.1), ("imitation", Fermi(beta=0.2)))
    whole = run_sync(run_hosted(given, 5, 6, record=("acts", "mind")))
    assert whole.readings["seats.born"].sum() > 0
    half = run_sync(advance(begin(given, 5, record=("acts", "mind")), 3))
    save(half, tmp_path / "half.npz")
    assert run_sync(advance(load(tmp_path / "half.npz", given), 3)).log().digest == whole.digest


def test_a_relation_grows_by_its_last_round():
    # R: both cooperated, S: only it did, T: only the other, P: neither.
    found = answer(ProgramMind(TwoTats()), words())
    assert found.remember[:2] == ("5 17 RTP", "6 18 RSR")
    assert found.remember[2].split(" ")[0] == "-1"
    assert found.acts == {"act/0": 1, "act/1": 1}
    twice = answer(ProgramMind(TwoTats()), words(memory=("5 17 RS", "6 18 RSP")))
    assert twice.acts == {"act/0": 0, "act/1": 1}
    untold = answer(ProgramMind(TwoTats()), words(mine=(), theirs=()))
    assert untold.remember[:2] == ("5 17 RT", "6 18 RS")


def test_a_relation_begins_anew_with_a_new_mind_or_contact():
    born = answer(ProgramMind(TwoTats()), words(born=True, memory=("5 17 PP", "6 18 PP")))
    assert born.acts == {"act/0": 1, "act/1": 1}
    assert [text.split(" ")[2] for text in born.remember] == ["", "", ""]
    moved = answer(ProgramMind(TwoTats()), words(contacts=(7, 6, -1), memory=("5 17 PP", "6 18 PP"), theirs=(0, 0, 0)))
    assert moved.acts == {"act/0": 1, "act/1": 0}
    assert moved.remember[0].startswith("7 ")


def test_seeds_differ_by_relation_and_are_kept():
    mind = ProgramMind(Coin())
    first = answer(mind, words(memory=(), born=True), key=2)
    seeds = [text.split(" ")[1] for text in first.remember]
    assert len(set(seeds)) == 3
    later = answer(mind, words(memory=first.remember), key=3)
    assert [text.split(" ")[1] for text in later.remember] == seeds


def test_tremble_flips_moves():
    # Binomial, 4 standard errors: 400 moves of a program that would cooperate, e = .25.
    found = [answer(ProgramMind(TwoTats(), tremble=0.25), words(memory=(), born=True), key) for key in range(200)]
    slips = [1 - act for decision in found for act in decision.acts.values()]
    assert np.mean(slips) == pytest.approx(0.25, abs=4 * np.sqrt(0.25 * 0.75 / 400))


def test_what_it_cannot_do_is_refused():
    long = words(memory=("5 17 " + "R" * LONGEST_RELATION, "6 18 R"))
    with pytest.raises(StudyError, match="3901 rounds"):
        answer(ProgramMind(TwoTats()), long)
    with pytest.raises(StudyError, match=r"a tremble of 0\.9"):
        ProgramMind(TwoTats(), tremble=0.9)


def test_a_society_shows_its_program():
    text = str(society(ProgramMind(TwoTats())))
    assert "TwoTats(tats=2)" in text
    assert society(ProgramMind(TwoTats())).digest != society(ProgramMind(TwoTats(tats=3))).digest


@pytest.mark.parametrize("move", ["D", 2, None, 0.5])
def test_a_move_that_is_none_is_refused(move):
    assert [legal_move(fine) for fine in (0, 1, True, np.int64(1))] == [0, 1, 1, 1]
    with pytest.raises(StudyError, match="expected 0"):
        legal_move(move)
