"""networkx: random graphs of the families that commonweal builds. Runs in an environment of its own."""

import json
import sys
import time

import networkx
import numpy as np
from scipy.spatial import Delaunay


def delaunay(n):
    triangles = Delaunay(np.random.default_rng(1).random((n, 2))).simplices
    graph = networkx.Graph()
    for a, b in ((0, 1), (1, 2), (2, 0)):
        graph.add_edges_from(zip(triangles[:, a].tolist(), triangles[:, b].tolist(), strict=True))
    return graph


def blocks(n):
    near, far = 28 / n, 4 / (3 * n)
    odds = [[near if a == b else far for b in range(4)] for a in range(4)]
    return networkx.stochastic_block_model([n // 4] * 4, odds, seed=1, sparse=True)


FAMILIES = {
    "regular": lambda n: networkx.random_regular_graph(8, n, seed=1),
    "small-world": lambda n: networkx.watts_strogatz_graph(n, 8, 0.1, seed=1),
    "preferential": lambda n: networkx.barabasi_albert_graph(n, 4, seed=1),
    "blocks": blocks,
    "delaunay": delaunay,
    "lattice": lambda n: networkx.grid_2d_graph(n // 100, 100, periodic=True),
}
for size in map(int, sys.argv[1:]):
    for family, build in FAMILIES.items():
        began = time.process_time()
        build(size)
        spent = time.process_time() - began
        row = {"who": f"networkx {networkx.__version__}", "family": family, "n": size, "cpu_s": spent}
        print(json.dumps(row), flush=True)
