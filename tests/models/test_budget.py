"""Budgets are never overdrawn, and say what was spent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonweal.core.errors import BudgetSpentError, StudyError
from commonweal.models.budget import Budget, Meter
from commonweal.models.model import Usage

USAGES = st.builds(Usage, st.integers(1, 3), st.integers(0, 500), st.integers(0, 100))


@given(st.lists(USAGES, max_size=30), st.integers(0, 20), st.integers(0, 4000), st.integers(0, 5))
def test_spent_and_promised_never_pass_the_budget(calls: list[Usage], most_calls: int, most_tokens: int, late: int) -> None:
    meter = Meter(Budget(calls=most_calls, tokens=most_tokens))
    open_calls: list[Usage] = []
    for call in calls:
        try:
            meter.promise(call)
        except BudgetSpentError:
            total = meter.spent + meter.promised + call
            assert total.calls > most_calls or total.prompt_tokens + total.new_tokens > most_tokens
            continue
        open_calls.append(call)
        if len(open_calls) > late:
            done = open_calls.pop(0)
            meter.settle(done, Usage(done.calls, done.prompt_tokens // 2, done.new_tokens // 2))
        total = meter.spent + meter.promised
        assert total.calls <= most_calls
        assert total.prompt_tokens + total.new_tokens <= most_tokens
    for done in open_calls:
        meter.settle(done, done)
    assert (meter.promised.calls, meter.promised.prompt_tokens, meter.promised.new_tokens) == (0, 0, 0)


def test_dollars_are_counted_by_the_price() -> None:
    meter = Meter(Budget(usd=1.0), lambda usage: usage.prompt_tokens / 1000)
    meter.promise(Usage(1, 900))
    with pytest.raises(BudgetSpentError, match="the budget of 1 US dollars is spent: 0 calls"):
        meter.promise(Usage(1, 200))
    meter.settle(Usage(1, 900), Usage(1, 300))
    meter.promise(Usage(1, 200))
    assert meter.words() == "1 calls, 300 tokens, 0.30 US dollars"


def test_wall_time_runs_out() -> None:
    meter = Meter(Budget(seconds=0.0))
    with pytest.raises(BudgetSpentError, match="0 seconds is spent"):
        meter.promise(Usage(1))


def test_what_earlier_sittings_spent_counts() -> None:
    meter = Meter(Budget(calls=10), spent=Usage(9, 5, 5))
    meter.promise(Usage(1))
    with pytest.raises(BudgetSpentError, match="raise the budget and run again"):
        meter.promise(Usage(1))


def test_dollars_without_a_price_are_refused() -> None:
    with pytest.raises(StudyError, match="unknown price"):
        Meter(Budget(usd=1.0), lambda usage: None)


@pytest.mark.parametrize("limit", ["calls", "tokens", "usd", "seconds"])
def test_a_limit_is_a_number_from_0(limit: str) -> None:
    for value in (-1, float("nan")):
        with pytest.raises(StudyError, match=limit):
            Budget(**{limit: value})


def test_the_tighter_of_two() -> None:
    both = Budget(calls=5, usd=2.0).within(Budget(calls=9, tokens=7, usd=1.0))
    assert both == Budget(calls=5, tokens=7, usd=1.0)
    assert Budget().within(Budget()) == Budget()
