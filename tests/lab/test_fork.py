"""A fork has its parent's past without a call, and differs from the tick of the change on."""

import asyncio
import json
import shutil
import sqlite3

import numpy as np
import pytest

from commonweal.analysis.transcript import render_trial
from commonweal.core.errors import LogError, StudyError
from commonweal.engine.compiled import advance
from commonweal.engine.hosted import advance as advance_hosted
from commonweal.engine.trial import begin
from commonweal.engine.trial import fork as fork_value
from commonweal.lab.batches import trial_seed
from commonweal.lab.finished import read_finished
from commonweal.lab.fork import Request, fork_trial, recorded_of
from commonweal.lab.logs import write_logs
from commonweal.lab.order import Order, prepare
from commonweal.lab.run import plan_run
from commonweal.lab.worker import TRACED, run_trials
from commonweal.models.archive import export_replies, import_replies
from commonweal.models.choice import ModelChoice
from commonweal.models.store import ReplyStore
from commonweal.models.stored import Stored
from faults import Faulty

RATE = "rules.tithe:Tithe.rate"
STUDY = """
from commonweal.channels.broadcast import Broadcast
from commonweal.core import lens
from commonweal.core.named import Named
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.lab.study import Factor, Part, Primary, Study
from commonweal.metrics.welfare import Welfare
from commonweal.minds.language import Language
from commonweal.worlds.network_game import NetworkGame
from commonweal_plugin.tithe import Tithe

study = Study(
    name="spoken", question="Does it fork?", metrics=Named.of(("welfare", Welfare())),
    parts=(Part(
        name="language",
        society=Society(
            NetworkGame(), Named.of(("civil", Language(temperature=1.0))), Seating(3), Named.of(("tithe", Tithe(rate=0.0))),
            Broadcast(),
        ),
        factors=(Factor("tithe", lens.rule("tithe", Tithe, lambda rule: rule.rate), (0.0, 0.5)),),
        ticks=4, seeds=1,
    ),),
    primary=Primary("welfare", "language", "tithe", 0.0, 0.5, "A tithe"),
)
"""


@pytest.fixture(scope="module")
def compiled_run(tmp_path_factory):
    """A run of a compiled study: cell 1, seed 0 with traces and seed 2 without."""
    run = tmp_path_factory.mktemp("compiled")
    plan_run(Order("tithe"), run)
    prepared = prepare(Order("tithe"))
    part = prepared.study.parts[0]
    for number, (seed, record) in enumerate([(0, TRACED), (2, ())], 1):
        (log,) = run_trials(prepared, part, ((1, seed),), record)
        write_logs(run / "logs" / f"scripted-{number:06d}.parquet", "scripted", [(1, seed, log)])
    return run


@pytest.mark.parametrize(("seed", "tick"), [(0, 0), (0, 1), (0, 2), (2, 1)])
def test_a_fork_that_changes_nothing_is_its_parent(compiled_run, seed, tick):
    into = fork_trial(compiled_run, Request(("scripted", 1, seed), tick, ((RATE, "0.5"),)))
    fork, parent = (read_finished(own, ("scripted", 1, seed)) for own in (into, compiled_run))
    assert fork.digest == parent.digest
    facts = json.loads((into / "fork.json").read_text())
    assert facts["log_digest"] == facts["parent"]["log_digest"] == parent.digest
    assert facts["calls"] == {"before": 0, "after": 0}


def test_the_past_stays_and_what_is_changed_acts_from_the_tick_on(compiled_run):
    # Five seats harvest 10 a month each, a tithe of 1/2 leaves 25 of 50 and one of 1/5 leaves 40.
    into = fork_trial(compiled_run, Request(("scripted", 1, 0), 1, ((RATE, "0.2"),)))
    fork, parent = (read_finished(own, ("scripted", 1, 0)).log for own in (into, compiled_run))
    assert parent.readings["ledger.purse"].tolist() == [25, 50, 75]
    assert fork.readings["ledger.purse"].tolist() == [25, 65, 105]
    for name, series in parent.traces.items():
        assert np.array_equal(fork.traces[name][:1], series[:1])
    text = render_trial(into, "scripted", 1, 0)
    before, mark, after = text.partition(f"{RATE} from 0.5 to 0.2")
    assert mark
    assert "month 0" in before
    assert "month 1" not in before
    assert "month 1" in after
    untraced = fork_trial(compiled_run, Request(("scripted", 1, 2), 2, ((RATE, "0.2"),)))
    assert f"{RATE} from 0.5 to 0.2" in render_trial(untraced, "scripted", 1, 2)
    # What the engine alone makes of it: the same bits, and the parent's folder holds its own two logs still.
    prepared = prepare(Order("tithe"))
    part = prepared.study.parts[0]
    trial = begin(part.society_of(part.cells()[1]), trial_seed(prepared.study, part, 1, 0), prepared.study.metrics, TRACED)
    changed = part.factors[0].lens.set(part.society_of(part.cells()[1]), 0.2)
    assert advance(fork_value(advance(trial, 1), changed), 2).log().digest == read_finished(into, ("scripted", 1, 0)).digest
    assert len(list((compiled_run / "logs").iterdir())) == 2


def test_requests_that_cannot_be_forks_are_refused(compiled_run):
    trial = ("scripted", 1, 0)
    with pytest.raises(StudyError, match="2 things are set at once"):
        Request(trial, 1, ((RATE, "0"), ("world.growth", "1")))
    with pytest.raises(StudyError, match="set twice"):
        Request(trial, 1, ((RATE, "0"), (RATE, "1")), "x")
    for name in ("../out", "a/b", ".hidden", "x" * 101, "a\n"):
        with pytest.raises(StudyError, match="a fork named"):
            Request(trial, 1, (), name)
    assert "/" not in Request(trial, 1, (("minds.x:Y.persona", "../../etc; rm -rf ~\n"),)).folder
    assert len(Request(trial, 1, (("minds.x:Y.persona", "long " * 1000),)).folder) < 100
    assert Request(trial, 1, ((RATE, "1"),)).folder != Request(trial, 1, ((RATE, "2"),)).folder
    for wrong, words in (
        (Request(trial, 3, ((RATE, "0"),)), "expected a tick of the trial, 0 to 2"),
        (Request(trial, -1, ((RATE, "0"),)), "expected a tick of the trial"),
        (Request(trial, 1, (("rules.tithe:Tithe.rat", "0"),)), "did you mean rules.tithe:Tithe.rate"),
        (Request(trial, 1, ((RATE, "much"),)), "expected a number"),
        (Request(trial, 1, (("seats.n", "6"),)), "keeps who sits where"),
        (Request(("scripted", 9, 0), 1, ((RATE, "0"),)), "no log of trial scripted/9/0"),
        (Request(("nobody", 1, 0), 1, ((RATE, "0"),)), "nothing is named 'nobody'"),
    ):
        with pytest.raises((StudyError, LogError), match=words):
            fork_trial(compiled_run, wrong)
    fork_trial(compiled_run, Request(trial, 1, ((RATE, "0"),), "taken"))
    fork_trial(compiled_run, Request(trial, 1, ((RATE, "0"),), "taken"))
    with pytest.raises(StudyError, match="holds another fork"):
        fork_trial(compiled_run, Request(trial, 2, ((RATE, "0"),), "taken"))


def test_several_changes_go_together_under_a_name(compiled_run):
    into = fork_trial(compiled_run, Request(("scripted", 1, 0), 1, ((RATE, "0.2"), ("world.growth", "1")), "both"))
    assert into.name == "both"
    facts = json.loads((into / "fork.json").read_text())
    assert [own["lens"] for own in facts["changed"]] == [RATE, "world.growth"]
    # Where nothing grows, nothing can be taken for good: the fair share is 0.
    assert read_finished(into, ("scripted", 1, 0)).log.readings["ledger.purse"].tolist() == [25, 25, 25]


def test_a_past_that_is_not_the_parents_is_refused(compiled_run, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(compiled_run, run, ignore=shutil.ignore_patterns("forks"))
    prepared = prepare(Order("tithe"))
    (log,) = run_trials(prepared, prepared.study.parts[0], ((0, 0),), TRACED)
    write_logs(run / "logs" / "scripted-000001.parquet", "scripted", [(1, 0, log)])
    with pytest.raises(LogError, match="did not come out"):
        fork_trial(run, Request(("scripted", 1, 0), 1, ((RATE, "0"),)))
    assert not (run / "forks").exists()
    plan = json.loads((run / "plan.json").read_text())
    (run / "plan.json").write_text(json.dumps(plan | {"digest": "sha256:other"}))
    with pytest.raises(StudyError, match="has changed"):
        fork_trial(run, Request(("scripted", 1, 0), 1, ((RATE, "0"),)))


@pytest.fixture(scope="module")
def spoken(tmp_path_factory):
    """A run of a study with language minds at a loopback endpoint, which goes on serving."""
    folder = tmp_path_factory.mktemp("spoken")
    (folder / "spoken.py").write_text(STUDY)
    with Faulty() as server:
        order = Order(str(folder / "spoken.py"), model=ModelChoice("fake", server.url))
        run = folder / "run"
        plan_run(order, run)
        prepared = prepare(order)
        part = prepared.study.parts[0]
        stored = Stored(prepared.model, ReplyStore(run / "replies.sqlite"))
        society = part.society_of(part.cells()[1])
        mind = society.minds["civil"]
        object.__setattr__(mind, "model", stored)

        async def play():
            try:
                seed = trial_seed(prepared.study, part, 1, 0)
                return (await advance_hosted(begin(society, seed, prepared.study.metrics, TRACED), 4)).log()
            finally:
                await stored.close()

        write_logs(run / "logs" / "language-000001.parquet", "language", [(1, 0, asyncio.run(play()))])
        yield server, run


def test_language_minds_are_asked_nothing_before_the_fork_and_no_more_than_needed_after(spoken):
    server, run = spoken
    parent = read_finished(run, ("language", 1, 0))
    assert parent.log.costs["calls"] == len(server.asked) == 12
    kept = (run / "replies.sqlite").read_bytes()
    server.clear()
    same = fork_trial(run, Request(("language", 1, 0), 2, ((RATE, "0.5"),)))
    assert read_finished(same, ("language", 1, 0)).digest == parent.digest
    assert server.asked == []
    into = fork_trial(run, Request(("language", 1, 0), 2, ((RATE, "0.25"),)))
    facts = json.loads((into / "fork.json").read_text())
    assert facts["calls"] == {"before": 0, "after": 6}
    assert len(server.asked) == 6
    fork = read_finished(into, ("language", 1, 0)).log
    for name, series in parent.log.traces.items():
        assert np.array_equal(fork.traces[name][:2], series[:2])
    assert [own for own in fork.events if own.tick < 2] == [own for own in parent.log.events if own.tick < 2]
    assert "25 % of what you gain" in server.asked[0].message("system")
    assert (run / "replies.sqlite").read_bytes() == kept
    assert ReplyStore(into / "replies.sqlite").count() == 12


def test_a_persona_can_be_changed(spoken):
    server, run = spoken
    server.clear()
    into = fork_trial(
        run, Request(("language", 1, 0), 3, (("minds.civil:Language.persona", "You are a <b>miser</b>.\x1b[2J"),))
    )
    assert json.loads((into / "fork.json").read_text())["calls"] == {"before": 0, "after": 3}
    assert all("miser" in own.message("user") for own in server.asked)
    assert "\x1b" not in render_trial(into, "language", 1, 0)


def test_a_reply_of_the_past_that_is_missing_is_an_error_and_never_a_call(spoken, tmp_path):
    server, run = spoken
    damaged = tmp_path / "run"
    shutil.copytree(run, damaged, ignore=shutil.ignore_patterns("forks"))
    with sqlite3.connect(damaged / "replies.sqlite") as database:
        # Notes of the first round and of no other stand in the prompts of the second: a reply of the past of tick 3.
        second = "SELECT key FROM replies WHERE suffix LIKE '%round 1:%' AND suffix NOT LIKE '%round 2:%' LIMIT 1"
        database.execute(f"DELETE FROM replies WHERE key IN ({second})")
        assert database.total_changes == 1
    server.clear()
    request = Request(("language", 1, 0), 3, ((RATE, "0.25"),))
    with pytest.raises(LogError, match="lacks a reply that language/1/0 was given before tick 3"):
        fork_trial(damaged, request)
    # What comes before the reply that is lost can be forked still.
    fork_trial(damaged, Request(request.trial, 0, request.changes))
    asked = len(server.asked)
    (damaged / "replies.sqlite").unlink()
    with pytest.raises(LogError, match=r"no replies.sqlite"):
        fork_trial(damaged, Request(request.trial, 1, request.changes, "none"))
    assert not (damaged / "replies.sqlite").exists()
    assert len(server.asked) == asked


def test_replies_that_went_through_a_file_serve_a_trial_to_the_bit(spoken, tmp_path):
    # Another laboratory: the plan, the log and the file of replies, and nobody to ask.
    server, run = spoken
    plan = json.loads((run / "plan.json").read_text())
    export_replies(run / "replies.sqlite", tmp_path / "r.replies", model=plan["model"]["digest"], plan=plan["digest"])
    other = tmp_path / "other"
    shutil.copytree(run, other, ignore=shutil.ignore_patterns("forks", "replies.sqlite*"))
    assert import_replies(tmp_path / "r.replies", other / "replies.sqlite", model=plan["model"]["digest"]).replies == 12
    server.clear()
    into = fork_trial(other, Request(("language", 1, 0), 3, ((RATE, "0.5"),)))
    assert read_finished(into, ("language", 1, 0)).digest == read_finished(run, ("language", 1, 0)).digest
    assert server.asked == []


def test_a_fork_that_was_cut_off_goes_on_with_what_it_kept(spoken):
    server, run = spoken
    request = Request(("language", 1, 0), 2, ((RATE, "0.125"),))
    into = fork_trial(run, request)
    digest = read_finished(into, ("language", 1, 0)).digest
    (into / "fork.json").unlink()
    server.clear()
    assert fork_trial(run, request) == into
    assert server.asked == []
    assert read_finished(into, ("language", 1, 0)).digest == digest


def test_recorded_names_are_those_of_the_traces():
    assert recorded_of(("payoff", "act.harvest", "answered.harvest", "act.say", "mind")) == ("payoff", "acts", "mind")
    assert recorded_of(()) == ()
