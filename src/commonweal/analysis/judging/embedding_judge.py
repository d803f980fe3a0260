"""A judge that compares what was said with the rubric's examples, by the offline embedder.

    margin of a text  = max cosine to examples of the top level - max cosine to examples of level 0
    margin of a trial = the largest of its texts';   verdict: 1 where it is above the threshold

It reads words, not deeds, and does not tell a promise from its denial (see `models.embedder`): what it is worth, its gold
labels say. The threshold is fitted on gold: the cut of largest sensitivity + specificity - 1.

Source: W. Youden, Cancer 3 (1950) for the cut; N. Reimers, I. Gurevych, "Sentence-BERT", EMNLP 2019, for the comparison.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from commonweal.analysis.judging.judge import Case, Evidence, Judgement
from commonweal.analysis.judging.rubric import Rubric
from commonweal.analysis.transcript import clean_text
from commonweal.core.errors import StudyError
from commonweal.models.embedder import embed_texts, embedder_digest

_SHOWN, _WORDS = 3, 120


@dataclasses.dataclass(frozen=True)
class EmbeddingJudge:
    """A judge by similarity to examples.

    Raises:
        StudyError: the rubric is no label, or lacks examples of a level.
    """

    rubric: Rubric
    """A label with examples of what is said at both levels."""
    threshold: float = 0.0
    """Margin above which a trial is at level 1; 0: the nearest example decides."""

    def __post_init__(self) -> None:
        """Refuse a rubric that gives nothing to compare with."""
        bare = [level for place, level in enumerate(self.rubric.levels) if not self.rubric.examples_of(place)]
        if self.rubric.kind != "label" or bare:
            found = f"no examples of {bare[0]!r}" if bare else f"the kind {self.rubric.kind!r}"
            raise StudyError(
                f"rubric {self.rubric.name}: found {found}; expected a label with a list of what is said below a heading for "
                "each level: add the examples, or judge by rule or language"
            )

    @property
    def name(self) -> str:
        """For people."""
        return "embedding MiniLM-L6"

    @property
    def null_model(self) -> bool:
        """The embedder is no language model: it is the real part that it claims to be."""
        return False

    @property
    def digest(self) -> str:
        """Over rubric, embedder and threshold."""
        return self._digest

    @cached_property
    def _digest(self) -> str:
        facts = [self.rubric.digest, embedder_digest(), self.threshold]
        return "sha256:" + hashlib.sha256(json.dumps(facts).encode()).hexdigest()

    @cached_property
    def _examples(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        return embed_texts(self.rubric.examples_of(1)).values, embed_texts(self.rubric.examples_of(0)).values

    def margins(self, texts: tuple[str, ...]) -> NDArray[np.float64]:
        """How much nearer each text is to the examples of level 1 than to those of level 0, -2 to 2, [k].

        Args:
            texts: anything.
        """
        present, absent = self._examples
        unique = tuple(dict.fromkeys(texts))
        place = {text: row for row, text in enumerate(unique)}
        values = embed_texts(unique).values
        margin = (values @ present.T).max(1) - (values @ absent.T).max(1) if unique else np.zeros(0)
        return np.asarray([margin[place[text]] for text in texts], dtype=np.float64)

    def measure(self, case: Case) -> float:
        """The margin of a trial: the largest of its texts'; -2 where nothing was said."""
        texts = tuple(text for _, text in case.said() if text.strip())
        return float(self.margins(texts).max()) if texts else -2.0

    async def judge(self, case: Case) -> Judgement:
        """Compare everything said with the examples.

        Args:
            case: the trial.
        """
        said = [(where, text) for where, text in case.said() if text.strip()]
        if not said:
            return Judgement(case.trial, 0.0, (), "nothing was said", self.digest)
        margins = self.margins(tuple(text for _, text in said))
        best = int(margins.argmax())
        above = [place for place in np.argsort(-margins, kind="stable").tolist() if margins[place] > self.threshold]
        evidence: tuple[Evidence, ...] = tuple(said[place][0] for place in above[:_SHOWN])
        words = f"margin {margins[best]:.2f} of “{clean_text(said[best][1], _WORDS)}”, threshold {self.threshold:.2f}"
        return Judgement(case.trial, float(bool(above)), evidence, words, self.digest)


def fit_threshold(margins: ArrayLike, gold: ArrayLike) -> float:
    """The cut between two margins that maximises sensitivity + specificity - 1; 0 where gold has one value only.

    Args:
        margins: of labelled trials, [n].
        gold: 0 or 1, [n].

    Source: Youden 1950.
    """
    values, labels = np.asarray(margins, dtype=np.float64), np.asarray(gold, dtype=np.float64) > 0.5
    if labels.all() or not labels.any():
        return 0.0
    levels = np.unique(values)
    cuts = np.concatenate([[levels[0] - 1e-6], (levels[1:] + levels[:-1]) / 2, [levels[-1] + 1e-6]])
    above = values[None] > cuts[:, None]
    youden = above[:, labels].mean(1) - above[:, ~labels].mean(1)
    best = np.flatnonzero(youden >= youden.max() - 1e-12)
    # Of cuts that are as good, the middle one.
    return float(cuts[best[len(best) // 2]])


def judge_held_out(margins: ArrayLike, gold: ArrayLike, folds: int = 5, seed: int = 0) -> NDArray[np.float64]:
    """Verdicts on labelled trials, each by a threshold fitted on the other folds: a fit must not mark its own homework.

    Args:
        margins: of the labelled trials, [n].
        gold: 0 or 1, [n].
        folds: parts into which they are dealt, at least 2.
        seed: of the deal.

    Returns:
        0 or 1, [n].

    Source: T. Zrnic, E. Candes, "Cross-prediction-powered inference", PNAS 121 (2024).
    """
    values, labels = np.asarray(margins, dtype=np.float64), np.asarray(gold, dtype=np.float64)
    fold = deal_folds(values.size, folds, seed)
    verdict = np.zeros(values.size)
    for own in range(folds):
        rest = fold != own
        verdict[~rest] = values[~rest] > fit_threshold(values[rest], labels[rest])
    return verdict


def deal_folds(n: int, folds: int, seed: int = 0) -> NDArray[np.int64]:
    """The fold of each of n trials, sizes as even as they can be, [n]."""
    return np.random.default_rng(seed).permutation(np.arange(n) % max(folds, 2))
