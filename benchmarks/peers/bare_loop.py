"""The bare loop over an endpoint: nothing but calls, as many at once as there are slots. What a thin runner could do.

`python bare_loop.py URL AGENTS ROUNDS SLOTS`: each agent asks its rounds one after the other, nobody waits for anybody.
"""

import asyncio
import json
import resource
import sys
import time

import aiohttp


async def main() -> None:
    url, agents, rounds, slots = sys.argv[1], *map(int, sys.argv[2:])
    free = asyncio.Semaphore(slots)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def agent(number: int) -> None:
            for turn in range(rounds):
                own = {"role": "user", "content": f"Round {turn}. " + "x" * 2000}
                body = {"model": "m", "messages": [{"role": "system", "content": f"You are agent {number}."}, own]}
                async with free, session.post(f"{url}/chat/completions", json=body) as response:
                    (await response.json())["choices"][0]["message"]["content"]

        began, used = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
        await asyncio.gather(*(agent(number) for number in range(agents)))
        wall, now = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF)
    cpu = now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime
    print(json.dumps({"wall_s": wall, "cpu_s": cpu, "memory_mb": now.ru_maxrss / 1024}), flush=True)


asyncio.run(main())
