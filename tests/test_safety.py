"""What agents write is data: hostile texts on their way from an endpoint through a study's run into every view.

A whole study is run by the command line against the loopback endpoint, whose agents say everything in `faults.HOSTILE`. Then
nothing of it may be found where it could act, and the key nowhere at all.
"""

import base64
import itertools
import os
import re
import shutil
import subprocess
import sys
import unicodedata
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pytest

from commonweal.analysis.transcript import clean_text
from commonweal.lab.study import load_study
from commonweal.minds.prompts import prefix_of
from faults import HOSTILE, Faulty, always

KEY = "sk-secret-7f3a9b1c5d"
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
STUDY = """
from commonweal.channels.broadcast import Broadcast
from commonweal.core import lens
from commonweal.core.named import Named
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.lab.study import Factor, Part, Primary, Study
from commonweal.metrics.survival import Survival
from commonweal.minds.language import Language
from commonweal.minds.scripted import Scripted
from commonweal.worlds.commons import Commons
import jax.numpy as jnp

society = Society(
    world=Commons(),
    minds=Named.of(("speaks", Language()), ("silent", Scripted())),
    seats=Seating(16, Named.of(("silent", jnp.float32(0.0)))),
    channel=Broadcast(),
)
study = Study(
    name="hostile",
    question="Does what agents say act on anything?",
    parts=(Part("words", society, (Factor("silent", lens.share("silent"), (0.0, 0.25)),), ticks=3, seeds=2),),
    metrics=Named.of(("survived", Survival())),
    primary=Primary("survived", "words", "silent", control=0.0, treatment=0.25, claim="Silence", outcome="survival"),
    hypotheses=("It does not.",),
    theory="none known",
)
"""


def commonweal(*words, home):
    environment = os.environ | {"OPENAI_API_KEY": KEY, "JAX_PLATFORMS": "cpu", "HOME": str(home)}
    command = [sys.executable, "-m", "commonweal.app.main", *map(str, words)]
    return subprocess.run(command, cwd=home, env=environment, capture_output=True, text=True, timeout=300)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """One run of the study with hostile agents, and everything it left and said."""
    home = tmp_path_factory.mktemp("hostile")
    (home / "study.py").write_text(STUDY)
    names = itertools.cycle(HOSTILE)
    with Faulty(lambda asked: f"says {next(names)}", permanent=True) as server:
        done = commonweal(
            "run", "study.py", "--endpoint", server.url, "--model", "fake", "--jobs", 1, "--out", home / "run", home=home
        )
        asked, faults = list(server.asked), dict(server.faults)
    shown = commonweal("show", home / "run", "words/0/0", home=home)
    return SimpleNamespace(home=home, folder=home / "run", done=done, shown=shown, asked=asked, faults=faults)


@pytest.mark.parametrize("name", HOSTILE)
def test_words_are_cleaned_even_where_a_log_was_not_written_by_us(name):
    for text in (HOSTILE[name], HOSTILE[name] * 3, f"a{HOSTILE[name]}b"):
        for shown in (clean_text(text), clean_text(text, 100)):
            assert not [letter for letter in shown if unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp")]
            assert not set(shown) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
            assert len(shown.splitlines()) <= 1


def trial_requests(run):
    """Those in which an agent may say something."""
    found = []
    for asked in run.asked:
        form = asked.body.get("response_format", {}).get("json_schema", {}).get("schema", {})
        if "say" in form.get("properties", {}):
            found.append(asked)
    return found


def logged(run):
    """Every text that the logs hold."""
    rows = duckdb.sql(
        f"SELECT DISTINCT text FROM read_parquet('{run.folder}/**/*.parquet', union_by_name=true) WHERE text IS NOT NULL"
    )
    return [row[0] for row in rows.fetchall()]


def test_the_study_ends_well_whatever_is_said(run):
    assert run.done.returncode == 0, run.done.stderr
    assert set(run.faults) == {f"says {name}" for name in HOSTILE}
    assert len(trial_requests(run)) >= 16 * 3
    texts = "\n".join(logged(run))
    for part in ("<script>", "rm -rf", "ignore all rules", "owned", "three"):
        assert part in texts, part


def test_no_control_character_reaches_the_log_or_the_terminal(run):
    for text in logged(run):
        assert not [c for c in text if unicodedata.category(c) in ("Cc", "Cs") and c != "\n"], text[:200]
    for text in (run.done.stdout, run.done.stderr, run.shown.stdout, run.shown.stderr):
        assert not [c for c in text if unicodedata.category(c) in ("Cc", "Cs") and c not in "\n\r\t"]
        assert not set(text) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
    assert "“<script>document.title" in run.shown.stdout
    assert "red" in run.shown.stdout


def test_a_line_of_a_transcript_is_one_line_of_ours(run):
    """Nobody can speak in another's name by breaking a line: each line begins as a transcript's lines do."""
    for line in run.shown.stdout.splitlines()[8:]:
        assert re.match(r"$|month \d+|    (agent \d+(:| ·)|\* |someone:)", line), line[:200]


class Page(HTMLParser):
    """Elements and attributes of a page, and its visible text."""

    def __init__(self, html):
        super().__init__()
        self.found, self.text, self._inside = [], "", []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        self._inside.append(tag)

    def handle_endtag(self, tag):
        while tag in self._inside and self._inside.pop() != tag:
            pass

    def handle_data(self, data):
        if not {"script", "style"} & set(self._inside):
            self.text += data


def test_no_element_and_no_attribute_of_the_report_stems_from_a_text(run):
    html = (run.folder / "report.html").read_text()
    page = Page(html)
    assert "<script>document.title='owned'</script>" in page.text  # it is there, as words
    assert "</div></section></body></html><h1 id=owned>" in page.text
    tags = [tag for tag, _ in page.found]
    assert tags.count("script") == tags.count("html") == tags.count("body") == tags.count("h1") == 1
    assert not {"img", "iframe", "object", "embed", "form", "input", "link", "base", "a"} & set(tags)
    for tag, attributes in page.found:
        for name, value in attributes.items():
            assert not name.startswith("on"), (tag, name)
            assert "owned" not in f"{name} {value}", (tag, name, value)
            assert not (value or "").strip().lower().startswith(("javascript:", "data:text")), (tag, name, value)
    assert not [c for c in html if unicodedata.category(c) in ("Cc", "Cs") and c not in "\n\t"]


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")
def test_a_browser_runs_no_script_of_theirs(run):
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
    flags += ["--disable-background-networking", "--disable-component-update", f"--user-data-dir={run.home / 'profile'}"]
    found = subprocess.run(
        [CHROMIUM, *flags, "--dump-dom", (run.folder / "report.html").as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    page = Page(found.stdout)
    title = re.search(r"<title>(.*?)</title>", found.stdout, re.DOTALL).group(1)
    assert title.startswith("hostile: Does what agents say act")
    assert not [attributes for _, attributes in page.found if attributes.get("id") == "owned"]
    assert [tag for tag, _ in page.found].count("h1") == 1


def test_the_system_message_is_the_trials_rules_and_nothing_else(run):
    study = load_study(str(run.home / "study.py"))
    society = study.parts[0].society
    rules = prefix_of(SimpleNamespace(rules=society.world.rules()))
    assert {asked.message("system") for asked in trial_requests(run)} == {rules}
    for asked in run.asked:
        assert [message["role"] for message in asked.body["messages"]] == ["system", "user"]
        assert not re.search("owned|ignore all rules|rm -rf", asked.message("system"))


def test_what_is_heard_is_quoted_and_holds_no_mark_of_a_chat_template(run):
    words = re.compile("ignore all rules|document.title|one two three|HYPERLINK|rm -rf|owned")
    heard = [line for asked in trial_requests(run) for line in asked.message("user").split("\n") if words.search(line)]
    assert any("ignore all rules" in line for line in heard)
    # Its own words come back in its own notes, inside one line; those of others only as quotations.
    assert [line for line in heard if not re.match(r"> Seat \d+ said: \"|- month \d+: .*I said \"", line)] == []
    assert any(line.startswith("> ") for line in heard)
    for asked in run.asked:
        text = asked.message("user")
        assert not re.search(r"<\|im_|\[/?INST\]", text)
        assert not [c for c in text if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") and c != "\n"]


def test_no_text_becomes_a_path_or_a_command(run):
    names = [str(path.relative_to(run.home)) for path in run.home.rglob("*") if "profile" not in path.parts]
    assert not [name for name in names if re.search(r"owned|\.\.|[<>$`|;\x00-\x1f]", name)], names
    assert not Path("/tmp/owned").exists()


def places(folder):
    """Every byte of a run that could hold a key: files as they are, and the cells of tables, which are packed in files."""
    for path in folder.rglob("*"):
        if path.is_file() and "profile" not in path.parts:
            yield path, path.read_bytes()
            if path.suffix == ".parquet":
                yield path, repr(duckdb.sql(f"SELECT * FROM read_parquet('{path}')").fetchall()).encode()


def test_the_key_is_sent_and_is_nowhere_else(run):
    assert {asked.headers["Authorization"] for asked in run.asked} == {f"Bearer {KEY}"}
    forms = [KEY.encode(), base64.b64encode(KEY.encode()), KEY.encode().hex().encode()]
    count = 0
    for path, raw in places(run.home):
        count += 1
        assert not any(form in raw for form in forms), path
    assert count > 8
    for text in (run.done.stdout, run.done.stderr, run.shown.stdout):
        assert KEY not in text


@pytest.fixture(scope="module")
def refused(tmp_path_factory):
    """A run whose endpoint refuses, repeats the key, and sends terminal escapes."""
    home = tmp_path_factory.mktemp("refused")
    (home / "study.py").write_text(STUDY)
    with Faulty(always("401"), permanent=True) as server:
        how = ("--endpoint", server.url, "--model", "fake", "--jobs", 1, "--out", home / "run")
        return SimpleNamespace(home=home, done=commonweal("run", "study.py", *how, home=home))


def test_a_refusal_that_repeats_the_key_is_told_without_it(refused):
    said = refused.done.stdout + refused.done.stderr
    assert refused.done.returncode == 1
    assert "answered 401" in said
    assert KEY not in said
    for path, raw in places(refused.home):
        assert KEY.encode() not in raw, path


def test_a_refusal_brings_no_escape_to_the_terminal(refused):
    said = refused.done.stdout + refused.done.stderr
    assert not [letter for letter in said if unicodedata.category(letter) == "Cc" and letter not in "\n\r\t"]
