"""The table of pairs in the docs names what the catalogue has, no more and no less, and every pair in it was found to hold."""

import importlib.util
import re
import sys
from pathlib import Path

import equinox as eqx
import jax
import pytest

from commonweal.core.catalogue import entries
from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.testing import society_for

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "institutions.md").read_text()
ROWS = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in PAGE.splitlines() if line.startswith("| ")]
HEAD = 4
"""Columns before those of the worlds."""


def ours(shelf):
    return [entry for entry in entries(shelf) if entry.package == "commonweal"]


def test_it_has_a_row_for_every_institution_and_a_column_for_every_world():
    again = "run `uv run python -m benchmarks.pairs`, then the same with --write"
    assert ROWS[0][HEAD:] == [entry.name for entry in ours("worlds")], again
    assert [re.match(r"\[(.*)\]", row[0]).group(1) for row in ROWS[1:]] == [entry.name for entry in ours("institutions")], again


def test_what_it_says_of_each_institution_is_what_its_source_says():
    for row, entry in zip(ROWS[1:], ours("institutions"), strict=True):
        kind = entry.load()
        assert row[1:HEAD] == [entry.summary, kind.kind.name.lower(), "yes" if kind.needs_scale else ""], entry.name


def test_every_pair_was_tried_and_no_law_is_broken():
    reasons = re.findall(r"^(\d+)\. .", PAGE, re.MULTILINE)
    assert reasons == [str(number) for number in range(1, len(reasons) + 1)]
    for row in ROWS[1:]:
        for cell in row[HEAD:]:
            mark, _, reason = cell.partition(" ")
            assert mark in "✓○–", (row[0], cell)
            assert (mark == "–") == bool(reason), (row[0], cell)
            assert not reason or reason in reasons


def form(rule):
    """What a program is compiled for."""
    arrays = [(leaf.shape, leaf.dtype) for leaf in jax.tree.leaves(eqx.filter(rule, eqx.is_array))]
    return jax.tree.structure(rule), arrays


@pytest.fixture(scope="module")
def pairs_cases():
    path = ROOT / "benchmarks" / "pairs_cases.py"
    spec = importlib.util.spec_from_file_location("benchmarks_pairs_cases", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_every_part_of_the_catalogue_has_parameters_to_be_tried_with(pairs_cases):
    for entry in ours("worlds"):
        assert type(pairs_cases.world_of(entry.name)) is entry.load()
    for entry in ours("institutions"):
        case = pairs_cases.case_of(entry.name, Named((), ()))
        assert type(case.rule) is entry.load()
        assert case.inert is None or type(case.inert) is entry.load()
        assert case.inert is None or form(case.rule) == form(case.inert), f"{entry.name}: two programs to compile"
        assert society_for(rules=(("tried", case.rule),), channel=case.channel).digest
    for wrong in (pairs_cases.world_of, lambda name: pairs_cases.case_of(name, Named((), ()))):
        with pytest.raises(StudyError, match=r"add it to benchmarks/pairs_cases\.py"):
            wrong("no such part")
