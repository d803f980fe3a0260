"""The seven elements of ODD are there, generated from the study."""

from commonweal.lab.odd import describe_model
from commonweal.studies.commons_audit import study


def test_all_elements_in_words():
    odd = describe_model(study)
    assert list(odd) == [
        "Purpose and patterns",
        "Entities, state variables and scales",
        "Process overview and scheduling",
        "Design concepts",
        "Initialization",
        "Input data",
        "Submodels",
    ]
    assert all(len(text) > 4 for text in odd.values())
    for word in ("Audit", "Disclosure", "Commons", "Scripted", "Language", "Broadcast"):
        assert word in odd["Submodels"]
    assert "12 months" in odd["Entities, state variables and scales"]
