"""Axelrod: all pairs of some memory-one players with noise, in one process. Runs in an environment of its own.

Two rates: of its tournament as a user calls it, with its results, and of the matches alone, which is the higher one.
"""

import json
import resource
import sys
import warnings

warnings.filterwarnings("ignore")

import axelrod  # noqa: E402


def cpu():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def matches(entrants, turns, noise):
    for row, one in enumerate(entrants):
        for column, other in enumerate(entrants[row:], row):
            axelrod.Match((one, other), turns=turns, noise=noise, seed=row * len(entrants) + column + 1).play()


def tournament(entrants, turns, noise):
    axelrod.Tournament(entrants, turns=turns, repetitions=1, noise=noise, seed=1).play(progress_bar=False)


turns, noise = int(sys.argv[1]), float(sys.argv[2])
genes = json.loads(sys.argv[3])
entrants = [axelrod.MemoryOnePlayer(tuple(row), axelrod.Action.C) for row in genes]
count = len(entrants) * (len(entrants) + 1) // 2 * turns
found = {}
for work in (matches, tournament):
    rates = []
    for _ in range(3):
        began = cpu()
        work(entrants, turns, noise)
        rates.append(count / (cpu() - began))
    found[work.__name__] = sorted(rates)[1]
row = {"who": f"axelrod {axelrod.__version__}", "players": len(entrants), "turns": turns}
print(json.dumps(row | {"per_core_s": found["matches"], "with_results_per_core_s": found["tournament"]}), flush=True)
