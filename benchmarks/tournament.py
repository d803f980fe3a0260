"""All pairs of memory-one strategies with noise: ours, and Axelrod's tournament, in one run, both on one core.

One turn is one in which both players move. Ours: 512 x 512 ordered pairs, each with itself too, as one call of `tournament`
(keys, counts, payoffs and all). Axelrod's: 32 players, each unordered pair once, fresh Python objects; it keeps every act of
every match, which ours does not, and our ratio is to its matches alone, without its results.
"""

import json

from benchmarks.machine import Row, ours, peak_mb, peer, rates, say

PLAYERS, TURNS, NOISE = 512, 200, 0.01
PEERS = 32
AXELROD = ("axelrod==4.14.0", "torch==2.13.0")


def measure() -> list[Row]:
    """Ours and Axelrod's rows, and the ratio."""
    import numpy as np

    genes = np.random.default_rng(0).random((PEERS, 4)).round(6).tolist()
    own, others = ours("tournament"), peer("axelrod_tournament", AXELROD, TURNS, NOISE, json.dumps(genes))
    for row in own:
        for other in others:
            row["times_axelrod"] = float(row["per_core_s"]) / float(other["per_core_s"])
    return [*own, *others]


def _ours() -> Row:
    import jax.numpy as jnp
    import numpy as np

    from commonweal.core.named import Named
    from commonweal.engine.tournament import tournament
    from commonweal.minds.memory_one import MemoryOne

    drawn = np.random.default_rng(0).random((4, PLAYERS)).astype(np.float32)
    entrants = Named.of(("random", MemoryOne(jnp.ones(PLAYERS), *map(jnp.asarray, drawn))))
    turns = PLAYERS * PLAYERS * TURNS
    found = rates(lambda: tournament(entrants, turns=TURNS, tremble=NOISE), turns, 7)
    found["compile_s"] = float(found.pop("first_run_s")) - turns / float(found["per_core_s"])
    return {"who": "commonweal", "players": PLAYERS, "turns": TURNS, **found, "memory_mb": peak_mb()}


if __name__ == "__main__":
    say(_ours())
