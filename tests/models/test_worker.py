"""The worker as it is run: a script that speaks JSON lines over its pipes."""

import json
import subprocess
import sys
from pathlib import Path

from commonweal.models import worker
from commonweal.models.embedded import find_weights

SCRIPT = str(Path(worker.__file__))


def talk(lines: list[dict], states: Path, *flags: str) -> tuple[list[dict], int]:
    """What a worker answers to all lines, and its exit status."""
    states.mkdir(exist_ok=True)
    with subprocess.Popen(
        [sys.executable, *flags, "-P", SCRIPT, str(find_weights()), str(states)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        answers = [json.loads(process.stdout.readline())]
        for line in lines if "ready" in answers[0] else []:
            process.stdin.write(json.dumps(line) + "\n")
            process.stdin.flush()
            answers.append(json.loads(process.stdout.readline()))
        process.stdin.close()
        return answers, process.wait(10)


def generate(prefix: str, suffix: str, **how: object) -> dict:
    request = {"op": "generate", "prefix": prefix, "suffix": suffix, "grammar": None}
    return {**request, "max_tokens": 8, "temperature": 0.0, "seed": 0, **how}


def test_it_answers_and_ends_with_its_input(tmp_path: Path):
    states = tmp_path / "states"
    score = {"op": "score", "prefix": "p", "suffix": "A or B?", "lead": "Answer:", "labels": ["A", "B"]}
    answers, status = talk(
        [
            score,
            generate("You answer in one word.", "What is the capital of France?"),
            generate("p", "s", grammar='root ::= "yes\\n" | "no\\n"', temperature=2.0),
            {**score, "labels": ["xyzzy"]},
            generate("p", "s", grammar="root ::= ("),
            score,
        ],
        states,
    )
    assert answers[0] == {"ready": True}
    assert answers[1]["new_tokens"] == 1
    # Known answer: SmolLM2-135M-Instruct names the capital.
    assert "Paris" in answers[2]["text"]
    assert answers[3]["text"] in ("yes\n", "no\n")
    assert "use single letters" in answers[4]["refused"]
    assert "failed to parse grammar" in answers[5]["refused"]
    assert answers[6]["logprobs"] == answers[1]["logprobs"]
    assert status == 0
    assert not states.exists()


def test_the_prompt_is_chatml_with_text_that_holds_no_marks(tmp_path: Path):
    # In SmolLM2's vocabulary the marks, `system`, `user`, a letter and a line end are one token each, `assistant` is two:
    # (mark system \n p mark \n) (mark user \n s mark \n) (mark ass istant \n) = 6 + 6 + 4.
    answers, _ = talk([generate("p", "s", max_tokens=1)], tmp_path / "states")
    assert answers[1]["prompt_tokens"] == 16


def test_a_missing_runtime_is_refused_in_one_line(tmp_path: Path):
    # -S leaves site-packages out, so there is no xllamacpp to import.
    answers, status = talk([], tmp_path / "states", "-S")
    assert list(answers[0]) == ["refused"]
    assert "pip install xllamacpp" in answers[0]["refused"]
    assert status == 0


def test_a_missing_system_library_names_its_package():
    error = ImportError("libgomp.so.1: cannot open shared object file: No such file or directory")
    assert worker.explain_import(error).endswith("apt-get install libgomp1")
