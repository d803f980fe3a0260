import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonweal.analysis.logs import LogRow
from commonweal.analysis.transcript import choose_readings, clean_text, list_acts, read_acts, read_story, render_trial
from commonweal.core.errors import LogError


@pytest.mark.parametrize(
    ("raw", "plain"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x9b1mbold\x00\x08", "bold"),
        ("\x1bPqsixel\x1b\\after", "after"),
        ("a\r\nb\tc   d", "a b c d"),
        ("left\u202eright", "leftright"),
        ("\x1b(Bplain", "plain"),
        ("naïve — 数", "naïve — 数"),
    ],
)
def test_terminal_sequences_are_taken_out(raw, plain):
    assert clean_text(raw) == plain


def test_long_words_are_cut_and_counted():
    assert clean_text("x" * 700, 600) == "x" * 600 + " … (100 more characters)"
    assert clean_text("y" * 10_000_000, 600).endswith("… (9,999,400 more characters)")
    assert clean_text("short", 600) == "short"


@given(st.text())
def test_nothing_that_steers_a_terminal_is_left(text):
    cleaned = clean_text("\x1b[2J" + text)
    assert not any(ord(c) < 32 or 127 <= ord(c) < 160 for c in cleaned)


def test_a_language_trial_reads_as_a_conversation(synthetic, finished):
    text = render_trial(finished, "language", 1, 0)
    lines = text.splitlines()
    assert lines[0] == "Trial language/1/0"
    assert "audit on" in lines
    assert any(line.startswith("NULL MODEL") for line in lines)
    start = lines.index("month 2   [world.stock 94]")
    scene = lines[start : lines.index("", start)]
    rows = synthetic.language_rows(("language", 1, 0))
    words = {r["values"][0]: r["text"] for r in rows if r["kind"] == "text"}
    said = next(r for r in rows if r["name"] == "say" and r["tick"] == 2 and r["agent"] == 0)
    assert scene[1] == f"    agent 0: “{clean_text(words[said['values'][0]])}”"
    acts = next(r for r in rows if r["name"] == "act.harvest" and r["agent"] == 4)
    assert scene[10] == f"    agent 4 · harvest {acts['values'][2]}"
    assert scene[11:] == [
        "    * repair, agent 1: harvest: 'lots' is not in 0..10",
        "    * default, agent 1: harvest: took the default, 0",
    ]
    assert "    * audit, agent 3: found, fined 40" in lines
    assert "\x1b" not in text


def test_a_trial_without_traces_is_a_table_that_says_so(synthetic, finished):
    text = render_trial(finished, "scripted", 64, 0)
    assert "Per-agent traces were not recorded for this trial" in text
    levels = {"ruthless share": 1.0, "detection probability": 0.5, "population": 5}
    rows = synthetic.scripted_rows(("scripted", 64, 0), levels)
    stock = next(r["values"] for r in rows if r["name"] == "world.stock")
    table = [line.split() for line in text.splitlines() if line.split() and line.split()[0].isdigit()]
    assert [int(line[1]) for line in table if len(line) == 4] == stock
    assert "collapse: the stock is gone" in text


def test_an_unknown_trial_or_part(finished):
    with pytest.raises(LogError, match="no trial language/9/9"):
        render_trial(finished, "language", 9, 9)
    with pytest.raises(LogError, match="no part 'nothing'"):
        render_trial(finished, "nothing", 0, 0)


def test_readings_that_tell_something_come_first():
    def reading(name, *values):
        return LogRow("reading", name, None, None, values, None, None)

    rows = [reading("ledger.purse", 1, 2), reading("world.limit", 5, 5), reading("world.a", 1, 2), reading("m.sum", 1, 1)]
    assert [name for name, _ in choose_readings([*rows, reading("world.stock", 3, 2)])] == [
        "world.stock", "world.a", "ledger.purse",
    ]  # fmt: skip
    assert choose_readings(rows[3:]) == (("m.sum", (1, 1)),)


def test_acts_leave_out_handles_and_silence():
    def trace(name, agent, *values):
        return LogRow("trace", name, None, agent, values, None, None)

    def event(name, tick, agent, *values):
        return LogRow("event", name, tick, agent, values, None, None)

    rows = [
        trace("act.harvest", 0, 7, 8, 9),
        trace("answered.harvest", 0, 1, 0, 0),
        trace("act.talk", 0, 4, 5, -1),
        trace("payoff", 0, 1, 1, 1),
        event("say", 0, 0, 4),
        event("say", 1, 0, 5),
        event("default", 2, 0, 0),
    ]
    assert list_acts(rows) == {("harvest", 0): (7, None, 9)}


def test_a_story_knows_its_cell(finished):
    story = read_story(finished, ("language", 0, 0), limit=20)
    assert (story.name, story.levels, story.traced, len(story.scenes)) == ("language/0/0", "audit off", True, 12)
    assert dict(story.values)["survived"] == 1.0
    assert max(len(line.text) for scene in story.scenes for line in scene.lines) < 60


def speechless(synthetic, key, ticks):
    """A trial with acts, an answer left out, an answer by default, events, and no words."""
    rows = [row for row in synthetic.language_rows(key, ticks=ticks) if row["kind"] != "text" and row["name"] != "say"]
    left = [int(tick not in (1, 2, 30)) for tick in range(ticks)]
    return [*rows, synthetic.row(key, "trace", "answered.harvest", agent=1, values=left)]


@pytest.mark.parametrize("words", [True, False], ids=["with words", "without"])
def test_the_first_scenes_alone_are_the_first_of_all(synthetic, tmp_path, words):
    key, ticks = ("language", 0, 0), 60
    synthetic.write_plan(tmp_path)
    synthetic.write_logs(tmp_path, synthetic.language_rows(key, ticks=ticks) if words else speechless(synthetic, key, ticks))
    whole = read_story(tmp_path, key)
    assert (len(whole.scenes), whole.length) == (ticks, ticks)
    for most in (0, 1, 24, 60, 100):
        first = read_story(tmp_path, key, most=most)
        assert first == dataclasses.replace(whole, scenes=whole.scenes[:most])
    if not words:
        # Agent 1 gave no answer at tick 1, and its default counted at tick 2.
        assert [[line.agent for line in scene.lines if line.kind == "act"] for scene in whole.scenes[1:3]] == [
            [0, 2, 3, 4],
            [0, 1, 2, 3, 4],
        ]


def test_acts_may_be_read_at_every_so_many_ticks(synthetic, tmp_path):
    key = ("language", 0, 0)
    synthetic.write_plan(tmp_path)
    synthetic.write_logs(tmp_path, speechless(synthetic, key, 60))
    every = list_acts(read_acts(tmp_path, key, None))
    thinned = list_acts(read_acts(tmp_path, key, range(0, 60, 2)), 2)
    assert thinned == {name: values[::2] for name, values in every.items()}
    assert [value is None for value in thinned["harvest", 1][:16]] == [False] * 15 + [True]
