"""The tests mirror the sources file for file, and no file of the sources is over its size budget."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "src" / "commonweal").rglob("*.py"))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT / "src" / "commonweal")))
def test_every_source_has_a_test_and_keeps_its_budget(path: Path) -> None:
    own = path.relative_to(ROOT / "src" / "commonweal")
    if path.name != "__init__.py":
        assert (ROOT / "tests" / own.parent / f"test_{own.name}").exists(), f"write tests/{own.parent}/test_{own.name}"
    text = path.read_text()
    assert text.count("\n") <= 400, "over 400 lines: an object is missing"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            assert node.end_lineno - node.lineno < 60, f"{node.name} is over 60 lines"
            given = node.args
            count = len(given.posonlyargs) + len(given.args) + len(given.kwonlyargs)
            count -= bool(given.args) and given.args[0].arg in ("self", "cls")
            assert count <= 7 or node.name.startswith("_"), f"{node.name} has {count} parameters"
