"""The same situation put otherwise leads to the same."""

import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.networks import Regular, Ring
from commonweal.core.questions import Choice, Scale
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.core.streams import Key
from commonweal.engine.compiled import run
from commonweal.minds.memory_one import MemoryOne
from commonweal.minds.scripted import Scripted
from commonweal.worlds.commons import Commons
from commonweal.worlds.network_game import NetworkGame
from commonweal.worlds.reframed import FRAMES, Reframed, Squared, framed, moved_by_squaring, turns_any

RECORD = ("acts", "payoff")


def payoffs(world, mind, network) -> np.ndarray:
    minds = Named.of(("own", mind), ("defector", MemoryOne.always_defect()))
    seating = Seating(24, Named.of(("defector", jnp.float32(0.25))), network=network)
    return run(Society(world, minds, seating), 6, 6, record=RECORD).traces["payoff"]


@pytest.mark.parametrize("per_contact", [False, True])
def test_minds_that_read_the_menu_do_the_same_with_options_in_reverse(per_contact):
    """Tit for tat has no draw to differ in: payoffs are the same to the unit."""
    plain = NetworkGame(per_contact=per_contact)
    one, two = (payoffs(world, MemoryOne.tit_for_tat(), Regular(6)) for world in (plain, Reframed(plain, mirrored=True)))
    assert np.array_equal(one, two)
    assert np.unique(one).size > 3


def test_the_default_is_another_answer():
    seats = Seating(4, network=Ring(2)).seat(("one",), Seating(4, network=Ring(2)).links(), Key.root(0))
    world = Reframed(NetworkGame(), mirrored=True)
    start = world.reset(Key.root(0), seats)
    question = world.menu(start.state, seats, start.endowment)["act"]
    assert isinstance(question, Choice)
    assert question.options == ("cooperate", "defect")
    assert question.serves.tolist() == [1.0, 0.0]


def test_squared_levels_are_squares_and_amounts_follow():
    plain, squared = Scale(jnp.float32(6.0)), Squared(jnp.float32(6.0))
    amounts = jnp.asarray([3.0, 6.0, 9.0, 12.0, 60.0])
    assert np.allclose(squared.level(amounts), np.asarray(plain.level(amounts)) ** 2)
    assert np.allclose(squared.level(squared.amount(jnp.asarray([0.1, 0.25, 1.0]))), [0.1, 0.25, 1.0], atol=1e-6)


def test_greed_of_four_on_the_squared_scale_takes_twice_the_fair_share():
    """Level 1/4 squared is level 1/2 of the world's own scale: 20 of 10 fair units."""
    society = Society(Reframed(Commons(), squared=True), Named.of(("own", Scripted(greed=4.0))), Seating(50))
    assert (run(society, 1, 1, record=RECORD).traces["act.harvest"] == 20).all()
    bare = Society(Commons(), Named.of(("own", Scripted(greed=2.0))), Seating(50))
    assert (run(bare, 1, 1, record=RECORD).traces["act.harvest"] == 20).all()


def test_muted_nothing_is_told_of_others():
    """Tit for tat that is told nothing plays its first move for ever."""
    world = Reframed(NetworkGame(per_contact=True), told=False)
    acts = run(
        Society(
            world,
            Named.of(("own", MemoryOne.tit_for_tat()), ("defector", MemoryOne.always_defect())),
            Seating(24, Named.of(("defector", jnp.float32(0.25))), network=Ring(2)),
        ),
        6,
        5,
        record=RECORD,
    ).traces["act.act"]
    assert (acts == acts[0]).all()


def test_what_can_be_changed_is_read_off_the_menu():
    def menu(world):
        seats = Seating(6).seat(("one",), None, Key.root(0))
        start = world.reset(Key.root(0), seats)
        return world.menu(start.state, seats, start.endowment)

    assert (moved_by_squaring(menu(Commons())), moved_by_squaring(menu(NetworkGame()))) == (True, False)
    assert (turns_any(menu(Commons())), turns_any(menu(NetworkGame()))) == (False, True)


def test_frames_keep_every_sentence():
    rules = Commons().rules()
    for frame in FRAMES:
        words = Reframed(Commons(), frame=frame).rules()
        assert words != rules
        assert all(sentence.strip(". ") in words for sentence in rules.split(". "))
    assert framed("One. Two!", "list") == "1. One.\n2. Two!"
    assert Reframed(Commons()).tick_name == "month"
    with pytest.raises(StudyError, match="frame"):
        Reframed(Commons(), frame="song")
