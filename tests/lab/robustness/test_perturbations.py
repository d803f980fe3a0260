"""Which changes a society admits, and what each is."""

import dataclasses

import jax.numpy as jnp
import numpy as np
import pytest

from commonweal.core import lens
from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.networks import Regular, Ring, WattsStrogatz
from commonweal.core.seats import Links, Seating
from commonweal.core.society import Society
from commonweal.engine.compiled import run
from commonweal.institutions.audit import Audit
from commonweal.institutions.fermi import Fermi
from commonweal.institutions.notice import Notice
from commonweal.institutions.turns import Turns
from commonweal.lab.robustness.basis import Basis, basis_of
from commonweal.lab.robustness.perturbations import CUE, FINER, perturbations, resized, rewired
from commonweal.lab.study import Factor, Part, Primary, Study
from commonweal.metrics.welfare import Welfare
from commonweal.minds.forgetful import Forgetful
from commonweal.minds.language import Language
from commonweal.minds.memory_one import MemoryOne
from commonweal.minds.scripted import Scripted
from commonweal.models.embedded import EmbeddedModel
from commonweal.worlds.commons import Commons
from commonweal.worlds.network_game import NetworkGame
from commonweal.worlds.reframed import Reframed


def basis(society: Society, factor: Factor, *others: Factor, ticks: int = 8) -> Basis:
    levels = factor.levels
    main = Part("main", society, (factor, *others), ticks, 5)
    primary = Primary("welfare", "main", factor.label, levels[0], levels[-1], "It")
    return basis_of(Study("tried", "Is it?", (main,), Named.of(("welfare", Welfare())), primary))


def commons(mind=None) -> Basis:
    society = Society(
        Commons(),
        Named.of(("one", mind or Scripted()), ("two", Scripted(greed=2.0))),
        Seating(8, Named.of(("two", jnp.float32(0.5)))),
        Named.of(("audit", Audit(detect=0.0, cost=1, payer="all"))),
    )
    return basis(society, Factor("detection", lens.rule("audit", Audit, lambda rule: rule.detect), (0.0, 0.5)))


def game(network=None, factor: Factor | None = None) -> Basis:
    society = Society(
        NetworkGame(),
        Named.of(("one", MemoryOne.tit_for_tat()), ("two", MemoryOne.always_defect())),
        Seating(20, Named.of(("two", jnp.float32(0.5))), network=Ring(4) if network is None else network),
        Named.of(("copying", Fermi(beta=0.2))),
    )
    return basis(society, factor or Factor("temptation", lens.world(NetworkGame, lambda world: world.temptation), (4, 5)))


def axes(of: Basis) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for change in perturbations(of, None):
        try:
            change.make()
        except StudyError:
            continue
        found.setdefault(change.axis, []).append(change.what)
    return found


def made(of: Basis, axis: str, at: int = 0) -> Part:
    return [change for change in perturbations(of, None) if change.axis == axis][at].make()


def test_the_commons_has_no_contacts_options_or_words_to_change():
    assert set(axes(commons())) == {"fresh seeds", "scheduler", "memory", "population", "horizon", "payoff units", CUE}


def test_a_game_on_a_network_has_contacts_and_options():
    found = axes(game())
    assert {"agent order", "option order", "topology", "memory"} <= set(found)
    assert len(found["topology"]) == 3
    assert "payoff units" not in found  # the primary factor is in ledger units itself


def test_a_society_without_memory_has_none_to_lose():
    fair = Named.of(("one", Presentist()), ("two", Presentist()))
    own = dataclasses.replace(commons().part.society, minds=fair)
    found = basis(own, Factor("detection", lens.rule("audit", Audit, lambda rule: rule.detect), (0.0, 0.5)))
    assert "memory" not in axes(found)


class Presentist(Scripted):
    """A mind that says it looks at nothing but now."""

    memory_depth = 0


@pytest.mark.parametrize("network", [Ring(4), Regular(6, seed=2), WattsStrogatz(6, 0.3, seed=4)])
def test_other_networks_have_as_many_contacts(network):
    own = game(network)
    for change in perturbations(own, None):
        if change.axis == "topology" and "everybody" not in change.what:
            other = change.make().society.seats.network
            assert type(other) is not type(network)
            degree = float(jnp.mean(Links.of(other, 20).degree))
            assert degree == pytest.approx(float(jnp.mean(Links.of(network, 20).degree)), abs=1.0)


def test_a_factor_of_networks_is_rewired_level_by_level():
    contacts = Factor("contacts", lens.graph(), (2, 8), values=(Ring(2), Ring(8)))
    part = rewired(game(factor=contacts), Regular)
    assert part.factors[0].values == (Regular(2), Regular(8))
    alike = Factor("contacts", lens.graph(), ("ring", "random"), values=(Ring(4), Regular(4)))
    with pytest.raises(StudyError, match="one network"):
        rewired(game(factor=alike), Ring)


def test_size_is_doubled_where_it_is_not_the_question():
    assert resized(commons(), 16).society.seats.n == 16
    size = Factor("seats", lens.size(), (4, 8))
    with pytest.raises(StudyError, match="primary factor"):
        resized(basis(commons().part.society, size), 16)
    other = basis(commons().part.society, commons().factor, size)
    assert resized(other, 16).factors[1].levels == (16,)


def test_schedule_memory_and_cue_are_rules_and_minds_around():
    own = commons()
    assert isinstance(made(own, "scheduler").society.rules.values[0], Turns)
    assert made(own, "scheduler").society.rules.names[0] == "turns"
    assert all(isinstance(mind, Forgetful) for mind in made(own, "memory").society.minds.values)
    cue = made(own, CUE)
    assert isinstance(cue.society.rules["notice"], Notice)
    assert [cell[CUE] for cell in cue.cells()] == [0.0, 1.0, 0.0, 1.0]
    assert float(cue.society_of(cue.cells()[1]).rules["notice"].reach) == 1.0


def test_finer_units_change_nothing_but_the_unit():
    """A game with Fermi copying: payoffs ten times as many units, and every act and copy the same."""
    factor = Factor("selection share", lens.share("two"), (0.25, 0.5))
    own = game(factor=factor)
    plain, fine = own.part, made(own, "payoff units")
    logs = [run(part.society_of(part.cells()[1]), 3, 8, record=("acts", "payoff", "mind")) for part in (plain, fine)]
    assert np.array_equal(logs[0].traces["act.act"], logs[1].traces["act.act"])
    assert np.array_equal(logs[0].traces["mind"], logs[1].traces["mind"])
    assert np.array_equal(FINER * logs[0].traces["payoff"], logs[1].traces["payoff"])


def test_what_is_per_unit_cannot_be_varied_and_rescaled_at_once():
    selection = Factor("selection", lens.rule("copying", Fermi, lambda rule: rule.beta), (0.1, 0.4))
    assert "payoff units" not in axes(game(factor=selection))


def test_language_minds_are_retold_reframed_and_forget_their_notes():
    own = commons(Language(persona="You fish.", disposition="You want the fish to last."))
    found = axes(own)
    assert (len(found["persona"]), len(found["wording"]), len(found["memory"])) == (3, 3, 2)
    retold = [made(own, "persona", at).society.minds["one"] for at in range(3)]
    assert len({(mind.persona, mind.disposition) for mind in retold}) == 3
    assert all("fish" in mind.persona + mind.disposition for mind in retold)
    assert made(own, "memory").society.minds["one"].memory.slots == 0
    assert isinstance(made(own, "wording").society.world, Reframed)
    assert "model family" not in found


def test_a_second_model_takes_the_seats_of_language_minds():
    own = commons(Language(persona="You fish."))
    second = EmbeddedModel()
    (change,) = [change for change in perturbations(own, second) if change.axis == "model family"]
    assert change.make().society.minds["one"].model is second
    assert second.name in change.what
