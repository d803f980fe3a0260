import base64
import hashlib
import re
from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from commonweal.analysis.figures import Figure
from commonweal.analysis.page import (
    escape_text,
    write_figure,
    write_page,
    write_pairs,
    write_section,
    write_table_html,
    write_tabs,
    write_warning,
)

EVIL = '<script>alert("1")</script>\x1b[31m'


class Tags(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)

    def handle_data(self, data):
        self.text += data


@given(st.text())
def test_no_words_become_markup(text):
    assert Tags(escape_text("<b onclick=x>" + text)).tags == []


def test_words_survive_being_escaped():
    assert Tags(escape_text('5 < 6 & "so"')).text == '5 < 6 & "so"'
    assert escape_text("x" * 9000).endswith("… (5,000 more characters)")


def test_blocks_escape_what_they_are_given():
    table = Tags(write_table_html((EVIL,), ((EVIL,),), frozenset({0})))
    assert table.tags == ["div", "table", "thead", "tr", "th", "tbody", "tr", "td"]
    assert Tags(write_pairs([(EVIL, EVIL)], code=True)).tags == ["dl", "dt", "dd", "code"]
    assert Tags(write_warning(f"One. {EVIL}")).tags == ["div", "b"]
    assert Tags(write_section(EVIL, "<p></p>")).tags == ["section", "h2", "p"]
    assert Tags(write_figure(Figure(("<svg></svg>",), "", EVIL), EVIL)).tags == ["figure", "div", "svg", "figcaption", "b"]


def test_empty_sections_and_figures_are_left_out():
    assert write_section("Title", "", "") == ""
    assert write_figure(None, "x") == ""


def test_tabs_show_the_first():
    html = write_tabs([("a", "<p>1</p>"), ("b", "<p>2</p>")])
    assert html.count(" hidden") == 1
    assert html.index("<p>1</p>") < html.index(" hidden") < html.index("<p>2</p>")
    assert write_tabs([("a", "<p>1</p>")]) == "<p>1</p>"


def test_the_policy_lets_only_the_pages_own_script_run():
    page = write_page("t", "<p>body</p>")
    script = re.search(r"<script>(.*?)</script>", page, re.DOTALL).group(1)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'" in page
    assert page.startswith("<!doctype html>")
