"""The table of pairs in the docs: one row an institution, one column a world."""

from collections.abc import Sequence
from pathlib import Path

from benchmarks.machine import Row
from commonweal.core.catalogue import Entry, entries
from commonweal.core.parts import Institution

_MARKS = {"holds": "✓", "idle": "○", "refused": "–", "broken": "✗"}
_INTRODUCTION = """# Institutions, and the worlds they bind in

Made by `uv run python -m benchmarks.pairs --write` from the catalogue and from what was found when every institution was run
on every world: {pairs} pairs of {rules} institutions and {worlds} worlds, {seats} seats in a network of 4 contacts, compiled,
4 rounds, minds that answer at random. `benchmarks/pairs.py` has the laws and `benchmarks/pairs_cases.py` the parameters.

- ✓ the world admits the rule, and all laws hold: the ledger balances at every tick; the compiled engine, stopped and resumed,
  and the hosted one give one log; absent behind `If`, and at no strength, the rule is the identity; it moves no norm scale.
- ○ the same, and nothing came of the rule in those trials: it stands there, and the world gives it nothing to act on.
- – the world or the rule refuses the other before anything runs; the number says why.

*Rule* is the kind of rule in Ostrom's seven (E. Ostrom, Understanding Institutional Diversity, 2005); of a rule that holds
another one, that of the wrapper. *Scale*: the rule reads norm scales, and does nothing in a world without. All worlds of the
catalogue have one."""


def write(rows: Sequence[Row], path: Path) -> None:
    """Write the table from what was found of the pairs."""
    path.write_text(table(rows))


def table(rows: Sequence[Row]) -> str:
    """The page, in Markdown: a row an institution and a column a world, in the order of the catalogue."""
    found = {(str(row["institution"]), str(row["world"])): row for row in rows}
    rules, worlds = ([own for own in entries(shelf) if own.package == "commonweal"] for shelf in ("institutions", "worlds"))
    reasons: list[str] = []
    lines = [
        f"| institution | what it is | rule | scale | {' | '.join(world.name for world in worlds)} |",
        f"|---|---|---|---|{':-:|' * len(worlds)}",
    ]
    for rule in rules:
        kind = rule.load()
        assert isinstance(kind, type)
        assert issubclass(kind, Institution)
        cells = [_cell(found.get((rule.name, world.name)), reasons) for world in worlds]
        scale = "yes" if kind.needs_scale else ""
        lines.append(f"| {_link(rule)} | {rule.summary} | {kind.kind.name.lower()} | {scale} | {' | '.join(cells)} |")
    head = _INTRODUCTION.format(pairs=len(found), rules=len(rules), worlds=len(worlds), seats="1,000")
    notes = "\n".join(f"{number}. {reason}" for number, reason in enumerate(reasons, 1))
    return "\n\n".join(part for part in (head, "\n".join(lines), notes) if part) + "\n"


def _link(rule: Entry) -> str:
    return f"[{rule.name}](../src/{rule.target.split(':')[0].replace('.', '/')}.py)"


def _cell(row: Row | None, reasons: list[str]) -> str:
    """A mark, and the number of the reason where there is one."""
    if row is None:
        return "?"
    why = str(row["why"]).split("; expected")[0]
    if not why:
        return _MARKS[str(row["verdict"])]
    if why not in reasons:
        reasons.append(why)
    return f"{_MARKS[str(row['verdict'])]} {reasons.index(why) + 1}"
