"""The mind card finds what is planted in scripted models, at its size, and nothing in one that is moved by nothing."""

import asyncio
import hashlib
import json
import math

import numpy as np
import pytest

from commonweal.core.errors import LogError, ModelRefusedError, TransientModelError
from commonweal.lab.awareness import list_guesses
from commonweal.lab.card import SCHEMA, mind_card, names_label, replays, save_card, unstored
from commonweal.lab.probes import FULL, IN_RUN, Question, Size, list_questions
from commonweal.models.embedded import EmbeddedModel
from commonweal.models.model import Reply, Scores, Usage
from commonweal.models.store import ReplyStore
from commonweal.models.stored import Stored

QUESTIONS = {(question.prefix, question.suffix): question for size in (FULL, IN_RUN) for question in list_questions(size)}
GUESSES = {(guess.prefix, guess.listed): guess for size in (FULL, IN_RUN) for guess in list_guesses(size)}
WRITTEN = {(guess.prefix, guess.written): guess for size in (FULL, IN_RUN) for guess in list_guesses(size)}
SIDES = {
    "payoffs": ("helping pays", "taking pays"),
    "history": ("helped", "took"),
    "persona": ("generous", "ruthless"),
    "audited": ("audited", "private"),
    "public": ("public", "private"),
}


class Planted:
    """A mind with an arithmetic behind it: log-odds of helping = sum of what is planted, plus a lean to the first letter."""

    name, digest, null_model = "planted", "sha256:planted", False

    def __init__(self, seed=0, noise=0.0, first=0.0, wording=0.0, illegal=0.0, jitter=0.0, flight=0.0, aware=False, **effects):
        self.effects, self.first, self.wording, self.noise = effects, first, wording, noise
        self.illegal, self.jitter, self.flight, self.aware, self.exact = illegal, jitter, flight, aware, True
        self.seed, self.luck, self.in_flight, self.most, self.asked = seed, np.random.default_rng(seed), 0, 0, 0

    def lean(self, question: Question) -> float:
        total = 0.0
        for name, (one, two) in SIDES.items():
            # `private` is a side of two probes: only the first sides move, so that each keeps its planted size.
            half = self.effects.get(name, 0.0) * (1.0 if name in ("audited", "public") else 0.5)
            own = np.random.default_rng([self.seed, question.story, len(name)]).normal(0, self.noise) if self.noise else 0.0
            total += (half + own / 2) * (question.condition == one)
            total -= (half + own / 2) * (question.condition == two and two != "private")
        return total + self.wording * question.wording

    async def score(self, prefix, suffix, options):
        self.asked += 1
        self.in_flight += 1
        self.most = max(self.most, self.in_flight)
        await asyncio.sleep(0)
        crowded = self.in_flight > 1
        self.in_flight -= 1
        usage = Usage(1, 40, 1, 0.001)
        if (prefix, suffix) in GUESSES:
            guess = GUESSES[prefix, suffix]
            best = guess.correct if self.aware else int(hashlib.sha256(suffix.encode()).hexdigest(), 16) % len(options)
            return Scores(tuple(-0.1 if k == best else -5.0 for k in range(len(options))), usage)
        question = QUESTIONS[prefix, suffix]
        drawn = hashlib.sha256(f"{self.seed}{prefix}{suffix}".encode()).digest()[0] / 256
        if drawn < self.illegal:
            return Scores((-3.0, -3.0), usage, answered=False)
        gap = self.lean(question) * (1 if question.order == 0 else -1) + self.first
        gap += self.luck.normal(0, self.jitter) if self.jitter else 0.0
        gap += self.flight * crowded
        total = math.log1p(math.exp(-abs(gap)))
        logs = (min(gap, 0.0) - total, min(-gap, 0.0) - total)
        return Scores(logs, usage, exact=self.exact)

    async def generate(self, prefix, suffix, form, *, max_tokens, temperature, draw):
        self.asked += 1
        usage = Usage(1, 40, 4, 0.001)
        if (prefix, suffix) in WRITTEN:
            text = f"It tests {WRITTEN[prefix, suffix].hypothesis}." if self.aware else "It is a riddle about words."
            known = {"payoffs": "payoffs change whether people help", "history": "past acts change cooperation"}
            known |= {"persona": "a persona changes how fair they are", "watching": "being watched changes who will share"}
            return Reply(f"It tests if {known[WRITTEN[prefix, suffix].hypothesis]}." if self.aware else text, usage)
        return Reply("answer: A\n" if form else "A", usage)

    async def embed(self, texts):
        raise NotImplementedError

    async def close(self):
        pass


def card_of(model, size=FULL):
    return asyncio.run(mind_card(model, lambda _: None, size))


def probe_of(card, name):
    return next(probe for probe in card["probes"] if probe["name"] == name)


@pytest.mark.parametrize("size", [FULL, IN_RUN], ids=["full", "in run"])
@pytest.mark.parametrize("name", list(SIDES))
def test_a_planted_effect_is_found_at_its_size_and_no_other(name, size):
    card = card_of(Planted(**{name: 1.5}), size)
    for probe in card["probes"]:
        expected = 1.5 if probe["name"] == name else 0.0
        assert probe["effect"] == pytest.approx(expected, abs=1e-9), probe["name"]
        if probe["signed"]:
            assert probe["reading"] == ("moves up" if expected else "not told from 0")


def test_planted_order_and_wording_are_told_apart():
    card = card_of(Planted(first=0.7, wording=0.4, payoffs=-2.0))
    found = {probe["name"]: probe["effect"] for probe in card["probes"]}
    # A lean of b to the first letter is b for the helpful answer when it is first and -b when it is second: 2 b apart.
    assert found["option order"] == pytest.approx(1.4)
    assert found["option order, size"] == pytest.approx(1.4)
    assert found["paraphrase, size"] == pytest.approx(0.4)
    assert found["payoffs"] == pytest.approx(-2.0)
    assert probe_of(card, "payoffs")["reading"] == "moves down"
    assert "payoffs (2.00 nats)" in card["summary"]


def test_a_planted_size_lies_in_the_interval_as_often_as_it_says():
    """Stories differ among themselves; the effect, not the stories, is the truth. Nominal 95 %; over 80 cards, 3 sd is 7 %."""
    inside, told = 0, 0
    for seed in range(80):
        card = card_of(Planted(seed=seed, noise=0.6, payoffs=1.0, first=0.5), IN_RUN)
        payoffs, persona = probe_of(card, "payoffs"), probe_of(card, "persona")
        inside += payoffs["low"] <= 1.0 <= payoffs["high"]
        told += persona["reading"] != "not told from 0"
    assert inside >= 80 * 0.88
    assert told <= 80 * 0.12


def test_illegal_answers_are_counted_and_left_out():
    card = card_of(Planted(illegal=0.3, payoffs=1.5, first=0.2))
    legal = card["legal"]["letters"]
    assert legal["low"] <= 0.7 <= legal["high"]
    assert legal["share"] < 0.95
    # What names no letter is left out, so that it does not pull the effect to 0.
    assert probe_of(card, "payoffs")["effect"] == pytest.approx(1.5)
    assert card_of(Planted())["legal"]["letters"]["share"] == 1.0


def test_a_model_that_names_no_letter_has_a_card_all_the_same():
    card = card_of(Planted(illegal=2.0), IN_RUN)
    assert card["legal"]["letters"]["share"] == 0.0
    assert "nothing can be said" in card["summary"]
    assert probe_of(card, "payoffs")["reading"] == "not measured"
    json.dumps(card, allow_nan=False)


def test_replies_that_differ_each_time_have_their_spread_in_the_interval():
    card = card_of(Planted(jitter=0.4))
    found = card["determinism"]
    assert found["same"] == 0
    assert found["low"] <= 0.4 <= found["high"]
    still = card_of(Planted(payoffs=1.0, first=0.3))["determinism"]
    assert (still["same"], still["spread"], still["texts_same"]) == (FULL.steady, 0.0, FULL.written)


def test_replies_that_depend_on_the_calls_in_flight_are_found():
    card = card_of(Planted(flight=0.8))
    assert card["determinism"]["same"] == FULL.steady
    batch = card["batch"]
    # The last of the calls to be answered is alone again.
    assert batch["same"] <= 1
    assert batch["low"] <= 0.8 <= batch["high"]
    assert batch["reading"] == "moves with the calls in flight"
    assert card_of(Planted(first=0.3))["batch"]["reading"] == "the same bits alone and among many"


def test_luck_alone_is_not_taken_for_calls_in_flight():
    """The shift's interval is of 95 %: of 60 models with luck alone, at most 8 are misread (3.5 sd above 3)."""
    readings = [card_of(Planted(seed=seed, jitter=0.4), IN_RUN)["batch"]["reading"] for seed in range(60)]
    assert sum("beyond" in reading for reading in readings) <= 8


def test_a_model_that_names_the_hypothesis_is_found_and_another_is_not():
    aware, blind = card_of(Planted(aware=True))["awareness"], card_of(Planted())["awareness"]
    assert aware["list"]["share"] == 1.0
    assert aware["list"]["low"] > aware["list"]["chance"] == pytest.approx(1 / 6)
    assert aware["text"]["named"] == 1.0
    assert aware["text"]["low"] > 0
    assert blind["list"]["low"] <= 1 / 6 <= blind["list"]["high"]
    assert blind["text"]["named"] == 0.0
    assert not blind["text"]["low"] > 0
    assert len(aware["text"]["texts"]) == FULL.written * FULL.guesses


def test_without_log_probabilities_the_scale_is_the_share_of_answers():
    model = Planted(payoffs=2 * math.log(3))
    model.exact = False
    card = card_of(model)
    assert card["scale"] == "share"
    assert card["legal"]["label_mass"] is None
    # log-odds of +-log 3 are shares of 3/4 and 1/4.
    assert probe_of(card, "payoffs")["effect"] == pytest.approx(0.5)


def test_a_store_answers_the_questions_but_not_what_is_repeated(tmp_path):
    inner = Planted(jitter=0.4)
    stored = Stored(inner, ReplyStore(tmp_path / "replies.sqlite"))
    first, asked = card_of(stored, IN_RUN), inner.asked
    second = card_of(stored, IN_RUN)
    assert first["probes"] == second["probes"]
    repeated = IN_RUN.steady * (IN_RUN.repeats + 1) + IN_RUN.written
    assert inner.asked - asked == repeated
    assert second["determinism"]["same"] == 0
    assert second["cost"]["prompt_tokens_per_decision"] == 40
    assert unstored(stored) is inner
    replay = Stored(inner, stored.store, "replay")
    third, asked = card_of(replay, IN_RUN), inner.asked
    assert inner.asked == asked
    assert replays(replay)
    assert third["probes"] == first["probes"]
    assert (third["determinism"]["calls"], third["cost"]["seconds_alone"]) == (0, None)
    json.dumps(third, allow_nan=False)


def test_time_and_tokens_are_those_of_the_calls():
    class Slow(Planted):
        async def score(self, *given):
            await asyncio.sleep(0.02)
            return await super().score(*given)

    size = Size(stories=2, crossed=False, guesses=0, written=1, steady=8, repeats=2)
    cost = card_of(Slow(), size)["cost"]
    assert cost["seconds_alone"] >= 0.02
    # Eight sleeps side by side pass as one: the rates are in the ratio of 8, less what the machine adds.
    assert cost["calls_per_s_many"] > 2 * cost["calls_per_s_alone"]
    assert (cost["in_flight"], cost["prompt_tokens_per_decision"], cost["new_tokens_per_decision"]) == (8, 40, 1)


@pytest.mark.parametrize("size", [FULL, IN_RUN], ids=["full", "in run"])
def test_progress_ends_at_one_and_calls_are_few(size):
    told, model = [], Planted()
    card = asyncio.run(mind_card(model, told.append, size))
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1.0)
    assert len(told) == model.asked
    assert model.asked <= (640 if size is FULL else 110)
    assert 1 < model.most <= 16
    assert (card["schema"], card["model"], card["questions"]) == (SCHEMA, "planted", len(list_questions(size)))


def test_an_error_of_the_model_ends_the_card_and_leaves_no_call_behind(tmp_path):
    class Failing(Planted):
        async def score(self, *given):
            if self.asked > 20:
                raise TransientModelError("gone")
            return await super().score(*given)

    model = Failing()
    with pytest.raises(TransientModelError, match="gone"):
        asyncio.run(save_card(model, tmp_path, lambda _: None))
    assert not list(tmp_path.iterdir())
    assert model.in_flight <= 16


def test_a_card_is_written_whole_or_not_at_all(tmp_path):
    card = asyncio.run(save_card(Planted(), tmp_path, lambda _: None))
    assert json.loads((tmp_path / "card.json").read_text()) == json.loads(json.dumps(card))
    assert [path.name for path in tmp_path.iterdir()] == ["card.json"]
    with pytest.raises(LogError, match="cannot be written"):
        asyncio.run(save_card(Planted(), tmp_path / "none", lambda _: None))


@pytest.mark.parametrize("text", ["A", "B", "(B)", "B) keep it", "**A**", " A.", "Answer: B", "The answer is A\nbecause"])
def test_letters_are_read(text):
    assert names_label(text)


@pytest.mark.parametrize("text", ["", "A classic riddle", "I'm sorry", "C", "Both A and B", "b", "Banana", "keep", "\x00" * 50])
def test_other_words_are_no_letters(text):
    assert not names_label(text)


def test_the_embedded_model_is_a_null_model_that_repeats_itself_and_does_not_read_payoffs():
    """Source: measured before, in other wordings: payoffs move it by 0.08 nats, the order of options by about 2."""
    model = EmbeddedModel()
    try:
        model.digest  # noqa: B018 - raises where weights or runtime are missing
    except ModelRefusedError as missing:
        pytest.skip(str(missing))
    size = Size(stories=2, crossed=False, guesses=0, written=1, steady=2, repeats=2)
    try:
        card = card_of(model, size)
    finally:
        model.stop()
    assert card["null_model"]
    assert "null model" in card["summary"]
    assert abs(probe_of(card, "payoffs")["effect"]) < probe_of(card, "option order, size")["effect"]
    assert card["determinism"]["same"] == card["batch"]["same"] == 2
    assert card["legal"]["forms"]["share"] == 1.0
