"""How far each way to vote and to negotiate can be bent: the gain of the best coalition of up to k seats, k = 1, 2, 3.

At a profile of types a coalition's gain is the least that one of its members gains over sincerity by the joint reports that are
best for it, all others staying sincere; worth runs from 0 to 1. Shown are the mean gain over profiles, the share of profiles at
which some coalition gains, and the largest gain found. Five seats (two that bargain by offers), three alternatives or levels;
all profiles where they are few, else 400 drawn ones with a 95 % interval of the mean. `docs/voting.md` is written from this.
"""

import time
from pathlib import Path

from benchmarks.machine import ROOT, Row
from commonweal.statistics.manipulation import Manipulability, tabulate_coalitions

SEATS, ALTERNATIVES, COALITIONS = 5, 3, (1, 2, 3)
EXACT = 32_000_000
"""Sets of reports up to which all profiles are looked at: minutes."""
_PAGE = """# Voting and negotiation: how far they can be bent

{doc}

Written by `uv run python -m benchmarks manipulability`.

| rule | {heads} | profiles |
|---|{rules}---|
{rows}

Each cell: mean gain / share of profiles / largest gain.

## What must come out, and does

- Gibbard and Satterthwaite: among three or more alternatives, a rule without lots that nobody can ever gain against has a
  dictator. So one seat gains under plurality, approval, Schulze's method with or without ties, and the median of orders that
  are not single-peaked; it gains nothing where one seat owns most, among two alternatives, and where one seat is drawn by lot.
- Black and Moulin: of single peaks the median is beyond manipulation, for seats and coalitions of any size. A town hall that
  counts by plurality is not.
- Brams and Fishburn: where alternatives are good or bad, approval is beyond manipulation by one seat.
- A mediator's text is such a median while no more than half of the seats must accept it, since those who find it too low always
  do. A veto for all opens it: who asks for less than it wants may turn a text that would be refused into one that is accepted.
- In bargaining by offers each side gains by seeming more patient than it is, unless both are as patient as can be said.
- Heads for sale: who would lose buys votes as long as they cost less than the outcome is worth.
- Larger coalitions gain no less. Lots and single peaks hold at three seats too; a jury of one could be bent by coalitions only
  where a shared second best is worth more than half of the best.

"""


def measure() -> list[Row]:
    """One row a rule; writes `docs/voting.md`."""
    start = time.process_time()
    found = tabulate_coalitions(SEATS, ALTERNATIVES, len(COALITIONS), EXACT)
    rows: list[Row] = []
    for row in found:
        cells = {f"gain_{own.coalition}": own.gain.value for own in row}
        shares = {f"share_{own.coalition}": own.share.value for own in row}
        rows.append({"rule": row[0].mechanism, **cells, **shares, "most": max(own.most for own in row)})
    write_page(found, ROOT / "docs" / "voting.md")
    rows.append({"rule": "all", "cpu_s": time.process_time() - start})
    return rows


def write_page(rows: tuple[tuple[Manipulability, ...], ...], path: Path) -> None:
    """Write the table to a Markdown file."""
    lines = []
    for row in rows:
        cells = [_cell(own) for own in row] + [""] * (len(COALITIONS) - len(row))
        profiles = f"{'all ' * (row[0].share.low == row[0].share.high)}{row[0].share.n}"
        lines.append(f"| {row[0].mechanism} | {' | '.join(cells)} | {profiles} |")
    page = _PAGE.format(
        doc=" ".join((__doc__ or "").split()).replace(" `docs/voting.md` is written from this.", ""),
        heads=" | ".join(f"k = {size}" for size in COALITIONS),
        rules="---|" * len(COALITIONS),
        rows="\n".join(lines),
    )
    path.write_text(page.rstrip() + "\n")


def _cell(own: Manipulability) -> str:
    gain = f"{own.gain.value:.3f}"
    if own.gain.low != own.gain.high:
        gain += f" [{own.gain.low:.3f}, {own.gain.high:.3f}]"
    return f"{gain} / {100 * own.share.value:.0f} % / {own.most:.2f}"
