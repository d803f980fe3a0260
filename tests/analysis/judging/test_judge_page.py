"""The section of the report: every number of the card, its warnings, and no markup of anybody's."""

import dataclasses
import re
from html.parser import HTMLParser

from commonweal.analysis.judging.judge_page import write_judge
from commonweal.analysis.page import write_page
from promises import a_card


class Balance(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.tags = [], set()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        if tag not in ("meta", "br", "link", "path", "line", "circle", "rect"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag in ("path", "line", "circle", "rect"):
            return
        assert self.open.pop() == tag


def test_every_number_stands_there():
    html = write_judge(a_card())
    for words in ("judge alone", "corrected", "labels alone", "0.57", "0.45", "0.37 to 0.53", "sensitivity", "own family"):
        assert words in html
    assert "Null model" not in html
    assert "Not calibrated" not in html
    assert html.count("<svg") == 2
    page = Balance()
    page.feed(write_page("x", html))
    assert page.open == []


def test_words_of_others_are_no_markup():
    evil = "<script>alert(1)</script>\x1b[31m\u202e"
    card = a_card()
    card = dataclasses.replace(
        card,
        raters=(evil,),
        summary=evil,
        arms=evil,
        rubric=dataclasses.replace(card.rubric, text=evil, name=evil, tags=(evil,), levels=(evil, "b")),
        judge=dataclasses.replace(card.judge, name=evil),
        checks=tuple(dataclasses.replace(row, reading=evil, what=evil, name=evil) for row in card.checks),
        share=tuple(dataclasses.replace(row, what=evil) for row in card.share),
    )
    html = write_judge(card)
    assert "<script" not in html
    assert "\x1b" not in html
    assert "\u202e" not in html
    assert "&lt;script&gt;" in html


def test_a_null_model_and_a_card_without_labels_warn_first():
    card = a_card()
    null = write_judge(dataclasses.replace(card, judge=dataclasses.replace(card.judge, null_model=True)))
    assert null.index("Null model") < null.index("<p>")
    assert re.search(r"<figcaption>.*Null model", null)
    bare = dataclasses.replace(card, labels=0, agreement=(), weight=None, raters=(), source="none", difference=(), distilled=())
    html = write_judge(bare)
    assert "Not calibrated" in html
    assert html.count("<svg") == 1
    assert "How far judge and gold agree" not in html
    nothing = tuple(dataclasses.replace(row, value=None, low=None, high=None) for row in card.share)
    assert "<svg" not in write_judge(dataclasses.replace(bare, share=nothing))
