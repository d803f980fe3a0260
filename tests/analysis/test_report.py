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
