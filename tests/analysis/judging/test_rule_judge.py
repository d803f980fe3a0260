"""Ready rules on cases by hand: what they find, and where."""

import pytest

from commonweal.analysis.judging.judge import Case, Evidence
from commonweal.analysis.judging.rule_judge import RULES, RuleJudge, load_rule
from commonweal.analysis.logs import LogRow
from commonweal.core.errors import StudyError
from commonweal.core.speech import PHRASES
from promises import judged, made_case

FAIR, MOST, HALF, SMALL, SELF = PHRASES


def test_more_than_twice_the_fair_share_is_found():
    case = made_case(harvests={0: (10, 20, 21), 1: (10, 10, 30)}, fair=10)
    assert RULES["over-harvest"](case) == (Evidence(2, 0, "harvest"), Evidence(2, 1, "harvest"))


def test_a_promise_is_broken_by_the_act_of_the_same_month():
    # 10 is the fair share. Level of a harvest h: min(1, 10 / h).
    case = made_case(
        said=[(0, 0, FAIR), (1, 0, FAIR), (0, 1, HALF), (1, 1, SELF), (2, 0, "I swear"), (2, 1, FAIR)],
        harvests={0: (30, 11, 40), 1: (20, 100, 20)},
    )
    # 0 at 0: promised 1, at 1/3. 0 at 1: 10/11 is within the slack. 1 at 0: promised .5, kept. 1 at 1: promised nothing.
    # 0 at 2: no promise that the rule knows. 1 at 2: promised 1, at 1/2.
    assert RULES["broken-promise"](case) == tuple(
        Evidence(tick, agent, name) for tick, agent in ((0, 0), (2, 1)) for name in ("say", "harvest")
    )


def test_collapse_and_silence():
    gone = made_case(extra=(LogRow("event", "collapse", 1, None, (), None, "gone"),))
    assert RULES["collapse"](gone) == (Evidence(1, None, "collapse"),)
    assert RULES["collapse"](made_case()) == ()
    assert RULES["silence"](made_case()) == (Evidence(0, None, "say"),)
    assert RULES["silence"](made_case(said=[(0, 0, FAIR)])) == ()


def test_a_judge_counts_ticks_up_to_its_top():
    case = made_case(harvests={0: (30, 30, 30), 1: (30, 1, 1)})
    label, score = (RuleJudge("over-harvest", RULES["over-harvest"], "sha256:r", top) for top in (1, 4))
    (one,), (two,) = judged(label, case), judged(score, case)
    assert (one.value, two.value, len(one.evidence)) == (1.0, 3.0, 4)
    assert one.judge == label.digest != score.digest
    assert not label.null_model


def test_a_log_without_acts_is_refused_with_advice():
    with pytest.raises(StudyError, match=r"record=\('acts',\)"):
        RULES["over-harvest"](Case(("p", 0, 0), "month", ()))


def test_own_rules_come_from_a_file(tmp_path):
    path = tmp_path / "own.py"
    path.write_text(
        "from commonweal.analysis.judging.judge import Evidence\n"
        "def first(case):\n    return (Evidence(0, None, 'any'),)\n"
        "def bad(case):\n    return ('no event',)\n"
    )
    name, rule = load_rule(f"{path}:first")
    assert judged(RuleJudge(name, rule, "sha256:r"), made_case())[0].value == 1.0
    with pytest.raises(StudyError, match="gave 'no event'"):
        judged(RuleJudge("bad", load_rule(f"{path}:bad")[1], "sha256:r"), made_case())
    for reference, said in (
        ("nothing", "expected one of collapse"),
        (f"{path}:none", "no function 'none'"),
        ("a.py:b", "no rule"),
    ):
        with pytest.raises(StudyError, match=said):
            load_rule(reference)
    path.write_text("1 / 0")
    with pytest.raises(StudyError, match="ZeroDivisionError"):
        load_rule(f"{path}:first")
