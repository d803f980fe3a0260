"""The embedded model's runtime alone: one slot, one thread, its prompt cache, its own API within this process.

`python raw_runtime.py WEIGHTS PROMPTS`: PROMPTS holds lists of questions as JSON, each list measured on its own. It has
every advantage: flash attention, which is faster at these lengths; no more tokens listed than hold the labels; and all that the
cache can reuse of the question before, so that its log-probabilities depend on what was asked before.
"""

import json
import resource
import sys
import time
from pathlib import Path

import xllamacpp as xlc

LISTED = 32
"""Tokens whose log-probabilities are asked for; where a label is not among them, the whole vocabulary is."""
VOCABULARY = 49152


def load(weights: str) -> xlc.Server:
    params = xlc.CommonParams()
    params.model.path = weights
    params.n_parallel = params.n_threads_http = 1
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    params.n_ctx = 4096
    params.n_gpu_layers = 0
    params.flash_attn_type = xlc.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_ENABLED
    # One slot that goes on from question to question: nothing else is worth keeping.
    params.cache_ram_mib = params.n_ctx_checkpoints = 0
    params.cache_idle_slots = False
    params.fit_params = False
    params.ui = False
    params.verbosity = -1
    return xlc.Server(params)


def answer(server: xlc.Server, question: dict) -> tuple[str, dict]:
    """The likeliest label, or the text under the grammar; and the runtime's own timings."""
    prompt = f"<|im_start|>system\n{question['prefix']}<|im_end|>\n<|im_start|>user\n{question['suffix']}<|im_end|>\n"
    prompt += f"<|im_start|>assistant\n{question['lead']}"
    request = {"prompt": prompt, "temperature": 0.0, "samplers": ["temperature"], "cache_prompt": True}
    if question["op"] == "generate":
        reply = server.handle_completions({**request, "n_predict": question["max_tokens"], "grammar": question["grammar"]})
        return reply["choices"][0]["text"], reply
    for listed in (LISTED, VOCABULARY):
        reply = server.handle_completions({**request, "n_predict": 1, "n_probs": listed})
        rows = reply["choices"][0]["logprobs"]["content"][0]["top_logprobs"]
        found = {row["token"].strip(): row["logprob"] for row in reversed(rows) if row["token"][:1] == " "}
        if all(label in found for label in question["labels"]):
            break
    return max(question["labels"], key=lambda label: found[label]), reply


def main() -> None:
    server = load(sys.argv[1])
    for name, questions in json.loads(Path(sys.argv[2]).read_text()).items():
        answer(server, {"op": "score", "prefix": "p", "suffix": "s", "lead": "Answer:", "labels": ["A"]})
        began, used = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
        found = [answer(server, question) for question in questions]
        wall, now = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF)
        row = {"kind": name, "cpu_s": now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime, "wall_s": wall}
        row["prompt_tokens"] = sum(reply["usage"]["prompt_tokens"] for _, reply in found)
        row["evaluated"] = sum(reply["timings"]["prompt_n"] for _, reply in found)
        print(json.dumps({**row, "answers": json.dumps([text for text, _ in found])}), flush=True)


main()
