"""A rubric file is read as it is written, and refused with what is wrong."""

import pytest

from commonweal.analysis.judging.rubric import Rubric, parse_rubric, read_rubric
from commonweal.core.errors import StudyError
from promises import RUBRIC


def test_a_file_is_read(tmp_path):
    (tmp_path / "rubric.md").write_text(RUBRIC)
    rubric = read_rubric(tmp_path / "rubric.md")
    assert (rubric.name, rubric.kind, rubric.levels, rubric.top) == ("broken-promises", "label", ("kept", "broken"), 1)
    assert (rubric.tags, rubric.rule) == (("trust", "commons"), "broken-promise")
    assert rubric.examples_of(1)[0] == "I will look after myself first."
    assert len(rubric.examples_of(0)) == 2
    assert "look after" not in rubric.text
    assert rubric.text.startswith("A promise is broken")


def test_a_list_may_stand_in_lines_and_a_score_has_more_levels():
    text = "---\nname: warmth\nkind: score\nlevels:\n  - cold\n  - 'even'\n  - warm\n---\nHow warm is the talk?\n"
    assert parse_rubric(text).levels == ("cold", "even", "warm")
    assert parse_rubric(text.replace("\n", "\r\n")).levels == ("cold", "even", "warm")


def test_the_digest_follows_every_word():
    base = parse_rubric(RUBRIC)
    assert parse_rubric(RUBRIC) == base
    for old, new in (("clearly more", "more"), ("kept, broken", "kept, lied"), ("- I will do my", "- I do my"), ("trust,", "")):
        assert parse_rubric(RUBRIC.replace(old, new)).digest != base.digest


@pytest.mark.parametrize(
    ("words", "level"),
    [("broken", 1), (" Kept ", 0), ("'BROKEN", 1), ("1", 1), ("2", None), ("yes", None), ("", None), ("-1", None)],
)
def test_a_level_is_read_by_name_or_number(words, level):
    assert parse_rubric(RUBRIC).level_of(words) == level


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("name: broken-promises", "name: ../../etc", "rubric name"),
        ("kind: label", "kind: feeling", "expected label or score"),
        ("levels: [kept, broken]", "levels: [kept, broken, lost]", "two levels"),
        ("levels: [kept, broken]", "levels: [kept, Kept]", "no two the same"),
        ("levels: [kept, broken]\n", "", "no levels"),
        ("tags: [trust, commons]", "run: rm", "found the line 'run: rm'"),
        ("---\nname", "name", "no front matter"),
    ],
)
def test_what_is_no_rubric_is_refused(old, new, said):
    with pytest.raises(StudyError, match=said):
        parse_rubric(RUBRIC.replace(old, new, 1))


def test_a_rubric_without_words_or_file_is_refused(tmp_path):
    with pytest.raises(StudyError, match="no text"):
        Rubric("empty", "label", ("no", "yes"), "  ")
    with pytest.raises(StudyError, match="cannot be read"):
        read_rubric(tmp_path / "none.md")
    with pytest.raises(StudyError, match="no front matter"):
        parse_rubric(RUBRIC + "x" * 20_001)
