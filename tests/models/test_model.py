"""Known answers are the definitions themselves: a form's text reads back as what was written."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonweal.core.errors import StudyError
from commonweal.models.model import ChoiceField, Form, IntegerField, TextField, Usage, check_options

FORM = Form((IntegerField("amount", 0, 12), ChoiceField("to", ("Ann", "Bob Lee")), TextField("say", 5)))


def test_usages_add_up():
    assert Usage(1, 10, 2, 0.5) + Usage(2, 5, 1, 0.25) == Usage(3, 15, 3, 0.75)


def test_the_example_of_a_form_is_legal():
    assert FORM.example() == "amount: 0\nto: Ann\nsay: ...\n"
    assert FORM.parse(FORM.example()) == {"amount": 0, "to": "Ann", "say": "..."}


def test_spaces_and_blank_lines_do_not_matter_and_text_may_hold_colons():
    text = "\r\n amount : 12 \r\n\r\nto:Bob Lee\nsay: a: b"
    assert FORM.parse(text) == {"amount": 12, "to": "Bob Lee", "say": "a: b"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "found 0 lines, expected 3: 'amount: ...', 'to: ...', 'say: ...'"),
        ("to: Ann\namount: 1\nsay: x", "found the line 'to: Ann', expected 'amount: ...'"),
        ("amount: 13\nto: Ann\nsay: x", "amount: found '13', expected a whole number from 0 to 12"),
        ("amount: 07\nto: Ann\nsay: x", "amount: found '07', expected a whole number from 0 to 12"),
        ("amount: ٣\nto: Ann\nsay: x", "amount: found '٣', expected a whole number from 0 to 12"),
        ("amount: 1\nto: Cy\nsay: x", "to: found 'Cy', expected one of Ann, Bob Lee"),
        ("amount: 1\nto: Ann\nsay: " + "x" * 21, "say: found 21 characters, expected at most 20"),
    ],
)
def test_a_bad_reply_is_told_precisely(text: str, message: str):
    with pytest.raises(ValueError) as caught:
        FORM.parse(text)
    assert str(caught.value) == message


def test_a_number_of_a_million_digits_is_refused_at_once():
    with pytest.raises(ValueError, match="expected a whole number"):
        FORM.parse("amount: " + "9" * 1_000_000 + "\nto: Ann\nsay: x")


@given(
    st.integers(0, 12),
    st.sampled_from(["Ann", "Bob Lee"]),
    st.text(st.characters(blacklist_categories=["Cc", "Cs", "Z"]), max_size=20),
)
def test_what_is_rendered_reads_back(amount: int, to: str, say: str):
    values = {"amount": amount, "to": to, "say": say}
    text = FORM.render(values)
    assert FORM.parse(text) == values
    # A token is at least a byte; the text field is bounded in tokens on its own.
    assert len(text.encode()) - len(say.encode()) + 5 + 1 <= FORM.max_tokens


def test_render_keeps_text_on_one_line_and_within_its_bound():
    text = FORM.render({"amount": 1, "to": "Ann", "say": "one\ntwo  three " + "x" * 50})
    assert text == "amount: 1\nto: Ann\nsay: one two three xxxxxx\n"
    assert FORM.render({"amount": 1}) == "amount: 1\n"


def test_the_bound_in_tokens_counts_bytes():
    # "n: -10\n" is 7 bytes, and one token ends the reply.
    assert Form((IntegerField("n", -10, 9),)).max_tokens == 8
    assert Form((ChoiceField("c", ("a", "éé")),)).max_tokens == len("c: éé\n".encode()) + 1


def test_canonical_tells_forms_apart():
    forms = [FORM, Form((IntegerField("n", 0, 1),)), Form((IntegerField("n", 0, 2),)), Form((TextField("n", 1),))]
    assert len({form.canonical() for form in forms}) == 4
    assert json.loads(forms[1].canonical()) == [{"name": "n", "low": 0, "high": 1}]


@pytest.mark.parametrize(
    "fields",
    [
        (),
        (IntegerField("a", 0, 1), TextField("a")),
        (IntegerField("Amount", 0, 1),),
        (IntegerField("a", 1, 0),),
        (TextField("a", 0),),
        (ChoiceField("a", ()),),
        (ChoiceField("a", ("x", "x")),),
        (ChoiceField("a", ("x\ny",)),),
        (ChoiceField("a", (" x",)),),
    ],
)
def test_a_form_that_cannot_be_written_is_refused(fields: tuple):
    with pytest.raises(StudyError):
        Form(fields)


def test_labels_are_distinct_single_letters():
    check_options(("A", "B"))
    for bad in ((), ("A", "A"), ("a",), ("AB",), ("1",)):
        with pytest.raises(StudyError, match="relabel"):
            check_options(bad)
