"""Draws what was measured: reads the figures as JSON, writes one PNG. Runs in an environment of its own, with matplotlib."""

import json
import sys

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot

found = json.loads(open(sys.argv[1]).read())  # noqa: SIM115
pyplot.rcParams.update({"font.size": 10, "axes.spines.top": False, "axes.spines.right": False})
figure, (left, right) = pyplot.subplots(1, 2, figsize=(11, 4.2), width_ratios=(3, 2))
LOOKS = {
    "commonweal": ("commonweal, from catalogue parts", "#12475A", "o", 2.4),
    "blocked-numba": ("blocked by hand in numba (one society)", "#8A8A8A", "s", 1.2),
    "fused-jax": ("fused by hand in JAX (one society)", "#C08A3E", "^", 1.2),
    "mesa": ("Mesa (a simpler model)", "#A33B3B", "D", 1.2),
}
for who, (label, colour, mark, width) in LOOKS.items():
    rows = [row for row in found.get("society", []) if str(row["who"]).split()[0] == who]
    if rows:
        seats, speed = [row["n"] for row in rows], [row["per_core_s"] for row in rows]
        left.plot(seats, speed, color=colour, marker=mark, linewidth=width, label=label)
left.set(xscale="log", yscale="log", xlabel="seats", ylabel="agent-steps per core-second", title="One society")
left.legend(frameon=False, fontsize=8.5, loc="center left", bbox_to_anchor=(0.0, 0.42))
left.grid(axis="y", color="#E6E6E6", linewidth=0.6)
bars = []
for row in found.get("tournament", []):
    bars.append((f"tournament, turns\n{row['who']}", row["per_core_s"]))
for row in found.get("sweep", []):
    if row.get("trials") == max(other.get("trials", 0) for other in found["sweep"] if other.get("what") == row.get("what")):
        bars.append((f"sweep of {row['trials']:,} trials\n{row.get('what', row['who'])}, agent-steps", row["per_core_s"]))
names, values = [name for name, _ in bars][::-1], [value for _, value in bars][::-1]
right.barh(names, values, color=["#A33B3B" if "axelrod" in name else "#12475A" for name in names], height=0.6)
for place, value in enumerate(values):
    right.text(value * 1.15, place, f"{value:.2g}", va="center", fontsize=9)
right.set(xscale="log", xlabel="per core-second", title="Many small ones")
if values:
    right.set_xlim(min(values) / 3, max(values) * 12)
figure.tight_layout()
figure.savefig(sys.argv[2], dpi=110)
