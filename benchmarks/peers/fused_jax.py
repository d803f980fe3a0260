"""The reference society written by hand in JAX as one function: what the engine's composed version is held against.

State is one byte of acts, one byte of strategy and one score a seat, and a pool. Runs in an environment of its own.
"""

import hashlib
import json
import resource
import sys
import time

import jax
import jax.numpy as jnp
import numpy as np

CONTACTS = 8
TREMBLE, TAX, FINE, SCALE = 3, 1, 40, 4096
IMITATE, MUTATE = int(0.1 * 2**32), int(0.001 * 2**32)
HALF = 2048


def curve():
    x = np.arange(-HALF, HALF, dtype=np.float64) / 64.0
    return np.minimum(np.floor(2.0**32 / (1.0 + np.exp(-x))), 2.0**32 - 1).astype(np.uint32)


def network(n, seed=0):
    """Four random permutations and their inverses: slot 2m and slot 2m + 1 of the two ends of an edge belong together."""
    random = np.random.default_rng(seed)
    rows = np.empty((n, CONTACTS), np.int32)
    for m in range(CONTACTS // 2):
        order = random.permutation(n).astype(np.int32)
        rows[:, 2 * m] = order
        rows[order, 2 * m + 1] = np.arange(n, dtype=np.int32)
    return rows


def mix(x):
    x = x ^ (x >> 16)
    x = x * jnp.uint32(0x7FEB352D)
    x = x ^ (x >> 15)
    x = x * jnp.uint32(0x846CA68B)
    return x ^ (x >> 16)


def word(seed, tick, stream):
    left = mix(jnp.uint32(seed) + jnp.uint32(0x9E3779B9))
    right = mix(tick + jnp.uint32(0x85EBCA6B)) + jnp.uint32(stream * 0xC2B2AE35 & 0xFFFFFFFF)
    return mix(left ^ right)


def step(state, tick, rows, table):
    strategy, acts, score, pool = state
    n = rows.shape[0]
    seat = jnp.arange(n, dtype=jnp.uint32)
    slot = jnp.arange(CONTACTS, dtype=jnp.uint8)

    def draw(stream):
        return mix(mix(seat + word(1, tick, stream)) ^ word(1, tick, stream + 100))

    def toward(packed):
        return (packed[rows] >> (slot ^ 1)) & jnp.uint8(1)

    mine = (acts[:, None] >> slot) & jnp.uint8(1)
    plan = (strategy[:, None] >> (mine * jnp.uint8(2) + toward(acts))) & jnp.uint8(1)
    shifts = jnp.arange(4, dtype=jnp.uint32) * 8
    noise = jnp.concatenate([(draw(0)[:, None] >> shifts) & 255, (draw(1)[:, None] >> shifts) & 255], 1)
    done = plan ^ (noise.astype(jnp.int32) < TREMBLE).astype(jnp.uint8)
    acts = (done << slot).sum(1, dtype=jnp.uint8)
    own, other = done.astype(jnp.int32), toward(acts).astype(jnp.int32)
    paid = (1 + 4 * other - own * (1 + other)).sum(1, dtype=jnp.int32)
    defections = CONTACTS - own.sum(1, dtype=jnp.int32)
    odds = jnp.clip(pool.astype(jnp.uint32) * SCALE // n, 0, 65535).astype(jnp.int32)
    inspected = (draw(2) >> 16).astype(jnp.int32) < odds
    hit = inspected & (defections > 4)
    score = score - (score >> 3) + paid * 8 - jnp.where(hit, FINE, 0) - TAX
    pool = jnp.clip(pool + hit.sum(dtype=jnp.int32) * 2 + TAX * n // 8 - inspected.sum(dtype=jnp.int32), 0, n)
    third, fourth = draw(3), draw(4)
    model = jnp.take_along_axis(rows, (third & 7).astype(jnp.int32)[:, None], 1)[:, 0]
    lead = jnp.clip(score[model] - score, -HALF, HALF - 1) + HALF
    copies = (third < jnp.uint32(IMITATE)) & (fourth < table[lead])
    strategy = jnp.where(copies, strategy[model], strategy)
    strategy = jnp.where(draw(5) < jnp.uint32(MUTATE), (fourth & 15).astype(jnp.uint8), strategy)
    return strategy, acts, score, pool


def begin(n):
    random = np.random.default_rng(10_000)
    strategy, acts = random.integers(0, 16, n, dtype=np.uint8), random.integers(0, 256, n, dtype=np.uint8)
    return tuple(map(jnp.asarray, (strategy, acts, np.zeros(n, np.int32), np.int32(0))))


def digest(state):
    parts = (np.ascontiguousarray(np.asarray(part, kind)) for part, kind in zip(state, ("u1", "u1", "<i4", "<i4"), strict=True))
    return hashlib.sha256(b"".join(part.tobytes() for part in parts)).hexdigest()[:12]


def cpu():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main(n):
    rows, table, state = jnp.asarray(network(n)), jnp.asarray(curve()), begin(n)
    ticks = max(20, 4_000_000 // n)

    def run(state, rows, table):
        ticking = jnp.arange(ticks, dtype=jnp.uint32)
        return jax.lax.scan(lambda at, tick: (step(at, tick, rows, table), None), state, ticking)[0]

    began = time.process_time()
    program = jax.jit(run).lower(state, rows, table).compile()
    compiled = time.process_time() - began
    rates = []
    for _ in range(6):
        began = cpu()
        after = jax.block_until_ready(program(state, rows, table))
        rates.append(n * ticks / (cpu() - began))
    rates = sorted(rates[1:])
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    row = {"who": f"fused-jax {jax.__version__}", "n": n, "per_core_s": rates[2], "low": rates[0], "high": rates[-1]}
    print(json.dumps(row | {"compile_s": compiled, "memory_mb": memory, "digest": digest(after)}), flush=True)


if __name__ == "__main__":
    for size in map(int, sys.argv[1:]):
        main(size)
