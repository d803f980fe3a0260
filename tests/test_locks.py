"""The locks that are shipped are of the studies as they stand: who changes a study locks it anew, before it is run again."""

import json

import pytest

from commonweal.core.catalogue import entries
from commonweal.lab.lock import check_lock, make_lock
from commonweal.lab.plan import make_plan, waits_for_model
from commonweal.lab.study import load_study, source_file

SHIPPED = {entry.name: source_file(entry.name).with_suffix(".lock.json") for entry in entries("studies")}
LOCKED = [name for name, path in SHIPPED.items() if path.is_file()]


def waits(part):
    """Whether a language mind of it waits for the run's model."""
    values = [value for factor in part.factors for value in factor.values or ()]
    return any(waits_for_model(mind) for mind in (*part.society.minds.values, *values))


@pytest.mark.parametrize("name", LOCKED)
def test_the_shipped_lock_is_of_the_study_as_it_stands(name):
    study = load_study(name)
    check_lock(SHIPPED[name], study.name)
    lock = json.loads(SHIPPED[name].read_text())
    own = json.loads(json.dumps(make_lock(study, make_plan(study, None, source_file(name)))))
    for fact in ("study", "metrics", "theory", "analysis"):
        assert own[fact] == lock[fact], fact
    hosted = {part.name for part in study.parts if waits(part)}
    for mine, locked in zip(own["parts"], lock["parts"], strict=True):
        # A society with a language mind names its model.
        same = [fact for fact in mine if mine["name"] not in hosted or "digest" not in fact]
        assert {fact: mine[fact] for fact in same} == {fact: locked[fact] for fact in same}
