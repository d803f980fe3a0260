"""A forum of 100,000 scripted posters for 100 ticks with every metric that is read while a trial runs, and posts embedded.

The bar of the forum is two minutes and 4 GB on two cores, compilation included. Embeddings are those of
single texts of 8 to 24 English words, drawn at random, by the embedder, on one core; the bar is 150 a core-second.
"""

import sys
import time

from benchmarks.machine import ROOT, Row, cpu_seconds, ours, peak_mb, say

SEATS, TICKS, TEXTS = 100_000, 100, 1_000


def measure() -> list[Row]:
    """One row for the forum, one for the embedder."""
    return [*ours("posters", "forum", SEATS, TICKS), *ours("posters", "texts", TEXTS)]


def _forum(n: int, ticks: int) -> Row:
    from commonweal.channels.forum import Forum
    from commonweal.core.named import Named
    from commonweal.core.seats import Seating
    from commonweal.core.society import Society
    from commonweal.engine.compiled import run
    from commonweal.institutions.meetings import joint_task
    from commonweal.metrics.agreement import Agreement
    from commonweal.metrics.choice_share import ChoiceShare
    from commonweal.metrics.karma_gini import KarmaGini
    from commonweal.metrics.said_alike import SaidAlike
    from commonweal.metrics.stance_divide import StanceDivide
    from commonweal.minds.adopters import Adopter
    from commonweal.minds.posters import Poster
    from commonweal.minds.voiced import Voiced
    from commonweal.worlds.platform import Platform

    mind = Voiced(Adopter(explores=0.05, copies=0.2, learns=0.2), Poster(activity=0.3, absorbs=0.05, learns=0.05, poles=1.0))
    society = Society(
        Platform(),
        Named.of(("member", mind)),
        Seating(n),
        Named.of(("task", joint_task())),
        Forum(room=0, carries="custom", follows=2),
    )
    metrics = Named.of(
        ("agreement", Agreement("custom", 10)),
        *((f"share {k}", ChoiceShare("custom", k, 10)) for k in range(4)),
        ("similarity", SaidAlike()),
        ("stability", SaidAlike("stability")),
        ("attention", KarmaGini()),
        ("divide", StanceDivide()),
    )
    began, cpu = time.perf_counter(), cpu_seconds()
    log = run(society, 1, ticks, metrics)
    wall, spent = time.perf_counter() - began, cpu_seconds() - cpu
    posts = int(log.readings["similarity.posts"].sum())
    row: Row = {"who": "forum", "n": n, "ticks": ticks, "wall_s": wall, "cpu_s": spent, "memory_mb": peak_mb()}
    read = {name: log.values[name] for name in ("agreement", "similarity", "attention")}
    return row | {"posts": posts, "posts_per_core_s": posts / spent, **read}


def _texts(count: int) -> Row:
    import numpy as np

    from commonweal.models.embedder import embed_texts

    draw = np.random.default_rng(1)
    vocabulary = (ROOT / "src/commonweal/models/minilm/vocab.txt").read_text(encoding="utf-8").split("\n")
    words = [word for word in vocabulary if word.isascii() and word.isalpha() and len(word) > 2][:5000]
    texts = tuple(" ".join(draw.choice(words, draw.integers(8, 25))) for _ in range(count))
    embed_texts(texts[:8])
    cpu = cpu_seconds()
    embed_texts(texts[8:])
    spent = cpu_seconds() - cpu
    return {"who": "embedder", "texts": count - 8, "cpu_s": spent, "texts_per_core_s": (count - 8) / spent}


if __name__ == "__main__":
    say(_forum(int(sys.argv[2]), int(sys.argv[3])) if sys.argv[1] == "forum" else _texts(int(sys.argv[2])))
