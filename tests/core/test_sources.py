"""What a study is built on is read from the parts themselves."""

from commonweal.core.sources import source_of, sources
from commonweal.institutions.audit import Audit
from commonweal.studies.commons_audit import study
from commonweal.worlds.commons import Commons


def test_every_part_of_the_study_is_cited_once():
    found = sources(tuple(part.society for part in study.parts))
    assert len(found) == len(set(found))
    assert any("Cooperate or Collapse" in line for line in found if line.startswith("Commons:"))
    assert {"Audit", "Scripted", "Commons"} <= {line.split(":")[0] for line in found}


def test_a_class_without_a_source_has_its_modules():
    assert "GovSim" in source_of(Commons)
    assert source_of(Audit)
    assert source_of(int) == ""
