"""Mistakes of an author are found before anything runs, and say what was found and expected."""

import dataclasses

import pytest

from commonweal.core import lens
from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.institutions.audit import Audit
from commonweal.lab.study import Factor, Part, Primary, Study, load_study, source_file
from commonweal.studies.commons_audit import study
from commonweal.testing import society_for

DETECT = lens.rule("audit", Audit, lambda audit: audit.detect)


def part(**changes):
    given = {"name": "main", "society": society_for(rules=(("audit", Audit()),)), "factors": (), "ticks": 2, "seeds": 1}
    return Part(**{**given, **changes})


@pytest.mark.parametrize(
    ("mistake", "message"),
    [
        (lambda: dataclasses.replace(study, parts=()), "no parts"),
        (lambda: dataclasses.replace(study, parts=(*study.parts, study.parts[0])), "two parts of one name"),
        (lambda: dataclasses.replace(study, primary=dataclasses.replace(study.primary, part="language")), "a control"),
        (
            lambda: dataclasses.replace(study, primary=dataclasses.replace(study.primary, metric="surviv")),
            "did you mean survived",
        ),
        (lambda: dataclasses.replace(study, primary=dataclasses.replace(study.primary, factor="x")), "is not varied"),
        (lambda: dataclasses.replace(study, primary=dataclasses.replace(study.primary, treatment=0.3)), "compares"),
        (lambda: part(seeds=0), "0 seeds"),
        (lambda: Factor("x", DETECT, ()), "levels"),
        (lambda: Factor("x", DETECT, (1, 1)), "each once"),
        (lambda: Factor("x", DETECT, (1, 2), values=(3,)), "give one each"),
        (lambda: part(factors=(Factor("x", DETECT, (1,)), Factor("x", DETECT, (1,)))), "two factors of one label"),
        (
            lambda: (
                Factor("x", lens.share("othr"), (0.1,))
                and part(factors=(Factor("x", lens.share("othr"), (0.1,)),)).society_of({"x": 0.1})
            ),
            "did you mean other",
        ),
        (lambda: part(factors=(Factor("x", lens.share("other"), (1.5,)),)).society_of({"x": 1.5}), "from 0 to 1"),
        (lambda: Named.of(("audit", Audit()), ("audit", Audit())), "named 'audit'"),
    ],
)
def test_a_mistake_is_told(mistake, message):
    with pytest.raises(StudyError, match=message):
        mistake()


def test_cells_are_all_combinations():
    own = part(factors=(Factor("a", DETECT, (0.0, 1.0)), Factor("b", lens.share("other"), (0.1, 0.2, 0.3))))
    cells = own.cells()
    assert len(cells) == 6
    assert cells[1] == {"a": 0.0, "b": 0.2}
    society = own.society_of(cells[5])
    assert float(DETECT.get(society)) == 1.0
    assert float(society.seats.share["other"]) == pytest.approx(0.3)


def test_levels_may_stand_for_whole_minds():
    from commonweal.minds.scripted import Scripted

    own = part(factors=(Factor("mind", lens.whole_mind("tried"), ("meek", "bold"), (Scripted(), Scripted(greed=2.0))),))
    assert float(own.society_of({"mind": "bold"}).minds["tried"].greed) == 2.0


def test_scaling_changes_main_seeds_and_quick_shortens_language():
    assert [own.seeds for own in study.scaled(7, quick=False).parts] == [7, 1]
    quick = study.scaled(None, quick=True)
    assert [(own.seeds, own.ticks) for own in quick.parts] == [(2, 12), (1, 3)]


def test_studies_are_loaded_by_name_and_from_files(tmp_path):
    assert load_study("commons-audit") is study
    assert source_file("commons-audit").name == "commons_audit.py"
    path = tmp_path / "mine.py"
    path.write_text("from commonweal.studies.commons_audit import study as theirs\n")
    assert load_study(str(path)).name == "commons-audit"
    path.write_text("x = 1\n")
    with pytest.raises(StudyError, match="holds 0 studies"):
        load_study(str(path))
    path.write_text("import nothing_of_that_name\n")
    with pytest.raises(StudyError, match="ModuleNotFoundError"):
        load_study(str(path))
    with pytest.raises(StudyError, match="no file"):
        load_study(str(tmp_path / "gone.py"))
    with pytest.raises(StudyError, match="did you mean commons-audit"):
        load_study("commons-adit")
    assert isinstance(study, Study)
    assert isinstance(study.primary, Primary)
