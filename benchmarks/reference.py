"""The reference society: sixteen memory-one strategies with trembling hands, a sanction with a budget, imitation, newcomers.

Every seat plays the prisoner's dilemma with each of its 8 contacts on a random 8-regular graph, by that contact's history; a
levy pays for inspections, and who defected on most contacts is fined; seats imitate random contacts by the Fermi rule through
`heir`, and one in a thousand is given to a newcomer each round. All of it is parts of the catalogue through the public API.
"""

import jax.numpy as jnp

from commonweal.core.named import Named
from commonweal.core.networks import Regular
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.institutions.fermi import Fermi
from commonweal.institutions.sanction import Sanction
from commonweal.institutions.turnover import Turnover
from commonweal.minds.memory_one import MemoryOne
from commonweal.worlds.network_game import NetworkGame

STRATEGIES = 16
TREMBLE = 3 / 256


def pure(code: int) -> MemoryOne:
    """The pure memory-one strategy whose answers after CC, CD, DC, DD are the bits of a number from 0 to 15."""
    cc, cd, dc, dd = (float(code >> bit & 1) for bit in (3, 2, 1, 0))
    return MemoryOne(p_start=cc, cc=cc, cd=cd, dc=dc, dd=dd, tremble=TREMBLE)


def society(n: int) -> Society:
    """The reference society of n seats."""
    return Society(
        world=NetworkGame.dilemma(3, 0, 5, 1, per_contact=True),
        minds=Named.of(*((f"s{code:04b}", pure(code)) for code in range(STRATEGIES))),
        seats=Seating(
            n,
            Named.of(*((f"s{code:04b}", jnp.float32(1 / STRATEGIES)) for code in range(1, STRATEGIES))),
            network=Regular(8),
        ),
        rules=Named.of(
            ("sanction", Sanction(levy=1, fine=5, cost=1, spend=1 / 16, kept=0.05)),
            ("evolution", Turnover(Fermi(beta=0.1, rate=0.1), rate=0.001)),
        ),
    )
