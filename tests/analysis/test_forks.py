"""`fork.json` is read whole or refused."""

import json

import pytest

from commonweal.analysis.forks import Fork, read_fork
from commonweal.core.errors import LogError

FACTS = {
    "schema": "commonweal.fork/1",
    "parent": {"plan": "sha256:p", "trial": ["a", 0, 1], "log_digest": "sha256:l"},
    "tick": 3,
    "changed": [{"lens": "rules.audit:Audit.detect", "was": "0.0", "value": "0.5"}, {"lens": "m", "was": "", "value": "a b"}],
    "calls": {"before": 0, "after": 7},
}


def test_a_fork_says_where_it_left_its_parent(tmp_path):
    assert read_fork(tmp_path) is None
    (tmp_path / "fork.json").write_text(json.dumps(FACTS))
    found = read_fork(tmp_path)
    changed = (("rules.audit:Audit.detect", "0.0", "0.5"), ("m", "''", "'a b'"))
    assert found == Fork(3, changed, "sha256:l", (0, 7))
    assert "rules.audit:Audit.detect from 0.0 to 0.5, m from '' to 'a b'" in found.words


@pytest.mark.parametrize(
    "damage", ["", "[", "[]", "{}", json.dumps(FACTS | {"schema": "commonweal.fork/9"}), json.dumps(FACTS | {"tick": None})]
)
def test_a_damaged_file_is_refused(tmp_path, damage):
    (tmp_path / "fork.json").write_text(damage)
    with pytest.raises(LogError, match="expected"):
        read_fork(tmp_path)
