"""Mistakes of an author are found before anything runs, and say what was found and expected."""

import dataclasses
import math
import pickle
import re
import sys

import pytest
from scipy.stats import norm

from commonweal.core import lens
from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.institutions.audit import Audit
from commonweal.lab.designs.sobol import Sobol
from commonweal.lab.study import Factor, Part, Primary, Study, code_digest, load_study, source_file
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
        (lambda: part(factors=(Factor("x", lens.horizon(), (8, 0)),)), "trials of 0 ticks"),
        (lambda: part(factors=(Factor("x", lens.horizon(), (8, 2.5)),)), "trials of 2.5 ticks"),
        (lambda: part(factors=(Factor("x", lens.horizon(), (8,)), Factor("y", lens.horizon(), (9,)))), "2 factors of ticks"),
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


def test_agents_are_no_evidence_and_the_refusal_says_how_often_they_would_err():
    with pytest.raises(StudyError) as refused:
        dataclasses.replace(study.primary, unit="agent")
    # Ten trials an arm of 100 agents, intraclass correlation .05: about 2 Phi(-1.96 / sqrt(1 + 99 / 20)) of the studies.
    rate = 100 * 2 * norm.cdf(-1.96 / math.sqrt(1 + 99 * 0.05))
    told = re.search(r"in (\d+) of 100 studies, not in 5", str(refused.value))
    assert told
    assert abs(int(told[1]) - rate) <= 2
    assert "'survived'" in str(refused.value)
    assert "Test the trials' values" in str(refused.value)


@pytest.mark.parametrize("smallest", [0.0, -0.1, math.nan, math.inf])
def test_a_smallest_effect_that_is_none_is_refused(smallest):
    with pytest.raises(StudyError, match=f"the smallest effect of interest is {smallest}; expected a finite number above 0"):
        dataclasses.replace(study.primary, smallest=smallest)
    assert dataclasses.replace(study.primary, smallest=0.2).smallest == 0.2


def test_the_contrast_of_a_range_lies_in_it():
    ranged = Factor("share", lens.share("other"), low=0.0, high=0.5)
    primary = dataclasses.replace(study.primary, part="main", factor="share", control=0.0, treatment=0.5)
    own = dataclasses.replace(study, parts=(part(factors=(ranged,), design=Sobol(4)),), primary=primary)
    assert own.part("main").factors == (ranged,)
    with pytest.raises(StudyError, match=r"compares share = 0\.6; expected a number from 0 to 0\.5"):
        dataclasses.replace(own, primary=dataclasses.replace(primary, treatment=0.6))


def test_the_family_names_metrics():
    with pytest.raises(StudyError, match="did you mean"):
        dataclasses.replace(study, family=("wellfare",))


def test_a_range_needs_a_design_that_samples_and_a_constraint_must_leave_something():
    ranged = Factor("share", lens.share("other"), low=0.0, high=0.5)
    with pytest.raises(StudyError, match="a design that samples"):
        part(factors=(ranged,)).cells()
    with pytest.raises(StudyError, match="allows none of 2"):
        part(factors=(Factor("a", DETECT, (0.0, 1.0)),), allowed=lambda levels: False).cells()
    with pytest.raises(StudyError, match="1 %"):
        part(factors=(ranged,), design=Sobol(4), allowed=lambda levels: False).cells()
    half = part(factors=(ranged,), design=Sobol(16), allowed=lambda levels: float(levels["share"]) > 0.25, seeds=3)
    assert len(half.plan) == 16
    assert all(0.25 < cell["share"] <= 0.5 for cell in half.cells())
    assert half.trials == 48
    # A share that a design drew is the society's share.
    levels = half.cells()[5]
    assert float(half.society_of(levels).seats.share["other"]) == pytest.approx(levels["share"])


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
    before = {own.name: own.seeds for own in study.parts}
    scaled = study.scaled(7, quick=False)
    assert {own.name: own.seeds for own in scaled.parts} == before | {own.name: 7 for own in study.parts if own.role == "main"}
    for own, quick in zip(study.parts, study.scaled(None, quick=True).parts, strict=True):
        assert (quick.seeds, quick.ticks) == (min(own.seeds, 2), 3 if own.society.hosted else own.ticks)


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


FILE = """
\"\"\"A study of one's own.\"\"\"

from __future__ import annotations

import dataclasses

from commonweal.studies.commons_audit import study as theirs
from greeting_beside import GREETING


@dataclasses.dataclass(frozen=True)
class Note:
    _: dataclasses.KW_ONLY
    text: str


NOTE = Note(text=GREETING)
study = dataclasses.replace(theirs, doc=NOTE.text)
del theirs
"""


def test_a_study_file_may_define_classes_and_import_what_lies_beside_it(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", [*sys.path])
    path = tmp_path / "my-own.py"
    path.write_text(FILE)
    (tmp_path / "greeting_beside.py").write_text("GREETING = 'hello'\n")
    assert load_study(str(path)).doc == "hello"
    module = sys.modules["commonweal_study_my_own"]
    assert pickle.loads(pickle.dumps(module.NOTE)) == module.NOTE
    # A file that fails leaves the module that was there; one that is loaded again takes its place.
    path.write_text("1 / 0\n")
    with pytest.raises(StudyError, match="ZeroDivisionError"):
        load_study(str(path))
    assert sys.modules["commonweal_study_my_own"] is module
    path.write_text(FILE)
    load_study(str(path))
    assert sys.modules["commonweal_study_my_own"] is not module
    monkeypatch.delitem(sys.modules, "commonweal_study_my_own")
    path.write_text("1 / 0\n")
    with pytest.raises(StudyError, match="ZeroDivisionError"):
        load_study(str(path))
    assert "commonweal_study_my_own" not in sys.modules


def test_the_code_of_a_study_is_its_file_and_what_it_imports_from_beside_it(tmp_path):
    files = {
        "mine.py": "import json\nimport theory\nfrom parts.minds import Mind\n",
        "theory.py": "from numbers_ import ONE\n",
        "numbers_.py": "ONE = 1\n",
        "parts/__init__.py": "",
        "parts/minds.py": "class Mind: ...\n",
        "apart.py": "nobody imports me\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    before = code_digest(tmp_path / "mine.py")
    assert before == code_digest(tmp_path / "mine.py")
    (tmp_path / "apart.py").write_text("# still nobody\n")
    assert code_digest(tmp_path / "mine.py") == before
    for name in ("mine.py", "theory.py", "numbers_.py", "parts/minds.py"):
        (tmp_path / name).write_text(files[name] + "# changed\n")
        assert code_digest(tmp_path / "mine.py") != before
        (tmp_path / name).write_text(files[name])
    assert code_digest(tmp_path / "mine.py") == before
    assert code_digest(None) == ""
