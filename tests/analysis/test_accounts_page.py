"""The page of rival accounts: every number and parameter under each account, drawn where the numbers say, nothing as markup."""

import math
import re

import pytest

from commonweal.analysis.accounts import Account, Number, Parameter, Prediction, Rivals
from commonweal.analysis.accounts_page import say_check, say_verdicts, write_rivals
from commonweal.statistics.inference import Estimate

EVIL = "<img src=x>"


def words_of(html):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", html))


def account(name, numbers=1):
    coverage = Estimate(0.93, 0.85, 0.97, 0.95, "Wilson", 100)
    parameter = Parameter("learning", 0.0, 2.0, 0.5, 0.25, 1.0, coverage, 0.31)
    return Account(name, numbers, 40, 80, 2.5, 1.25, 0.04, (parameter,))


def number(metric="drift", published=0.5, verdict="fits", **changes):
    told = (Prediction("Paper A", 0.25, 0.5, 0.75, True), Prediction("Paper B", math.nan, math.nan, math.nan, False))
    facts = {"account": "Paper A", "source": "noted by others", "note": "a note", "least": 0.0, "greatest": 1.0} | changes
    return Number(metric, published, 0.02, verdict=verdict, predictions=told, **facts)


def rivals(*numbers):
    return Rivals("prior", 400, (account("Paper A"), account("Paper B")), numbers)


def test_every_number_and_parameter_has_a_row_and_a_strip_under_each_account() -> None:
    html = write_rivals((rivals(number()),))
    assert html.count("<svg") == 4
    # On a range of 0 to 1 from 8 to 372: a quarter at 99, three quarters at 281, the middle and the published number at 190.
    assert 'd="M99.0 47.0H281.0" class="course treatment"' in html
    assert html.count('d="M190.0 39.0v16" class="whisker"') == 2
    # The posterior on its prior of 0 to 2.
    assert html.count('d="M53.5 47.0H190.0" class="course treatment"') == 2
    rows = [[words_of(cell).strip() for cell in re.findall(r"<td.*?</td>", row)] for row in re.findall(r"<tr>(.*?)</tr>", html)]
    assert ["drift", "Paper A", "0.50 ± 0.020", "0.00 to 1.00", "0.50 (0.25 to 0.75)", "none", "fits"] in rows
    assert ["learning", "0.00 to 2.00", "0.50 (0.25 to 1.00)", "0.50 (0.25 to 1.00)"] in rows
    assert ["learning", "93 %, 0.31", "93 %, 0.31"] in rows
    assert ["drift", "noted by others", "a note"] in rows
    assert "40 of the 400" in words_of(html)


def test_a_number_outside_of_all_simulations_widens_its_range() -> None:
    html = write_rivals((rivals(number(published=2.0)),))
    assert 'd="M372.0 39.0v16" class="whisker"' in html
    assert 'd="M53.5 47.0H144.5"' in html


def test_verdicts_and_checks_are_sentences() -> None:
    told = say_verdicts((number(verdict="has no fit: none"), number("pull", -0.05), number("response", 0.452)))
    assert told == "Fits: pull \u22120.050 (Paper A); response 0.45 (Paper A). Has no fit: none: drift 0.50 (Paper A)."
    assert "Paper A: 4 % (kept up to 2.50 away; one of the simulator's own 1.25)" in say_check((account("Paper A"),))


@pytest.mark.parametrize("found", [(), (rivals(number(EVIL, source=EVIL, note=EVIL, account=EVIL)),)])
def test_nothing_is_no_section_and_nothing_of_a_plan_is_markup(found) -> None:
    html = write_rivals(found)
    assert "<img" not in html
    assert bool(html) == bool(found)
