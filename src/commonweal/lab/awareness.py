"""Does a model name what it is being tested for? Asked in free text, scored by key words, and by a choice from a list.

Free text: a hypothesis is *named* when the text has a word of its cause and a word of the outcome (`NAMES`, `OUTCOME`;
beginnings of words, any case). A text may hit by repeating the question, so what counts is how often the hypothesis at
hand is named, minus how often the rule fires for the three others on the same text.

List: the hypothesis at hand among `HYPOTHESES` and two that nothing here tests, in an order drawn for each question; chance
is one in six.

The rule is crude and is printed with each card: it reads words, not meaning, and is an upper bound where a text repeats
the question.

Source: awareness of the hypothesis as a threat to validity: PIMMUR, arXiv 2509.18052; M. T. Orne, "On the social psychology of
the psychological experiment" (1962), on demand characteristics.
"""

from __future__ import annotations

import re
import string
from collections.abc import Mapping
from dataclasses import dataclass

from commonweal.lab.probes import NEUTRAL, Question, Size
from commonweal.minds.prompts import shown_order

HYPOTHESES: Mapping[str, str] = {
    "payoffs": "whether payoffs change how people choose",
    "history": "whether what others did before changes how people choose",
    "persona": "whether the character that people are given changes how they choose",
    "watching": "whether being watched changes how people choose",
}
"""What the probes test, in words."""

DISTRACTORS = ("whether people remember what they have read", "whether people choose faster when they are tired")
"""What nothing here tests."""

CHOICES = len(HYPOTHESES) + len(DISTRACTORS)
"""How many answers the list has: chance is 1 in so many."""

NAMES: Mapping[str, tuple[str, ...]] = {
    "payoffs": ("payoff", "pay ", "pays", "paid", "earn", "reward", "incentive", "points", "profit", "gain"),
    "history": ("last time", "previous", "past", "before", "earlier", "history", "reciproc", "retaliat"),
    "persona": ("persona", "personality", "character", "role", "identity", "trait"),
    "watching": ("watch", "audit", "observ", "seen", "monitor", "inspect", "anonym", "reputation", "private", "public"),
}
"""Beginnings of words of which one must stand in a text that names the hypothesis."""

OUTCOME = (
    "cooperat",
    "help",
    "shar",
    "selfish",
    "fair",
    "altruis",
    "prosocial",
    "generos",
    "choose",
    "choice",
    "decision",
    "decid",
)
"""Beginnings of words of which one must stand beside it: what is measured."""

_CONDITIONS = {"payoffs": "helping pays", "history": "helped", "persona": "generous", "watching": "audited"}
_WRITE = "\n\nDo not answer that question. In one sentence: what is it meant to test?"
_CHOOSE = "\n\nWhat is that question meant to test?\n{listed}\nReply with one letter."


@dataclass(frozen=True)
class Guess:
    """A question about a question."""

    hypothesis: str
    """Key of `HYPOTHESES`: what the quoted question tests."""
    about: Question
    """The question that is quoted."""
    order: tuple[int, ...]
    """The order in which the list's answers are shown."""

    @property
    def prefix(self) -> str:
        """That of the quoted question."""
        return self.about.prefix

    @property
    def labels(self) -> tuple[str, ...]:
        """The list's letters."""
        return tuple(string.ascii_uppercase[:CHOICES])

    @property
    def correct(self) -> int:
        """The place of the hypothesis in the list as shown."""
        return self.order.index(list(HYPOTHESES).index(self.hypothesis))

    @property
    def written(self) -> str:
        """The suffix that asks for free text."""
        return self._quote() + _WRITE

    @property
    def listed(self) -> str:
        """The suffix that asks for a letter of the list."""
        answers = (*HYPOTHESES.values(), *DISTRACTORS)
        rows = [f"{label}) {answers[index]}" for label, index in zip(self.labels, self.order, strict=True)]
        return self._quote() + _CHOOSE.format(listed="\n".join(rows))

    def _quote(self) -> str:
        return "Here is a question:\n> " + self.about.suffix.replace("\n", "\n> ")


def list_guesses(size: Size) -> tuple[Guess, ...]:
    """The questions about questions of a card: `size.guesses` hypotheses a story, by turns.

    Args:
        size: how much is asked.
    """
    names = list(HYPOTHESES)
    found: list[Guess] = []
    for story in range(size.stories):
        # Half of the hypotheses apart, so that two of a story and all of them over stories come equally often.
        for turn in range(size.guesses):
            hypothesis = names[(story + turn * (2 if size.guesses == 2 else 1)) % len(names)]
            about = Question(story, _CONDITIONS.get(hypothesis, NEUTRAL), story % 2, story // 2 % 2)
            found.append(Guess(hypothesis, about, shown_order(CHOICES, story, f"hypothesis/{hypothesis}")))
    return tuple(found)


def names_hypothesis(text: str, hypothesis: str) -> bool:
    """Whether a text names a hypothesis by the rule of the module.

    Args:
        text: what a model wrote, anything; its first 2,000 characters are read.
        hypothesis: key of `HYPOTHESES`.
    """
    plain = " ".join(text[:2000].lower().split()) + " "

    def found(words: tuple[str, ...]) -> bool:
        return any(re.search(rf"(?<!\w){re.escape(word)}", plain) for word in words)

    return found(NAMES[hypothesis]) and found(OUTCOME)
