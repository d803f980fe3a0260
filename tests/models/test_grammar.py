"""Known answers by enumeration, with Python's `re` as the independent matcher."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonweal.core.errors import StudyError
from commonweal.models.grammar import form_grammar, form_schema, integer_rule
from commonweal.models.model import ChoiceField, Form, IntegerField, TextField


def as_regex(rule: str) -> re.Pattern[str]:
    """The part of GBNF that integer rules use is a regex with quotes and spaces."""
    return re.compile(rule.replace('"', "").replace(" ", ""))


@given(st.integers(-1200, 1200), st.integers(0, 1200))
def test_a_rule_matches_exactly_its_range(low: int, span: int):
    pattern = as_regex(integer_rule(low, low + span))
    matched = [n for n in range(-2600, 2600) if pattern.fullmatch(str(n))]
    assert matched == list(range(low, low + span + 1))


@given(st.integers(0, 10**18), st.integers(0, 10**18))
def test_the_ends_of_long_ranges_hold(a: int, b: int):
    low, high = min(a, b), max(a, b)
    pattern = as_regex(integer_rule(low, high))
    assert pattern.fullmatch(str(low))
    assert pattern.fullmatch(str(high))
    assert pattern.fullmatch(str((low + high) // 2))
    assert not pattern.fullmatch(str(high + 1))
    assert not pattern.fullmatch(str(low - 1))


def test_only_canonical_decimals_match():
    pattern = as_regex(integer_rule(-20, 120))
    for text in ("00", "05", "-0", "+1", "", "-", "1.0", " 1", "1 "):
        assert not pattern.fullmatch(text)


def test_known_rules():
    assert integer_rule(0, 9) == "([0-9])"
    assert integer_rule(0, 10) == '([0-9] | "1" "0")'
    assert integer_rule(7, 7) == '("7")'
    assert integer_rule(0, 9999) == "([0-9] | [1-9] [0-9]{1} | [1-9] [0-9]{2} | [1-9] [0-9]{3})"
    with pytest.raises(StudyError, match=r"3\.\.2"):
        integer_rule(3, 2)


def test_a_form_is_lines_in_order_with_quotes_escaped():
    form = Form((IntegerField("n", 0, 3), ChoiceField("c", ('say "hi"', "back\\slash")), TextField("say", 2)))
    assert form_grammar(form) == (
        r'root ::= "n: " ([0-3]) "\n" "c: " ("say \"hi\"" | "back\\slash") "\n" '
        r'"say: " [^\x00-\x1F\x7F\x85\u2028\u2029]{0,8} "\n"'
    )


def test_a_schema_asks_for_every_field_and_nothing_else():
    form = Form((IntegerField("n", 0, 3), ChoiceField("c", ("x", "y")), TextField("say")))
    assert form_schema(form) == {
        "type": "object",
        "properties": {
            "n": {"type": "integer", "minimum": 0, "maximum": 3},
            "c": {"type": "string", "enum": ["x", "y"]},
            "say": {"type": "string"},
        },
        "required": ["n", "c", "say"],
        "additionalProperties": False,
    }
