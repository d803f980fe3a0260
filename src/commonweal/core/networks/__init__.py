"""Who could meet whom: networks as small recipes, built on the host into rows of contacts or lists of edges."""

from commonweal.core.networks.adjacency import Adjacency, Network, Pairs, Rows, back_slots
from commonweal.core.networks.blocks import StochasticBlock
from commonweal.core.networks.edge_list import EdgeList
from commonweal.core.networks.lattice import Complete, Lattice, Ring, Star
from commonweal.core.networks.preferential import BarabasiAlbert
from commonweal.core.networks.regular import Regular
from commonweal.core.networks.small_world import WattsStrogatz
from commonweal.core.networks.spatial import Delaunay, Geometric

__all__ = [
    "Adjacency",
    "BarabasiAlbert",
    "Complete",
    "Delaunay",
    "EdgeList",
    "Geometric",
    "Lattice",
    "Network",
    "Pairs",
    "Regular",
    "Ring",
    "Rows",
    "Star",
    "StochasticBlock",
    "WattsStrogatz",
    "back_slots",
]

# A recipe is known by its public path: that is what a society's digest names, whichever file it stands in.
for _recipe in (
    BarabasiAlbert,
    Complete,
    Delaunay,
    EdgeList,
    Geometric,
    Lattice,
    Regular,
    Ring,
    Star,
    StochasticBlock,
    WattsStrogatz,
):
    _recipe.__module__ = __name__
