"""The questions say what their condition says, in an order and a wording of their own, and sides differ in nothing else."""

import itertools

import pytest

from commonweal.lab.probes import CONDITIONS, FULL, IN_RUN, NEUTRAL, PROBES, STORIES, Question, list_questions
from commonweal.minds.prompts import PROMPT_TOKENS, token_bound


@pytest.mark.parametrize("size", [FULL, IN_RUN], ids=["full", "in run"])
def test_sides_of_a_contrast_come_in_pairs_and_no_question_twice(size):
    asked = list_questions(size)
    assert len(set(asked)) == len(asked)
    assert len({(question.prefix, question.suffix) for question in asked}) == len(asked)
    for probe, story in itertools.product(PROBES, range(size.stories)):
        ways = [{(q.wording, q.order) for q in asked if (q.story, q.condition) == (story, side)} for side in
                (probe.first, probe.second)]  # fmt: skip
        assert ways[0] == ways[1] != set()
    # The questions of a story are neighbours, so that its prefix is read once.
    assert [story for story, _ in itertools.groupby(asked, key=lambda question: question.story)] == list(range(size.stories))


def test_sizes_are_twelve_stories_in_four_ways_and_five_by_turns():
    assert len(list_questions(FULL)) == 12 * len(CONDITIONS) * 4 == 480
    assert len(list_questions(IN_RUN)) == 5 * (len(CONDITIONS) - 1 + 4) == 65
    for question in list_questions(IN_RUN):
        assert question.condition == NEUTRAL or (question.wording, question.order) == (
            question.story % 2,
            question.story // 2 % 2,
        )


@pytest.mark.parametrize("story", range(len(STORIES)), ids=[story.name for story in STORIES])
def test_a_story_is_worded_whole(story):
    own = STORIES[story]
    assert own.high > own.low > 0
    for condition, wording, order in itertools.product(CONDITIONS, range(2), range(2)):
        question = Question(story, condition, wording, order)
        assert "{" not in question.suffix
        assert question.prefix == own.scene
        first, second = (own.help, own.take) if order == 0 else (own.take, own.help)
        assert f"A) {first}\nB) {second}" in question.suffix
        assert token_bound(question.prefix + question.suffix) < PROMPT_TOKENS / 4
        if condition == "helping pays":
            assert f"{own.high} points if you {own.help}" in question.suffix or (
                f"If you {own.help}, you get {own.high} points" in question.suffix
            )
        if condition == "taking pays":
            assert f"{own.low} points if you {own.help}" in question.suffix or (
                f"If you {own.help}, you get {own.low} points" in question.suffix
            )


def test_the_order_of_mention_is_not_the_payoffs():
    """Each payoff sentence names helping first in one wording and taking first in the other, whichever pays."""
    for condition in ("helping pays", "taking pays"):
        facts = [CONDITIONS[condition][wording] for wording in range(2)]
        assert facts[0].index("{help}") < facts[0].index("{take}")
        assert facts[1].index("{take}") < facts[1].index("{help}")


def test_stories_differ():
    assert len({story.name for story in STORIES}) == len({story.scene for story in STORIES}) == len(STORIES) == 12
    assert len({(story.high, story.low) for story in STORIES}) == len(STORIES)
