"""Mesa: the prisoner's dilemma on a random 8-regular graph, copying a better neighbour. Runs in an environment of its own."""

import json
import resource
import sys
import warnings

import mesa
import networkx
from mesa.discrete_space import CellAgent, Network

warnings.filterwarnings("ignore")


class Player(CellAgent):
    def __init__(self, model, cell):
        super().__init__(model)
        self.cell = cell
        self.cooperates = model.random.random() < 0.5
        self.payoff = 0
        self.others = []

    def play(self):
        if self.cooperates:
            self.payoff = sum(3 if other.cooperates else 0 for other in self.others)
        else:
            self.payoff = sum(5 if other.cooperates else 1 for other in self.others)

    def compare(self):
        other = self.model.random.choice(self.others)
        self.then = other.cooperates if other.payoff > self.payoff else self.cooperates

    def change(self):
        self.cooperates = self.then


class Dilemma(mesa.Model):
    def __init__(self, n):
        super().__init__(seed=1)
        self.grid = Network(networkx.random_regular_graph(8, n, seed=1), random=self.random)
        for cell in self.grid.all_cells:
            Player(self, cell)
        for agent in self.agents:
            agent.others = [other for cell in agent.cell.neighborhood for other in cell.agents]

    def step(self):
        for phase in ("play", "compare", "change"):
            self.agents.do(phase)


def cpu():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


for size in map(int, sys.argv[1:]):
    model = Dilemma(size)
    steps = max(2, 100_000 // size)
    rates = []
    for _ in range(3):
        began = cpu()
        for _ in range(steps):
            model.step()
        rates.append(size * steps / (cpu() - began))
    rates.sort()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    row = {"who": f"mesa {mesa.__version__}", "n": size, "per_core_s": rates[1], "low": rates[0], "high": rates[-1]}
    print(json.dumps(row | {"memory_mb": memory}), flush=True)
