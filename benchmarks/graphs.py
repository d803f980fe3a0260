"""Networks: how long a recipe takes to become contacts with both ends known, and networkx's generators of the same families.

Ours ends with the contacts as the engine holds them (rows or a sorted list of edges, with the slot at which each contact names
the seat); networkx's ends with its own graph of dicts. Complete means no network: nothing is built, everybody meets everybody.
"""

import sys
import time

from benchmarks.machine import Row, cpu_seconds, ours, peak_mb, peer, say

SIZES = (10_000, 100_000, 1_000_000)
PEER_SIZE = SIZES[1]


def measure() -> list[Row]:
    """One row a family and size, ours and networkx's."""
    own = [row for family in RECIPES for row in ours("graphs", family, *SIZES)]
    others = peer("networkx_graphs", ("networkx", "scipy"), PEER_SIZE)
    for row in own:
        for other in others:
            if (other["family"], other["n"]) == (row["family"], row["n"]):
                row["times_networkx"] = float(other["cpu_s"]) / float(row["cpu_s"])
    return [*own, *others]


RECIPES = ("regular", "small-world", "preferential", "blocks", "delaunay", "lattice")


def _recipe(family: str, n: int) -> object:
    from commonweal.core import networks

    near, far = 28 / n, 4 / (3 * n)
    return {
        "regular": networks.Regular(8),
        "small-world": networks.WattsStrogatz(8, 0.1),
        "preferential": networks.BarabasiAlbert(4),
        "blocks": networks.StochasticBlock(
            (0.25,) * 4, tuple(tuple(near if a == b else far for b in range(4)) for a in range(4))
        ),
        "delaunay": networks.Delaunay(),
        "lattice": networks.Lattice(width=100),
    }[family]


def _ours(family: str, n: int) -> Row:
    import jax

    from commonweal.core.links import Links

    jax.block_until_ready(jax.numpy.zeros(1))
    recipe = _recipe(family, n)
    began, wall = cpu_seconds(), time.perf_counter()
    links = Links.of(recipe, n)
    jax.block_until_ready(jax.tree.leaves(links))
    row: Row = {"who": "commonweal", "family": family, "n": n, "cpu_s": cpu_seconds() - began}
    return row | {"wall_s": time.perf_counter() - wall, "memory_mb": peak_mb()}


if __name__ == "__main__":
    _ours(sys.argv[1], 1_000)
    for size in sys.argv[2:]:
        say(_ours(sys.argv[1], int(size)))
