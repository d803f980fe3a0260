"""A log in a platform's own files."""

import json
from datetime import UTC, datetime

import pytest

from commonweal.analysis.dumps.synthetic import START, Recipe, synthesize

SHIPPED = Recipe(60, 240, seed=2026, alpha=0.2, days=5)


def write_moltbook(posts, folder):
    """The log as JSON lines in the columns of AIcell/moltbook-data: a file of posts and one of comments."""
    top = list(range(len(posts)))
    for place, parent in enumerate(posts.parent):
        if parent >= 0:
            top[place] = top[parent]
    rows = {"posts": [], "comments": []}
    for place in range(len(posts)):
        parent, score = int(posts.parent[place]), int(posts.score[place])
        when = datetime.fromtimestamp(START + float(posts.time[place]), UTC)
        name = posts.names[posts.author[place]]
        own = {
            "id": f"00000000-0000-4000-8000-{place:012d}",
            "content": posts.texts[posts.text[place]],
            "upvotes": max(score, 0),
            "downvotes": max(-score, 0),
            "created_at": when.isoformat(),
            "author_id": f"id-{name}",
            "author_name": name,
            "source": "synthetic",
        }
        if parent < 0:
            community = f"c{posts.community[place]}"
            own |= {"title": "", "url": None, "submolt_name": community, "submolt_display_name": community.upper()}
        else:
            above = None if posts.parent[parent] < 0 else f"00000000-0000-4000-8000-{parent:012d}"
            own |= {"post_id": f"00000000-0000-4000-8000-{top[place]:012d}", "parent_id": above}
        rows["posts" if parent < 0 else "comments"].append(own)
    folder.mkdir(parents=True, exist_ok=True)
    for kind, found in rows.items():
        (folder / f"synthetic_{kind}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in found))
    return [folder / f"synthetic_{kind}.jsonl" for kind in rows]


@pytest.fixture(scope="session")
def shipped():
    return synthesize(SHIPPED)


@pytest.fixture(scope="session")
def write_files():
    return write_moltbook
