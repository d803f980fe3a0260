"""The page, by its words, and in a real browser where there is one."""

import http.server
import json
import re
import shutil
import subprocess
import threading

import pytest

from commonweal.analysis.estimates import write_estimates
from commonweal.analysis.report import write_report
from commonweal.analysis.trials import write_table
from commonweal.core.errors import LogError

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@pytest.fixture(scope="module")
def page(finished):
    write_estimates(finished)
    return write_report(finished).read_text(encoding="utf-8")


def test_the_page_has_everything_in_order(page, finished):
    answer = json.loads((finished / "estimates.json").read_text())
    places = [
        "Does an audit keep the commons alive",
        "In this model, an audit that finds",
        "Grade C.",
        "Part scripted: the primary outcome",
        "Phase map.",
        "Trial by trial.",
        "Theory beside the simulation",
        "Part language: control",
        "One trial, tick by tick",
        "Transcript of one trial of part language",
        "What was run",
        "The mind card",
        "Estimates",
        "Hypotheses",
        "The model (ODD)",
        "Cost",
        "Sources",
        "Reproduce",
        answer["log_digest"],
        "commonweal run audit",
    ]
    found = [page.index(words) for words in places]
    assert found == sorted(found)


def test_everything_from_a_null_model_is_marked(page):
    sections = re.findall(r"<section><h2>(.*?)</h2>(.*?)</section>", page, re.DOTALL)
    marked = {title for title, body in sections if 'class="warn"' in body}
    assert marked == {"Part language: control", "Transcript of one trial of part language", "The mind card"}
    assert "<b>Null model. Trial by trial.</b>" in page
    assert "language/0, null model" in page
    assert "NULL" not in re.sub(r"<[^>]*>", "", page[: page.index("Part language")])


def test_words_of_agents_are_words(page):
    assert "&lt;script&gt;document.title" in page
    assert "<script>document.title" not in page
    assert "\x1b" not in page
    assert page.count("<script") == 1


def test_the_page_asks_for_nothing_and_stays_small(page):
    assert not re.findall(r"\b(?:src|href|action|xlink:href)\s*=", page)
    assert "url(" not in page
    assert len(page.encode()) < 1_000_000


def test_model_versions_seeds_and_costs_are_there(page):
    for words in ("smollm2-135m-instruct", "sha256:" + "ab" * 32, "jax 0.6.0", "0 to 9", "rules.audit:Audit.detect", "80,000"):
        assert words in page


def test_without_card_model_or_recorded_trials(synthetic, tmp_path):
    plan = synthetic.write_plan(tmp_path, seeds=2, model=None, theory="none known")
    plan["parts"] = plan["parts"][:1]
    for cell in plan["parts"][0]["cells"]:
        cell["theory"] = None
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    rows = [
        r
        for cell in plan["parts"][0]["cells"]
        for seed in (0, 1)
        for r in synthetic.scripted_rows(("scripted", cell["cell"], seed), cell["levels"])
    ]
    synthetic.write_logs(tmp_path, rows)
    write_table(tmp_path)
    write_estimates(tmp_path)
    page = write_report(tmp_path).read_text()
    assert "Theory: none known." in page
    assert "mind card</h2>" not in page
    assert "Transcript" not in page
    assert "Null model" not in page


def test_a_run_that_has_barely_begun(synthetic, tmp_path):
    synthetic.write_plan(tmp_path)
    synthetic.write_logs(tmp_path, [synthetic.header(("scripted", 0, 0))])
    write_table(tmp_path)
    write_estimates(tmp_path)
    page = write_report(tmp_path).read_text()
    assert "No answer yet" in page
    assert "No trial of this part is finished yet." in page
    assert "661 are missing" in page
    assert "Exploratory." in page


def test_a_damaged_card_is_named(synthetic, tmp_path):
    synthetic.write_plan(tmp_path)
    synthetic.write_logs(tmp_path, [synthetic.header(("scripted", 0, 0))])
    write_table(tmp_path)
    write_estimates(tmp_path)
    (tmp_path / "card.json").write_text('{"model": "x"}')
    with pytest.raises(LogError, match=r"card\.json: found a card that does not fit"):
        write_report(tmp_path)


def sections_of(page):
    found = re.findall(r"<section><h2>(.*?)</h2>(.*?)</section>", page, re.DOTALL)
    return dict(found)


def words_of(html):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", html))


@pytest.fixture(scope="module")
def full(whole):
    write_estimates(whole)
    return write_report(whole).read_text(encoding="utf-8")


def test_every_section_of_the_reporting_standard_is_there(full):
    """The numbered list of the reporting standard: what has no data in a run says so in its own section."""
    sections = sections_of(full)
    for title in (
        "Claim card", "Registration", "Unit and sample", "Start states", "The model (ODD)",
        "Part scripted: the primary outcome",
        "Part map: zoom", "Every contrast, counted", "The judge card", "Robustness audit", "The mind card", "Discovery log",
        "Theory gap", "Cost", "Grade", "Hypotheses", "Estimates", "What was run", "Sources", "Reproduce",
    ):  # fmt: skip
        assert title in sections, title
        assert words_of(sections[title]).strip()


def test_each_section_says_what_it_is_asked(full):
    sections = {title: words_of(body) for title, body in sections_of(full).items()}
    for title, words in (
        ("Claim card", "would refute it"),
        ("Claim card", "harms and dual use"),
        ("Claim card", "none: no real trace is compared"),
        (
            "Registration",
            "Locked 2020-01-01T00:00:00+00:00, commit abababababab; no deviation; confirmatory: survived, welfare.",
        ),
        ("Unit and sample", "One observation is one trial: a society of 5 agents over 12 ticks"),
        ("Unit and sample", "intraclass correlation"),
        ("Unit and sample", "Excluded: trials that crashed"),
        ("Unit and sample", "20 trials an arm find 0.5 in 80 of 100 studies"),
        ("Every contrast, counted", "Wording floor: with the null model of part language"),
        ("Every contrast, counted", "Smallest effect of interest 0.10"),
        ("Robustness audit", "random minds"),
        ("Start states", "map"),
        ("Part map: zoom", "coverage cells alone (control)"),
        ("Discovery log", "scripted/1/2"),
        ("The judge card", "broken-promises"),
        ("Grade", "a robustness audit in which the claim holds in 80 % of specifications"),
        ("What was run", "0 to 1"),
    ):
        assert words in sections[title], (title, words, sections[title][:400])


def test_every_trial_of_the_primary_outcome_is_a_dot(full):
    body = sections_of(full)["Part scripted: the primary outcome"]
    dots = sum(path.count("h0") for path in re.findall(r'<path[^>]*class="[^"]*dots[^"]*"[^>]*>', body))
    assert dots >= 2 * 20 * 3  # two arms of three known metrics


def test_parts_of_the_audit_stand_in_the_audit_alone(full):
    titles = list(sections_of(full))
    assert not [title for title in titles if title.startswith("Part audit")]
    assert "audit-0" in words_of(sections_of(full)["What was run"])


def test_the_grade_on_the_page_is_the_one_that_is_reckoned(full, whole):
    from commonweal.analysis.estimates import list_missing
    from commonweal.analysis.findings import read_findings
    from commonweal.analysis.grade import Evidence, grade_report
    from commonweal.analysis.judging.judge_card import read_judge_card
    from commonweal.analysis.plans import read_plan
    from commonweal.analysis.trials import read_trials

    plan, findings = read_plan(whole), read_findings(whole)
    missing = list_missing(plan, read_trials(whole))
    assert missing == {}
    grade = grade_report(plan, findings, Evidence(missing, None, read_judge_card(whole)))
    table = words_of(sections_of(full)["Grade"])
    for requirement in grade.requirements:
        assert re.search(re.escape(requirement.words) + (" +yes" if requirement.met else " +missing"), table)
    assert f"<b>{grade.line.split('.')[0]}.</b>" in full


def test_nothing_that_anyone_wrote_gets_out_of_its_escape(full):
    """Author, agents, raters and audit each tried a tag and a terminal sequence; tags of the page are its own."""
    assert full.count("&lt;img src=x onerror") >= 6
    assert "&lt;b&gt;ben&lt;/b&gt;" in full
    assert "<img" not in full
    assert "\x1b" not in full
    assert "\x07" not in full
    assert full.count("<script") == 1
    for tag in re.findall(r"<[a-zA-Z][^>]*>", full):
        assert not re.search(r"""\son[a-z]+\s*=(?![^"]*"[^"]*$)""", re.sub(r'"[^"]*"', '""', tag)), tag


def test_a_run_without_an_audit_says_so(page):
    assert "No robustness audit was run" in sections_of(page)["Robustness audit"]
    assert "Not locked" in sections_of(page)["Registration"]


def test_a_run_that_stopped_early_shows_the_sample_its_estimates_rest_on(synthetic, tmp_path):
    synthetic.write_run(tmp_path, seeds=10)
    stopped = {"part": "scripted", "n": 6, "seeds": 10, "why": "narrow enough", "estimate": 0.3, "low": 0.2, "high": 0.4}
    (tmp_path / "stopped.json").write_text(json.dumps(stopped))
    write_table(tmp_path)
    write_estimates(tmp_path)
    page = write_report(tmp_path).read_text()
    assert "Stopped early after 6 of 10 seeds by the declared rule: narrow enough" in words_of(page)
    assert "are missing" not in page.split("</header>")[0]
    body = sections_of(page)["Part scripted: the primary outcome"]
    assert "n = 66" in body
    assert "n = 110" not in body


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")
def test_a_browser_shows_it_runs_nothing_of_the_agents_and_asks_for_nothing(synthetic, tmp_path):
    hits = []

    class Counter(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            hits.append(self.path)
            self.send_error(404)

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Counter)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        address = f"http://127.0.0.1:{server.server_port}"
        synthetic.write_run(tmp_path, seeds=2)
        plan = json.loads((tmp_path / "plan.json").read_text())
        plan["study"]["doc"] = f'<img src="{address}/doc"><script src="{address}/js"></script>'
        plan["odd"]["purpose"] = f"<link rel=stylesheet href={address}/css><script>document.title='owned'</script>"
        (tmp_path / "plan.json").write_text(json.dumps(plan))
        write_table(tmp_path)
        write_estimates(tmp_path)
        path = write_report(tmp_path)
        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
        flags += ["--disable-background-networking", "--disable-component-update", "--window-size=1100,2000"]
        shot = tmp_path / "page.png"
        folder = f"--user-data-dir={tmp_path / 'profile'}"
        found = subprocess.run(
            [CHROMIUM, *flags, folder, f"--screenshot={shot}", "--dump-dom", path.as_uri()],
            capture_output=True, text=True, timeout=120, check=True,
        )  # fmt: skip
    finally:
        server.shutdown()
        server.server_close()
    assert "<title>audit: Does an audit keep the commons alive" in found.stdout
    assert found.stdout.count("<svg") > 20
    assert hits == []
    assert shot.read_bytes().startswith(b"\x89PNG")
    assert shot.stat().st_size > 50_000
