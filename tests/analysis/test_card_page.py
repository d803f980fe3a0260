"""The card's page: every figure is there, a model's words are words, and nothing is asked of the network."""

import re

import pytest

from commonweal.analysis.card_page import write_card, write_card_page
from commonweal.analysis.cards import COSTS, read_card
from commonweal.core.errors import LogError


@pytest.fixture
def page(synthetic, tmp_path):
    synthetic.write_card(tmp_path)
    return write_card_page(tmp_path).read_text()


def test_every_part_is_on_the_page(page):
    for words in (
        "What moves its choices",
        "Legal answers",
        "Does it name what is tested?",
        "Does it repeat itself?",
        "Tokens and time",
        "16 of 16 calls gave the same bits in 3 rounds",
        "1.20 to 1.50",
        "sha256:" + "ab" * 32,
        "3.3 calls/s",
        "47,138 tokens read",
    ):
        assert words in page
    assert page.count("<svg") == 2


def test_a_null_model_is_marked_and_another_is_not(page, synthetic, tmp_path):
    assert "Null model." in page
    assert "Null model: these are sizes of wording artefacts" in page
    synthetic.write_card(tmp_path, null_model=False)
    assert "Null model" not in write_card_page(tmp_path).read_text()


def test_what_a_model_wrote_is_words(page):
    assert "&lt;script&gt;x()" in page
    assert "<script>x()" not in page
    assert "\x1b" not in page
    assert page.count("<script") == 1


def test_names_are_words_too(synthetic, tmp_path):
    synthetic.write_card(tmp_path, model="<img src=x onerror=y()>", digest="<i>", summary="<u>", scale="<s>")
    page = write_card_page(tmp_path).read_text()
    assert not re.findall(r"<(img|i|u|s)\b", page)


def test_the_page_asks_for_nothing(page):
    assert not re.findall(r"\b(?:src|href|action|xlink:href)\s*=", page)
    assert "url(" not in page
    assert "default-src 'none'" in page


def test_a_replayed_card_says_what_was_not_measured(synthetic, tmp_path):
    none = {"low": None, "high": None, "n": 0}
    card = synthetic.make_card()
    for probe in card["probes"]:
        probe.update({"effect": None, "share": None, **none})
    card["determinism"] |= {"calls": 0, "spread": None, **none}
    card["batch"] |= {"shift": None, "largest": None, **none}
    card["cost"] = dict.fromkeys(COSTS)
    synthetic.write_card(tmp_path, **card)
    chapter = write_card(read_card(tmp_path))
    assert "not measured" in chapter
    assert "<svg" not in chapter


def test_no_card_is_refused(tmp_path):
    with pytest.raises(LogError, match=r"found no card\.json"):
        write_card_page(tmp_path)
