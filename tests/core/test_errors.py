"""The tree of errors in the docstring is the tree of classes."""

import inspect
import re

from commonweal.core import errors


def drawn_tree() -> dict[str, str]:
    """Each error in the docstring with its parent there."""
    parents: dict[str, str] = {}
    path: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        found = re.match(r"([│├└─ ]*)(\w+Error)\b", line)
        if found:
            depth = len(found[1]) // 4
            path[depth:] = [found[2]]
            parents[found[2]] = path[depth - 1] if depth else "Exception"
    return parents


def test_docstring_is_complete():
    classes = {name: kind for name, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, Exception)}
    assert drawn_tree() == {name: kind.__bases__[0].__name__ for name, kind in classes.items()}
    assert len(classes) == 8


def test_every_error_is_ours():
    for name in drawn_tree():
        assert issubclass(getattr(errors, name), errors.CommonwealError)
        assert inspect.getdoc(getattr(errors, name))
