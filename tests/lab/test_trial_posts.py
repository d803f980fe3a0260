"""The posts of a trial whose seed is run again are those that its own metrics measured."""

import numpy as np
import pytest

from commonweal.analysis.dumps.synthetic import Recipe, synthesize
from commonweal.analysis.trials import read_trials, write_table
from commonweal.app.main import main
from commonweal.core.errors import LogError, StudyError
from commonweal.lab.trial_posts import Kept, replay_posts

STUDY = '''
"""Do posters post?"""

from commonweal.channels.forum import Forum
from commonweal.core import lens
from commonweal.core.named import Named
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.lab.study import Factor, Part, Primary, Study
from commonweal.lab.trial_posts import Kept
from commonweal.minds.posters import Poster
from commonweal.worlds.platform import Platform

study = Study(
    name="posting",
    question="Do posters post?",
    parts=(
        Part(
            name="forum",
            society=Society(
                Platform(size=4), Named.of(("poster", Poster(size=4, activity=0.5))), Seating(6), channel=Forum(size=4, room=16)
            ),
            factors=(Factor("taste", lens.mind("poster", Poster, lambda mind: mind.taste), (0.5, 0.9)),),
            ticks=12,
            seeds=1,
        ),
    ),
    metrics=Named.of(("kept", Kept())),
    primary=Primary("kept", "forum", "taste", 0.5, 0.9, "A taste"),
)
'''


@pytest.mark.slow
def test_the_posts_of_a_trial_are_those_that_were_measured(tmp_path, monkeypatch, capsys):
    (tmp_path / "posting.py").write_text(STUDY)
    monkeypatch.chdir(tmp_path)
    assert main(["run", "posting.py", "--out", "run"]) == 0
    write_table(tmp_path / "run")
    known = read_trials(tmp_path / "run").metrics["kept"]
    found = [replay_posts(tmp_path / "run", f"forum/{cell}/0") for cell in (0, 1)]
    assert [len(posts) for posts in found] == known.tolist()
    posts = found[0]
    assert (posts.authors, posts.vector.shape[1], posts.day) == (6, 4, 1.2)
    assert posts.views > 0
    for trial, words in (("forum/2/0", "2 cells and 1 seeds"), ("forum/0", "names no trial")):
        with pytest.raises(StudyError, match=words):
            replay_posts(tmp_path / "run", trial)
    assert main(["posts", "synthesize", "--posts", "20", "--comments", "10", "--parts", "4", "--out", "made.parquet"]) == 0
    assert main(["posts", "measure", "made.parquet", "--against", "run:forum/0/0", "--shuffles", "2", "--out", "page"]) == 0
    assert "simulated: trial forum/0/0" in (tmp_path / "page" / "metrics.json").read_text().lower()
    (tmp_path / "posting.py").write_text(STUDY.replace("ticks=12", "ticks=13"))
    with pytest.raises(StudyError, match="has changed"):
        replay_posts(tmp_path / "run", "forum/0/0")


def test_what_is_no_trial_is_refused(tmp_path):
    with pytest.raises(LogError, match="is no run's folder"):
        replay_posts(tmp_path, "forum/0/0")
    (tmp_path / "plan.json").write_text("{}")
    with pytest.raises(LogError, match="how it was asked for"):
        replay_posts(tmp_path, "forum/0/0")
    with pytest.raises(StudyError, match="expected PART/CELL/SEED"):
        replay_posts(tmp_path, "forum/0/x")


def test_kept_counts_posts():
    posts = synthesize(Recipe(5, 7))
    assert Kept().measure(posts) == 12
    assert Kept().shuffled(posts, np.random.default_rng(0)) is posts
