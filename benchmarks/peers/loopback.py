"""An OpenAI-compatible endpoint on this machine: fixed latency, fixed slots, an answer that follows from the prompt.

`python loopback.py LATENCY_S SLOTS` prints its port. POST /v1/chat/completions; GET /stats; POST /reset {"latency", "slots"}.
Calls beyond the slots wait in line. Counts calls, tokens (a quarter of the characters), the time between the first call and
the last answer, and the mean of slots in use meanwhile.
"""

import asyncio
import hashlib
import json
import sys
import time

import uvloop
from aiohttp import web


class Endpoint:
    def __init__(self, latency: float, slots: int) -> None:
        self.configure(latency, slots)

    def configure(self, latency: float, slots: int) -> None:
        self.latency, self.slots, self.free = latency, slots, asyncio.Semaphore(slots)
        self.calls = self.tokens = self.longest = self.busy = self.most = 0
        self.first = self.last = self.seen = time.perf_counter()
        self.used = 0.0
        self.asked: dict[bytes, int] = {}

    def move(self, change: int) -> None:
        now = time.perf_counter()
        self.used += self.busy * (now - self.seen)
        self.seen = self.last = now
        self.busy += change
        self.most = max(self.most, self.busy)

    async def complete(self, request: web.Request) -> web.Response:
        if not self.calls:
            self.first = self.seen = time.perf_counter()
        self.calls += 1
        body = await request.json()
        text = "\n".join(message["content"] for message in body["messages"])
        digest = hashlib.sha256(f"{text}{body.get('seed')}".encode()).digest()
        self.asked[digest[:12]] = self.asked.get(digest[:12], 0) + 1
        self.tokens += len(text) // 4
        self.longest = max(self.longest, len(text) // 4)
        async with self.free:
            self.move(1)
            began = time.perf_counter()
            said = answer(body, int.from_bytes(digest[:8], "big"))
            rest = self.latency - (time.perf_counter() - began)
            if rest > 0:
                await asyncio.sleep(rest)
            self.move(-1)
        usage = {"prompt_tokens": len(text) // 4, "completion_tokens": len(said) // 4 + 1}
        return web.json_response({"choices": [{"message": {"content": said}}], "usage": usage})

    async def stats(self, _: web.Request) -> web.Response:
        span = max(self.last - self.first, 1e-9)
        found = {"calls": self.calls, "span_s": span, "mean_busy": self.used / span, "most": self.most}
        found |= {"repeats": sum(count - 1 for count in self.asked.values()), "longest_prompt": self.longest}
        return web.json_response(found | {"mean_prompt": self.tokens / max(1, self.calls)})

    async def reset(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.configure(body["latency"], body["slots"])
        return web.json_response({})


def answer(body: dict, draw: int) -> str:
    """A reply of the form that was asked for, drawn from the prompt."""
    asked = body.get("response_format", {}).get("json_schema", {}).get("schema")
    if asked is None:
        return WORDS[draw % len(WORDS)]
    return json.dumps({name: fill(field, draw >> 7 * place) for place, (name, field) in enumerate(asked["properties"].items())})


def fill(field: dict, draw: int) -> int | str:
    if "enum" in field:
        return field["enum"][draw % len(field["enum"])]
    if field["type"] == "integer":
        # Little is taken, so that a commons lives as long as the benchmark.
        return field["minimum"] + draw % min(2, field["maximum"] - field["minimum"] + 1)
    return WORDS[draw % len(WORDS)]


WORDS = ("I take little.", "I take my fair share and no more.", "Who takes the most here?", "Let us all take less this month.")


async def main() -> None:
    endpoint = Endpoint(float(sys.argv[1]), int(sys.argv[2]))
    app = web.Application(client_max_size=1 << 24)
    app.router.add_post("/v1/chat/completions", endpoint.complete)
    app.router.add_get("/stats", endpoint.stats)
    app.router.add_post("/reset", endpoint.reset)
    runner = web.AppRunner(app, access_log=None, keepalive_timeout=300)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, backlog=4096)
    await site.start()
    print(site._server.sockets[0].getsockname()[1], flush=True)
    # Ends with the process that started it, which holds the other end.
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    uvloop.install()
    asyncio.run(main())
