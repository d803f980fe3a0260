"""Does a lone cooperator take over a small network more often than chance would have it?

Ten seats on a ring play the donation game (benefit 8, cost 1) with every contact; one of them gives, nine do not. In each round
one seat is taken over by a neighbour's copy: under death-birth a seat falls vacant at random and its neighbours compete for it
by fitness, under birth-death (the negative control) parents are drawn from all by fitness and put their copy on any neighbour.
Weak selection under death-birth favours cooperators where b/c > (N - 2) / (N/k - 2): 2.67 with two contacts, 16 with four,
never with more; under birth-death never.

The theory of each cell is exact: the chain over all 2^10 ways to give two minds to ten seats.

Source: H. Ohtsuki, C. Hauert, E. Lieberman and M. Nowak, "A simple rule for the evolution of cooperation on graphs and social
networks", Nature 441 (2006); P. Taylor, T. Day and G. Wild, Nature 447 (2007), for the finite population.
"""

from __future__ import annotations

from typing import Literal

import jax.numpy as jnp

from commonweal.analysis.exact.graph_fixation import Selection, average_mutants, find_graph_fixation
from commonweal.analysis.exact.graphs import read_contacts
from commonweal.core import lens
from commonweal.core.named import Named
from commonweal.core.networks import Ring
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.institutions.moran import Moran
from commonweal.lab.study import Factor, Levels, Part, Primary, Study
from commonweal.metrics.fixation import Fixation
from commonweal.minds.memory_one import MemoryOne
from commonweal.worlds.network_game import NetworkGame

SEATS, BENEFIT, COST = 10, 8, 1
CONTACTS, SELECTION = "contacts of each seat", "strength of selection"
RINGS = (2, 4, 6, 8)
ROUNDS = 500

Order = Literal["death-birth", "birth-death"]


def exact(order: Order, contacts: int, selection: float) -> float:
    """The probability that one cooperator at a random seat of the ring takes over: from the chain of all 2^10 states."""
    game = ((BENEFIT - COST, -COST), (BENEFIT, 0.0))
    ring = read_contacts(Ring(contacts).contacts(SEATS))
    return average_mutants(find_graph_fixation(ring, Selection(order, game, selection)))


def _society(order: Order) -> Society:
    return Society(
        world=NetworkGame.donation(BENEFIT, COST),
        minds=Named.of(("keeper", MemoryOne.always_defect()), ("giver", MemoryOne.always_cooperate())),
        seats=Seating(SEATS, Named.of(("giver", jnp.float32(1 / SEATS))), network=Ring(2)),
        rules=Named.of(("evolution", Moran(order, 0.0, average=True))),
    )


def _part(order: Order, role: Literal["main", "control"]) -> Part:
    def theory(levels: Levels) -> float:
        return exact(order, int(levels[CONTACTS]), float(levels[SELECTION]))

    return Part(
        name=order,
        society=_society(order),
        factors=(
            Factor(CONTACTS, lens.graph(), RINGS, values=tuple(Ring(k) for k in RINGS)),
            Factor(SELECTION, lens.rule("evolution", Moran, lambda rule: rule.selection), (0.0, 0.05, 0.2)),
        ),
        ticks=ROUNDS,
        seeds=400,
        role=role,
        theory=theory,
    )


study = Study(
    name="lone-cooperator",
    question="Does a lone cooperator take over a network where each has few contacts?",
    parts=(_part("death-birth", "main"), _part("birth-death", "control")),
    metrics=Named.of(("took over", Fixation.of(_society("death-birth"), "giver"))),
    primary=Primary(
        metric="took over",
        part="death-birth",
        factor=CONTACTS,
        control=8,
        treatment=2,
        claim="A ring with two contacts for each seat instead of eight",
        outcome="the share of societies that a lone cooperator takes over",
    ),
    hypotheses=(
        "Under death-birth a lone cooperator takes over more often than 1 in 10 with two contacts, less often with more.",
        "Under birth-death it never does: the stronger selection, the rarer.",
    ),
    theory="exact: absorption in the chain over all 2^10 ways to give two minds to ten seats",
    doc="Where selection is 0 every mind is as fit as any, and a lone cooperator takes over in 1 of 10 societies: the null. "
    "The birth-death part is the negative control: the same game and the same networks, another order of birth and death.",
)
