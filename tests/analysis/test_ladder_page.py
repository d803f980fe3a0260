"""The page of a ladder shows hits and misses, and nothing that was written into a plan as markup."""

from commonweal.analysis.ladder import find_ladder
from commonweal.analysis.ladder_page import write_ladder as write_section
from commonweal.analysis.page import write_page
from commonweal.analysis.plans import read_plan
from commonweal.analysis.trials import read_trials


def page(directory):
    plan = read_plan(directory)
    return write_section(plan, find_ladder(plan, read_trials(directory), plan.part("scripted")))


def test_hits_misses_laws_and_rehearsals_are_shown(write_ladder):
    html = page(write_ladder())
    assert html.count("<svg") == 2
    assert "hit" in html
    assert "detection probability 0.5, population 128" in html.replace(
        "population 128, detection probability 0.5", "detection probability 0.5, population 128"
    )
    assert "a + b log N" in html
    assert "predicted, then run" in html
    assert "of 2 smaller sizes" in html
    assert ">missed<" in page(write_ladder(jump=0.4)).replace("<td>", ">").replace("</td>", "<")


def test_a_null_model_says_so(write_ladder):
    html = page(write_ladder(null_model=True))
    assert "Null model." in html
    assert "artefacts" in html


def test_words_of_a_plan_are_data(write_ladder):
    html = write_page("ladder", page(write_ladder(factor="<b>population</b>")))
    assert "<b>population" not in html
    assert "&lt;b&gt;population" in html


def test_before_the_held_out_stage_it_says_what_will_come(write_ladder):
    assert "is predicted when the smaller ones are finished" in page(write_ladder(staged=False))
