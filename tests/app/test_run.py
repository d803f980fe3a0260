"""`commonweal plan` and `run`: what is asked for, what it will cost, who is asked before, and how a budget ends it."""

import dataclasses
import json
import os
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from commonweal.app.main import main, parser
from commonweal.app.run import STOPPED, choice_of
from commonweal.core.errors import StudyError
from commonweal.lab.ledger import Ledger
from commonweal.models.budget import Budget
from commonweal.models.choice import ModelChoice
from commonweal.models.prices import Price, Prices
from commonweal.models.scheduler import Limits
from commonweal.models.store import ReplyStore
from faults import Faulty

STUDY = """
from commonweal.core import lens
from commonweal.core.named import Named
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.lab.study import Factor, Part, Primary, Study
from commonweal.metrics.welfare import Welfare
from commonweal.minds.language import Language
from commonweal.worlds.network_game import NetworkGame
import commonweal_plugin.study as scripted
from commonweal_plugin.tithe import Tithe

tithe = Factor("tithe", lens.rule("tithe", Tithe, lambda rule: rule.rate), (0.0, 0.5))
minds = Named.of(("civil", Language(temperature=1.0)))
spoken = Part(
    "spoken", Society(NetworkGame(), minds, Seating(3), Named.of(("tithe", Tithe(rate=0.0)))), (tithe,), ticks=2, seeds=2
)
study = Study(
    name="both",
    question="Does a tithe cost?",
    metrics=Named.of(("welfare", Welfare())),
    parts=PARTS,
    primary=Primary("welfare", "spoken", "tithe", 0.0, 0.5, "A tithe"),
)
"""
CALLS = 2 * 2 * 2 * 3 + 100
"""Cells, seeds, ticks, seats."""
FAR = ("--model", "nobody-knows-this-model", "--endpoint", "https://models.example.org/v1")
"""Asked by no test: what it would cost is unknown."""


@pytest.fixture(scope="module", autouse=True)
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What a run sets for its workers is set before, so that it does not outlast these tests; programs are compiled once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XLA_FLAGS", f"{os.environ.get('XLA_FLAGS', '')} --xla_cpu_multi_thread_eigen=false".strip())
        for name in ("NPROC", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
            patch.setenv(name, "1")
        patch.setenv("JAX_COMPILATION_CACHE_DIR", str(tmp_path_factory.mktemp("programs")))
        patch.setenv("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
        yield


@pytest.fixture
def study(tmp_path: Path) -> str:
    path = tmp_path / "both.py"
    path.write_text(STUDY.replace("PARTS", "(spoken, scripted.study.parts[0])"))
    return str(path)


@pytest.fixture
def spoken(tmp_path: Path) -> str:
    """The part with a language model alone."""
    path = tmp_path / "spoken.py"
    path.write_text(STUDY.replace("PARTS", "(spoken,)"))
    return str(path)


@pytest.fixture
def prices(tmp_path: Path) -> str:
    path = tmp_path / "prices.json"
    path.write_text(json.dumps({"*": {"prompt": 100.0, "new": 1000.0, "call": 0.01}}))
    return str(path)


def choice(line: str) -> ModelChoice:
    return choice_of(parser().parse_args(shlex.split(line)))


def test_nothing_said_is_the_embedded_model_within_no_limit():
    cores = len(os.sched_getaffinity(0))
    assert choice("run tithe") == choice("plan tithe") == ModelChoice(workers=cores)
    assert choice("run tithe --jobs 3") == ModelChoice(workers=3)
    assert choice("run tithe --jobs 3").at_once == 4


def test_options_become_the_model_its_limits_its_budget_and_its_prices(prices: str):
    line = (
        "run tithe --jobs 2 --model fake --endpoint http://127.0.0.1:9/v1 --scoring schema --in-flight 7 --deadline 1.5 "
        "--patience 9 --calls-per-minute 60 --tokens-per-minute 6000 --hedge 2 --max-calls 5 --max-tokens 600 --max-usd 0.5 "
        f"--max-minutes 2 --prices {prices} --replies replay"
    )
    assert choice(line) == ModelChoice(
        "fake",
        "http://127.0.0.1:9/v1",
        "schema",
        2,
        Limits(7, 1.5, 9.0, 60.0, 6000.0, 2.0),
        Budget(5, 600, 0.5, 120.0),
        Prices((("*", Price(100.0, 1000.0, 0.01)),), "prices.json"),
        "replay",
    )


@pytest.mark.parametrize(
    ("option", "limits"),
    [
        ("--in-flight 3", Limits(in_flight=3)),
        ("--deadline 3", Limits(deadline_s=3.0)),
        ("--patience 0", Limits(patience_s=0.0)),
        ("--calls-per-minute 0.5", Limits(calls_per_minute=0.5)),
        ("--tokens-per-minute 3", Limits(tokens_per_minute=3.0)),
        ("--hedge 0.1", Limits(hedge_s=0.1)),
    ],
)
def test_one_limit_leaves_the_others_as_they_are(option: str, limits: Limits):
    url = "http://127.0.0.1:9/v1"
    assert choice(f"run tithe --model m --endpoint {url} {option}").limits == limits
    # Of the embedded model as many calls as ever are in flight.
    usual = {"in_flight": 3, "deadline_s": 900.0}
    mine = dataclasses.replace(
        limits, **{name: value for name, value in usual.items() if getattr(limits, name) == getattr(Limits(), name)}
    )
    assert choice(f"run tithe --jobs 2 {option}").limits == mine


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("--deadline 0", "found deadline_s 0.0; expected more than 0"),
        ("--patience nan", "patience_s nan"),
        ("--hedge -1", "hedge_s -1"),
        ("--max-calls -1", "a budget of -1 calls"),
        ("--max-usd nan", "a budget of nan usd"),
        ("--prices none.json", "cannot be read"),
    ],
)
def test_limits_that_are_none_are_the_callers_mistake(options: str, words: str, tmp_path: Path, capsys):
    command = ["run", "tithe", "--out", str(tmp_path / "run"), *options.split()]
    assert main(command) == 2
    assert words in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
    with pytest.raises(StudyError):
        choice(shlex.join(command))


@pytest.mark.parametrize("options", ["--in-flight 0", "--jobs 0", "--seeds 0", "--replies keep", "--max-calls many"])
def test_what_the_command_line_cannot_read_is_refused_at_once(options: str, capsys):
    with pytest.raises(SystemExit) as ended:
        parser().parse_args(["run", "tithe", *options.split()])
    assert ended.value.code == 2
    assert options.split()[0] in capsys.readouterr().err


def test_a_plan_says_what_the_run_will_cost(study: str, prices: str, tmp_path: Path, capsys):
    at = ("--model", "fake", "--endpoint", "http://127.0.0.1:9/v1")

    def said(*options: str) -> str:
        assert main(["plan", study, "--out", str(tmp_path / "run"), *options]) == 0
        return capsys.readouterr().out

    # 24 calls and the card's 100, each of at most 1,000 tokens read and 120 written; seconds for each piece of both parts.
    # 124 * (1000 * 100 + 120 * 1000) / 10^6 + 124 * 0.01 = 28.52 US dollars.
    assert f"10 trials, about {CALLS} calls of a language model (at most 138,880 tokens, free of charge)" in said(*at)
    assert "(at most 138,880 tokens, at most 28.52 US dollars)" in said(*at, "--prices", prices)
    assert "free of charge" in said(*at, "--prices", prices, "--replies", "replay")
    far = ["plan", study, "--out", str(tmp_path / "far")]
    assert main([*far, *FAR]) == 0
    assert "138,880 tokens, at an unknown price)" in capsys.readouterr().out
    assert main(["plan", "tithe", "--out", str(tmp_path / "scripted")]) == 0
    assert "language" not in capsys.readouterr().out


@pytest.mark.parametrize("model", ["--jobs 5", "--model fake --endpoint http://127.0.0.1:9/v1"])
def test_how_hard_a_model_is_asked_may_change_from_sitting_to_sitting(model: str, study: str, tmp_path: Path, capsys):
    command = ["plan", study, "--out", str(tmp_path / "run")]
    assert main([*command, *model.split()]) == 0
    for options in ("--in-flight 3", "--deadline 2 --patience 5", "--jobs 2", "--max-calls 9 --max-usd 4", "--replies replay"):
        assert main([*command, *model.split(), *options.split()]) == 0, capsys.readouterr().err
    assert main([*command, *model.split(), "--seeds", "3"]) == 2
    assert "seeds is 2 there and 3 here" in capsys.readouterr().err


def test_where_nobody_can_be_asked_much_money_is_refused_before_a_call(study: str, prices: str, tmp_path: Path, capsys):
    with Faulty() as server:
        dear = ["run", study, "--out", str(tmp_path / "run"), "--model", "fake", "--endpoint", server.url, "--prices", prices]
        for options in ((), ("--confirm-above", "28.51"), ("--max-usd", "28.6", "--confirm-above", "28.5")):
            assert main([*dear, *options]) == 2
            said = capsys.readouterr().err
            assert "up to 28.52 US dollars (1 of prices.json, then " in said
            assert "set a budget with --max-usd, raise --confirm-above, or add --yes" in said
        assert not server.asked
    far = ["run", study, "--out", str(tmp_path / "far"), *FAR]
    assert main(far) == 2
    assert "calls of unknown price" in (said := capsys.readouterr().err)
    assert "give the model's price with --prices FILE, or add --yes" in said
    assert main([*far, "--max-usd", "0.5"]) == 2
    assert "a budget of 0.5 US dollars, for a model of unknown price" in capsys.readouterr().err
    assert Ledger(tmp_path / "far" / "ledger.sqlite").progress().done == 0


def test_on_a_terminal_it_is_asked_and_a_name_that_is_refused_ends_the_run_with_advice(
    study: str, prices: str, tmp_path: Path, capsys, monkeypatch
):
    ours, theirs = os.openpty()
    with Faulty() as server, os.fdopen(theirs) as terminal, os.fdopen(ours, "wb", buffering=0) as keys:
        monkeypatch.setattr(sys, "stdin", terminal)
        dear = ["run", study, "--out", str(tmp_path / "run"), "--model", "none-such", "--endpoint", server.url, "--jobs", "1"]
        dear += ["--prices", prices, "--in-flight", "2"]
        for answer in (b"\n", b"n\n", b"maybe\n"):
            keys.write(answer)
            assert main(dear) == 2
            told = capsys.readouterr()
            assert "This may cost up to 28.52 US dollars" in told.out
            assert "nothing was run" in told.err
        assert not server.asked
        keys.write(b" YES \n")
        assert main(dear) == 1
        told = capsys.readouterr()
        assert server.asked
        assert told.err.count("expected a model 'none-such'") == 1
        assert "check --model and the address" in told.err
        # What needs no model is finished and kept.
        assert "6 of 10 trials are finished and kept; the same command goes on" in told.err
        assert list((tmp_path / "run" / "logs").glob("scripted-*.parquet"))


def test_a_run_that_met_its_budget_goes_on_with_a_higher_one_to_the_same_log(spoken: str, prices: str, tmp_path: Path, capsys):
    with Faulty() as server:
        command = ["run", spoken, "--jobs", "1", "--model", "fake", "--endpoint", server.url, "--prices", prices]

        def run(name: str, *options: str) -> tuple[int, str]:
            code = main([*command, "--out", str(tmp_path / name), *options])
            return code, capsys.readouterr().err

        def log_digest(name: str) -> str:
            return json.loads((tmp_path / name / "estimates.json").read_text())["log_digest"]

        assert run("whole", "--yes")[0] == 0
        whole = len(server.asked)
        server.clear()
        code, said = run("budget", "--max-calls", "40", "--yes")
        assert code == STOPPED
        assert said.count("the budget of 40 calls is spent: ") == 1
        assert "raise the budget and run again" in said
        # A score may take two calls of an endpoint without log-probabilities, so the last places may stay free: one for each of
        # the calls that hold two while the last of them is refused.
        asked = len(server.asked)
        assert 35 <= asked <= 40
        assert not (tmp_path / "budget" / "report.html").exists()
        store = ReplyStore(tmp_path / "budget" / "replies.sqlite")
        # All that was paid for is kept, but for the card's probes, which go around the store on purpose.
        assert store.spent().calls == store.count()
        assert 30 <= store.count() <= 40
        store.close()
        # A budget in dollars below what is spent by now, 40 calls at a cent and more: not confirmed, and no call is made.
        code, said = run("budget", "--max-usd", "0.3")
        assert (code, len(server.asked)) == (STOPPED, asked)
        assert "the budget of 0.3 US dollars is spent" in said
        assert run("budget", "--max-calls", "1000", "--yes")[0] == 0
        assert log_digest("budget") == log_digest("whole")
        assert len(server.asked) <= whole + 10
        assert run("budget", "--max-calls", "0")[0] == 0
