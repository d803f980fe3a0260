"""`commonweal judge DIR --rubric FILE`: judge the trials of a run, calibrate the judge on gold, correct what it estimates.

Without labels: `--sample N` writes a sheet for raters. With them: `--gold FILE`, or `--gold-rule NAME --sample N` where the
behaviour is planted. Leaves `judge.json` and `judgements.parquet` in the run's folder.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from commonweal.app.run import add_model, choice_of, positive
from commonweal.core.errors import LogError, StudyError

if TYPE_CHECKING:
    from commonweal.analysis.judging.bias import Check
    from commonweal.analysis.judging.gold import Gold
    from commonweal.analysis.judging.judge import Case, Judge, Judgement
    from commonweal.analysis.judging.rubric import Rubric
    from commonweal.analysis.plans import Plan
    from commonweal.analysis.trials import Trials
    from commonweal.models.model import Model

    _Verbs = argparse._SubParsersAction[argparse.ArgumentParser]  # pyright: ignore[reportPrivateUsage]

_SWAPPED, _REPEATED = 40, 20
"""Trials that are judged again with options in one order only, and again past the store."""


def add(verbs: _Verbs) -> None:
    """Put the verb on the command line."""
    own = verbs.add_parser("judge", help="judge a run's trials by a rubric, and correct the judge by gold labels")
    own.add_argument("directory", metavar="DIR", help="a run's folder")
    own.add_argument("--rubric", required=True, metavar="FILE", help="markdown with front matter: name, kind, levels")
    own.add_argument("--by", choices=("rule", "embedding", "language", "distilled"), default="language", help="who judges")
    own.add_argument("--part", metavar="PART", help="whose trials; default: the part of the primary outcome")
    own.add_argument("--rule", metavar="NAME", help="with --by rule: a ready rule, or FILE.py:FUNCTION; default: the rubric's")
    own.add_argument("--sample", type=positive, metavar="N", help="write a sheet of N random trials for raters")
    own.add_argument("--gold", metavar="FILE", help="read labels from such a sheet")
    own.add_argument(
        "--gold-rule", metavar="NAME", help="with --sample N: label those trials by a rule, as NAME or FILE.py:FUNCTION"
    )
    own.add_argument("--seed", type=int, default=0, metavar="N", help="of the sample; default: 0")
    own.add_argument("--distil", action="store_true", help="fit a classifier to the judge, and measure what is lost")
    own.add_argument("--max-calls", type=positive, metavar="N", help="calls of the judge's model at most")
    add_model(own)


def run(given: argparse.Namespace) -> int:
    """Judge, or write the sheet."""
    import asyncio

    from commonweal.analysis.judging.gold import draw_sample, list_keys, write_sheet
    from commonweal.analysis.judging.judge import read_cases
    from commonweal.analysis.judging.rubric import read_rubric
    from commonweal.analysis.plans import read_plan
    from commonweal.analysis.trials import read_trials, write_table

    directory = Path(given.directory)
    if not (directory / "plan.json").exists():
        raise LogError(f"{directory} is no run's folder: there is no plan.json; name a folder that `commonweal run` wrote")
    if given.gold_rule and not given.sample:
        raise StudyError("--gold-rule needs --sample N: how many random trials it is to label")
    if given.gold and given.sample:
        raise StudyError("--gold reads labels and --sample asks for new ones: use one of them")
    rubric, plan = read_rubric(Path(given.rubric)), read_plan(directory)
    if not (directory / "trials.parquet").exists():
        write_table(directory)
    part = plan.part(given.part or plan.primary.part)
    trials = read_trials(directory)
    trials = trials.where(trials.part == part.name)
    keys, ticks = list_keys(trials), {part.name: part.tick_name}
    if not keys:
        raise LogError(f"{directory}: found no finished trial of part {part.name}; run the study first")
    if given.sample and not given.gold_rule:
        drawn = draw_sample(keys, given.sample, given.seed)
        path = write_sheet(directory / f"labels-{rubric.name}.csv", read_cases(directory, drawn, ticks), rubric)
        print(f"{path}: {given.sample} trials to label as {' | '.join(rubric.levels)}, transcripts in {path.with_suffix('')}")
        print("Fill in the last column (a further column for each further rater), then judge again with --gold")
        return 0
    cases = list(read_cases(directory, keys, ticks))
    asyncio.run(_Bench(given, directory, plan, rubric, trials, cases).judge())
    return 0


class _Bench:
    """One call of the verb."""

    def __init__(
        self, given: argparse.Namespace, directory: Path, plan: Plan, rubric: Rubric, trials: Trials, cases: list[Case]
    ) -> None:
        self.given, self.directory, self.plan = given, directory, plan
        self.rubric, self.trials, self.cases = rubric, trials, cases
        self.model: Model | None = None

    async def judge(self) -> None:
        """Gold, judgements, checks, card."""
        from commonweal.analysis.judging.calibration import Judging, make_card, save_judgements
        from commonweal.analysis.judging.distil import distil_judge, save_distilled
        from commonweal.analysis.judging.judge import judge_cases
        from commonweal.analysis.judging.judge_card import save_judge_card

        gold, source = await self._gold()
        try:
            judge, held_out = self._judge(gold)
            found = await judge_cases(judge, self.cases)
            checks = await self._check(judge, found, gold, held_out)
        finally:
            if self.model is not None:
                await self.model.close()
        distilled = None
        draft = Judging(self.rubric, judge, self.given.by, self.trials, found, gold, source, checks, None, held_out)
        if self.given.distil:
            distilled = distil_judge(self.cases, found, draft.labels(), self.rubric, (judge.digest, judge.null_model))
            print(save_distilled(distilled.distilled, self.directory / "distilled.json"))
        whole = Judging(self.rubric, judge, self.given.by, self.trials, found, gold, source, checks, distilled, held_out)
        card = make_card(self.plan, whole)
        save_judgements(whole, self.directory)
        path = save_judge_card(card, self.directory)
        print(card.summary)
        print(f"The judge card is {path}")

    async def _gold(self) -> tuple[Gold | None, str]:
        """The labels, and where they are from."""
        import numpy as np

        from commonweal.analysis.judging.gold import Gold, draw_sample, read_sheet
        from commonweal.analysis.judging.judge import judge_cases
        from commonweal.analysis.judging.rule_judge import RuleJudge, load_rule

        keys = [case.trial for case in self.cases]
        if self.given.gold:
            return read_sheet(Path(self.given.gold), keys, self.rubric), "people"
        if not self.given.gold_rule:
            return None, "none"
        name, rule = load_rule(self.given.gold_rule)
        drawn = set(draw_sample(keys, self.given.sample, self.given.seed))
        own = [case for case in self.cases if case.trial in drawn]
        found = await judge_cases(RuleJudge(name, rule, self.rubric.digest, self.rubric.top), own)
        ratings = np.array([[one.value for one in found]])
        return Gold(tuple(one.trial for one in found), ratings, (f"rule {name}",)), f"rule {name}"

    def _judge(self, gold: Gold | None) -> tuple[Judge, tuple[float, ...]]:
        """Who judges; where it is fitted on gold, its verdicts on the labelled trials by fits without them."""
        from commonweal.analysis.judging.distil import DistilledJudge, read_distilled
        from commonweal.analysis.judging.embedding_judge import EmbeddingJudge, fit_threshold, judge_held_out
        from commonweal.analysis.judging.language_judge import LanguageJudge
        from commonweal.analysis.judging.rule_judge import RuleJudge, load_rule

        if self.given.by == "rule":
            reference = self.given.rule or self.rubric.rule
            if not reference:
                raise StudyError(f"rubric {self.rubric.name} names no rule; give one with --rule, or judge --by language")
            name, rule = load_rule(reference)
            return RuleJudge(name, rule, self.rubric.digest, self.rubric.top), ()
        if self.given.by == "distilled":
            distilled = read_distilled(self.directory / "distilled.json")
            if distilled.rubric != self.rubric.digest:
                raise StudyError(f"{self.directory / 'distilled.json'} is of another rubric; distil a judge of this one first")
            return DistilledJudge(distilled), ()
        if self.given.by == "language":
            self.model = self._open()
            return LanguageJudge(self.rubric, self.model), ()
        judge = EmbeddingJudge(self.rubric)
        if gold is None:
            return judge, ()
        labelled = {case.trial: case for case in self.cases if case.trial in set(gold.trials)}
        margins, labels = [judge.measure(labelled[key]) for key in gold.trials], gold.consensus()
        held_out = tuple(judge_held_out(margins, labels).tolist())
        return EmbeddingJudge(self.rubric, fit_threshold(margins, labels)), held_out

    def _open(self) -> Model:
        from dataclasses import replace

        from commonweal.models.budget import Budget

        choice = choice_of(self.given)
        if self.given.max_calls is not None:
            choice = replace(choice, budget=Budget(calls=self.given.max_calls))
        return choice.open(self.directory / "judge-replies.sqlite")

    async def _check(
        self, judge: Judge, found: tuple[Judgement, ...], gold: Gold | None, held_out: tuple[float, ...]
    ) -> tuple[Check, ...]:
        """Position, length, own family, repeat."""
        import numpy as np

        from commonweal.analysis.judging.bias import check_family, check_length, check_shift, measure_length
        from commonweal.analysis.judging.calibration import Judging, choose_some
        from commonweal.analysis.judging.judge import judge_cases
        from commonweal.analysis.judging.language_judge import LanguageJudge
        from commonweal.lab.card import unstored

        checks: list[Check] = []
        again: Judge = judge
        if isinstance(judge, LanguageJudge):
            some = [self.cases[place] for place in choose_some(found, _SWAPPED, 1)]
            one, two = [
                await judge_cases(LanguageJudge(judge.rubric, judge.model, order), some) for order in ("given", "reversed")
            ]
            checks += check_shift("position", "options in reversed order", one, two, self.rubric.top)
            again = LanguageJudge(judge.rubric, unstored(judge.model), judge.order)
        draft = Judging(self.rubric, judge, self.given.by, self.trials, found, gold, held_out=held_out)
        lengths = np.array([measure_length(case) for case in self.cases])
        checks.append(check_length(draft.verdicts(), lengths, draft.labels()))
        subjects = () if self.plan.model is None else (self.plan.model.name,)
        checks.append(check_family(judge.model.name if isinstance(judge, LanguageJudge) else "", subjects))
        places = choose_some(found, _REPEATED, 2)
        if isinstance(judge, LanguageJudge):
            print(f"asking again about {len(places)} trials, past the store", file=sys.stderr)
        repeated = await judge_cases(again, [self.cases[place] for place in places])
        first = [found[place] for place in places]
        return (*checks, *check_shift("repeat", "the same judge, asked again", first, repeated, self.rubric.top))
