"""The society of `fused_jax` blocked by hand in numba: random words for 1,024 seats at a time, 8 contacts as bits of a byte.

The ceiling: what a core reaches when everything is written for this one society. Same results bit for bit as `fused_jax`: both
rows hold the digest of the final state. Runs in an environment of its own.
"""

import hashlib
import json
import resource
import sys
import time

import numba
import numpy as np
from numba import int32, int64, njit, uint8, uint32

BLOCK = 1024
CONTACTS = 8
TREMBLE, TAX, FINE, SCALE = 3, 1, 40, 4096
IMITATE, MUTATE = np.uint32(int(0.1 * 2**32)), np.uint32(int(0.001 * 2**32))
HALF = 2048


def curve():
    x = np.arange(-HALF, HALF, dtype=np.float64) / 64.0
    return np.minimum(np.floor(2.0**32 / (1.0 + np.exp(-x))), 2.0**32 - 1).astype(np.uint32)


def network(n, seed=0):
    random = np.random.default_rng(seed)
    rows = np.empty((n, CONTACTS), np.int32)
    for m in range(CONTACTS // 2):
        order = random.permutation(n).astype(np.int32)
        rows[:, 2 * m] = order
        rows[order, 2 * m + 1] = np.arange(n, dtype=np.int32)
    return rows


@njit(inline="always")
def mix(x):
    x = uint32(x)
    x = uint32(x ^ (x >> uint32(16)))
    x = uint32(x * uint32(0x7FEB352D))
    x = uint32(x ^ (x >> uint32(15)))
    x = uint32(x * uint32(0x846CA68B))
    return uint32(x ^ (x >> uint32(16)))


@njit(inline="always")
def word(seed, tick, stream):
    right = uint32(mix(uint32(uint32(tick) + uint32(0x85EBCA6B))) + uint32(uint32(stream) * uint32(0xC2B2AE35)))
    return mix(uint32(mix(uint32(uint32(seed) + uint32(0x9E3779B9))) ^ right))


@njit(inline="always")
def fill(words, start, size, first, second):
    for x in range(size):
        words[x] = mix(uint32(mix(uint32(uint32(start + x) + first)) ^ second))


@njit(inline="always")
def bits(packed):
    packed = packed - ((packed >> uint32(1)) & uint32(0x55))
    packed = (packed & uint32(0x33)) + ((packed >> uint32(2)) & uint32(0x33))
    return int32((packed + (packed >> uint32(4))) & uint32(15))


@njit(inline="always")
def toward(acts, rows, seat):
    packed = uint32(0)
    for e in range(CONTACTS):
        packed |= ((uint32(acts[rows[seat, e]]) >> uint32(e ^ 1)) & uint32(1)) << uint32(e)
    return packed


@njit(inline="always")
def play(rows, strategy, acts, then, start, size, keys, words):
    for x in range(size):
        left = mix(uint32(mix(uint32(uint32(start + x) + keys[0])) ^ keys[6]))
        right = mix(uint32(mix(uint32(uint32(start + x) + keys[1])) ^ keys[7]))
        slip = uint32(0)
        for e in range(4):
            slip |= uint32(((left >> uint32(8 * e)) & uint32(255)) < uint32(TREMBLE)) << uint32(e)
            slip |= uint32(((right >> uint32(8 * e)) & uint32(255)) < uint32(TREMBLE)) << uint32(e + 4)
        words[x] = slip
    for x in range(size):
        seat = start + x
        mine, theirs, code = uint32(acts[seat]), toward(acts, rows, seat), uint32(strategy[seat])
        after_dd = uint32(0) - (code & uint32(1))
        after_dc = uint32(0) - ((code >> uint32(1)) & uint32(1))
        after_cd = uint32(0) - ((code >> uint32(2)) & uint32(1))
        after_cc = uint32(0) - ((code >> uint32(3)) & uint32(1))
        plan = (
            (~mine & ~theirs & after_dd)
            | (~mine & theirs & after_dc)
            | (mine & ~theirs & after_cd)
            | (mine & theirs & after_cc)
        )
        then[seat] = uint8((plan ^ words[x]) & uint32(255))


@njit
def run(rows, table, strategy, acts, score, pool, seed, ticks):
    n = rows.shape[0]
    then, next_strategy = np.empty_like(acts), np.empty_like(strategy)
    keys = np.empty(12, np.uint32)
    words, more, last = np.empty(BLOCK, np.uint32), np.empty(BLOCK, np.uint32), np.empty(BLOCK, np.uint32)
    for tick in range(ticks):
        for stream in range(6):
            keys[stream], keys[stream + 6] = word(seed, tick, stream), word(seed, tick, stream + 100)
        odds = min(max(int64(pool) * SCALE // n, 0), 65535)
        for start in range(0, n, BLOCK):
            play(rows, strategy, acts, then, start, min(BLOCK, n - start), keys, words)
        hits, checks = 0, 0
        for start in range(0, n, BLOCK):
            size = min(BLOCK, n - start)
            fill(words, start, size, keys[2], keys[8])
            for x in range(size):
                seat = start + x
                own, other = uint32(then[seat]), toward(then, rows, seat)
                given = bits(own)
                paid = 8 + 4 * bits(other) - given - bits(own & other)
                inspected = int32(words[x] >> uint32(16)) < odds
                hit = inspected and CONTACTS - given > 4
                score[seat] = score[seat] - (score[seat] >> 3) + paid * 8 - (FINE if hit else 0) - TAX
                hits += hit
                checks += inspected
        pool = min(max(pool + hits * 2 + TAX * n // 8 - checks, 0), n)
        for start in range(0, n, BLOCK):
            size = min(BLOCK, n - start)
            fill(words, start, size, keys[3], keys[9])
            fill(more, start, size, keys[4], keys[10])
            fill(last, start, size, keys[5], keys[11])
            for x in range(size):
                seat = start + x
                chosen = strategy[seat]
                if words[x] < IMITATE:
                    model = rows[seat, int32(words[x] & uint32(7))]
                    lead = min(max(score[model] - score[seat], -HALF), HALF - 1) + HALF
                    if more[x] < table[lead]:
                        chosen = strategy[model]
                if last[x] < MUTATE:
                    chosen = uint8(more[x] & uint32(15))
                next_strategy[seat] = chosen
        strategy, next_strategy = next_strategy, strategy
        acts, then = then, acts
    return strategy, acts, score, pool


def begin(n):
    random = np.random.default_rng(10_000)
    strategy, acts = random.integers(0, 16, n, dtype=np.uint8), random.integers(0, 256, n, dtype=np.uint8)
    return strategy, acts, np.zeros(n, np.int32), 0


def digest(state):
    parts = (np.ascontiguousarray(np.asarray(part, kind)) for part, kind in zip(state, ("u1", "u1", "<i4", "<i4"), strict=True))
    return hashlib.sha256(b"".join(part.tobytes() for part in parts)).hexdigest()[:12]


def cpu():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main(n):
    rows, table = network(n), curve()
    ticks = max(20, 4_000_000 // n)
    began = time.process_time()
    run(network(64), table, *begin(64), 1, 1)
    compiled = time.process_time() - began
    rates = []
    for _ in range(5):
        state = begin(n)
        began = cpu()
        after = run(rows, table, *state, 1, ticks)
        rates.append(n * ticks / (cpu() - began))
    rates.sort()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    row = {"who": f"blocked-numba {numba.__version__}", "n": n, "per_core_s": rates[2], "low": rates[0], "high": rates[-1]}
    print(json.dumps(row | {"compile_s": compiled, "memory_mb": memory, "digest": digest(after)}), flush=True)


if __name__ == "__main__":
    for size in map(int, sys.argv[1:]):
        main(size)
